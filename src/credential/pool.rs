//! What lends bearers out. One account for now: the user's own.
//!
//! It must not know where credentials come from or what a bearer is used for.

use std::{fmt, sync::Arc, time::SystemTime};

use tokio_util::task::TaskTracker;

use crate::credential::{Clock, Config, CredentialError, Lease, Status, slot::Slot, source};

/// Lends out the bearers of the accounts that the user has.
pub struct Pool {
    slot: Arc<Slot>,
    /// Owns the renewals under way. They outlive whoever asked for them: a refresh token that the service has already
    /// replaced must not be lost because a client hung up.
    renewals: TaskTracker,
}

impl Pool {
    /// The pool of what `config` gives. No call is made yet.
    ///
    /// # Errors
    /// When nothing is configured, or what is configured cannot be a credential.
    pub fn from_config(config: Config) -> Result<Self, CredentialError> {
        Self::with_clock(&config, Arc::new(SystemTime::now))
    }

    /// The same, with a clock of the caller's.
    ///
    /// # Errors
    /// As [`Pool::from_config`].
    pub fn with_clock(config: &Config, clock: Clock) -> Result<Self, CredentialError> {
        let sources = source::from_config(config, &clock)?;
        let account =
            sources.iter().flat_map(|source| source.at_hand()).next().ok_or(CredentialError::NoneConfigured)?;
        Ok(Self { slot: Arc::new(Slot::new(account, clock)), renewals: TaskTracker::new() })
    }

    /// Lends a bearer, renewing it first when its end is near. While the old one still lives, a renewal that fails
    /// stops nobody.
    ///
    /// # Errors
    /// When there is no bearer that lives and none can be had.
    pub async fn lease(&self) -> Result<Lease, CredentialError> {
        let attempts = self.slot.attempts();
        if let Some(lease) = self.slot.ready() {
            return Ok(lease);
        }
        let renewed = self.renewal(attempts).await;
        match self.slot.usable() {
            Some(lease) => Ok(lease),
            None => Err(renewed.err().unwrap_or_else(|| self.unavailable("the new token has already expired"))),
        }
    }

    /// Lends another bearer in place of one that the upstream refused. Everyone who was refused the same bearer waits
    /// for the same renewal.
    ///
    /// # Errors
    /// When the credential cannot be renewed.
    pub async fn renew(&self, refused: &Lease) -> Result<Lease, CredentialError> {
        let attempts = self.slot.attempts();
        if self.slot.generation() == refused.generation() {
            let renewed = self.renewal(attempts).await;
            renewed.inspect_err(|_| self.slot.give_up(refused.generation()))?;
        }
        self.slot.usable().ok_or_else(|| self.unavailable("the new token has already expired"))
    }

    /// The credential's kind and name, for a person to read.
    #[must_use]
    pub fn describe(&self) -> String {
        let status = self.slot.status();
        let ending = status.expires.map_or_else(String::new, |end| format!(", good until {end}"));
        format!("{} ({}){ending}", status.kind.name(), status.account)
    }

    /// How the account stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.slot.status()
    }

    async fn renewal(&self, attempts: u64) -> Result<(), CredentialError> {
        let slot = Arc::clone(&self.slot);
        let task = self.renewals.spawn(async move { slot.renew(attempts).await });
        task.await.unwrap_or_else(|_| Err(self.unavailable("the renewal was stopped")))
    }

    fn unavailable(&self, reason: &str) -> CredentialError {
        CredentialError::Unavailable { account: self.slot.account().to_owned(), reason: reason.to_owned() }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("accounts", &self.describe()).finish_non_exhaustive()
    }
}
