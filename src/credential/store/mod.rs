//! The store: accounts that were signed in or added, at rest in the state's database.
//!
//! In reading order: `accounts` is who is there, `session` what authorises them and how it is renewed durably, `ledger`
//! how they stand and what was counted, `loans` what a pool service must get back. Every method blocks; from async code
//! go through [`Store::run`]. It must not know how anything is exchanged with the service.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::state::{KeyKind, Lock, State, StateError};

mod accounts;
mod ledger;
mod loans;
mod pooled;
mod session;

pub use accounts::{Added, Identity, New, Stored};
pub use ledger::StoredStanding;
pub use loans::Loan;
pub(crate) use pooled::PoolLedger;
pub(crate) use session::Session;

/// Accounts on the disk. Cheap to clone; any number of processes may use the same store.
#[derive(Debug, Clone)]
pub struct Store {
    state: State,
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
        Self { state }
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

    /// Waits for the lock `name`, which one process at a time can hold, no longer than `patience`.
    ///
    /// # Errors
    /// When it is not free in time.
    pub async fn lock(&self, name: &str, patience: Duration) -> Result<Lock, StoreError> {
        Ok(Lock::take(self.state.directory(), name, patience).await?)
    }

    /// Takes the lock `name` if nobody holds it.
    ///
    /// # Errors
    /// When the lock's file cannot be used.
    pub fn try_lock(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        Ok(Lock::try_take(self.state.directory(), name)?)
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
