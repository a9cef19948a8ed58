//! What happens right now, and happened last: the last turns with their exchanges, byte for byte, and a bus that tells
//! viewers when one of them changes.
//!
//! It is bounded in turns and in bytes, and nobody who is recorded ever waits for somebody who looks: a viewer who is slow
//! misses notes, hears how many, and looks again. It must not know what the bytes mean, nor import anything of this crate;
//! what it is given holds no secret.
//!
//! In reading order: [`turn`] (what is kept of a turn) · [`Recorder`] (writes it) · [`packet`] (what was encoded and decoded by
//! hand) · [`Monitor`] (keeps them, and tells).

pub mod packet;
mod recorder;
mod ring;
pub mod turn;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use tokio::sync::broadcast;

pub use crate::monitor::{
    packet::Packet,
    recorder::{ExchangeRecorder, Recorder},
    turn::{Cost, Exchange, Message, Opening, State, Summary, Turn},
};
use crate::monitor::{packet::Packets, ring::Ring};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Turns; beyond that the oldest goes.
    pub turns: usize,
    /// Bytes of all turns together; beyond that the oldest goes, though it may still run.
    pub bytes: usize,
    /// Packets.
    pub packets: usize,
    /// Notes that a viewer may be behind.
    pub notes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { turns: 500, bytes: 16 << 20, packets: 100, notes: 1024 }
    }
}

/// What viewers are told.
#[derive(Debug, Clone)]
pub enum Note {
    /// The turn of this number has begun or changed.
    Turn(u64),
    /// Something was encoded or decoded.
    Packet(Arc<Packet>),
}

/// Keeps what happened last. Cheap to clone.
#[derive(Clone)]
pub struct Monitor(Arc<Shared>);

struct Shared {
    ring: Ring,
    packets: Mutex<Packets>,
    bus: broadcast::Sender<Note>,
}

impl Monitor {
    /// A monitor that keeps no more than `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let (bus, _) = broadcast::channel(limits.notes.max(1));
        Self(Arc::new(Shared {
            ring: Ring::new(limits.turns, limits.bytes),
            packets: Mutex::new(Packets::new(limits.packets)),
            bus,
        }))
    }

    /// A turn begins. What is returned writes down the rest of it.
    #[must_use]
    pub fn begin(&self, opening: Opening) -> Recorder {
        let turn = self.0.ring.begin(opening);
        self.tell(turn.number());
        Recorder::new(self.clone(), turn)
    }

    /// Keeps `packet`.
    pub fn keep(&self, packet: Packet) {
        let packet = Arc::new(packet);
        self.packets_mut().push(Arc::clone(&packet));
        self.send(|| Note::Packet(packet));
    }

    /// The turns that are kept, oldest first.
    #[must_use]
    pub fn turns(&self) -> Vec<Arc<Turn>> {
        self.0.ring.all()
    }

    /// The turn of this number, while it is kept.
    #[must_use]
    pub fn turn(&self, number: u64) -> Option<Arc<Turn>> {
        self.0.ring.find(number)
    }

    /// The last packets, oldest first.
    #[must_use]
    pub fn packets(&self) -> Vec<Arc<Packet>> {
        self.packets_mut().all()
    }

    /// Hears notes from now on. One who does not listen for too long loses the oldest, and is told so.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Note> {
        self.0.bus.subscribe()
    }

    /// How many bytes are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.ring.held()
    }

    fn tell(&self, number: u64) {
        self.send(|| Note::Turn(number));
    }

    /// Costs next to nothing when nobody listens.
    fn send(&self, note: impl FnOnce() -> Note) {
        if self.0.bus.receiver_count() > 0 {
            // Whoever listened may have gone since.
            drop(self.0.bus.send(note()));
        }
    }

    fn packets_mut(&self) -> MutexGuard<'_, Packets> {
        self.0.packets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Monitor({} turns, {} bytes)", self.turns().len(), self.held())
    }
}

/// Milliseconds from `began` until now.
fn since(began: SystemTime, now: SystemTime) -> u64 {
    now.duration_since(began).ok().and_then(|passed| u64::try_from(passed.as_millis()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Limits, Monitor, Note, Opening, State};

    fn monitor(turns: usize, bytes: usize) -> Monitor {
        Monitor::new(Limits { turns, bytes, packets: 2, notes: 4 })
    }

    #[test]
    fn the_oldest_turns_go_when_there_are_too_many() {
        let monitor = monitor(2, 1 << 20);
        let turns: Vec<_> = (0..3).map(|_| monitor.begin(Opening::default())).collect();
        let kept: Vec<_> = monitor.turns().iter().map(|turn| turn.number()).collect();
        assert_eq!(kept, [2, 3]);
        assert!(monitor.turn(1).is_none());
        drop(turns);
        assert_eq!(monitor.turn(3).unwrap().summary().state, State::CalledOff);
    }

    #[test]
    fn no_more_bytes_are_held_than_may_be() {
        let limit = 200 * 1024;
        let monitor = monitor(100, limit);
        for _ in 0..4 {
            let mut recorder = monitor.begin(Opening::default());
            let mut exchange = recorder.exchange("account", 1);
            for _ in 0..10 {
                exchange.opened(std::iter::once(vec![0; 10 * 1024].into()));
                assert!(monitor.held() <= limit, "{}", monitor.held());
            }
        }
        assert!(monitor.turns().len() < 4 && !monitor.turns().is_empty());
        // One turn that is too large by itself goes too, while it runs, and what it still says is not kept.
        let mut recorder = monitor.begin(Opening::default());
        let mut exchange = recorder.exchange("account", 1);
        exchange.opened(std::iter::once(vec![0; limit].into()));
        exchange.opened(std::iter::once(vec![0; 1024].into()));
        assert!(monitor.turns().is_empty());
        assert_eq!(monitor.held(), 0);
    }

    #[tokio::test]
    async fn a_slow_viewer_loses_notes_and_nobody_waits() {
        let monitor = monitor(100, 1 << 20);
        let mut viewer = monitor.listen();
        let recorders: Vec<_> = (0..10).map(|_| monitor.begin(Opening::default())).collect();
        let missed = viewer.recv().await.unwrap_err();
        assert!(matches!(missed, tokio::sync::broadcast::error::RecvError::Lagged(6)), "{missed:?}");
        assert!(matches!(viewer.recv().await, Ok(Note::Turn(7))));
        assert_eq!(recorders.len(), monitor.turns().len());
    }
}
