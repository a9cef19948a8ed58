//! What the account may still spend, in the headers that Anthropic's clients look at (`CLIENTS.md` §3.8).
//!
//! Only what is true is said. Warp counts credits, which its API calls requests, and no tokens, which the gateway itself
//! may count for a client; both kinds together, so that there are none about input or output alone. The `unified` family of
//! headers is left out: it speaks of the five-hour and weekly windows of a plan that the account does not have.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::turn::{Allowance, Bound, Quota};

/// The headers.
pub(crate) fn headers(quota: &Quota) -> Vec<(&'static str, String)> {
    let Some((limit, remaining)) = quota.bounds() else { return Vec::new() };
    let mut headers = vec![
        ("anthropic-ratelimit-requests-limit", limit.to_string()),
        ("anthropic-ratelimit-requests-remaining", remaining.to_string()),
    ];
    let reset = quota.refresh_at.and_then(date);
    headers.extend(reset.map(|date| ("anthropic-ratelimit-requests-reset", date)));
    headers
}

/// What the gateway lets the client itself use.
pub(crate) fn allowance(allowance: &Allowance) -> Vec<(&'static str, String)> {
    const REQUESTS: [&str; 3] = [
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ];
    const TOKENS: [&str; 3] = [
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ];
    let mut headers = Vec::new();
    for ([limit, remaining, reset], bound) in [(REQUESTS, allowance.requests), (TOKENS, allowance.tokens)] {
        let Some(bound) = bound else { continue };
        let Bound { limit: most, remaining: left, reset_at } = bound;
        headers.extend([(limit, most.to_string()), (remaining, left.to_string())]);
        headers.extend(date(reset_at).map(|date| (reset, date)));
    }
    headers
}

/// A time as Anthropic writes it; `None` when it is beyond all calendars.
fn date(since_epoch: u64) -> Option<String> {
    let seconds = i64::try_from(since_epoch).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::{allowance, headers};
    use crate::turn::{Allowance, Bound, Quota};

    #[test]
    fn what_is_left_is_shown_with_the_date_of_the_next_window() {
        let quota = Quota { limit: 300, used: 12.5, refresh_at: Some(1_788_220_800), ..Quota::default() };
        let shown: Vec<String> = headers(&quota).iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let expected = ["limit: 300", "remaining: 287", "reset: 2026-09-01T00:00:00Z"];
        assert_eq!(shown, expected.map(|line| format!("anthropic-ratelimit-requests-{line}")));
        assert_eq!(headers(&Quota { refresh_at: Some(u64::MAX), ..quota.clone() }).len(), 2);
        assert_eq!(headers(&Quota { unlimited: true, ..quota }), []);
    }

    #[test]
    fn what_a_client_may_use_is_shown_of_requests_and_of_tokens() {
        let tokens = Some(Bound { limit: 500, remaining: 7, reset_at: 1_788_220_800 });
        let shown = |bounds| -> Vec<String> {
            allowance(&bounds).iter().map(|(name, value)| format!("{name}: {value}")).collect()
        };
        let expected = ["limit: 500", "remaining: 7", "reset: 2026-09-01T00:00:00Z"];
        let lines = expected.map(|line| format!("anthropic-ratelimit-tokens-{line}"));
        assert_eq!(shown(Allowance { requests: None, tokens }), lines);
        assert_eq!(shown(Allowance { requests: tokens, tokens }).len(), 6);
        assert_eq!(shown(Allowance::default()), [""; 0]);
    }
}
