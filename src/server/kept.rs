//! Answers that clients asked to be kept, for as long as memory allows (`CLIENTS.md` §3.3).
//!
//! Each client key has answers of its own and sees no others. It must not know what is in them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::dialect::{Encoder, Keeper};

/// How long an answer is kept.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How many answers are kept at most, and how many bytes of them; the oldest go first.
const MOST_ANSWERS: usize = 10_000;
const MOST_BYTES: usize = 64 * 1024 * 1024;

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
#[derive(Default)]
pub(crate) struct Memory(Mutex<Room>);

/// Client and id.
type Key = (String, String);

#[derive(Default)]
struct Room {
    answers: HashMap<Key, Kept>,
    /// Every key with the time at which it was put, oldest first; some may be gone or put again since.
    order: VecDeque<(Key, Instant)>,
    bytes: usize,
}

struct Kept {
    value: Arc<Value>,
    bytes: usize,
    since: Instant,
}

impl Memory {
    fn room(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn get(&self, client: &str, id: &str) -> Option<Arc<Value>> {
        let room = self.room();
        let kept = room.answers.get(&(client.to_owned(), id.to_owned()))?;
        (kept.since.elapsed() < LIFETIME).then(|| Arc::clone(&kept.value))
    }

    fn put(&self, client: &str, id: &str, value: Value) {
        let bytes = size(&value);
        let (key, since) = ((client.to_owned(), id.to_owned()), Instant::now());
        let mut room = self.room();
        room.remove(&key);
        room.order.push_back((key.clone(), since));
        room.bytes += bytes;
        room.answers.insert(key, Kept { value: Arc::new(value), bytes, since });
        room.make_room();
    }

    fn remove(&self, client: &str, id: &str) -> bool {
        self.room().remove(&(client.to_owned(), id.to_owned()))
    }
}

impl Room {
    fn remove(&mut self, key: &Key) -> bool {
        let removed = self.answers.remove(key);
        self.bytes -= removed.as_ref().map_or(0, |kept| kept.bytes);
        removed.is_some()
    }

    fn make_room(&mut self) {
        while let Some((_, since)) = self.order.front() {
            // What was removed leaves its place in the order, which must not grow without bound either.
            let is_full = self.bytes > MOST_BYTES || self.order.len() > MOST_ANSWERS;
            if !is_full && since.elapsed() < LIFETIME {
                return;
            }
            let Some((key, since)) = self.order.pop_front() else { return };
            if self.answers.get(&key).is_some_and(|kept| kept.since == since) {
                self.remove(&key);
            }
        }
    }
}

/// About how much memory a value takes.
fn size(value: &Value) -> usize {
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
    use serde_json::{Value, json};

    use super::{MOST_ANSWERS, MOST_BYTES, Memory, Store};

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

    #[test]
    fn the_oldest_answers_go_when_there_are_too_many_or_too_large_ones() {
        let store = Memory::default();
        for number in 0..=MOST_ANSWERS {
            store.put("a", &number.to_string(), Value::Null);
        }
        assert_eq!((store.get("a", "0"), store.get("a", "1").is_some()), (None, true));
        let half = Value::String("x".repeat(MOST_BYTES / 2));
        for id in ["one", "two", "three"] {
            store.put("a", id, half.clone());
        }
        assert_eq!((store.get("a", "one"), store.get("a", "three").is_some()), (None, true));
        assert!(store.0.lock().unwrap().bytes <= MOST_BYTES);
    }

    #[test]
    fn what_is_put_again_is_as_old_as_the_last_time() {
        let store = Memory::default();
        store.put("a", "again", json!(1));
        for number in 0..MOST_ANSWERS - 1 {
            store.put("a", &number.to_string(), Value::Null);
        }
        store.put("a", "again", json!(2));
        store.put("a", "one more", json!(3));
        assert_eq!(store.get("a", "again").as_deref(), Some(&json!(2)));
    }
}
