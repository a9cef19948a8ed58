//! The rules of OpenAI's responses (`CLIENTS.md` §3.3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dialect::check::{Call, End, Heard, Rules, complete, frames, items, place};

/// Where a usage has its counts.
const COUNTS: [&str; 2] = ["input_tokens", "output_tokens"];

/// Why an answer may be incomplete.
const INCOMPLETE: [&str; 2] = ["max_output_tokens", "content_filter"];

/// What a response has, whatever its state.
const MEMBERS: [&str; 24] = [
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "model",
    "output",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "usage",
    "user",
    "metadata",
];

/// How far a part of an item has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Grows,
    TextDone,
    Done,
}

/// A text of an item.
#[derive(Debug, Default)]
struct Part {
    text: String,
    step: Step,
}

/// An item of the answer as it grows.
#[derive(Default)]
struct Item {
    /// As it was added.
    added: Value,
    /// Texts by their part's place: those of summaries, of content and of arguments.
    parts: BTreeMap<(&'static str, usize), Part>,
    done: Option<Value>,
}

#[derive(Default)]
struct Reader {
    heard: Heard,
    /// The answer's id, time and model.
    identity: Option<[Value; 3]>,
    items: Vec<Item>,
}

/// The events about a text: how they begin, the kind of text, where its part's place stands, and the member that the last
/// of them says it in.
const TEXTS: [(&str, &str, &str, &str); 5] = [
    ("response.output_text.", "content", "content_index", "text"),
    ("response.reasoning_summary_text.", "summary", "summary_index", "text"),
    ("response.reasoning_text.", "reasoning", "content_index", "text"),
    ("response.function_call_arguments.", "arguments", "", "arguments"),
    ("response.custom_tool_call_input.", "input", "", "input"),
];

/// Events about the parts that texts belong to: how they begin, and as above.
const PARTS: [(&str, &str, &str); 2] = [
    ("response.content_part.", "content", "content_index"),
    ("response.reasoning_summary_part.", "summary", "summary_index"),
];

pub(super) fn read(body: &str, rules: &mut Rules) -> Heard {
    let mut reader = Reader::default();
    let mut number = 0;
    frames::each(body, rules, |event, rules| {
        if event.data == "[DONE]" && event.name.is_none() && reader.heard.end != End::Open {
            return;
        }
        rules.hold(reader.heard.end == End::Open, "nothing comes after the end", || event.data.to_owned());
        let data = rules.json(event.data);
        let kind = data["type"].as_str().unwrap_or_default();
        rules.hold(event.name == Some(kind), "an event's name is its type", || format!("{:?}, {kind}", event.name));
        let numbered = data["sequence_number"] == json!(number);
        rules.hold(numbered, "events are numbered from 0 without gaps", || data["sequence_number"].to_string());
        let begins = (number == 0) == (kind == "response.created");
        rules.hold(begins, "response.created comes first, and once", || kind.to_owned());
        let follows = number != 1 || kind == "response.in_progress";
        rules.hold(follows, "response.in_progress comes second", || kind.to_owned());
        number += 1;
        reader.take(kind, &data, rules);
    });
    reader.heard
}

/// One body.
pub(super) fn read_body(body: &Value, rules: &mut Rules) -> Heard {
    let mut heard = Heard::default();
    response(body, body["status"].as_str().unwrap_or_default(), rules);
    for item in items(&body["output"]) {
        if item["type"] == "message" {
            heard.text.push_str(&text_of(&item["content"]));
        }
        whole(item, rules);
        call(item, &mut heard, rules);
    }
    ends(body, &mut heard, rules);
    heard
}

impl Reader {
    fn take(&mut self, kind: &str, data: &Value, rules: &mut Rules) {
        if let Some(object) = data.get("response") {
            let status = match kind.trim_start_matches("response.") {
                "created" => "in_progress",
                other => other,
            };
            let identity = response(object, status, rules);
            let known = self.identity.get_or_insert_with(|| identity.clone());
            rules.hold(*known == identity, "the answer keeps its id, its time and its model", || {
                format!("{identity:?}")
            });
        }
        if let Some((start, what, at, member)) = TEXTS.iter().find(|(start, ..)| kind.starts_with(start)) {
            let step = &kind[start.len()..];
            return self.text(step, (what, at, member), data, rules);
        }
        if let Some((start, what, at)) = PARTS.iter().find(|(start, ..)| kind.starts_with(start)) {
            return self.part(&kind[start.len()..], (what, at), data, rules);
        }
        match kind {
            "response.output_item.added" => self.added(data, rules),
            "response.output_item.done" => self.done(data, rules),
            "response.completed" | "response.incomplete" | "response.failed" => self.end(&data["response"], rules),
            "response.created" | "response.in_progress" => {}
            _ if kind.starts_with("response.web_search_call.") => drop(self.open(data, rules)),
            other => {
                rules.hold(false, "an event is one that clients know", || other.to_owned());
            }
        }
    }

    fn added(&mut self, data: &Value, rules: &mut Rules) {
        let index = place(&data["output_index"]);
        let expected = Some(self.items.len());
        rules.hold(index == expected, "items are numbered without gaps", || data["output_index"].to_string());
        let item = &data["item"];
        let (id, kind) = (&item["id"], item["type"].as_str().unwrap_or_default());
        let is_new = id.is_string() && self.items.iter().all(|known| known.added["id"] != *id);
        rules.hold(is_new, "every item has an id of its own", || id.to_string());
        let (begins, is_empty) = match kind {
            "message" => ("msg_", items(&item["content"]).is_empty() && item["content"].is_array()),
            "reasoning" => ("rs_", items(&item["summary"]).is_empty() && item["summary"].is_array()),
            "function_call" => ("fc_", item["arguments"] == ""),
            "custom_tool_call" => ("ctc_", item["input"] == ""),
            _ => ("", true),
        };
        rules.id(id, begins);
        rules.hold(is_empty, "an item begins empty", || item.to_string());
        let is_begun = kind == "reasoning" || item["status"] == "in_progress";
        rules.hold(is_begun, "an item that is added is in progress", || item.to_string());
        self.items.push(Item { added: item.clone(), ..Item::default() });
    }

    /// The item that an event is about.
    fn open(&mut self, data: &Value, rules: &mut Rules) -> Option<&mut Item> {
        let id = data.get("item_id").unwrap_or(&data["item"]["id"]);
        let item = place(&data["output_index"]).and_then(|index| self.items.get_mut(index));
        let item = item.filter(|item| item.added["id"] == *id && item.done.is_none());
        rules.hold(item.is_some(), "an event belongs to an item that is open", || data.to_string());
        item
    }

    fn part(&mut self, step: &str, (what, at): (&'static str, &str), data: &Value, rules: &mut Rules) {
        let Some(item) = self.open(data, rules) else { return };
        let index = place(&data[at]);
        let part = &data["part"];
        if step == "added" {
            let expected = Some(item.parts.keys().filter(|(kind, _)| *kind == what).count());
            rules.hold(index == expected, "parts are numbered without gaps", || data.to_string());
            rules.hold(part["text"] == "", "a part begins empty", || part.to_string());
            item.parts.insert((what, index.unwrap_or_default()), Part::default());
            return;
        }
        let known = index.and_then(|index| item.parts.get_mut(&(what, index)));
        let known = known.filter(|part| part.step == Step::TextDone);
        let Some(known) = known else {
            rules.hold(false, "a part is done once, behind its text", || data.to_string());
            return;
        };
        rules.hold(part["text"] == *known.text, "what is done is what was streamed", || part.to_string());
        known.step = Step::Done;
    }

    fn text(
        &mut self,
        step: &str,
        (what, at, member): (&'static str, &str, &'static str),
        data: &Value,
        rules: &mut Rules,
    ) {
        let Some(item) = self.open(data, rules) else { return };
        let name = item.added["name"].clone();
        let needs_part = matches!(what, "content" | "summary");
        let key = (what, if at.is_empty() { Some(0) } else { place(&data[at]) }.unwrap_or(usize::MAX));
        let is_there = item.parts.contains_key(&key) || (!needs_part && key.1 != usize::MAX);
        if !rules.hold(is_there, "a part is added before its text", || data.to_string()) {
            return;
        }
        let part = item.parts.entry(key).or_default();
        rules.hold(part.step == Step::Grows, "nothing comes after a text is done", || data.to_string());
        if what == "content" && step != "annotation.added" {
            rules.hold(data["logprobs"].is_array(), "text comes with its logprobs", || data.to_string());
        }
        match step {
            "delta" => {
                let more = rules.text(data, "delta");
                part.text.push_str(&more);
                if what == "content" {
                    self.heard.text.push_str(&more);
                }
            }
            "done" => {
                part.step = Step::TextDone;
                let is_same = data[member] == *part.text;
                rules.hold(is_same, "what is done is what was streamed", || data[member].to_string());
                let is_named = what != "arguments" || data["name"] == name;
                rules.hold(is_named, "the end of a call's arguments names its tool", || data.to_string());
            }
            _ => {}
        }
    }

    fn done(&mut self, data: &Value, rules: &mut Rules) {
        let done = &data["item"];
        let Some(item) = self.open(data, rules) else { return };
        item.done = Some(done.clone());
        let keeps = ["id", "type", "role", "call_id", "name"].iter().all(|name| item.added[*name] == done[*name]);
        rules.hold(keeps, "an item stays what it was added as", || done.to_string());
        let is_over = |(what, _): &(&str, usize), part: &Part| {
            part.step == if matches!(*what, "content" | "summary") { Step::Done } else { Step::TextDone }
        };
        let is_closed = item.parts.iter().all(|(key, part)| is_over(key, part));
        rules.hold(is_closed, "every part is done before its item", || done.to_string());
        let streamed = |what: &str| {
            let parts = item.parts.iter().filter(|((kind, _), _)| *kind == what);
            parts.map(|(_, part)| part.text.as_str()).collect::<String>()
        };
        let is_same = match done["type"].as_str().unwrap_or_default() {
            "message" => text_of(&done["content"]) == streamed("content"),
            "reasoning" => text_of(&done["summary"]) == streamed("summary"),
            "function_call" => done["arguments"] == json!(streamed("arguments")),
            "custom_tool_call" => done["input"] == json!(streamed("input")),
            _ => true,
        };
        rules.hold(is_same, "what is done is what was streamed", || done.to_string());
        whole(done, rules);
        call(done, &mut self.heard, rules);
    }

    fn end(&mut self, object: &Value, rules: &mut Rules) {
        ends(object, &mut self.heard, rules);
        if !matches!(self.heard.end, End::Failed(_)) {
            let done: Option<Vec<&Value>> = self.items.iter().map(|item| item.done.as_ref()).collect();
            rules.hold(done.is_some(), "every item is done before the end", || "one is open".to_owned());
            let is_same = done.is_some_and(|done| done.into_iter().eq(items(&object["output"])));
            rules.hold(is_same, "the last event holds every item as it was done", || object["output"].to_string());
        }
    }
}

/// A response object in the state `status`; gives its id, its time and its model.
fn response(object: &Value, status: &str, rules: &mut Rules) -> [Value; 3] {
    let missing: Vec<&str> = MEMBERS.into_iter().filter(|name| object.get(name).is_none()).collect();
    rules.hold(missing.is_empty(), "a response has all that belongs to it", || format!("it lacks {missing:?}"));
    rules.id(&object["id"], "resp_");
    let is_typed = object["object"] == "response"
        && object["created_at"].is_u64()
        && object["model"].is_string()
        && object["output"].is_array();
    rules.hold(is_typed, "a response has an object, a time, a model and its output", || object.to_string());
    rules.hold(object["status"] == status, "a response is in the state that its event says", || {
        format!("{} in response.{status}", object["status"])
    });
    ["id", "created_at", "model"].map(|name| object[name].clone())
}

/// How a response ended, and what it cost.
fn ends(object: &Value, heard: &mut Heard, rules: &mut Rules) {
    let details = &object["incomplete_details"]["reason"];
    heard.end = match object["status"].as_str() {
        Some("failed") => End::Failed(object["error"].clone()),
        Some("incomplete") => {
            let is_known = details.as_str().is_some_and(|reason| INCOMPLETE.contains(&reason));
            rules.hold(is_known, "the reason is one that clients know", || details.to_string());
            complete(details)
        }
        _ => complete(&object["status"]),
    };
    if let End::Failed(error) = &heard.end {
        let is_readable = error["code"].is_string() && error["message"].is_string();
        rules.hold(is_readable, "an error has a code and a message", || error.to_string());
    }
    heard.usage = rules.usage(&object["usage"], COUNTS);
}

/// What an item has when it is complete.
fn whole(item: &Value, rules: &mut Rules) {
    let kind = item["type"].as_str().unwrap_or_default();
    let is_over = match kind {
        "reasoning" => true,
        // A search may have failed.
        "web_search_call" => matches!(item["status"].as_str(), Some("completed" | "failed")),
        _ => matches!(item["status"].as_str(), Some("completed" | "incomplete")),
    };
    rules.hold(is_over, "an item that is done is not in progress", || item.to_string());
    if kind == "message" {
        let is_right = item["role"] == "assistant"
            && items(&item["content"])
                .iter()
                .all(|part| part["type"] == "output_text" && part["annotations"].is_array());
        rules.hold(is_right, "a message is the assistant's, of texts with their annotations", || item.to_string());
    }
    if kind == "reasoning" {
        let is_right = items(&item["summary"]).iter().all(|part| part["type"] == "summary_text");
        rules.hold(is_right, "a summary is of texts", || item.to_string());
    }
}

/// The call that an item is, if it is one.
fn call(item: &Value, heard: &mut Heard, rules: &mut Rules) {
    let arguments = match item["type"].as_str().unwrap_or_default() {
        "function_call" => {
            let text = rules.text(item, "arguments");
            rules.arguments(&text)
        }
        "custom_tool_call" => Value::String(rules.text(item, "input")),
        _ => return,
    };
    let (id, name) = (rules.text(item, "call_id"), rules.text(item, "name"));
    rules.call(heard, Call { id, name, arguments });
}

fn text_of(parts: &Value) -> String {
    items(parts).iter().filter_map(|part| part["text"].as_str()).collect()
}
