//! How patient the gateway is. It must not know what it waits for.

use std::time::Duration;

/// Bounds on what the gateway does for one turn (`DESIGN.md` §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often the same request is sent at most.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause that an upstream may ask for; with a longer one the client is told at once.
    pub longest_pause: Duration,
    /// How often calls of tools that nobody offered are answered within one turn.
    pub refusals: u32,
    /// How long a client waits for a status before it is told that all is well so far, so that heartbeats can begin.
    pub hold: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(5),
            refusals: 3,
            hold: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// The pause after failed attempt number `attempt`, counted from 1: doubling, with up to 30 % more at random so
    /// that many clients do not come back together.
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.first_pause.saturating_mul(1 << attempt.saturating_sub(1).min(6));
        doubled.mul_f64(1.0 + 0.3 * fastrand::f64())
    }
}
