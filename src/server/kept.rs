//! Answers that clients asked to be kept, for as long as memory allows (`CLIENTS.md` §3.3).
//!
//! Each client key has answers of its own and sees no others. It must not know what is in them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt, StreamExt as _,
    future::{self, BoxFuture},
    stream,
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
    /// What `client` has kept under `id`. It may wait for a short time.
    fn get<'a>(&'a self, client: &'a str, id: &'a str) -> BoxFuture<'a, Option<Arc<Value>>>;
    /// Keeps `value` for `client` under `id`. Nothing is waited for.
    fn put(&self, client: &str, id: &str, value: Value);
    /// Forgets what `client` has kept under `id`. Returns whether there was anything.
    fn remove<'a>(&'a self, client: &'a str, id: &'a str) -> BoxFuture<'a, bool>;
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
    fn get<'a>(&'a self, client: &'a str, id: &'a str) -> BoxFuture<'a, Option<Arc<Value>>> {
        let found = self.answers().get_mut(&(client.to_owned(), id.to_owned())).map(|value| Arc::clone(value));
        future::ready(found).boxed()
    }

    fn put(&self, client: &str, id: &str, value: Value) {
        let bytes = size(&value);
        self.answers().put((client.to_owned(), id.to_owned()), Arc::new(value), bytes);
    }

    fn remove<'a>(&'a self, client: &'a str, id: &'a str) -> BoxFuture<'a, bool> {
        let was_there = self.answers().remove(&(client.to_owned(), id.to_owned())).is_some();
        future::ready(was_there).boxed()
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

    /// What was kept under `id`.
    pub(crate) async fn get(&self, id: &str) -> Option<Arc<Value>> {
        self.store.get(&self.client, id).await
    }

    /// Forgets what was kept under `id`.
    pub(crate) async fn remove(&self, id: &str) -> bool {
        self.store.remove(&self.client, id).await
    }
}

/// How many kept answers one request can refer to, and how many of them are looked for at the same time.
const REFERENCES: usize = 256;
const AT_ONCE: usize = 16;

/// What one request refers to. A dialect asks without waiting: what is not here yet is noted, and fetched before the
/// request is read once more.
#[derive(Default)]
pub(crate) struct Referred(Mutex<References>);

#[derive(Default)]
struct References {
    found: HashMap<String, Option<Arc<Value>>>,
    missing: Vec<String>,
}

impl Referred {
    /// Fetches from `shelf` what was asked for in vain. False when that was nothing.
    pub(crate) async fn fetch(&self, shelf: &Shelf) -> bool {
        let missing = std::mem::take(&mut self.references().missing);
        if missing.is_empty() {
            return false;
        }
        let looking = missing.into_iter().map(|id| async move {
            let found = shelf.get(&id).await;
            (id, found)
        });
        let found: Vec<_> = stream::iter(looking).buffer_unordered(AT_ONCE).collect().await;
        self.references().found.extend(found);
        true
    }

    fn references(&self) -> MutexGuard<'_, References> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Referred {
    fn get(&self, id: &str) -> Option<Arc<Value>> {
        let mut references = self.references();
        if let Some(found) = references.found.get(id) {
            return found.clone();
        }
        let has_room = references.found.len() + references.missing.len() < REFERENCES;
        if has_room && !references.missing.iter().any(|missing| missing == id) {
            references.missing.push(id.to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Memory, Store};

    #[tokio::test]
    async fn a_client_finds_its_own_answers_only() {
        let store = Memory::default();
        store.put("a", "1", json!({"x": 1}));
        assert_eq!(store.get("a", "1").await.as_deref(), Some(&json!({"x": 1})));
        assert_eq!(store.get("b", "1").await, None);
        assert!(!store.remove("b", "1").await);
        assert!(store.remove("a", "1").await && !store.remove("a", "1").await);
        assert_eq!(store.get("a", "1").await, None);
    }
}
