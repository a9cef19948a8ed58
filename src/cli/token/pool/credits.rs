//! What the accounts may still spend, asked of the service for all of them at once.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    cli::{exit::Failure, token::pool::names, when},
    credential::Pool,
    service::{self, Address},
    turn::Quota,
    upstream,
};

/// How long one account may keep the others waiting.
const PATIENCE: Duration = Duration::from_secs(15);

/// What each account of `pool` may still spend, by its name; for one that cannot be asked, why not.
pub(super) async fn ask(pool: &Pool, address: &Address) -> Result<BTreeMap<String, Value>, Failure> {
    let client = service::builder(address).and_then(reqwest::ClientBuilder::build);
    let client =
        client.map_err(|error| Failure::usage(format!("cannot set up HTTPS: {}", service::reasons(&error))))?;
    let names = names(pool);
    let asking = names.iter().map(|name| async {
        let asked = tokio::time::timeout(PATIENCE, of_account(pool, &client, address, name)).await;
        asked.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
    });
    let answers = join_all(asking).await;
    let told = |answer: Result<Quota, String>| match answer {
        Ok(quota) => told(&quota),
        Err(reason) => json!({"problem": reason}),
    };
    Ok(names.iter().cloned().zip(answers.into_iter().map(told)).collect())
}

async fn of_account(pool: &Pool, client: &reqwest::Client, address: &Address, name: &str) -> Result<Quota, String> {
    let lease = pool.lease_of(name).await.ok_or("it is gone")?.map_err(|error| error.to_string())?;
    let asked = upstream::quota::fetch(client, address, lease.bearer()).await;
    asked.map_err(|error| error.to_string())
}

fn told(quota: &Quota) -> Value {
    let next = quota.refresh_at.map(|at| std::time::UNIX_EPOCH + Duration::from_secs(at)).and_then(when::rfc3339);
    json!({
        "limit": quota.limit,
        "remaining": quota.remaining(),
        "unlimited": quota.unlimited,
        "can_spend": quota.can_spend(),
        "granted": quota.grants_remaining,
        "next": next,
    })
}

/// The same for a table: `288/300`.
pub(super) fn short(told: Option<&Value>) -> String {
    match told {
        None => String::new(),
        Some(told) if told["problem"].is_string() => "unknown".to_owned(),
        Some(told) if told["unlimited"] == true => "no limit".to_owned(),
        Some(told) => format!("{}/{}", told["remaining"], told["limit"]),
    }
}
