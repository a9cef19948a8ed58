//! Who counts what keys use, and says whether more may come.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clients::{ClientsError, KeyId, Limits, Spent, Used, Verdict};

/// What a store does, which may take a moment and may fail.
pub type Doing<'a, T> = BoxFuture<'a, Result<T, ClientsError>>;

/// How long an answer under way counts when nobody says that it still is (see [`Counter::renew`]). A process that is
/// killed holds its answers for as long.
pub const SLOT_LIFE: Duration = Duration::from_secs(60);

/// One answer under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Whose it is.
    pub key: KeyId,
    /// Tells it from all others of the key; at most `i64::MAX`.
    pub number: u64,
}

/// A request that wants to be let in.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// The answer that it will be.
    pub slot: Slot,
    /// What its key may use.
    pub limits: Limits,
    /// The time, in milliseconds since the Unix epoch. A store that others share may go by a clock of its own.
    pub now: u64,
}

/// An answer that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// Which one.
    pub slot: Slot,
    /// What it cost, as far as is known.
    pub spent: Spent,
    /// The time, in milliseconds since the Unix epoch.
    pub now: u64,
}

/// Counts what keys use. Every call is one atomic step, so that any number of processes can count at once and none lets
/// in what another has just used up. [`crate::clients::Tally`] says what is counted and how it is judged.
pub trait Counter: Send + Sync {
    /// Judges a request, and counts it when it is let in: one more request in this second, and an answer under way that
    /// holds its share of the day's budgets until `now +` [`SLOT_LIFE`]. A refused one changes nothing.
    ///
    /// # Errors
    /// When the store cannot be used.
    fn admit(&self, admission: Admission) -> Doing<'_, Verdict>;

    /// Says of answers under way that they still are: each that the store has counts until `now +` [`SLOT_LIFE`].
    ///
    /// # Errors
    /// When the store cannot be used.
    fn renew(&self, slots: Vec<Slot>, now: u64) -> Doing<'_, ()>;

    /// Ends an answer under way and counts what it cost, to the day that it ends in. What it cost counts although the
    /// store may not have the answer any more.
    ///
    /// # Errors
    /// When the store cannot be used.
    fn settle(&self, settlement: Settlement) -> Doing<'_, ()>;

    /// What `key` has used today and uses now.
    ///
    /// # Errors
    /// When the store cannot be used.
    fn used<'a>(&'a self, key: &'a KeyId, now: u64) -> Doing<'a, Used>;
}
