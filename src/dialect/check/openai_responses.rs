//! The rules of OpenAI's responses (`CLIENTS.md` §3.3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dialect::check::{Call, Counts, End, Heard, Rules, complete, frames, items, place};

/// An item of the answer as it grows.
#[derive(Default)]
struct Item {
    id: Value,
    /// Texts by their part's place: those of summaries, of content and of arguments.
    parts: BTreeMap<(&'static str, usize), String>,
    done: Option<Value>,
}

#[derive(Default)]
struct Reader {
    heard: Heard,
    id: Option<Value>,
    items: Vec<Item>,
}

/// The events that add to a text, with the kind of text, where its part's place stands, and the member that adds.
const DELTAS: [(&str, &str, &str); 5] = [
    ("response.output_text.", "content", "content_index"),
    ("response.reasoning_summary_text.", "summary", "summary_index"),
    ("response.reasoning_text.", "reasoning", "content_index"),
    ("response.function_call_arguments.", "arguments", ""),
    ("response.custom_tool_call_input.", "input", ""),
];

pub(super) fn read(body: &str, rules: &mut Rules) -> Heard {
    let mut reader = Reader::default();
    let mut number = 0;
    frames::each(body, rules, |event, rules| {
        rules.hold(reader.heard.end == End::Open, "nothing comes after the end", || event.data.to_owned());
        let data = rules.json(event.data);
        let kind = data["type"].as_str().unwrap_or_default();
        rules.hold(event.name == Some(kind), "an event's name is its type", || format!("{:?}, {kind}", event.name));
        let numbered = data["sequence_number"] == json!(number);
        rules.hold(numbered, "events are numbered from 0 without gaps", || data["sequence_number"].to_string());
        let begins = (number == 0) == (kind == "response.created");
        rules.hold(begins, "response.created comes first, and once", || kind.to_owned());
        number += 1;
        reader.take(kind, &data, rules);
    });
    reader.heard
}

impl Reader {
    fn take(&mut self, kind: &str, data: &Value, rules: &mut Rules) {
        if let Some(response) = data.get("response") {
            let id = &response["id"];
            let known = self.id.get_or_insert_with(|| id.clone());
            rules.hold(known == id && id.is_string(), "the answer keeps its id", || id.to_string());
        }
        if let Some((start, what, at)) = DELTAS.iter().find(|(start, ..)| kind.starts_with(start)) {
            return self.text(&kind[start.len()..], (what, at), data, rules);
        }
        match kind {
            "response.output_item.added" => self.added(data, rules),
            "response.output_item.done" => self.done(data, rules),
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                let (what, at) = match kind {
                    "response.content_part.added" => ("content", "content_index"),
                    _ => ("summary", "summary_index"),
                };
                if let Some(item) = self.open(data, rules) {
                    let is_new =
                        item.parts.insert((what, place(&data[at]).unwrap_or_default()), String::new()).is_none();
                    rules.hold(is_new, "a part is added once", || data.to_string());
                }
            }
            "response.completed" | "response.incomplete" | "response.failed" => self.end(&data["response"], rules),
            _ => {}
        }
    }

    fn added(&mut self, data: &Value, rules: &mut Rules) {
        let index = place(&data["output_index"]);
        let expected = Some(self.items.len());
        rules.hold(index == expected, "items are numbered without gaps", || data["output_index"].to_string());
        let id = data["item"]["id"].clone();
        let is_new = id.is_string() && self.items.iter().all(|item| item.id != id);
        rules.hold(is_new, "every item has an id of its own", || id.to_string());
        self.items.push(Item { id, ..Item::default() });
    }

    /// The item that an event is about.
    fn open(&mut self, data: &Value, rules: &mut Rules) -> Option<&mut Item> {
        let id = data.get("item_id").unwrap_or(&data["item"]["id"]);
        let item = place(&data["output_index"]).and_then(|index| self.items.get_mut(index));
        let item = item.filter(|item| item.id == *id && item.done.is_none());
        rules.hold(item.is_some(), "an event belongs to an item that is open", || data.to_string());
        item
    }

    fn text(&mut self, step: &str, (what, at): (&'static str, &str), data: &Value, rules: &mut Rules) {
        let key = (what, place(&data[at]).unwrap_or_default());
        let Some(item) = self.open(data, rules) else { return };
        let needs_part = matches!(what, "content" | "summary");
        let is_there = !needs_part || item.parts.contains_key(&key);
        rules.hold(is_there, "a part is added before its text", || data.to_string());
        let so_far = item.parts.entry(key).or_default();
        if step == "delta" {
            let more = rules.text(data, "delta");
            so_far.push_str(&more);
            if what == "content" {
                self.heard.text.push_str(&more);
            }
        } else if let Some(whole) = ["text", "arguments", "input"].iter().find_map(|name| data[*name].as_str()) {
            rules.hold(whole == so_far, "what is done is what was streamed", || whole.to_owned());
        }
    }

    fn done(&mut self, data: &Value, rules: &mut Rules) {
        let done = &data["item"];
        let Some(item) = self.open(data, rules) else { return };
        item.done = Some(done.clone());
        let streamed = |what: &str| {
            let parts = item.parts.iter().filter(|((kind, _), _)| *kind == what);
            parts.map(|(_, text)| text.as_str()).collect::<String>()
        };
        let is_same = match done["type"].as_str().unwrap_or_default() {
            "message" => text_of(&done["content"]) == streamed("content"),
            "reasoning" => text_of(&done["summary"]) == streamed("summary"),
            "function_call" => done["arguments"] == json!(streamed("arguments")),
            "custom_tool_call" => done["input"] == json!(streamed("input")),
            _ => true,
        };
        rules.hold(is_same, "what is done is what was streamed", || done.to_string());
        match done["type"].as_str().unwrap_or_default() {
            "function_call" => {
                let text = rules.text(done, "arguments");
                let (id, name) = (rules.text(done, "call_id"), rules.text(done, "name"));
                let arguments = rules.arguments(&text);
                rules.call(&mut self.heard, Call { id, name, arguments });
            }
            "custom_tool_call" => {
                let (id, name) = (rules.text(done, "call_id"), rules.text(done, "name"));
                let arguments = done["input"].clone();
                rules.call(&mut self.heard, Call { id, name, arguments });
            }
            _ => {}
        }
    }

    fn end(&mut self, response: &Value, rules: &mut Rules) {
        self.heard.end = match response["status"].as_str() {
            Some("failed") => End::Failed(response["error"].clone()),
            Some("incomplete") => complete(&response["incomplete_details"]["reason"]),
            _ => complete(&response["status"]),
        };
        if let End::Failed(error) = &self.heard.end {
            let is_readable = error["code"].is_string() && error["message"].is_string();
            rules.hold(is_readable, "an error has a code and a message", || error.to_string());
        } else {
            let done: Option<Vec<&Value>> = self.items.iter().map(|item| item.done.as_ref()).collect();
            rules.hold(done.is_some(), "every item is done before the end", || "one is open".to_owned());
            let is_same = done.is_some_and(|done| done.into_iter().eq(items(&response["output"])));
            rules.hold(is_same, "the last event holds every item as it was done", || response["output"].to_string());
        }
        self.heard.usage = usage(&response["usage"]);
        let is_counted = response["usage"].is_null() || self.heard.usage.is_some_and(|usage| usage.total.is_some());
        rules.hold(is_counted, "a usage has its two counts and their total", || response["usage"].to_string());
        rules.total(self.heard.usage);
    }
}

fn text_of(parts: &Value) -> String {
    items(parts).iter().filter_map(|part| part["text"].as_str()).collect()
}

fn usage(usage: &Value) -> Option<Counts> {
    Some(Counts {
        first_input: None,
        input: usage["input_tokens"].as_u64()?,
        output: usage["output_tokens"].as_u64()?,
        total: usage["total_tokens"].as_u64(),
    })
}
