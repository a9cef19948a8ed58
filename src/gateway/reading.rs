//! An answer as it arrives: what has come of it, event by event.
//!
//! It must not know who listens, nor what is done when it breaks off.

use crate::{
    credential::Lease,
    turn::TurnEvent,
    upstream::{assemble::Assembler, client::Events, event::EventError, failure::Failure},
};

/// An answer that is being read.
pub(super) struct Reading {
    events: Events,
    pub(super) assembler: Assembler,
    /// What pays for it.
    pub(super) lease: Lease,
    /// How many of the payloads that have arrived are assembled.
    taken: usize,
    /// Whether the answer may go on behind them.
    goes_on: bool,
    has_spoken: bool,
}

impl Reading {
    pub(super) fn new(events: Events, assembler: Assembler, lease: Lease) -> Self {
        Self { events, assembler, lease, taken: 0, goes_on: true, has_spoken: false }
    }

    /// Waits until there is something to assemble, or the answer is over.
    pub(super) async fn arrive(&mut self) -> Result<(), Failure> {
        if self.taken == self.events.payloads().len() {
            self.goes_on = self.events.next().await?;
            self.taken = 0;
        }
        Ok(())
    }

    /// Assembles what has arrived; but the first words do not wait for what has come behind them, which is left.
    pub(super) fn assemble(&mut self, heard: &mut Vec<TurnEvent>) -> Result<(), EventError> {
        let arrived = self.events.payloads().len();
        for wire in self.events.payloads().iter().skip(self.taken) {
            self.taken += 1;
            self.assembler.push(wire, heard)?;
            if !self.has_spoken && heard.iter().any(is_words) {
                self.has_spoken = true;
                if self.taken < arrived {
                    return Ok(());
                }
            }
        }
        if !self.goes_on {
            self.assembler.end(heard);
        }
        Ok(())
    }
}

fn is_words(event: &TurnEvent) -> bool {
    matches!(event, TurnEvent::Text(_) | TurnEvent::Reasoning(_))
}
