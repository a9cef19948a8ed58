//! The models that are known to have existed (`WARP-PROTOCOL.md` §7.2), for the time before the account's own list has
//! been read. Facts only: what to do with them is decided next door.

use crate::models::{Effort, Model};

/// One model of the table.
pub(crate) struct Known {
    id: &'static str,
    display_name: &'static str,
    vendor: &'static str,
    base_name: &'static str,
    effort: Option<Effort>,
}

impl Known {
    /// The same as an entry of a catalogue.
    pub(crate) fn model(&self) -> Model {
        Model {
            id: self.id.to_owned(),
            display_name: self.display_name.to_owned(),
            base_name: Some(self.base_name.to_owned()),
            effort: self.effort,
            vendor: self.vendor.to_owned(),
            context_window: None,
            vision: true,
            credit_multiplier: None,
        }
    }
}

/// A model of which there is one only, so that no client can choose how hard it thinks.
const fn lone(id: &'static str, display_name: &'static str, vendor: &'static str) -> Known {
    Known { id, display_name, vendor, base_name: id, effort: None }
}

/// One of the models that share `base_name` and differ in how hard they think.
const fn sibling(
    base_name: &'static str,
    id: &'static str,
    display_name: &'static str,
    vendor: &'static str,
    effort: Effort,
) -> Known {
    Known { id, display_name, vendor, base_name, effort: Some(effort) }
}

/// The table, in the order in which it is listed.
pub(crate) const KNOWN: &[Known] = &[
    lone("auto", "auto", "warp"),
    lone("auto-efficient", "auto (cost-efficient)", "warp"),
    lone("auto-genius", "auto (genius)", "warp"),
    lone("warp-basic", "lite", "warp"),
    lone("claude-4-sonnet", "Claude Sonnet 4", "anthropic"),
    lone("claude-4-opus", "Claude Opus 4", "anthropic"),
    lone("claude-4.1-opus", "Claude Opus 4.1", "anthropic"),
    lone("claude-4-5-haiku", "Claude Haiku 4.5", "anthropic"),
    sibling("claude-4-5-sonnet", "claude-4-5-sonnet", "Claude Sonnet 4.5", "anthropic", Effort::None),
    sibling(
        "claude-4-5-sonnet",
        "claude-4-5-sonnet-thinking",
        "Claude Sonnet 4.5 (thinking)",
        "anthropic",
        Effort::High,
    ),
    sibling("claude-4-5-opus", "claude-4-5-opus", "Claude Opus 4.5", "anthropic", Effort::None),
    sibling("claude-4-5-opus", "claude-4-5-opus-thinking", "Claude Opus 4.5 (thinking)", "anthropic", Effort::High),
    sibling("claude-4-6-sonnet", "claude-4-6-sonnet-high", "Claude Sonnet 4.6 (high)", "anthropic", Effort::High),
    sibling("claude-4-6-sonnet", "claude-4-6-sonnet-max", "Claude Sonnet 4.6 (max)", "anthropic", Effort::Max),
    sibling("claude-4-6-opus", "claude-4-6-opus-high", "Claude Opus 4.6 (high)", "anthropic", Effort::High),
    sibling("claude-4-6-opus", "claude-4-6-opus-max", "Claude Opus 4.6 (max)", "anthropic", Effort::Max),
    lone("gpt-4o", "GPT-4o", "openai"),
    lone("gpt-4.1", "GPT-4.1", "openai"),
    lone("o3", "o3", "openai"),
    lone("o4-mini", "o4-mini", "openai"),
    sibling("gpt-5", "gpt-5", "GPT-5", "openai", Effort::Medium),
    sibling("gpt-5", "gpt-5-low-reasoning", "GPT-5 (low)", "openai", Effort::Low),
    sibling("gpt-5", "gpt-5 (high reasoning)", "GPT-5 (high)", "openai", Effort::High),
    sibling("gpt-5-1", "gpt-5-1-low-reasoning", "GPT-5.1 (low)", "openai", Effort::Low),
    sibling("gpt-5-1", "gpt-5-1-medium-reasoning", "GPT-5.1 (medium)", "openai", Effort::Medium),
    sibling("gpt-5-1", "gpt-5-1-high-reasoning", "GPT-5.1 (high)", "openai", Effort::High),
    sibling("gpt-5-1-codex", "gpt-5-1-codex-low", "GPT-5.1 Codex (low)", "openai", Effort::Low),
    sibling("gpt-5-1-codex", "gpt-5-1-codex-medium", "GPT-5.1 Codex (medium)", "openai", Effort::Medium),
    sibling("gpt-5-1-codex", "gpt-5-1-codex-high", "GPT-5.1 Codex (high)", "openai", Effort::High),
    sibling("gpt-5-1-codex-max", "gpt-5-1-codex-max-low", "GPT-5.1 Codex Max (low)", "openai", Effort::Low),
    sibling("gpt-5-1-codex-max", "gpt-5-1-codex-max-medium", "GPT-5.1 Codex Max (medium)", "openai", Effort::Medium),
    sibling("gpt-5-1-codex-max", "gpt-5-1-codex-max-high", "GPT-5.1 Codex Max (high)", "openai", Effort::High),
    sibling("gpt-5-1-codex-max", "gpt-5-1-codex-max-xhigh", "GPT-5.1 Codex Max (xhigh)", "openai", Effort::XHigh),
    sibling("gpt-5-2", "gpt-5-2-low", "GPT-5.2 (low)", "openai", Effort::Low),
    sibling("gpt-5-2", "gpt-5-2-medium", "GPT-5.2 (medium)", "openai", Effort::Medium),
    sibling("gpt-5-2", "gpt-5-2-high", "GPT-5.2 (high)", "openai", Effort::High),
    sibling("gpt-5-2", "gpt-5-2-xhigh", "GPT-5.2 (xhigh)", "openai", Effort::XHigh),
    sibling("gpt-5-2-codex", "gpt-5-2-codex-low", "GPT-5.2 Codex (low)", "openai", Effort::Low),
    sibling("gpt-5-2-codex", "gpt-5-2-codex-medium", "GPT-5.2 Codex (medium)", "openai", Effort::Medium),
    sibling("gpt-5-2-codex", "gpt-5-2-codex-high", "GPT-5.2 Codex (high)", "openai", Effort::High),
    sibling("gpt-5-2-codex", "gpt-5-2-codex-xhigh", "GPT-5.2 Codex (xhigh)", "openai", Effort::XHigh),
    sibling("gpt-5-3-codex", "gpt-5-3-codex-low", "GPT-5.3 Codex (low)", "openai", Effort::Low),
    sibling("gpt-5-3-codex", "gpt-5-3-codex-medium", "GPT-5.3 Codex (medium)", "openai", Effort::Medium),
    sibling("gpt-5-3-codex", "gpt-5-3-codex-high", "GPT-5.3 Codex (high)", "openai", Effort::High),
    sibling("gpt-5-3-codex", "gpt-5-3-codex-xhigh", "GPT-5.3 Codex (xhigh)", "openai", Effort::XHigh),
    lone("gemini-2.5-pro", "Gemini 2.5 Pro", "google"),
    lone("gemini-3-pro", "Gemini 3 Pro", "google"),
    lone("glm-47-fireworks", "GLM 4.7 (Fireworks)", "zai"),
];
