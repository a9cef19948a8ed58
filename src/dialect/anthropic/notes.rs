//! Puts blocks that have no place in a turn into words, so that nothing that was said is lost without a trace.
//!
//! Clients replay the whole history with every turn, so the same block always becomes the same words.

use serde_json::Value;

/// No more than this much of a block's JSON goes into a note.
const MOST_BYTES: usize = 4096;

/// The words for a block of the kind `kind`.
pub(crate) fn of(kind: &str, block: &Value) -> String {
    match kind {
        "server_tool_use" if block["name"] == "web_search" => {
            format!("[searched the web for: {}]", text(&block["input"]["query"]))
        }
        "web_search_tool_result" => match block["content"].as_array() {
            Some(pages) => format!("[found on the web]{}", pages.iter().map(page).collect::<String>()),
            None => "[the web search failed]".to_owned(),
        },
        "search_result" => format!(
            "[search result {:?} from {}]{}",
            text(&block["title"]),
            text(&block["source"]),
            texts(&block["content"])
        ),
        // What a long conversation was shortened to.
        "compaction" => text(&block["content"]).to_owned(),
        "tool_reference" => format!("[the tool `{}` is available]", text(&block["tool_name"])),
        _ => format!("[a `{kind}` block, which cannot be passed on as such: {}]", shortened(&block.to_string())),
    }
}

fn page(page: &Value) -> String {
    format!("\n- {} {}", text(&page["title"]), text(&page["url"]))
}

/// The texts of `content`, each on a line of its own.
fn texts(content: &Value) -> String {
    let blocks = content.as_array().into_iter().flatten();
    blocks.map(|block| format!("\n{}", text(&block["text"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn shortened(text: &str) -> String {
    if text.len() <= MOST_BYTES {
        return text.to_owned();
    }
    let mut end = MOST_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes in all)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn a_note_says_what_was_there() {
        for (block, words) in [
            (
                json!({"type": "server_tool_use", "name": "web_search", "input": {"query": "okapi"}}),
                "[searched the web for: okapi]",
            ),
            (
                json!({"type": "web_search_tool_result", "content": [{"title": "Okapi", "url": "https://o.example", "encrypted_content": "x"}]}),
                "[found on the web]\n- Okapi https://o.example",
            ),
            (
                json!({"type": "web_search_tool_result", "content": {"error_code": "unavailable"}}),
                "[the web search failed]",
            ),
            (
                json!({"type": "search_result", "title": "A", "source": "b", "content": [{"type": "text", "text": "c"}]}),
                "[search result \"A\" from b]\nc",
            ),
            (json!({"type": "compaction", "content": "so far"}), "so far"),
            (json!({"type": "new"}), "[a `new` block, which cannot be passed on as such: {\"type\":\"new\"}]"),
        ] {
            assert_eq!(of(block["type"].as_str().unwrap(), &block), words);
        }
    }

    #[test]
    fn a_note_is_short() {
        let note = of("new", &json!({"data": "é".repeat(10_000)}));
        assert!(note.len() < 4_300 && note.contains("20"), "{}", note.len());
    }
}
