//! Client keys, and what they use, where several replicas share both.

mod counter;
mod keys;

pub use counter::SharedCounter;
pub use keys::SharedKeys;
