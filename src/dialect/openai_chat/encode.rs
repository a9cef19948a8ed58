//! Writes an answer in the form of Chat Completions: chunks for a stream, or one body (`CLIENTS.md` §3.1).
//!
//! One state machine serves both. A stream is written as the events come and nothing of it is kept; a body is collected
//! and taken at the end. It must not know when or to whom the bytes go.

use serde_json::{Value, json};

use crate::{
    dialect::{
        Encoder, json,
        openai::{arguments, citation, error, names::Names},
        openai_chat::CONVERSATION,
    },
    sse,
    turn::{ErrorKind, Page, StopReason, ToolCall, TurnError, TurnEvent, Usage},
};

/// What a request decides about the form of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The answer's id, with its prefix.
    pub(crate) id: String,
    /// Seconds since the Unix epoch.
    pub(crate) created: u64,
    /// The model's name as the client wrote it.
    pub(crate) model: String,
    /// How many choices there are.
    pub(crate) choices: u32,
    /// True for a stream, false for one body.
    pub(crate) stream: bool,
    /// True when a stream ends with the usage.
    pub(crate) include_usage: bool,
    /// True when the client speaks of functions, as it was done before there were tools. Such a client can be told of
    /// one call only.
    pub(crate) legacy_functions: bool,
    /// True when the upstream may search the web, so that the answer may rest on pages.
    pub(crate) cites: bool,
    /// How the client knows its tools.
    pub(crate) names: Names,
}

/// Writes one answer.
pub(crate) struct ChatEncoder {
    form: Form,
    /// How every chunk begins, up to its choices.
    head: String,
    choices: Vec<Choice>,
    /// Invariant: the number of `choices` that have not ended.
    open: usize,
    /// The usage of all choices together, once any is known.
    usage: Option<Usage>,
    /// True when nothing may follow any more.
    done: bool,
    /// Where a frame's JSON is put together; kept for its capacity.
    line: String,
}

/// How far one choice has come.
#[derive(Default)]
struct Choice {
    /// True once the client has been told that this choice exists.
    begun: bool,
    /// Calls so far.
    calls: usize,
    /// Set at the end.
    finish_reason: Option<&'static str>,
    /// The message so far, if it is to be a body or pages may be cited in it.
    text: String,
    /// The pages that it rests on.
    annotations: Vec<Value>,
    reasoning: String,
    tool_calls: Vec<Value>,
}

impl ChatEncoder {
    /// An encoder for an answer of `form`.
    pub(crate) fn new(form: Form) -> Self {
        let mut head = String::from("{\"id\":");
        json::put_string(&mut head, &form.id);
        head.push_str(",\"object\":\"chat.completion.chunk\",\"created\":");
        json::put_number(&mut head, form.created);
        head.push_str(",\"model\":");
        json::put_string(&mut head, &form.model);
        head.push_str(",\"system_fingerprint\":null,\"choices\":[");
        let choices: Vec<Choice> = (0..form.choices).map(|_| Choice::default()).collect();
        Self { open: choices.len(), form, head, choices, usage: None, done: false, line: String::new() }
    }

    fn begin(&mut self, index: usize, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.choices[index].begun, true) && self.form.stream {
            self.chunk(index, None, out, |delta| delta.push_str("\"role\":\"assistant\",\"content\":\"\""));
        }
    }

    fn text(&mut self, index: usize, text: &str, out: &mut Vec<u8>) {
        self.begin(index, out);
        if self.form.cites || !self.form.stream {
            self.choices[index].text.push_str(text);
        }
        if self.form.stream {
            self.chunk(index, None, out, |delta| put_member(delta, "content", text));
        }
    }

    /// Pages that the text rests on. A client that asked for no search has no place for them.
    fn citations(&mut self, index: usize, pages: &[Page], out: &mut Vec<u8>) {
        if !self.form.cites {
            return;
        }
        self.begin(index, out);
        let text = &self.choices[index].text;
        let cite = |page| json!({"type": "url_citation", "url_citation": citation::members(page, text)});
        let annotations: Vec<Value> = pages.iter().map(cite).collect();
        match self.form.stream {
            true => self.chunk(index, None, out, |delta| {
                delta.push_str("\"annotations\":");
                delta.push_str(&json::line(&Value::Array(annotations)));
            }),
            false => self.choices[index].annotations = annotations,
        }
    }

    fn reasoning(&mut self, index: usize, text: &str, out: &mut Vec<u8>) {
        self.begin(index, out);
        match self.form.stream {
            true => self.chunk(index, None, out, |delta| put_member(delta, "reasoning_content", text)),
            false => self.choices[index].reasoning.push_str(text),
        }
    }

    fn tool_call(&mut self, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        self.begin(index, out);
        let number = self.choices[index].calls;
        self.choices[index].calls += 1;
        let view = View::of(call, &self.form.names);
        match (self.form.legacy_functions, self.form.stream) {
            // There is no place for a second call, and the turn asked for one at most.
            (true, _) if number > 0 => {}
            (true, true) => self.function_call_chunks(index, &view, out),
            (false, true) => self.tool_call_chunks(index, number, &call.id, &view, out),
            (true, false) => {
                self.choices[index].tool_calls.push(json!({"name": view.name, "arguments": view.text}));
            }
            (false, false) => self.choices[index].tool_calls.push(json!({
                "id": call.id, "type": view.kind, view.kind: {"name": view.name, view.member: view.text},
            })),
        }
    }

    /// The id, type and name go out once: clients join what they are sent twice.
    fn tool_call_chunks(&mut self, index: usize, number: usize, id: &str, view: &View, out: &mut Vec<u8>) {
        let open = |delta: &mut String| {
            delta.push_str("\"tool_calls\":[{\"index\":");
            json::put_number(delta, number as u64);
        };
        self.chunk(index, None, out, |delta| {
            open(delta);
            delta.push(',');
            put_member(delta, "id", id);
            delta.push(',');
            put_member(delta, "type", view.kind);
            delta.push(',');
            json::put_string(delta, view.kind);
            delta.push_str(":{");
            put_member(delta, "name", &view.name);
            delta.push(',');
            put_member(delta, view.member, "");
            delta.push_str("}}]");
        });
        for fragment in json::fragments(&view.text, json::FRAGMENT_BYTES) {
            self.chunk(index, None, out, |delta| {
                open(delta);
                delta.push(',');
                json::put_string(delta, view.kind);
                delta.push_str(":{");
                put_member(delta, view.member, fragment);
                delta.push_str("}}]");
            });
        }
    }

    fn function_call_chunks(&mut self, index: usize, view: &View, out: &mut Vec<u8>) {
        self.chunk(index, None, out, |delta| {
            delta.push_str("\"function_call\":{");
            put_member(delta, "name", &view.name);
            delta.push_str(",\"arguments\":\"\"}");
        });
        for fragment in json::fragments(&view.text, json::FRAGMENT_BYTES) {
            self.chunk(index, None, out, |delta| {
                delta.push_str("\"function_call\":{");
                put_member(delta, "arguments", fragment);
                delta.push('}');
            });
        }
    }

    fn add_usage(&mut self, usage: &Usage) {
        match &mut self.usage {
            Some(total) => total.add(usage),
            None => self.usage = Some(*usage),
        }
    }

    fn finish(&mut self, index: usize, stop: &StopReason, out: &mut Vec<u8>) {
        let called = self.choices[index].calls > 0;
        let reason = match stop {
            // An agent that is told `stop` leaves its calls undone, so the calls decide.
            StopReason::EndTurn | StopReason::ToolCalls | StopReason::MaxTokens | StopReason::StopSequence(_)
                if called =>
            {
                if self.form.legacy_functions {
                    "function_call"
                } else {
                    "tool_calls"
                }
            }
            StopReason::EndTurn | StopReason::ToolCalls | StopReason::StopSequence(_) => "stop",
            StopReason::MaxTokens => "length",
        };
        self.end(index, reason, out);
    }

    fn end(&mut self, index: usize, reason: &'static str, out: &mut Vec<u8>) {
        self.begin(index, out);
        self.choices[index].finish_reason = Some(reason);
        self.open -= 1;
        self.done = self.open == 0;
        if !self.form.stream {
            return;
        }
        self.chunk(index, Some(reason), out, |_| ());
        if self.done {
            self.close(out);
        }
    }

    /// The usage comes last of all chunks: one client keeps only what the last chunk says.
    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(usage) = self.usage.filter(|_| self.form.include_usage) {
            let usage = usage_json(&usage).to_string();
            sse::put(out, None, &format!("{}],\"usage\":{usage}}}", self.head));
        }
        sse::put(out, None, "[DONE]");
    }

    /// One choice failed, and so has the whole answer: the SDKs raise an error at once. Only a full context window,
    /// after some output, is an ordinary end.
    fn choice_failed(&mut self, index: usize, error: &TurnError, out: &mut Vec<u8>) {
        match error.kind == ErrorKind::ContextLengthExceeded && self.choices[index].begun {
            true => self.end(index, "length", out),
            false => self.fail(error, out),
        }
    }

    /// Appends a chunk of choice `index` with the members that `delta` writes.
    fn chunk(
        &mut self,
        index: usize,
        finish_reason: Option<&'static str>,
        out: &mut Vec<u8>,
        delta: impl FnOnce(&mut String),
    ) {
        let line = &mut self.line;
        line.clear();
        line.push_str(&self.head);
        line.push_str("{\"index\":");
        json::put_number(line, index as u64);
        line.push_str(",\"delta\":{");
        delta(line);
        line.push_str("},\"logprobs\":null,\"finish_reason\":");
        match finish_reason {
            Some(reason) => json::put_string(line, reason),
            None => line.push_str("null"),
        }
        line.push_str(if self.form.include_usage { "}],\"usage\":null}" } else { "}]}" });
        sse::put(out, None, line);
    }
}

impl Encoder for ChatEncoder {
    fn push(&mut self, choice: u32, event: &TurnEvent, out: &mut Vec<u8>) {
        let index = choice as usize;
        let is_open = self.choices.get(index).is_some_and(|choice| choice.finish_reason.is_none());
        if self.done || !is_open {
            return;
        }
        match event {
            // The model stays what the client called it; the server names the real one in a header.
            TurnEvent::Started { .. } | TurnEvent::ModelUsed { .. } => {}
            // A search shows in the citations of the text that came of it.
            TurnEvent::WebSearch(_) => {}
            TurnEvent::Citations(pages) => self.citations(index, pages, out),
            TurnEvent::Text(text) if text.is_empty() => {}
            TurnEvent::Reasoning(text) if text.is_empty() => {}
            TurnEvent::Text(text) => self.text(index, text, out),
            TurnEvent::Reasoning(text) => self.reasoning(index, text, out),
            TurnEvent::ToolCall(call) => self.tool_call(index, call, out),
            TurnEvent::Usage(usage) => self.add_usage(usage),
            TurnEvent::Finished(stop) => self.finish(index, stop, out),
            TurnEvent::Failed(error) => self.choice_failed(index, error, out),
        }
    }

    fn fail(&mut self, error: &TurnError, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.done, true) && self.form.stream {
            sse::put(out, None, &json::line(&error::body(error, CONVERSATION)));
        }
    }

    fn heartbeat(&mut self, out: &mut Vec<u8>) {
        if !self.done {
            sse::put_comment(out, "waiting");
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn body(&mut self) -> Value {
        let legacy = self.form.legacy_functions;
        let choices: Vec<Value> =
            self.choices.drain(..).enumerate().map(|(index, choice)| choice.body(index, legacy)).collect();
        json!({
            "id": self.form.id, "object": "chat.completion", "created": self.form.created, "model": self.form.model,
            "choices": choices, "usage": self.usage.as_ref().map(usage_json), "system_fingerprint": null,
        })
    }
}

impl Choice {
    fn body(self, index: usize, legacy: bool) -> Value {
        let content = match self.text.is_empty() && !self.tool_calls.is_empty() {
            true => Value::Null,
            false => Value::String(self.text),
        };
        let mut message = json!({"role": "assistant", "content": content, "refusal": null});
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = Value::String(self.reasoning);
        }
        if !self.annotations.is_empty() {
            message["annotations"] = Value::Array(self.annotations);
        }
        let mut calls = self.tool_calls.into_iter().peekable();
        if calls.peek().is_some() {
            match legacy {
                true => message["function_call"] = calls.next().unwrap_or_default(),
                false => message["tool_calls"] = calls.collect(),
            }
        }
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": self.finish_reason})
    }
}

/// A call as its client sees it.
struct View {
    /// What the call's type is, and the object that holds the rest.
    kind: &'static str,
    name: String,
    /// The member that holds the text.
    member: &'static str,
    text: String,
}

impl View {
    fn of(call: &ToolCall, names: &Names) -> Self {
        let alias = names.of(&call.name);
        // A namespace has no place here, so a tool in one keeps the name that it was given.
        let plain = alias.filter(|alias| alias.namespace.is_none());
        let name = plain.map_or(&call.name, |alias| &alias.name).clone();
        match alias.is_some_and(|alias| alias.is_custom) {
            true => Self { kind: "custom", name, member: "input", text: arguments::input(&call.arguments) },
            false => Self { kind: "function", name, member: "arguments", text: arguments::written(&call.arguments) },
        }
    }
}

fn usage_json(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}

fn put_member(out: &mut String, name: &str, text: &str) {
    json::put_string(out, name);
    out.push(':');
    json::put_string(out, text);
}
