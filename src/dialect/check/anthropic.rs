//! The rules of Anthropic's messages (`CLIENTS.md` §3.4).

use serde_json::Value;

use crate::dialect::check::{Call, Counts, End, Heard, Rules, frames, place};

const REASONS: [&str; 7] =
    ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"];

/// A block of an answer as it grows.
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
        reader.take(kind, &data, rules);
    });
    reader.heard_all(rules)
}

impl Reader {
    fn take(&mut self, kind: &str, data: &Value, rules: &mut Rules) {
        match kind {
            "message_start" => {
                rules.hold(!self.has_begun, "message_start comes once", || data.to_string());
                self.has_begun = true;
                let message = &data["message"];
                self.first = usage(&message["usage"]);
                let is_whole = self.first.is_some() && message["content"].is_array() && message["id"].is_string();
                rules.hold(is_whole, "message_start has an id, no content yet and a usage", || message.to_string());
            }
            "content_block_start" => self.start(data, rules),
            "content_block_delta" => self.delta(data, rules),
            "content_block_stop" => {
                if let Some(block) = self.open(data, rules) {
                    block.is_over = true;
                    let is_signed = block.kind != "thinking" || block.is_signed;
                    rules.hold(is_signed, "a signature ends thinking", || data.to_string());
                }
            }
            "message_delta" => self.message_delta(data, rules),
            "message_stop" => {
                let reason = self.reason.take();
                rules.hold(reason.is_some(), "there is a reason before message_stop", || data.to_string());
                self.heard.end = End::Complete(reason.unwrap_or_default());
            }
            "error" => {
                let error = &data["error"];
                let is_readable = error["type"].is_string() && error["message"].is_string();
                rules.hold(is_readable, "an error has a type and a message", || data.to_string());
                self.heard.end = End::Failed(error.clone());
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
        let kind = rules.text(block, "type");
        let (mut id, mut name) = (String::new(), String::new());
        match kind.as_str() {
            "tool_use" | "server_tool_use" => {
                (id, name) = (rules.text(block, "id"), rules.text(block, "name"));
                let is_empty = block["input"].as_object().is_some_and(serde_json::Map::is_empty);
                rules.hold(is_empty, "the input of a call comes in deltas", || block.to_string());
            }
            "text" => drop(rules.text(block, "text")),
            "thinking" => drop(rules.text(block, "thinking")),
            _ => {}
        }
        self.blocks.push(Block { kind, id, name, text: String::new(), is_signed: false, is_over: false });
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
            "text_delta" => (block.kind == "text", Some("text")),
            "thinking_delta" => (block.kind == "thinking", Some("thinking")),
            "input_json_delta" => (matches!(block.kind.as_str(), "tool_use" | "server_tool_use"), Some("partial_json")),
            "signature_delta" => (block.kind == "thinking", None),
            "citations_delta" => (block.kind == "text", None),
            _ => (false, None),
        };
        rules.hold(fits, "a delta fits its block", || format!("{kind} in a block of {}", block.kind));
        block.is_signed |= kind == "signature_delta";
        if let Some(member) = member {
            block.text.push_str(&rules.text(delta, member));
        }
    }

    fn message_delta(&mut self, data: &Value, rules: &mut Rules) {
        let is_alone = self.blocks.iter().all(|block| block.is_over);
        rules.hold(is_alone, "every block ends before the last delta", || data.to_string());
        self.heard.usage = usage(&data["usage"]);
        rules.hold(self.heard.usage.is_some(), "the last delta has the usage", || data.to_string());
        let reason = rules.text(&data["delta"], "stop_reason");
        rules.hold(REASONS.contains(&reason.as_str()), "the reason is one that clients know", || reason.clone());
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
                _ => {}
            }
        }
        self.heard
    }
}

/// The input counts in all, as the other dialects have it.
fn usage(usage: &Value) -> Option<Counts> {
    let count = |name: &str| usage[name].as_u64();
    let input = count("input_tokens")?
        + count("cache_read_input_tokens").unwrap_or_default()
        + count("cache_creation_input_tokens").unwrap_or_default();
    Some(Counts { first_input: None, input, output: count("output_tokens")?, total: None })
}
