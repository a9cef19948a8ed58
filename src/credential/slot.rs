//! One account of the pool: the credential it holds now, its renewal, and how it stands with the upstream.
//!
//! It must not choose between accounts; that is the pool's affair.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::credential::{
    Clock, CredentialError, Kind, Lease, Outcome,
    account::Account,
    token::{Credential, Life},
};

/// How long a renewal that failed is left alone while the bearer in hand still lives.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// How long an account rests after a rate limit that names no time, and the longest time that is believed.
const USUAL_REST: Duration = Duration::from_secs(30);
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// How an account stands with the upstream, as far as its answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has been asked of it yet.
    Untried,
    /// Its last answer was a good one.
    Good,
    /// It was told to slow down.
    RateLimited {
        /// Until when.
        until: SystemTime,
    },
    /// It has no credits left.
    OutOfCredits,
    /// Its bearer was not accepted.
    Refused,
    /// The upstream forbids it what was asked.
    Forbidden,
}

/// What there is to tell about an account; nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub account: String,
    /// What kind of credential it has.
    pub kind: Kind,
    /// How it stands with the upstream.
    pub standing: Standing,
    /// How many of its bearers are on loan.
    pub in_flight: usize,
    /// How often its credential has been renewed.
    pub renewals: u64,
    /// When the bearer in hand ends, in RFC 3339, where known.
    pub expires: Option<String>,
}

/// One account.
pub(crate) struct Slot {
    account: Arc<dyn Account>,
    clock: Clock,
    /// Invariant: held by the one renewal that is under way, and by nothing else.
    flight: tokio::sync::Mutex<()>,
    /// Invariant: never locked across an await.
    state: Mutex<State>,
}

struct State {
    credential: Option<Credential>,
    /// Invariant: grows whenever `credential` is replaced, so that a lease knows whether its own is still the one.
    generation: u64,
    /// Invariant: grows with every renewal that ended, well or badly, so that all who waited for one share its result.
    attempts: u64,
    /// The result of the last renewal, when it failed.
    failure: Option<CredentialError>,
    /// Before this time a failed renewal is not tried again while the bearer lives.
    pause_until: Option<SystemTime>,
    in_flight: usize,
    standing: Standing,
}

impl Slot {
    /// An account whose credentials come from `account`.
    pub(crate) fn new(account: Arc<dyn Account>, clock: Clock) -> Self {
        let state = State {
            credential: account.at_hand(),
            generation: 0,
            attempts: 0,
            failure: None,
            pause_until: None,
            in_flight: 0,
            standing: Standing::Untried,
        };
        Self { account, clock, flight: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// The account's name.
    pub(crate) fn account(&self) -> &str {
        self.account.name()
    }

    /// The bearer in hand, unless it is time to renew it and that has not just failed.
    pub(crate) fn ready(self: &Arc<Self>) -> Option<Lease> {
        let now = (self.clock)();
        let state = self.state();
        let due = state.credential.as_ref()?.is_due(now);
        let paused = state.pause_until.is_some_and(|end| now < end);
        drop(state);
        if due && !paused { None } else { self.usable() }
    }

    /// The bearer in hand, if it still lives.
    pub(crate) fn usable(self: &Arc<Self>) -> Option<Lease> {
        let now = (self.clock)();
        let state = self.state();
        let credential = state.credential.as_ref().filter(|credential| !credential.life().is_over(now))?;
        let (bearer, generation) = (credential.bearer().clone(), state.generation);
        drop(state);
        Some(Lease::new(bearer, generation, Arc::clone(self)))
    }

    /// Which credential is in hand now.
    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// How many renewals have ended: what [`Slot::renew`] is told by those who want the next one.
    pub(crate) fn attempts(&self) -> u64 {
        self.state().attempts
    }

    /// Renews the credential, once for everyone who saw the same number of `attempts`: the first does it, the others
    /// wait and share the result.
    pub(crate) async fn renew(&self, attempts: u64) -> Result<(), CredentialError> {
        let _flight = self.flight.lock().await;
        let held = {
            let state = self.state();
            let done = state.attempts != attempts;
            match &state.failure {
                Some(failure) if done || is_final(failure) => return Err(failure.clone()),
                None if done => return Ok(()),
                Some(_) | None => state.credential.clone(),
            }
        };
        let renewed = self.account.renew(held.as_ref()).await;
        let mut state = self.state();
        state.attempts += 1;
        match renewed {
            Ok(credential) => {
                tracing::debug!(account = self.account(), "credential renewed");
                state.credential = Some(credential);
                state.generation += 1;
                (state.failure, state.pause_until) = (None, None);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(account = self.account(), %error, "credential not renewed");
                state.pause_until = (self.clock)().checked_add(PAUSE_AFTER_FAILURE);
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Lets go of a credential that the upstream refused and that can never be renewed.
    pub(crate) fn give_up(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation && state.failure.as_ref().is_some_and(is_final) {
            state.credential = None;
        }
    }

    /// Notes a loan.
    pub(crate) fn lent(&self) {
        self.state().in_flight += 1;
    }

    /// Notes a loan's end.
    pub(crate) fn returned(&self) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }

    /// Notes how the upstream took the account's bearer.
    pub(crate) fn settle(&self, outcome: Outcome) {
        let now = (self.clock)();
        let rest = |wait: Option<Duration>| wait.unwrap_or(USUAL_REST).min(LONGEST_REST);
        let mut state = self.state();
        state.standing = match outcome {
            Outcome::Done => Standing::Good,
            Outcome::Unauthorized => Standing::Refused,
            Outcome::RateLimited { retry_after } => Standing::RateLimited { until: now + rest(retry_after) },
            Outcome::OutOfCredits => Standing::OutOfCredits,
            Outcome::Forbidden => Standing::Forbidden,
            Outcome::Failed => state.standing,
        };
    }

    /// What there is to tell.
    pub(crate) fn status(&self) -> Status {
        let state = self.state();
        Status {
            account: self.account().to_owned(),
            kind: self.account.kind(),
            standing: state.standing,
            in_flight: state.in_flight,
            renewals: state.generation,
            expires: state.credential.as_ref().map_or(Life::UNKNOWN, Credential::life).end(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the state half-changed: each change is a few plain assignments.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True for failures that no repetition mends, so that nobody need be asked again.
fn is_final(error: &CredentialError) -> bool {
    match error {
        CredentialError::SignInNeeded { .. } | CredentialError::Disabled { .. } => true,
        CredentialError::NoneConfigured
        | CredentialError::Malformed { .. }
        | CredentialError::Expired { .. }
        | CredentialError::Refused { .. }
        | CredentialError::Unavailable { .. }
        | CredentialError::Client { .. } => false,
    }
}
