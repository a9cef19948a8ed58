//! The store: accounts that were signed in or added, at rest in the state's database, or in what replicas share.
//!
//! In reading order: `accounts` is who is there, `session` what authorises them and how it is renewed durably, `ledger`
//! how they stand and what was counted, `loans` what a pool service must get back; `shared` is all of that where replicas
//! share it. Every method blocks; from async code go through [`Store::run`]. It must not know how anything is exchanged
//! with the service.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::state::{KeyKind, Lease, Lock, Shared, State, StateError};

mod accounts;
mod ledger;
mod loans;
mod pooled;
mod session;
mod shared;

pub use accounts::{Added, Identity, New, Stored};
pub use ledger::StoredStanding;
pub use loans::Loan;
pub(crate) use pooled::PoolLedger;
pub(crate) use session::{Kept, Session};
use shared::SharedStore;

/// Accounts at rest. Cheap to clone; any number of processes may use the same store.
#[derive(Debug, Clone)]
pub struct Store {
    home: Home,
}

/// Where they are.
#[derive(Debug, Clone)]
enum Home {
    /// In the database of the state directory.
    Disk(State),
    /// Where other replicas find them, too.
    Shared(SharedStore),
}

/// What is held alone for as long as this lives.
#[derive(Debug)]
#[expect(dead_code, reason = "it is held, and nothing else is done with it")]
pub struct Hold(Held);

#[derive(Debug)]
#[expect(dead_code, reason = "they are held, and nothing else is done with them")]
enum Held {
    Disk(Lock),
    Shared(Lease),
    /// What is shared cannot be reached, so that nobody can be asked to wait.
    Nothing,
}

/// Why the store cannot do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// Another account has the name.
    #[error("there is another account named {name}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The name is none.
    #[error("an account's name is 1 to 64 characters without white space, and {name:?} is not")]
    NameMalformed {
        /// What was given.
        name: String,
    },
    /// No account has the name.
    #[error("there is no account named {name}")]
    Unknown {
        /// The name.
        name: String,
    },
}

impl StoreError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::State(error) => error.hint(),
            Self::NameTaken { .. } => "choose another name, or remove that account first",
            Self::NameMalformed { .. } => "choose a short name such as `work`",
            Self::Unknown { .. } => "see which accounts there are with `warp2api token list`",
        }
    }
}

impl Store {
    /// Opens the store in `directory`, and makes it where there is none.
    ///
    /// # Errors
    /// When the directory, the database or its key cannot be used.
    pub fn open(directory: &Path, kind: KeyKind) -> Result<Self, StoreError> {
        Ok(Self::new(State::open(directory, kind)?))
    }

    /// The store in `state`.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { home: Home::Disk(state) }
    }

    /// The store that replicas share.
    #[must_use]
    pub fn shared(shared: &Shared) -> Self {
        Self { home: Home::Shared(SharedStore::new(shared)) }
    }

    /// True while what is shared cannot be reached, so that others may do what nobody hears of here.
    pub(crate) fn is_cut_off(&self) -> bool {
        match &self.home {
            Home::Disk(_) => false,
            Home::Shared(shared) => shared.is_cut_off(),
        }
    }

    /// Does `work` on the store where it may block.
    ///
    /// # Errors
    /// What `work` says, or that the program is ending.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or(Err(StoreError::State(StateError::Stopped)))
    }

    /// Waits for the lock `name`, which one process at a time can hold, no longer than `patience`. Where replicas share the
    /// store, one of them holds it; while they cannot, each goes on by itself.
    ///
    /// # Errors
    /// When it is not free in time.
    pub async fn lock(&self, name: &str, patience: Duration) -> Result<Hold, StoreError> {
        Ok(Hold(match &self.home {
            Home::Disk(state) => Held::Disk(Lock::take(state.directory(), name, patience).await?),
            Home::Shared(shared) => match shared.lease(name, patience).await {
                Ok(lease) => Held::Shared(lease),
                Err(StateError::Away { .. }) => Held::Nothing,
                Err(error) => return Err(error.into()),
            },
        }))
    }

    /// Takes the lock `name` if nobody holds it.
    ///
    /// # Errors
    /// When the lock cannot be asked for.
    pub fn try_lock(&self, name: &str) -> Result<Option<Hold>, StoreError> {
        let held = match &self.home {
            Home::Disk(state) => Lock::try_take(state.directory(), name)?.map(Held::Disk),
            Home::Shared(shared) => shared.try_lease(name)?.map(Held::Shared),
        };
        Ok(held.map(Hold))
    }
}

/// A time as the database holds it, in seconds.
fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The time that the database holds.
fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}
