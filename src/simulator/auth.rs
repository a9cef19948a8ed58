//! The sign-in endpoints (`WARP-PROTOCOL.md` §5, §1.5): token exchange under the paths of the proxy and of Google, the
//! device flow, the login notification. It must not know what a good token is used for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::simulator::refusal::Refusal;
use crate::simulator::server::Shared;
use crate::simulator::token::Authority;

/// The client the device flow is for.
const CLIENT_ID: &str = "warp-agent-cli";
/// The grant of the device flow.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long a device code lives.
const DEVICE_CODE_LIFE: Duration = Duration::from_secs(600);
/// Device codes kept at most.
const DEVICE_CODES: usize = 256;

/// The device codes that wait for a person: how often each was asked about, and since when.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<HashMap<String, (usize, Instant)>>);

pub(crate) fn router() -> axum::Router<Arc<Shared>> {
    axum::Router::new()
        .route("/proxy/token", post(refresh))
        .route("/v1/token", post(refresh))
        .route("/proxy/customToken", post(custom))
        .route("/v1/accounts:signInWithCustomToken", post(custom))
        .route("/api/v1/oauth/device/auth", post(device_start))
        .route("/api/v1/oauth/token", post(device_poll))
        .route("/client/login", post(login))
}

type Parameters = HashMap<String, String>;

/// The fields of a form body.
fn form(body: &Bytes) -> Parameters {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (unescape(name), unescape(value))).collect()
}

/// Undoes the escapes of a form.
fn unescape(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => plain.push(b' '),
            b'%' => {
                let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                plain.push(value.and_then(|value| u8::try_from(value).ok()).unwrap_or(b'%'));
            }
            other => plain.push(other),
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn field<'a>(parameters: &'a Parameters, name: &str) -> &'a str {
    parameters.get(name).map(String::as_str).unwrap_or_default()
}

/// The web key that both token endpoints want in their address.
fn web_key(query: &Parameters) -> Result<(), Refusal> {
    if field(query, "key").is_empty() {
        return Err(Refusal::json(403, &json!({"error": {"code": 403, "message": "PERMISSION_DENIED"}})));
    }
    Ok(())
}

async fn refresh(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Parameters>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    web_key(&query)?;
    let form = form(&body);
    if field(&form, "grant_type") != "refresh_token" {
        return Err(Refusal::token("INVALID_GRANT_TYPE"));
    }
    if let Some(code) = Authority::refuse_refresh_token(field(&form, "refresh_token")) {
        return Err(Refusal::token(code));
    }
    let issued = shared.authority.issue();
    Ok(Json(json!({
        "access_token": issued.id_token,
        "id_token": issued.id_token,
        "refresh_token": issued.refresh_token,
        "expires_in": issued.expires_in.to_string(),
        "token_type": "Bearer",
        "user_id": "simulator-user",
        "project_id": "simulator",
    })))
}

async fn custom(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Parameters>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    web_key(&query)?;
    let form = form(&body);
    if let Some(code) = Authority::refuse_custom_token(field(&form, "token")) {
        return Err(Refusal::token(code));
    }
    let issued = shared.authority.issue();
    Ok(Json(json!({
        "idToken": issued.id_token,
        "refreshToken": issued.refresh_token,
        "expiresIn": issued.expires_in.to_string(),
        "isNewUser": false,
    })))
}

fn oauth_error(code: &str) -> Refusal {
    let status = if code == "invalid_client" { 401 } else { 400 };
    Refusal::json(status, &json!({"error": code}))
}

async fn device_start(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    if field(&form(&body), "client_id") != CLIENT_ID {
        return Err(oauth_error("invalid_client"));
    }
    let code = Uuid::new_v4().simple().to_string();
    let user_code = format!("{}-{}", code[..4].to_uppercase(), code[4..8].to_uppercase());
    let mut devices = shared.devices.0.lock().unwrap_or_else(PoisonError::into_inner);
    devices.retain(|_, (_, since)| since.elapsed() < DEVICE_CODE_LIFE);
    if devices.len() >= DEVICE_CODES {
        return Err(Refusal::overloaded());
    }
    devices.insert(code.clone(), (0, Instant::now()));
    let address = format!("{}/device", shared.url);
    Ok(Json(json!({
        "device_code": code,
        "verification_uri_complete": format!("{address}?user_code={user_code}"),
        "user_code": user_code,
        "verification_uri": address,
        "expires_in": DEVICE_CODE_LIFE.as_secs(),
        "interval": 1,
    })))
}

async fn device_poll(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let form = form(&body);
    if field(&form, "client_id") != CLIENT_ID {
        return Err(oauth_error("invalid_client"));
    }
    if field(&form, "grant_type") != DEVICE_GRANT {
        return Err(oauth_error("unsupported_grant_type"));
    }
    let code = field(&form, "device_code");
    let mut devices = shared.devices.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((polls, since)) = devices.get_mut(code) else {
        return Err(oauth_error("invalid_grant"));
    };
    if since.elapsed() >= DEVICE_CODE_LIFE {
        return Err(oauth_error("expired_token"));
    }
    if let Some(error) = shared.device_answers.get(*polls) {
        *polls += 1;
        return Err(oauth_error(error));
    }
    devices.remove(code);
    Ok(Json(json!({"access_token": Authority::custom_token(), "token_type": "Bearer", "expires_in": 3_600})))
}

/// The notification after a sign-in: empty, but with its length said (§1.5).
async fn login(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Refusal> {
    shared.authorise(&headers)?;
    if !headers.contains_key(header::CONTENT_LENGTH) {
        return Err(Refusal::text(411, "Length Required"));
    }
    let cookie = [(header::SET_COOKIE, "rl_anonymous_id=simulator; Path=/")];
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_with_their_escapes() {
        let form = form(&Bytes::from_static(b"grant_type=urn%3Aietf&a=b+c&empty=&bare&broken=%4"));
        assert_eq!(field(&form, "grant_type"), "urn:ietf");
        assert_eq!(field(&form, "a"), "b c");
        assert_eq!((field(&form, "empty"), field(&form, "bare"), field(&form, "broken")), ("", "", "%"));
    }
}
