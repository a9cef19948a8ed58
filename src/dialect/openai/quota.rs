//! What the account may still spend, in the headers that clients of OpenAI look at (`CLIENTS.md` §3.3, §3.8).
//!
//! Only what is true is said. Warp counts credits, which its API calls requests, and no tokens; so of an account the
//! headers about requests are there and those about tokens are not. The gateway itself may count both for a client.

use crate::turn::{Allowance, Bound, Quota};

/// For programs that pace themselves.
pub(crate) fn requests(quota: &Quota, now: u64) -> Vec<(&'static str, String)> {
    let Some((limit, remaining)) = quota.bounds() else { return Vec::new() };
    let mut headers = vec![
        ("x-ratelimit-limit-requests", limit.to_string()),
        ("x-ratelimit-remaining-requests", remaining.to_string()),
    ];
    if let Some(end) = quota.refresh_at {
        headers.push(("x-ratelimit-reset-requests", span(end.saturating_sub(now))));
    }
    headers
}

/// What the gateway lets the client itself use.
pub(crate) fn allowance(allowance: &Allowance, now: u64) -> Vec<(&'static str, String)> {
    const REQUESTS: [&str; 3] =
        ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
    const TOKENS: [&str; 3] = ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
    let bounds = [(REQUESTS, allowance.requests), (TOKENS, allowance.tokens)];
    let headers = |(names, bound): ([&'static str; 3], Option<Bound>)| {
        let Bound { limit, remaining, reset_at } = bound?;
        let values = [limit.to_string(), remaining.to_string(), span(reset_at.saturating_sub(now))];
        Some(names.into_iter().zip(values))
    };
    bounds.into_iter().filter_map(headers).flatten().collect()
}

/// For Codex, which shows them to its user.
pub(crate) fn codex(quota: &Quota) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("x-codex-credits-has-credits", quota.can_spend().to_string()),
        ("x-codex-credits-unlimited", quota.unlimited.to_string()),
    ];
    if let Some((_, remaining)) = quota.bounds() {
        headers.push(("x-codex-credits-balance", remaining.to_string()));
    }
    if let Some(percent) = quota.used_percent() {
        headers.push(("x-codex-primary-used-percent", ((percent * 100.0).round() / 100.0).to_string()));
        let minutes =
            quota.window.map(|window| ("x-codex-primary-window-minutes", (window.as_secs() / 60).to_string()));
        headers.extend(minutes);
        headers.extend(quota.refresh_at.map(|end| ("x-codex-primary-reset-at", end.to_string())));
    }
    headers
}

/// Seconds as OpenAI writes a time to wait, such as `26h3m0s`.
fn span(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{allowance, codex, requests, span};
    use crate::turn::{Allowance, Bound, Quota};

    fn quota() -> Quota {
        Quota {
            limit: 300,
            used: 12.5,
            refresh_at: Some(1_000_000),
            window: Some(Duration::from_secs(30 * 86_400)),
            available: Some(true),
            ..Quota::default()
        }
    }

    fn shown(headers: &[(&'static str, String)]) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn what_is_left_is_shown_to_programs_and_to_codex() {
        assert_eq!(
            shown(&requests(&quota(), 996_400)),
            [
                "x-ratelimit-limit-requests: 300",
                "x-ratelimit-remaining-requests: 287",
                "x-ratelimit-reset-requests: 1h0m0s"
            ]
        );
        assert_eq!(
            shown(&codex(&quota())),
            [
                "x-codex-credits-has-credits: true",
                "x-codex-credits-unlimited: false",
                "x-codex-credits-balance: 287",
                "x-codex-primary-used-percent: 4.17",
                "x-codex-primary-window-minutes: 43200",
                "x-codex-primary-reset-at: 1000000",
            ]
        );
    }

    #[test]
    fn what_a_client_may_use_is_shown_of_requests_and_of_tokens() {
        let bound = |limit, remaining| Some(Bound { limit, remaining, reset_at: 1_000 });
        let both = Allowance { requests: bound(3, 2), tokens: bound(500, 0) };
        assert_eq!(
            shown(&allowance(&both, 939)),
            [
                "x-ratelimit-limit-requests: 3",
                "x-ratelimit-remaining-requests: 2",
                "x-ratelimit-reset-requests: 1m1s",
                "x-ratelimit-limit-tokens: 500",
                "x-ratelimit-remaining-tokens: 0",
                "x-ratelimit-reset-tokens: 1m1s",
            ]
        );
        assert_eq!(allowance(&Allowance { requests: None, ..both }, 2_000).len(), 3);
        assert_eq!(allowance(&Allowance::default(), 0), []);
    }

    #[test]
    fn without_bounds_none_are_claimed() {
        let unlimited = Quota { unlimited: true, ..quota() };
        assert_eq!(requests(&unlimited, 0), []);
        assert_eq!(shown(&codex(&unlimited)), ["x-codex-credits-has-credits: true", "x-codex-credits-unlimited: true"]);
        let unknown = Quota { refresh_at: None, window: None, ..quota() };
        assert_eq!((requests(&unknown, 0).len(), codex(&unknown).len()), (2, 4));
    }

    #[test]
    fn times_to_wait_are_written_as_openai_does() {
        assert_eq!([span(0), span(59), span(60), span(86_400 + 61)], ["0s", "59s", "1m0s", "24h1m1s"]);
    }
}
