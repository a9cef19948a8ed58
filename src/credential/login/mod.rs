//! Signing in: a person's device flow (`WARP-PROTOCOL.md` §5.3), and the check of a key or a session that the user has
//! already.
//!
//! In reading order: `device` is the flow's calls, `polling` when the next one is due, `error` why it ends badly. It must
//! not know a terminal, nor where the result is kept. What is under way is cancelled by dropping it.

use reqwest::Client;

use crate::{
    credential::{
        Clock, Principal,
        exchange::{Exchange, Tokens},
        token::{Life, api_key, fits_a_header, looks_like_a_jwt},
        whoami::whoami,
    },
    secret::Secret,
    service::{self, Address, GraphqlError},
};

mod device;
mod error;
mod polling;

pub use device::Device;
pub use error::LoginError;
pub use polling::{RealTime, Timer};

/// A session that a sign-in or an exchange yielded.
#[derive(Debug, Clone)]
pub struct Session {
    /// What the next exchange is made with. It must be kept before `id` is first used, for then the one before it ends.
    pub refresh: Secret,
    /// The bearer.
    pub id: Secret,
    /// The bearer's life.
    pub(crate) life: Life,
}

impl Session {
    /// When the bearer ends, in RFC 3339, where known.
    #[must_use]
    pub fn expires(&self) -> Option<String> {
        self.life.end()
    }
}

/// A session, and who it speaks for.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Its account.
    pub principal: Principal,
}

/// Signs in at one service.
pub struct Login {
    client: Client,
    address: Address,
    exchange: Exchange,
}

impl Login {
    /// Sign-ins at the service at `address`.
    ///
    /// # Errors
    /// When the extra certificates are not PEM.
    pub fn new(address: &Address, clock: Clock) -> Result<Self, LoginError> {
        let client = service::builder(address).and_then(reqwest::ClientBuilder::build);
        let client = client.map_err(|error| LoginError::Client { reason: error.without_url().to_string() })?;
        let exchange =
            Exchange::new(address, clock).map_err(|error| LoginError::Client { reason: error.to_string() })?;
        Ok(Self { client, address: address.clone(), exchange })
    }

    /// Begins the device flow: what the user must open and confirm.
    ///
    /// # Errors
    /// When the service cannot be asked or does not offer it.
    pub async fn start(&self) -> Result<Device, LoginError> {
        device::start(&self.client, &self.address.root).await
    }

    /// Waits until the user has confirmed the device, and signs in.
    ///
    /// # Errors
    /// When the user refuses or takes too long, or the service does not grant the session.
    pub async fn finish(&self, device: &Device, timer: &dyn Timer) -> Result<SignedIn, LoginError> {
        let custom = device::wait(&self.client, &self.address.root, device, timer).await?;
        let session = session(self.exchange.sign_in(&custom).await?, None)?;
        let principal = self.identify(&session.id).await?;
        Ok(SignedIn { session, principal })
    }

    /// Checks a session by an exchange of its refresh token, which may end that token: `keep` is given the new session
    /// to write down before it is first used.
    ///
    /// # Errors
    /// When the session has ended, the service cannot be asked, or `keep` fails, with the reason it gives.
    pub async fn check_refresh(
        &self,
        refresh: &Secret,
        keep: impl AsyncFnOnce(&Session) -> Result<(), String>,
    ) -> Result<SignedIn, LoginError> {
        if refresh.is_empty() || !fits_a_header(refresh) {
            return Err(LoginError::Malformed { what: "a refresh token" });
        }
        let session = session(self.exchange.refresh(refresh).await?, Some(refresh))?;
        keep(&session).await.map_err(|reason| LoginError::NotKept { reason })?;
        let principal = self.identify(&session.id).await?;
        Ok(SignedIn { session, principal })
    }

    /// Checks an API key, with or without its prefix; returns it with the prefix, and whose it is.
    ///
    /// # Errors
    /// When the service refuses the key or cannot be asked.
    pub async fn check_key(&self, text: &Secret) -> Result<(Secret, Principal), LoginError> {
        if text.is_empty() || !fits_a_header(text) || looks_like_a_jwt(text) {
            return Err(LoginError::Malformed { what: "an API key" });
        }
        let key = api_key(text);
        let principal = self.identify(&key).await?;
        Ok((key, principal))
    }

    /// Who `bearer` speaks for.
    ///
    /// # Errors
    /// When the service refuses the bearer or cannot be asked.
    pub async fn identify(&self, bearer: &Secret) -> Result<Principal, LoginError> {
        whoami(&self.client, &self.address, bearer).await.map_err(|error| match error {
            GraphqlError::Unauthorized { .. } | GraphqlError::Status { status: 403, .. } => LoginError::NotAccepted,
            // The service's words for an account that is no more (`WARP-PROTOCOL.md` §5.4).
            GraphqlError::Refused { message, .. } if message.contains("User not in context") => {
                LoginError::Disabled { code: message }
            }
            GraphqlError::Refused { .. }
            | GraphqlError::Status { .. }
            | GraphqlError::Unreachable { .. }
            | GraphqlError::Unreadable { .. } => LoginError::Unavailable { reason: error.to_string() },
        })
    }
}

/// The session of an exchange; one that yields no refresh token leaves `before` in force.
fn session(tokens: Tokens, before: Option<&Secret>) -> Result<Session, LoginError> {
    let refresh = tokens.refresh.or_else(|| before.cloned());
    let refresh =
        refresh.ok_or_else(|| LoginError::Unavailable { reason: "the sign-in brought no refresh token".to_owned() })?;
    Ok(Session { refresh, id: tokens.id, life: tokens.life })
}
