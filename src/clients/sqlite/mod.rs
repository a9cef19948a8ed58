//! Client keys and what they use, in the state's database.

mod counter;
mod keys;
mod rows;

pub use counter::StoredCounter;
pub use keys::StoredKeys;
