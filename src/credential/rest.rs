//! Why an account is left alone for a while, and for how long.
//!
//! It must not know which account it is, nor what a model is.

use std::time::{Duration, SystemTime};

/// The shortest rest: a hint of the upstream's to wait less is not believed.
const SHORTEST: Duration = Duration::from_secs(5);

/// The longest rest unless the user says otherwise.
pub const LONGEST_REST: Duration = Duration::from_secs(3600);

/// The longest rest that nobody asked for, when one refusal follows the other.
const LONGEST_UNASKED: Duration = Duration::from_secs(60);

/// How long an account without credits is left alone at first and at most. It is asked again long before its next
/// credits are due, for its owner may buy some at any time.
const WITHOUT_CREDITS: Duration = Duration::from_secs(60);
const LONGEST_WITHOUT_CREDITS: Duration = Duration::from_secs(15 * 60);

/// How long a bearer that was refused although it is new is left alone.
const REFUSED: Duration = Duration::from_secs(60);

/// Why an account rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The upstream is overloaded, or limits the account.
    RateLimited,
    /// It has no credits left.
    OutOfCredits,
    /// Its bearer was refused, and renewing it did not help.
    Refused,
}

impl Reason {
    /// What a person reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate limited",
            Self::OutOfCredits => "out of credits",
            Self::Refused => "refused",
        }
    }

    /// The reason that [`Reason::name`] names.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::RateLimited, Self::OutOfCredits, Self::Refused].into_iter().find(|reason| reason.name() == name)
    }
}

/// A rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// The model that it is about; none when it is about all.
    pub model: Option<String>,
    /// Why.
    pub reason: Reason,
    /// Until when.
    pub until: SystemTime,
}

impl Rest {
    /// True when it keeps the account from serving `model` at `now`.
    pub(crate) fn holds(&self, model: &str, now: SystemTime) -> bool {
        now < self.until && self.model.as_deref().is_none_or(|resting| resting == model)
    }
}

/// How long to rest for `reason` when the upstream asks for `hint`, after `strikes` refusals in a row before this one.
pub(crate) fn length(reason: Reason, hint: Option<Duration>, strikes: u32) -> Duration {
    let doubled = |first: Duration, most: Duration| first.saturating_mul(1 << strikes.min(8)).min(most);
    match (reason, hint) {
        (Reason::RateLimited, Some(hint)) => hint.max(SHORTEST),
        (Reason::RateLimited, None) => doubled(SHORTEST, LONGEST_UNASKED),
        (Reason::OutOfCredits, hint) => {
            let rest = doubled(WITHOUT_CREDITS, LONGEST_WITHOUT_CREDITS);
            hint.map_or(rest, |hint| hint.clamp(SHORTEST, rest))
        }
        (Reason::Refused, _) => doubled(REFUSED, LONGEST_REST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_believed_within_bounds_and_refusals_in_a_row_lengthen_the_rest() {
        let seconds =
            |reason, hint: Option<f64>, strikes| length(reason, hint.map(Duration::from_secs_f64), strikes).as_secs();
        let limited = Reason::RateLimited;
        assert_eq!(seconds(limited, Some(0.1), 0), 5);
        assert_eq!(seconds(limited, Some(42.0), 9), 42);
        assert_eq!(seconds(limited, Some(1e9), 0), 1_000_000_000, "how long it rests at most is the user's to say");
        assert_eq!([0, 1, 2, 3, 4, 100].map(|strikes| seconds(limited, None, strikes)), [5, 10, 20, 40, 60, 60]);
        assert_eq!([0, 3, 9].map(|strikes| seconds(Reason::OutOfCredits, None, strikes)), [60, 480, 900]);
        assert_eq!([1.0, 30.0, 1e6].map(|hint| seconds(Reason::OutOfCredits, Some(hint), 0)), [5, 30, 60]);
        assert_eq!([0, 1, 40].map(|strikes| seconds(Reason::Refused, None, strikes)), [60, 120, 3600]);
    }

    #[test]
    fn a_rest_holds_for_its_model_and_its_time() {
        let now = SystemTime::UNIX_EPOCH;
        let rest = |model: Option<&str>| Rest {
            model: model.map(str::to_owned),
            reason: Reason::RateLimited,
            until: now + Duration::from_secs(5),
        };
        assert!(rest(Some("a")).holds("a", now) && !rest(Some("a")).holds("b", now));
        assert!(rest(None).holds("b", now) && !rest(None).holds("b", now + Duration::from_secs(5)));
    }

    #[test]
    fn every_reason_is_read_back_by_its_name() {
        for reason in [Reason::RateLimited, Reason::OutOfCredits, Reason::Refused] {
            assert_eq!(Reason::parse(reason.name()), Some(reason));
        }
        assert_eq!(Reason::parse("bored"), None);
    }
}
