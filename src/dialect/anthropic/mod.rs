//! Anthropic Messages: what Claude Code and Anthropic's SDKs speak (`CLIENTS.md` §3.4).

mod blocks;
mod encode;
mod error;
mod messages;
mod notes;
mod quota;
mod read;
mod tools;

use serde_json::{Value, json};

use crate::{
    dialect::{Ask, Dialect, ErrorReply, Operation, Request},
    turn::{Allowance, Quota, TurnError},
};

/// The dialect.
pub struct Anthropic;

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn endpoints(&self) -> &'static [&'static str] {
        &["POST /v1/messages", "POST /v1/messages/count_tokens"]
    }

    fn operation(&self, segments: &[&str]) -> Option<Operation> {
        match segments {
            ["messages"] => Some(Operation::Answer),
            ["messages", "count_tokens"] => Some(Operation::Count),
            _ => None,
        }
    }

    fn read(&self, ask: Ask<'_>) -> Result<Request, TurnError> {
        read::request(&ask)
    }

    fn count(&self, input_tokens: u64) -> Value {
        json!({"input_tokens": input_tokens})
    }

    fn quota_headers(&self, quota: &Quota, _now: u64) -> Vec<(&'static str, String)> {
        quota::headers(quota)
    }

    fn allowance_headers(&self, allowance: &Allowance, _now: u64) -> Vec<(&'static str, String)> {
        quota::allowance(allowance)
    }

    fn error(&self, error: &TurnError, request_id: &str) -> ErrorReply {
        error::reply(error, request_id)
    }
}
