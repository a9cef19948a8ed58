//! The rules of Gemini's `streamGenerateContent` (`CLIENTS.md` §4.10).

use serde_json::Value;

use crate::dialect::check::{Call, Counts, End, Heard, Rules, complete, frames, items};

const REASONS: [&str; 5] = ["STOP", "MAX_TOKENS", "SAFETY", "MALFORMED_FUNCTION_CALL", "OTHER"];

pub(super) fn read(body: &str, rules: &mut Rules) -> Heard {
    let mut heard = Heard::default();
    let mut id: Option<Value> = None;
    frames::each(body, rules, |event, rules| {
        rules.hold(event.name.is_none(), "events have no names", || event.name.unwrap_or_default().to_owned());
        rules.hold(heard.end == End::Open, "nothing comes after the end", || event.data.to_owned());
        let chunk = rules.json(event.data);
        if chunk.get("error").is_none() {
            let own = &chunk["responseId"];
            let known = id.get_or_insert_with(|| own.clone());
            rules.hold(known == own && own.is_string(), "all chunks are of one answer", || own.to_string());
        }
        take(&chunk, &mut heard, rules);
    });
    heard
}

/// One body.
pub(super) fn read_body(body: &Value, rules: &mut Rules) -> Heard {
    let mut heard = Heard::default();
    rules.hold(body["responseId"].is_string(), "an answer has an id", || body["responseId"].to_string());
    take(body, &mut heard, rules);
    heard
}

fn take(chunk: &Value, heard: &mut Heard, rules: &mut Rules) {
    if let Some(error) = chunk.get("error") {
        self::error(error, rules);
        heard.end = End::Failed(error.clone());
        return;
    }
    rules.hold(chunk["modelVersion"].is_string(), "a chunk names its model", || chunk.to_string());
    let mut reason = &Value::Null;
    for candidate in items(&chunk["candidates"]) {
        rules.hold(candidate["index"].is_number(), "a candidate has its index", || candidate.to_string());
        let content = &candidate["content"];
        rules.hold(content["role"] == "model", "content is of the model", || content.to_string());
        // A chat of the SDKs forgets a turn when one of its chunks has none.
        let has_parts = !items(&content["parts"]).is_empty();
        rules.hold(has_parts, "content has a part", || content.to_string());
        for part in items(&content["parts"]) {
            take_part(part, heard, rules);
        }
        if let Some(word) = candidate["finishReason"].as_str() {
            rules.hold(REASONS.contains(&word), "the reason is one that clients know", || word.to_owned());
            reason = &candidate["finishReason"];
        }
    }
    heard.end = complete(reason);
    if let Some(counts) = usage(&chunk["usageMetadata"]) {
        rules.total(Some(counts));
        heard.usage = Some(counts);
    }
}

/// An error in Google's form.
pub(super) fn error(error: &Value, rules: &mut Rules) {
    let is_readable = error["code"].is_number() && error["message"].is_string() && error["status"].is_string();
    rules.hold(is_readable, "an error has a code, a message and a status", || error.to_string());
}

fn take_part(part: &Value, heard: &mut Heard, rules: &mut Rules) {
    if let Some(text) = part.get("text") {
        rules.hold(text.is_string(), "what clients read as text is text", || part.to_string());
        if part["thought"] != true {
            heard.text.push_str(text.as_str().unwrap_or_default());
        }
    }
    if let Some(call) = part.get("functionCall") {
        let arguments = call["args"].clone();
        let is_object = arguments.is_object();
        rules.hold(is_object, "a call's arguments are a whole JSON object", || arguments.to_string());
        let (id, name) = (rules.text(call, "id"), rules.text(call, "name"));
        rules.call(heard, Call { id, name, arguments });
    }
}

fn usage(usage: &Value) -> Option<Counts> {
    let count = |name: &str| usage[name].as_u64().unwrap_or_default();
    Some(Counts {
        first_input: None,
        input: usage["promptTokenCount"].as_u64()?,
        output: count("candidatesTokenCount") + count("thoughtsTokenCount"),
        total: usage["totalTokenCount"].as_u64(),
    })
}
