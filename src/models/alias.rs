//! What clients call a model, and which entry of the catalogue they mean by it.
//!
//! Vendors, gateways and agents spell one model in many ways: `claude-sonnet-4-5-20250929`, `anthropic/claude-4.5-sonnet`,
//! `sonnet`. A name is taken apart into words, a version and an effort, and so is every id. It must not know any client,
//! and ids are never rewritten: an alias only chooses among them.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::models::{Effort, Model};

/// Longer names are no alias of anything.
const LONGEST: usize = 200;

/// A vendor whose names are understood.
#[derive(Debug, PartialEq, Eq)]
struct Vendor {
    /// The word that all of its models have in common.
    brand: &'static str,
    /// Its families, smallest models first.
    families: &'static [&'static str],
    /// The family that is meant when none is named.
    usual: usize,
}

const ANTHROPIC: Vendor = Vendor { brand: "claude", families: &["haiku", "sonnet", "opus"], usual: 1 };
const OPENAI: Vendor = Vendor { brand: "gpt", families: &["o", "gpt", "codex"], usual: 1 };
const GOOGLE: Vendor = Vendor { brand: "gemini", families: &["flash", "pro"], usual: 1 };

/// Words that say who offers a model or how finished it is, not which one it is.
const NOISE: &[&str] =
    &["anthropic", "apac", "eu", "exp", "global", "google", "latest", "openai", "preview", "reasoning", "us"];

/// Words for a model that is smaller than its family.
const SMALL: &[&str] = &["lite", "mini", "nano"];

/// A name or an id, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spelling {
    vendor: Option<&'static Vendor>,
    /// The words without vendor's noise, version, date and effort.
    words: BTreeSet<String>,
    /// The version, most significant number first, without zeros at its end.
    version: Vec<u32>,
    effort: Option<Effort>,
}

/// How far a model's version is from the one that was asked for; less is better.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Distance<'a> {
    NotBelow(&'a [u32]),
    Below(Reverse<&'a [u32]>),
}

impl Spelling {
    /// Takes `name` apart.
    pub(crate) fn of(name: &str) -> Self {
        let mut reader = Reader::default();
        for segment in bare(name).split(|letter: char| !letter.is_ascii_alphanumeric()) {
            reader.segment(segment);
        }
        reader.spelling()
    }

    /// Whether both have the same words and version, in whatever order they stand.
    fn is_same(&self, other: &Self) -> bool {
        !self.words.is_empty() && self.words == other.words && self.version == other.version
    }

    /// The place of the family among those of `vendor`.
    fn family(&self, vendor: &Vendor) -> usize {
        vendor.families.iter().rposition(|family| self.words.contains(*family)).unwrap_or(vendor.usual)
    }

    fn is_small(&self) -> bool {
        SMALL.iter().any(|word| self.words.contains(*word))
    }

    fn distance<'a>(&self, model: &'a Self) -> Distance<'a> {
        if !self.version.is_empty() && model.version >= self.version {
            Distance::NotBelow(&model.version)
        } else {
            Distance::Below(Reverse(&model.version))
        }
    }

    /// How well the effort of `model` suits; less is better. Where none is asked for, a model that has none comes first,
    /// then the usual one, then the weakest; else the one asked for, none, the nearest below, the nearest above.
    fn effort_distance(&self, model: &Self) -> (u8, i16) {
        let level = |effort: Effort| effort as i16;
        match (self.effort, model.effort) {
            (Some(asked), Some(own)) if own == asked => (0, 0),
            (Some(_), None) => (1, 0),
            (Some(asked), Some(own)) if own < asked => (2, -level(own)),
            (Some(_), Some(own)) => (3, level(own)),
            (None, None) => (0, 0),
            (None, Some(Effort::Medium)) => (1, 0),
            (None, Some(own)) => (2, level(own)),
        }
    }
}

/// The entry that `asked` names in other words, if there is one. `models` are the catalogue's, each with its spelling.
pub(crate) fn same_words<'a>(
    asked: &Spelling,
    models: impl Iterator<Item = (&'a Model, &'a Spelling)>,
) -> Option<&'a Model> {
    let same = models.filter(|(_, own)| asked.is_same(own));
    same.min_by_key(|(_, own)| asked.effort_distance(own)).map(|(model, _)| model)
}

/// What comes nearest to `asked` among the models of the vendor whose name it bears.
#[derive(Debug, PartialEq)]
pub(crate) enum Nearest<'a> {
    /// It is not the name of a vendor that is understood, or it is one with a slip of the pen.
    NoName,
    /// The vendor has no models here.
    NoModel,
    /// This one.
    Model(&'a Model),
}

/// Finds what comes nearest to `asked`: the nearest family, in it the nearest version that is not below the one asked
/// for, else the highest; among these the one with the fewest words that differ.
pub(crate) fn nearest<'a>(
    asked: &Spelling,
    models: impl Iterator<Item = (&'a Model, &'a Spelling)> + Clone,
) -> Nearest<'a> {
    let Some(vendor) = asked.vendor else { return Nearest::NoName };
    if has_slip(asked, models.clone().map(|(_, own)| own)) {
        return Nearest::NoName;
    }
    let family = asked.family(vendor);
    let rank = |own: &'a Spelling| {
        let own_family = own.family(vendor);
        // Of two neighbours the bigger one is sure to do what was asked for.
        let neighbour = (own_family.abs_diff(family), own_family < family);
        let different = asked.words.symmetric_difference(&own.words).count();
        (neighbour, own.is_small() != asked.is_small(), asked.distance(own), different, asked.effort_distance(own))
    };
    let of_vendor = models.filter(|(_, own)| own.vendor == Some(vendor));
    of_vendor.min_by_key(|(_, own)| rank(own)).map_or(Nearest::NoModel, |(model, _)| Nearest::Model(model))
}

/// Whether a word that means nothing is all but one that does: then a person mistyped it, and should be told.
fn has_slip<'a>(asked: &Spelling, models: impl Iterator<Item = &'a Spelling>) -> bool {
    let vendors = [&ANTHROPIC, &OPENAI, &GOOGLE];
    let of_vendors = vendors.iter().flat_map(|vendor| vendor.families.iter().chain([&vendor.brand])).copied();
    let of_models = models.flat_map(|own| own.words.iter().map(String::as_str));
    let known = of_vendors.chain(EFFORTS.iter().map(|(word, _)| *word)).chain(of_models);
    let known: BTreeSet<&str> = known.chain(SMALL.iter().copied()).collect();
    let is_slip = |word: &str, known: &str| known.len() > 3 && strsim::osa_distance(word, known) == 1;
    asked.words.iter().any(|word| !known.contains(word.as_str()) && known.iter().any(|known| is_slip(word, known)))
}

/// Whether `name` is spelled as the upstream spells ids of its own and no vendor does, such as `claude-4-7-opus-high` or
/// `gpt-5-4-high`: then it may be a model that is too new for a table.
pub(crate) fn is_upstreams_own(name: &str) -> bool {
    let major = |part: Option<&str>| part.and_then(|part| part.split('.').next()?.parse::<u32>().ok());
    let mut parts = name.split('-');
    match parts.next() {
        // Claude 3 was named in this order by its vendor, too.
        Some(brand) if brand.eq_ignore_ascii_case(ANTHROPIC.brand) => {
            major(parts.next()).is_some_and(|major| major >= 4) && !name.contains('[')
        }
        Some(brand) if brand.eq_ignore_ascii_case(OPENAI.brand) => {
            let is_number = |part: Option<&str>| part.is_some_and(|part| matches!(part.parse::<u8>(), Ok(0..100)));
            is_number(parts.next()) && is_number(parts.next())
        }
        Some(_) | None => false,
    }
}

/// `name` without the path before it, and without the option in brackets or after a colon behind it.
fn bare(name: &str) -> String {
    let name = if name.len() > LONGEST { "" } else { name };
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split(['[', ':']).next().unwrap_or_default().to_lowercase()
}

/// Words that say how hard a model thinks.
const EFFORTS: &[(&str, Effort)] = &[
    ("none", Effort::None),
    ("minimal", Effort::Minimal),
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("thinking", Effort::High),
    ("xhigh", Effort::XHigh),
    ("max", Effort::Max),
];

/// Collects the words of a name.
#[derive(Debug, Default)]
struct Reader {
    words: BTreeSet<String>,
    version: Vec<u32>,
    effort: Option<Effort>,
    /// The word before, for `max` is a product behind `codex` and an effort elsewhere.
    before: String,
    /// True once a date has begun: the numbers that follow are no version.
    in_date: bool,
    /// True when the name begins like `o3`.
    is_o_series: bool,
}

impl Reader {
    /// Takes a part of the name that has only letters and digits.
    fn segment(&mut self, segment: &str) {
        let digits = segment.len() - segment.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        match (&segment[..digits], &segment[digits..]) {
            ("", "") => {}
            (number, "") => self.number(number),
            // A size, as in `120b` or `1m`.
            (number, "b" | "k" | "m") if !number.is_empty() => self.word(segment),
            // The revision of an offer, as in `v1`.
            ("", revision) if is_numbered(revision, "v") => self.in_date = true,
            ("", series) if is_numbered(series, "o") => {
                self.is_o_series |= self.words.is_empty();
                self.word("o");
                self.number(&series[1..]);
            }
            ("", word) => self.letters(word),
            // As in `4o`.
            (number, word) => {
                self.number(number);
                self.word(word);
            }
        }
    }

    /// Takes a word with perhaps a number at its end, as in `gpt4`.
    fn letters(&mut self, word: &str) {
        let letters = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
        self.word(letters);
        if letters.len() < word.len() {
            self.number(&word[letters.len()..]);
        }
    }

    fn number(&mut self, digits: &str) {
        let is_date = digits.len() > 3 || (digits.len() > 1 && digits.starts_with('0'));
        self.in_date |= is_date;
        if let (false, Ok(number)) = (self.in_date, digits.parse()) {
            self.version.push(number);
        }
    }

    fn word(&mut self, word: &str) {
        let effort = EFFORTS.iter().find(|(name, _)| *name == word).map(|&(_, effort)| effort);
        let is_product = word == "max" && self.before == "codex";
        if matches!(word, "preview" | "exp") {
            self.in_date = true;
        }
        match effort {
            Some(effort) if !is_product => self.effort = Some(effort),
            _ if NOISE.contains(&word) => {}
            _ => {
                let word = if word == "chatgpt" { OPENAI.brand } else { word };
                self.words.insert(word.to_owned());
            }
        }
        word.clone_into(&mut self.before);
    }

    fn spelling(mut self) -> Spelling {
        let vendor = self.vendor();
        if let Some(vendor) = vendor
            && !self.is_o_series
        {
            self.words.insert(vendor.brand.to_owned());
        }
        while self.version.last() == Some(&0) {
            self.version.pop();
        }
        Spelling { vendor, words: self.words, version: self.version, effort: self.effort }
    }

    fn vendor(&self) -> Option<&'static Vendor> {
        let has = |word: &str| self.words.contains(word);
        if has(ANTHROPIC.brand) || ANTHROPIC.families.iter().any(|family| has(family)) {
            Some(&ANTHROPIC)
        } else if has(OPENAI.brand) || has("codex") || self.is_o_series {
            Some(&OPENAI)
        } else if has(GOOGLE.brand) {
            Some(&GOOGLE)
        } else {
            None
        }
    }
}

/// Whether `segment` is `letter` and then digits alone.
fn is_numbered(segment: &str, letter: &str) -> bool {
    let digits = segment.strip_prefix(letter).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::models::{Catalogue, Model};

    #[track_caller]
    fn check(catalogue: &Catalogue, names: &[(&str, &str)]) {
        for (name, id) in names {
            assert_eq!(catalogue.resolve(name).as_deref(), Some(*id), "{name}");
        }
    }

    /// An account that has these models and no others.
    fn account(ids: &[&str]) -> Catalogue {
        let model = |id: &&str| Model {
            id: (*id).to_owned(),
            display_name: (*id).to_owned(),
            base_name: None,
            effort: None,
            vendor: "unknown".to_owned(),
            context_window: None,
            vision: true,
            credit_multiplier: None,
        };
        Catalogue::of_account(ids.iter().map(model).collect(), "auto".to_owned())
    }

    /// An account that has what the table has.
    fn account_of_the_table() -> Catalogue {
        Catalogue::of_account(Catalogue::default().models().to_vec(), "auto".to_owned())
    }

    #[test]
    fn an_id_of_the_list_is_itself_however_close_others_are() {
        let table = Catalogue::default();
        for model in table.models() {
            check(&table, &[(&model.id, &model.id), (&format!(" {} ", model.id.to_uppercase()), &model.id)]);
        }
    }

    #[test]
    fn the_names_of_anthropic() {
        let names = [
            ("claude-sonnet-4-5-20250929", "claude-4-5-sonnet"),
            ("claude-sonnet-4-5", "claude-4-5-sonnet"),
            ("claude-sonnet-4-5@20250929", "claude-4-5-sonnet"),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-4-5-sonnet"),
            ("bedrock/global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-4-5-haiku"),
            ("anthropic/claude-opus-4.5", "claude-4-5-opus"),
            ("claude-4.5-opus", "claude-4-5-opus"),
            ("claude-4-5-sonnet[1m]", "claude-4-5-sonnet"),
            ("claude-sonnet-4-5-thinking", "claude-4-5-sonnet-thinking"),
            ("anthropic/claude-opus-4.5:thinking", "claude-4-5-opus"),
            ("claude-sonnet-4-0", "claude-4-sonnet"),
            ("claude-opus-4-20250514", "claude-4-opus"),
            ("claude-opus-4-1", "claude-4.1-opus"),
            ("claude-opus-4-1-20250805", "claude-4.1-opus"),
            ("claude-haiku-4-5", "claude-4-5-haiku"),
            ("claude-opus-4-6", "claude-4-6-opus-high"),
            ("claude-opus-4-6-max", "claude-4-6-opus-max"),
            ("claude-opus-4-6-low", "claude-4-6-opus-high"),
            ("claude-3-5-haiku-latest", "claude-4-5-haiku"),
            ("claude-3-7-sonnet-20250219", "claude-4-sonnet"),
            ("claude-3-opus-20240229", "claude-4-opus"),
            ("claude-opus-4-8[1m]", "claude-4-6-opus-high"),
            ("claude-opus-4-8", "claude-4-6-opus-high"),
            ("claude-sonnet-5", "claude-4-6-sonnet-high"),
            ("sonnet", "claude-4-6-sonnet-high"),
            ("opus", "claude-4-6-opus-high"),
            ("haiku", "claude-4-5-haiku"),
            ("Opus 4.5", "claude-4-5-opus"),
            ("claude", "claude-4-6-sonnet-high"),
            ("claude-unheard-of-5", "claude-4-6-sonnet-high"),
            ("claude-instant-1.2", "claude-4-sonnet"),
        ];
        check(&Catalogue::default(), &names);
        check(&account_of_the_table(), &names);
    }

    #[test]
    fn the_names_of_openai() {
        let names = [
            ("gpt-5.2", "gpt-5-2-medium"),
            ("openai/gpt-5.2", "gpt-5-2-medium"),
            ("gpt-5.2-2025-12-11", "gpt-5-2-medium"),
            ("GPT-5.2 XHigh", "gpt-5-2-xhigh"),
            ("gpt-5.1", "gpt-5-1-medium-reasoning"),
            ("gpt-5-2025-08-07", "gpt-5"),
            ("gpt-5-high", "gpt-5 (high reasoning)"),
            ("gpt-5-minimal", "gpt-5"),
            ("gpt-5-mini", "gpt-5"),
            ("gpt-5-nano-2025-08-07", "gpt-5"),
            ("gpt-5-chat-latest", "gpt-5"),
            ("gpt-5.4", "gpt-5-2-medium"),
            ("gpt-5-codex", "gpt-5-1-codex-medium"),
            ("gpt-5.1-codex", "gpt-5-1-codex-medium"),
            ("gpt-5.1-codex-mini", "gpt-5-1-codex-medium"),
            ("gpt-5.1-codex-max", "gpt-5-1-codex-max-medium"),
            ("gpt-5.1-codex-max-xhigh", "gpt-5-1-codex-max-xhigh"),
            ("gpt-5.4-codex", "gpt-5-3-codex-medium"),
            ("codex-mini-latest", "gpt-5-3-codex-medium"),
            ("gpt-4o-mini", "gpt-4o"),
            ("gpt-4o-2024-11-20", "gpt-4o"),
            ("chatgpt-4o-latest", "gpt-4o"),
            ("gpt-4.1-mini", "gpt-4.1"),
            ("gpt-4-turbo-preview", "gpt-4o"),
            ("gpt-4-0125-preview", "gpt-4o"),
            ("gpt-3.5-turbo-16k", "gpt-4o"),
            ("o3", "o3"),
            ("o3-2025-04-16", "o3"),
            ("o3-pro", "o3"),
            ("o1-preview", "o3"),
            ("o3-mini", "o4-mini"),
            ("openai/o4-mini-high", "o4-mini"),
        ];
        check(&Catalogue::default(), &names);
        check(&account_of_the_table(), &names);
    }

    #[test]
    fn the_names_of_google_and_of_vendors_that_are_not_understood() {
        let names = [
            ("models/gemini-3-pro", "gemini-3-pro"),
            ("google/gemini-3-pro-preview", "gemini-3-pro"),
            ("gemini-3.0-pro", "gemini-3-pro"),
            ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
            ("gemini-2.5-pro-exp-03-25", "gemini-2.5-pro"),
            ("gemini-1.5-pro-002", "gemini-2.5-pro"),
            ("gemini-2.5-flash", "gemini-2.5-pro"),
            ("gemini-flash-latest", "gemini-3-pro"),
            ("gemini-4-ultra", "gemini-3-pro"),
            ("z-ai/glm-47-fireworks", "glm-47-fireworks"),
            ("openrouter/auto", "auto"),
        ];
        check(&Catalogue::default(), &names);
        check(&account_of_the_table(), &names);
    }

    #[test]
    fn a_small_account_gives_the_nearest_it_has() {
        let small = account(&["auto", "claude-4-6-opus-high", "claude-4-6-sonnet-high", "gpt-5-mini", "gpt-5-2-high"]);
        check(
            &small,
            &[
                ("claude-haiku-4-5", "claude-4-6-sonnet-high"),
                ("claude-sonnet-4-5-20250929", "claude-4-6-sonnet-high"),
                ("claude-opus-4-8[1m]", "claude-4-6-opus-high"),
                ("gpt-4o-mini", "gpt-5-mini"),
                ("gpt-5", "gpt-5-2-high"),
                ("gpt-5-4-xhigh", "gpt-5-2-high"),
                ("gpt-5.3-codex", "gpt-5-2-high"),
                ("o3", "gpt-5-2-high"),
                ("gemini-2.5-pro", "auto"),
            ],
        );
        let middle = account(&["claude-4-5-opus", "claude-4-5-haiku", "gemini-3-flash", "gemini-2.5-flash"]);
        check(&middle, &[("sonnet", "claude-4-5-opus"), ("gemini-3-pro", "gemini-3-flash"), ("gpt-5", "auto")]);
        let efforts = account(&["gpt-6-max", "gpt-6-low", "gpt-6-high", "gpt-6.1-xhigh", "gpt-6.1-max"]);
        check(
            &efforts,
            &[
                ("gpt-6", "gpt-6-low"),
                ("gpt-6-medium", "gpt-6-low"),
                ("gpt-6-xhigh", "gpt-6-high"),
                ("gpt-6.1-low", "gpt-6.1-xhigh"),
            ],
        );
    }

    #[test]
    fn a_name_that_says_no_vendor_is_none_of_ours_to_change() {
        let (table, account) = (Catalogue::default(), account_of_the_table());
        let long = format!("claude-{}", "x".repeat(1_000_000));
        for name in ["brand-new", "llama-3.1-70b", "deepseek-chat", "opus4you", "", "/", "模型", "[1m]", long.as_str()]
        {
            assert_eq!(table.resolve(name).as_deref(), Some(name), "{name:.20}");
            assert_eq!(account.resolve(name), None, "{name:.20}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_no_alias() {
        let account = account_of_the_table();
        for name in ["gpt-5-2-hihg", "claude-4-5-opos", "claude-sonet-4-5", "claud-4-5-opus", "gemni-3-pro"] {
            assert_eq!(account.resolve(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_spelled_like_the_upstreams_ids_may_be_newer_than_the_table() {
        let table = Catalogue::default();
        let own = ["claude-4-7-opus-high", "claude-5-sonnet", "gpt-5-4-high", "gpt-5-6-sol-high"];
        check(&table, &own.map(|id| (id, id)));
        let account = account_of_the_table();
        check(&account, &[(own[0], "claude-4-6-opus-high"), (own[2], "gpt-5-2-high")]);
    }
}
