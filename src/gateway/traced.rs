//! The observer that makes spans: one for a turn, one below it for each exchange with the upstream.
//!
//! Their attributes are those of OpenTelemetry's conventions for generative AI and for HTTP, as far as these have a word,
//! and Warp's ids. What was asked or answered is never among them, nor an error's text, which may repeat it. A turn's span
//! is of the kind that serves, for it answers somebody; it goes on the trace that its client names. Nothing of a trace
//! goes upstream. It must not know where spans go.

use std::{collections::HashMap, time::Instant};

use bytes::Bytes;
use opentelemetry::{
    Array, Context, KeyValue, StringValue, Value,
    propagation::TextMapPropagator as _,
    trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{SdkTracer, Span},
};
use reqwest::{Url, header::HeaderMap};

use crate::{
    gateway::{Again, Observer, Scope, Watch},
    turn::{ErrorKind, StopReason, Turn, TurnEvent, Usage},
    upstream::{
        payload::Payloads,
        tap::{End, Sent, Tap},
    },
};

/// Makes spans of turns.
#[derive(Debug, Clone)]
pub struct Traced(SdkTracer);

/// A turn's span. Its drop ends it.
struct TurnSpan {
    tracer: SdkTracer,
    span: Span,
    /// The span as others see it that belong below it.
    below: Context,
    began: Instant,
    has_spoken: bool,
    is_over: bool,
    /// Why the next exchange is not the first.
    again: Option<Again>,
}

/// An exchange's span. Its drop ends it.
struct ExchangeSpan {
    span: Span,
    status: u16,
}

impl Traced {
    /// An observer whose spans `tracer` makes.
    #[must_use]
    pub fn new(tracer: SdkTracer) -> Self {
        Self(tracer)
    }
}

impl Observer for Traced {
    fn begin(&self, turn: &Turn, scope: &Scope) -> Option<Box<dyn Watch>> {
        let builder = self
            .0
            .span_builder(format!("chat {}", turn.model))
            .with_kind(SpanKind::Server)
            .with_attributes(asked(turn, scope));
        let span = builder.start_with_context(&self.0, &parent(scope));
        let below = Context::new().with_remote_span_context(span.span_context().clone());
        Some(Box::new(TurnSpan {
            tracer: self.0.clone(),
            span,
            below,
            began: Instant::now(),
            has_spoken: false,
            is_over: false,
            again: None,
        }))
    }
}

/// The span that the client says its request belongs to; none when it says nothing, or nothing that can be read.
fn parent(scope: &Scope) -> Context {
    let headers = [("traceparent", &scope.trace_parent), ("tracestate", &scope.trace_state)];
    let named = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    let carrier: HashMap<String, String> = named.collect();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// What a turn asks, without a word of it.
fn asked(turn: &Turn, scope: &Scope) -> Vec<KeyValue> {
    let output = if turn.format.is_some() { "json" } else { "text" };
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", "warp"),
        KeyValue::new("gen_ai.request.model", turn.model.clone()),
        KeyValue::new("gen_ai.output.type", output),
        KeyValue::new("warp2api.dialect", scope.dialect),
        KeyValue::new("warp2api.request_id", scope.request_id.clone()),
        KeyValue::new("warp2api.client", scope.client.clone()),
    ];
    if let Some(most) = turn.limits.max_output_tokens {
        attributes.push(KeyValue::new("gen_ai.request.max_tokens", number(most)));
    }
    attributes
}

impl Watch for TurnSpan {
    fn exchange(&mut self, account: &str, attempt: u32) -> Option<Box<dyn Tap>> {
        let mut attributes =
            vec![KeyValue::new("http.request.method", "POST"), KeyValue::new("warp2api.account", account.to_owned())];
        if attempt > 1 {
            attributes.push(KeyValue::new("http.request.resend_count", i64::from(attempt - 1)));
        }
        if let Some(why) = self.again.take() {
            attributes.push(KeyValue::new("warp2api.retry_reason", why.name()));
        }
        self.span.set_attribute(KeyValue::new("warp2api.attempts", i64::from(attempt)));
        let builder = self.tracer.span_builder("POST").with_kind(SpanKind::Client).with_attributes(attributes);
        let span = builder.start_with_context(&self.tracer, &self.below);
        Some(Box::new(ExchangeSpan { span, status: 0 }))
    }

    fn heard(&mut self, events: &[TurnEvent]) {
        for event in events {
            match event {
                TurnEvent::Started { conversation_id, request_id, run_id } => {
                    self.put_id(&["gen_ai.conversation.id", "warp.conversation_id"], conversation_id);
                    self.put_id(&["gen_ai.response.id", "warp.request_id"], request_id);
                    self.put_id(&["warp.run_id"], run_id);
                }
                TurnEvent::ModelUsed { model, .. } => {
                    self.span.set_attribute(KeyValue::new("gen_ai.response.model", model.clone()));
                }
                TurnEvent::Text(_) | TurnEvent::Reasoning(_) | TurnEvent::ToolCall(_) if !self.has_spoken => {
                    self.has_spoken = true;
                    let seconds = self.began.elapsed().as_secs_f64();
                    self.span.set_attribute(KeyValue::new("gen_ai.response.time_to_first_chunk", seconds));
                }
                TurnEvent::Text(_)
                | TurnEvent::Reasoning(_)
                | TurnEvent::ToolCall(_)
                | TurnEvent::WebSearch(_)
                | TurnEvent::Citations(_) => {}
                TurnEvent::Usage(usage) => self.span.set_attributes(cost(usage)),
                TurnEvent::Finished(stop) => self.finish(stop),
                TurnEvent::Failed(error) => self.fail(error.kind),
            }
        }
    }

    fn again(&mut self, why: Again) {
        self.again = Some(why);
    }
}

impl TurnSpan {
    fn put_id(&mut self, names: &[&'static str], id: &str) {
        if !id.is_empty() {
            self.span.set_attributes(names.iter().map(|name| KeyValue::new(*name, id.to_owned())));
        }
    }

    fn finish(&mut self, stop: &StopReason) {
        let reason = match stop {
            StopReason::EndTurn | StopReason::StopSequence(_) => "stop",
            StopReason::ToolCalls => "tool_call",
            StopReason::MaxTokens => "length",
        };
        let reasons = Value::Array(Array::String(vec![StringValue::from(reason)]));
        self.span.set_attribute(KeyValue::new("gen_ai.response.finish_reasons", reasons));
        self.end("completed");
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.span.set_attribute(KeyValue::new("error.type", kind.name()));
        self.span.set_status(Status::error(""));
        self.end("failed");
    }

    fn end(&mut self, outcome: &'static str) {
        self.is_over = true;
        self.span.set_attribute(KeyValue::new("warp2api.outcome", outcome));
        self.span.end();
    }
}

impl Drop for TurnSpan {
    fn drop(&mut self) {
        if !self.is_over {
            self.end("cancelled");
        }
    }
}

impl Tap for ExchangeSpan {
    fn sent(&mut self, sent: Sent<'_>) {
        let Ok(mut url) = Url::parse(sent.url) else { return };
        // Whatever stands there is no address. Neither can fail for a URL that has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = i64::from(url.port_or_known_default().unwrap_or_default());
        self.span.set_attributes([
            KeyValue::new("server.address", host),
            KeyValue::new("server.port", port),
            KeyValue::new("url.full", url.to_string()),
        ]);
    }

    fn answered(&mut self, status: u16, _headers: &HeaderMap) {
        self.status = status;
        self.span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
    }

    fn received(&mut self, _bytes: &Bytes) {}

    fn opened(&mut self, _messages: &Payloads) {}

    fn ended(&mut self, end: End) {
        if end != End::Whole {
            let kind = match self.status {
                0 => "unreachable".to_owned(),
                200 => "broken".to_owned(),
                status => status.to_string(),
            };
            self.span.set_attribute(KeyValue::new("error.type", kind));
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }
}

/// What an answer cost.
fn cost(usage: &Usage) -> Vec<KeyValue> {
    let tokens = [
        ("gen_ai.usage.input_tokens", usage.input_tokens),
        ("gen_ai.usage.output_tokens", usage.output_tokens),
        ("gen_ai.usage.cache_read.input_tokens", usage.cache_read_tokens),
        ("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_tokens),
        ("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens),
    ];
    let mut attributes: Vec<KeyValue> =
        tokens.into_iter().map(|(name, tokens)| KeyValue::new(name, number(tokens))).collect();
    attributes.push(KeyValue::new("warp2api.usage_source", usage.source.name()));
    if let Some(credits) = usage.credits {
        attributes.push(KeyValue::new("warp2api.credits", credits));
    }
    attributes
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
