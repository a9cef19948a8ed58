//! The pieces that requests are made of, whether they stand in the input or in replayed history: queries, results,
//! pictures (`WARP-PROTOCOL.md` §2.0, §2.e, §2.f).
//!
//! It must not know which of the two they are for.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::turn::{Content, Image, ToolResult};

/// What stands in for the words of a message that has only pictures and files.
pub(super) const ONLY_ATTACHED: &str = "(see what is attached)";
/// What stands in for a result that says nothing: empty ones have been refused (`WARP-PROTOCOL.md` §2.b).
const NO_OUTPUT: &str = "(no output)";

/// An object of these fields. What they hold is moved into it, where `json!` would copy it.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A user query that says `texts`, in the shape of the official client's normal turn (§2.0).
pub(super) fn query(texts: &[String]) -> Value {
    let text = if texts.is_empty() { ONLY_ATTACHED.to_owned() } else { texts.join("\n\n") };
    object([("query", text.into()), ("mode", json!({})), ("intended_agent", "AGENT_TYPE_PRIMARY".into())])
}

/// System text from the middle of a conversation, as part of what the user says.
pub(super) fn system_note(text: &str) -> String {
    format!("<system>\n{text}\n</system>")
}

/// The texts among `contents`.
pub(super) fn texts(contents: &[Content]) -> impl Iterator<Item = &str> + Clone {
    contents.iter().filter_map(|content| match content {
        Content::Text(text) => Some(text.as_str()),
        Content::Image(_) | Content::File(_) => None,
    })
}

/// A tool's result in its form as input; the one within history has the same parts.
pub(super) fn tool_result(result: &ToolResult) -> Value {
    let outcome = if result.is_error {
        let words = words(&result.content);
        let message = if words.is_empty() { NO_OUTPUT.to_owned() } else { words.join("\n") };
        object([("error", object([("message", message.into())]))])
    } else {
        let blocks = result.content.iter().map(|content| match content {
            Content::Text(text) if text.is_empty() => json!({"text": {"text": NO_OUTPUT}}),
            Content::Text(text) => json!({"text": {"text": text}}),
            Content::Image(own) => object([("image", image(own))]),
            Content::File(file) => {
                json!({"resource": {"uri": file.name, "text": {"content": file.text, "mime_type": "text/plain"}}})
            }
        });
        let mut blocks: Vec<Value> = blocks.collect();
        if blocks.is_empty() {
            blocks.push(json!({"text": {"text": NO_OUTPUT}}));
        }
        object([("success", object([("results", blocks.into())]))])
    };
    object([("tool_call_id", result.call_id.as_str().into()), ("call_mcp_tool", outcome)])
}

/// The pictures among `contents`, as an input context or a history message holds them.
pub(super) fn images(contents: &[Content]) -> impl Iterator<Item = Value> {
    contents.iter().filter_map(|content| match content {
        Content::Image(own) => Some(image(own)),
        Content::Text(_) | Content::File(_) => None,
    })
}

/// The files among `contents`, likewise.
pub(super) fn files(contents: &[Content]) -> impl Iterator<Item = Value> {
    contents.iter().filter_map(|content| match content {
        Content::File(file) => Some(json!({"content": {"file_path": file.name, "content": file.text}})),
        Content::Text(_) | Content::Image(_) => None,
    })
}

/// What `contents` say where there is only room for words: texts and files.
pub(super) fn words(contents: &[Content]) -> Vec<String> {
    let said = |content: &Content| match content {
        Content::Text(text) => Some(text.clone()),
        Content::File(file) => Some(format!("{}:\n{}", file.name, file.text)),
        Content::Image(_) => None,
    };
    contents.iter().filter_map(said).collect()
}

/// The schema's field is bytes, but holds base64 text (§2.f); JSON then spells those bytes in base64 once more.
fn image(image: &Image) -> Value {
    let text = STANDARD.encode(&image.data);
    object([("data", STANDARD.encode(text).into()), ("mime_type", image.mime_type.as_str().into())])
}
