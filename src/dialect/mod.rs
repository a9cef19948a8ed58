//! The client-facing APIs. Each dialect reads a request body into a [`Turn`] and writes the answer's [`TurnEvent`]s as
//! stream frames or as one body; streaming or not, the same encoder does it.
//!
//! A dialect must not know axum, protobuf, the upstream or the clock: ids and times come in as a [`Stamp`].

use serde_json::Value;

use crate::{
    models::Catalogue,
    turn::{Turn, TurnError, TurnEvent},
};

mod data_url;
mod field;
mod json;
pub mod openai_chat;

/// Every dialect there is. A new one is one folder and one line here.
pub static ALL: &[&dyn Dialect] = &[&openai_chat::OpenAiChat];

/// One client-facing API.
pub trait Dialect: Send + Sync {
    /// Its name in logs and metrics, such as `openai_chat`.
    fn name(&self) -> &'static str;

    /// The paths whose POST starts a turn, canonical form, such as `/v1/chat/completions`.
    fn routes(&self) -> &'static [&'static str];

    /// Reads a request body.
    ///
    /// # Errors
    /// When the body is not JSON of the dialect's shape or asks for what cannot be done; the error names the field.
    fn read(&self, body: &[u8], stamp: Stamp, catalogue: &Catalogue) -> Result<Request, TurnError>;

    /// The dialect's own form of an error that ends a request before its answer began.
    fn error(&self, error: &TurnError, request_id: &str) -> ErrorReply;
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
}

/// Writes one answer. It is fed every event of every choice, in order, whether the client streams or not.
pub trait Encoder: Send {
    /// Takes the next event of choice `choice` and appends the frames that it causes to `out`: none when the client
    /// wants one body. The last choice's `Finished` also appends whatever closes the stream; a `Failed` may close it
    /// at once, for all choices.
    fn push(&mut self, choice: u32, event: &TurnEvent, out: &mut Vec<u8>);

    /// Ends the whole answer with `error`, whatever its choices were about to say, and appends the frame that says so.
    fn fail(&mut self, error: &TurnError, out: &mut Vec<u8>);

    /// Appends a frame that says nothing but keeps the client from giving up.
    fn heartbeat(&mut self, out: &mut Vec<u8>);

    /// True when the answer is complete or has failed: nothing that is pushed now changes it any more.
    fn is_done(&self) -> bool;

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
