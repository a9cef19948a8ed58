//! The observer that feeds the monitor: what a turn says of itself, and the bytes of its exchanges as they are.
//!
//! It decodes nothing: that is done when somebody looks. It must not know who that is.

use reqwest::header::HeaderMap;

use crate::{
    gateway::{Observer, Scope, Watch},
    monitor::{Cost, ExchangeRecorder, Monitor, Opening, Recorder, State},
    turn::{StopReason, Turn, TurnEvent},
    upstream::{
        payload::Payloads,
        tap::{End, Sent, Tap},
    },
};

/// Headers whose value is nobody's business, also in an answer.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Writes every turn down in a monitor.
#[derive(Debug, Clone)]
pub struct Watcher(Monitor);

struct TurnWatch(Recorder);

struct ExchangeTap(ExchangeRecorder);

impl Watcher {
    /// An observer that writes to `monitor`.
    #[must_use]
    pub fn new(monitor: Monitor) -> Self {
        Self(monitor)
    }
}

impl Observer for Watcher {
    fn begin(&self, turn: &Turn, scope: &Scope) -> Option<Box<dyn Watch>> {
        let opening = Opening {
            request_id: scope.request_id.clone(),
            dialect: scope.dialect.to_owned(),
            model: turn.model.clone(),
        };
        Some(Box::new(TurnWatch(self.0.begin(opening))))
    }
}

impl Watch for TurnWatch {
    fn exchange(&mut self, account: &str, attempt: u32) -> Option<Box<dyn Tap>> {
        Some(Box::new(ExchangeTap(self.0.exchange(account, attempt))))
    }

    fn heard(&mut self, events: &[TurnEvent]) {
        for event in events {
            match event {
                TurnEvent::Text(_)
                | TurnEvent::Reasoning(_)
                | TurnEvent::ToolCall(_)
                | TurnEvent::WebSearch(_)
                | TurnEvent::Citations(_) => self.0.heard(),
                TurnEvent::Started { .. } => {}
                TurnEvent::ModelUsed { model, .. } => self.0.model(model),
                TurnEvent::Usage(usage) => self.0.cost(Cost {
                    input_tokens: usage.input_tokens,
                    output_tokens: usage.output_tokens,
                    credits: usage.credits,
                }),
                TurnEvent::Finished(stop) => self.0.end(State::Done(reason(stop).to_owned())),
                TurnEvent::Failed(error) => self.0.end(State::Failed(error.to_string())),
            }
        }
    }
}

impl Tap for ExchangeTap {
    fn sent(&mut self, sent: Sent<'_>) {
        self.0.sent(sent.url, named(sent.headers), sent.body);
    }

    fn answered(&mut self, status: u16, headers: &HeaderMap) {
        self.0.answered(status, named(headers));
    }

    fn received(&mut self, bytes: &bytes::Bytes) {
        // A stream is kept by its messages; anything else has none.
        if self.0.is_refused() {
            self.0.refused(bytes);
        }
    }

    fn opened(&mut self, messages: &Payloads) {
        self.0.opened(messages.shared());
    }

    fn ended(&mut self, end: End) {
        self.0.ended(match end {
            End::Whole => None,
            End::Refused(why) | End::Broken(why) => Some(why),
        });
    }
}

fn reason(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::EndTurn => "end_turn",
        StopReason::ToolCalls => "tool_calls",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence(_) => "stop_sequence",
    }
}

/// The headers as text, without those that are secret.
fn named(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_open = |name: &str| !SECRET_HEADERS.contains(&name);
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let all = headers.iter().filter(|(name, _)| is_open(name.as_str()));
    all.map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}
