//! Writes an answer in the form of Responses: events for a stream, or one body (`CLIENTS.md` §3.3).
//!
//! One state machine serves both. Every item is collected as it is written, for the last event holds all of them again.
//! It must not know when or to whom the bytes go.

use serde_json::Value;

use crate::{
    dialect::{
        Encoder, json,
        openai::names::Names,
        openai_responses::{
            failure, history,
            item::{self, COMPLETED, Call, FAILED, IN_PROGRESS, INCOMPLETE, Kind},
            members,
            object::Object,
        },
    },
    sse,
    turn::{Page, StopReason, ToolCall, TurnError, TurnEvent, Usage, WebSearch},
};

/// What a request decides about the form of its answer.
pub(crate) struct Form {
    /// The answer's id, without a prefix.
    pub(crate) answer: String,
    /// True for a stream, false for one body.
    pub(crate) stream: bool,
    /// How the client knows its tools.
    pub(crate) names: Names,
    /// True when the client gave the model a web search: one that did not takes a search for the call of a tool that it
    /// does not have.
    pub(crate) shows_searches: bool,
    /// The response object as it begins.
    pub(crate) object: Object,
    /// The input of the answer, if both are to be kept.
    pub(crate) keep: Option<Vec<Value>>,
}

/// Writes one answer.
pub(crate) struct ResponsesEncoder {
    form: Form,
    frames: Frames,
    /// True once the client has been told that there is an answer.
    begun: bool,
    /// The item that is being written.
    open: Option<Open>,
    /// The items that are complete.
    output: Vec<Value>,
    /// True when the model called a tool.
    called: bool,
    usage: Option<Usage>,
    /// The time, where it has been said.
    now: Option<u64>,
    /// True when nothing may follow any more.
    done: bool,
}

/// An item that is being written piece by piece.
struct Open {
    kind: Kind,
    place: Place,
    /// How the members of its events begin.
    head: String,
    text: String,
    annotations: Vec<Value>,
}

/// Which item of the answer it is.
struct Place {
    id: String,
    index: usize,
}

impl Place {
    fn put(&self, line: &mut String) {
        members::put_text(line, "item_id", &self.id);
        put_index(line, "output_index", self.index);
    }
}

/// Writes numbered events.
struct Frames {
    stream: bool,
    sequence: u64,
    /// Where an event's JSON is put together; kept for its capacity.
    line: String,
}

impl Frames {
    /// Appends the event `kind` with the members that `write` adds, if there is a stream.
    fn event(&mut self, kind: &'static str, out: &mut Vec<u8>, write: impl FnOnce(&mut String)) {
        if !self.stream {
            return;
        }
        self.line.clear();
        self.line.push_str("{\"type\":\"");
        self.line.push_str(kind);
        self.line.push_str("\",\"sequence_number\":");
        json::put_number(&mut self.line, self.sequence);
        write(&mut self.line);
        self.line.push('}');
        sse::put(out, Some(kind), &self.line);
        self.sequence += 1;
    }

    fn response(&mut self, kind: &'static str, object: &Object, out: &mut Vec<u8>) {
        self.event(kind, out, |line| {
            members::put_name(line, "response");
            object.put(line);
        });
        // With all the tools of an agent in it that was a large one, and there are few of them.
        self.line = String::new();
    }

    fn item(&mut self, kind: &'static str, index: usize, item: &Value, out: &mut Vec<u8>) {
        self.event(kind, out, |line| {
            put_index(line, "output_index", index);
            members::put(line, "item", item);
        });
    }
}

const ITEM_ADDED: &str = "response.output_item.added";
const ITEM_DONE: &str = "response.output_item.done";

impl ResponsesEncoder {
    /// An encoder for an answer of `form`.
    pub(crate) fn new(form: Form) -> Self {
        let frames = Frames { stream: form.stream, sequence: 0, line: String::new() };
        Self {
            form,
            frames,
            begun: false,
            open: None,
            output: Vec::new(),
            called: false,
            usage: None,
            now: None,
            done: false,
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            for kind in ["response.created", "response.in_progress"] {
                self.frames.response(kind, &self.form.object, out);
            }
        }
    }

    /// The place of the next item. An item is written to its end before the next begins.
    fn next_place(&self, prefix: &str) -> Place {
        let index = self.output.len();
        Place { id: history::item_id(prefix, &self.form.answer, index), index }
    }

    fn piece(&mut self, kind: Kind, text: &str, out: &mut Vec<u8>) {
        self.begin(out);
        if self.open.as_ref().is_none_or(|open| open.kind != kind) {
            self.close(COMPLETED, out);
            self.start(kind, out);
        }
        let Some(open) = &mut self.open else { return };
        open.text.push_str(text);
        self.frames.event(kind.words().delta, out, |line| {
            line.push_str(&open.head);
            members::put_text(line, "delta", text);
            put_logprobs(line, kind);
        });
    }

    fn start(&mut self, kind: Kind, out: &mut Vec<u8>) {
        let words = kind.words();
        let place = self.next_place(words.prefix);
        self.frames.item(ITEM_ADDED, place.index, &kind.item(&place.id, IN_PROGRESS, &[]), out);
        let mut head = String::new();
        place.put(&mut head);
        put_index(&mut head, words.part_index, 0);
        self.frames.event(words.part_added, out, |line| {
            line.push_str(&head);
            members::put(line, "part", &kind.part("", &[]));
        });
        self.open = Some(Open { kind, place, head, text: String::new(), annotations: Vec::new() });
    }

    /// Ends the item that is being written, if there is one.
    fn close(&mut self, status: &'static str, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        let words = open.kind.words();
        self.frames.event(words.text_done, out, |line| {
            line.push_str(&open.head);
            members::put_text(line, "text", &open.text);
            put_logprobs(line, open.kind);
        });
        let part = open.kind.part(&open.text, &open.annotations);
        self.frames.event(words.part_done, out, |line| {
            line.push_str(&open.head);
            members::put(line, "part", &part);
        });
        let item = open.kind.item(&open.place.id, status, &[part]);
        self.finish_item(open.place.index, item, out);
    }

    fn finish_item(&mut self, index: usize, item: Value, out: &mut Vec<u8>) {
        self.frames.item(ITEM_DONE, index, &item, out);
        self.output.push(item);
    }

    fn tool_call(&mut self, call: &ToolCall, out: &mut Vec<u8>) {
        self.begin(out);
        self.close(COMPLETED, out);
        self.called = true;
        let call = Call::of(call, &self.form.names);
        let place = self.next_place(call.prefix());
        self.frames.item(ITEM_ADDED, place.index, &call.item(&place.id, IN_PROGRESS, ""), out);
        for fragment in json::fragments(&call.text, json::FRAGMENT_BYTES) {
            self.frames.event(call.delta(), out, |line| {
                place.put(line);
                members::put_text(line, "delta", fragment);
            });
        }
        self.frames.event(call.done(), out, |line| {
            place.put(line);
            if let Some(name) = call.name_when_done() {
                members::put_text(line, "name", name);
            }
            members::put_text(line, call.member(), &call.text);
        });
        let item = call.item(&place.id, COMPLETED, &call.text);
        self.finish_item(place.index, item, out);
    }

    /// A search is told when it is over, so all its events come at once.
    fn web_search(&mut self, search: &WebSearch, out: &mut Vec<u8>) {
        self.begin(out);
        if !self.form.shows_searches {
            return;
        }
        self.close(COMPLETED, out);
        let place = self.next_place("ws");
        let begun = WebSearch { pages: None, ..search.clone() };
        self.frames.item(ITEM_ADDED, place.index, &item::web_search(&place.id, IN_PROGRESS, &begun), out);
        for step in ["response.web_search_call.in_progress", "response.web_search_call.searching"] {
            self.frames.event(step, out, |line| place.put(line));
        }
        let status = if search.pages.is_some() { COMPLETED } else { FAILED };
        if search.pages.is_some() {
            self.frames.event("response.web_search_call.completed", out, |line| place.put(line));
        }
        let item = item::web_search(&place.id, status, search);
        self.finish_item(place.index, item, out);
    }

    /// Pages that the text rests on. They come right after the text; an answer without text has no place for them.
    fn citations(&mut self, pages: &[Page], out: &mut Vec<u8>) {
        let Some(open) = self.open.as_mut().filter(|open| open.kind == Kind::Message) else { return };
        for page in pages {
            let annotation = item::citation(page, &open.text);
            self.frames.event("response.output_text.annotation.added", out, |line| {
                line.push_str(&open.head);
                put_index(line, "annotation_index", open.annotations.len());
                members::put(line, "annotation", &annotation);
            });
            open.annotations.push(annotation);
        }
    }

    fn finish(&mut self, stop: &StopReason, out: &mut Vec<u8>) {
        let is_cut = match stop {
            // Calls come last, so an answer that holds one was not cut before it, and they are to be run.
            StopReason::MaxTokens => !self.called,
            StopReason::EndTurn | StopReason::ToolCalls | StopReason::StopSequence(_) => false,
        };
        self.begin(out);
        self.close(if is_cut { INCOMPLETE } else { COMPLETED }, out);
        match is_cut {
            true => {
                self.form.object.incomplete_reason = Some("max_output_tokens");
                self.end("response.incomplete", INCOMPLETE, out);
            }
            false => {
                self.form.object.completed_at = self.now;
                self.end("response.completed", COMPLETED, out);
            }
        }
    }

    /// Writes the last event, which holds the whole answer.
    fn end(&mut self, kind: &'static str, status: &'static str, out: &mut Vec<u8>) {
        self.form.object.status = status;
        self.form.object.output = std::mem::take(&mut self.output);
        self.form.object.usage = self.usage;
        self.frames.response(kind, &self.form.object, out);
        self.done = true;
    }
}

impl Encoder for ResponsesEncoder {
    fn push(&mut self, choice: u32, event: &TurnEvent, out: &mut Vec<u8>) {
        // There is one answer only.
        if self.done || choice != 0 {
            return;
        }
        match event {
            // The model stays what the client called it; the server names the real one in a header.
            TurnEvent::Started { .. } | TurnEvent::ModelUsed { .. } => self.begin(out),
            TurnEvent::Text(text) if text.is_empty() => {}
            TurnEvent::Reasoning(text) if text.is_empty() => {}
            TurnEvent::Text(text) => self.piece(Kind::Message, text, out),
            TurnEvent::Reasoning(text) => self.piece(Kind::Reasoning, text, out),
            TurnEvent::WebSearch(search) => self.web_search(search, out),
            TurnEvent::Citations(pages) => self.citations(pages, out),
            TurnEvent::ToolCall(call) => self.tool_call(call, out),
            TurnEvent::Usage(usage) => self.usage = Some(*usage),
            TurnEvent::Finished(stop) => self.finish(stop, out),
            TurnEvent::Failed(error) => self.fail(error, out),
        }
    }

    /// An item that is being written stays open, or it would look whole; the last event shows what there is of it.
    fn fail(&mut self, error: &TurnError, out: &mut Vec<u8>) {
        if self.done {
            return;
        }
        self.begin(out);
        if let Some(open) = self.open.take() {
            let part = open.kind.part(&open.text, &open.annotations);
            self.output.push(open.kind.item(&open.place.id, INCOMPLETE, &[part]));
        }
        self.form.keep = None;
        self.form.object.error = failure::error(error);
        self.end("response.failed", FAILED, out);
    }

    /// A comment would not do: one client counts events only.
    fn heartbeat(&mut self, out: &mut Vec<u8>) {
        match self.begun {
            false => self.begin(out),
            true if self.done => {}
            true => self.frames.response("response.in_progress", &self.form.object, out),
        }
    }

    fn clock(&mut self, now: u64) {
        self.now = Some(now);
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn to_keep(&mut self) -> Option<(String, Value)> {
        let input = self.form.keep.take().filter(|_| self.done)?;
        let id = history::response_id(&self.form.answer);
        Some((id, history::kept(self.form.object.to_value(), input)))
    }

    fn body(&mut self) -> Value {
        self.form.object.to_value()
    }
}

fn put_index(line: &mut String, name: &str, index: usize) {
    members::put_number(line, name, index as u64);
}

/// Events about text have a place for what no upstream tells.
fn put_logprobs(line: &mut String, kind: Kind) {
    match kind {
        Kind::Message => line.push_str(",\"logprobs\":[]"),
        Kind::Reasoning => {}
    }
}
