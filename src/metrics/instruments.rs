//! Every instrument that counts while things happen, by name, with what it tells.
//!
//! A name here is a promise: dashboards and alerts, ours in `deploy/` and those of users, refer to it.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::metrics::{
    Labels,
    histogram::{Histogram, MS, S},
};

/// What all our names begin with.
pub(super) const PREFIX: &str = "warp2api";

/// How many models have a name of their own in labels.
pub const MOST_MODELS: usize = 200;

/// Bounds of the time until something is heard, in microseconds.
const FIRST: &[u64] =
    &[50 * MS, 100 * MS, 250 * MS, 500 * MS, S, 2 * S, 3 * S, 5 * S, 10 * S, 20 * S, 30 * S, 60 * S, 120 * S];
/// Bounds of the time between what is heard.
const GAP: &[u64] =
    &[MS, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, S, 2 * S, 5 * S, 10 * S, 30 * S, 60 * S];
/// Bounds of how long a whole turn takes.
const DURATION: &[u64] = &[
    100 * MS,
    250 * MS,
    500 * MS,
    S,
    2 * S,
    5 * S,
    10 * S,
    20 * S,
    30 * S,
    60 * S,
    120 * S,
    300 * S,
    600 * S,
    1800 * S,
];

/// A counter of something that comes in parts.
pub(super) type Amount = Counter<f64, AtomicU64>;

/// All of them.
pub(super) struct Instruments {
    pub(super) registry: Registry,
    models: Mutex<BTreeSet<String>>,
    pub(super) turns: Family<Labels<4>, Counter>,
    pub(super) turns_in_flight: Family<Labels<1>, Gauge>,
    pub(super) streams_in_flight: Family<Labels<1>, Gauge>,
    pub(super) first: Family<Labels<2>, Histogram>,
    pub(super) gap: Family<Labels<1>, Histogram>,
    pub(super) duration: Family<Labels<2>, Histogram>,
    pub(super) events: Family<Labels<2>, Counter>,
    pub(super) heartbeats: Family<Labels<1>, Counter>,
    pub(super) tokens: Family<Labels<3>, Counter>,
    pub(super) credits: Family<Labels<2>, Amount>,
    pub(super) again: Family<Labels<1>, Counter>,
    pub(super) upstream_answers: Family<Labels<1>, Counter>,
    pub(super) upstream_latency: Histogram,
    pub(super) answers: Family<Labels<2>, Counter>,
    pub(super) spans_sent: Counter,
    pub(super) spans_lost: Counter,
}

impl Instruments {
    /// Instruments that have counted nothing yet.
    pub(super) fn new(version: &'static str) -> Self {
        let mut instruments = Self {
            registry: Registry::with_prefix(PREFIX),
            models: Mutex::default(),
            turns: Family::default(),
            turns_in_flight: Family::default(),
            streams_in_flight: Family::default(),
            first: Family::new_with_constructor(|| Histogram::new(FIRST)),
            gap: Family::new_with_constructor(|| Histogram::new(GAP)),
            duration: Family::new_with_constructor(|| Histogram::new(DURATION)),
            events: Family::default(),
            heartbeats: Family::default(),
            tokens: Family::default(),
            credits: Family::default(),
            again: Family::default(),
            upstream_answers: Family::default(),
            upstream_latency: Histogram::new(FIRST),
            answers: Family::default(),
            spans_sent: Counter::default(),
            spans_lost: Counter::default(),
        };
        instruments.register_turns();
        instruments.register_the_rest(version);
        instruments
    }

    fn register_turns(&mut self) {
        let it = &mut self.registry;
        it.register("turns", "Turns that have ended, by how and why", self.turns.clone());
        it.register("turns_in_flight", "Turns that are being answered", self.turns_in_flight.clone());
        it.register("streams_in_flight", "Turns whose answer is being streamed", self.streams_in_flight.clone());
        it.register(
            "first_event_seconds",
            "Time from a request until its client hears the first of the answer",
            self.first.clone(),
        );
        it.register(
            "event_gap_seconds",
            "Time between what a client hears of an answer and what it heard before",
            self.gap.clone(),
        );
        it.register("turn_duration_seconds", "Time from a request until the end of its answer", self.duration.clone());
        it.register("events", "Events that clients have heard", self.events.clone());
        it.register("heartbeats", "Signs of life to clients while an answer is silent", self.heartbeats.clone());
        let tokens = "Tokens of ended turns, each under one kind, by who has counted them";
        it.register("tokens", tokens, self.tokens.clone());
        it.register("credits", "Credits that ended turns have cost", self.credits.clone());
    }

    fn register_the_rest(&mut self, version: &'static str) {
        let build = Family::<Labels<1>, Gauge>::default();
        build.get_or_create(&[("version", version.into())]).set(1);
        let it = &mut self.registry;
        it.register("retries", "Further requests to the upstream for the same turn, by reason", self.again.clone());
        let answers = "Answers of the upstream, by status; none when it did not answer";
        it.register("upstream_answers", answers, self.upstream_answers.clone());
        let latency = "Time until the upstream's answer began";
        it.register("upstream_answer_seconds", latency, self.upstream_latency.clone());
        let answers = "Requests of clients, by what they asked for and the status they were given";
        it.register("http_requests", answers, self.answers.clone());
        it.register("trace_spans_sent", "Spans that the collector of traces has taken", self.spans_sent.clone());
        it.register("trace_spans_lost", "Spans that the collector of traces has not taken", self.spans_lost.clone());
        it.register("build_info", "What runs; always 1", build);
    }

    /// The label for a model, which is its name while there are not too many.
    pub(super) fn model(&self, name: &str) -> Cow<'static, str> {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.len() < MOST_MODELS && !models.contains(name) {
            models.insert(name.to_owned());
        }
        if models.contains(name) { Cow::Owned(name.to_owned()) } else { Cow::Borrowed("other") }
    }
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments").finish_non_exhaustive()
    }
}
