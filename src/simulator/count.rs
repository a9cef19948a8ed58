//! How many tokens a model reads of a request and writes of an answer: the words that it is given, counted by a
//! tokenizer. What the real service adds of its own, and what vendors put around words, is not known and not counted.
//! It must not know how counts are told.

use serde_json::Value;
use tiktoken_rs::cl100k_base_singleton;

use crate::simulator::request::{Request, list};

/// What an image counts as: about what vendors charge for one of a megapixel.
const IMAGE: usize = 1_200;
/// What a message costs besides its words.
const MESSAGE: usize = 4;
/// How much of one text is counted, in bytes; the rest is taken to be like it.
const SAMPLE: usize = 256 * 1024;

/// Members whose text a model reads, in whichever message they stand.
const WORDS: [&str; 8] = ["query", "text", "content", "plain_text", "message", "name", "description", "file_path"];
/// Members that a model reads as JSON.
const AS_JSON: [&str; 2] = ["args", "input_schema"];
/// Members that are images.
const IMAGES: [&str; 2] = ["image", "images"];

/// Tokens of the text.
pub(crate) fn tokens(text: &str) -> usize {
    let sample = &text[..text.floor_char_boundary(SAMPLE)];
    let counted = cl100k_base_singleton().encode_ordinary(sample).len();
    counted.saturating_mul(text.len()).div_ceil(sample.len().max(1))
}

/// Tokens that the model reads: system text, tools, what was said before and what is said now.
pub(crate) fn read(request: &Request) -> usize {
    let history = request.tasks().iter().flat_map(|task| list(&task["messages"]));
    let said = history.chain(request.inputs()).map(|message| MESSAGE + within(message));
    said.sum::<usize>() + within(request.context()) + within(&request.json["mcp_context"])
}

/// Tokens of the words anywhere within a message.
fn within(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| member(name, value)).sum(),
        Value::Array(elements) => elements.iter().map(within).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn member(name: &str, value: &Value) -> usize {
    match value {
        Value::String(text) if WORDS.contains(&name) => tokens(text),
        Value::Object(_) if AS_JSON.contains(&name) => tokens(&value.to_string()),
        Value::Array(images) if IMAGES.contains(&name) => images.len().saturating_mul(IMAGE),
        Value::Object(_) if IMAGES.contains(&name) => IMAGE,
        _ => within(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{SAMPLE, tokens, within};

    #[test]
    fn only_what_a_model_reads_counts() {
        let message = json!({
            "id": "3f6a1c", "task_id": "91bd", "timestamp": "2026-01-02T03:04:05Z", "server_message_data": "CgQIARAB",
            "user_query": {"query": "one two three", "mode": {}, "intended_agent": "AGENT_TYPE_PRIMARY"}});
        assert_eq!(within(&message), 3);
        let call = json!({"tool_call": {"tool_call_id": "x", "call_mcp_tool": {"name": "add", "args": {"a": 1}}}});
        assert_eq!(within(&call), tokens("add") + tokens(r#"{"a":1}"#));
        let image =
            json!({"success": {"results": [{"image": {"data": "aGVsbG8gdGhlcmU=", "mime_type": "image/png"}}]}});
        assert_eq!(within(&image), super::IMAGE);
    }

    #[test]
    fn long_texts_are_counted_by_their_beginning() {
        let text = "one ".repeat(SAMPLE);
        assert_eq!(tokens(""), 0);
        assert!(tokens(&text).abs_diff(SAMPLE) < SAMPLE / 100);
    }
}
