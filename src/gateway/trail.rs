//! What was done for a turn behind the gateway, for the line that its log has of it.
//!
//! It must not know who reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which accounts were asked for a turn, and how often. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Trail(Arc<Mutex<Asked>>);

#[derive(Debug, Default)]
struct Asked {
    exchanges: u32,
    account: Option<String>,
}

impl Trail {
    /// How often the upstream was asked.
    #[must_use]
    pub fn exchanges(&self) -> u32 {
        self.asked_so_far().exchanges
    }

    /// The account that was asked last.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        self.asked_so_far().account.clone()
    }

    /// The upstream is asked on behalf of `account`.
    pub(super) fn asked(&self, account: &str) {
        let mut asked = self.asked_so_far();
        asked.exchanges += 1;
        asked.account = Some(account.to_owned());
    }

    fn asked_so_far(&self) -> MutexGuard<'_, Asked> {
        // What a panic could have left is a number and a name.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
