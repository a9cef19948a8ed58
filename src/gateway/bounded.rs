//! A map that forgets: bounded in number, in bytes and in time; the oldest entries go first.
//!
//! It must not know what it holds.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::{Duration, Instant},
};

/// What a map may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries at most.
    pub entries: usize,
    /// Bytes of all entries at most, as their owners counted them.
    pub bytes: usize,
    /// How long an entry lives after it was put.
    pub lifetime: Duration,
}

/// The map.
#[derive(Debug)]
pub struct Bounded<K, V> {
    bounds: Bounds,
    entries: HashMap<K, Entry<V>>,
    /// Every key with the time at which it was put, oldest first; some may be gone or put again since.
    order: VecDeque<(K, Instant)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
    since: Instant,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    /// An empty map.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, entries: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    /// What was put under `key`, unless it is too old.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let lifetime = self.bounds.lifetime;
        let entry = self.entries.get_mut(key)?;
        (entry.since.elapsed() < lifetime).then_some(&mut entry.value)
    }

    /// Puts `value`, which takes `bytes` bytes, under `key` in place of what was there.
    pub fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        let since = Instant::now();
        self.order.push_back((key.clone(), since));
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.insert(key, Entry { value, bytes, since });
        self.make_room();
    }

    /// Takes out what was put under `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry.value)
    }

    fn make_room(&mut self) {
        while let Some((_, since)) = self.order.front() {
            // What was removed leaves its place in the order, which must not grow without bound either.
            let is_full = self.bytes > self.bounds.bytes || self.order.len() > self.bounds.entries;
            if !is_full && since.elapsed() < self.bounds.lifetime {
                return;
            }
            let Some((key, since)) = self.order.pop_front() else { return };
            if self.entries.get(&key).is_some_and(|entry| entry.since == since) {
                self.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bounded, Bounds};

    const BOUNDS: Bounds = Bounds { entries: 3, bytes: 100, lifetime: Duration::from_secs(60) };

    fn keys(map: &mut Bounded<u32, u32>) -> Vec<u32> {
        (0..10).filter(|key| map.get_mut(key).is_some()).collect()
    }

    #[test]
    fn the_oldest_entries_go_when_there_are_too_many_or_too_large_ones() {
        let mut map = Bounded::new(BOUNDS);
        for key in 0..5 {
            map.put(key, key, 1);
        }
        assert_eq!(keys(&mut map), [2, 3, 4]);
        map.put(5, 5, 99);
        assert_eq!((keys(&mut map), map.bytes), (vec![4, 5], 100));
        map.put(6, 6, 101);
        assert_eq!((keys(&mut map), map.bytes), (vec![], 0), "what is too large for the map is not kept");
    }

    #[test]
    fn what_is_put_again_is_as_old_as_the_last_time() {
        let mut map = Bounded::new(BOUNDS);
        for key in [0, 1, 0, 2, 3] {
            map.put(key, key, 1);
        }
        assert_eq!(keys(&mut map), [0, 2, 3]);
        assert_eq!((map.remove(&2), map.remove(&2)), (Some(2), None));
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let mut map = Bounded::new(Bounds { lifetime: Duration::ZERO, ..BOUNDS });
        map.put(1, 1, 1);
        assert_eq!(keys(&mut map), [0_u32; 0]);
    }
}
