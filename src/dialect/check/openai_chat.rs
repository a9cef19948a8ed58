//! The rules of OpenAI's chat completions (`CLIENTS.md` §3.1).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dialect::check::{Call, Counts, End, Heard, Rules, frames, items, place};

const REASONS: [&str; 4] = ["stop", "length", "tool_calls", "content_filter"];

/// One of the answers.
#[derive(Default)]
struct Choice {
    has_begun: bool,
    /// Id, name and arguments of each call.
    calls: Vec<(String, String, String)>,
    reason: Option<String>,
}

#[derive(Default)]
struct Reader {
    heard: Heard,
    /// The first chunk's id, time and model.
    identity: Option<[Value; 3]>,
    choices: BTreeMap<usize, Choice>,
}

pub(super) fn read(body: &str, rules: &mut Rules) -> Heard {
    let mut reader = Reader::default();
    frames::each(body, rules, |event, rules| {
        rules.hold(event.name.is_none(), "events have no names", || event.name.unwrap_or_default().to_owned());
        rules.hold(reader.heard.end == End::Open, "nothing comes after the end", || event.data.to_owned());
        match event.data {
            "[DONE]" => reader.done(rules),
            data => {
                let chunk = rules.json(data);
                reader.chunk(&chunk, rules);
            }
        }
    });
    reader.heard_all(rules)
}

impl Reader {
    fn chunk(&mut self, chunk: &Value, rules: &mut Rules) {
        if let Some(error) = chunk.get("error") {
            let is_readable = error["message"].is_string();
            rules.hold(is_readable, "an error is an object with a message", || error.to_string());
            self.heard.end = End::Failed(error.clone());
            return;
        }
        let is_chunk = chunk["object"] == "chat.completion.chunk";
        rules.hold(is_chunk, "a chunk says that it is one", || chunk["object"].to_string());
        let identity = ["id", "created", "model"].map(|name| chunk[name].clone());
        let first = self.identity.get_or_insert_with(|| identity.clone());
        rules.hold(*first == identity, "all chunks are of one answer", || format!("{identity:?}"));
        rules.hold(self.heard.usage.is_none(), "the usage comes last", || chunk.to_string());
        self.heard.usage = usage(&chunk["usage"]);
        rules.total(self.heard.usage);
        let is_empty = items(&chunk["choices"]).is_empty();
        rules.hold(is_empty == self.heard.usage.is_some(), "the usage has a chunk of its own", || chunk.to_string());
        for choice in items(&chunk["choices"]) {
            self.choice(choice, rules);
        }
    }

    fn choice(&mut self, choice: &Value, rules: &mut Rules) {
        let Some(index) = place(&choice["index"]) else {
            rules.hold(false, "a choice has its index", || choice.to_string());
            return;
        };
        let of = self.choices.entry(index).or_default();
        let delta = &choice["delta"];
        let has_role = delta.get("role").is_some();
        let is_first = !std::mem::replace(&mut of.has_begun, true);
        let is_right = has_role == is_first && (!has_role || delta["role"] == "assistant");
        rules.hold(is_right, "the first delta of a choice has the role, and no other", || choice.to_string());
        rules.hold(of.reason.is_none(), "nothing of a choice comes after its reason", || choice.to_string());
        let content = &delta["content"];
        rules.hold(content.is_null() || content.is_string(), "content is text", || content.to_string());
        self.heard.text.push_str(content.as_str().unwrap_or_default());
        for call in items(&delta["tool_calls"]) {
            take_call(&mut of.calls, call, rules);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            rules.hold(REASONS.contains(&reason), "the reason is one that clients know", || reason.to_owned());
            let fits = (reason == "tool_calls") != of.calls.is_empty() || reason == "length";
            rules.hold(fits, "the reason is tool_calls exactly when there are calls", || reason.to_owned());
            of.reason = Some(reason.to_owned());
        }
    }

    fn done(&mut self, rules: &mut Rules) {
        let mut reasons = self.choices.values().map(|choice| choice.reason.clone());
        let first = reasons.next().flatten();
        let is_right = first.is_some() && reasons.all(|reason| reason.is_some());
        rules.hold(is_right, "every choice has a reason before [DONE]", || "there is none".to_owned());
        self.heard.end = End::Complete(first.unwrap_or_default());
    }

    fn heard_all(mut self, rules: &mut Rules) -> Heard {
        let is_whole = matches!(self.heard.end, End::Complete(_));
        for (id, name, text) in self.choices.into_values().flat_map(|choice| choice.calls) {
            // A call that a failure cut off is none.
            if is_whole || serde_json::from_str::<Value>(&text).is_ok() {
                let arguments = rules.arguments(&text);
                rules.call(&mut self.heard, Call { id, name, arguments });
            }
        }
        self.heard
    }
}

fn take_call(calls: &mut Vec<(String, String, String)>, call: &Value, rules: &mut Rules) {
    let index = place(&call["index"]);
    let begins = call.get("id").is_some();
    let expected = if begins { Some(calls.len()) } else { index.filter(|index| *index < calls.len()) };
    if !rules.hold(index.is_some() && index == expected, "calls are numbered without gaps", || call.to_string()) {
        return;
    }
    let function = &call["function"];
    if begins {
        let is_typed = call["type"] == "function";
        rules.hold(is_typed, "a call says that it is one of a function", || call.to_string());
        calls.push((rules.text(call, "id"), rules.text(function, "name"), String::new()));
    } else {
        let is_repeated = function.get("name").is_some();
        rules.hold(!is_repeated, "a call is named once", || call.to_string());
    }
    let arguments = rules.text(function, "arguments");
    if let Some(slot) = index.and_then(|index| calls.get_mut(index)) {
        slot.2.push_str(&arguments);
    }
}

fn usage(usage: &Value) -> Option<Counts> {
    Some(Counts {
        first_input: None,
        input: usage["prompt_tokens"].as_u64()?,
        output: usage["completion_tokens"].as_u64()?,
        total: usage["total_tokens"].as_u64(),
    })
}
