//! The pieces that requests are made of, whether they stand in the input or in replayed history: queries, results,
//! pictures (`WARP-PROTOCOL.md` §2.0, §2.e, §2.f).
//!
//! It must not know which of the two they are for.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::turn::{Content, Image, ToolResult};

/// What stands in for the words of a message that has only pictures.
pub(super) const ONLY_IMAGES: &str = "(see the image)";
/// What stands in for a result that says nothing: empty ones have been refused (`WARP-PROTOCOL.md` §2.b).
const NO_OUTPUT: &str = "(no output)";

/// A user query that says `texts`, in the shape of the official client's normal turn (§2.0).
pub(super) fn query(texts: &[String]) -> Value {
    let text = if texts.is_empty() { ONLY_IMAGES.to_owned() } else { texts.join("\n\n") };
    json!({"query": text, "mode": {}, "intended_agent": "AGENT_TYPE_PRIMARY"})
}

/// System text from the middle of a conversation, as part of what the user says.
pub(super) fn system_note(text: &str) -> String {
    format!("<system>\n{text}\n</system>")
}

/// The texts among `contents`.
pub(super) fn texts(contents: &[Content]) -> impl Iterator<Item = &str> + Clone {
    contents.iter().filter_map(|content| match content {
        Content::Text(text) => Some(text.as_str()),
        Content::Image(_) => None,
    })
}

/// A tool's result in its form as input; the one within history has the same parts.
pub(super) fn tool_result(result: &ToolResult) -> Value {
    let outcome = if result.is_error {
        let text: Vec<&str> = texts(&result.content).collect();
        let message = if text.is_empty() { NO_OUTPUT.to_owned() } else { text.join("\n") };
        json!({"error": {"message": message}})
    } else {
        let blocks = result.content.iter().map(|content| match content {
            Content::Text(text) if text.is_empty() => json!({"text": {"text": NO_OUTPUT}}),
            Content::Text(text) => json!({"text": {"text": text}}),
            Content::Image(own) => json!({"image": image(own)}),
        });
        let mut blocks: Vec<Value> = blocks.collect();
        if blocks.is_empty() {
            blocks.push(json!({"text": {"text": NO_OUTPUT}}));
        }
        json!({"success": {"results": blocks}})
    };
    json!({"tool_call_id": result.call_id, "call_mcp_tool": outcome})
}

/// The pictures among `contents`, as an input context or a history message holds them.
pub(super) fn images(contents: &[Content]) -> impl Iterator<Item = Value> {
    contents.iter().filter_map(|content| match content {
        Content::Image(own) => Some(image(own)),
        Content::Text(_) => None,
    })
}

/// The schema's field is bytes, but holds base64 text (§2.f); JSON then spells those bytes in base64 once more.
fn image(image: &Image) -> Value {
    let text = STANDARD.encode(&image.data);
    json!({"data": STANDARD.encode(text), "mime_type": image.mime_type})
}
