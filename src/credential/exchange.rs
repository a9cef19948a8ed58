//! The calls that turn a refresh token, or a sign-in's custom token, into a bearer (`WARP-PROTOCOL.md` §5.4).
//!
//! Two addresses are tried in turn: Google's token service, then the upstream's own proxy of it; of an upstream other
//! than Warp's own only that upstream's. It must not know whose token it is or who waits for it.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::{
    credential::{
        Clock, CredentialError,
        token::{Life, fits_a_header},
    },
    secret::Secret,
    service::{self, Address},
};

/// The token services that Warp's sign-in stands on.
const GOOGLE_REFRESH: &str = "https://securetoken.googleapis.com/v1/token";
const GOOGLE_CUSTOM: &str = "https://identitytoolkit.googleapis.com/v1/accounts:signInWithCustomToken";

/// Warp's public web key, the same in every client (`WARP-PROTOCOL.md` §1.1): it names the project and opens nothing.
const WEB_KEY: &str = "AIzaSyBdy3O3S9hrdayLJxJ7mriBR4qgUaUygAs";

const PRIMARY_TIMEOUT: Duration = Duration::from_secs(5);
const FALLBACK_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// More than any answer of a token service needs.
const LARGEST_ANSWER: usize = 256 * 1024;

/// What an exchange yields.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The bearer.
    pub(crate) id: Secret,
    /// The refresh token for the next time, when the service sent one.
    pub(crate) refresh: Option<Secret>,
    /// How long the bearer lives.
    pub(crate) life: Life,
}

/// Why an exchange yields nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExchangeError {
    /// The refresh token will never work again.
    Dead {
        /// The service's word for it.
        code: String,
    },
    /// The account is disabled or deleted.
    Disabled {
        /// The service's word for it.
        code: String,
    },
    /// It may work another time.
    Passing {
        /// What happened.
        reason: String,
    },
}

/// Makes exchanges.
pub(crate) struct Exchange {
    client: Client,
    /// Where refresh tokens are exchanged.
    refreshing: Vec<Endpoint>,
    /// Where custom tokens are exchanged.
    signing_in: Vec<Endpoint>,
    clock: Clock,
}

#[derive(Debug, PartialEq, Eq)]
struct Endpoint {
    url: String,
    timeout: Duration,
}

impl Exchange {
    /// An exchange with the services that the upstream at `address` uses.
    pub(crate) fn new(address: &Address, clock: Clock) -> Result<Self, CredentialError> {
        let client =
            client(address).map_err(|error| CredentialError::Client { reason: error.without_url().to_string() })?;
        let refreshing = endpoints(address, GOOGLE_REFRESH, "/proxy/token");
        let signing_in = endpoints(address, GOOGLE_CUSTOM, "/proxy/customToken");
        Ok(Self { client, refreshing, signing_in, clock })
    }

    /// Exchanges a refresh token.
    pub(crate) async fn refresh(&self, refresh: &Secret) -> Result<Tokens, ExchangeError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
        self.ask_all(&self.refreshing, &form, refresh).await
    }

    /// Exchanges the custom token of a sign-in.
    pub(crate) async fn sign_in(&self, custom: &Secret) -> Result<Tokens, ExchangeError> {
        let form = [("returnSecureToken", "true"), ("token", custom.expose())];
        self.ask_all(&self.signing_in, &form, custom).await
    }

    async fn ask_all(
        &self,
        endpoints: &[Endpoint],
        form: &[(&str, &str)],
        secret: &Secret,
    ) -> Result<Tokens, ExchangeError> {
        let mut failure = passing("no token service is known");
        for endpoint in endpoints {
            match self.ask(endpoint, form, secret).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => failure = weightier(failure, error),
            }
        }
        Err(failure)
    }

    async fn ask(&self, endpoint: &Endpoint, form: &[(&str, &str)], secret: &Secret) -> Result<Tokens, ExchangeError> {
        let request = self.client.post(&endpoint.url).timeout(endpoint.timeout).form(form);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = service::read_limited(response, LARGEST_ANSWER).await.map_err(unreachable)?;
        let body = body.ok_or_else(|| passing("the token service's answer is too large"))?;
        let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() { self.tokens(&answer) } else { Err(refusal(status, &answer, secret)) }
    }

    fn tokens(&self, answer: &Value) -> Result<Tokens, ExchangeError> {
        let text = |names: [&str; 2]| names.iter().find_map(|name| answer[*name].as_str()).map(Secret::new);
        let id = text(["id_token", "idToken"]).or_else(|| text(["access_token", "accessToken"]));
        let usable = |token: &Secret| !token.is_empty() && fits_a_header(token);
        let id = id.filter(usable).ok_or_else(|| passing("the token service's answer holds no token"))?;
        let life = match seconds(answer) {
            Some(seconds) => Life::lasting((self.clock)(), seconds),
            None => Life::of_jwt(&id),
        };
        Ok(Tokens { id, refresh: text(["refresh_token", "refreshToken"]).filter(usable), life })
    }
}

/// Where refresh tokens of the service at `address` are exchanged, in the order in which to ask.
pub(crate) fn refresh_urls(address: &Address) -> Vec<String> {
    endpoints(address, GOOGLE_REFRESH, "/proxy/token").into_iter().map(|endpoint| endpoint.url).collect()
}

/// The client for token services, which are quick or of no use.
fn client(address: &Address) -> reqwest::Result<Client> {
    service::builder(address)?.connect_timeout(CONNECT_TIMEOUT.min(address.connect_timeout)).build()
}

fn endpoints(address: &Address, google: &str, path: &str) -> Vec<Endpoint> {
    let proxy = Endpoint { url: format!("{}{path}?key={WEB_KEY}", address.root), timeout: FALLBACK_TIMEOUT };
    if !address.official {
        return vec![proxy];
    }
    vec![Endpoint { url: format!("{google}?key={WEB_KEY}"), timeout: PRIMARY_TIMEOUT }, proxy]
}

/// Of two failures the one that says more: a final verdict stands against a passing trouble, else the later one counts.
fn weightier(earlier: ExchangeError, later: ExchangeError) -> ExchangeError {
    match (&earlier, &later) {
        (ExchangeError::Dead { .. } | ExchangeError::Disabled { .. }, ExchangeError::Passing { .. }) => earlier,
        (ExchangeError::Dead { .. } | ExchangeError::Disabled { .. } | ExchangeError::Passing { .. }, _) => later,
    }
}

/// The time to live, which comes as a string or as a number.
fn seconds(answer: &Value) -> Option<u64> {
    let given = ["expires_in", "expiresIn"].iter().map(|name| &answer[*name]).find(|value| !value.is_null())?;
    given.as_u64().or_else(|| given.as_str()?.trim().parse().ok())
}

/// What a refusal means for the token (the table of `WARP-PROTOCOL.md` §5.4).
fn refusal(status: StatusCode, answer: &Value, secret: &Secret) -> ExchangeError {
    let error = &answer["error"];
    let message = error["message"].as_str().or_else(|| error.as_str()).unwrap_or_default();
    // Some answers put a sentence behind the code: `USER_DISABLED : The account …`.
    let code = message.split([' ', ':']).next().unwrap_or_default().to_owned();
    match code.as_str() {
        "TOKEN_EXPIRED" | "INVALID_REFRESH_TOKEN" | "MISSING_REFRESH_TOKEN" | "INVALID_CUSTOM_TOKEN" => {
            ExchangeError::Dead { code }
        }
        "USER_DISABLED" | "USER_NOT_FOUND" => ExchangeError::Disabled { code },
        _ if message.is_empty() => passing(&format!("the token service answered {status}")),
        _ => {
            let shown: String = message.replace(secret.expose(), "…").chars().take(120).collect();
            passing(&format!("the token service answered {status}: {}", shown.escape_debug()))
        }
    }
}

fn unreachable(error: reqwest::Error) -> ExchangeError {
    passing(&format!("the token service: {}", service::reasons(&error)))
}

fn passing(reason: &str) -> ExchangeError {
    ExchangeError::Passing { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::SystemTime};

    use axum::{Router, http::header, routing::post};
    use tokio::{net::TcpListener, task::JoinSet};

    use super::*;

    const GOOD: &str = r#"{"id_token":"id-1","expires_in":"3600"}"#;

    fn address(root: &str, official: bool) -> Address {
        Address { official, ..Address::new(root) }
    }

    #[test]
    fn google_is_asked_for_the_official_upstream_only() {
        let urls = |address| {
            let endpoints = endpoints(&address, GOOGLE_REFRESH, "/proxy/token");
            endpoints.into_iter().map(|endpoint| endpoint.url).collect::<Vec<_>>()
        };
        assert_eq!(
            urls(address("https://app.warp.dev", true)),
            [format!("{GOOGLE_REFRESH}?key={WEB_KEY}"), format!("https://app.warp.dev/proxy/token?key={WEB_KEY}")]
        );
        assert_eq!(urls(address("http://[::1]:9/", false)), [format!("http://[::1]:9/proxy/token?key={WEB_KEY}")]);
        let official = endpoints(&address("https://app.warp.dev", true), GOOGLE_CUSTOM, "/proxy/customToken");
        assert_eq!((official[0].timeout, official[0].url.starts_with(GOOGLE_CUSTOM)), (Duration::from_secs(5), true));
    }

    /// Exchanges with one service at `/a` and one at `/b`, each answering as told. `None` never answers.
    async fn exchanged(first: Option<(u16, &'static str)>, second: Option<(u16, &'static str)>) -> String {
        let route = |plan: Option<(u16, &'static str)>| {
            post(move || async move {
                let Some((status, body)) = plan else { std::future::pending().await };
                (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, "/elsewhere")], body)
            })
        };
        let elsewhere = post(async || r#"{"id_token":"stolen"}"#);
        let app = Router::new().route("/a", route(first)).route("/b", route(second)).route("/elsewhere", elsewhere);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let timeout = Duration::from_millis(500);
        let endpoints = ["a", "b"].map(|path| Endpoint { url: format!("{root}/{path}"), timeout }).into();
        let client = client(&address(&root, false)).unwrap();
        let exchange =
            Exchange { client, refreshing: endpoints, signing_in: Vec::new(), clock: Arc::new(SystemTime::now) };
        match exchange.refresh(&Secret::new("refresh")).await {
            Ok(tokens) => tokens.id.expose().to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[tokio::test]
    async fn any_failure_of_the_first_service_leads_to_the_second() {
        for first in [Some((500, "")), Some((400, r#"{"error":{"message":"TOKEN_EXPIRED"}}"#)), Some((200, "")), None] {
            assert_eq!(exchanged(first, Some((200, GOOD))).await, "id-1", "{first:?}");
        }
        assert_eq!(exchanged(Some((200, GOOD)), None).await, "id-1");
    }

    #[tokio::test]
    async fn a_verdict_stands_against_silence_and_a_later_verdict_counts() {
        let dead = Some((400, r#"{"error":{"message":"TOKEN_EXPIRED"}}"#));
        let disabled = Some((400, r#"{"error":{"message":"USER_DISABLED"}}"#));
        assert_eq!(exchanged(dead, None).await, r#"Dead { code: "TOKEN_EXPIRED" }"#);
        assert_eq!(exchanged(dead, disabled).await, r#"Disabled { code: "USER_DISABLED" }"#);
        assert!(exchanged(None, None).await.contains("no answer in time"));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_with_the_token() {
        assert_eq!(exchanged(Some((307, "")), Some((200, GOOD))).await, "id-1");
    }
}
