//! Who sees turns as they run: the monitor, the recorder of captures.
//!
//! An observer must not change a turn nor keep it waiting. With none, nothing here costs anything.

use std::sync::Arc;

use crate::{
    gateway::{Scope, Trail},
    turn::{ErrorKind, Turn, TurnError, TurnEvent},
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
    /// The upstream is about to be asked another time.
    fn again(&mut self, _why: Again) {}
}

/// Why the upstream is asked another time for the same turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// An attempt met a failure that passes.
    Transient,
    /// The account was told to slow down, and there is no other.
    RateLimited,
    /// The bearer was refused; another one of the same account goes on.
    Renewed,
    /// The account was refused; another one goes on.
    Switched,
    /// The upstream does not go on with the conversation; it is replayed.
    Replayed,
    /// The model called tools that nobody offered, and is told so.
    ToolsRefused,
    /// The answer was not what was asked for, and the model is asked once more.
    Corrected,
}

impl Again {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Transient,
        Self::RateLimited,
        Self::Renewed,
        Self::Switched,
        Self::Replayed,
        Self::ToolsRefused,
        Self::Corrected,
    ];

    /// Why an attempt follows one that has failed with `error`.
    pub(super) fn after(error: &TurnError) -> Self {
        match error.kind {
            ErrorKind::RateLimited => Self::RateLimited,
            _ => Self::Transient,
        }
    }

    /// The name that metrics and traces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::Renewed => "renewed",
            Self::Switched => "switched",
            Self::Replayed => "replayed",
            Self::ToolsRefused => "tools_refused",
            Self::Corrected => "corrected",
        }
    }
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
        let all = self.0.iter().filter_map(|observer| observer.begin(turn, scope)).collect();
        Watches { all, exchanges: 0, trail: scope.trail.clone() }
    }
}

/// Everyone who sees one turn; usually nobody.
#[derive(Default)]
pub(super) struct Watches {
    all: Vec<Box<dyn Watch>>,
    exchanges: u32,
    trail: Trail,
}

impl Watches {
    pub(super) fn exchange(&mut self, account: &str) -> Taps {
        self.exchanges += 1;
        let number = self.exchanges;
        self.trail.asked(account);
        Taps::new(self.all.iter_mut().filter_map(|watch| watch.exchange(account, number)).collect())
    }

    pub(super) fn heard(&mut self, events: &[TurnEvent]) {
        self.all.iter_mut().for_each(|watch| watch.heard(events));
    }

    pub(super) fn again(&mut self, why: Again) {
        self.all.iter_mut().for_each(|watch| watch.again(why));
    }
}
