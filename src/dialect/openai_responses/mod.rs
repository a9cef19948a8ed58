//! OpenAI Responses: the dialect of newer OpenAI programs, and the only one of the Codex CLI (`CLIENTS.md` §3.3).

mod encode;
mod failure;
mod history;
mod item;
pub(crate) mod items;
mod members;
mod object;
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
const CONVERSATION: &str = "input";

/// The dialect.
pub struct OpenAiResponses;

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai_responses"
    }

    fn endpoints(&self) -> &'static [&'static str] {
        &[
            "POST /v1/responses",
            "POST /v1/responses/input_tokens",
            "GET /v1/responses/{id}",
            "DELETE /v1/responses/{id}",
        ]
    }

    fn operation(&self, segments: &[&str]) -> Option<Operation> {
        match segments {
            ["responses"] => Some(Operation::Answer),
            ["responses", "input_tokens"] => Some(Operation::Count),
            // Nothing here can compact a conversation; a client that hears so does it by itself.
            ["responses", "compact"] => None,
            ["responses", id] => Some(Operation::Kept((*id).to_owned())),
            _ => None,
        }
    }

    fn read(&self, ask: Ask<'_>) -> Result<Request, TurnError> {
        read::request(ask)
    }

    fn count(&self, input_tokens: u64) -> Value {
        json!({"object": "response.input_tokens", "input_tokens": input_tokens})
    }

    fn recalled(&self, kept: &Value) -> Value {
        history::response(kept).clone()
    }

    fn forgotten(&self, id: &str) -> Value {
        json!({"id": id, "object": "response.deleted", "deleted": true})
    }

    fn quota_headers(&self, quota: &Quota, now: u64) -> Vec<(&'static str, String)> {
        let mut headers = quota::requests(quota, now);
        headers.extend(quota::codex(quota));
        headers
    }

    fn error(&self, error: &TurnError, _request_id: &str) -> ErrorReply {
        error::reply(error, CONVERSATION)
    }
}
