//! The rules of OpenAI's chat completions (`CLIENTS.md` §3.1).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dialect::check::{Call, Counts, End, Heard, Rules, frames, is_list, is_text_or_null, items, place};

const REASONS: [&str; 5] = ["stop", "length", "tool_calls", "content_filter", "function_call"];

/// Where a usage has its counts, and where the parts of them.
const COUNTS: [&str; 2] = ["prompt_tokens", "completion_tokens"];

/// A call of a tool as it grows.
struct Begun {
    id: String,
    name: String,
    /// The member that holds the rest of it, which is named like its type.
    kind: String,
    text: String,
}

/// One of the answers.
#[derive(Default)]
struct Choice {
    has_begun: bool,
    calls: Vec<Begun>,
    /// What a client is told that speaks of functions: one call at most, which has no id.
    function: Option<Begun>,
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

/// One body.
pub(super) fn read_body(body: &Value, rules: &mut Rules) -> Heard {
    let mut heard = Heard::default();
    let is_completion = body["object"] == "chat.completion";
    rules.hold(is_completion, "a body says what it is", || body["object"].to_string());
    identity(body, rules);
    for (number, choice) in items(&body["choices"]).iter().enumerate() {
        rules.hold(place(&choice["index"]) == Some(number), "a choice has its index", || choice.to_string());
        let message = &choice["message"];
        rules.hold(message["role"] == "assistant", "a message is the assistant's", || message["role"].to_string());
        let has_content = message.get("content").is_some();
        rules.hold(has_content, "a message has content, be it null", || message.to_string());
        texts(message, rules);
        heard.text.push_str(message["content"].as_str().unwrap_or_default());
        let mut calls = Vec::new();
        for call in items(&message["tool_calls"]) {
            begin(&mut calls, call, rules);
        }
        let mut function = None;
        if let Some(call) = message.get("function_call") {
            take_function(&mut function, call, rules);
        }
        let reason = choice["finish_reason"].as_str().unwrap_or_default();
        ends(reason, &calls, function.is_some(), rules);
        if number == 0 {
            heard.end = End::Complete(reason.to_owned());
        }
        finish(calls, function, &mut heard, rules);
    }
    rules.hold(heard.end != End::Open, "a body has a choice", || body["choices"].to_string());
    heard.usage = rules.usage(&body["usage"], COUNTS);
    heard
}

impl Reader {
    fn chunk(&mut self, chunk: &Value, rules: &mut Rules) {
        if let Some(error) = chunk.get("error") {
            self::error(error, rules);
            rules.hold(self.heard.usage.is_none(), "an error comes instead of a usage", || error.to_string());
            self.heard.end = End::Failed(error.clone());
            return;
        }
        let is_chunk = chunk["object"] == "chat.completion.chunk";
        rules.hold(is_chunk, "a chunk says that it is one", || chunk["object"].to_string());
        let identity = identity(chunk, rules);
        let first = self.identity.get_or_insert_with(|| identity.clone());
        rules.hold(*first == identity, "all chunks are of one answer", || format!("{identity:?}"));
        rules.hold(self.heard.usage.is_none(), "the usage comes last", || chunk.to_string());
        self.heard.usage = rules.usage(&chunk["usage"], COUNTS);
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
        rules.hold(delta.is_object(), "a choice has a delta", || choice.to_string());
        let has_role = delta.get("role").is_some();
        let is_first = !std::mem::replace(&mut of.has_begun, true);
        let is_right = has_role == is_first && (!has_role || delta["role"] == "assistant");
        rules.hold(is_right, "the first delta of a choice has the role, and no other", || choice.to_string());
        let has_text = !is_first || delta["content"].is_string();
        rules.hold(has_text, "the first delta of a choice has text, be it empty", || choice.to_string());
        rules.hold(of.reason.is_none(), "nothing of a choice comes after its reason", || choice.to_string());
        texts(delta, rules);
        self.heard.text.push_str(delta["content"].as_str().unwrap_or_default());
        for call in items(&delta["tool_calls"]) {
            take_call(&mut of.calls, call, rules);
        }
        if let Some(call) = delta.get("function_call") {
            take_function(&mut of.function, call, rules);
        }
        let says = choice.get("finish_reason").is_some_and(is_text_or_null);
        rules.hold(says, "a choice says whether it has ended", || choice.to_string());
        if let Some(reason) = choice["finish_reason"].as_str() {
            let is_alone = delta.as_object().is_some_and(serde_json::Map::is_empty);
            rules.hold(is_alone, "the reason comes with nothing else", || choice.to_string());
            ends(reason, &of.calls, of.function.is_some(), rules);
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
        for choice in self.choices.into_values() {
            // A call that a failure cut off is none.
            let told = |call: &Begun| is_whole || call.is_whole();
            let calls = choice.calls.into_iter().filter(told).collect();
            finish(calls, choice.function.filter(told), &mut self.heard, rules);
        }
        self.heard
    }
}

impl Begun {
    fn is_whole(&self) -> bool {
        self.kind == "custom" || serde_json::from_str::<Value>(&self.text).is_ok()
    }
}

/// An error in OpenAI's form.
pub(super) fn error(error: &Value, rules: &mut Rules) {
    let is_whole = error["message"].is_string()
        && error["type"].is_string()
        && ["param", "code"].iter().all(|name| error.get(*name).is_some_and(is_text_or_null));
    rules.hold(is_whole, "an error has a message, a type, a param and a code", || error.to_string());
}

/// Whether an error of the type `kind` may come with the status.
pub(super) fn fits(status: u16, kind: &str) -> bool {
    match kind {
        "insufficient_quota" | "rate_limit_error" => status == 429,
        "server_error" => status >= 500,
        _ => status < 500 && status != 429,
    }
}

/// What makes an answer known: its id, its time and its model.
fn identity(of: &Value, rules: &mut Rules) -> [Value; 3] {
    rules.id(&of["id"], "chatcmpl-");
    let is_whole = of["created"].is_u64() && of["model"].is_string();
    rules.hold(is_whole, "an answer has its time and its model", || format!("{}, {}", of["created"], of["model"]));
    ["id", "created", "model"].map(|name| of[name].clone())
}

/// What is read as text must be text, and what is gone through a list.
fn texts(of: &Value, rules: &mut Rules) {
    for name in ["content", "reasoning_content", "refusal"] {
        rules.hold(is_text_or_null(&of[name]), "what clients read as text is text", || format!("{name} in {of}"));
    }
    rules.hold(is_list(&of["tool_calls"]), "what clients go through is a list", || of["tool_calls"].to_string());
}

fn ends(reason: &str, calls: &[Begun], has_function: bool, rules: &mut Rules) {
    rules.hold(REASONS.contains(&reason), "the reason is one that clients know", || reason.to_owned());
    let fits = match reason {
        "tool_calls" => !calls.is_empty(),
        "function_call" => has_function,
        "length" => true,
        _ => calls.is_empty() && !has_function,
    };
    rules.hold(fits, "the reason is tool_calls exactly when there are calls", || reason.to_owned());
}

fn finish(calls: Vec<Begun>, function: Option<Begun>, heard: &mut Heard, rules: &mut Rules) {
    for Begun { id, name, kind, text } in calls {
        // What a custom tool is called with is a text.
        let arguments = if kind == "custom" { Value::String(text) } else { rules.arguments(&text) };
        rules.call(heard, Call { id, name, arguments });
    }
    if let Some(Begun { id, name, text, .. }) = function {
        let arguments = rules.arguments(&text);
        heard.calls.push(Call { id, name, arguments });
    }
}

/// The beginning of a function's call, or more of it.
fn take_function(known: &mut Option<Begun>, call: &Value, rules: &mut Rules) {
    let text = rules.text(call, "arguments");
    match known {
        Some(known) => {
            rules.hold(call.get("name").is_none(), "a call is named once", || call.to_string());
            known.text.push_str(&text);
        }
        None => {
            let name = rules.text(call, "name");
            *known = Some(Begun { id: String::new(), name, kind: "function".to_owned(), text });
        }
    }
}

/// The beginning of a call, or a whole one.
fn begin(calls: &mut Vec<Begun>, call: &Value, rules: &mut Rules) {
    let kind = call["type"].as_str().unwrap_or_default();
    let is_typed = matches!(kind, "function" | "custom");
    rules.hold(is_typed, "a call says that it is one of a function", || call.to_string());
    let (id, name) = (rules.text(call, "id"), rules.text(&call[kind], "name"));
    let text = rules.text(&call[kind], if kind == "custom" { "input" } else { "arguments" });
    calls.push(Begun { id, name, kind: kind.to_owned(), text });
}

fn take_call(calls: &mut Vec<Begun>, call: &Value, rules: &mut Rules) {
    let index = place(&call["index"]);
    let begins = call.get("id").is_some();
    let expected = if begins { Some(calls.len()) } else { index.filter(|index| *index < calls.len()) };
    if !rules.hold(index.is_some() && index == expected, "calls are numbered without gaps", || call.to_string()) {
        return;
    }
    if begins {
        return begin(calls, call, rules);
    }
    let Some(known) = index.and_then(|index| calls.get_mut(index)) else { return };
    let function = &call[known.kind.as_str()];
    let is_repeated = function.get("name").is_some() || call.get("type").is_some();
    rules.hold(!is_repeated, "a call is named once", || call.to_string());
    known.text.push_str(&rules.text(function, if known.kind == "custom" { "input" } else { "arguments" }));
}

impl Rules {
    /// What OpenAI's usages hold: two counts, whose names are `names`, their total, and parts of them.
    pub(super) fn usage(&mut self, usage: &Value, names: [&'static str; 2]) -> Option<Counts> {
        if usage.is_null() {
            return None;
        }
        let counts = names.map(|name| usage[name].as_u64());
        let total = usage["total_tokens"].as_u64();
        let ([Some(input), Some(output)], true) = (counts, total.is_some()) else {
            self.hold(false, "a usage has its two counts and their total", || usage.to_string());
            return None;
        };
        for (name, whole, part) in [(names[0], input, "cached_tokens"), (names[1], output, "reasoning_tokens")] {
            let details = &usage[format!("{name}_details")];
            let is_part = details.is_null() || details[part].as_u64().is_some_and(|part| part <= whole);
            self.hold(is_part, "a part of a count is not more than the count", || details.to_string());
        }
        let counts = Counts { first_input: None, input, output, total };
        self.total(Some(counts));
        Some(counts)
    }
}
