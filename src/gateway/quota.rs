//! What each account may still spend: read in the background after turns, and counted down by what turns cost.
//!
//! No turn ever waits for it. It must not know how it is shown, nor who is shown it.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::{
    credential::Lease,
    gateway::{
        Core,
        bounded::{Bounded, Bounds},
    },
    service::GraphqlError,
    turn::{Quota, TurnEvent},
};

/// How many accounts are remembered, and for how long what was read of one holds: others may spend from it as well.
const BOUNDS: Bounds = Bounds { entries: 1_000, bytes: usize::MAX, lifetime: Duration::from_secs(3600) };

/// What is known of the accounts.
pub(super) struct Quotas {
    known: Mutex<Bounded<String, Known>>,
    /// How long an account is left alone after it was asked; nothing is asked before this is set.
    rest: OnceLock<Duration>,
    /// Owns the readings under way, for no turn does.
    readings: TaskTracker,
}

struct Known {
    quota: Option<Quota>,
    asked: Instant,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { known: Mutex::new(Bounded::new(BOUNDS)), rest: OnceLock::new(), readings: TaskTracker::new() }
    }
}

impl Quotas {
    fn known(&self) -> MutexGuard<'_, Bounded<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `account` may still spend, unless that is not known or was for a window that is over.
    pub(super) fn quota(&self, account: &str) -> Option<Quota> {
        let quota = self.known().get_mut(&account.to_owned())?.quota.clone()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        quota.refresh_at.is_none_or(|end| end > now.as_secs()).then_some(quota)
    }

    fn spend(&self, account: &str, credits: f64) {
        let mut known = self.known();
        if let Some(quota) = known.get_mut(&account.to_owned()).and_then(|known| known.quota.as_mut()) {
            quota.spend(credits);
        }
    }

    /// True when it is time to ask about `account` again. Whoever hears so is to ask: the next one does not.
    fn is_due(&self, account: &str) -> bool {
        let Some(rest) = self.rest.get() else { return false };
        let (mut known, asked) = (self.known(), Instant::now());
        match known.get_mut(&account.to_owned()) {
            Some(known) if known.asked.elapsed() < *rest => return false,
            Some(known) => known.asked = asked,
            None => known.put(account.to_owned(), Known { quota: None, asked }, 0),
        }
        true
    }

    /// How long until `account` gets new credits, where that is known.
    pub(super) fn refresh_in(&self, account: &str) -> Option<Duration> {
        let end = self.quota(account)?.refresh_at?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Duration::from_secs(end).checked_sub(now)
    }

    /// Takes what was read of `account`. What could not be read is not shown; nothing depends on it.
    fn learn(&self, account: String, read: Result<Quota, GraphqlError>) {
        match read {
            Ok(quota) => self.known().put(account, Known { quota: Some(quota), asked: Instant::now() }, 0),
            Err(error) => tracing::debug!(%error, "the account's quota cannot be read"),
        }
    }
}

/// Shows what the account that pays for one answer may still spend. Cheap to clone.
#[derive(Clone, Default)]
pub struct Meter {
    quotas: Arc<Quotas>,
    account: Arc<Mutex<Option<String>>>,
}

impl Meter {
    pub(super) fn new(quotas: &Arc<Quotas>) -> Self {
        Self { quotas: Arc::clone(quotas), account: Arc::default() }
    }

    /// What is known now; it may be some minutes old, less what turns have cost since.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        let account = self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        self.quotas.quota(&account)
    }

    /// From now on `account` pays.
    pub(super) fn paid_by(&self, account: &str) {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(account.to_owned());
    }
}

impl Core {
    /// Lets the quota of every account that pays for a turn be read again, when it was not for `rest`.
    pub(super) fn watch_quota(self: &Arc<Self>, rest: Duration) -> JoinHandle<()> {
        // Whoever says so again changes nothing.
        let _ = self.quotas.rest.set(rest);
        let core = Arc::clone(self);
        self.quotas.readings.spawn(async move {
            match core.credentials.lease().await {
                Ok(lease) if core.quotas.is_due(lease.account_id()) => {
                    let read = core.upstream.quota(lease.bearer()).await;
                    core.quotas.learn(lease.account_id().to_owned(), read);
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the account's quota is not read"),
            }
        })
    }

    /// Counts what the turn cost that ended with `events`, and has the account's quota read again when it is time.
    /// What turns cost while it is being read may be counted only with the next reading.
    pub(super) fn charge(self: &Arc<Self>, lease: &Lease, events: &[TurnEvent]) {
        let credits = events.iter().find_map(|event| match event {
            TurnEvent::Usage(usage) => usage.credits,
            _ => None,
        });
        if let Some(credits) = credits {
            self.quotas.spend(lease.account_id(), credits);
        }
        if self.quotas.is_due(lease.account_id()) {
            let (core, account, bearer) = (Arc::clone(self), lease.account_id().to_owned(), lease.bearer().clone());
            let read = async move { core.quotas.learn(account, core.upstream.quota(&bearer).await) };
            drop(self.quotas.readings.spawn(read));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Meter, Quotas};
    use crate::turn::Quota;

    #[test]
    fn an_account_is_asked_about_when_it_has_rested_and_never_unless_that_is_wanted() {
        let quotas = Quotas::default();
        assert!(!quotas.is_due("a"));
        quotas.rest.set(Duration::from_secs(600)).unwrap();
        assert_eq!((quotas.is_due("a"), quotas.is_due("a"), quotas.is_due("b")), (true, false, true));
        let restless = Quotas::default();
        restless.rest.set(Duration::ZERO).unwrap();
        assert_eq!((restless.is_due("a"), restless.is_due("a")), (true, true));
    }

    #[test]
    fn only_what_holds_now_is_shown_and_to_whom_it_belongs() {
        let meter = Meter::default();
        let quota = |refresh_at| Quota { limit: 10, refresh_at, ..Quota::default() };
        meter.quotas.learn("a".to_owned(), Ok(quota(None)));
        meter.quotas.learn("b".to_owned(), Ok(quota(Some(1_700_000_000))));
        assert_eq!(meter.quota(), None, "nobody pays yet");
        meter.paid_by("a");
        meter.quotas.spend("a", 2.5);
        meter.quotas.spend("unknown", 2.5);
        assert_eq!(meter.quota().unwrap().remaining(), 7);
        meter.paid_by("b");
        assert_eq!(meter.quota(), None, "its window is over");
    }
}
