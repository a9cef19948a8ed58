//! How the accounts stand, in the Python bridge's words: never with a token, nor a part of one.

use std::time::SystemTime;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{
    gateway::Renewal,
    server::{
        bridge::{Shared, refusal::Refusal},
        clock,
    },
};

/// `GET /api/auth/status`.
pub(super) async fn status(State(bridge): Shared) -> Json<Value> {
    let pool = bridge.gateway.accounts();
    let accounts = pool["accounts"].as_array().map_or(0, Vec::len);
    let ready = pool["ready"].as_u64().unwrap_or_default();
    let (message, suggestion) = match (accounts, ready) {
        (0, _) => ("There is no account.", Some("Sign in with `warp2api token login`, or set WARP_API_KEY.")),
        (_, 0) => ("No account is ready.", Some("See `accounts`; POST /api/auth/refresh renews the next one.")),
        _ => ("An account is ready.", None),
    };
    let mut answer = json!({
        "authenticated": ready > 0, "token_present": accounts > 0, "token_expired": accounts > 0 && ready == 0,
        "message": message, "pool": pool,
    });
    if let Some(suggestion) = suggestion {
        answer["suggestion"] = suggestion.into();
    }
    Json(answer)
}

/// `POST /api/auth/refresh`: renews the bearer that would be lent next.
pub(super) async fn refresh(State(bridge): Shared) -> Json<Value> {
    let done =
        |message: String| json!({"success": true, "message": message, "timestamp": clock::text(SystemTime::now())});
    Json(match bridge.gateway.renew_account().await {
        Ok(Renewal::Done(account)) => done(format!("The token of {account} is new.")),
        Ok(Renewal::NotNeeded(account)) => done(format!("{account} is an API key, which is never renewed.")),
        Err(error) => json!({
            "success": false, "message": error.to_string(), "suggestion": "Sign in again with `warp2api token login`.",
        }),
    })
}

/// `GET /api/auth/user_id`: what tells the account that would serve next from every other.
pub(super) async fn user_id(State(bridge): Shared) -> Result<Json<Value>, Refusal> {
    let pool = bridge.gateway.accounts();
    let accounts = pool["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_ready = |account: &&Value| account["state"] == "ready";
    let account = accounts.iter().find(is_ready).or(accounts.first());
    Ok(Json(match account.and_then(|account| account["id"].as_str()) {
        Some(id) => json!({"success": true, "user_id": id, "message": "This is the account's id."}),
        None => json!({"success": false, "user_id": "", "message": "There is no account."}),
    }))
}
