//! OpenAI Chat Completions: the dialect that most clients speak (`CLIENTS.md` §3.1).

mod content;
mod encode;
mod error;
mod ignored;
mod messages;
mod read;
mod tools;

use crate::{
    dialect::{Dialect, ErrorReply, Request, Stamp},
    models::Catalogue,
    turn::TurnError,
};

/// The dialect.
pub struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn routes(&self) -> &'static [&'static str] {
        &["/v1/chat/completions"]
    }

    fn read(&self, body: &[u8], stamp: Stamp, catalogue: &Catalogue) -> Result<Request, TurnError> {
        read::request(body, &stamp, catalogue)
    }

    fn error(&self, error: &TurnError, _request_id: &str) -> ErrorReply {
        error::reply(error)
    }
}
