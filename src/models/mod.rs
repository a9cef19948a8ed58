//! The models that can be asked for: the catalogue, what its entries are called, and which sibling thinks harder.
//!
//! The list is the account's own where it has been read, else a table of ids known to have existed (`WARP-PROTOCOL.md`
//! §7). It must not know where the list comes from or who asks.

mod alias;
mod known;

use crate::models::{
    alias::{Nearest, Spelling},
    known::Known,
};

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
    /// Very much.
    XHigh,
    /// As much as the model can.
    Max,
}

impl Effort {
    /// What a person and a program call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }
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
    /// How many times the usual credits an answer takes, where known.
    pub credit_multiplier: Option<f64>,
}

/// A model that the account's list names, but that the account may not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The upstream's id.
    pub id: String,
    /// Who could change that.
    pub by: ClosedBy,
}

/// Why a model is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// The account's plan does not include it.
    Plan,
    /// Who administers the account's team has disabled it.
    Admin,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = match self.by {
            ClosedBy::Plan => "is not part of this Warp account's plan",
            ClosedBy::Admin => "has been disabled by the administrator of this Warp account's team",
        };
        write!(f, "The model `{}` {why}.", self.id)
    }
}

/// All models that can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    models: Vec<Model>,
    /// Invariant: one for each model, in the same order.
    spellings: Vec<Spelling>,
    closed: Vec<Closed>,
    default_id: String,
    authoritative: bool,
}

impl Catalogue {
    /// The account's own list. Names that are not in it do not exist.
    #[must_use]
    pub fn of_account(models: Vec<Model>, default_id: String) -> Self {
        Self::of(models, default_id, true)
    }

    /// The same with models that the account may not use.
    #[must_use]
    pub fn with_closed(self, closed: Vec<Closed>) -> Self {
        Self { closed, ..self }
    }

    /// The same with the models alone that `may` lets pass.
    #[must_use]
    pub fn only(&self, may: impl Fn(&Model) -> bool) -> Self {
        let models = self.models.iter().filter(|model| may(model)).cloned().collect();
        let closed = self.closed.clone();
        Self { closed, ..Self::of(models, self.default_id.clone(), self.authoritative) }
    }

    fn of(models: Vec<Model>, default_id: String, authoritative: bool) -> Self {
        let spellings = models.iter().map(|model| Spelling::of(&model.id)).collect();
        Self { models, spellings, closed: Vec::new(), default_id, authoritative }
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

    /// The model whose id is `name`, whatever its case, when the account may not use it.
    #[must_use]
    pub fn closed(&self, name: &str) -> Option<&Closed> {
        self.closed.iter().find(|model| model.id.eq_ignore_ascii_case(name.trim()))
    }

    /// Every model that is closed to the account.
    #[must_use]
    pub fn all_closed(&self) -> &[Closed] {
        &self.closed
    }

    /// The upstream id to ask for when a client says `name`, or `None` when there is no such model.
    ///
    /// An id is taken as it is, and that of a model which is closed to the account as none. Else the same words in another order or with other marks mean the same model, at the
    /// effort that `name` says, else the usual one. Else, where the name is plainly one vendor's, the model of that vendor
    /// that comes nearest stands in: same family first, the nearest version not below, and without any the default. While
    /// the list is only the built-in table, any other name is passed on: the account may well have it.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<String> {
        let name = name.trim();
        if let Some(model) = self.find(name) {
            return Some(model.id.clone());
        }
        if self.closed(name).is_some() {
            return None;
        }
        let asked = Spelling::of(name);
        let spelled = self.models.iter().zip(&self.spellings);
        if let Some(model) = alias::same_words(&asked, spelled.clone()) {
            return Some(model.id.clone());
        }
        if !self.authoritative && alias::is_upstreams_own(name) {
            return Some(name.to_owned());
        }
        match alias::nearest(&asked, spelled) {
            Nearest::Model(model) => Some(model.id.clone()),
            Nearest::NoModel => Some(self.default_id.clone()),
            Nearest::NoName if self.authoritative => None,
            Nearest::NoName => Some(name.to_owned()),
        }
    }

    /// The sibling of `id` that thinks as hard as `effort` asks: the same base name, the nearest effort not above it, else
    /// the weakest there is. Where several are equal, `id` itself goes first.
    #[must_use]
    pub fn sibling(&self, id: &str, effort: Effort) -> Option<&Model> {
        let own = self.find(id)?;
        let base = own.base_name.as_deref()?;
        let siblings = || self.models.iter().filter(|model| model.base_name.as_deref() == Some(base));
        siblings()
            .filter(|model| model.effort.is_some_and(|level| level <= effort))
            .max_by_key(|model| (model.effort, model.id == own.id))
            .or_else(|| siblings().min_by_key(|model| (model.effort, model.id != own.id)))
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
        let models = known::KNOWN.iter().map(Known::model).collect();
        Self::of(models, "auto".to_owned(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Effort, Model};

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

    #[test]
    fn siblings_that_only_think_much_or_not_at_all_are_chosen_among_too() {
        let table = Catalogue::default();
        let id = |id, effort| table.sibling(id, effort).map(|model| model.id.as_str());
        for (effort, opus) in
            [(Effort::Low, "high"), (Effort::High, "high"), (Effort::XHigh, "high"), (Effort::Max, "max")]
        {
            let expected = format!("claude-4-6-opus-{opus}");
            assert_eq!(id("claude-4-6-opus-max", effort), Some(expected.as_str()), "{effort:?}");
        }
        assert_eq!(id("claude-4-5-sonnet", Effort::Medium), Some("claude-4-5-sonnet"));
        assert_eq!(id("claude-4-5-sonnet", Effort::High), Some("claude-4-5-sonnet-thinking"));
        assert_eq!(id("claude-4-5-sonnet-thinking", Effort::None), Some("claude-4-5-sonnet"));
        assert_eq!(id("gpt-5 (high reasoning)", Effort::Medium), Some("gpt-5"));
        assert_eq!(id("gpt-5-1-codex-max-low", Effort::Max), Some("gpt-5-1-codex-max-xhigh"));
        assert_eq!(id("gpt-5-1-codex-low", Effort::Max), Some("gpt-5-1-codex-high"), "Codex Max is another model");
    }

    #[test]
    fn a_sibling_that_thinks_as_hard_gives_way_to_the_one_that_was_named() {
        let twin = |id: &str| {
            let model = Catalogue::default().find("gpt-5").cloned();
            Model { id: id.to_owned(), ..model.expect("it is in the table") }
        };
        let account = Catalogue::of_account(["a", "b", "c"].map(twin).to_vec(), "a".to_owned());
        for id in ["a", "b", "c"] {
            assert_eq!(account.sibling(id, Effort::High).map(|model| model.id.as_str()), Some(id));
            assert_eq!(account.sibling(id, Effort::Low).map(|model| model.id.as_str()), Some(id));
        }
    }
}
