//! What the account may still spend, read over GraphQL (`WARP-PROTOCOL.md` §6.3).
//!
//! It must not know whose account it is, nor who is told.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    secret::Secret,
    service::{Address, Asked, GraphqlError},
    turn::Quota,
};

const QUERY: &str = "\
query GetRequestLimitInfo($rc: RequestContext!) {
  user(requestContext: $rc) {
    __typename
    ... on UserOutput { user {
      requestLimitInfo {
        isUnlimited requestLimit requestsUsedSinceLastRefresh nextRefreshTime requestLimitRefreshDuration
      }
      bonusGrants { requestCreditsRemaining expiration }
      aiCreditAvailability { available denialReason }
      workspaces { bonusGrantsInfo { grants { requestCreditsRemaining expiration } } }
    } }
    ... on UserFacingError { error { __typename message } }
  }
}";

const ASKED: Asked<'_> =
    Asked { operation: "GetRequestLimitInfo", query: QUERY, field: "user", what: "what the account may spend" };

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Reads what the account of `bearer` may still spend.
///
/// # Errors
/// When the upstream cannot be asked, refuses, or answers what cannot be read.
pub async fn fetch(client: &Client, address: &Address, bearer: &Secret) -> Result<Quota, GraphqlError> {
    let mut answer = ASKED.send(client, address, Some(bearer), Map::new()).await?;
    parse(answer["user"].take(), OffsetDateTime::now_utc())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    request_limit_info: LimitInfo,
    bonus_grants: Option<Vec<Grant>>,
    ai_credit_availability: Option<Availability>,
    workspaces: Option<Vec<Workspace>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LimitInfo {
    is_unlimited: bool,
    request_limit: i64,
    requests_used_since_last_refresh: i64,
    next_refresh_time: Option<String>,
    request_limit_refresh_duration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    request_credits_remaining: i64,
    expiration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Availability {
    available: Option<bool>,
    denial_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Workspace {
    bonus_grants_info: Option<GrantsInfo>,
}

#[derive(Deserialize)]
struct GrantsInfo {
    grants: Option<Vec<Grant>>,
}

fn parse(user: Value, now: OffsetDateTime) -> Result<Quota, GraphqlError> {
    let user: User = serde_json::from_value(user).map_err(|error| ASKED.unreadable(&error.to_string()))?;
    let limits = user.request_limit_info;
    // As with the list of models, the first workspace is the one that counts.
    let workspace = user.workspaces.into_iter().flatten().next().and_then(|workspace| workspace.bonus_grants_info);
    let shared = workspace.and_then(|info| info.grants);
    let grants = user.bonus_grants.into_iter().chain(shared).flatten();
    let (available, denial) = user.ai_credit_availability.map_or((None, None), |availability| {
        (availability.available, availability.denial_reason.filter(|reason| reason != "NONE"))
    });
    Ok(Quota {
        limit: natural(limits.request_limit),
        used: natural(limits.requests_used_since_last_refresh) as f64,
        unlimited: limits.is_unlimited,
        refresh_at: limits.next_refresh_time.as_deref().and_then(time_of).map(|time| natural(time.unix_timestamp())),
        window: limits.request_limit_refresh_duration.as_deref().and_then(window),
        grants_remaining: grants
            .filter(|grant| grant.lives(now))
            .map(|grant| natural(grant.request_credits_remaining))
            .sum(),
        available,
        denial,
    })
}

impl Grant {
    fn lives(&self, now: OffsetDateTime) -> bool {
        self.expiration.as_deref().and_then(time_of).is_none_or(|end| end > now)
    }
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn time_of(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// How long a window is. A month is counted as thirty days, as clients do that name windows by their length.
fn window(name: &str) -> Option<Duration> {
    match name {
        "WEEKLY" => Some(DAY * 7),
        "EVERY_TWO_WEEKS" => Some(DAY * 14),
        "MONTHLY" => Some(DAY * 30),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::{DAY, parse};
    use crate::{service::GraphqlError, turn::Quota};

    fn user(more: Value) -> Value {
        let mut user = json!({"requestLimitInfo": {"isUnlimited": false, "requestLimit": 300,
            "requestsUsedSinceLastRefresh": 12, "nextRefreshTime": "2026-09-01T00:00:00Z",
            "requestLimitRefreshDuration": "MONTHLY"}});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        user
    }

    fn read(user: Value) -> Result<Quota, GraphqlError> {
        parse(user, datetime!(2026-08-10 12:00 UTC))
    }

    #[test]
    fn the_plan_and_what_was_granted_are_read() {
        let grant = |left: i64, end: Value| json!({"requestCreditsRemaining": left, "expiration": end});
        let found = read(user(json!({
            "bonusGrants": [grant(40, json!("2026-08-11T00:00:00Z")), grant(500, json!("2026-08-01T00:00:00Z"))],
            "aiCreditAvailability": {"available": false, "denialReason": "DELINQUENT", "creditSource": null},
            "workspaces": [{"bonusGrantsInfo": {"grants": [grant(2, json!(null)), grant(-1, json!(null))]}},
                           {"bonusGrantsInfo": {"grants": [grant(1000, json!(null))]}}],
        })));
        let expected = Quota {
            limit: 300,
            used: 12.0,
            unlimited: false,
            refresh_at: Some(1_788_220_800),
            window: Some(DAY * 30),
            grants_remaining: 42,
            available: Some(false),
            denial: Some("DELINQUENT".to_owned()),
        };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn what_is_not_told_stays_unknown() {
        let bare = read(user(json!({
            "bonusGrants": null, "workspaces": [], "aiCreditAvailability": {"available": true, "denialReason": "NONE"},
        })))
        .unwrap();
        assert_eq!((bare.grants_remaining, bare.available, bare.denial), (0, Some(true), None));
        assert_eq!(read(user(json!({}))).unwrap().available, None);
        let odd = read(json!({"requestLimitInfo": {"isUnlimited": true, "requestLimit": -1,
            "requestsUsedSinceLastRefresh": 3, "nextRefreshTime": "soon", "requestLimitRefreshDuration": "DAILY"}}));
        let odd = odd.unwrap();
        assert_eq!((odd.limit, odd.unlimited, odd.refresh_at, odd.window), (0, true, None, None));
        assert!(matches!(read(json!({})), Err(GraphqlError::Unreadable { .. })));
    }
}
