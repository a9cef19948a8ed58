//! One account of the pool: the credential it holds now, its renewal, and how it stands with the upstream.
//!
//! It must not choose between accounts; that is the pool's affair.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::credential::{
    Clock, CredentialError, Kind, Lease, Outcome, Reason, Rest, Tier,
    account::Account,
    ledger::Noted,
    rest,
    token::{Credential, Life},
};

/// How long a renewal that failed is left alone while the bearer in hand still lives.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// How much longer a rest is that was written down and read again.
const SECOND: Duration = Duration::from_secs(1);

/// How an account stands with the upstream, apart from its rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has been asked of it yet.
    Untried,
    /// Its last answer was a good one.
    Good,
    /// The upstream forbids it what was asked: it is used no more.
    Forbidden,
    /// Its session has ended.
    SignInNeeded,
    /// The account was disabled or deleted.
    Disabled,
}

impl Standing {
    /// What a person reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Good => "good",
            Self::Forbidden => "forbidden",
            Self::SignInNeeded => "needs sign-in",
            Self::Disabled => "disabled",
        }
    }

    /// The standing that [`Standing::name`] names.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Untried, Self::Good, Self::Forbidden, Self::SignInNeeded, Self::Disabled];
        all.into_iter().find(|standing| standing.name() == name)
    }

    /// True for an account that no waiting brings back.
    #[must_use]
    pub fn is_out(self) -> bool {
        match self {
            Self::Untried | Self::Good => false,
            Self::Forbidden | Self::SignInNeeded | Self::Disabled => true,
        }
    }
}

/// What there is to tell about an account; nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub account: String,
    /// What tells it from every other.
    pub id: String,
    /// Where it comes from.
    pub tier: Tier,
    /// What kind of credential it has.
    pub kind: Kind,
    /// How it stands with the upstream.
    pub standing: Standing,
    /// Its rests that are not over.
    pub rests: Vec<Rest>,
    /// True when it has a bearer that lives.
    pub is_live: bool,
    /// True while its credential is being renewed.
    pub is_renewing: bool,
    /// How many of its bearers are on loan.
    pub in_flight: usize,
    /// How many have been lent.
    pub requests: u64,
    /// How often its credential has been renewed.
    pub renewals: u64,
    /// When the bearer in hand ends, in RFC 3339, where known.
    pub expires: Option<String>,
    /// Why it was not renewed the last time, if it was not.
    pub problem: Option<String>,
}

/// What a choice between accounts goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) tier: Tier,
    pub(crate) readiness: Readiness,
    pub(crate) in_flight: usize,
    pub(crate) last_used: Option<SystemTime>,
}

/// Whether an account can serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// At once.
    Live,
    /// Once its credential has been renewed.
    Stale,
    /// Not before a rest is over.
    Resting(Rest),
    /// Never by itself.
    Out(Standing),
}

/// One account.
pub(crate) struct Slot {
    account: Arc<dyn Account>,
    tier: Tier,
    longest_rest: Duration,
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
    is_renewing: bool,
    in_flight: usize,
    /// How many of its bearers others have on loan, as far as they have said.
    elsewhere: usize,
    requests: u64,
    last_used: Option<SystemTime>,
    standing: Standing,
    rests: Vec<Rest>,
    /// How often in a row it was refused.
    strikes: u32,
}

impl Slot {
    /// An account of `tier`.
    pub(crate) fn new(account: Arc<dyn Account>, tier: Tier, longest_rest: Duration, clock: Clock) -> Self {
        let state = State {
            credential: account.at_hand(),
            generation: 0,
            attempts: 0,
            failure: None,
            pause_until: None,
            is_renewing: false,
            in_flight: 0,
            elsewhere: 0,
            requests: 0,
            last_used: None,
            standing: Standing::Untried,
            rests: Vec::new(),
            strikes: 0,
        };
        Self { account, tier, longest_rest, clock, flight: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// The account's name.
    pub(crate) fn account(&self) -> &str {
        self.account.name()
    }

    /// What tells the account from every other.
    pub(crate) fn id(&self) -> &str {
        self.account.id()
    }

    /// Where the account comes from.
    pub(crate) fn tier(&self) -> Tier {
        self.tier
    }

    /// How it stands for a request of `model`.
    pub(crate) fn view(&self, model: &str) -> View {
        let now = (self.clock)();
        let state = self.state();
        let resting = state.rests.iter().filter(|rest| rest.holds(model, now)).max_by_key(|rest| rest.until);
        let readiness = match resting {
            _ if state.standing.is_out() => Readiness::Out(state.standing),
            Some(rest) => Readiness::Resting(rest.clone()),
            None if state.credential.as_ref().is_some_and(|held| held.is_lendable(now)) => Readiness::Live,
            None => Readiness::Stale,
        };
        let in_flight = state.in_flight.saturating_add(state.elsewhere);
        View { tier: self.tier, readiness, in_flight, last_used: state.last_used }
    }

    /// The bearer in hand, for a request of `model`, if it may be lent.
    pub(crate) fn lend(self: &Arc<Self>, model: &str) -> Option<Lease> {
        let now = (self.clock)();
        let mut state = self.state();
        let credential = state.credential.as_ref().filter(|held| held.is_lendable(now))?;
        let lease = Lease::new(credential, state.generation, model, Arc::clone(self));
        state.in_flight += 1;
        state.requests += 1;
        state.last_used = Some(now);
        Some(lease)
    }

    /// True when it is time to renew the credential, and that has not just failed.
    pub(crate) fn is_due(&self) -> bool {
        let now = (self.clock)();
        let state = self.state();
        let due = state.credential.as_ref().is_none_or(|held| held.is_due(now));
        due && !state.standing.is_out() && state.pause_until.is_none_or(|end| now >= end)
    }

    /// True when it can serve some request, perhaps after a renewal.
    pub(crate) fn is_serving(&self) -> bool {
        let now = (self.clock)();
        let state = self.state();
        let rests = state.rests.iter().any(|rest| rest.model.is_none() && now < rest.until);
        let waits = state.failure.is_some() && state.pause_until.is_some_and(|end| now < end);
        let lives = state.credential.as_ref().is_some_and(|held| held.is_lendable(now));
        !state.standing.is_out() && !rests && (lives || !waits)
    }

    /// True when it has a bearer that lives.
    pub(crate) fn is_warm(&self) -> bool {
        let now = (self.clock)();
        self.state().credential.as_ref().is_some_and(|held| held.is_lendable(now))
    }

    /// Which credential is in hand now.
    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// What kind of credential its account has.
    pub(crate) fn kind(&self) -> Kind {
        self.account.kind()
    }

    /// How many renewals have ended: what [`Slot::renew`] is told by those who want the next one.
    pub(crate) fn attempts(&self) -> u64 {
        self.state().attempts
    }

    /// Renews the credential, once for everyone who saw the same number of `attempts`: the first does it, the others
    /// wait and share the result. Returns whether this call did it.
    pub(crate) async fn renew(&self, attempts: u64) -> Result<bool, CredentialError> {
        let _flight = self.flight.lock().await;
        let held = {
            let mut state = self.state();
            let done = state.attempts != attempts;
            match &state.failure {
                Some(failure) if done || final_standing(failure).is_some() => return Err(failure.clone()),
                None if done => return Ok(false),
                Some(_) | None => {
                    state.is_renewing = true;
                    state.credential.clone()
                }
            }
        };
        let renewed = self.account.renew(held.as_ref()).await;
        let mut state = self.state();
        state.is_renewing = false;
        state.attempts += 1;
        match renewed {
            Ok(credential) => {
                tracing::debug!(account = self.account(), "credential renewed");
                state.credential = Some(credential);
                state.generation += 1;
                (state.failure, state.pause_until) = (None, None);
                Ok(true)
            }
            Err(error) => {
                tracing::warn!(account = self.account(), %error, "credential not renewed");
                state.pause_until = (self.clock)().checked_add(PAUSE_AFTER_FAILURE);
                // While the bearer in hand still lives, it serves.
                let now = (self.clock)();
                let lives = state.credential.as_ref().is_some_and(|held| held.is_lendable(now));
                if let Some(standing) = final_standing(&error).filter(|_| !lives) {
                    state.standing = standing;
                }
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Lets go of a credential that the upstream refused and that can never be renewed.
    pub(crate) fn give_up(&self, generation: u64) {
        let mut state = self.state();
        let verdict = state.failure.as_ref().and_then(final_standing);
        if let Some(standing) = verdict.filter(|_| state.generation == generation) {
            (state.credential, state.standing) = (None, standing);
        }
    }

    /// Why the credential could not be renewed the last time.
    pub(crate) fn failure(&self) -> Option<CredentialError> {
        self.state().failure.clone()
    }

    /// Notes a loan's end.
    pub(crate) fn returned(&self) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }

    /// Notes how the upstream took the account's bearer for a request of `model`.
    pub(crate) fn settle(&self, model: &str, outcome: Outcome) {
        let of_model = || (!model.is_empty()).then(|| model.to_owned());
        match outcome {
            Outcome::Done => {
                let mut state = self.state();
                (state.standing, state.strikes) = (Standing::Good, 0);
                state.rests.clear();
            }
            Outcome::RateLimited { retry_after } => self.rest(Reason::RateLimited, of_model(), retry_after),
            Outcome::OutOfCredits { refresh_in } => self.rest(Reason::OutOfCredits, None, refresh_in),
            Outcome::Unauthorized => self.rest(Reason::Refused, None, None),
            Outcome::Forbidden => {
                tracing::warn!(account = self.account(), "the upstream forbids this account; it is used no more");
                self.state().standing = Standing::Forbidden;
            }
            Outcome::Failed => {}
        }
    }

    fn rest(&self, reason: Reason, model: Option<String>, hint: Option<Duration>) {
        let now = (self.clock)();
        let mut state = self.state();
        // A request that was already under way when the rest began says nothing new.
        let is_known = state.rests.iter().any(|rest| rest.reason == reason && rest.model == model && now < rest.until);
        let length = rest::length(reason, hint, state.strikes).min(self.longest_rest);
        if !is_known {
            state.strikes += 1;
            tracing::info!(account = self.account(), reason = reason.name(), ?length, "the account rests");
        }
        let until = now.checked_add(length).unwrap_or(now);
        state
            .rests
            .retain(|rest| now < rest.until && (rest.reason != reason || rest.model != model || rest.until > until));
        if !state.rests.iter().any(|rest| rest.reason == reason && rest.model == model) {
            state.rests.push(Rest { model, reason, until });
        }
    }

    /// Takes up what was noted earlier.
    pub(crate) fn recall(&self, noted: Noted) {
        let mut state = self.state();
        state.rests.extend(noted.rests);
        if let Some(standing) = noted.standing {
            state.standing = standing;
        }
    }

    /// Learns what others have noted since: their rests as well as its own, and that the account is out, unless it has a
    /// bearer here that lives.
    pub(crate) fn learn(&self, noted: &Noted) {
        let now = (self.clock)();
        let mut state = self.state();
        for rest in noted.rests.iter().filter(|rest| now < rest.until) {
            let is_same = |own: &Rest| own.reason == rest.reason && own.model == rest.model;
            // Its own comes back to the whole second.
            if state.rests.iter().any(|own| is_same(own) && own.until + SECOND >= rest.until) {
                continue;
            }
            state.rests.retain(|own| !is_same(own));
            state.rests.push(rest.clone());
            tracing::info!(
                account = self.account(),
                reason = rest.reason.name(),
                "the account rests: another has found so"
            );
        }
        let lives = state.credential.as_ref().is_some_and(|held| held.is_lendable(now));
        let standing = noted.standing.filter(|standing| *standing == Standing::Forbidden || !lives);
        if let Some(standing) = standing {
            state.standing = standing;
        }
    }

    /// Learns how many of its bearers others have on loan.
    pub(crate) fn lent_elsewhere(&self, count: usize) {
        self.state().elsewhere = count;
    }

    /// What is worth noting.
    pub(crate) fn noted(&self) -> Noted {
        let now = (self.clock)();
        let state = self.state();
        Noted {
            rests: state.rests.iter().filter(|rest| now < rest.until).cloned().collect(),
            standing: Some(state.standing).filter(|standing| standing.is_out()),
        }
    }

    /// Ends all rests and gives the account another chance, for its owner has seen to it.
    pub(crate) fn forgive(&self) {
        let mut state = self.state();
        state.rests.clear();
        (state.strikes, state.failure, state.pause_until) = (0, None, None);
        state.standing = Standing::Untried;
    }

    /// Tells whoever lent the account that the upstream blocks it.
    pub(crate) async fn blocked(&self) {
        self.account.blocked().await;
    }

    /// Gives the account back to whoever lent it.
    pub(crate) async fn release(&self) {
        self.account.release().await;
    }

    /// What there is to tell.
    pub(crate) fn status(&self) -> Status {
        let now = (self.clock)();
        let state = self.state();
        Status {
            account: self.account().to_owned(),
            id: self.id().to_owned(),
            tier: self.tier,
            kind: self.kind(),
            standing: state.standing,
            rests: state.rests.iter().filter(|rest| now < rest.until).cloned().collect(),
            is_live: state.credential.as_ref().is_some_and(|held| held.is_lendable(now)),
            is_renewing: state.is_renewing,
            in_flight: state.in_flight,
            requests: state.requests,
            renewals: state.generation,
            expires: state.credential.as_ref().map_or(Life::UNKNOWN, Credential::life).end(),
            problem: state.failure.as_ref().map(ToString::to_string),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the state half-changed: each change is a few plain assignments.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an account stands after a failure that no repetition mends; none after others.
fn final_standing(error: &CredentialError) -> Option<Standing> {
    match error {
        CredentialError::SignInNeeded { .. } => Some(Standing::SignInNeeded),
        CredentialError::Disabled { .. } => Some(Standing::Disabled),
        CredentialError::NoneConfigured
        | CredentialError::NoneReady { .. }
        | CredentialError::Malformed { .. }
        | CredentialError::Expired { .. }
        | CredentialError::Refused { .. }
        | CredentialError::Unavailable { .. }
        | CredentialError::NotLent { .. }
        | CredentialError::Anonymous { .. }
        | CredentialError::Client { .. } => None,
    }
}
