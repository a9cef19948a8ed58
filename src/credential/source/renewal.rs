//! How a session at rest is renewed, by any number of processes at once, so that no instant loses it.
//!
//! One process at a time renews a session, under a lock that the system frees when its holder ends. Whoever gets the
//! lock first looks whether another has renewed in the meantime. A new refresh token is on the disk before anybody gets
//! the bearer that came with it: until that bearer is used, the old token still works, so whoever is ended in between
//! can begin again. It must not know which kind of account the session belongs to.

use std::time::Duration;

use crate::{
    credential::{
        Clock, CredentialError,
        exchange::{Exchange, ExchangeError},
        store::{Session, Store, StoreError},
        token::Credential,
    },
    secret::Secret,
};

/// How long another process may take to renew: longer than an exchange takes at most.
const PATIENCE: Duration = Duration::from_secs(45);

/// Renews one session of the store.
pub(super) struct Renewal {
    store: Store,
    id: String,
    exchange: Exchange,
    clock: Clock,
}

/// Why a session has no new bearer.
pub(super) enum RenewalError {
    /// It is not in the store any more.
    Gone,
    /// It has ended before, as the service spelt it.
    Ended(String),
    /// The service does not exchange its refresh token, which it had at that generation.
    Exchange(ExchangeError, u32),
    /// The store cannot be used.
    Store(StoreError),
}

impl From<StoreError> for RenewalError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Renewal {
    pub(super) fn new(store: Store, id: String, exchange: Exchange, clock: Clock) -> Self {
        Self { store, id, exchange, clock }
    }

    /// The credential at rest, if there is a bearer with it.
    pub(super) fn at_hand(&self) -> Option<Credential> {
        match self.store.session(&self.id) {
            Ok(session) => session.and_then(credential),
            Err(error) => {
                tracing::warn!(%error, "a stored session cannot be read");
                None
            }
        }
    }

    /// A credential in place of the one whose bearer is `held`.
    pub(super) async fn renew(&self, held: Option<&Secret>) -> Result<Credential, RenewalError> {
        let _alone = self.store.lock(&format!("renewal/{}", self.id), PATIENCE).await?;
        let session = self.read().await?;
        if let Some(code) = session.ended {
            return Err(RenewalError::Ended(code));
        }
        if let Some(renewed) = self.another(&session, held) {
            return Ok(renewed);
        }
        let generation = session.generation;
        let exchanged = self.exchange.refresh(&session.secret).await;
        let tokens = exchanged.map_err(|error| RenewalError::Exchange(error, generation))?;
        let (id, bearer) = (self.id.clone(), tokens.id.clone());
        let is_kept = self.store.run(move |store| store.renewed(&id, generation, &tokens)).await?;
        let session = self.read().await?;
        if !is_kept {
            // It was signed in anew while this went on, without the lock, and what that left is newer.
            tracing::info!("a session was signed in anew while it was renewed");
            return self.another(&session, Some(&bearer)).ok_or(RenewalError::Gone);
        }
        credential(session).ok_or(RenewalError::Gone)
    }

    /// Notes that the session has ended at `generation`.
    pub(super) async fn ended(&self, generation: u32, code: &str) {
        let (id, code) = (self.id.clone(), code.to_owned());
        if let Err(error) = self.store.run(move |store| store.ended(&id, generation, &code)).await {
            tracing::warn!(%error, "that a session has ended cannot be noted");
        }
    }

    async fn read(&self) -> Result<Session, RenewalError> {
        let id = self.id.clone();
        self.store.run(move |store| store.session(&id)).await?.ok_or(RenewalError::Gone)
    }

    /// The credential at rest, when it is another than the one `held` and good for a while.
    fn another(&self, session: &Session, held: Option<&Secret>) -> Option<Credential> {
        let now = (self.clock)();
        let (bearer, life) = session.bearer.as_ref()?;
        let is_good = held != Some(bearer) && !life.is_due(now) && !life.is_over(now);
        is_good.then(|| credential(session.clone()))?
    }
}

impl RenewalError {
    /// What it means for `account`.
    pub(super) fn of(self, account: &str) -> CredentialError {
        let account = account.to_owned();
        match self {
            Self::Gone => {
                CredentialError::Unavailable { account, reason: "it is not in the store any more".to_owned() }
            }
            Self::Ended(code) | Self::Exchange(ExchangeError::Dead { code }, _) => {
                CredentialError::SignInNeeded { account, code }
            }
            Self::Exchange(ExchangeError::Disabled { code }, _) => CredentialError::Disabled { account, code },
            Self::Exchange(ExchangeError::Passing { reason }, _) => CredentialError::Unavailable { account, reason },
            Self::Store(error) => CredentialError::Unavailable { account, reason: error.to_string() },
        }
    }
}

fn credential(session: Session) -> Option<Credential> {
    let (id, life) = session.bearer?;
    Some(Credential::Session { refresh: session.secret, id, life })
}
