//! The models that can be asked for: the catalogue, what its entries are called, and which sibling thinks harder.
//!
//! The list is the account's own where it has been read, else a table of ids known to have existed (`WARP-PROTOCOL.md`
//! §7). It must not know where the list comes from or who asks.

/// How hard the model should think, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// A little.
    Low,
    /// The usual amount.
    Medium,
    /// Much.
    High,
    /// As much as the model can.
    XHigh,
}

/// One model of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The upstream's id. Spelling is irregular, so it is never normalised.
    pub id: String,
    /// What a person calls it.
    pub display_name: String,
    /// The name that siblings of different reasoning effort share, where known.
    pub base_name: Option<String>,
    /// How hard this sibling thinks, where known.
    pub effort: Option<Effort>,
    /// The vendor, in lower case, such as `anthropic`.
    pub vendor: String,
    /// The context window in tokens, where known.
    pub context_window: Option<u64>,
    /// False when the model is known not to take images.
    pub vision: bool,
}

/// All models that can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    models: Vec<Model>,
    default_id: String,
    authoritative: bool,
}

impl Catalogue {
    /// The account's own list. Names that are not in it do not exist.
    #[must_use]
    pub fn of_account(models: Vec<Model>, default_id: String) -> Self {
        Self { models, default_id, authoritative: true }
    }

    /// Every model, in the order of the list.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model to use when the client names none.
    #[must_use]
    pub fn default_id(&self) -> &str {
        &self.default_id
    }

    /// The entry whose id is `name`, whatever its case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id.eq_ignore_ascii_case(name.trim()))
    }

    /// The upstream id to ask for when a client says `name`, or `None` when there is no such model.
    ///
    /// While the list is only the built-in table, an unknown name is passed on as it is: the account may well have it.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<String> {
        match self.find(name) {
            Some(model) => Some(model.id.clone()),
            None if self.authoritative => None,
            None => Some(name.trim().to_owned()),
        }
    }

    /// The sibling of `id` that thinks as hard as `effort` asks: the same base name, the nearest effort not above it.
    #[must_use]
    pub fn sibling(&self, id: &str, effort: Effort) -> Option<&Model> {
        let base = self.find(id)?.base_name.as_deref()?;
        let siblings = || self.models.iter().filter(|model| model.base_name.as_deref() == Some(base));
        siblings()
            .filter(|model| model.effort.is_some_and(|own| own <= effort))
            .max_by_key(|model| model.effort)
            .or_else(|| siblings().min_by_key(|model| model.effort))
    }

    /// The id that looks most like `name`, for an error that says what was meant.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let close = |id: &str| strsim::jaro_winkler(&id.to_lowercase(), &name.to_lowercase());
        let best = self.models.iter().map(|model| (close(&model.id), model.id.as_str()));
        best.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id)
    }
}

impl Default for Catalogue {
    /// The built-in table, used until the account's own list has been read.
    fn default() -> Self {
        let models = KNOWN.iter().map(|&(id, name, vendor)| known(id, name, vendor)).collect();
        Self { models, default_id: "auto".to_owned(), authoritative: false }
    }
}

/// Suffixes of ids that say how hard the model thinks, longest first.
const EFFORT_SUFFIXES: &[(&str, Effort)] = &[
    (" (high reasoning)", Effort::High),
    ("-medium-reasoning", Effort::Medium),
    ("-high-reasoning", Effort::High),
    ("-low-reasoning", Effort::Low),
    ("-medium", Effort::Medium),
    ("-xhigh", Effort::XHigh),
    ("-high", Effort::High),
    ("-low", Effort::Low),
];

fn known(id: &str, display_name: &str, vendor: &str) -> Model {
    let suffix = EFFORT_SUFFIXES.iter().find(|(suffix, _)| id.ends_with(suffix));
    let base = suffix.map_or(id, |(suffix, _)| id.trim_end_matches(suffix));
    Model {
        id: id.to_owned(),
        display_name: display_name.to_owned(),
        base_name: Some(base.to_owned()),
        effort: suffix.map(|&(_, effort)| effort),
        vendor: vendor.to_owned(),
        context_window: None,
        vision: true,
    }
}

/// Ids that gateways have seen (`WARP-PROTOCOL.md` §7.2): id, display name, vendor.
const KNOWN: &[(&str, &str, &str)] = &[
    ("auto", "auto", "warp"),
    ("auto-efficient", "auto (cost-efficient)", "warp"),
    ("auto-genius", "auto (genius)", "warp"),
    ("warp-basic", "lite", "warp"),
    ("claude-4-sonnet", "Claude Sonnet 4", "anthropic"),
    ("claude-4-opus", "Claude Opus 4", "anthropic"),
    ("claude-4.1-opus", "Claude Opus 4.1", "anthropic"),
    ("claude-4-5-haiku", "Claude Haiku 4.5", "anthropic"),
    ("claude-4-5-sonnet", "Claude Sonnet 4.5", "anthropic"),
    ("claude-4-5-sonnet-thinking", "Claude Sonnet 4.5 (thinking)", "anthropic"),
    ("claude-4-5-opus", "Claude Opus 4.5", "anthropic"),
    ("claude-4-5-opus-thinking", "Claude Opus 4.5 (thinking)", "anthropic"),
    ("claude-4-6-sonnet-high", "Claude Sonnet 4.6 (high)", "anthropic"),
    ("claude-4-6-sonnet-max", "Claude Sonnet 4.6 (max)", "anthropic"),
    ("claude-4-6-opus-high", "Claude Opus 4.6 (high)", "anthropic"),
    ("claude-4-6-opus-max", "Claude Opus 4.6 (max)", "anthropic"),
    ("gpt-4o", "GPT-4o", "openai"),
    ("gpt-4.1", "GPT-4.1", "openai"),
    ("o3", "o3", "openai"),
    ("o4-mini", "o4-mini", "openai"),
    ("gpt-5", "GPT-5", "openai"),
    ("gpt-5-low-reasoning", "GPT-5 (low)", "openai"),
    ("gpt-5 (high reasoning)", "GPT-5 (high)", "openai"),
    ("gpt-5-1-low-reasoning", "GPT-5.1 (low)", "openai"),
    ("gpt-5-1-medium-reasoning", "GPT-5.1 (medium)", "openai"),
    ("gpt-5-1-high-reasoning", "GPT-5.1 (high)", "openai"),
    ("gpt-5-1-codex-low", "GPT-5.1 Codex (low)", "openai"),
    ("gpt-5-1-codex-medium", "GPT-5.1 Codex (medium)", "openai"),
    ("gpt-5-1-codex-high", "GPT-5.1 Codex (high)", "openai"),
    ("gpt-5-1-codex-max-low", "GPT-5.1 Codex Max (low)", "openai"),
    ("gpt-5-1-codex-max-medium", "GPT-5.1 Codex Max (medium)", "openai"),
    ("gpt-5-1-codex-max-high", "GPT-5.1 Codex Max (high)", "openai"),
    ("gpt-5-1-codex-max-xhigh", "GPT-5.1 Codex Max (xhigh)", "openai"),
    ("gpt-5-2-low", "GPT-5.2 (low)", "openai"),
    ("gpt-5-2-medium", "GPT-5.2 (medium)", "openai"),
    ("gpt-5-2-high", "GPT-5.2 (high)", "openai"),
    ("gpt-5-2-xhigh", "GPT-5.2 (xhigh)", "openai"),
    ("gpt-5-2-codex-low", "GPT-5.2 Codex (low)", "openai"),
    ("gpt-5-2-codex-medium", "GPT-5.2 Codex (medium)", "openai"),
    ("gpt-5-2-codex-high", "GPT-5.2 Codex (high)", "openai"),
    ("gpt-5-2-codex-xhigh", "GPT-5.2 Codex (xhigh)", "openai"),
    ("gpt-5-3-codex-low", "GPT-5.3 Codex (low)", "openai"),
    ("gpt-5-3-codex-medium", "GPT-5.3 Codex (medium)", "openai"),
    ("gpt-5-3-codex-high", "GPT-5.3 Codex (high)", "openai"),
    ("gpt-5-3-codex-xhigh", "GPT-5.3 Codex (xhigh)", "openai"),
    ("gemini-2.5-pro", "Gemini 2.5 Pro", "google"),
    ("gemini-3-pro", "Gemini 3 Pro", "google"),
    ("glm-47-fireworks", "GLM 4.7 (Fireworks)", "zai"),
];

#[cfg(test)]
mod tests {
    use super::{Catalogue, Effort};

    #[test]
    fn a_known_name_resolves_whatever_its_case_and_an_unknown_one_passes_until_the_list_is_the_accounts() {
        let table = Catalogue::default();
        assert_eq!(table.resolve("Claude-4-5-Opus").as_deref(), Some("claude-4-5-opus"));
        assert_eq!(table.resolve("brand-new").as_deref(), Some("brand-new"));
        let account = Catalogue::of_account(table.models().to_vec(), "auto".to_owned());
        assert_eq!(account.resolve("brand-new"), None);
        assert_eq!(account.nearest("claude-4-5-opos"), Some("claude-4-5-opus"));
    }

    #[test]
    fn effort_chooses_among_siblings_only() {
        let table = Catalogue::default();
        let id = |effort| table.sibling("gpt-5-2-low", effort).map(|model| model.id.as_str());
        assert_eq!(id(Effort::XHigh), Some("gpt-5-2-xhigh"));
        assert_eq!(id(Effort::Medium), Some("gpt-5-2-medium"));
        assert_eq!(id(Effort::Minimal), Some("gpt-5-2-low"));
    }
}
