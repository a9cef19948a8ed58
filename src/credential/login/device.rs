//! The calls of the device flow (RFC 8628, `WARP-PROTOCOL.md` §5.3): begin, and ask until the user has confirmed.
//!
//! It must not know what the token it obtains is exchanged for.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url, header};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    credential::{
        LoginError,
        login::polling::{Answer, Polling, Timer},
        token::fits_a_header,
    },
    secret::Secret,
    service,
};

/// The official command-line client's name in the flow, which is public and has no secret.
const CLIENT_ID: &str = "warp-agent-cli";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

const TIMEOUT: Duration = Duration::from_secs(10);
/// How often the flow's beginning is tried.
const ATTEMPTS: usize = 2;
/// More than any answer needs.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The interval of a service that names none, and the range that is believed.
const USUAL_INTERVAL: u64 = 5;
const INTERVALS: (u64, u64) = (1, 60);

/// What the user must open and confirm.
#[derive(Debug, Clone)]
pub struct Device {
    /// The page, with the code in it where the service gives one.
    pub page: String,
    /// The code that the page must show.
    pub user_code: String,
    code: Secret,
    interval: Duration,
    life: Duration,
}

#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

/// Begins the flow at the service at `root`.
pub(crate) async fn start(client: &Client, root: &str) -> Result<Device, LoginError> {
    let url = format!("{root}/api/v1/oauth/device/auth");
    let mut failure = LoginError::Unavailable { reason: "it was not tried".to_owned() };
    for _ in 0..ATTEMPTS {
        match post(client, &url, &[("client_id", CLIENT_ID)]).await {
            Ok((status, body)) if status.is_success() => return device(body),
            Ok((status, body)) if status.is_server_error() || body["error"].as_str().is_none() => {
                failure = LoginError::Unavailable { reason: format!("it answered {status}") };
            }
            Ok((_, body)) => return Err(LoginError::Refused { code: code(&body) }),
            Err(reason) => failure = LoginError::Unavailable { reason },
        }
    }
    Err(failure)
}

/// Asks until the user has confirmed `device`; returns the custom token.
pub(crate) async fn wait(
    client: &Client,
    root: &str,
    device: &Device,
    timer: &dyn Timer,
) -> Result<Secret, LoginError> {
    let url = format!("{root}/api/v1/oauth/token");
    let form = [("grant_type", GRANT), ("device_code", device.code.expose()), ("client_id", CLIENT_ID)];
    let mut polling = Polling::new(device.interval, device.life);
    loop {
        timer.sleep(polling.wait(timer.elapsed())?).await;
        let answer = match post(client, &url, &form).await {
            Ok((status, body)) => meaning(status, &body)?,
            Err(reason) => {
                tracing::debug!(reason, "the sign-in's poll was not answered");
                Answer::Broken
            }
        };
        if let Some(token) = polling.heard(answer)? {
            return Ok(token);
        }
    }
}

async fn post(client: &Client, url: &str, form: &[(&str, &str)]) -> Result<(StatusCode, Value), String> {
    let request = client.post(url).timeout(TIMEOUT).header(header::ACCEPT, "application/json").form(form);
    let response: Response = request.send().await.map_err(|error| service::reasons(&error))?;
    let status = response.status();
    let body = service::read_limited(response, LARGEST_ANSWER).await.map_err(|error| service::reasons(&error))?;
    let body = body.ok_or("its answer is too large")?;
    Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

fn device(body: Value) -> Result<Device, LoginError> {
    let unreadable =
        |problem: &str| LoginError::Unavailable { reason: format!("its answer cannot be read: {problem}") };
    let started: Started = serde_json::from_value(body).map_err(|error| unreadable(&error.to_string()))?;
    let page = started.verification_uri_complete.unwrap_or(started.verification_uri);
    // The page is opened and the code is shown on a terminal, so neither may be anything else.
    let page = Url::parse(&page).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let page = page.ok_or_else(|| unreadable("its page is no address"))?;
    if started.user_code.is_empty() || !fits_a_header(&Secret::new(&started.user_code)) {
        return Err(unreadable("its code is none"));
    }
    let (shortest, longest) = INTERVALS;
    Ok(Device {
        page: page.into(),
        user_code: started.user_code,
        code: Secret::new(&started.device_code),
        interval: Duration::from_secs(started.interval.unwrap_or(USUAL_INTERVAL).clamp(shortest, longest)),
        life: Duration::from_secs(started.expires_in),
    })
}

fn meaning(status: StatusCode, body: &Value) -> Result<Answer, LoginError> {
    if status.is_success() {
        let token = body["access_token"].as_str().map(Secret::new).filter(|token| !token.is_empty());
        let missing = || LoginError::Unavailable { reason: "it granted the sign-in without a token".to_owned() };
        return token.map(Answer::Granted).ok_or_else(missing);
    }
    Ok(match body["error"].as_str() {
        Some("authorization_pending") => Answer::Pending,
        Some("slow_down") => Answer::SlowDown,
        Some(_) if status.is_client_error() => Answer::Refused(code(body)),
        // A front end in between speaks, not the flow.
        Some(_) | None => Answer::Broken,
    })
}

/// The error code of an answer, fit to be shown.
fn code(body: &Value) -> String {
    let code = body["error"].as_str().unwrap_or_default();
    code.chars().filter(char::is_ascii_graphic).take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn started(page: &str, user_code: &str, interval: Option<u64>) -> Result<Device, LoginError> {
        device(json!({"device_code": "d", "user_code": user_code, "verification_uri": page, "expires_in": 600,
            "interval": interval}))
    }

    #[test]
    fn the_interval_is_the_services_within_reason() {
        let interval = |given| started("https://x/device", "A-B", given).unwrap().interval.as_secs();
        assert_eq!([None, Some(0), Some(7), Some(9_000)].map(interval), [5, 1, 7, 60]);
    }

    #[test]
    fn what_could_not_be_shown_or_opened_is_refused() {
        for (page, code) in
            [("javascript:alert(1)", "A"), ("nowhere", "A"), ("https://x", "\u{1b}[2J"), ("https://x", "")]
        {
            let problem = started(page, code, None).unwrap_err().to_string();
            assert!(problem.contains("cannot be read"), "{problem}");
        }
        assert!(device(Value::Null).is_err());
    }

    #[test]
    fn answers_of_front_ends_are_no_verdict() {
        let heard = |status, body: Value| meaning(StatusCode::from_u16(status).unwrap(), &body).unwrap();
        assert!(matches!(heard(502, Value::Null), Answer::Broken));
        assert!(matches!(heard(500, json!({"error": "access_denied"})), Answer::Broken));
        assert!(matches!(heard(429, Value::Null), Answer::Broken));
        assert!(matches!(heard(400, json!({"error": "slow_down"})), Answer::SlowDown));
        assert!(matches!(heard(403, json!({"error": "access_denied"})), Answer::Refused(_)));
        assert!(meaning(StatusCode::OK, &Value::Null).is_err());
    }
}
