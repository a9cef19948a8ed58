//! The client-facing APIs. Each dialect reads a request body into a [`Turn`] and writes the answer's [`TurnEvent`]s as
//! stream frames or as one body; streaming or not, the same encoder does it.
//!
//! A dialect must not know axum, protobuf, the upstream or the clock: ids and times come in as a [`Stamp`].

use std::sync::Arc;

use serde_json::Value;

use crate::{
    models::Catalogue,
    turn::{Allowance, Quota, Turn, TurnError, TurnEvent},
};

pub mod anthropic;
mod asked;
pub mod check;
mod data_url;
mod field;
pub mod gemini;
mod ignored;
mod json;
mod listener;
mod openai;
pub mod openai_chat;
pub mod openai_responses;

pub use listener::Listener;

/// Every dialect there is. A new one is one folder and one line here.
pub static ALL: &[&dyn Dialect] =
    &[&openai_chat::OpenAiChat, &openai_responses::OpenAiResponses, &anthropic::Anthropic, &gemini::Gemini];

/// One client-facing API.
pub trait Dialect: Send + Sync {
    /// Its name in logs and metrics, such as `openai_chat`.
    fn name(&self) -> &'static str;

    /// What it serves, for people to read: method and canonical path, such as `POST /v1/chat/completions`.
    fn endpoints(&self) -> &'static [&'static str];

    /// What the path of `segments` asks of this dialect. Empty segments and leading `v1` are left out of them.
    fn operation(&self, segments: &[&str]) -> Option<Operation>;

    /// Reads a request for an answer, or for the count of its input.
    ///
    /// # Errors
    /// When the body is not JSON of the dialect's shape or asks for what cannot be done; the error names the field.
    fn read(&self, ask: Ask<'_>) -> Result<Request, TurnError>;

    /// The answer to a request for the count of its input.
    fn count(&self, input_tokens: u64) -> Value;

    /// The answer to a request for what was kept (see [`Encoder::to_keep`]).
    fn recalled(&self, kept: &Value) -> Value {
        kept.clone()
    }

    /// The answer to a request that what was kept under `id` be forgotten.
    fn forgotten(&self, id: &str) -> Value {
        Value::String(id.to_owned())
    }

    /// The headers, names in lower case, by which clients of the dialect learn what the account may still spend. `now` is
    /// in seconds since the Unix epoch.
    fn quota_headers(&self, _quota: &Quota, _now: u64) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The headers by which clients of the dialect learn what they themselves may still use. Where a vendor has none, they
    /// are called as OpenAI's, which proxies and libraries of every kind know.
    fn allowance_headers(&self, allowance: &Allowance, now: u64) -> Vec<(&'static str, String)> {
        openai::quota::allowance(allowance, now)
    }

    /// The dialect's own form of an error that ends a request before its answer began.
    fn error(&self, error: &TurnError, request_id: &str) -> ErrorReply;
}

/// What a path asks of a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `POST`: an answer.
    Answer,
    /// `POST`: how many tokens a request's input is.
    Count,
    /// `GET` and `DELETE`: an answer that was kept, by its id.
    Kept(String),
}

/// A request as it came.
pub struct Ask<'a> {
    /// The path's segments, as [`Dialect::operation`] has them.
    pub segments: &'a [&'a str],
    /// The query of the URL, without its `?`; empty when there is none.
    pub query: &'a str,
    /// The body, decompressed.
    pub body: &'a [u8],
    /// The id and time of the answer.
    pub stamp: Stamp,
    /// How the response's headers call the request, for a dialect that names it in errors too.
    pub request_id: &'a str,
    /// What models there are.
    pub catalogue: &'a Catalogue,
    /// The answers that were kept for this client.
    pub kept: &'a dyn Keeper,
}

impl<'a> Ask<'a> {
    /// A request with a body and nothing else.
    #[must_use]
    pub fn of(body: &'a [u8], stamp: Stamp, catalogue: &'a Catalogue) -> Self {
        Self { segments: &[], query: "", body, stamp, request_id: "", catalogue, kept: &NothingKept }
    }
}

/// Holds answers that a client may refer to later. Each client sees its own only.
pub trait Keeper: Send + Sync {
    /// What was kept under `id`.
    fn get(&self, id: &str) -> Option<Arc<Value>>;
}

/// A keeper of nothing.
pub struct NothingKept;

impl Keeper for NothingKept {
    fn get(&self, _id: &str) -> Option<Arc<Value>> {
        None
    }
}

/// What a dialect may not make up itself: the id and time that an answer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Unique text of letters and digits, without any dialect's prefix.
    pub id: String,
    /// Seconds since the Unix epoch.
    pub created: u64,
}

/// A request as a dialect understood it.
pub struct Request {
    /// What is asked.
    pub turn: Turn,
    /// True when the client wants the answer as a stream.
    pub stream: bool,
    /// How many independent answers the client wants; at least 1.
    pub choices: u32,
    /// Writes the answer.
    pub encoder: Box<dyn Encoder>,
    /// Options that neither the upstream nor the gateway can honour, by their request field names.
    pub ignored: Vec<String>,
    /// What had to be mended to read the conversation, by the names that the client is told.
    pub repaired: Vec<&'static str>,
    /// What the body says of the client's session; a hint, for any client can say anything.
    pub session: Option<String>,
}

/// Writes one answer. It is fed every event of every choice, in order, whether the client streams or not.
pub trait Encoder: Send {
    /// The media type of a stream; one body is always JSON.
    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// Takes the next event of choice `choice` and appends the frames that it causes to `out`: none when the client
    /// wants one body. The last choice's `Finished` also appends whatever closes the stream; a `Failed` may close it
    /// at once, for all choices.
    fn push(&mut self, choice: u32, event: &TurnEvent, out: &mut Vec<u8>);

    /// Ends the whole answer with `error`, whatever its choices were about to say, and appends the frame that says so.
    fn fail(&mut self, error: &TurnError, out: &mut Vec<u8>);

    /// Appends a frame that says nothing but keeps the client from giving up.
    fn heartbeat(&mut self, out: &mut Vec<u8>);

    /// True when the encoder can use an estimate of the input before the answer begins. Counting takes a moment, so
    /// nothing is counted for those that cannot.
    fn wants_input_estimate(&self) -> bool {
        false
    }

    /// The input is about `tokens` tokens. Said once, before the first event, to an encoder that wants it.
    fn expect_input(&mut self, _tokens: u64) {}

    /// The time of the events that follow, in seconds since the Unix epoch, for an answer that says when it was complete.
    fn clock(&mut self, _now: u64) {}

    /// True when the answer is complete or has failed: nothing that is pushed now changes it any more.
    fn is_done(&self) -> bool;

    /// What is to be kept of a complete answer, and under which id; `None` when nothing is. It is asked once, after the
    /// last event and before [`Encoder::body`].
    fn to_keep(&mut self) -> Option<(String, Value)> {
        None
    }

    /// The whole answer as one body, after the last event. An answer that failed has none: a client that waits for one
    /// body has seen nothing yet, so it is sent [`Dialect::error`] instead.
    fn body(&mut self) -> Value;
}

/// An error in a dialect's own form.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorReply {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Value,
}
