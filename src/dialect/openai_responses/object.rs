//! The response object: what every event about the whole answer carries, and what a client that does not stream gets
//! (`CLIENTS.md` §3.3).

use serde_json::{Value, json};

use crate::{
    dialect::{Stamp, openai_responses::history},
    turn::Usage,
};

/// The object as it is when the answer begins. What the client asked for is said back to it.
pub(crate) fn begun(body: &Value, model: &str, stamp: &Stamp, store: bool) -> Value {
    let or = |name: &str, default: Value| match &body[name] {
        Value::Null => default,
        value => value.clone(),
    };
    let same = |name: &str| body[name].clone();
    let (reasoning, mut text) = (&body["reasoning"], or("text", json!({})));
    if let Some(text) = text.as_object_mut().filter(|text| !text.contains_key("format")) {
        text.insert("format".to_owned(), json!({"type": "text"}));
    }
    json!({
        "id": history::response_id(&stamp.id),
        "object": "response",
        "created_at": stamp.created,
        "completed_at": null,
        "status": "in_progress",
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": same("instructions"),
        "max_output_tokens": same("max_output_tokens"),
        "max_tool_calls": null,
        "model": model,
        "output": [],
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": same("previous_response_id"),
        "prompt_cache_key": same("prompt_cache_key"),
        "reasoning": {"effort": reasoning["effort"], "summary": reasoning["summary"]},
        "store": store,
        "temperature": or("temperature", json!(1.0)),
        "text": text,
        "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])),
        "top_p": or("top_p", json!(1.0)),
        "truncation": "disabled",
        "usage": null,
        "user": same("user"),
        "metadata": or("metadata", json!({})),
    })
}

/// The usage of an answer. Some clients refuse one without any of the three totals.
pub(crate) fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}
