//! The last turns, bounded in number and in bytes.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::monitor::turn::{Kept, Opening, Turn};

/// What a turn counts for besides what it holds.
const EMPTY_WEIGHT: usize = 512;

pub(super) struct Ring {
    turns: Mutex<Numbered>,
    most_turns: usize,
    most_bytes: usize,
    held: AtomicUsize,
}

#[derive(Default)]
struct Numbered {
    all: VecDeque<Arc<Turn>>,
    last: u64,
}

impl Ring {
    pub(super) fn new(most_turns: usize, most_bytes: usize) -> Self {
        Self { turns: Mutex::default(), most_turns: most_turns.max(1), most_bytes, held: AtomicUsize::new(0) }
    }

    /// Keeps another turn.
    pub(super) fn begin(&self, opening: Opening) -> Arc<Turn> {
        let mut turns = self.turns();
        turns.last += 1;
        let turn = Arc::new(Turn::new(turns.last, opening));
        self.grow(&mut turn.kept(), EMPTY_WEIGHT);
        turns.all.push_back(Arc::clone(&turn));
        drop(turns);
        self.shrink();
        turn
    }

    /// Notes that a turn holds `bytes` more. Whoever says so lets go of the turn and calls [`Ring::shrink`].
    pub(super) fn grow(&self, kept: &mut Kept, bytes: usize) {
        kept.weight += bytes;
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Lets the oldest turns go until what is left may stay. The turns' own locks are taken one at a time.
    pub(super) fn shrink(&self) {
        if self.held() <= self.most_bytes && self.turns().all.len() <= self.most_turns {
            return;
        }
        let mut turns = self.turns();
        while turns.all.len() > self.most_turns || self.held() > self.most_bytes {
            let Some(oldest) = turns.all.pop_front() else { return };
            let mut kept = oldest.kept();
            kept.is_gone = true;
            kept.exchanges = Vec::new();
            self.held.fetch_sub(std::mem::take(&mut kept.weight), Ordering::Relaxed);
        }
    }

    /// True when what is held is too much.
    pub(super) fn is_overfull(&self) -> bool {
        self.held() > self.most_bytes
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> Vec<Arc<Turn>> {
        self.turns().all.iter().cloned().collect()
    }

    pub(super) fn find(&self, number: u64) -> Option<Arc<Turn>> {
        let turns = self.turns();
        let first = turns.all.front()?.number();
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        turns.all.get(place).cloned()
    }

    fn turns(&self) -> MutexGuard<'_, Numbered> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
