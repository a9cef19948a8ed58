//! Writes an answer in the form of Messages: events for a stream, or one body (`CLIENTS.md` §3.4).
//!
//! One state machine serves both. A stream is written as the events come and nothing of it is kept; a body is collected
//! and taken at the end. Blocks have dense indexes and never overlap: a text or thinking block stays open while more of
//! its kind comes, every other block is opened and closed at once. It must not know when or to whom the bytes go.

use serde_json::{Value, json};

use crate::{
    dialect::{Encoder, anthropic::error, json},
    sse,
    turn::{ErrorKind, Page, StopReason, ToolCall, TurnError, TurnEvent, Usage, WebSearch},
};

/// What a request decides about the form of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The answer's id, with its prefix.
    pub(crate) id: String,
    /// How the response's headers call the request.
    pub(crate) request_id: String,
    /// The model's name as the client wrote it.
    pub(crate) model: String,
    /// True for a stream, false for one body.
    pub(crate) stream: bool,
    /// True when the client wants to see the thinking.
    pub(crate) shows_thinking: bool,
}

/// Writes one answer.
pub(crate) struct MessagesEncoder {
    form: Form,
    /// How many tokens the input is thought to be.
    input_estimate: u64,
    /// True once the client has been told that there is an answer.
    begun: bool,
    /// The block that more can be added to.
    open: Option<Kind>,
    /// How many blocks have been closed; the index of the one that is open.
    index: u64,
    /// The blocks so far, if they are to be a body.
    blocks: Vec<Value>,
    /// The content of the open block, if it is to be part of a body.
    content: String,
    /// The citations of the open block, likewise.
    citations: Vec<Value>,
    has_called: bool,
    searches: u64,
    usage: Option<Usage>,
    /// Why the answer ended and, if a stop sequence ended it, which.
    stop: (Option<&'static str>, Option<String>),
    /// True when nothing may follow any more.
    done: bool,
    /// Where an event's JSON is put together; kept for its capacity.
    line: String,
}

/// A block that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
}

impl Kind {
    /// What a block of this kind is when it starts. A signature is required by the type, and only the model's vendor
    /// could write one: it stays empty.
    fn empty(self) -> &'static str {
        match self {
            Self::Text => r#"{"type":"text","text":""}"#,
            Self::Thinking => r#"{"type":"thinking","thinking":"","signature":""}"#,
        }
    }

    /// The type of its deltas and the member that holds what is new.
    fn delta(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text_delta", "text"),
            Self::Thinking => ("thinking_delta", "thinking"),
        }
    }
}

impl MessagesEncoder {
    /// An encoder for an answer of `form`.
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            input_estimate: 0,
            begun: false,
            open: None,
            index: 0,
            blocks: Vec::new(),
            content: String::new(),
            citations: Vec::new(),
            has_called: false,
            searches: 0,
            usage: None,
            stop: (None, None),
            done: false,
            line: String::new(),
        }
    }

    /// The answer as an object, with what is known of it.
    fn message(&mut self, usage: Value) -> Value {
        let (reason, sequence) = &self.stop;
        let mut message = json!({
            "id": self.form.id, "type": "message", "role": "assistant", "model": self.form.model, "content": [],
            "stop_reason": reason, "stop_sequence": sequence, "usage": {},
        });
        // What is put in by `json!` is copied, and this may be long.
        message["content"] = std::mem::take(&mut self.blocks).into();
        message["usage"] = usage;
        message
    }

    /// Nothing is sent before there is something to say, for a client asks again when the first that it hears is an
    /// error.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) && self.form.stream {
            let usage = self.first_usage();
            let mut start = json!({"type": "message_start"});
            start["message"] = self.message(usage);
            put(out, "message_start", &start);
        }
    }

    /// Appends `text` to the open block if that is of `kind`, else to a new one.
    fn grow(&mut self, kind: Kind, text: &str, out: &mut Vec<u8>) {
        self.begin(out);
        if self.open != Some(kind) {
            self.close(out);
            self.open = Some(kind);
            self.start(kind.empty(), out);
        }
        if !self.form.stream {
            return self.content.push_str(text);
        }
        let (name, member) = kind.delta();
        self.delta(name, member, text, out);
    }

    /// Ends the open block, if there is one.
    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(kind) = self.open.take() else { return };
        if self.form.stream {
            if kind == Kind::Thinking {
                self.delta("signature_delta", "signature", "", out);
            }
            return self.stop_block(out);
        }
        let content = std::mem::take(&mut self.content);
        let mut block = match kind {
            Kind::Text => json!({"type": "text", "text": content}),
            Kind::Thinking => json!({"type": "thinking", "thinking": content, "signature": ""}),
        };
        if !self.citations.is_empty() {
            block["citations"] = Value::Array(std::mem::take(&mut self.citations));
        }
        self.push_block(block);
    }

    /// A complete block of an answer that is to be one body.
    fn push_block(&mut self, block: Value) {
        self.index += 1;
        self.blocks.push(block);
    }

    fn tool_call(&mut self, call: &ToolCall, out: &mut Vec<u8>) {
        self.has_called = true;
        self.block_with_input("tool_use", &call.id, &call.name, Value::Object(call.arguments.clone()), out);
    }

    /// A block whose input a stream sends apart from it, in pieces: one client takes no input from the start of a block,
    /// and another joins what is in both places.
    fn block_with_input(&mut self, kind: &str, id: &str, name: &str, input: Value, out: &mut Vec<u8>) {
        self.begin(out);
        self.close(out);
        if !self.form.stream {
            return self.push_block(json!({"type": kind, "id": id, "name": name, "input": input}));
        }
        let block = json!({"type": kind, "id": id, "name": name, "input": {}});
        self.start(&json::line(&block), out);
        // Empty input is `{}`, so that there is a piece at least.
        for fragment in json::fragments(&input.to_string(), json::FRAGMENT_BYTES) {
            self.delta("input_json_delta", "partial_json", fragment, out);
        }
        self.stop_block(out);
    }

    /// A search of the upstream's own, as if a tool of the service had made it.
    fn web_search(&mut self, search: &WebSearch, out: &mut Vec<u8>) {
        self.searches += 1;
        let id = format!("srvtoolu_{}", search.id);
        self.block_with_input("server_tool_use", &id, "web_search", json!({"query": search.query}), out);
        let content = match &search.pages {
            Some(pages) => pages.iter().map(result).collect(),
            None => json!({"type": "web_search_tool_result_error", "error_code": "unavailable"}),
        };
        let block = json!({"type": "web_search_tool_result", "tool_use_id": id, "content": content});
        if !self.form.stream {
            return self.push_block(block);
        }
        self.start(&json::line(&block), out);
        self.stop_block(out);
    }

    /// Citations belong to text. When there is none to cite from, the pages are named in words.
    fn cite(&mut self, pages: &[Page], out: &mut Vec<u8>) {
        if self.open != Some(Kind::Text) {
            let named: String = pages.iter().map(|page| format!("\n- {}: {}", title(page), page.url)).collect();
            return self.grow(Kind::Text, &format!("Sources:{named}"), out);
        }
        for citation in pages.iter().map(citation) {
            if !self.form.stream {
                self.citations.push(citation);
                continue;
            }
            let index = self.index;
            let delta = json!({"type": "citations_delta", "citation": citation});
            put(out, DELTA, &json!({"type": DELTA, "index": index, "delta": delta}));
        }
    }

    fn finish(&mut self, stop: &StopReason, out: &mut Vec<u8>) {
        let stop = match stop {
            // An agent that is told anything else leaves its calls undone, so the calls decide.
            StopReason::EndTurn | StopReason::ToolCalls | StopReason::MaxTokens | StopReason::StopSequence(_)
                if self.has_called =>
            {
                ("tool_use", None)
            }
            StopReason::EndTurn | StopReason::ToolCalls => ("end_turn", None),
            StopReason::MaxTokens => ("max_tokens", None),
            StopReason::StopSequence(sequence) => ("stop_sequence", Some(sequence.clone())),
        };
        self.end(stop.0, stop.1, out);
    }

    fn end(&mut self, reason: &'static str, sequence: Option<String>, out: &mut Vec<u8>) {
        self.begin(out);
        self.close(out);
        self.stop = (Some(reason), sequence);
        self.done = true;
        if self.form.stream {
            let (reason, sequence) = &self.stop;
            let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
            let event = json!({"type": "message_delta", "delta": delta, "usage": self.last_usage()});
            put(out, "message_delta", &event);
            sse::put(out, Some("message_stop"), r#"{"type":"message_stop"}"#);
        }
    }

    /// What is said of the usage before it is known.
    fn first_usage(&self) -> Value {
        usage_json(&Usage { input_tokens: self.input_estimate, output_tokens: 1, ..Usage::default() }, 0)
    }

    /// The usage at the end. An answer that broke off has none, and then what was said first holds.
    fn last_usage(&self) -> Value {
        self.usage.as_ref().map_or_else(|| self.first_usage(), |usage| usage_json(usage, self.searches))
    }

    fn start(&mut self, block: &str, out: &mut Vec<u8>) {
        if self.form.stream {
            self.event("content_block_start", out, |line| {
                line.push_str(",\"content_block\":");
                line.push_str(block);
            });
        }
    }

    fn delta(&mut self, kind: &str, member: &str, text: &str, out: &mut Vec<u8>) {
        self.event(DELTA, out, |line| {
            line.push_str(",\"delta\":{\"type\":");
            json::put_string(line, kind);
            line.push(',');
            json::put_string(line, member);
            line.push(':');
            json::put_string(line, text);
            line.push('}');
        });
    }

    fn stop_block(&mut self, out: &mut Vec<u8>) {
        self.event("content_block_stop", out, |_| ());
        self.index += 1;
    }

    /// Appends an event about the block at hand with the members that `more` writes.
    fn event(&mut self, name: &str, out: &mut Vec<u8>, more: impl FnOnce(&mut String)) {
        let line = &mut self.line;
        line.clear();
        line.push_str("{\"type\":");
        json::put_string(line, name);
        line.push_str(",\"index\":");
        json::put_number(line, self.index);
        more(line);
        line.push('}');
        sse::put(out, Some(name), line);
    }
}

impl Encoder for MessagesEncoder {
    fn push(&mut self, choice: u32, event: &TurnEvent, out: &mut Vec<u8>) {
        if self.done || choice != 0 {
            return;
        }
        match event {
            // The model stays what the client called it; the server names the real one in a header.
            TurnEvent::Started { .. } | TurnEvent::ModelUsed { .. } => {}
            TurnEvent::Text(text) if text.is_empty() => {}
            TurnEvent::Reasoning(text) if text.is_empty() || !self.form.shows_thinking => {}
            TurnEvent::Text(text) => self.grow(Kind::Text, text, out),
            TurnEvent::Reasoning(text) => self.grow(Kind::Thinking, text, out),
            TurnEvent::WebSearch(search) => self.web_search(search, out),
            TurnEvent::Citations(pages) if pages.is_empty() => {}
            TurnEvent::Citations(pages) => self.cite(pages, out),
            TurnEvent::ToolCall(call) => self.tool_call(call, out),
            TurnEvent::Usage(usage) => self.usage = Some(*usage),
            TurnEvent::Finished(stop) => self.finish(stop, out),
            // A full context window, after some output, is an ordinary end.
            TurnEvent::Failed(error) if error.kind == ErrorKind::ContextLengthExceeded && self.begun => {
                self.end("model_context_window_exceeded", None, out);
            }
            TurnEvent::Failed(error) => self.fail(error, out),
        }
    }

    /// The open block stays open: were it closed, the partial answer would look complete.
    fn fail(&mut self, error: &TurnError, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.done, true) && self.form.stream {
            put(out, "error", &error::body(error, &self.form.request_id));
        }
    }

    fn heartbeat(&mut self, out: &mut Vec<u8>) {
        if !self.done {
            sse::put(out, Some("ping"), r#"{"type":"ping"}"#);
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn wants_input_estimate(&self) -> bool {
        self.form.stream
    }

    fn expect_input(&mut self, tokens: u64) {
        self.input_estimate = tokens;
    }

    fn body(&mut self) -> Value {
        let usage = self.last_usage();
        self.message(usage)
    }
}

const DELTA: &str = "content_block_delta";

fn put(out: &mut Vec<u8>, name: &str, event: &Value) {
    sse::put(out, Some(name), &json::line(event));
}

/// The input counts here without what a cache had to do with (`CLIENTS.md` appendix A).
fn usage_json(usage: &Usage, searches: u64) -> Value {
    let cached = usage.cache_read_tokens.saturating_add(usage.cache_write_tokens);
    let mut members = json!({
        "input_tokens": usage.input_tokens.saturating_sub(cached),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    });
    if usage.reasoning_tokens > 0 {
        members["output_tokens_details"] = json!({"thinking_tokens": usage.reasoning_tokens});
    }
    if searches > 0 {
        members["server_tool_use"] = json!({"web_search_requests": searches, "web_fetch_requests": 0});
    }
    members
}

/// A page that was found. Its content is for the service alone to read, and there is none.
fn result(page: &Page) -> Value {
    json!({
        "type": "web_search_result", "url": page.url, "title": title(page), "encrypted_content": "", "page_age": null,
    })
}

/// That the text rests on a page. Which words of it do is not known, so none are given.
fn citation(page: &Page) -> Value {
    json!({
        "type": "web_search_result_location", "url": page.url, "title": title(page), "encrypted_index": "",
        "cited_text": "",
    })
}

fn title(page: &Page) -> &str {
    if page.title.is_empty() { &page.url } else { &page.title }
}
