//! A team's pool service: it lends accounts, each for a session that has an end and must be given back.
//!
//! A loan is written down before it is used, under a lock that this process holds while it lives: what a process that
//! was ended had borrowed is given back by the next one that starts. In reading order: `api` is the service's calls,
//! `lent` one account on loan. It must not know who uses an account.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio_util::task::TaskTracker;

use crate::{
    credential::{
        Clock, CredentialError, PoolServiceAddress, Tier,
        account::Account,
        exchange::Exchange,
        source::{
            Acquired, Source,
            pool_service::{api::Allocated, lent::Lent},
        },
        store::{Hold, Loan, Store, StoreError},
        token::{Credential, Life, fits_a_header},
    },
    service::Address,
};

mod api;
mod lent;

pub use api::PoolService;

/// Accounts borrowed at one go at most.
const AT_ONCE: usize = 8;
/// How many processes with one store can borrow and have it written down.
const PROCESSES: usize = 64;
/// What a loan's time may fall short, for the call itself takes some.
const GRACE: Duration = Duration::from_secs(30);
/// How long before a session's end its account is let go of.
const MARGIN: Duration = Duration::from_secs(300);

/// The accounts that the service lends.
pub(super) struct LentAccounts {
    desk: Arc<Desk>,
}

/// What all loans of this process share.
struct Desk {
    service: PoolService,
    least_time: Duration,
    exchange: Exchange,
    clock: Clock,
    register: Option<Register>,
    /// The accounts on loan that may be used.
    sessions: Mutex<BTreeMap<String, Session>>,
    /// Owns the borrowing and the giving back that nobody waits for.
    tasks: TaskTracker,
}

/// A session that an account is lent for.
struct Session {
    id: String,
    end: Option<SystemTime>,
}

/// Where loans are written down.
struct Register {
    store: Store,
    lock: String,
    _alive: Hold,
    /// What processes that were ended did not give back.
    orphans: tokio::sync::Mutex<Vec<Loan>>,
}

impl LentAccounts {
    /// The accounts of `service`, for the Warp service at `address`. Nothing is asked yet.
    pub(super) fn new(
        service: &PoolServiceAddress,
        address: &Address,
        store: Option<Store>,
        clock: &Clock,
    ) -> Result<Self, CredentialError> {
        let least_time = service.least_time;
        let service = PoolService::new(service, address)?;
        let register = store.and_then(|store| match Register::open(store, service.root()) {
            Ok(register) => register,
            Err(error) => {
                tracing::warn!(%error, "loans of the pool service cannot be written down");
                None
            }
        });
        let exchange = Exchange::new(address, Arc::clone(clock))?;
        let (clock, sessions, tasks) = (Arc::clone(clock), Mutex::default(), TaskTracker::new());
        Ok(Self { desk: Arc::new(Desk { service, least_time, exchange, clock, register, sessions, tasks }) })
    }
}

impl Source for LentAccounts {
    fn tier(&self) -> Tier {
        Tier::Service
    }

    fn can_acquire(&self) -> bool {
        true
    }

    fn acquire<'a>(&'a self, wanted: usize, held: &'a BTreeSet<String>) -> BoxFuture<'a, Acquired> {
        async move {
            self.desk.give_back_orphans().await;
            let (mut found, mut held) = (Vec::<Arc<dyn Account>>::new(), held.clone());
            for _ in 0..wanted.min(AT_ONCE) {
                let (desk, known) = (Arc::clone(&self.desk), held.clone());
                // It goes on when whoever asked goes away, and then gives back what it got: a loan must not be lost.
                let borrowing = self.desk.tasks.spawn(async move { borrow(&desk, &known).await });
                let ending = || self.desk.service.unusable("the program is ending");
                match borrowing.await.unwrap_or_else(|_| Err(ending())) {
                    Ok(Some(lent)) => {
                        held.insert(lent.id().to_owned());
                        found.push(Arc::new(lent));
                    }
                    Ok(None) => break,
                    Err(error) if found.is_empty() => return Err(error),
                    Err(_) => break,
                }
            }
            Ok(found)
        }
        .boxed()
    }

    fn has(&self, id: &str) -> bool {
        let now = (self.desk.clock)();
        self.desk.sessions().get(id).is_some_and(|session| self.desk.has_time(session.end, now))
    }
}

/// Borrows one account; `None` when the service lends one that is here already.
async fn borrow(desk: &Arc<Desk>, held: &BTreeSet<String>) -> Result<Option<Lent>, CredentialError> {
    let allocated = desk.service.allocate(desk.least_time).await?;
    let written = desk.write_down(&allocated.session_id).await;
    // From here on the loan is given back when it is dropped, whatever happens.
    let mut lent = Lent::new(Arc::clone(desk), &allocated);
    if let Err(error) = written {
        lent.release().await;
        return Err(desk.service.unusable(&error.to_string()));
    }
    if held.contains(lent.id()) {
        lent.release().await;
        return Ok(None);
    }
    match desk.credential(&allocated).await {
        Ok(credential) => {
            lent.hold(credential);
            let session = Session { id: allocated.session_id, end: allocated.end };
            desk.sessions().insert(lent.id().to_owned(), session);
            Ok(Some(lent))
        }
        Err(error) => {
            lent.release().await;
            Err(error)
        }
    }
}

impl Desk {
    /// The credential of an account that was just lent, if it lives long enough.
    async fn credential(&self, allocated: &Allocated) -> Result<Credential, CredentialError> {
        let now = (self.clock)();
        let wanted = now + self.least_time.saturating_sub(GRACE);
        let too_short = |what: &str| {
            let least = self.least_time.as_secs();
            self.service.unusable(&format!("{what} lives shorter than the {least} s of POOL_MIN_TTL_SECONDS"))
        };
        if allocated.end.is_some_and(|end| end < wanted) {
            return Err(too_short("the session that it lent"));
        }
        let credential = match (&allocated.refresh_token, &allocated.id_token) {
            (Some(refresh), _) => {
                let tokens = self.exchange.refresh(refresh).await;
                let tokens = tokens.map_err(|error| {
                    self.service
                        .unusable(&format!("the account that it lent cannot be signed in: {}", lent::words(&error)))
                })?;
                let refresh = tokens.refresh.unwrap_or_else(|| refresh.clone());
                Credential::Session { refresh, id: tokens.id, life: ended_by(tokens.life, allocated.end) }
            }
            (None, Some(token)) if fits_a_header(token) => {
                Credential::Bearer { token: token.clone(), life: ended_by(Life::of_jwt(token), allocated.end) }
            }
            (None, _) => return Err(self.service.unusable("it lent a session without an account")),
        };
        if credential.life().is_over(wanted) { Err(too_short("the token that it lent")) } else { Ok(credential) }
    }

    /// True while a session that ends at `end` has time for further requests.
    fn has_time(&self, end: Option<SystemTime>, now: SystemTime) -> bool {
        let margin = MARGIN.min(self.least_time / 2);
        end.is_none_or(|end| now + margin < end)
    }

    async fn write_down(&self, session_id: &str) -> Result<(), StoreError> {
        let Some(register) = &self.register else { return Ok(()) };
        let (session_id, root) = (session_id.to_owned(), self.service.root().to_owned());
        let loan = Loan { session_id, root, lock: register.lock.clone() };
        register.store.run(move |store| store.add_loan(&loan)).await
    }

    /// Gives a session back, and forgets it once the service has heard.
    async fn give_back(&self, session_id: &str) -> Result<(), CredentialError> {
        if !self.service.release(session_id).await? {
            tracing::debug!("the pool service says that a loan is over already");
        }
        let Some(register) = &self.register else { return Ok(()) };
        let (root, session_id) = (self.service.root().to_owned(), session_id.to_owned());
        let forgotten = register.store.run(move |store| store.remove_loan(&root, &session_id)).await;
        forgotten.map_err(|error| self.service.unusable(&error.to_string()))
    }

    async fn give_back_orphans(&self) {
        let Some(register) = &self.register else { return };
        let mut orphans = register.orphans.lock().await;
        let mut left = Vec::new();
        for loan in orphans.drain(..) {
            match self.give_back(&loan.session_id).await {
                Ok(()) => tracing::info!("gave back a loan of the pool service that an earlier process had left"),
                Err(error) => {
                    tracing::warn!(%error, "a loan that an earlier process had left was not given back");
                    left.push(loan);
                }
            }
        }
        *orphans = left;
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Register {
    /// A register of our own in `store`; none when too many processes have one.
    fn open(store: Store, root: &str) -> Result<Option<Self>, StoreError> {
        // First, for the lock that we take may be the very one whose former holder left some.
        let orphans = store.orphaned_loans(root)?;
        for number in 0..PROCESSES {
            let lock = format!("pool-service/{number}");
            if let Some(alive) = store.try_lock(&lock)? {
                return Ok(Some(Self { store, lock, _alive: alive, orphans: orphans.into() }));
            }
        }
        Ok(None)
    }
}

/// The life of a token that is lent until `end`.
fn ended_by(life: Life, end: Option<SystemTime>) -> Life {
    match (life.times().0, end) {
        (Some(expires), Some(end)) if end < expires => Life::until(end),
        (None, Some(end)) => Life::until(end),
        (_, _) => life,
    }
}
