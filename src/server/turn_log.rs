//! The one line that the log has of each turn, and what is counted of it: what was asked of whom and how it ended, never
//! what was said.

use std::time::{Duration, Instant};

use crate::{
    gateway::Trail,
    metrics::{self, Outcome, Spent},
    server::client::Bill,
    turn::{ErrorKind, StopReason, TurnError, TurnEvent, Usage},
};

/// Gathers what the line says, and writes it when it is dropped, however the turn came to its end.
pub(crate) struct TurnLog {
    request_id: String,
    dialect: &'static str,
    client: String,
    model: String,
    streams: bool,
    status: Option<u16>,
    stop: Option<Stop>,
    usage: Option<Usage>,
    upstream: Upstream,
    trail: Trail,
    /// True once something of an answer itself has been noted.
    has_spoken: bool,
    measure: metrics::Turn,
    /// What the turn costs its client.
    pub(crate) bill: Bill,
}

#[derive(Clone, Copy)]
enum Stop {
    EndTurn,
    ToolCalls,
    MaxTokens,
    AtSequence,
    Failed(ErrorKind),
}

/// The upstream's own names for what it does, for its support.
#[derive(Default)]
struct Upstream {
    conversation_id: String,
    request_id: String,
    run_id: String,
}

impl TurnLog {
    /// A turn that begins now, of the client `client`.
    pub(crate) fn new(request_id: &str, dialect: &'static str, client: &str, measure: metrics::Turn) -> Self {
        Self {
            request_id: request_id.to_owned(),
            dialect,
            client: client.to_owned(),
            model: String::new(),
            streams: false,
            status: None,
            stop: None,
            usage: None,
            upstream: Upstream::default(),
            trail: Trail::default(),
            has_spoken: false,
            measure,
            bill: Bill::default(),
        }
    }

    /// Which model is to answer; `label` is what it counts as.
    pub(crate) fn asks(&mut self, model: &str, label: &str) {
        self.model(model);
        self.measure.model(label);
    }

    /// Which model does answer.
    fn model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    /// The answer is streamed.
    pub(crate) fn streams(&mut self) {
        self.streams = true;
        self.measure.streams();
    }

    /// Where what the gateway does for the turn is noted.
    pub(crate) fn trail(&self) -> Trail {
        self.trail.clone()
    }

    /// The status that the client was told.
    pub(crate) fn status(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// The turn failed.
    pub(crate) fn failed(&mut self, error: &TurnError) {
        tracing::debug!(request_id = self.request_id, error = %error, param = error.param, "a turn failed");
        self.stop = Some(Stop::Failed(error.kind));
    }

    /// The client was told that all is well.
    pub(crate) fn heartbeat(&self) {
        self.measure.heartbeat();
    }

    /// Something happened in one of the turn's answers.
    pub(crate) fn note(&mut self, event: &TurnEvent) {
        self.bill.note(event);
        match event {
            TurnEvent::Started { conversation_id, request_id, run_id } => {
                self.upstream = Upstream {
                    conversation_id: conversation_id.clone(),
                    request_id: request_id.clone(),
                    run_id: run_id.clone(),
                };
            }
            TurnEvent::Text(_) | TurnEvent::Reasoning(_) | TurnEvent::ToolCall(_) => self.has_spoken = true,
            TurnEvent::WebSearch(_) | TurnEvent::Citations(_) => {}
            TurnEvent::ModelUsed { model, .. } => self.model(model),
            TurnEvent::Usage(usage) => {
                let total = self.usage.get_or_insert_default();
                total.add(usage);
                total.source = usage.source;
            }
            TurnEvent::Finished(stop) => {
                self.stop = Some(match stop {
                    StopReason::EndTurn => Stop::EndTurn,
                    StopReason::ToolCalls => Stop::ToolCalls,
                    StopReason::MaxTokens => Stop::MaxTokens,
                    StopReason::StopSequence(_) => Stop::AtSequence,
                });
            }
            TurnEvent::Failed(error) => self.failed(error),
        }
    }

    /// The client hears `number` events at once, all of which have been noted. Returns true when that is the first of the
    /// answer itself.
    pub(crate) fn heard(&mut self, number: usize, now: Instant) -> bool {
        self.measure.heard(number, self.has_spoken, now)
    }

    /// The model that answers, as far as is known.
    pub(crate) fn model_used(&self) -> &str {
        &self.model
    }

    /// What the answers have cost, once that is known.
    pub(crate) fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// How the turn ended, and why.
    fn end(&self) -> (Outcome, &'static str) {
        match self.stop {
            Some(Stop::EndTurn) => (Outcome::Completed, "end_turn"),
            Some(Stop::ToolCalls) => (Outcome::Completed, "tool_calls"),
            Some(Stop::MaxTokens) => (Outcome::Completed, "max_tokens"),
            Some(Stop::AtSequence) => (Outcome::Completed, "stop_sequence"),
            Some(Stop::Failed(kind)) => (Outcome::Failed, kind.name()),
            None if std::thread::panicking() => (Outcome::Failed, ErrorKind::Internal.name()),
            None => (Outcome::Cancelled, "client_gone"),
        }
    }
}

impl Drop for TurnLog {
    fn drop(&mut self) {
        let (outcome, reason) = self.end();
        self.measure.end(outcome, reason);
        if let Some(usage) = &self.usage {
            self.measure.spent(&spent(usage));
        }
        let told = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        tracing::info!(
            request_id = self.request_id,
            dialect = self.dialect,
            client = self.client,
            client_key = self.bill.key(),
            model = self.model,
            stream = self.streams,
            account = self.trail.account(),
            status = self.status,
            outcome = outcome.name(),
            reason,
            attempts = self.trail.exchanges(),
            ttft_ms = self.measure.first().map(milliseconds),
            duration_ms = milliseconds(self.measure.elapsed()),
            input_tokens = self.usage.map(|usage| usage.input_tokens),
            cached_tokens = self.usage.map(|usage| usage.cache_read_tokens),
            output_tokens = self.usage.map(|usage| usage.output_tokens),
            reasoning_tokens = self.usage.map(|usage| usage.reasoning_tokens),
            credits = self.usage.and_then(|usage| usage.credits),
            source = self.usage.map(|usage| usage.source.name()),
            context_used = self.usage.and_then(|usage| usage.context_window_usage),
            warp_conversation_id = told(&self.upstream.conversation_id),
            warp_request_id = told(&self.upstream.request_id),
            warp_run_id = told(&self.upstream.run_id),
            "turn"
        );
    }
}

/// What was spent, with each token in one place.
fn spent(usage: &Usage) -> Spent {
    let cached = usage.cache_read_tokens.saturating_add(usage.cache_write_tokens);
    Spent {
        input: usage.input_tokens.saturating_sub(cached),
        cache_read: usage.cache_read_tokens,
        cache_write: usage.cache_write_tokens,
        output: usage.output_tokens.saturating_sub(usage.reasoning_tokens),
        reasoning: usage.reasoning_tokens,
        credits: usage.credits,
        source: usage.source.name(),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
