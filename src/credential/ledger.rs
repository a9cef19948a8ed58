//! What the pool writes down so that a restart, and other processes, know it: who rests or is out, what was counted, and
//! how the pool stood last.
//!
//! It must not know how or where that is kept.

use std::{collections::HashMap, time::SystemTime};

use serde_json::Value;

use crate::credential::{Counter, Rest, Standing};

/// What is known of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// Its rests that were not over.
    pub(crate) rests: Vec<Rest>,
    /// How it stood, if no waiting mends that.
    pub(crate) standing: Option<Standing>,
}

/// Where the pool writes things down. Every call may wait for a disk, or for a server.
pub(crate) trait Ledger: Send + Sync {
    /// What was written down of the account that has `id`, without what is over at `now`; none when that cannot be told.
    fn recall(&self, id: &str, now: SystemTime) -> Option<Noted>;

    /// Writes down how the account that has `id` stands now.
    fn note(&self, id: &str, noted: &Noted);

    /// Adds to the counters of all processes.
    fn count(&self, more: &[(Counter, u64)]);

    /// Shows other processes how this one's pool stands; nothing of it is secret.
    fn publish(&self, snapshot: &Value);

    /// How many bearers of each account, by its id, the pools of other processes have on loan.
    fn lent_elsewhere(&self) -> HashMap<String, usize>;

    /// Withdraws what was shown.
    fn withdraw(&self);
}
