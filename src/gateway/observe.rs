//! Who sees turns as they run: the monitor, the recorder of captures.
//!
//! An observer must not change a turn nor keep it waiting. With none, nothing here costs anything.

use std::sync::Arc;

use crate::{
    gateway::Scope,
    turn::{Turn, TurnEvent},
    upstream::tap::{Tap, Taps},
};

/// Sees turns.
pub trait Observer: Send + Sync {
    /// A turn begins. What is returned sees the rest of it.
    fn begin(&self, turn: &Turn, scope: &Scope) -> Option<Box<dyn Watch>>;
}

/// Sees one turn. One that is dropped before its end was called off by its client.
pub trait Watch: Send + Sync {
    /// Another exchange with the upstream begins, the `attempt`-th of the turn, on behalf of `account`. What is returned
    /// hears it.
    fn exchange(&mut self, account: &str, attempt: u32) -> Option<Box<dyn Tap>>;
    /// The client is about to hear `events`, in this order. The last of a turn is its end or its failure.
    fn heard(&mut self, events: &[TurnEvent]);
}

/// Everyone who sees turns.
#[derive(Clone, Default)]
pub(super) struct Observers(Arc<[Arc<dyn Observer>]>);

impl Observers {
    pub(super) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers.into())
    }

    /// Everyone who sees `turn`.
    pub(super) fn begin(&self, turn: &Turn, scope: &Scope) -> Watches {
        Watches { all: self.0.iter().filter_map(|observer| observer.begin(turn, scope)).collect(), exchanges: 0 }
    }
}

/// Everyone who sees one turn; usually nobody.
#[derive(Default)]
pub(super) struct Watches {
    all: Vec<Box<dyn Watch>>,
    exchanges: u32,
}

impl Watches {
    pub(super) fn exchange(&mut self, account: &str) -> Taps {
        self.exchanges += 1;
        let number = self.exchanges;
        Taps::new(self.all.iter_mut().filter_map(|watch| watch.exchange(account, number)).collect())
    }

    pub(super) fn heard(&mut self, events: &[TurnEvent]) {
        self.all.iter_mut().for_each(|watch| watch.heard(events));
    }
}
