//! Lets clients in: finds their keys, has their requests counted, and says of answers under way that they still are.
//!
//! The keys are read again every [`MAX_AGE`] while there are requests, so a key that was revoked or changed stops working
//! within that time in every running server; one that is not known is looked for at once. A store that cannot be read
//! leaves what was last read in force. It must not know how a client sends its key, or how it is told no.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::clients::{
    Admission, ClientsError, Counter, Key, KeyId, Keys, Left, Presented, Refusal, SLOT_LIFE, Settlement, Slot, Spent,
    Standing, Verdict,
};

/// How old what is known of the keys may be.
pub const MAX_AGE: Duration = Duration::from_secs(2);
/// How old it must be to be read again for a key that is not known.
const SOON: Duration = Duration::from_millis(200);

/// Tells the time in milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The gateway's clients. Cheap to clone.
#[derive(Clone)]
pub struct Clients {
    core: Arc<Core>,
}

struct Core {
    keys: Box<dyn Keys>,
    counter: Box<dyn Counter>,
    clock: Clock,
    known: Mutex<Known>,
    /// Held by whoever reads the keys.
    reading: tokio::sync::Mutex<()>,
    under_way: Mutex<HashSet<Slot>>,
    renewing: OnceLock<AbortOnDropHandle<()>>,
    /// Owns settlements that nobody waits for.
    settling: TaskTracker,
}

/// What is known of the keys.
#[derive(Default)]
struct Known {
    keys: HashMap<KeyId, Arc<Key>>,
    looked_at: Option<Instant>,
    /// True once they could be read.
    is_read: bool,
    /// True while they cannot be read.
    is_away: bool,
    /// True once there was one that is not revoked. A server that asks for keys does not open when the last is revoked.
    had_any: bool,
}

/// Whose key it is that a client presents.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A key that is in force.
    InForce(Arc<Key>),
    /// One that no longer is.
    Over(Arc<Key>, Standing),
    /// Nobody's.
    Nobody,
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq)]
pub enum Denied {
    /// Its key may not use as much.
    Refused(Refusal),
    /// It cannot be counted.
    Uncounted(ClientsError),
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("keys", &self.core.known().keys.len()).finish_non_exhaustive()
    }
}

impl Clients {
    /// Clients whose keys are in `keys`, and are counted by `counter`.
    #[must_use]
    pub fn new(keys: Box<dyn Keys>, counter: Box<dyn Counter>) -> Self {
        Self::with_clock(keys, counter, Arc::new(now))
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(keys: Box<dyn Keys>, counter: Box<dyn Counter>, clock: Clock) -> Self {
        let core = Core {
            keys,
            counter,
            clock,
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            under_way: Mutex::default(),
            renewing: OnceLock::new(),
            settling: TaskTracker::new(),
        };
        Self { core: Arc::new(core) }
    }

    /// Reads the keys. What is known stays in force when that fails.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn look(&self) -> Result<(), ClientsError> {
        let _alone = self.core.reading.lock().await;
        self.core.read().await
    }

    /// True when a client must present a key: there is one that is not revoked, or was in this process's time, or nobody
    /// can tell for as long as the keys could not be read.
    pub async fn are_any(&self) -> bool {
        self.core.refresh(MAX_AGE).await;
        let known = self.core.known();
        known.had_any || !known.is_read
    }

    /// How many keys are in force.
    #[must_use]
    pub fn in_force(&self) -> usize {
        let now = (self.core.clock)();
        self.core.known().keys.values().filter(|key| key.standing(now) == Standing::InForce).count()
    }

    /// Whose key `presented` is.
    pub async fn find(&self, presented: &Presented) -> Found {
        let look = || self.core.known().keys.get(presented.id()).filter(|key| presented.is(&key.digest)).cloned();
        self.core.refresh(MAX_AGE).await;
        let mut key = look();
        if key.is_none() {
            self.core.refresh(SOON).await;
            key = look();
        }
        let Some(key) = key else { return Found::Nobody };
        match key.standing((self.core.clock)()) {
            Standing::InForce => Found::InForce(key),
            over @ (Standing::Expired | Standing::Revoked) => Found::Over(key, over),
        }
    }

    /// Lets a request of `key` in. Its answer is under way until what is given back is settled or dropped.
    ///
    /// # Errors
    /// When the key may not use as much, or nobody can count it.
    pub async fn enter(&self, key: &Key) -> Result<Pass, Denied> {
        // A number of 63 bits, for databases that have no others.
        let number = uuid::Uuid::new_v4().as_u64_pair().1 >> 1;
        let slot = Slot { key: key.id.clone(), number };
        let now = (self.core.clock)();
        // Whoever asks may go before the answer comes; then what was let in is settled by the drop.
        let mut pass = Pass {
            core: Arc::clone(&self.core),
            slot: slot.clone(),
            left: Left::default(),
            runtime: Handle::current(),
            is_over: false,
        };
        let admission = Admission { slot: slot.clone(), limits: key.terms.limits, now };
        match self.core.counter.admit(admission).await {
            Ok(Verdict::Admitted(left)) => {
                pass.left = left;
                self.core.under_way().insert(slot);
                let core = Arc::downgrade(&self.core);
                self.core.renewing.get_or_init(|| renewing(core, &pass.runtime));
                Ok(pass)
            }
            Ok(Verdict::Refused(refusal)) => {
                pass.is_over = true;
                Err(Denied::Refused(refusal))
            }
            Err(error) => {
                pass.is_over = true;
                Err(Denied::Uncounted(error))
            }
        }
    }

    /// The time by its clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        (self.core.clock)()
    }

    /// Waits until what answers cost is counted that have ended.
    pub async fn close(&self) {
        self.core.settling.close();
        self.core.settling.wait().await;
    }
}

impl Core {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<Slot>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the keys when what is known of them is older than `age`.
    async fn refresh(&self, age: Duration) {
        let is_fresh = || self.known().looked_at.is_some_and(|at| at.elapsed() < age);
        if is_fresh() {
            return;
        }
        let _alone = self.reading.lock().await;
        if is_fresh() {
            return;
        }
        if let Err(error) = self.read().await {
            let was_away = std::mem::replace(&mut self.known().is_away, true);
            if !was_away {
                tracing::warn!(%error, "the client keys cannot be read; those that are known stay in force");
            }
        }
    }

    async fn read(&self) -> Result<(), ClientsError> {
        let read = self.keys.list().await;
        let mut known = self.known();
        known.looked_at = Some(Instant::now());
        let keys = read?;
        known.is_read = true;
        known.is_away = false;
        known.had_any |= keys.iter().any(|key| key.revoked.is_none());
        known.keys = keys.into_iter().map(|key| (key.id.clone(), Arc::new(key))).collect();
        Ok(())
    }
}

/// Says of answers under way that they still are, for as long as there are clients.
fn renewing(core: Weak<Core>, runtime: &Handle) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(runtime.spawn(async move {
        loop {
            tokio::time::sleep(SLOT_LIFE / 3).await;
            let Some(core) = core.upgrade() else { return };
            let slots: Vec<Slot> = core.under_way().iter().cloned().collect();
            if slots.is_empty() {
                continue;
            }
            if let Err(error) = core.counter.renew(slots, (core.clock)()).await {
                tracing::debug!(%error, "answers under way are not renewed");
            }
        }
    }))
}

/// An answer that is under way.
pub struct Pass {
    core: Arc<Core>,
    slot: Slot,
    left: Left,
    runtime: Handle,
    is_over: bool,
}

impl Pass {
    /// What the key had left when the request was let in.
    #[must_use]
    pub fn left(&self) -> Left {
        self.left
    }

    /// Ends it and counts what it cost. Only the first time counts; it is done even when nobody waits for it.
    pub fn settle(&mut self, spent: Spent) -> Option<JoinHandle<()>> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        self.core.under_way().remove(&self.slot);
        let (core, slot) = (Arc::clone(&self.core), self.slot.clone());
        let settling = async move {
            let now = (core.clock)();
            if let Err(error) = core.counter.settle(Settlement { slot, spent, now }).await {
                tracing::warn!(%error, "what an answer cost is not counted");
            }
        };
        Some(self.core.settling.spawn_on(settling, &self.runtime))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        drop(self.settle(Spent::default()));
    }
}

/// Milliseconds since the Unix epoch. A clock before 1970 is no reason to let nobody in.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
