//! What the pool has done so far, and why it chose as it did.
//!
//! It must not know how anything is chosen.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use crate::credential::pool::choose::Obstacle;

/// How many choices are remembered.
const CHOICES: usize = 64;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Requests for a bearer.
    Requests,
    /// Requests that one account refused and another one served.
    Switches,
    /// Accounts that a source was asked for and gave.
    Acquired,
    /// Times that an account was told to slow down.
    RateLimits,
    /// Renewals that worked.
    Renewals,
    /// Times that a source had to be asked while a request waited.
    Emergencies,
}

impl Counter {
    /// Every counter, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Requests, Self::Switches, Self::Acquired, Self::RateLimits, Self::Renewals, Self::Emergencies];

    /// Its name in JSON and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Switches => "switches_that_worked",
            Self::Acquired => "credentials_acquired",
            Self::RateLimits => "rate_limit_hits",
            Self::Renewals => "renewals",
            Self::Emergencies => "emergency_fetches",
        }
    }
}

/// The counters of this process.
#[derive(Debug, Default)]
pub(super) struct Counters {
    counted: [AtomicU64; Counter::ALL.len()],
    /// How much of that has been written down.
    written: [AtomicU64; Counter::ALL.len()],
}

impl Counters {
    pub(super) fn count(&self, counter: Counter) {
        self.counted[counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn all(&self) -> [(Counter, u64); Counter::ALL.len()] {
        Counter::ALL.map(|counter| (counter, self.counted[counter as usize].load(Ordering::Relaxed)))
    }

    /// What has been counted since this was last asked. One caller at a time.
    pub(super) fn since_last(&self) -> Vec<(Counter, u64)> {
        let more = |(counter, count): (Counter, u64)| {
            (counter, count - self.written[counter as usize].swap(count, Ordering::Relaxed))
        };
        self.all().into_iter().map(more).filter(|(_, more)| *more > 0).collect()
    }
}

/// One choice between accounts, or that there was none to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// When.
    pub at: SystemTime,
    /// The model that was asked for.
    pub model: String,
    /// The account that was chosen.
    pub account: Option<String>,
    /// What spoke for it.
    pub because: &'static str,
    /// The accounts that could not serve, and why.
    pub obstacles: Vec<(String, Obstacle)>,
}

/// The last choices.
#[derive(Debug, Default)]
pub(super) struct Choices(Mutex<VecDeque<Choice>>);

impl Choices {
    pub(super) fn note(&self, choice: Choice) {
        let mut choices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if choices.len() == CHOICES {
            choices.pop_front();
        }
        choices.push_back(choice);
    }

    /// The last choices, oldest first.
    pub(super) fn all(&self) -> Vec<Choice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
