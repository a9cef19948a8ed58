//! Anthropic Messages against fixtures: what a request is understood as, and how an answer looks as a stream and as a
//! body. Beside the scripts of `tests/fixtures/answers`, which all dialects write, it has some of its own.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};
use warp2api::{
    dialect::{Ask, Dialect, NothingKept, Operation, Request, anthropic::Anthropic},
    models::Catalogue,
    turn::{ErrorKind, TurnError, TurnEvent},
};

use crate::{
    common::check_golden,
    dialects::{FIXTURES, choice, event, inputs, stamp},
};

/// What the input is said to be before the answer begins.
const ESTIMATE: u64 = 41;

fn read(body: &[u8]) -> Result<Request, TurnError> {
    read_with(body, &Catalogue::default())
}

fn read_with(body: &[u8], catalogue: &Catalogue) -> Result<Request, TurnError> {
    Anthropic.read(Ask {
        segments: &["messages"],
        query: "beta=true",
        body,
        stamp: stamp(),
        request_id: "req_1",
        catalogue,
        kept: &NothingKept,
    })
}

#[test]
fn requests_become_turns() {
    for (name, input) in inputs("anthropic/requests") {
        let found = match read(input.as_bytes()) {
            Ok(request) => format!(
                "stream: {}\nchoices: {}\nsession: {:?}\nignored: {:?}\n{:#?}\n",
                request.stream, request.choices, request.session, request.ignored, request.turn
            ),
            Err(error) => {
                let reply = Anthropic.error(&error, "req_1");
                format!("{} {:?}\n{:#}\n", reply.status, reply.headers, reply.body)
            }
        };
        assert_eq!(found.starts_with("400"), name.starts_with("refused"), "{name}: {found}");
        check_golden(&format!("{FIXTURES}/anthropic/requests/{name}.txt"), &found);
    }
}

#[test]
fn answers_look_as_the_api_has_them() {
    let mut scripts = inputs("answers");
    for own in inputs("anthropic/scripts") {
        assert!(scripts.iter().all(|(name, _)| *name != own.0), "two scripts would share the goldens of {}", own.0);
        scripts.push(own);
    }
    for (name, input) in scripts {
        let script: Value = serde_json::from_str(&input).unwrap();
        let hidden = input.contains("\"reasoning\"").then_some((".without_thinking", "disabled"));
        for (suffix, thinking) in [("", "adaptive")].into_iter().chain(hidden) {
            let golden = format!("{FIXTURES}/anthropic/answers/{name}{suffix}");
            let stream = written_stream(&script, thinking);
            check_golden(&format!("{golden}.stream.txt"), &stream);
            let body = written_body(&script, thinking);
            check_golden(&format!("{golden}.body.json"), &format!("{body:#}\n"));
            hold_stream_against_body(&name, &stream, &body);
        }
    }
}

fn request_for(thinking: &str, stream: bool) -> Request {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    let thinking = json!({"type": thinking});
    let body =
        json!({"model": "GPT-4o", "max_tokens": 9, "messages": messages, "thinking": thinking, "stream": stream});
    read(body.to_string().as_bytes()).unwrap()
}

fn written_stream(script: &Value, thinking: &str) -> String {
    let mut encoder = request_for(thinking, true).encoder;
    assert!(encoder.wants_input_estimate());
    encoder.expect_input(ESTIMATE);
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
fn written_body(script: &Value, thinking: &str) -> Value {
    let mut encoder = request_for(thinking, false).encoder;
    assert!(!encoder.wants_input_estimate());
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap().iter().filter(|step| step.get("heartbeat").is_none()) {
        let event = event(step);
        if let (0, TurnEvent::Failed(error)) = (choice(step), &event) {
            return Anthropic.error(error, "req_1").body;
        }
        encoder.push(choice(step), &event, &mut out);
    }
    assert!(out.is_empty(), "an answer that is to be one body writes no frames");
    encoder.body()
}

/// Reads a stream as the strictest client does and holds what it makes of it against the body of the same answer.
fn hold_stream_against_body(name: &str, stream: &str, body: &Value) {
    let mut reader = Reader::default();
    for frame in stream.split("\n\n").filter(|frame| !frame.is_empty()) {
        let (event, data) = frame.split_once('\n').unwrap_or_else(|| panic!("{name}: no data: {frame}"));
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(event.strip_prefix("event: "), data["type"].as_str(), "{name}: every event is named as its type");
        reader.event(&data);
    }
    if let Some(error) = reader.error {
        // A failure is the last thing that is said, and a body says the same instead of an answer.
        assert_eq!(&error, body, "{name}");
        return;
    }
    assert!(reader.is_over, "{name}");
    let message = reader.message;
    if body["type"] == "error" {
        // The context ran full after some output: an end for a stream, an error for a body.
        assert_eq!(message["stop_reason"], "model_context_window_exceeded", "{name}");
        return;
    }
    for member in ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence"] {
        assert_eq!(message[member], body[member], "{name}: {member}");
    }
    if body["usage"]["input_tokens"] != 0 {
        assert_eq!(message["usage"], body["usage"], "{name}");
    }
}

/// Puts a stream together again.
#[derive(Default)]
struct Reader {
    message: Value,
    /// The open block's index.
    open: Option<u64>,
    /// The input of the open block, as it came.
    input: Option<String>,
    error: Option<Value>,
    has_stopped: bool,
    is_over: bool,
}

impl Reader {
    fn event(&mut self, event: &Value) {
        assert!(!self.is_over && self.error.is_none(), "something follows the end: {event}");
        match event["type"].as_str().unwrap() {
            "ping" => assert_eq!(event, &json!({"type": "ping"})),
            "error" => self.error = Some(event.clone()),
            "message_start" => {
                assert!(self.message.is_null(), "the message starts once");
                self.message = event["message"].clone();
                let usage = &self.message["usage"];
                assert_eq!((&usage["input_tokens"], &usage["output_tokens"]), (&json!(ESTIMATE), &json!(1)));
                assert_eq!(self.message["content"], json!([]));
                assert!(self.message["stop_reason"].is_null() && self.message["stop_sequence"].is_null());
            }
            "message_delta" => {
                assert!(self.open.is_none() && !std::mem::replace(&mut self.has_stopped, true));
                for (member, value) in event["delta"].as_object().unwrap() {
                    self.message[member] = value.clone();
                }
                assert!(event["usage"]["input_tokens"].is_u64() && event["usage"]["output_tokens"].is_u64());
                self.message["usage"] = event["usage"].clone();
            }
            "message_stop" => {
                assert!(self.has_stopped);
                self.is_over = true;
            }
            _ => self.block_event(event),
        }
    }

    fn block_event(&mut self, event: &Value) {
        let index = event["index"].as_u64().unwrap();
        let content = self.message["content"].as_array_mut().expect("blocks follow the start of the message");
        if event["type"] == "content_block_start" {
            assert!(!self.has_stopped && self.open.is_none(), "blocks do not overlap");
            assert_eq!(index, content.len() as u64, "indexes are dense");
            content.push(event["content_block"].clone());
            (self.open, self.input) = (Some(index), None);
            return;
        }
        assert_eq!(self.open, Some(index), "only the open block goes on");
        let block = content.last_mut().unwrap();
        if event["type"] == "content_block_stop" {
            self.open = None;
            if let Some(input) = block.get_mut("input") {
                assert_eq!(input, &json!({}), "input comes in deltas only");
                *input = serde_json::from_str(self.input.as_deref().expect("there is a delta at least")).unwrap();
            }
            assert_ne!(block["text"], "", "no text block is empty");
            return;
        }
        assert_eq!(event["type"], "content_block_delta");
        let delta = &event["delta"];
        let join = |old: &Value, new: &Value| json!(format!("{}{}", old.as_str().unwrap(), new.as_str().unwrap()));
        match delta["type"].as_str().unwrap() {
            "text_delta" => block["text"] = join(&block["text"], &delta["text"]),
            "thinking_delta" => block["thinking"] = join(&block["thinking"], &delta["thinking"]),
            "signature_delta" => assert_eq!((&delta["signature"], &block["signature"]), (&json!(""), &json!(""))),
            "input_json_delta" => {
                self.input.get_or_insert_default().push_str(delta["partial_json"].as_str().unwrap());
            }
            "citations_delta" => {
                let citations = block.as_object_mut().unwrap().entry("citations").or_insert_with(|| json!([]));
                citations.as_array_mut().unwrap().push(delta["citation"].clone());
            }
            other => panic!("no such delta: {other}"),
        }
    }
}

#[test]
fn paths_have_their_operations() {
    assert_eq!(Anthropic.operation(&["messages"]), Some(Operation::Answer));
    assert_eq!(Anthropic.operation(&["messages", "count_tokens"]), Some(Operation::Count));
    assert_eq!(Anthropic.operation(&["messages", "batches"]), None);
    assert_eq!(Anthropic.count(7), json!({"input_tokens": 7}));
}

#[test]
fn a_model_that_the_account_does_not_have_is_not_found() {
    let catalogue = Catalogue::of_account(Catalogue::default().models().to_vec(), "auto".to_owned());
    let body = br#"{"model": "claude-4-5-opos", "messages": [{"role": "user", "content": "x"}]}"#;
    let error = read_with(body, &catalogue).err().unwrap();
    let reply = Anthropic.error(&error, "req_1");
    assert_eq!((reply.status, &reply.body["error"]["type"]), (404, &json!("not_found_error")));
    assert!(error.message.contains("Did you mean `claude-4-5-opus`?"), "{}", error.message);
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!("{{\"messages\": {}", "[".repeat(1_000_000));
    assert_eq!(read(deep.as_bytes()).err().unwrap().kind, ErrorKind::InvalidRequest);
}

const WORDS: &[&str] = &[
    "model",
    "max_tokens",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "image",
    "document",
    "source",
    "base64",
    "url",
    "media_type",
    "data",
    "image/png",
    "iVBORw0KGgo=",
    "tool_use",
    "tool_result",
    "tool_use_id",
    "id",
    "name",
    "input",
    "is_error",
    "thinking",
    "redacted_thinking",
    "server_tool_use",
    "web_search_tool_result",
    "search_result",
    "title",
    "tools",
    "tool_choice",
    "input_schema",
    "auto",
    "any",
    "tool",
    "none",
    "user",
    "assistant",
    "system",
    "enabled",
    "budget_tokens",
    "output_config",
    "effort",
    "high",
    "format",
    "json_schema",
    "schema",
    "metadata",
    "user_id",
    "{}",
    "",
    "stop_sequences",
    "context",
    "file",
    "query",
    "web_search",
    "custom",
    "disable_parallel_tool_use",
];

/// JSON that uses the words of the dialect in all the wrong places.
fn confused() -> impl Strategy<Value = Value> {
    let word = proptest::sample::select(WORDS.to_vec());
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
            assert_eq!(Anthropic.error(&error, "req_1").status, 400, "{error}");
        }
    }

    #[test]
    fn no_block_makes_the_reader_panic(
        role in "system|user|assistant",
        kind in proptest::sample::select(WORDS.to_vec()),
        block in confused(),
    ) {
        let mut block = block.as_object().cloned().unwrap_or_default();
        block.insert("type".to_owned(), json!(kind));
        let _ = read(json!({"model": "auto", "messages": [{"role": role, "content": [block]}]}).to_string().as_bytes());
    }
}
