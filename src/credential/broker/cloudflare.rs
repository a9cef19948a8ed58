//! The few calls of Cloudflare's API (v4, Workers Scripts) that a broker needs: its envelope, its ways to say no.
//!
//! It must not know what the Worker does.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};

use crate::{
    credential::broker::{Config, upload::Upload},
    secret::Secret,
    service::{self, is_loopback},
};

/// An upload is checked and started before it is answered.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Far more than any answer needs.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// The codes that say there is no such Worker, environment or subdomain.
const MISSING: [u64; 3] = [10_007, 10_090, 10_092];
/// The codes that say the token will not do: not valid, of no such account, not for this, malformed, not authorised.
const UNAUTHORIZED: [u64; 5] = [10_000, 9_109, 10_023, 6_003, 9_106];
/// The code that says the address cannot be, as with the id of no account.
const NO_ROUTE: u64 = 7_003;

/// Why the API did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudflareError {
    /// No HTTP client can be made of this configuration.
    #[error("cannot set up HTTPS for Cloudflare's API: {reason}")]
    Client {
        /// What the HTTP library says.
        reason: String,
    },
    /// It cannot be reached, or its answer broke off.
    #[error("Cloudflare cannot be asked to {doing}: {reason}")]
    Unreachable {
        /// What it was asked to do.
        doing: &'static str,
        /// What happened.
        reason: String,
    },
    /// The API token is not accepted, or may not do this.
    #[error("Cloudflare does not let CLOUDFLARE_API_TOKEN {doing}: {said}")]
    Unauthorized {
        /// What it was asked to do.
        doing: &'static str,
        /// Its own words.
        said: String,
    },
    /// It understood and will not.
    #[error("Cloudflare does not {doing}: {said}")]
    Refused {
        /// What it was asked to do.
        doing: &'static str,
        /// Its HTTP status.
        status: u16,
        /// Its own code for the reason, if it gives one.
        code: Option<u64>,
        /// Its own words.
        said: String,
    },
    /// The answer is not what the API's schema says.
    #[error("Cloudflare's answer when asked to {doing} cannot be read: {problem}")]
    Unreadable {
        /// What it was asked to do.
        doing: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl CloudflareError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Client { .. } => "check the extra CA file: it must hold PEM certificates",
            Self::Unreachable { .. } => "try again in a moment; check the network and any proxy",
            Self::Unauthorized { .. } => {
                "the API token needs the permission Account, Workers Scripts, Edit for the account of \
                 CLOUDFLARE_ACCOUNT_ID; Cloudflare's dashboard makes one under My Profile, API Tokens"
            }
            Self::Refused { code: Some(NO_ROUTE), .. } => {
                "check CLOUDFLARE_ACCOUNT_ID: the dashboard shows it under Workers & Pages"
            }
            Self::Refused { status: 429, .. } => "Cloudflare asks to slow down; try again in five minutes",
            Self::Refused { status: 500.., .. } | Self::Unreadable { .. } => "try again in a moment",
            Self::Refused { .. } => "the reason is Cloudflare's; its documentation lists the codes",
        }
    }

    /// True when Cloudflare has said no, so that nothing was done.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Unauthorized { .. } => true,
            Self::Refused { status, .. } => *status < 500,
            Self::Client { .. } | Self::Unreachable { .. } | Self::Unreadable { .. } => false,
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, code: Some(code), .. } if MISSING.contains(code))
    }
}

/// The API, for one account.
#[derive(Debug)]
pub(crate) struct Cloudflare {
    client: Client,
    /// The root of everything that concerns the account's Workers.
    root: String,
    token: Secret,
}

impl Cloudflare {
    /// The API as `config` says it is to be reached.
    pub(crate) fn new(config: &Config) -> Result<Self, CloudflareError> {
        let unusable = |error: reqwest::Error| CloudflareError::Client { reason: error.without_url().to_string() };
        let client = client(config).map_err(unusable)?;
        let root = format!("{}/accounts/{}/workers", config.api_root.trim_end_matches('/'), config.account_id);
        Ok(Self { client, root, token: config.api_token.clone() })
    }

    /// The account's name under workers.dev; `None` while it has none.
    pub(crate) async fn subdomain(&self) -> Result<Option<String>, CloudflareError> {
        const DOING: &str = "tell the account's workers.dev subdomain";
        let answer = self.ask(DOING, self.request(Method::GET, "subdomain"), &[]).await;
        let Some(result) = unless_missing(answer)? else { return Ok(None) };
        let name = result["subdomain"].as_str().filter(|name| !name.is_empty());
        name.map(|name| Some(name.to_owned())).ok_or_else(|| unreadable(DOING, "it has no \"subdomain\""))
    }

    /// The bindings of the Worker `name`, secrets without their text; `None` when there is no such Worker.
    pub(crate) async fn bindings(&self, name: &str) -> Result<Option<Vec<Value>>, CloudflareError> {
        const DOING: &str = "tell the Worker's settings";
        let request = self.request(Method::GET, &format!("scripts/{name}/settings"));
        let Some(result) = unless_missing(self.ask(DOING, request, &[]).await)? else { return Ok(None) };
        match &result["bindings"] {
            Value::Array(bindings) => Ok(Some(bindings.clone())),
            // A Worker need not have any.
            Value::Null => Ok(Some(Vec::new())),
            _ => Err(unreadable(DOING, "its \"bindings\" are no list")),
        }
    }

    /// Puts up or replaces the Worker `name`.
    pub(crate) async fn upload(&self, name: &str, upload: &Upload<'_>) -> Result<(), CloudflareError> {
        const DOING: &str = "upload the Worker";
        let form = upload.form().map_err(|error| CloudflareError::Client { reason: error.to_string() })?;
        let request = self.request(Method::PUT, &format!("scripts/{name}")).multipart(form);
        self.ask(DOING, request, &upload.secrets().collect::<Vec<_>>()).await.map(drop)
    }

    /// Makes the Worker `name` reachable under workers.dev, its earlier versions not.
    pub(crate) async fn enable(&self, name: &str) -> Result<(), CloudflareError> {
        let request = self.request(Method::POST, &format!("scripts/{name}/subdomain"));
        let request = request.json(&json!({"enabled": true, "previews_enabled": false}));
        self.ask("enable the Worker's address", request, &[]).await.map(drop)
    }

    /// Whether the Worker `name` can be reached under workers.dev.
    pub(crate) async fn is_enabled(&self, name: &str) -> Result<bool, CloudflareError> {
        const DOING: &str = "tell whether the Worker's address is enabled";
        let result = self.ask(DOING, self.request(Method::GET, &format!("scripts/{name}/subdomain")), &[]).await?;
        result["enabled"].as_bool().ok_or_else(|| unreadable(DOING, "it has no \"enabled\""))
    }

    /// Takes down the Worker `name`, with all that belongs to it. Returns false when there was none.
    pub(crate) async fn delete(&self, name: &str) -> Result<bool, CloudflareError> {
        let request = self.request(Method::DELETE, &format!("scripts/{name}"));
        Ok(unless_missing(self.ask("remove the Worker", request, &[]).await)?.is_some())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/{path}", self.root)).bearer_auth(self.token.expose())
    }

    /// The `result` of the answer to `request`. An error repeats none of `secrets`, nor the API token.
    async fn ask(
        &self,
        doing: &'static str,
        request: RequestBuilder,
        secrets: &[&Secret],
    ) -> Result<Value, CloudflareError> {
        let unreachable = |error| CloudflareError::Unreachable { doing, reason: service::reasons(&error) };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = service::read_limited(response, LARGEST_ANSWER).await.map_err(unreachable)?;
        let body = body.ok_or_else(|| unreadable(doing, "it is too large"))?;
        if status.is_success() && body.is_empty() {
            return Ok(Value::Null);
        }
        let answer = match serde_json::from_slice::<Value>(&body) {
            Ok(answer) => answer,
            Err(error) if status.is_success() => return Err(unreadable(doing, &error.to_string())),
            Err(_) => Value::Null,
        };
        if status.is_success() && answer["success"] == true {
            return Ok(answer["result"].clone());
        }
        let hidden: Vec<_> = secrets.iter().copied().chain([&self.token]).collect();
        Err(refusal(doing, status, &answer["errors"][0], &hidden))
    }
}

fn client(config: &Config) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .connect_timeout(config.connect_timeout)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("warp2api/", env!("CARGO_PKG_VERSION")));
    if is_loopback(&config.api_root) {
        builder = builder.no_proxy();
    }
    if let Some(pem) = &config.extra_ca_pem {
        builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?);
    }
    builder.build()
}

/// What a refusal means: the first of the envelope's errors, if it has one.
fn refusal(doing: &'static str, status: StatusCode, error: &Value, secrets: &[&Secret]) -> CloudflareError {
    let code = error["code"].as_u64();
    let said = match (error["message"].as_str(), code) {
        (Some(message), Some(code)) => format!("{} (code {code})", shown(message, secrets)),
        (Some(message), None) => shown(message, secrets),
        (None, _) => format!("it answered {status}"),
    };
    let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    if denied || code.is_some_and(|code| UNAUTHORIZED.contains(&code)) {
        return CloudflareError::Unauthorized { doing, said };
    }
    CloudflareError::Refused { doing, status: status.as_u16(), code, said }
}

/// Their own words, cut to a line, free of control characters and of our secrets.
fn shown(message: &str, secrets: &[&Secret]) -> String {
    let known = secrets.iter().filter(|secret| !secret.is_empty());
    let clean = known.fold(message.to_owned(), |text, secret| text.replace(secret.expose(), "…"));
    clean.chars().filter(|letter| !letter.is_control()).take(300).collect()
}

fn unless_missing(answer: Result<Value, CloudflareError>) -> Result<Option<Value>, CloudflareError> {
    match answer {
        Ok(result) => Ok(Some(result)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(doing: &'static str, problem: &str) -> CloudflareError {
    CloudflareError::Unreadable { doing, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_and_hold_no_secret() {
        let token = Secret::new("cf-token");
        let of = |status: u16, error: Value| refusal("do it", StatusCode::from_u16(status).unwrap(), &error, &[&token]);
        let leaking = of(400, json!({"code": 10_021, "message": "bad \u{1b}value cf-token"}));
        assert_eq!(leaking.to_string(), "Cloudflare does not do it: bad value … (code 10021)");
        for (status, code) in [(403, 10_000), (400, 6_003), (401, 1)] {
            let denied = of(status, json!({"code": code, "message": "no"}));
            assert!(matches!(denied, CloudflareError::Unauthorized { .. }) && denied.is_refusal(), "{code}");
            assert!(denied.hint().contains("Workers Scripts"));
        }
        assert!(of(404, json!({"code": 10_007, "message": "no such"})).is_missing());
        let elsewhere = of(404, json!({"code": 7_003, "message": "could not route"}));
        assert!(!elsewhere.is_missing() && elsewhere.hint().contains("CLOUDFLARE_ACCOUNT_ID"));
        let broken = of(502, Value::Null);
        assert!(!broken.is_refusal() && broken.to_string().contains("502"), "{broken}");
    }
}
