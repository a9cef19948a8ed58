//! Which account serves a request: a pure choice, so that it can be read, tested and explained.
//!
//! It must not know where accounts come from, nor wait for anything.

use std::time::SystemTime;

use crate::credential::{
    Rest, Standing, Tier,
    slot::{Readiness, View},
};

/// An account as the choice sees it.
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) view: View,
}

/// What a request asks of the choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// The id of the account that the conversation belongs to, if it goes on with one.
    pub account: Option<&'a str>,
    /// The model that is asked for; empty when that does not matter.
    pub model: &'a str,
    /// The ids of the accounts that have refused this request already.
    pub tried: &'a [String],
}

/// Why an account does not serve a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It has refused this very request.
    Tried,
    /// It rests.
    Resting(Rest),
    /// It cannot be used any more.
    Out(Standing),
}

/// The places of the accounts that can serve, the best one first, and the obstacles of the others.
///
/// The conversation's own account comes first, for the conversation can go on nowhere else; then by tier; then those that
/// need no renewal; then those with the least in flight; then those that were used longest ago.
pub(super) fn order(candidates: &[Candidate<'_>], wish: Wish<'_>) -> (Vec<usize>, Vec<(usize, Obstacle)>) {
    let (mut able, mut unable) = (Vec::new(), Vec::new());
    for (place, candidate) in candidates.iter().enumerate() {
        match obstacle(candidate, wish) {
            None => able.push(place),
            Some(obstacle) => unable.push((place, obstacle)),
        }
    }
    able.sort_by_key(|place| key(&candidates[*place], wish));
    (able, unable)
}

type Key = (bool, Tier, bool, usize, Option<SystemTime>);

fn key(candidate: &Candidate<'_>, wish: Wish<'_>) -> Key {
    let view = &candidate.view;
    let is_other = wish.account != Some(candidate.id);
    (is_other, view.tier, view.readiness != Readiness::Live, view.in_flight, view.last_used)
}

fn obstacle(candidate: &Candidate<'_>, wish: Wish<'_>) -> Option<Obstacle> {
    if wish.tried.iter().any(|tried| tried == candidate.id) {
        return Some(Obstacle::Tried);
    }
    match &candidate.view.readiness {
        Readiness::Live | Readiness::Stale => None,
        Readiness::Resting(rest) => Some(Obstacle::Resting(rest.clone())),
        Readiness::Out(standing) => Some(Obstacle::Out(*standing)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::credential::Reason;

    fn candidate(id: &str, readiness: Readiness, in_flight: usize, used: u64) -> Candidate<'_> {
        let last_used = (used > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(used));
        Candidate { id, view: View { tier: Tier::Stored, readiness, in_flight, last_used } }
    }

    fn chosen(candidates: &[Candidate<'_>], wish: Wish<'_>) -> Vec<String> {
        order(candidates, wish).0.into_iter().map(|place| candidates[place].id.to_owned()).collect()
    }

    #[test]
    fn least_in_flight_then_least_recently_used_and_what_needs_a_renewal_last() {
        let candidates = [
            candidate("stale", Readiness::Stale, 0, 0),
            candidate("busy", Readiness::Live, 2, 1),
            candidate("late", Readiness::Live, 1, 9),
            candidate("early", Readiness::Live, 1, 3),
            candidate("never", Readiness::Live, 1, 0),
        ];
        assert_eq!(chosen(&candidates, Wish::default()), ["never", "early", "late", "busy", "stale"]);
        let own = Wish { account: Some("stale"), ..Wish::default() };
        assert_eq!(chosen(&candidates, own)[..2], ["stale", "never"], "the conversation's own account first");
    }

    #[test]
    fn a_higher_tier_goes_first_however_busy() {
        let mut candidates = [candidate("own", Readiness::Live, 0, 0), candidate("lent", Readiness::Stale, 9, 9)];
        candidates[1].view.tier = Tier::Service;
        assert_eq!(chosen(&candidates, Wish::default()), ["lent", "own"]);
    }

    #[test]
    fn what_cannot_serve_says_why() {
        let rest = Rest { model: None, reason: Reason::RateLimited, until: SystemTime::UNIX_EPOCH };
        let candidates = [
            candidate("tired", Readiness::Resting(rest.clone()), 0, 0),
            candidate("gone", Readiness::Out(Standing::Forbidden), 0, 0),
            candidate("refused", Readiness::Live, 0, 0),
        ];
        let wish = Wish { tried: &["refused".to_owned()], account: Some("refused"), model: "m" };
        let (able, unable) = order(&candidates, wish);
        assert!(able.is_empty());
        let expected = [(0, Obstacle::Resting(rest)), (1, Obstacle::Out(Standing::Forbidden)), (2, Obstacle::Tried)];
        assert_eq!(unable, expected);
    }
}
