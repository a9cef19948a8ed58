//! What is counted of one turn while it is answered.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use crate::metrics::{histogram::Histogram, instruments::Instruments};

/// The label of a turn that failed before it was known which model it asks for.
const NO_MODEL: &str = "none";

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With an end that the client knows for one.
    Completed,
    /// With an error.
    Failed,
    /// Its client went away.
    Cancelled,
}

impl Outcome {
    /// The label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a turn has cost. No token is counted twice: one that was read from a cache is not among the input.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Input tokens that no cache had to do with.
    pub input: u64,
    /// Input tokens that were read from a cache.
    pub cache_read: u64,
    /// Input tokens that were written to a cache.
    pub cache_write: u64,
    /// Output tokens that are no reasoning.
    pub output: u64,
    /// Output tokens that are reasoning.
    pub reasoning: u64,
    /// Credits, where known.
    pub credits: Option<f64>,
    /// Who has counted them.
    pub source: &'static str,
}

/// A turn that is being answered. It is in flight until it is dropped.
#[derive(Debug)]
pub struct Turn {
    instruments: Arc<Instruments>,
    dialect: &'static str,
    model: Cow<'static, str>,
    began: Instant,
    /// When its client last heard something of the answer.
    last: Option<Instant>,
    /// When its client first heard something that is part of the answer itself.
    first: Option<Duration>,
    in_flight: Gauge,
    streaming: Option<Gauge>,
    heartbeats: Counter,
    /// What every event is counted with; there is none before the model is known.
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    events: Counter,
    gap: Histogram,
    first: Histogram,
}

impl Turn {
    pub(super) fn new(instruments: Arc<Instruments>, dialect: &'static str) -> Self {
        let in_flight = instruments.turns_in_flight.get_or_create_owned(&[("dialect", dialect.into())]);
        in_flight.inc();
        Self {
            heartbeats: instruments.heartbeats.get_or_create_owned(&[("dialect", dialect.into())]),
            instruments,
            dialect,
            model: NO_MODEL.into(),
            began: Instant::now(),
            last: None,
            first: None,
            in_flight,
            streaming: None,
            line: None,
        }
    }

    /// It asks for this model. The name must be one of a list, for it becomes a label.
    pub fn model(&mut self, name: &str) {
        let instruments = &self.instruments;
        self.model = instruments.model(name);
        let both = [("dialect", self.dialect.into()), ("model", self.model.clone())];
        self.line = Some(Line {
            events: instruments.events.get_or_create_owned(&both),
            gap: instruments.gap.get_or_create_owned(&[("model", self.model.clone())]),
            first: instruments.first.get_or_create_owned(&both),
        });
    }

    /// Its answer is streamed.
    pub fn streams(&mut self) {
        let streaming = self.instruments.streams_in_flight.get_or_create_owned(&[("dialect", self.dialect.into())]);
        streaming.inc();
        self.streaming = Some(streaming);
    }

    /// Its client hears `number` events at once; `is_answer` once there was one that is part of the answer itself. That it
    /// is `now` is for the caller to say, who looks at the clock anyway. Returns true when that is the first of the answer.
    pub fn heard(&mut self, number: usize, is_answer: bool, now: Instant) -> bool {
        let Some(line) = self.line.as_ref().filter(|_| number > 0) else { return false };
        line.events.inc_by(number as u64);
        if let Some(last) = self.last.replace(now) {
            line.gap.observe(now.saturating_duration_since(last));
        }
        let is_first = is_answer && self.first.is_none();
        if is_first {
            let first = now.saturating_duration_since(self.began);
            line.first.observe(first);
            self.first = Some(first);
        }
        is_first
    }

    /// Its client was told that all is well.
    pub fn heartbeat(&self) {
        self.heartbeats.inc();
    }

    /// How long its client waited for the first of the answer, if there was any.
    #[must_use]
    pub fn first(&self) -> Option<Duration> {
        self.first
    }

    /// How long it has taken so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// It has cost this.
    pub fn spent(&self, spent: &Spent) {
        let kinds = [
            ("input", spent.input),
            ("cache_read", spent.cache_read),
            ("cache_write", spent.cache_write),
            ("output", spent.output),
            ("reasoning", spent.reasoning),
        ];
        for (kind, tokens) in kinds.into_iter().filter(|(_, tokens)| *tokens > 0) {
            let labels = [("model", self.model.clone()), ("kind", kind.into()), ("source", spent.source.into())];
            self.instruments.tokens.get_or_create(&labels).inc_by(tokens);
        }
        // A counter that went down would be taken for one that began anew.
        if let Some(credits) = spent.credits.filter(|credits| credits.is_finite() && *credits >= 0.0) {
            let labels = [("model", self.model.clone()), ("source", spent.source.into())];
            self.instruments.credits.get_or_create(&labels).inc_by(credits);
        }
    }

    /// It has ended so, and for this reason.
    pub fn end(&self, outcome: Outcome, reason: &'static str) {
        let (dialect, model) = (("dialect", self.dialect.into()), ("model", self.model.clone()));
        let labels = [dialect.clone(), model.clone(), ("outcome", outcome.name().into()), ("reason", reason.into())];
        self.instruments.turns.get_or_create(&labels).inc();
        self.instruments.duration.get_or_create(&[dialect, model]).observe(self.elapsed());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.in_flight.dec();
        if let Some(streaming) = &self.streaming {
            streaming.dec();
        }
    }
}
