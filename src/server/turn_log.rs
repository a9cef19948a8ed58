//! The one line that the log has of each turn: what was asked of whom and how it ended, never what was said.

use std::time::Instant;

use crate::{
    server::client::Bill,
    turn::{ErrorKind, StopReason, TurnError, TurnEvent, Usage},
};

/// Gathers what the line says, and writes it when it is dropped, however the turn came to its end.
pub(crate) struct TurnLog {
    request_id: String,
    dialect: &'static str,
    model: String,
    began: Instant,
    status: Option<u16>,
    stop: Option<Stop>,
    usage: Option<Usage>,
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

impl TurnLog {
    /// A turn that begins now.
    pub(crate) fn new(request_id: &str, dialect: &'static str) -> Self {
        Self {
            request_id: request_id.to_owned(),
            dialect,
            model: String::new(),
            began: Instant::now(),
            status: None,
            stop: None,
            usage: None,
            bill: Bill::default(),
        }
    }

    /// Which model is to answer, or does.
    pub(crate) fn model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
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

    /// Something happened in one of the turn's answers.
    pub(crate) fn note(&mut self, event: &TurnEvent) {
        self.bill.note(event);
        match event {
            TurnEvent::Started { .. }
            | TurnEvent::Text(_)
            | TurnEvent::Reasoning(_)
            | TurnEvent::WebSearch(_)
            | TurnEvent::Citations(_)
            | TurnEvent::ToolCall(_) => {}
            TurnEvent::ModelUsed { model, .. } => self.model(model),
            TurnEvent::Usage(usage) => {
                let total = self.usage.get_or_insert_default();
                total.input_tokens = total.input_tokens.saturating_add(usage.input_tokens);
                total.output_tokens = total.output_tokens.saturating_add(usage.output_tokens);
                total.source = usage.source;
                if let Some(credits) = usage.credits {
                    total.credits = Some(total.credits.unwrap_or_default() + credits);
                }
                total.context_window_usage = usage.context_window_usage;
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

    /// The model that answers, as far as is known.
    pub(crate) fn model_used(&self) -> &str {
        &self.model
    }

    /// What the answers have cost, once that is known.
    pub(crate) fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }
}

impl Drop for TurnLog {
    fn drop(&mut self) {
        let stop = match self.stop {
            Some(Stop::EndTurn) => "end_turn".to_owned(),
            Some(Stop::ToolCalls) => "tool_calls".to_owned(),
            Some(Stop::MaxTokens) => "max_tokens".to_owned(),
            Some(Stop::AtSequence) => "stop_sequence".to_owned(),
            Some(Stop::Failed(kind)) => format!("failed: {kind:?}"),
            None if std::thread::panicking() => "failed: a fault of the gateway".to_owned(),
            None => "the client went away".to_owned(),
        };
        tracing::info!(
            request_id = self.request_id,
            dialect = self.dialect,
            client_key = self.bill.key(),
            model = self.model,
            status = self.status,
            stop,
            input_tokens = self.usage.map(|usage| usage.input_tokens),
            output_tokens = self.usage.map(|usage| usage.output_tokens),
            credits = self.usage.and_then(|usage| usage.credits),
            context_used = self.usage.and_then(|usage| usage.context_window_usage),
            ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "turn"
        );
    }
}
