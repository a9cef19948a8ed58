//! The models that the simulated account may ask for (`WARP-PROTOCOL.md` §7.2). It must not know the gateway's own
//! catalogue: the two are compared by a test.

/// One model of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    /// What siblings of another reasoning level share.
    pub(crate) base_name: &'static str,
    /// The reasoning level as the service spells it.
    pub(crate) level: &'static str,
    /// The vendor as the service spells it.
    pub(crate) provider: &'static str,
    pub(crate) vision: bool,
}

/// The size of every model's context window, in tokens.
pub(crate) const CONTEXT_WINDOW: u64 = 200_000;

/// The model that answers for the routers `auto…`, by display name.
const ROUTED: &str = "Claude Opus 4.5";

/// The entry with this id. Ids are matched as they are spelled.
pub(crate) fn find(id: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.id == id)
}

/// The name under which usage of a model is reported.
pub(crate) fn usage_name(id: &str) -> &str {
    match find(id) {
        Some(model) if model.id.starts_with("auto") => ROUTED,
        Some(model) => model.display_name,
        None => id,
    }
}

const fn model(
    id: &'static str,
    display_name: &'static str,
    base_name: &'static str,
    level: &'static str,
    provider: &'static str,
) -> Model {
    Model { id, display_name, base_name, level, provider, vision: true }
}

const fn blind(model: Model) -> Model {
    Model { vision: false, ..model }
}

/// Every model of the account.
pub(crate) const MODELS: &[Model] = &[
    model("auto", "auto (cost-efficient)", "auto", "Off", "UNKNOWN"),
    model("auto-efficient", "auto (efficient)", "auto-efficient", "Off", "UNKNOWN"),
    model("auto-genius", "auto (genius)", "auto-genius", "Off", "UNKNOWN"),
    model("warp-basic", "lite", "lite", "Off", "UNKNOWN"),
    model("claude-4-sonnet", "Claude Sonnet 4", "claude-4-sonnet", "Off", "ANTHROPIC"),
    model("claude-4-opus", "Claude Opus 4", "claude-4-opus", "Off", "ANTHROPIC"),
    model("claude-4.1-opus", "Claude Opus 4.1", "claude-4.1-opus", "Off", "ANTHROPIC"),
    model("claude-4-5-haiku", "Claude Haiku 4.5", "claude-4-5-haiku", "Off", "ANTHROPIC"),
    model("claude-4-5-sonnet", "Claude Sonnet 4.5", "claude-4-5-sonnet", "Off", "ANTHROPIC"),
    model("claude-4-5-sonnet-thinking", "Claude Sonnet 4.5 (thinking)", "claude-4-5-sonnet", "High", "ANTHROPIC"),
    model("claude-4-5-opus", "Claude Opus 4.5", "claude-4-5-opus", "Off", "ANTHROPIC"),
    model("claude-4-5-opus-thinking", "Claude Opus 4.5 (thinking)", "claude-4-5-opus", "High", "ANTHROPIC"),
    model("claude-4-6-sonnet-high", "Claude Sonnet 4.6", "claude-4-6-sonnet", "High", "ANTHROPIC"),
    model("claude-4-6-sonnet-max", "Claude Sonnet 4.6 (max)", "claude-4-6-sonnet", "Max", "ANTHROPIC"),
    model("claude-4-6-opus-high", "Claude Opus 4.6", "claude-4-6-opus", "High", "ANTHROPIC"),
    model("claude-4-6-opus-max", "Claude Opus 4.6 (max)", "claude-4-6-opus", "Max", "ANTHROPIC"),
    model("gpt-4o", "GPT-4o", "gpt-4o", "Off", "OPENAI"),
    model("gpt-4.1", "GPT-4.1", "gpt-4.1", "Off", "OPENAI"),
    model("o3", "o3", "o3", "Medium", "OPENAI"),
    model("o4-mini", "o4-mini", "o4-mini", "Medium", "OPENAI"),
    model("gpt-5", "GPT-5", "gpt-5", "Medium", "OPENAI"),
    model("gpt-5-low-reasoning", "GPT-5 (low)", "gpt-5", "Low", "OPENAI"),
    model("gpt-5 (high reasoning)", "GPT-5 (high)", "gpt-5", "High", "OPENAI"),
    model("gpt-5-1-low-reasoning", "GPT-5.1 (low)", "gpt-5-1", "Low", "OPENAI"),
    model("gpt-5-1-medium-reasoning", "GPT-5.1 (medium)", "gpt-5-1", "Medium", "OPENAI"),
    model("gpt-5-1-high-reasoning", "GPT-5.1 (high)", "gpt-5-1", "High", "OPENAI"),
    model("gpt-5-1-codex-low", "GPT-5.1 Codex (low)", "gpt-5-1-codex", "Low", "OPENAI"),
    model("gpt-5-1-codex-medium", "GPT-5.1 Codex (medium)", "gpt-5-1-codex", "Medium", "OPENAI"),
    model("gpt-5-1-codex-high", "GPT-5.1 Codex (high)", "gpt-5-1-codex", "High", "OPENAI"),
    model("gpt-5-1-codex-max-low", "GPT-5.1 Codex Max (low)", "gpt-5-1-codex-max", "Low", "OPENAI"),
    model("gpt-5-1-codex-max-medium", "GPT-5.1 Codex Max (medium)", "gpt-5-1-codex-max", "Medium", "OPENAI"),
    model("gpt-5-1-codex-max-high", "GPT-5.1 Codex Max (high)", "gpt-5-1-codex-max", "High", "OPENAI"),
    model("gpt-5-1-codex-max-xhigh", "GPT-5.1 Codex Max (xhigh)", "gpt-5-1-codex-max", "Extra high", "OPENAI"),
    model("gpt-5-2-low", "GPT-5.2 (low)", "gpt-5-2", "Low", "OPENAI"),
    model("gpt-5-2-medium", "GPT-5.2 (medium)", "gpt-5-2", "Medium", "OPENAI"),
    model("gpt-5-2-high", "GPT-5.2 (high)", "gpt-5-2", "High", "OPENAI"),
    model("gpt-5-2-xhigh", "GPT-5.2 (xhigh)", "gpt-5-2", "Extra high", "OPENAI"),
    model("gpt-5-2-codex-low", "GPT-5.2 Codex (low)", "gpt-5-2-codex", "Low", "OPENAI"),
    model("gpt-5-2-codex-medium", "GPT-5.2 Codex (medium)", "gpt-5-2-codex", "Medium", "OPENAI"),
    model("gpt-5-2-codex-high", "GPT-5.2 Codex (high)", "gpt-5-2-codex", "High", "OPENAI"),
    model("gpt-5-2-codex-xhigh", "GPT-5.2 Codex (xhigh)", "gpt-5-2-codex", "Extra high", "OPENAI"),
    model("gpt-5-3-codex-low", "GPT-5.3 Codex (low)", "gpt-5-3-codex", "Low", "OPENAI"),
    model("gpt-5-3-codex-medium", "GPT-5.3 Codex (medium)", "gpt-5-3-codex", "Medium", "OPENAI"),
    model("gpt-5-3-codex-high", "GPT-5.3 Codex (high)", "gpt-5-3-codex", "High", "OPENAI"),
    model("gpt-5-3-codex-xhigh", "GPT-5.3 Codex (xhigh)", "gpt-5-3-codex", "Extra high", "OPENAI"),
    model("gemini-2.5-pro", "Gemini 2.5 Pro", "gemini-2.5-pro", "Off", "GOOGLE"),
    model("gemini-3-pro", "Gemini 3 Pro", "gemini-3-pro", "Off", "GOOGLE"),
    blind(model("glm-47-fireworks", "GLM 4.7 (Fireworks)", "glm-47", "Off", "UNKNOWN")),
];
