//! The broker that a user can deploy: a small Cloudflare Worker (`worker.js`) that hands out short-lived tokens of the
//! user's own sessions to whoever has its key. Here it is put up, looked at and taken down.
//!
//! In reading order: `upload` is what is put up, `cloudflare` the API that takes it, `error` what can go wrong. It must
//! not know how a caller uses the tokens: that is a source of credentials. Nothing but tokens goes through the Worker.
//!
//! # What a refresh token in a Worker means
//! The Worker signs in with the very session that was deployed; no second one can be made without the user. A Worker
//! cannot rewrite its secrets, so a token service that gives a new refresh token at each exchange *and* refuses the old
//! one would end the session with the first place that has renewed it. Google's, which Warp uses, goes on to accept the
//! old one, as far as is known. Should an account be told dead for this reason, deploying again gives the Worker the
//! session's present token.
//!
//! An API key is not handed out: it does not end by itself, so it could not be lent, only given away.

use std::time::Duration;

use crate::{
    credential::exchange,
    secret::Secret,
    service::{Address, is_loopback},
};

mod cloudflare;
mod error;
mod upload;

pub use cloudflare::CloudflareError;
pub use error::BrokerError;

use cloudflare::Cloudflare;
use upload::{Key, Upload};

/// The root of Cloudflare's API.
pub const CLOUDFLARE_API: &str = "https://api.cloudflare.com/client/v4";

/// The name of the Worker unless the user gives another.
pub const DEFAULT_NAME: &str = "warp2api-broker";

/// Sessions that one Worker can try in one request: Cloudflare's smallest plan allows a request 50 calls of its own, and
/// a session can take two.
pub const MOST_SESSIONS: usize = 20;

/// Where the Worker goes, and with whose permission.
#[derive(Debug, Clone)]
pub struct Config {
    /// The root of Cloudflare's API.
    pub api_root: String,
    /// A token that may edit the account's Workers.
    pub api_token: Secret,
    /// The account, 32 hexadecimal digits.
    pub account_id: String,
    /// The Worker's name.
    pub name: String,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// Certificates in PEM form to trust besides the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
}

/// A session to hand out tokens of.
#[derive(Debug, Clone)]
pub struct Session {
    /// What callers hear of it.
    pub name: String,
    /// Its refresh token.
    pub refresh: Secret,
}

/// What a deployment has led to.
#[derive(Debug)]
pub struct Deployed {
    /// Where the broker is.
    pub url: String,
    /// Its key, if it is a new one. An older one is known only to those who have it.
    pub key: Option<Secret>,
    /// True when there was none of its name before.
    pub created: bool,
}

/// How a deployed broker stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub url: String,
    /// Whether it can be reached there.
    pub enabled: bool,
    /// The sessions that it has.
    pub accounts: Vec<String>,
    /// Where it exchanges their refresh tokens.
    pub token_urls: Vec<String>,
}

/// One Worker in one Cloudflare account.
#[derive(Debug)]
pub struct Broker {
    cloudflare: Cloudflare,
    name: String,
}

impl Broker {
    /// The Worker that `config` names, deployed or not.
    ///
    /// # Errors
    /// When it cannot have that name, or no HTTP client can be made.
    pub fn new(config: &Config) -> Result<Self, BrokerError> {
        if !is_host_label(&config.name) {
            return Err(BrokerError::BadName { name: config.name.clone() });
        }
        Ok(Self { cloudflare: Cloudflare::new(config)?, name: config.name.clone() })
    }

    /// Puts the Worker up with `sessions` and no others, to exchange their refresh tokens at the service at `address`.
    /// It gets a new key if it is new or `new_key` says so, else keeps the one it has.
    ///
    /// # Errors
    /// When it cannot be done. A Worker that was made on the way is taken down again.
    pub async fn deploy(
        &self,
        sessions: &[Session],
        address: &Address,
        new_key: bool,
    ) -> Result<Deployed, BrokerError> {
        check(sessions)?;
        let token_urls = token_urls(address)?;
        let url = self.url().await?;
        let created = self.own().await?.is_none();
        let key = (created || new_key).then(generate_key);
        let upload = Upload { sessions, token_urls, key: key.as_ref().map_or(Key::Kept, Key::New) };
        if created {
            self.create(&upload).await?
        } else {
            self.replace(&upload).await?
        }
        Ok(Deployed { url, key, created })
    }

    /// How the Worker stands.
    ///
    /// # Errors
    /// When there is none, or it cannot be told.
    pub async fn status(&self) -> Result<Standing, BrokerError> {
        let found = self.own().await?.ok_or_else(|| BrokerError::NotDeployed { name: self.name.clone() })?;
        let (url, enabled) = (self.url().await?, self.cloudflare.is_enabled(&self.name).await?);
        Ok(Standing { url, enabled, accounts: found.accounts, token_urls: found.token_urls })
    }

    /// Takes the Worker down, with its secrets and its address. Returns false when there was none.
    ///
    /// # Errors
    /// When it cannot be done.
    pub async fn remove(&self) -> Result<bool, BrokerError> {
        if self.own().await?.is_none() {
            return Ok(false);
        }
        Ok(self.cloudflare.delete(&self.name).await?)
    }

    async fn url(&self) -> Result<String, BrokerError> {
        let subdomain = self.cloudflare.subdomain().await?.ok_or(BrokerError::NoSubdomain)?;
        Ok(format!("https://{}.{subdomain}.workers.dev", self.name))
    }

    /// What the Worker of this name says of itself; `None` when there is none. One that is not a broker is nobody's to
    /// replace or remove.
    async fn own(&self) -> Result<Option<upload::Found>, BrokerError> {
        let Some(bindings) = self.cloudflare.bindings(&self.name).await? else { return Ok(None) };
        let foreign = || BrokerError::Foreign { name: self.name.clone() };
        upload::read(&bindings).ok_or_else(foreign).map(Some)
    }

    /// Puts up a Worker that was not there. It is reachable only at the end, when all is well with it.
    async fn create(&self, upload: &Upload<'_>) -> Result<(), BrokerError> {
        let made = match self.cloudflare.upload(&self.name, upload).await {
            Ok(()) => self.cloudflare.enable(&self.name).await,
            // A refusal has made nothing; of anything else nobody knows.
            Err(error) if error.is_refusal() => return Err(error.into()),
            Err(error) => Err(error),
        };
        let Err(cause) = made else { return Ok(()) };
        match self.cloudflare.delete(&self.name).await {
            Ok(_) => Err(cause.into()),
            Err(failure) => Err(BrokerError::LeftBehind { name: self.name.clone(), cause, failure: failure.into() }),
        }
    }

    /// Replaces a Worker. The upload comes last, so that a failure before it leaves the old key and sessions in force.
    async fn replace(&self, upload: &Upload<'_>) -> Result<(), BrokerError> {
        self.cloudflare.enable(&self.name).await?;
        Ok(self.cloudflare.upload(&self.name, upload).await?)
    }
}

fn check(sessions: &[Session]) -> Result<(), BrokerError> {
    match sessions.len() {
        0 => Err(BrokerError::NoSession),
        count if count > MOST_SESSIONS => Err(BrokerError::TooManySessions { count }),
        _ => Ok(()),
    }
}

/// Where refresh tokens for the service at `address` are exchanged. They do not travel unencrypted, but for a service on
/// the same machine.
fn token_urls(address: &Address) -> Result<Vec<String>, BrokerError> {
    if !address.root.starts_with("https://") && !is_loopback(&address.root) {
        return Err(BrokerError::Unencrypted { root: address.root.clone() });
    }
    Ok(exchange::refresh_urls(address))
}

/// Whether `name` can stand in a host name, as a Worker's must.
fn is_host_label(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}

/// A key that nobody can guess: two random UUIDs hold 244 bits from the system's generator.
fn generate_key() -> Secret {
    let half = || uuid::Uuid::new_v4().simple();
    Secret::new(&format!("broker-{}{}", half(), half()))
}

#[cfg(test)]
mod tests {
    use super::{Address, BrokerError, generate_key, is_host_label, token_urls};

    #[test]
    fn a_name_is_part_of_a_host_name() {
        for name in ["warp2api-broker", "a", "0", &"x".repeat(63)] {
            assert!(is_host_label(name), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a.b", "a_b", "a/b", "ä", &"x".repeat(64)] {
            assert!(!is_host_label(name), "{name}");
        }
    }

    #[test]
    fn refresh_tokens_are_not_sent_in_the_clear() {
        let refused = token_urls(&Address::new("http://warp.example")).unwrap_err();
        assert_eq!(refused, BrokerError::Unencrypted { root: "http://warp.example".to_owned() });
        assert_eq!(token_urls(&Address::new("http://127.0.0.1:9")).unwrap().len(), 1);
        let official = Address { official: true, ..Address::new("https://app.warp.dev") };
        assert_eq!(token_urls(&official).unwrap().len(), 2);
    }

    #[test]
    fn no_two_keys_are_the_same() {
        let (one, other) = (generate_key(), generate_key());
        assert!(one != other && one.expose().len() == "broker-".len() + 64);
    }
}
