//! What lends bearers out: the accounts that the sources have, the choice between them, and what became of each loan.
//!
//! In reading order: `choose` says which account serves, `numbers` what has been done so far, `keep` looks after
//! everything while nobody asks, `lack` says why nobody can serve, `named` what a person asks of one account. It must not know what a bearer is used for, and it makes no call itself: accounts and
//! sources do.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::credential::{
    Clock, Config, CredentialError, Lease, Outcome, Reason, Shortage, Standing, Status, Tier,
    account::Account,
    ledger::{Ledger, Noted},
    slot::Slot,
    source::{self, Source},
    store::PoolLedger,
};

mod choose;
mod keep;
mod lack;
mod named;
mod numbers;
#[cfg(test)]
mod pool_tests;
mod readings;
mod snapshot;

use choose::Candidate;
pub use choose::{Obstacle, Wish};
pub use numbers::{Choice, Counter};
use numbers::{Choices, Counters};

/// How long a request waits for a source to give an account when there is none.
const EMERGENCY: Duration = Duration::from_secs(20);

/// How often a token that is over at once is renewed for one request.
const RENEWALS: usize = 3;

/// Lends out the bearers of the accounts that the user has. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    core: Arc<Core>,
}

struct Core {
    sources: Vec<Box<dyn Source>>,
    slots: Mutex<Vec<Arc<Slot>>>,
    /// How many accounts are kept ready.
    size: usize,
    longest_rest: Duration,
    clock: Clock,
    /// Held by the one who asks the sources for more.
    acquiring: tokio::sync::Mutex<()>,
    counters: Counters,
    choices: Choices,
    ledger: Option<Box<dyn Ledger>>,
    /// What has been written down of the accounts, so that only changes are.
    noted: Mutex<HashMap<String, Noted>>,
    /// What has been shown to other processes, and when.
    published: Mutex<Option<(Value, Instant)>>,
    /// Owns the renewals under way. They outlive whoever asked for them: a refresh token that the service has already
    /// replaced must not be lost because a client hung up.
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// The result of looking for an account that can serve at once.
enum Pick {
    Ready(Lease),
    /// This one could serve once it is renewed; with how many renewals it has seen.
    Stale(Arc<Slot>, u64),
    None(Vec<(String, Obstacle)>),
}

impl Pool {
    /// The pool of what `config` names. No call is made yet.
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
        let ledger = config.store.clone().map(|store| Box::new(PoolLedger::new(store)) as Box<dyn Ledger>);
        Ok(Self::of_sources(sources, config, clock, ledger))
    }

    fn of_sources(
        sources: Vec<Box<dyn Source>>,
        config: &Config,
        clock: Clock,
        ledger: Option<Box<dyn Ledger>>,
    ) -> Self {
        let core = Core {
            sources,
            slots: Mutex::default(),
            size: config.size.max(1),
            longest_rest: config.longest_rest,
            clock,
            acquiring: tokio::sync::Mutex::new(()),
            counters: Counters::default(),
            choices: Choices::default(),
            ledger,
            noted: Mutex::default(),
            published: Mutex::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        };
        let pool = Self { core: Arc::new(core) };
        pool.take_what_is_at_hand();
        pool
    }

    /// Lends a bearer of any account.
    ///
    /// # Errors
    /// As [`Pool::lease_for`].
    pub async fn lease(&self) -> Result<Lease, CredentialError> {
        self.lease_for(Wish::default()).await
    }

    /// Lends the bearer of the account that serves `wish` best. One whose bearer is near its end is renewed meanwhile;
    /// only where no bearer lives does the caller wait for a renewal, or for a source to give another account.
    ///
    /// # Errors
    /// When no account can serve and none can be had.
    pub async fn lease_for(&self, wish: Wish<'_>) -> Result<Lease, CredentialError> {
        let core = &self.core;
        if wish.tried.is_empty() {
            core.counters.count(Counter::Requests);
        }
        let mut tried = wish.tried.to_vec();
        let mut failure = None;
        let mut has_asked = false;
        loop {
            match self.pick(Wish { tried: &tried, ..wish }) {
                Pick::Ready(lease) => {
                    self.renew_in_time(lease.slot());
                    return Ok(lease);
                }
                Pick::Stale(slot, attempts) => {
                    match self.renewed(&slot, attempts, wish.model).await {
                        Ok(lease) => return Ok(lease),
                        Err(error) => failure = Some(error),
                    }
                    tried.push(slot.id().to_owned());
                }
                Pick::None(obstacles) => {
                    if !has_asked && self.has_more() {
                        has_asked = true;
                        match self.emergency().await {
                            Ok(()) => continue,
                            Err(error) => failure = failure.or(Some(error)),
                        }
                    }
                    return Err(self.none_ready(failure, &obstacles));
                }
            }
        }
    }

    /// Lends another bearer of the same account in place of one that the upstream refused. Everyone who was refused the
    /// same bearer waits for the same renewal.
    ///
    /// # Errors
    /// When the credential cannot be renewed.
    pub async fn renew(&self, refused: &Lease) -> Result<Lease, CredentialError> {
        let slot = refused.slot();
        let attempts = slot.attempts();
        if slot.generation() == refused.generation() {
            let renewed = self.renewal(slot, attempts).await;
            renewed.inspect_err(|_| slot.give_up(refused.generation()))?;
        }
        match slot.lend(refused.model()) {
            Some(lease) => Ok(lease),
            None => self.renewed(slot, slot.attempts(), refused.model()).await,
        }
    }

    /// Notes how the upstream took a bearer. The loan ends when the lease is dropped. `switched` says that another account had refused the request
    /// before.
    pub fn settle(&self, lease: &Lease, outcome: Outcome, switched: bool) {
        match outcome {
            Outcome::Done if switched => self.core.counters.count(Counter::Switches),
            Outcome::RateLimited { .. } => self.core.counters.count(Counter::RateLimits),
            Outcome::Forbidden => {
                let slot = Arc::clone(lease.slot());
                self.core.tasks.spawn(async move { slot.blocked().await });
            }
            Outcome::Done | Outcome::Unauthorized | Outcome::OutOfCredits { .. } | Outcome::Failed => {}
        }
        lease.slot().settle(lease.model(), outcome);
    }

    /// The accounts at hand, for a person to read.
    #[must_use]
    pub fn describe(&self) -> String {
        let one = |status: Status| {
            let ending = status.expires.map_or_else(String::new, |end| format!(", good until {end}"));
            format!("{} ({}){ending}", status.kind.name(), status.account)
        };
        let mut all: Vec<String> = self.status().into_iter().map(one).collect();
        let has_accounts = !all.is_empty();
        let tells = |source: &dyn Source| source.can_acquire() && !(has_accounts && source.tier() == Tier::Anonymous);
        all.extend(self.core.sources.iter().filter(|source| tells(source.as_ref())).map(|source| source.describe()));
        all.join(", ")
    }

    /// True when there is no account and no source that could give one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots().is_empty() && !self.has_more()
    }

    /// True when the only account to be had is an anonymous one that has not been made yet.
    #[must_use]
    pub fn awaits_anonymous(&self) -> bool {
        let mut others = self.core.sources.iter().filter(|source| source.can_acquire());
        self.slots().is_empty() && self.has_more() && others.all(|source| source.tier() == Tier::Anonymous)
    }

    /// How every account stands.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        self.slots().iter().map(|slot| slot.status()).collect()
    }

    /// What this process has counted.
    #[must_use]
    pub fn counters(&self) -> [(Counter, u64); Counter::ALL.len()] {
        self.core.counters.all()
    }

    /// The last choices, oldest first.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        self.core.choices.all()
    }

    /// Ends all rests, for the accounts' owner has seen to what was wrong.
    pub fn forgive(&self) {
        for slot in self.slots().iter() {
            slot.forgive();
        }
    }

    /// Gives back what was lent to the pool, and waits for renewals under way.
    pub async fn close(&self) {
        self.core.closing.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
        self.write_down().await;
        self.withdraw().await;
        let slots = std::mem::take(&mut *self.slots());
        futures_util::future::join_all(slots.iter().map(|slot| slot.release())).await;
    }

    /// Chooses and lends in one step, so that many who come together see one another in flight.
    fn pick(&self, wish: Wish<'_>) -> Pick {
        let slots = self.slots();
        let candidates: Vec<Candidate<'_>> =
            slots.iter().map(|slot| Candidate { id: slot.id(), view: slot.view(wish.model) }).collect();
        let (able, unable) = choose::order(&candidates, wish);
        let obstacles = || -> Vec<(String, Obstacle)> {
            let named = |(place, obstacle): &(usize, Obstacle)| (slots[*place].account().to_owned(), obstacle.clone());
            unable.iter().map(named).collect()
        };
        let Some(slot) = able.first().map(|place| Arc::clone(&slots[*place])) else {
            let obstacles = obstacles();
            self.note(wish, None, "no account can serve", obstacles.clone());
            return Pick::None(obstacles);
        };
        let because = match wish.account {
            Some(own) if own == slot.id() => "the conversation is its own",
            _ if able.len() == 1 => "no other can serve",
            _ => "least in flight, then least recently used",
        };
        self.note(wish, Some(&slot), because, obstacles());
        match slot.lend(wish.model) {
            Some(lease) => Pick::Ready(lease),
            None => {
                let attempts = slot.attempts();
                Pick::Stale(slot, attempts)
            }
        }
    }

    fn note(
        &self,
        wish: Wish<'_>,
        slot: Option<&Arc<Slot>>,
        because: &'static str,
        obstacles: Vec<(String, Obstacle)>,
    ) {
        self.core.choices.note(Choice {
            at: (self.core.clock)(),
            model: wish.model.to_owned(),
            account: slot.map(|slot| slot.account().to_owned()),
            because,
            obstacles,
        });
    }

    /// Renews behind the caller's back what is near its end.
    fn renew_in_time(&self, slot: &Arc<Slot>) {
        if slot.is_due() {
            let (pool, slot) = (self.clone(), Arc::clone(slot));
            let attempts = slot.attempts();
            // A failure is logged by the slot and told to whoever finds no bearer.
            self.core.tasks.spawn(async move { pool.renewal(&slot, attempts).await.is_ok() });
        }
    }

    /// Renews and lends. A token that is over before it can be lent, for it lives shortly or the machine is busy, is
    /// renewed again, but not for ever.
    async fn renewed(&self, slot: &Arc<Slot>, mut attempts: u64, model: &str) -> Result<Lease, CredentialError> {
        for _ in 0..RENEWALS {
            self.renewal(slot, attempts).await?;
            if let Some(lease) = slot.lend(model) {
                return Ok(lease);
            }
            attempts = slot.attempts();
        }
        Err(self.unavailable(slot, "its new tokens have expired before they could be used"))
    }

    async fn renewal(&self, slot: &Arc<Slot>, attempts: u64) -> Result<(), CredentialError> {
        let renewing = Arc::clone(slot);
        let task = self.core.tasks.spawn(async move { renewing.renew(attempts).await });
        let renewed = task.await.unwrap_or_else(|_| Err(self.unavailable(slot, "the renewal was stopped")))?;
        if renewed {
            self.core.counters.count(Counter::Renewals);
        }
        Ok(())
    }

    /// True when a source may have accounts that are not here yet.
    fn has_more(&self) -> bool {
        self.core.sources.iter().any(|source| source.can_acquire())
    }

    /// Asks the sources for accounts while a request waits; once for all who wait.
    async fn emergency(&self) -> Result<(), CredentialError> {
        let before = self.slots().len();
        let acquiring = async {
            let _turn = self.core.acquiring.lock().await;
            if self.slots().len() > before {
                return Ok(());
            }
            self.core.counters.count(Counter::Emergencies);
            self.acquire(1).await
        };
        let too_long = || CredentialError::Unavailable {
            account: "the pool".to_owned(),
            reason: format!("no source gave an account within {} s", EMERGENCY.as_secs()),
        };
        tokio::time::timeout(EMERGENCY, acquiring).await.unwrap_or_else(|_| Err(too_long()))
    }

    /// Asks the sources for `wanted` further accounts, in the order of their tiers. That they have none is no error.
    async fn acquire(&self, wanted: usize) -> Result<(), CredentialError> {
        let (mut missing, mut failure) = (wanted, None);
        for source in self.core.sources.iter().filter(|source| source.can_acquire()) {
            let held: BTreeSet<String> = self.slots().iter().map(|slot| slot.id().to_owned()).collect();
            match source.acquire(missing, &held).await {
                Ok(accounts) => {
                    missing = missing.saturating_sub(accounts.len());
                    for account in accounts {
                        self.core.counters.count(Counter::Acquired);
                        self.add(account, source.as_ref());
                    }
                }
                Err(error) => {
                    tracing::warn!(source = source.tier().name(), %error, "the source gives no account");
                    failure = failure.or(Some(error));
                }
            }
            if missing == 0 {
                return Ok(());
            }
        }
        if missing < wanted { Ok(()) } else { failure.map_or(Ok(()), Err) }
    }

    fn take_what_is_at_hand(&self) {
        for source in &self.core.sources {
            for account in source.at_hand() {
                self.add(account, source.as_ref());
            }
        }
    }

    /// Adds an account, unless it is here already.
    fn add(&self, account: Arc<dyn Account>, source: &dyn Source) {
        if self.slots().iter().any(|slot| slot.id() == account.id()) {
            return;
        }
        let slot = Slot::new(account, source.tier(), self.core.longest_rest, Arc::clone(&self.core.clock));
        if let Some(ledger) = &self.core.ledger {
            let noted = ledger.recall(slot.id(), (self.core.clock)()).unwrap_or_default();
            slot.recall(noted.clone());
            self.noted().insert(slot.id().to_owned(), noted);
        }
        let mut slots = self.slots();
        if slots.iter().all(|other| other.id() != slot.id()) {
            slots.push(Arc::new(slot));
        }
    }

    /// Why nobody can serve: what went wrong just now, else what the accounts wait for.
    fn none_ready(&self, failure: Option<CredentialError>, obstacles: &[(String, Obstacle)]) -> CredentialError {
        let now = (self.core.clock)();
        let kept_by = |(_, obstacle): &(String, Obstacle)| match obstacle {
            Obstacle::Tried => None,
            Obstacle::Resting(rest) => Some(match rest.reason {
                Reason::RateLimited => Shortage::Limits,
                Reason::OutOfCredits => Shortage::Credits,
                Reason::Refused => Shortage::Refusals,
            }),
            Obstacle::Out(Standing::Forbidden) => Some(Shortage::Forbidden),
            Obstacle::Out(_) => Some(Shortage::Ended),
        };
        let until = |(_, obstacle): &(String, Obstacle)| match obstacle {
            Obstacle::Resting(rest) => Some(rest.until.duration_since(now).unwrap_or_default()),
            Obstacle::Tried | Obstacle::Out(_) => None,
        };
        let retry_after = obstacles.iter().filter_map(until).min();
        let known = || failure.clone().or_else(|| self.slots().iter().find_map(|slot| slot.failure()));
        match obstacles.iter().filter_map(kept_by).min() {
            // What the token service says of a session is more than that it has ended.
            None | Some(Shortage::Ended) if let Some(failure) = known() => failure,
            None if obstacles.is_empty() => CredentialError::NoneConfigured,
            shortage => CredentialError::NoneReady {
                reasons: reasons(obstacles, now),
                retry_after,
                shortage: shortage.unwrap_or(Shortage::Refusals),
            },
        }
    }

    fn unavailable(&self, slot: &Slot, reason: &str) -> CredentialError {
        CredentialError::Unavailable { account: slot.account().to_owned(), reason: reason.to_owned() }
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<String, Noted>> {
        self.core.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        self.core.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every account's obstacle in one line.
fn reasons(obstacles: &[(String, Obstacle)], now: SystemTime) -> String {
    let one = |(account, obstacle): &(String, Obstacle)| match obstacle {
        Obstacle::Tried => format!("{account} has just refused"),
        Obstacle::Resting(rest) => {
            let left = rest.until.duration_since(now).unwrap_or_default().as_secs_f64().ceil();
            let model = rest.model.as_ref().map_or_else(String::new, |model| format!(" for {model}"));
            format!("{account} is {}{model} for {left} s more", rest.reason.name())
        }
        Obstacle::Out(standing) => format!("{account}: {}", standing.name()),
    };
    obstacles.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("accounts", &self.describe()).finish_non_exhaustive()
    }
}
