//! What is kept of one turn. It must not know who writes it down or who looks.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;

use crate::monitor::since;

/// What is known of a turn when it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// The id of the request that it answers.
    pub request_id: String,
    /// The dialect that its client speaks.
    pub dialect: String,
    /// The model that is asked.
    pub model: String,
}

/// How a turn stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// It runs.
    #[default]
    Running,
    /// It came to its end, for this reason.
    Done(String),
    /// It failed, with this message.
    Failed(String),
    /// Its client went away.
    CalledOff,
}

/// What a turn cost, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// Credits, where the service says so.
    pub credits: Option<f64>,
}

/// A turn at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which turn it is, counted from 1.
    pub number: u64,
    /// What was known when it began; the model is the one that answers, once that is known.
    pub opening: Opening,
    /// When it began.
    pub began: SystemTime,
    /// How it stands.
    pub state: State,
    /// The account that pays.
    pub account: String,
    /// Milliseconds until its client heard something of the answer.
    pub first_byte: Option<u64>,
    /// Milliseconds until its end.
    pub ended: Option<u64>,
    /// What it cost.
    pub cost: Option<Cost>,
    /// Its exchanges with the upstream so far.
    pub exchanges: usize,
    /// Messages that the upstream has sent in all of them.
    pub messages: usize,
    /// Bytes of these.
    pub bytes: usize,
}

/// One message of the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it came, in milliseconds since the turn began.
    pub ms: u64,
    /// Its wire bytes.
    pub wire: Bytes,
}

/// One exchange with the upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The account on whose behalf it is.
    pub account: String,
    /// Which of the turn's exchanges it is, from 1.
    pub attempt: u32,
    /// Where the request went.
    pub url: String,
    /// Its headers, without the one that authorises it.
    pub headers: Vec<(String, String)>,
    /// When it went out, in milliseconds since the turn began.
    pub sent: u64,
    /// The wire bytes of the request.
    pub request: Bytes,
    /// The status of the answer, with the time of its coming.
    pub status: Option<(u16, u64)>,
    /// The headers of the answer.
    pub answer_headers: Vec<(String, String)>,
    /// The body of an answer that is no stream of messages, as far as it is kept.
    pub refusal: Vec<u8>,
    /// What came.
    pub messages: Vec<Message>,
    /// When it was over, with what broke it if it did not end by itself.
    pub end: Option<(u64, Option<String>)>,
}

/// A turn as it is kept.
#[derive(Debug)]
pub struct Turn {
    number: u64,
    began: SystemTime,
    kept: Mutex<Kept>,
}

/// What changes while a turn runs.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) opening: Opening,
    pub(crate) state: State,
    pub(crate) account: String,
    pub(crate) first_byte: Option<u64>,
    pub(crate) ended: Option<u64>,
    pub(crate) cost: Option<Cost>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// What it counts for in the ring.
    pub(crate) weight: usize,
    /// True when it had to go: nothing more is kept of it.
    pub(crate) is_gone: bool,
}

impl Turn {
    pub(crate) fn new(number: u64, opening: Opening) -> Self {
        Self { number, began: SystemTime::now(), kept: Mutex::new(Kept { opening, ..Kept::default() }) }
    }

    /// Which turn it is, counted from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it began.
    #[must_use]
    pub fn began(&self) -> SystemTime {
        self.began
    }

    /// It at a glance.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let kept = self.kept();
        Summary {
            number: self.number,
            opening: kept.opening.clone(),
            began: self.began,
            state: kept.state.clone(),
            account: kept.account.clone(),
            first_byte: kept.first_byte,
            ended: kept.ended,
            cost: kept.cost,
            exchanges: kept.exchanges.len(),
            messages: kept.messages,
            bytes: kept.bytes,
        }
    }

    /// Its exchanges so far, without what came in them.
    #[must_use]
    pub fn outlines(&self) -> Vec<(Exchange, usize)> {
        let outline = |exchange: &Exchange| {
            let Exchange {
                account, attempt, url, headers, sent, request, status, answer_headers, refusal, end, ..
            } = exchange;
            let outline = Exchange {
                account: account.clone(),
                attempt: *attempt,
                url: url.clone(),
                headers: headers.clone(),
                sent: *sent,
                request: request.clone(),
                status: *status,
                answer_headers: answer_headers.clone(),
                refusal: refusal.clone(),
                messages: Vec::new(),
                end: end.clone(),
            };
            (outline, exchange.messages.len())
        };
        self.kept().exchanges.iter().map(outline).collect()
    }

    /// The exchange at `place`, counted from 0, with everything in it.
    #[must_use]
    pub fn exchange(&self, place: usize) -> Option<Exchange> {
        self.kept().exchanges.get(place).cloned()
    }

    /// Up to `most` messages of the exchange at `place`, from number `from` on.
    #[must_use]
    pub fn messages(&self, place: usize, from: usize, most: usize) -> Option<Vec<Message>> {
        let kept = self.kept();
        let messages = &kept.exchanges.get(place)?.messages;
        Some(messages.iter().skip(from).take(most).cloned().collect())
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since it began.
    pub(crate) fn age(&self) -> u64 {
        since(self.began, SystemTime::now())
    }
}
