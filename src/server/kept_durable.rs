//! Kept answers that outlive the process: in memory, and on a shelf of the state behind it.
//!
//! A shelf that is shared is asked first, for another replica may have taken an answer away, which leaves a mark there.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    gateway::Bounded,
    server::kept::{BOUNDS, Store, size},
    state::{Limits, Shelf, Shelves},
};

/// What is kept on the shelf at most, and for how long: as clients are told of the service that they think they talk to.
const LIMITS: Limits =
    Limits { rows: 20_000, bytes: 256 * 1024 * 1024, parts: 1, lifetime: Duration::from_secs(30 * 24 * 3600) };

/// The only part of a key.
const WHOLE: [u8; 32] = [0; 32];

/// What is known, by client and id; none is what was taken away, which the shelf may still have for a moment.
type Known = Bounded<(String, String), Option<Arc<Value>>>;

/// A store in memory and on a shelf.
pub(crate) struct Durable {
    memory: Mutex<Known>,
    shelf: Shelf,
}

impl Durable {
    pub(crate) fn new(shelves: &Shelves) -> Self {
        Self { memory: Mutex::new(Bounded::new(BOUNDS)), shelf: shelves.shelf("answers", LIMITS) }
    }

    fn memory(&self) -> MutexGuard<'_, Known> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the shelf knows of an answer: that it was taken away, itself, or nothing.
    async fn fetch(&self, client: &str, id: &str) -> Option<Option<Arc<Value>>> {
        let bytes = self.shelf.get(&key(client, id)).await.pop()?;
        if bytes.is_empty() {
            return Some(None);
        }
        let value = Arc::new(serde_json::from_slice(&bytes).ok()?);
        self.know(client, id, &value);
        Some(Some(value))
    }

    fn known(&self, client: &str, id: &str) -> Option<Option<Arc<Value>>> {
        self.memory().get_mut(&(client.to_owned(), id.to_owned())).map(|value| value.clone())
    }

    fn know(&self, client: &str, id: &str, value: &Arc<Value>) {
        self.memory().put((client.to_owned(), id.to_owned()), Some(Arc::clone(value)), size(value));
    }
}

impl Store for Durable {
    fn get<'a>(&'a self, client: &'a str, id: &'a str) -> BoxFuture<'a, Option<Arc<Value>>> {
        async move {
            if self.shelf.is_shared() {
                return self.fetch(client, id).await.or_else(|| self.known(client, id)).flatten();
            }
            match self.known(client, id) {
                Some(known) => known,
                None => self.fetch(client, id).await.flatten(),
            }
        }
        .boxed()
    }

    fn put(&self, client: &str, id: &str, value: Value) {
        let value = Arc::new(value);
        self.know(client, id, &value);
        // A value can always be written: its maps have text for keys.
        self.shelf.put(key(client, id), WHOLE, move || serde_json::to_vec(&*value).unwrap_or_default());
    }

    fn remove<'a>(&'a self, client: &'a str, id: &'a str) -> BoxFuture<'a, bool> {
        async move {
            let was_there = self.get(client, id).await.is_some();
            if was_there {
                self.memory().put((client.to_owned(), id.to_owned()), None, id.len());
                match self.shelf.is_shared() {
                    true => self.shelf.put(key(client, id), WHOLE, Vec::new),
                    false => self.shelf.remove(key(client, id), WHOLE),
                }
            }
            was_there
        }
        .boxed()
    }
}

fn key(client: &str, id: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(client.len().to_le_bytes());
    hasher.update(client);
    hasher.update(id);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Durable, Store};
    use crate::state::{KeyKind, RedisServer, Shared, Shelves, State};

    #[tokio::test]
    async fn an_answer_is_there_after_a_restart_until_it_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let state = State::open(place.path(), KeyKind::File).unwrap();
        let start = || {
            let shelves = Shelves::open(&state).unwrap();
            (Durable::new(&shelves), shelves)
        };
        let (first, shelves) = start();
        first.put("a", "1", json!({"x": 1}));
        shelves.flush().await;
        let (second, shelves) = start();
        assert_eq!(second.get("a", "1").await.as_deref(), Some(&json!({"x": 1})));
        assert_eq!((second.get("b", "1").await, second.get("a", "2").await), (None, None));
        assert!(!second.remove("b", "1").await);
        assert!(second.remove("a", "1").await && !second.remove("a", "1").await);
        assert_eq!(second.get("a", "1").await, None, "also before the shelf has heard of it");
        shelves.flush().await;
        assert_eq!(start().0.get("a", "1").await, None);
    }

    #[tokio::test]
    async fn an_answer_is_there_for_every_replica_until_one_removes_it() {
        let Some(server) = RedisServer::start(&[]) else { return };
        let replica = || {
            let shared = Shared::for_test(&server);
            (Durable::new(&Shelves::shared(&shared)), shared)
        };
        let ((first, here), (second, there)) = (replica(), replica());
        first.put("a", "1", json!({"x": 1}));
        first.put("a", "2", json!({"x": 2}));
        here.flush().await;
        assert_eq!(second.get("a", "1").await.as_deref(), Some(&json!({"x": 1})));
        assert_eq!((second.get("b", "1").await, second.get("a", "3").await), (None, None));
        assert!(second.remove("a", "1").await && !second.remove("a", "1").await);
        there.flush().await;
        assert_eq!(first.get("a", "1").await, None, "although it has it in memory");
        assert!(!first.remove("a", "1").await);
        drop(server);
        assert_eq!(
            first.get("a", "2").await.as_deref(),
            Some(&json!({"x": 2})),
            "memory answers for a server that is away"
        );
    }
}
