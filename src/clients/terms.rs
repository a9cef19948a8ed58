//! What a key may do, and how much of it. It must not know who asks, nor what was used.

use serde::{Deserialize, Serialize};

/// What a key may do. Written as JSON where keys are kept; what a later version has added is not guessed at, so that no
/// limit is overlooked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Models that it may ask, by id or alias; `*` in one stands for any text. None means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Dialects that it may speak, by name. None means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialects: Vec<String>,
    /// How much it may use.
    #[serde(skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// When it ends, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// How much a key may use; what is not limited is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens, input and output, in a day of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// Credits in a day of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_per_day: Option<f64>,
    /// Answers under way at once, streamed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<u32>,
}

impl Limits {
    /// True when nothing is limited.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Terms {
    /// True when the key may speak `dialect`.
    #[must_use]
    pub fn allow_dialect(&self, dialect: &str) -> bool {
        self.dialects.is_empty() || self.dialects.iter().any(|allowed| allowed == dialect)
    }

    /// True when the key may ask the model whose id is `id`; `resolve` tells which id an alias means.
    #[must_use]
    pub fn allow_model(&self, id: &str, resolve: impl Fn(&str) -> Option<String>) -> bool {
        let is_it = |allowed: &String| {
            matches(allowed, id) || (!allowed.contains('*') && resolve(allowed).is_some_and(|meant| meant == id))
        };
        self.models.is_empty() || self.models.iter().any(is_it)
    }

    /// True at `now` milliseconds since the Unix epoch when the key has ended.
    #[must_use]
    pub fn are_over(&self, now: u64) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

/// True when `text` is `pattern`, whatever the case, where each `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Limits, Terms, matches};

    #[test]
    fn an_asterisk_is_any_text() {
        for (pattern, text, wanted) in [
            ("gpt-5", "GPT-5", true),
            ("gpt-5", "gpt-5-high", false),
            ("gpt-5*", "gpt-5", true),
            ("gpt-5*", "gpt-5 (high)", true),
            ("*sonnet", "claude-4-5-sonnet", true),
            ("claude-*-sonnet*", "claude-4-5-sonnet-thinking", true),
            ("claude-*-sonnet", "claude-sonnet", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn models_are_allowed_by_id_by_pattern_and_by_what_an_alias_means() {
        let resolve = |alias: &str| (alias == "opus").then(|| "claude-4-5-opus".to_owned());
        let of =
            |models: &[&str]| Terms { models: models.iter().map(|m| (*m).to_owned()).collect(), ..Terms::default() };
        assert!(of(&[]).allow_model("anything", resolve));
        assert!(of(&["auto", "opus"]).allow_model("claude-4-5-opus", resolve));
        assert!(!of(&["auto", "opus"]).allow_model("claude-4-5-sonnet", resolve));
        assert!(of(&["claude*"]).allow_model("claude-4-5-sonnet", resolve));
    }

    #[test]
    fn terms_are_read_as_they_are_written_and_limits_of_the_future_are_not_overlooked() {
        let limits = Limits { requests_per_minute: Some(3), credits_per_day: Some(1.5), ..Limits::default() };
        let terms = Terms { dialects: vec!["gemini".to_owned()], limits, expires: Some(7), ..Terms::default() };
        let text = serde_json::to_string(&terms).unwrap();
        assert_eq!(
            text,
            r#"{"dialects":["gemini"],"limits":{"requests_per_minute":3,"credits_per_day":1.5},"expires":7}"#
        );
        assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms);
        assert_eq!(serde_json::from_str::<Terms>("{}").unwrap(), Terms::default());
        for unknown in [r#"{"addresses": []}"#, r#"{"limits": {"tokens_per_hour": 1}}"#] {
            assert!(serde_json::from_str::<Terms>(unknown).is_err(), "{unknown}");
        }
        assert!(terms.are_over(7) && !terms.are_over(6) && !Terms::default().are_over(u64::MAX));
    }
}
