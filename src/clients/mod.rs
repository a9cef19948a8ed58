//! The gateway's own clients: their keys, what each may do, and what each has used.
//!
//! In reading order: `material` is what a key is made of, `terms` what it may do, `key` both together, `keys` where keys
//! are kept; `tally` is what a key has used and whether more may come, `counter` who counts it; `gate` lets requests in by
//! all of these. Behind `keys` and `counter` is a small trait each, so that several gateways can share one store: here
//! are one in memory, one in the state's database, and one that replicas share. It must not know HTTP, the form of any dialect, or the upstream.

mod counter;
#[cfg(test)]
mod counter_tests;
mod error;
mod gate;
#[cfg(test)]
mod gate_tests;
mod key;
mod keys;
mod material;
mod memory;
mod shared;
mod sqlite;
mod tally;
mod terms;

pub use counter::{Admission, Counter, Doing, SLOT_LIFE, Settlement, Slot};
pub use error::ClientsError;
pub use gate::{Clients, Clock, Denied, Found, MAX_AGE, Pass};
pub use key::{Key, NewKey, Standing};
pub use keys::{KEPT_AFTER_REVOCATION, Keys};
pub use material::{Digest, KeyId, PREFIX, Presented, generate};
pub use memory::MemoryCounter;
pub use shared::{SharedCounter, SharedKeys};
pub use sqlite::{StoredCounter, StoredKeys};
pub use tally::{Amount, Budget, Flight, Left, Limit, Refusal, Spent, Tally, Used, Verdict};
pub use terms::{Limits, Terms};
