//! Where client keys are kept.

use std::time::Duration;

use crate::clients::{Digest, Doing, Key, NewKey, Terms};

/// How long a revoked key is still listed; later it is as if it had never been.
pub const KEPT_AFTER_REVOCATION: Duration = Duration::from_secs(30 * 24 * 3600);

/// A store of client keys. Every method is one change or one look, whole or not at all; names are unique among the keys
/// that are not revoked.
///
/// Servers read the whole list every few seconds and find keys in it, so that nobody who guesses keys makes a store work.
pub trait Keys: Send + Sync {
    /// Keeps a new key, and forgets those that were revoked for longer than [`KEPT_AFTER_REVOCATION`] before it was made.
    ///
    /// # Errors
    /// When its name is taken, or the store cannot be used.
    fn create(&self, key: NewKey) -> Doing<'_, ()>;

    /// Every key that there is, revoked ones too, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be used.
    fn list(&self) -> Doing<'_, Vec<Key>>;

    /// Gives the key `name` other terms, or another secret, or both; gives the key back as it is then.
    ///
    /// # Errors
    /// When no key that is not revoked has the name, or the store cannot be used.
    fn change<'a>(&'a self, name: &'a str, terms: Option<Terms>, digest: Option<Digest>) -> Doing<'a, Key>;

    /// Revokes the key `name` at `now` milliseconds since the Unix epoch; gives the key back as it is then.
    ///
    /// # Errors
    /// When no key that is not revoked has the name, or the store cannot be used.
    fn revoke<'a>(&'a self, name: &'a str, now: u64) -> Doing<'a, Key>;
}
