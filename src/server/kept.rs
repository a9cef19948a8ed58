//! Answers that clients asked to be kept, for as long as memory allows (`CLIENTS.md` §3.3).
//!
//! Each client key has answers of its own and sees no others. It must not know what is in them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::{
    dialect::{Encoder, Keeper},
    gateway::{Bounded, Bounds},
};

/// What is kept at most, and for how long.
pub(super) const BOUNDS: Bounds =
    Bounds { entries: 10_000, bytes: 64 * 1024 * 1024, lifetime: Duration::from_secs(24 * 3600) };

/// Where kept answers are. A durable store can stand in for the one in memory.
pub(crate) trait Store: Send + Sync {
    /// What `client` has kept under `id`.
    fn get(&self, client: &str, id: &str) -> Option<Arc<Value>>;
    /// Keeps `value` for `client` under `id`.
    fn put(&self, client: &str, id: &str, value: Value);
    /// Forgets what `client` has kept under `id`. Returns whether there was anything.
    fn remove(&self, client: &str, id: &str) -> bool;
}

/// A store in memory, bounded in number, size and age.
pub(crate) struct Memory(Mutex<Bounded<(String, String), Arc<Value>>>);

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(BOUNDS)))
    }
}

impl Memory {
    fn answers(&self) -> MutexGuard<'_, Bounded<(String, String), Arc<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn get(&self, client: &str, id: &str) -> Option<Arc<Value>> {
        self.answers().get_mut(&(client.to_owned(), id.to_owned())).map(|value| Arc::clone(value))
    }

    fn put(&self, client: &str, id: &str, value: Value) {
        let bytes = size(&value);
        self.answers().put((client.to_owned(), id.to_owned()), Arc::new(value), bytes);
    }

    fn remove(&self, client: &str, id: &str) -> bool {
        self.answers().remove(&(client.to_owned(), id.to_owned())).is_some()
    }
}

/// About how much memory a value takes.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
        Value::String(text) => 32 + text.len(),
        Value::Array(items) => 32 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 32 + fields.iter().map(|(name, field)| 64 + name.len() + size(field)).sum::<usize>(),
    }
}

/// One client's part of a store.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) client: String,
}

impl Shelf {
    /// Keeps the answer of `encoder`, if it is to be kept.
    pub(crate) fn keep(&self, encoder: &mut dyn Encoder) {
        if let Some((id, value)) = encoder.to_keep() {
            self.store.put(&self.client, &id, value);
        }
    }

    /// Forgets what was kept under `id`.
    pub(crate) fn remove(&self, id: &str) -> bool {
        self.store.remove(&self.client, id)
    }
}

impl Keeper for Shelf {
    fn get(&self, id: &str) -> Option<Arc<Value>> {
        self.store.get(&self.client, id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Memory, Store};

    #[test]
    fn a_client_finds_its_own_answers_only() {
        let store = Memory::default();
        store.put("a", "1", json!({"x": 1}));
        assert_eq!(store.get("a", "1").as_deref(), Some(&json!({"x": 1})));
        assert_eq!(store.get("b", "1"), None);
        assert!(!store.remove("b", "1"));
        assert!(store.remove("a", "1") && !store.remove("a", "1"));
        assert_eq!(store.get("a", "1"), None);
    }
}
