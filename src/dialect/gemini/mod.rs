//! Google's Gemini API: `generateContent`, streamed or not, and `countTokens` (`CLIENTS.md` §4.10).

mod contents;
mod encode;
mod error;
mod grounding;
mod options;
mod pairs;
mod part;
mod path;
mod read;
mod schema;
mod tools;

use serde_json::{Value, json};

use crate::{
    dialect::{
        Ask, Dialect, ErrorReply, Operation, Request,
        gemini::path::{Method, Path},
    },
    turn::{ErrorKind, TurnError},
};

/// The dialect.
pub struct Gemini;

impl Dialect for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn endpoints(&self) -> &'static [&'static str] {
        &[
            "POST /v1beta/models/{model}:generateContent",
            "POST /v1beta/models/{model}:streamGenerateContent",
            "POST /v1beta/models/{model}:countTokens",
        ]
    }

    fn operation(&self, segments: &[&str]) -> Option<Operation> {
        Some(match Path::of(segments)?.method {
            Method::Generate | Method::Stream => Operation::Answer,
            Method::Count => Operation::Count,
        })
    }

    fn read(&self, ask: Ask<'_>) -> Result<Request, TurnError> {
        let nowhere = || TurnError::new(ErrorKind::NotFound, "The path names no model and method.");
        let path = Path::of(ask.segments).ok_or_else(nowhere)?;
        read::request(&ask, &path)
    }

    fn count(&self, input_tokens: u64) -> Value {
        json!({
            "totalTokens": input_tokens,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": input_tokens}],
        })
    }

    fn error(&self, error: &TurnError, _request_id: &str) -> ErrorReply {
        error::reply(error)
    }
}
