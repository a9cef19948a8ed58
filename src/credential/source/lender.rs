//! Calls to those who lend accounts: JSON over HTTP, with a key of ours.
//!
//! It must not know what is asked, nor what a lender's answer means.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode, Url};
use serde_json::Value;

use crate::{
    credential::{CredentialError, token::fits_a_header},
    secret::Secret,
    service::{self, Address},
};

/// More than any answer needs.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Whom to ask, as the settings name it.
#[derive(Debug, Clone)]
pub(super) struct Lender {
    /// What a person calls it: `pool service`.
    pub(super) who: &'static str,
    /// The setting that holds its root.
    pub(super) setting: &'static str,
    /// The setting that holds the key.
    pub(super) key_setting: &'static str,
}

/// Asks one lender.
pub(super) struct Caller {
    lender: Lender,
    client: Client,
    root: String,
    key: Option<Secret>,
}

impl Caller {
    /// A caller of the lender at `root`, which is connected to as the service at `address` is.
    pub(super) fn new(
        lender: Lender,
        root: &str,
        key: Option<Secret>,
        address: &Address,
    ) -> Result<Self, CredentialError> {
        let malformed = |setting: &str, problem| CredentialError::Malformed { account: setting.to_owned(), problem };
        let url = Url::parse(root.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.filter(|url| url.has_host() && url.query().is_none() && url.fragment().is_none());
        let url =
            url.ok_or_else(|| malformed(lender.setting, "must be the root of a service, such as https://HOST"))?;
        let key = key.filter(|key| !key.is_empty());
        if key.as_ref().is_some_and(|key| !fits_a_header(key)) {
            return Err(malformed(lender.key_setting, "holds white space or characters that no key has"));
        }
        let root = url.as_str().trim_end_matches('/').to_owned();
        let own = Address { official: false, http2_prior_knowledge: false, ..address.clone() };
        let client = service::builder(&Address { root: root.clone(), ..own }).and_then(reqwest::ClientBuilder::build);
        let client = client.map_err(|error| CredentialError::Client { reason: error.without_url().to_string() })?;
        Ok(Self { lender, client, root, key })
    }

    /// Where the lender is.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Asks, and reads whatever JSON comes back; null where it is none.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        patience: Duration,
    ) -> Result<(StatusCode, Value), CredentialError> {
        let mut request = self.client.request(method, format!("{}{path}", self.root)).timeout(patience);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| self.error(&service::reasons(&error), Trouble::Passing);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = service::read_limited(response, LARGEST_ANSWER).await.map_err(unreachable)?;
        let body = body.ok_or_else(|| self.error("its answer is too large", Trouble::Strange))?;
        let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let reason = format!("it does not accept {}", self.lender.key_setting);
                Err(self.error(&reason, Trouble::Key))
            }
            status => Ok((status, answer)),
        }
    }

    /// That no account is lent, and why.
    pub(super) fn error(&self, reason: &str, trouble: Trouble) -> CredentialError {
        let reason = match &self.key {
            Some(key) => reason.replace(key.expose(), "…"),
            None => reason.to_owned(),
        };
        CredentialError::NotLent { lender: self.lender.who, reason, hint: trouble.hint(), passing: trouble.passes() }
    }

    /// An answer with a status that means failure, in the lender's words where it has any.
    pub(super) fn refused(&self, status: StatusCode, answer: &Value) -> CredentialError {
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            let reason = format!("there is no {} at its address ({status})", self.lender.who);
            return self.error(&reason, Trouble::Strange);
        }
        let said = ["message", "error", "detail"]
            .iter()
            .find_map(|name| answer[*name].as_str().or_else(|| answer[*name]["message"].as_str()));
        let reason = match said {
            Some(said) => format!("it answered {status}: {}", shown(said)),
            None => format!("it answered {status}"),
        };
        let passes = status.is_server_error() || status.is_success() || status == StatusCode::TOO_MANY_REQUESTS;
        self.error(&reason, if passes { Trouble::Empty } else { Trouble::Strange })
    }
}

/// What kind of trouble there is with a lender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It cannot be reached.
    Passing,
    /// It has none to lend.
    Empty,
    /// It does not know us.
    Key,
    /// It is not what we take it for.
    Strange,
}

impl Trouble {
    fn passes(self) -> bool {
        matches!(self, Self::Passing | Self::Empty)
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Passing => "check that it runs and that its address is right; check the network and any proxy",
            Self::Empty => "wait until it has an account to lend, or give it more",
            Self::Key => "ask whoever runs it for the key",
            Self::Strange => "check its address, and that it and warp2api are of versions that fit",
        }
    }
}

/// A lender's own words, cut to a line and free of control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(160).collect()
}
