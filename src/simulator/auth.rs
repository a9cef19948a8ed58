//! The sign-in endpoints (`WARP-PROTOCOL.md` §5, §1.5): token exchange under the paths of the proxy and of Google, the
//! device flow, the login notification. It must not know what a good token is used for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use futures_util::{future, stream};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::simulator::refusal::Refusal;
use crate::simulator::server::Shared;

/// The client the device flow is for.
const CLIENT_ID: &str = "warp-agent-cli";
/// The grant of the device flow.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long a device code lives.
const DEVICE_CODE_LIFE: Duration = Duration::from_secs(600);
/// Among a scenario's answers to a poll: the connection breaks.
const DROP: &str = "drop";
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
    Form(form): Form<Parameters>,
) -> Result<Json<Value>, Refusal> {
    web_key(&query)?;
    if field(&form, "grant_type") != "refresh_token" {
        return Err(Refusal::token("INVALID_GRANT_TYPE"));
    }
    let issued = shared.authority.exchange(field(&form, "refresh_token")).map_err(|code| Refusal::token(&code))?;
    Ok(Json(json!({
        "access_token": issued.id_token,
        "id_token": issued.id_token,
        "refresh_token": issued.refresh_token,
        "expires_in": issued.expires_in.to_string(),
        "token_type": "Bearer",
        "user_id": issued.uid,
        "project_id": "simulator",
    })))
}

async fn custom(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Parameters>,
    Form(form): Form<Parameters>,
) -> Result<Json<Value>, Refusal> {
    web_key(&query)?;
    let issued = shared.authority.sign_in(field(&form, "token")).map_err(|code| Refusal::token(&code))?;
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

async fn device_start(State(shared): State<Arc<Shared>>, Form(form): Form<Parameters>) -> Result<Json<Value>, Refusal> {
    if field(&form, "client_id") != CLIENT_ID {
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

async fn device_poll(State(shared): State<Arc<Shared>>, Form(form): Form<Parameters>) -> Result<Response, Refusal> {
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
    if let Some(answer) = shared.device_answers.get(*polls) {
        *polls += 1;
        return if answer == DROP { Ok(dropped()) } else { Err(oauth_error(answer)) };
    }
    devices.remove(code);
    let token = shared.authority.custom_token(&shared.person());
    Ok(Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3_600})).into_response())
}

/// A connection that breaks instead of an answer.
fn dropped() -> Response {
    let broken = std::io::Error::other("the scenario breaks the connection");
    Response::new(Body::from_stream(stream::once(future::ready(Err::<Bytes, _>(broken)))))
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
