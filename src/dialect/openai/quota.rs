//! What the account may still spend, in the headers that clients of OpenAI look at (`CLIENTS.md` §3.3, §3.8).
//!
//! Only what is true is said. Warp counts credits, which its API calls requests, and no tokens; so the headers about
//! requests are there and those about tokens are not.

use crate::turn::Quota;

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

    use super::{codex, requests, span};
    use crate::turn::Quota;

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
