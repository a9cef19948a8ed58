//! Writes down one turn as it runs. It must not know what it writes down.

use std::sync::Arc;

use bytes::Bytes;

use crate::monitor::{
    Monitor,
    turn::{Cost, Exchange, Kept, Message, State, Turn},
};

/// What a message counts for besides its bytes.
const MESSAGE_WEIGHT: usize = 64;
/// What an exchange counts for besides its bytes.
const EXCHANGE_WEIGHT: usize = 1024;
/// How much of an answer is kept that is no stream of messages.
const MOST_REFUSAL: usize = 16 * 1024;

/// Writes down one turn. One that is dropped before the turn's end was called off.
pub struct Recorder {
    monitor: Monitor,
    turn: Arc<Turn>,
    has_heard: bool,
}

/// Writes down one exchange of a turn.
pub struct ExchangeRecorder {
    monitor: Monitor,
    turn: Arc<Turn>,
    place: usize,
    /// True when the answer is no stream of messages.
    is_refused: bool,
}

impl Recorder {
    pub(super) fn new(monitor: Monitor, turn: Arc<Turn>) -> Self {
        Self { monitor, turn, has_heard: false }
    }

    /// Which turn it is.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.turn.number()
    }

    /// Another exchange begins, the `attempt`-th, on behalf of `account`.
    #[must_use]
    pub fn exchange(&mut self, account: &str, attempt: u32) -> ExchangeRecorder {
        let mut place = 0;
        self.change(EXCHANGE_WEIGHT, |kept| {
            account.clone_into(&mut kept.account);
            place = kept.exchanges.len();
            kept.exchanges.push(Exchange { account: account.to_owned(), attempt, ..Exchange::default() });
        });
        ExchangeRecorder { monitor: self.monitor.clone(), turn: Arc::clone(&self.turn), place, is_refused: false }
    }

    /// Its client hears the first of the answer. Said again it changes nothing.
    pub fn heard(&mut self) {
        if !std::mem::replace(&mut self.has_heard, true) {
            let age = self.turn.age();
            self.change(0, |kept| kept.first_byte = Some(age));
        }
    }

    /// This model answers.
    pub fn model(&mut self, model: &str) {
        self.change(0, |kept| model.clone_into(&mut kept.opening.model));
    }

    /// It cost this.
    pub fn cost(&mut self, cost: Cost) {
        self.change(0, |kept| kept.cost = Some(cost));
    }

    /// It is over.
    pub fn end(&mut self, state: State) {
        let age = self.turn.age();
        self.change(0, |kept| {
            kept.state = state;
            kept.ended = Some(age);
        });
    }

    fn change(&self, weight: usize, change: impl FnOnce(&mut Kept)) {
        write(&self.monitor, &self.turn, |kept| {
            change(kept);
            weight
        });
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.turn.kept().state == State::Running {
            self.end(State::CalledOff);
        }
    }
}

impl ExchangeRecorder {
    /// The request goes out.
    pub fn sent(&mut self, url: &str, headers: Vec<(String, String)>, request: &Bytes) {
        let age = self.turn.age();
        self.change(|exchange, _| {
            url.clone_into(&mut exchange.url);
            exchange.headers = headers;
            exchange.request = request.clone();
            exchange.sent = age;
            request.len()
        });
    }

    /// An answer begins.
    pub fn answered(&mut self, status: u16, headers: Vec<(String, String)>) {
        let age = self.turn.age();
        self.is_refused = status != 200;
        self.change(|exchange, _| {
            exchange.status = Some((status, age));
            exchange.answer_headers = headers;
            0
        });
    }

    /// Bytes of an answer that is no stream of messages.
    pub fn refused(&mut self, bytes: &[u8]) {
        self.change(|exchange, _| {
            let room = MOST_REFUSAL.saturating_sub(exchange.refusal.len()).min(bytes.len());
            exchange.refusal.extend_from_slice(&bytes[..room]);
            room
        });
    }

    /// True when the answer is no stream of messages.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// These messages came, in one reading.
    pub fn opened(&mut self, messages: impl Iterator<Item = Bytes>) {
        let age = self.turn.age();
        self.change(|exchange, seen| {
            let (mut grown, before) = (0, exchange.messages.len());
            exchange.messages.extend(messages.map(|wire| {
                grown += wire.len();
                Message { ms: age, wire }
            }));
            let count = exchange.messages.len() - before;
            seen.0 += count;
            seen.1 += grown;
            grown + count * MESSAGE_WEIGHT
        });
    }

    /// It is over; `broken` says why, when it did not end by itself.
    pub fn ended(&mut self, broken: Option<String>) {
        let age = self.turn.age();
        self.change(|exchange, _| {
            exchange.end = Some((age, broken));
            0
        });
    }

    /// Lets `change` change the exchange, and the counts of its turn's messages and their bytes; it says by how many bytes
    /// the exchange grows.
    fn change(&self, change: impl FnOnce(&mut Exchange, &mut (usize, usize)) -> usize) {
        let place = self.place;
        write(&self.monitor, &self.turn, |kept| {
            let mut seen = (kept.messages, kept.bytes);
            let grown = kept.exchanges.get_mut(place).map_or(0, |exchange| change(exchange, &mut seen));
            (kept.messages, kept.bytes) = seen;
            grown
        });
    }
}

/// Changes what is kept of `turn`, by a function that says by how many bytes it grows, and tells the viewers.
fn write(monitor: &Monitor, turn: &Turn, change: impl FnOnce(&mut Kept) -> usize) {
    let ring = &monitor.0.ring;
    {
        let mut kept = turn.kept();
        if kept.is_gone {
            return;
        }
        let grown = change(&mut kept);
        ring.grow(&mut kept, grown);
    }
    if ring.is_overfull() {
        ring.shrink();
    }
    monitor.tell(turn.number());
}
