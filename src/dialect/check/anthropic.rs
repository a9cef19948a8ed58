//! The rules of Anthropic's messages (`CLIENTS.md` §3.4).

use serde_json::{Map, Value};

use crate::dialect::check::{Call, Counts, End, Heard, Rules, frames, is_text_or_null, items, place};

const REASONS: [&str; 7] =
    ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"];

const ERRORS: [&str; 10] = [
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
];

const BLOCKS: [&str; 5] = ["text", "thinking", "tool_use", "server_tool_use", "web_search_tool_result"];

/// A block of an answer as it grows.
#[derive(Default)]
struct Block {
    kind: String,
    id: String,
    name: String,
    text: String,
    is_signed: bool,
    is_over: bool,
}

#[derive(Default)]
struct Reader {
    heard: Heard,
    blocks: Vec<Block>,
    first: Option<Counts>,
    has_begun: bool,
    reason: Option<String>,
}

pub(super) fn read(body: &str, rules: &mut Rules) -> Heard {
    let mut reader = Reader::default();
    frames::each(body, rules, |event, rules| {
        rules.hold(reader.heard.end == End::Open, "nothing comes after the end", || event.data.to_owned());
        let data = rules.json(event.data);
        let kind = data["type"].as_str().unwrap_or_default();
        rules.hold(event.name == Some(kind), "an event's name is its type", || format!("{:?}, {kind}", event.name));
        let may_come = reader.has_begun || matches!(kind, "message_start" | "ping" | "error");
        rules.hold(may_come, "message_start comes first", || kind.to_owned());
        let may_come = reader.reason.is_none() || matches!(kind, "message_delta" | "message_stop" | "ping" | "error");
        rules.hold(may_come, "only message_stop comes after the last delta", || kind.to_owned());
        reader.take(kind, &data, rules);
    });
    reader.heard_all(rules)
}

/// One body.
pub(super) fn read_body(body: &Value, rules: &mut Rules) -> Heard {
    let mut heard = Heard::default();
    message(body, rules);
    for block in items(&body["content"]) {
        let begun = begin(block, rules);
        match begun.kind.as_str() {
            "text" => {
                rules.hold(block["text"] != "", "a text block is not empty", || block.to_string());
                heard.text.push_str(block["text"].as_str().unwrap_or_default());
            }
            "tool_use" => {
                let arguments = block["input"].clone();
                let is_object = arguments.is_object();
                rules.hold(is_object, "a call's arguments are a whole JSON object", || arguments.to_string());
                rules.call(&mut heard, Call { id: begun.id, name: begun.name, arguments });
            }
            _ => {}
        }
    }
    let reason = ends(body, !heard.calls.is_empty(), rules);
    heard.end = End::Complete(reason);
    heard.usage = usage(&body["usage"], rules);
    heard
}

impl Reader {
    fn take(&mut self, kind: &str, data: &Value, rules: &mut Rules) {
        match kind {
            "message_start" => {
                rules.hold(!self.has_begun, "message_start comes once", || data.to_string());
                self.has_begun = true;
                let begun = &data["message"];
                message(begun, rules);
                let is_open = items(&begun["content"]).is_empty()
                    && ["stop_reason", "stop_sequence"].iter().all(|name| begun[*name].is_null());
                rules.hold(is_open, "message_start has no content and no reason yet", || begun.to_string());
                self.first = usage(&begun["usage"], rules);
            }
            "content_block_start" => self.start(data, rules),
            "content_block_delta" => self.delta(data, rules),
            "content_block_stop" => {
                if let Some(block) = self.open(data, rules) {
                    block.is_over = true;
                    let is_signed = block.kind != "thinking" || block.is_signed;
                    rules.hold(is_signed, "a signature ends thinking", || data.to_string());
                    let is_empty = block.kind == "text" && block.text.is_empty();
                    rules.hold(!is_empty, "a text block is not empty", || data.to_string());
                }
            }
            "message_delta" => self.message_delta(data, rules),
            "message_stop" => {
                let reason = self.reason.clone();
                rules.hold(reason.is_some(), "there is a reason before message_stop", || data.to_string());
                self.heard.end = End::Complete(reason.unwrap_or_default());
            }
            "error" => {
                error(data, rules);
                self.heard.end = End::Failed(data["error"].clone());
            }
            "ping" => {}
            other => {
                rules.hold(false, "an event is one that clients know", || other.to_owned());
            }
        }
    }

    fn start(&mut self, data: &Value, rules: &mut Rules) {
        let is_next = place(&data["index"]) == Some(self.blocks.len());
        rules.hold(is_next, "blocks are numbered without gaps", || data["index"].to_string());
        let is_alone = self.blocks.iter().all(|block| block.is_over);
        rules.hold(is_alone, "a block ends before the next begins", || data.to_string());
        let block = &data["content_block"];
        let begun = begin(block, rules);
        let is_empty = match begun.kind.as_str() {
            "text" => block["text"] == "",
            "thinking" => block["thinking"] == "" && block["signature"] == "",
            _ => true,
        };
        rules.hold(is_empty, "a block begins empty", || block.to_string());
        if matches!(begun.kind.as_str(), "tool_use" | "server_tool_use") {
            let is_empty = block["input"].as_object().is_some_and(Map::is_empty);
            rules.hold(is_empty, "the input of a call comes in deltas", || block.to_string());
        }
        self.blocks.push(begun);
    }

    /// The block that an event is about.
    fn open(&mut self, data: &Value, rules: &mut Rules) -> Option<&mut Block> {
        let block = place(&data["index"]).and_then(|index| self.blocks.get_mut(index)).filter(|block| !block.is_over);
        rules.hold(block.is_some(), "an event belongs to a block that is open", || data.to_string());
        block
    }

    fn delta(&mut self, data: &Value, rules: &mut Rules) {
        let delta = &data["delta"];
        let Some(block) = self.open(data, rules) else { return };
        let kind = delta["type"].as_str().unwrap_or_default();
        let (fits, member) = match kind {
            "text_delta" => (block.kind == "text", "text"),
            "thinking_delta" => (block.kind == "thinking", "thinking"),
            "input_json_delta" => (matches!(block.kind.as_str(), "tool_use" | "server_tool_use"), "partial_json"),
            "signature_delta" => (block.kind == "thinking", "signature"),
            "citations_delta" => (block.kind == "text", ""),
            _ => (false, ""),
        };
        rules.hold(fits, "a delta fits its block", || format!("{kind} in a block of {}", block.kind));
        rules.hold(!block.is_signed, "a signature ends thinking", || data.to_string());
        block.is_signed |= kind == "signature_delta";
        if member.is_empty() {
            return;
        }
        let more = rules.text(delta, member);
        if kind != "signature_delta" {
            block.text.push_str(&more);
        }
    }

    fn message_delta(&mut self, data: &Value, rules: &mut Rules) {
        let is_alone = self.blocks.iter().all(|block| block.is_over);
        rules.hold(is_alone, "every block ends before the last delta", || data.to_string());
        self.heard.usage = usage(&data["usage"], rules);
        let has_called = self.blocks.iter().any(|block| block.kind == "tool_use");
        let reason = ends(&data["delta"], has_called, rules);
        let is_first = self.reason.replace(reason).is_none();
        rules.hold(is_first, "the last delta comes once", || data.to_string());
    }

    fn heard_all(mut self, rules: &mut Rules) -> Heard {
        if let (Some(usage), Some(first)) = (&mut self.heard.usage, self.first) {
            usage.first_input = Some(first.input);
        }
        for block in self.blocks {
            match block.kind.as_str() {
                "text" => self.heard.text.push_str(&block.text),
                "tool_use" if block.is_over => {
                    let arguments = rules.arguments(&block.text);
                    rules.call(&mut self.heard, Call { id: block.id, name: block.name, arguments });
                }
                // Clients put the input of the service's own tools together too.
                "server_tool_use" if block.is_over => drop(rules.arguments(&block.text)),
                _ => {}
            }
        }
        self.heard
    }
}

/// An error in Anthropic's form.
pub(super) fn error(data: &Value, rules: &mut Rules) {
    let error = &data["error"];
    let is_readable = data["type"] == "error" && error["type"].is_string() && error["message"].is_string();
    rules.hold(is_readable, "an error has a type and a message", || data.to_string());
    let is_known = error["type"].as_str().is_none_or(|kind| ERRORS.contains(&kind));
    rules.hold(is_known, "an error's type is one that clients know", || error["type"].to_string());
    rules.hold(data["request_id"].is_string(), "an error names the request", || data.to_string());
}

/// Whether an error of the type `kind` may come with the status.
pub(super) fn fits(status: u16, kind: &str) -> bool {
    match kind {
        "invalid_request_error" => matches!(status, 400 | 405 | 415),
        "authentication_error" => status == 401,
        "billing_error" => status == 402,
        "permission_error" => status == 403,
        "not_found_error" => status == 404,
        "request_too_large" => status == 413,
        "rate_limit_error" => status == 429,
        "timeout_error" => matches!(status, 408 | 504),
        "overloaded_error" => status == 529,
        _ => status >= 500,
    }
}

/// What a message has, whether it is whole or has just begun.
fn message(message: &Value, rules: &mut Rules) {
    let is_whole = message["type"] == "message"
        && message["role"] == "assistant"
        && message["model"].is_string()
        && message["content"].is_array();
    rules.hold(is_whole, "a message has a type, a role, a model and content", || message.to_string());
    rules.id(&message["id"], "msg_");
}

/// The beginning of a block, or a whole one.
fn begin(block: &Value, rules: &mut Rules) -> Block {
    let kind = rules.text(block, "type");
    rules.hold(BLOCKS.contains(&kind.as_str()), "a block is of a kind that clients know", || kind.clone());
    let mut begun = Block::default();
    match kind.as_str() {
        "tool_use" | "server_tool_use" => {
            (begun.id, begun.name) = (rules.text(block, "id"), rules.text(block, "name"));
        }
        "text" => drop(rules.text(block, "text")),
        "thinking" => {
            rules.text(block, "thinking");
            rules.text(block, "signature");
        }
        "web_search_tool_result" => {
            rules.text(block, "tool_use_id");
        }
        _ => {}
    }
    Block { kind, ..begun }
}

/// Why a message ended.
fn ends(of: &Value, has_called: bool, rules: &mut Rules) -> String {
    let reason = rules.text(of, "stop_reason");
    rules.hold(REASONS.contains(&reason.as_str()), "the reason is one that clients know", || reason.clone());
    let fits = match reason.as_str() {
        "tool_use" => has_called,
        "end_turn" | "stop_sequence" => !has_called,
        _ => true,
    };
    rules.hold(fits, "the reason is tool_use exactly when there are calls", || reason.clone());
    let sequence = of.get("stop_sequence");
    let fits = sequence.is_some_and(is_text_or_null)
        && (reason == "stop_sequence") == sequence.is_some_and(|sequence| !sequence.is_null());
    rules.hold(fits, "the stop sequence is named exactly when it was met", || of.to_string());
    reason
}

/// The input counts in all, as the other dialects have it.
fn usage(usage: &Value, rules: &mut Rules) -> Option<Counts> {
    let names = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"];
    let counts = names.map(|name| usage[name].as_u64());
    let [Some(input), Some(read), Some(created), Some(output)] = counts else {
        rules.hold(false, "a usage has its four counts", || usage.to_string());
        return None;
    };
    let input = input.saturating_add(read).saturating_add(created);
    Some(Counts { first_input: None, input, output, total: None })
}
