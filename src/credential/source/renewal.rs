//! How a session at rest is renewed, by any number of processes at once, so that no instant loses it.
//!
//! One process at a time renews a session, under a lock that the system frees when its holder ends. Whoever gets the
//! lock first looks whether another has renewed in the meantime. A new refresh token is on the disk before anybody gets
//! the bearer that came with it: until that bearer is used, the old token still works, so whoever is ended in between
//! can begin again. Where replicas share the store, one of them renews in the same way. While they cannot be reached,
//! each renews for itself, and a session that has ended for one may have been renewed by another: that is known only when
//! they are back. It must not know which kind of account the session belongs to.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    credential::{
        Clock, CredentialError,
        exchange::{Exchange, ExchangeError, Tokens},
        store::{Kept, Session, Store, StoreError},
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
    /// The refresh token that was got while the other replicas could not be reached. They may have got another, and of
    /// the two one works.
    spare: Mutex<Option<Secret>>,
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
        Self { store, id, exchange, clock, spare: Mutex::default() }
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
        if session.ended.is_none()
            && let Some(renewed) = self.another(&session, held)
        {
            return Ok(renewed);
        }
        let generation = session.generation;
        let tokens = self.exchanged(&session).await?;
        let (id, bearer, refresh) = (self.id.clone(), tokens.id.clone(), tokens.refresh.clone());
        let kept = self.store.run(move |store| store.renewed(&id, generation, &tokens)).await?;
        let session = self.read().await?;
        if kept == Kept::Alone {
            *self.spare() = refresh;
        }
        if kept == Kept::Not {
            // It was signed in anew while this went on, without the lock, and what that left is newer.
            tracing::info!("a session was signed in anew while it was renewed");
            return self.another(&session, Some(&bearer)).ok_or(RenewalError::Gone);
        }
        credential(session).ok_or(RenewalError::Gone)
    }

    /// What the session's refresh token buys; where that is dead, what the one buys that was got alone.
    async fn exchanged(&self, session: &Session) -> Result<Tokens, RenewalError> {
        let generation = session.generation;
        let failure = match &session.ended {
            Some(code) => RenewalError::Ended(code.clone()),
            None => match self.exchange.refresh(&session.secret).await {
                Ok(tokens) => return Ok(tokens),
                Err(ExchangeError::Dead { .. }) if self.store.is_cut_off() => {
                    let reason = "its session may have been renewed by another replica, which cannot be asked now";
                    RenewalError::Exchange(ExchangeError::Passing { reason: reason.to_owned() }, generation)
                }
                Err(error) => RenewalError::Exchange(error, generation),
            },
        };
        let is_dead = matches!(failure, RenewalError::Ended(_) | RenewalError::Exchange(ExchangeError::Dead { .. }, _));
        let spare = if is_dead { self.spare().take() } else { None };
        match spare.filter(|spare| *spare != session.secret) {
            Some(spare) => self.exchange.refresh(&spare).await.map_err(|_| failure),
            None => Err(failure),
        }
    }

    fn spare(&self) -> MutexGuard<'_, Option<Secret>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
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
