//! OpenAI Chat Completions: the dialect that most clients speak (`CLIENTS.md` §3.1).

mod encode;
mod messages;
mod read;

use serde_json::{Value, json};

use crate::{
    dialect::{
        Ask, Dialect, ErrorReply, Operation, Request,
        openai::{error, quota},
    },
    turn::{Quota, TurnError},
};

/// The field that holds the conversation.
pub(crate) const CONVERSATION: &str = "messages";

/// The dialect.
pub struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn endpoints(&self) -> &'static [&'static str] {
        &["POST /v1/chat/completions"]
    }

    fn operation(&self, segments: &[&str]) -> Option<Operation> {
        (segments == ["chat", "completions"]).then_some(Operation::Answer)
    }

    fn read(&self, ask: Ask<'_>) -> Result<Request, TurnError> {
        read::request(&ask)
    }

    fn count(&self, input_tokens: u64) -> Value {
        json!({"input_tokens": input_tokens})
    }

    fn quota_headers(&self, quota: &Quota, now: u64) -> Vec<(&'static str, String)> {
        quota::requests(quota, now)
    }

    fn error(&self, error: &TurnError, _request_id: &str) -> ErrorReply {
        error::reply(error, CONVERSATION)
    }
}
