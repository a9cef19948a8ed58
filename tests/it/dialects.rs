//! Every dialect against fixtures: what a request is understood as, and how an answer looks as a stream and as a body.
//!
//! `tests/fixtures/answers` holds event scripts that every dialect writes; a dialect's own folder holds its requests and
//! all its goldens. `WARP2API_BLESS=1` rewrites the goldens.

use std::{fs, path::PathBuf};

use crate::common::{check_golden, root};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Map, Value, json};
use warp2api::{
    dialect::{Ask, Dialect, Request, Stamp, openai_chat::OpenAiChat},
    models::Catalogue,
    turn::{ErrorKind, Page, StopReason, ToolCall, TurnError, TurnEvent, Usage, UsageSource, WebSearch},
};

pub(crate) const FIXTURES: &str = "tests/fixtures";

/// The JSON files of a folder of fixtures, each with its name, sorted.
pub(crate) fn inputs(folder: &str) -> Vec<(String, String)> {
    let folder = root().join(FIXTURES).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no fixture", folder.display());
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

pub(crate) fn stamp() -> Stamp {
    Stamp { id: "0123456789abcdef".to_owned(), created: 1_700_000_000 }
}

fn read(body: &[u8]) -> Result<Request, TurnError> {
    OpenAiChat.read(Ask::of(body, stamp(), &Catalogue::default()))
}

#[test]
fn chat_requests_become_turns() {
    for (name, input) in inputs("openai_chat/requests") {
        let found = match read(input.as_bytes()) {
            Ok(request) => format!(
                "stream: {}\nchoices: {}\nignored: {:?}\n{:#?}\n",
                request.stream, request.choices, request.ignored, request.turn
            ),
            Err(error) => {
                let reply = OpenAiChat.error(&error, "request");
                format!("{} {:?}\n{:#}\n", reply.status, reply.headers, reply.body)
            }
        };
        check_golden(&format!("{FIXTURES}/openai_chat/requests/{name}.txt"), &found);
    }
}

#[test]
fn chat_answers_look_as_the_api_has_them() {
    for (name, input) in inputs("answers") {
        let script: Value = serde_json::from_str(&input).unwrap();
        let functions = json!({"functions": [{"name": "get_weather"}]});
        // Only calls look different to a client that knows functions but no tools.
        let legacy = input.contains("\"call\"").then_some((".functions", functions));
        // Only a client that lets the web be searched is told what was found there.
        let search = input.contains("\"citations\"").then(|| (".search", json!({"web_search_options": {}})));
        for (suffix, options) in [("", json!({}))].into_iter().chain(legacy).chain(search) {
            let golden = format!("{FIXTURES}/openai_chat/answers/{name}{suffix}");
            let stream = written_stream(&script, &options, true);
            check_golden(&format!("{golden}.stream.txt"), &stream);
            let body = written_body(&script, &options);
            check_golden(&format!("{golden}.body.json"), &format!("{body:#}\n"));
            hold_stream_against_body(&stream, &body);
            hold_stream_against_body(&written_stream(&script, &options, false), &body);
        }
    }
}

fn request_for(script: &Value, options: &Value, more: Value) -> Request {
    let mut body = json!({
        "model": "GPT-4o", "messages": [{"role": "user", "content": "Hi"}], "n": script["choices"],
    });
    for members in [options, &more] {
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    }
    read(body.to_string().as_bytes()).unwrap()
}

fn written_stream(script: &Value, options: &Value, include_usage: bool) -> String {
    let more = json!({"stream": true, "stream_options": {"include_usage": include_usage}});
    let mut encoder = request_for(script, options, more).encoder;
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap() {
        let before = out.len();
        match step.get("heartbeat") {
            Some(_) => encoder.heartbeat(&mut out),
            None => encoder.push(choice(step), &event(step), &mut out),
        }
        assert!(out.len() == before || out.ends_with(b"\n\n"), "a frame is not closed");
    }
    assert!(encoder.is_done());
    String::from_utf8(out).unwrap()
}

/// The body, or the error that takes its place.
fn written_body(script: &Value, options: &Value) -> Value {
    let mut encoder = request_for(script, options, json!({"stream": false})).encoder;
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap().iter().filter(|step| step.get("heartbeat").is_none()) {
        let event = event(step);
        if let TurnEvent::Failed(error) = &event {
            return OpenAiChat.error(error, "request").body;
        }
        encoder.push(choice(step), &event, &mut out);
    }
    assert!(out.is_empty(), "an answer that is to be one body writes no frames");
    encoder.body()
}

pub(crate) fn choice(step: &Value) -> u32 {
    u32::try_from(step["choice"].as_u64().unwrap_or(0)).unwrap()
}

pub(crate) fn event(step: &Value) -> TurnEvent {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (name, value) = step.as_object().unwrap().iter().find(|(name, _)| *name != "choice").unwrap();
    match name.as_str() {
        "started" => TurnEvent::Started {
            conversation_id: text(value),
            request_id: "request".to_owned(),
            run_id: "run".to_owned(),
        },
        "model_used" => TurnEvent::ModelUsed { model: text(value), is_fallback: false },
        "text" => TurnEvent::Text(text(value)),
        "long_text" => TurnEvent::Text(text(value).repeat(500)),
        "reasoning" => TurnEvent::Reasoning(text(value)),
        "call" => TurnEvent::ToolCall(call(value)),
        "web_search" => TurnEvent::WebSearch(WebSearch {
            id: text(&value["id"]),
            query: text(&value["query"]),
            pages: value["pages"].is_array().then(|| pages(&value["pages"])),
        }),
        "citations" => TurnEvent::Citations(pages(value)),
        "usage" => TurnEvent::Usage(usage(value)),
        "finished" => TurnEvent::Finished(match value.as_str().unwrap() {
            "end_turn" => StopReason::EndTurn,
            "tool_calls" => StopReason::ToolCalls,
            "max_tokens" => StopReason::MaxTokens,
            other => StopReason::StopSequence(other.to_owned()),
        }),
        "failed" => TurnEvent::Failed(match value.as_str().unwrap() {
            "context" => TurnError::new(ErrorKind::ContextLengthExceeded, "The conversation is too long."),
            "truncated" => TurnError::new(ErrorKind::Truncated, "The answer broke off."),
            other => TurnError::new(ErrorKind::ModelUnavailable, other),
        }),
        other => panic!("no such step: {other}"),
    }
}

fn call(value: &Value) -> ToolCall {
    let arguments = match &value["arguments"] {
        Value::Object(members) => members.clone(),
        Value::Number(size) => Map::from_iter([(
            "text".to_owned(),
            json!("ü\"\n".repeat(usize::try_from(size.as_u64().unwrap()).unwrap())),
        )]),
        other => panic!("no arguments: {other}"),
    };
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    ToolCall { id: text("id"), name: text("name"), arguments }
}

/// Pages, each a pair of address and title.
fn pages(value: &Value) -> Vec<Page> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    value.as_array().unwrap().iter().map(|page| Page { url: text(&page[0]), title: text(&page[1]) }).collect()
}

/// Input, output, read from a cache, reasoning and, where there was any, written to a cache.
fn usage(value: &Value) -> Usage {
    let number = |at: usize| value[at].as_u64().unwrap();
    Usage {
        input_tokens: number(0),
        output_tokens: number(1),
        cache_read_tokens: number(2),
        reasoning_tokens: number(3),
        cache_write_tokens: value[4].as_u64().unwrap_or(0),
        source: UsageSource::TokenUsage,
        ..Usage::default()
    }
}

/// Reads a stream as the strictest client does and holds what it makes of it against the body of the same answer.
fn hold_stream_against_body(stream: &str, body: &Value) {
    let mut frames: Vec<&str> = stream.split("\n\n").filter(|frame| !frame.is_empty()).collect();
    frames.retain(|frame| !frame.starts_with(':'));
    let data = |frame: &str| frame.strip_prefix("data: ").unwrap_or_else(|| panic!("no data: {frame}")).to_owned();
    let mut chunks: Vec<String> = frames.into_iter().map(data).collect();
    let last = chunks.pop().unwrap();
    if last != "[DONE]" {
        // A failure is the last thing that is said.
        assert!(serde_json::from_str::<Value>(&last).unwrap()["error"]["message"].is_string());
        assert!(chunks.iter().all(|chunk| !chunk.contains("\"error\"")));
        return;
    }
    let mut reader = Reader::default();
    chunks.iter().for_each(|chunk| reader.chunk(&serde_json::from_str(chunk).unwrap()));
    if body.get("error").is_some() {
        // The context ran full after some output: an end for a stream, an error for a body.
        assert!(reader.choices.iter().any(|choice| choice["finish_reason"] == "length"));
        return;
    }
    assert_eq!(json!(reader.choices), body["choices"]);
    for member in ["id", "created", "model"] {
        assert_eq!(reader.head[member], body[member]);
    }
    if let Some(usage) = reader.usage {
        assert_eq!(usage, body["usage"]);
    }
}

/// Puts a stream together again.
#[derive(Default)]
struct Reader {
    head: Value,
    choices: Vec<Value>,
    usage: Option<Value>,
}

impl Reader {
    fn chunk(&mut self, chunk: &Value) {
        assert_eq!(self.usage, None, "something follows the usage");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        let head = json!({"id": chunk["id"], "created": chunk["created"], "model": chunk["model"]});
        assert!(self.head.is_null() || self.head == head, "the head changes");
        self.head = head;
        let choices = chunk["choices"].as_array().unwrap();
        if choices.is_empty() {
            self.usage = Some(chunk["usage"].clone());
        }
        choices.iter().for_each(|choice| self.choice(choice));
    }

    fn choice(&mut self, choice: &Value) {
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        while self.choices.len() <= index {
            let message = json!({"content": "", "refusal": null});
            let number = self.choices.len();
            self.choices.push(json!({"index": number, "message": message, "logprobs": null, "finish_reason": null}));
        }
        let known = &mut self.choices[index];
        assert_eq!(known["finish_reason"], Value::Null, "something follows the end of a choice");
        assert!(choice.as_object().unwrap().contains_key("finish_reason"));
        known["finish_reason"] = choice["finish_reason"].clone();
        for (name, value) in choice["delta"].as_object().unwrap() {
            if name != "role" {
                assert_eq!(known["message"]["role"], "assistant", "the role comes first");
            }
            match name.as_str() {
                "role" => {
                    assert_eq!(known["message"].get("role"), None, "the role comes once");
                    known["message"]["role"] = value.clone();
                }
                "content" | "reasoning_content" => append(&mut known["message"][name], value),
                "function_call" => {
                    known["message"]["content"] = content_beside_calls(&known["message"]);
                    for (name, value) in value.as_object().unwrap() {
                        append(&mut known["message"]["function_call"][name], value);
                    }
                }
                "tool_calls" => {
                    known["message"]["content"] = content_beside_calls(&known["message"]);
                    value.as_array().unwrap().iter().for_each(|call| tool_call(&mut known["message"], call));
                }
                "annotations" => {
                    assert_eq!(known["message"].get(name), None, "clients do not join such lists");
                    known["message"][name] = value.clone();
                }
                other => panic!("no such delta: {other}"),
            }
        }
    }
}

fn content_beside_calls(message: &Value) -> Value {
    if message["content"] == "" { Value::Null } else { message["content"].clone() }
}

fn tool_call(message: &mut Value, delta: &Value) {
    if message.get("tool_calls").is_none() {
        message["tool_calls"] = json!([]);
    }
    let calls = message["tool_calls"].as_array_mut().unwrap();
    let index = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
    if index == calls.len() {
        calls.push(json!({}));
    }
    let call = calls.get_mut(index).expect("call indexes have no gap");
    // Joined as the SDKs join: whatever is sent twice is there twice.
    for name in ["id", "type"] {
        if let Some(value) = delta.get(name) {
            append(&mut call[name], value);
        }
    }
    for (name, value) in delta["function"].as_object().unwrap() {
        append(&mut call["function"][name], value);
    }
}

fn append(text: &mut Value, more: &Value) {
    let joined = format!("{}{}", text.as_str().unwrap_or_default(), more.as_str().unwrap());
    *text = Value::String(joined);
}

#[test]
fn a_model_that_the_account_does_not_have_is_not_found() {
    let catalogue = Catalogue::of_account(Catalogue::default().models().to_vec(), "auto".to_owned());
    let body = br#"{"model": "gpt-5-2-hihg", "messages": [{"role": "user", "content": "x"}]}"#;
    let error = OpenAiChat.read(Ask::of(body, stamp(), &catalogue)).err().unwrap();
    let reply = OpenAiChat.error(&error, "request");
    assert_eq!((reply.status, &reply.body["error"]["code"]), (404, &json!("model_not_found")));
    assert!(error.message.contains("Did you mean `gpt-5-2-high`?"), "{}", error.message);
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!("{{\"messages\": {}", "[".repeat(1_000_000));
    assert_eq!(read(deep.as_bytes()).err().unwrap().kind, ErrorKind::InvalidRequest);
}

/// JSON that uses the words of the dialect in all the wrong places.
pub(crate) fn confused() -> impl Strategy<Value = Value> {
    let words = [
        "model",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "tools",
        "tool_choice",
        "parameters",
        "stop",
        "n",
        "stream",
        "user",
        "assistant",
        "tool",
        "auto",
        "system",
        "tool_call_id",
        "file",
        "file_data",
        "data:image/png;base64,AAAA",
        "data:,x",
        "{}",
        "",
        "required",
        "allowed_tools",
        "max_tokens",
        "reasoning_effort",
        "high",
        "stream_options",
        "include_usage",
        "functions",
    ];
    let word = proptest::sample::select(words.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let pairs = proptest::collection::vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::from),
            pairs.prop_map(|pairs| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_json_makes_the_reader_panic(messages in confused(), tools in confused(), choice in confused(), rest in confused()) {
        let mut body = json!({"model": "auto", "messages": messages, "tools": tools, "tool_choice": choice});
        if let Some(more) = rest.as_object() {
            body.as_object_mut().unwrap().extend(more.clone());
        }
        if let Err(error) = read(body.to_string().as_bytes()) {
            assert_eq!(OpenAiChat.error(&error, "request").status, 400, "{error}");
        }
    }

    #[test]
    fn no_message_makes_the_reader_panic(role in "system|user|assistant|tool|function", message in confused()) {
        let mut message = message.as_object().cloned().unwrap_or_default();
        message.insert("role".to_owned(), json!(role));
        let _ = read(json!({"model": "auto", "messages": [message]}).to_string().as_bytes());
    }
}
