//! Writes an answer in the form of `GenerateContentResponse`: as server-sent events, as one array that grows, or as one
//! body (`CLIENTS.md` §4.10).
//!
//! One state machine serves all three. A stream is written as the events come and nothing of it is kept but what its last
//! chunk says; a body is collected and taken at the end. It must not know when or to whom the bytes go.

use serde_json::{Value, json};

use crate::{
    dialect::{
        Encoder,
        gemini::{error, grounding::Grounding},
        json,
    },
    sse,
    turn::{ErrorKind, StopReason, ToolCall, TurnError, TurnEvent, Usage},
};

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Server-sent events.
    Events,
    /// One JSON array, an element at a time.
    Array,
    /// One response.
    Body,
}

/// What a request decides about the form of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The answer's id.
    pub(crate) id: String,
    /// The model's name as the client wrote it.
    pub(crate) model: String,
    /// How many candidates there are.
    pub(crate) choices: u32,
    /// How it is sent.
    pub(crate) shape: Shape,
    /// True when the client wants to see the thinking.
    pub(crate) thoughts: bool,
}

/// Writes one answer.
pub(crate) struct GeminiEncoder {
    form: Form,
    /// How every chunk ends, after its candidates and usage.
    tail: String,
    choices: Vec<Choice>,
    /// Invariant: the number of `choices` that have not ended.
    open: usize,
    /// The usage of all choices together, once any is known.
    usage: Option<Usage>,
    /// True when nothing may follow any more.
    done: bool,
    /// True when a heartbeat has written the beginning of an event whose data is still to come.
    awaited: bool,
    /// True once the array has been opened.
    opened: bool,
    /// Where a chunk is put together; kept for its capacity.
    line: String,
}

/// How far one candidate has come.
#[derive(Default)]
struct Choice {
    /// True once anything was said.
    begun: bool,
    /// True once a function was called.
    called: bool,
    /// Set at the end.
    finish_reason: Option<&'static str>,
    grounding: Grounding,
    /// The parts so far, if they are to be a body; of a stream only the calls.
    parts: Vec<Part>,
}

enum Part {
    Text { text: String, is_thought: bool },
    Call(Value),
}

impl GeminiEncoder {
    /// An encoder for an answer of `form`.
    pub(crate) fn new(form: Form) -> Self {
        let choices: Vec<Choice> = (0..form.choices).map(|_| Choice::default()).collect();
        let tail = tail(&form);
        Self {
            open: choices.len(),
            form,
            tail,
            choices,
            usage: None,
            done: false,
            awaited: false,
            opened: false,
            line: String::new(),
        }
    }

    fn text(&mut self, index: usize, text: &str, is_thought: bool, out: &mut Vec<u8>) {
        self.choices[index].begun = true;
        if self.form.shape == Shape::Body {
            return self.choices[index].add_text(text, is_thought);
        }
        self.open_chunk();
        self.line.push_str(if is_thought { "{\"thought\":true,\"text\":" } else { "{\"text\":" });
        json::put_string(&mut self.line, text);
        self.line.push('}');
        self.close_chunk(index, None, out);
    }

    /// Calls wait for the end, which they come just before: some clients look for them in the last chunk only.
    fn tool_call(&mut self, index: usize, call: &ToolCall) {
        let choice = &mut self.choices[index];
        (choice.begun, choice.called) = (true, true);
        let part = json!({"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}});
        choice.parts.push(Part::Call(part));
    }

    fn add_usage(&mut self, usage: &Usage) {
        match &mut self.usage {
            Some(total) => total.add(usage),
            None => self.usage = Some(*usage),
        }
    }

    fn finish(&mut self, index: usize, stop: &StopReason, out: &mut Vec<u8>) {
        let reason = match stop {
            // Complete calls are there to be run, whatever ended the answer.
            StopReason::MaxTokens if !self.choices[index].called => "MAX_TOKENS",
            StopReason::MaxTokens | StopReason::EndTurn | StopReason::ToolCalls | StopReason::StopSequence(_) => "STOP",
        };
        self.end(index, reason, out);
    }

    fn end(&mut self, index: usize, reason: &'static str, out: &mut Vec<u8>) {
        self.choices[index].finish_reason = Some(reason);
        self.open -= 1;
        self.done = self.open == 0;
        if self.form.shape == Shape::Body {
            return;
        }
        self.open_chunk();
        let calls: Vec<String> = self.choices[index].parts.drain(..).map(|part| json::line(&part.body())).collect();
        match calls.is_empty() {
            // The SDKs' chats forget a whole turn when one of its chunks has no part.
            true => self.line.push_str("{\"text\":\"\"}"),
            false => self.line.push_str(&calls.join(",")),
        }
        self.close_chunk(index, Some(reason), out);
        if self.done {
            self.close(out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.form.shape == Shape::Array {
            out.extend_from_slice(b"]\n");
        }
    }

    /// One candidate failed, and so has the whole answer: the SDKs raise an error at once. Only a full context window,
    /// after some output, is an ordinary end.
    fn choice_failed(&mut self, index: usize, error: &TurnError, out: &mut Vec<u8>) {
        match error.kind == ErrorKind::ContextLengthExceeded && self.choices[index].begun {
            true => self.end(index, "MAX_TOKENS", out),
            false => self.fail(error, out),
        }
    }

    /// Begins a chunk; its parts follow.
    fn open_chunk(&mut self) {
        self.line.clear();
        self.line.push_str("{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[");
    }

    /// Ends the chunk of candidate `index` and appends it. The last chunk of all has the usage.
    fn close_chunk(&mut self, index: usize, finish_reason: Option<&'static str>, out: &mut Vec<u8>) {
        let line = &mut self.line;
        line.push_str("]},");
        if let Some(reason) = finish_reason {
            line.push_str("\"finishReason\":");
            json::put_string(line, reason);
            line.push(',');
            if let Some(grounding) = self.choices[index].grounding.metadata() {
                line.push_str("\"groundingMetadata\":");
                line.push_str(&json::line(&grounding));
                line.push(',');
            }
        }
        line.push_str("\"index\":");
        json::put_number(line, index as u64);
        line.push_str("}],");
        if let Some(usage) = self.usage.filter(|_| self.done) {
            line.push_str("\"usageMetadata\":");
            line.push_str(&usage_json(&usage).to_string());
            line.push(',');
        }
        line.push_str(&self.tail);
        self.put_line(out);
    }

    /// Appends the line as the next chunk.
    fn put_line(&mut self, out: &mut Vec<u8>) {
        match self.form.shape {
            Shape::Events if std::mem::take(&mut self.awaited) => {
                out.extend_from_slice(self.line.as_bytes());
                out.extend_from_slice(b"\n\n");
            }
            Shape::Events => sse::put(out, None, &self.line),
            Shape::Array => {
                let separator: &[u8] = if std::mem::replace(&mut self.opened, true) { b",\n" } else { b"[" };
                out.extend_from_slice(separator);
                out.extend_from_slice(self.line.as_bytes());
            }
            Shape::Body => {}
        }
    }
}

impl Encoder for GeminiEncoder {
    fn stream_type(&self) -> &'static str {
        match self.form.shape {
            Shape::Events => "text/event-stream; charset=utf-8",
            Shape::Array | Shape::Body => "application/json; charset=utf-8",
        }
    }

    fn push(&mut self, choice: u32, event: &TurnEvent, out: &mut Vec<u8>) {
        let index = choice as usize;
        let is_open = self.choices.get(index).is_some_and(|choice| choice.finish_reason.is_none());
        if self.done || !is_open {
            return;
        }
        match event {
            TurnEvent::Started { .. } => {}
            TurnEvent::ModelUsed { model, .. } => {
                self.form.model.clone_from(model);
                self.tail = tail(&self.form);
            }
            TurnEvent::WebSearch(search) => self.choices[index].grounding.search(search),
            TurnEvent::Citations(pages) => self.choices[index].grounding.cite(pages),
            TurnEvent::Text(text) if text.is_empty() => {}
            TurnEvent::Reasoning(text) if text.is_empty() || !self.form.thoughts => {}
            TurnEvent::Text(text) => self.text(index, text, false, out),
            TurnEvent::Reasoning(text) => self.text(index, text, true, out),
            TurnEvent::ToolCall(call) => self.tool_call(index, call),
            TurnEvent::Usage(usage) => self.add_usage(usage),
            TurnEvent::Finished(stop) => self.finish(index, stop, out),
            TurnEvent::Failed(error) => self.choice_failed(index, error, out),
        }
    }

    fn fail(&mut self, error: &TurnError, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.line = json::line(&error::body(error));
        self.put_line(out);
        if self.form.shape == Shape::Events {
            // SDKs that do not look for an error in an event, as the first ones did not, take what came before it for
            // the whole answer, unless there is something at the end that they cannot read.
            out.extend_from_slice(b": the answer failed\n");
        }
        self.close(out);
    }

    /// The SDKs take a comment for broken JSON, and the oldest of Node stumbles over an empty line; but all read over
    /// spaces before the data of an event, or anywhere between the elements of an array.
    fn heartbeat(&mut self, out: &mut Vec<u8>) {
        if self.done {
            return;
        }
        match self.form.shape {
            Shape::Events if std::mem::replace(&mut self.awaited, true) => out.push(b' '),
            Shape::Events => out.extend_from_slice(b"data: "),
            Shape::Array => out.push(b'\n'),
            Shape::Body => {}
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn body(&mut self) -> Value {
        let candidates: Vec<Value> =
            self.choices.drain(..).enumerate().map(|(index, choice)| choice.body(index)).collect();
        let mut body = json!({"candidates": candidates, "modelVersion": self.form.model, "responseId": self.form.id});
        if let Some(usage) = &self.usage {
            body["usageMetadata"] = usage_json(usage);
        }
        body
    }
}

impl Choice {
    /// Texts that follow one another are one part.
    fn add_text(&mut self, more: &str, is_thought: bool) {
        match self.parts.last_mut() {
            Some(Part::Text { text, is_thought: known }) if *known == is_thought => text.push_str(more),
            Some(_) | None => self.parts.push(Part::Text { text: more.to_owned(), is_thought }),
        }
    }

    fn body(mut self, index: usize) -> Value {
        if self.parts.is_empty() {
            self.add_text("", false);
        }
        let parts: Vec<Value> = self.parts.into_iter().map(Part::body).collect();
        let content = json!({"role": "model", "parts": parts});
        let mut candidate = json!({"content": content, "finishReason": self.finish_reason, "index": index});
        if let Some(grounding) = self.grounding.metadata() {
            candidate["groundingMetadata"] = grounding;
        }
        candidate
    }
}

impl Part {
    fn body(self) -> Value {
        match self {
            Self::Text { text, is_thought: true } => json!({"thought": true, "text": text}),
            Self::Text { text, is_thought: false } => json!({"text": text}),
            Self::Call(call) => call,
        }
    }
}

fn tail(form: &Form) -> String {
    let mut tail = String::from("\"modelVersion\":");
    json::put_string(&mut tail, &form.model);
    tail.push_str(",\"responseId\":");
    json::put_string(&mut tail, &form.id);
    tail.push('}');
    tail
}

/// Thinking is not among the candidates' tokens here, and what was cached is among the prompt's.
fn usage_json(usage: &Usage) -> Value {
    let mut counts = json!({
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens.saturating_sub(usage.reasoning_tokens),
        "totalTokenCount": usage.input_tokens.saturating_add(usage.output_tokens),
    });
    if usage.reasoning_tokens > 0 {
        counts["thoughtsTokenCount"] = json!(usage.reasoning_tokens.min(usage.output_tokens));
    }
    if usage.cache_read_tokens > 0 {
        counts["cachedContentTokenCount"] = json!(usage.cache_read_tokens);
    }
    counts
}
