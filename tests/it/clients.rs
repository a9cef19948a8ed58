//! A client of each dialect, as little of it as a test needs to say the same thing in all of them and to compare what
//! they hear. Streams are read by the crate's own checker, as strictly as the official SDKs: what one of those stumbles over fails.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use warp2api::dialect::check;
pub(crate) use warp2api::dialect::check::{Call, Counts, End, Heard};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

pub(crate) const CLIENTS: [Client; 4] = [Client::Chat, Client::Responses, Client::Anthropic, Client::Gemini];

/// One entry of a conversation.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    User(String),
    Model(String, Vec<Call>),
    Result(Call, String),
}

pub(crate) fn user(text: impl Into<String>) -> Said {
    Said::User(text.into())
}

impl Client {
    /// Where it asks.
    pub(crate) fn path(self, stream: bool) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Anthropic => "/v1/messages",
            Self::Gemini if stream => "/v1beta/models/auto:streamGenerateContent?alt=sse",
            Self::Gemini => "/v1beta/models/auto:generateContent",
        }
    }

    /// What it sends to have `told` answered with the help of `tools`.
    pub(crate) fn body(self, stream: bool, told: &[Said], tools: &[&str]) -> Value {
        let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}});
        let list = |one: &dyn Fn(&&str) -> Value| -> Value { tools.iter().map(one).collect() };
        let mut body = match self {
            Self::Chat => {
                let mut body = json!({"model": "auto", "messages": chat_messages(told), "stream": stream});
                if stream {
                    body["stream_options"] = json!({"include_usage": true});
                }
                body["tools"] = list(
                    &|name| json!({"type": "function", "function": {"name": name, "parameters": schema, "strict": false}}),
                );
                body
            }
            Self::Responses => json!({
                "model": "auto", "input": response_items(told), "stream": stream, "store": false,
                "tools": list(&|name| json!({"type": "function", "name": name, "parameters": schema})),
            }),
            Self::Anthropic => json!({
                "model": "auto", "max_tokens": 1_000_000, "messages": anthropic_messages(told), "stream": stream,
                "tools": list(&|name| json!({"name": name, "input_schema": schema})),
            }),
            Self::Gemini => json!({
                "contents": gemini_contents(told),
                "tools": [{"functionDeclarations": list(&|name| json!({"name": name, "parameters": schema}))}],
            }),
        };
        if tools.is_empty()
            && let Some(members) = body.as_object_mut()
        {
            members.shift_remove("tools");
        }
        body
    }

    /// What it makes of the body of a successful response.
    pub(crate) fn hears(self, stream: bool, body: &str) -> Heard {
        if !stream {
            return self.hears_body(&parse(body));
        }
        let report = check::stream(self.dialect(), body).unwrap();
        assert!(report.broken.is_empty(), "{self:?}: {:#?} in {body}", report.broken);
        report.heard
    }

    fn dialect(self) -> &'static str {
        match self {
            Self::Chat => "openai_chat",
            Self::Responses => "openai_responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    fn hears_body(self, body: &Value) -> Heard {
        match self {
            Self::Chat => {
                let choice = &body["choices"][0];
                let calls = items(&choice["message"]["tool_calls"]).iter().map(chat_call).collect();
                let text = text(&choice["message"]["content"]);
                Heard { text, calls, end: complete(&choice["finish_reason"]), usage: chat_usage(&body["usage"]) }
            }
            Self::Responses => response_object(body),
            Self::Anthropic => {
                let blocks = items(&body["content"]);
                let text = blocks.iter().map(|block| text(&block["text"])).collect();
                let calls = blocks.iter().filter(|block| block["type"] == "tool_use").map(|block| Call {
                    id: text_of(block, "id"),
                    name: text_of(block, "name"),
                    arguments: block["input"].clone(),
                });
                let calls = calls.collect();
                Heard { text, calls, end: complete(&body["stop_reason"]), usage: anthropic_usage(&body["usage"]) }
            }
            Self::Gemini => {
                let mut heard = Heard::default();
                gemini_chunk(body, &mut heard);
                heard
            }
        }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn text_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {value}")).to_owned()
}

fn complete(reason: &Value) -> End {
    reason.as_str().map_or(End::Open, |reason| End::Complete(reason.to_owned()))
}

fn chat_call(call: &Value) -> Call {
    let arguments = parse(&text_of(&call["function"], "arguments"));
    Call { id: text_of(call, "id"), name: text_of(&call["function"], "name"), arguments }
}

fn chat_usage(usage: &Value) -> Option<Counts> {
    Some(Counts {
        first_input: None,
        input: usage["prompt_tokens"].as_u64()?,
        output: usage["completion_tokens"].as_u64()?,
        total: usage["total_tokens"].as_u64(),
    })
}

fn response_call(item: &Value) -> Call {
    let arguments = parse(&text_of(item, "arguments"));
    Call { id: text_of(item, "call_id"), name: text_of(item, "name"), arguments }
}

fn response_object(object: &Value) -> Heard {
    let output = items(&object["output"]);
    let parts = output.iter().flat_map(|item| items(&item["content"]));
    let usage = &object["usage"];
    let count = |name: &str| usage[name].as_u64();
    let end = match object["status"].as_str() {
        Some("failed") => End::Failed(object["error"].clone()),
        Some("incomplete") => complete(&object["incomplete_details"]["reason"]),
        _ => complete(&object["status"]),
    };
    Heard {
        text: parts.map(|part| text(&part["text"])).collect(),
        calls: output.iter().filter(|item| item["type"] == "function_call").map(response_call).collect(),
        end,
        usage: count("input_tokens").map(|input| Counts {
            first_input: None,
            input,
            output: count("output_tokens").unwrap(),
            total: count("total_tokens"),
        }),
    }
}

/// The input counts in all, as the other dialects have it.
fn anthropic_usage(usage: &Value) -> Option<Counts> {
    let count = |name: &str| usage[name].as_u64();
    let input = count("input_tokens")?
        + count("cache_read_input_tokens").unwrap_or_default()
        + count("cache_creation_input_tokens").unwrap_or_default();
    Some(Counts { first_input: None, input, output: count("output_tokens")?, total: None })
}

fn gemini_chunk(chunk: &Value, heard: &mut Heard) {
    if chunk.get("error").is_some() {
        heard.end = End::Failed(chunk["error"].clone());
        return;
    }
    let candidate = &chunk["candidates"][0];
    for part in items(&candidate["content"]["parts"]) {
        heard.text.push_str(&text(&part["text"]));
        if let Some(call) = part.get("functionCall") {
            let (id, name) = (text_of(call, "id"), text_of(call, "name"));
            heard.calls.push(Call { id, name, arguments: call["args"].clone() });
        }
    }
    heard.end = complete(&candidate["finishReason"]);
    let usage = &chunk["usageMetadata"];
    if let Some(input) = usage["promptTokenCount"].as_u64() {
        let count = |name: &str| usage[name].as_u64().unwrap_or_default();
        heard.usage = Some(Counts {
            first_input: None,
            input,
            output: count("candidatesTokenCount") + count("thoughtsTokenCount"),
            total: usage["totalTokenCount"].as_u64(),
        });
    }
}

fn chat_messages(told: &[Said]) -> Vec<Value> {
    let message = |said: &Said| match said {
        Said::User(text) => json!({"role": "user", "content": text}),
        Said::Model(text, calls) => {
            let mut message = json!({"role": "assistant", "content": text});
            if !calls.is_empty() {
                let calls: Vec<Value> = calls
                    .iter()
                    .map(|call| {
                        let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                        json!({"id": call.id, "type": "function", "function": function})
                    })
                    .collect();
                message["tool_calls"] = json!(calls);
            }
            message
        }
        Said::Result(call, text) => json!({"role": "tool", "tool_call_id": call.id, "content": text}),
    };
    told.iter().map(message).collect()
}

fn response_items(told: &[Said]) -> Vec<Value> {
    let mut items = Vec::new();
    for said in told {
        match said {
            Said::User(text) => items.push(json!({"role": "user", "content": text})),
            Said::Model(text, calls) => {
                if !text.is_empty() {
                    let part = json!({"type": "output_text", "text": text, "annotations": []});
                    items.push(json!({"type": "message", "role": "assistant", "content": [part]}));
                }
                items.extend(calls.iter().map(|call| {
                    let arguments = call.arguments.to_string();
                    json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments})
                }));
            }
            Said::Result(call, text) => {
                items.push(json!({"type": "function_call_output", "call_id": call.id, "output": text}));
            }
        }
    }
    items
}

/// Results that follow one another are one message.
fn anthropic_messages(told: &[Said]) -> Vec<Value> {
    let blocks = told.iter().map(|said| match said {
        Said::User(text) => ("user", vec![json!({"type": "text", "text": text})]),
        Said::Model(text, calls) => {
            let text = (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
            let calls = calls
                .iter()
                .map(|call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}));
            ("assistant", text.into_iter().chain(calls).collect())
        }
        Said::Result(call, text) => {
            ("user", vec![json!({"type": "tool_result", "tool_use_id": call.id, "content": text})])
        }
    });
    joined(blocks).into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

fn gemini_contents(told: &[Said]) -> Vec<Value> {
    let parts = told.iter().map(|said| match said {
        Said::User(text) => ("user", vec![json!({"text": text})]),
        Said::Model(text, calls) => {
            let text = (!text.is_empty()).then(|| json!({"text": text}));
            let calls = calls
                .iter()
                .map(|call| json!({"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}}));
            ("model", text.into_iter().chain(calls).collect())
        }
        Said::Result(call, text) => {
            let response = json!({"id": call.id, "name": call.name, "response": {"output": text}});
            ("user", vec![json!({"functionResponse": response})])
        }
    });
    joined(parts).into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect()
}

/// Joins what one role says in a row.
fn joined(said: impl Iterator<Item = (&'static str, Vec<Value>)>) -> Vec<(&'static str, Vec<Value>)> {
    let mut joined: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for (role, mut parts) in said {
        match joined.last_mut() {
            Some((known, all)) if *known == role => all.append(&mut parts),
            Some(_) | None => joined.push((role, parts)),
        }
    }
    joined
}

/// The bytes of a response without what is new in every response: ids and times become their number of appearance.
pub(crate) fn normalised(body: &str) -> String {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find(|character: char| character.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = from.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        // An id of ours is 32 hexadecimal digits, a time in seconds ten decimal ones.
        let is_time = word.len() == 10 && word.starts_with('1') && word.bytes().all(|byte| byte.is_ascii_digit());
        if word.len() == 32 || is_time {
            let next = names.len();
            let number = if is_time { usize::MAX } else { *names.entry(word.to_owned()).or_insert(next) };
            out.push_str(&format!("<{number:x}>"));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
