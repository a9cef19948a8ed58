//! Whether the upstream can be reached, as the last call of any kind has shown.
//!
//! Any answer will do, a refusal too. It must not make calls of its own.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// What is remembered.
#[derive(Debug, Default)]
pub struct Reach(Mutex<Option<Seen>>);

/// What the last call has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// Why there was no answer, if there was none.
    pub lack: Option<String>,
}

impl Reach {
    /// A call was answered.
    pub fn answered(&self) {
        *self.seen() = Some(Seen { at: Instant::now(), lack: None });
    }

    /// A call was not, and why.
    pub fn missed(&self, why: impl Into<String>) {
        *self.seen() = Some(Seen { at: Instant::now(), lack: Some(why.into()) });
    }

    /// What the last call has shown; `None` when there was none.
    #[must_use]
    pub fn last(&self) -> Option<Seen> {
        self.seen().clone()
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
