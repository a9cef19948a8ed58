//! What the account may still spend, in the headers that Anthropic's clients look at (`CLIENTS.md` §3.8).
//!
//! Only what is true is said. Warp counts credits, which its API calls requests, and no tokens. The `unified` family of
//! headers is left out: it speaks of the five-hour and weekly windows of a plan that the account does not have.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::turn::Quota;

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

/// A time as Anthropic writes it; `None` when it is beyond all calendars.
fn date(since_epoch: u64) -> Option<String> {
    let seconds = i64::try_from(since_epoch).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::headers;
    use crate::turn::Quota;

    #[test]
    fn what_is_left_is_shown_with_the_date_of_the_next_window() {
        let quota = Quota { limit: 300, used: 12.5, refresh_at: Some(1_788_220_800), ..Quota::default() };
        let shown: Vec<String> = headers(&quota).iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let expected = ["limit: 300", "remaining: 287", "reset: 2026-09-01T00:00:00Z"];
        assert_eq!(shown, expected.map(|line| format!("anthropic-ratelimit-requests-{line}")));
        assert_eq!(headers(&Quota { refresh_at: Some(u64::MAX), ..quota.clone() }).len(), 2);
        assert_eq!(headers(&Quota { unlimited: true, ..quota }), []);
    }
}
