//! The observer that counts what turns ask of the upstream. What they give their clients is counted where clients are.

use std::time::Instant;

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::{
    gateway::{Again, Observer, Scope, Watch},
    metrics::Metrics,
    turn::{Turn, TurnEvent},
    upstream::{
        payload::Payloads,
        tap::{End, Sent, Tap},
    },
};

/// Counts requests to the upstream.
#[derive(Debug, Clone)]
pub struct Measurer(Metrics);

struct TurnMeasure(Metrics);

struct ExchangeMeasure {
    metrics: Metrics,
    asked: Instant,
    is_answered: bool,
}

impl Measurer {
    /// An observer that counts with `metrics`.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        metrics.reasons_to_ask_again(&Again::ALL.map(Again::name));
        Self(metrics)
    }
}

impl Observer for Measurer {
    fn begin(&self, _turn: &Turn, _scope: &Scope) -> Option<Box<dyn Watch>> {
        Some(Box::new(TurnMeasure(self.0.clone())))
    }
}

impl Watch for TurnMeasure {
    fn exchange(&mut self, _account: &str, _attempt: u32) -> Option<Box<dyn Tap>> {
        Some(Box::new(ExchangeMeasure { metrics: self.0.clone(), asked: Instant::now(), is_answered: false }))
    }

    fn heard(&mut self, _events: &[TurnEvent]) {}

    fn again(&mut self, why: Again) {
        self.0.again(why.name());
    }
}

impl Tap for ExchangeMeasure {
    fn sent(&mut self, _sent: Sent<'_>) {
        self.asked = Instant::now();
    }

    fn answered(&mut self, status: u16, _headers: &HeaderMap) {
        self.is_answered = true;
        self.metrics.upstream_answered(status, self.asked.elapsed());
    }

    fn received(&mut self, _bytes: &Bytes) {}

    fn opened(&mut self, _messages: &Payloads) {}

    fn ended(&mut self, _end: End) {
        if !self.is_answered {
            self.metrics.upstream_silent();
        }
    }
}
