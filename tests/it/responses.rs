//! The dialect of OpenAI Responses against fixtures, and against itself: what it keeps it must understand again.

use std::{collections::HashMap, sync::Arc};

use proptest::prelude::proptest;
use serde_json::{Value, json};
use warp2api::{
    dialect::{Ask, Dialect, Keeper, Request, openai_chat::OpenAiChat, openai_responses::OpenAiResponses},
    models::Catalogue,
    turn::{Message, Output, StopReason, ToolCall, TurnError, TurnEvent},
};

use crate::{
    common::check_golden,
    dialects::{FIXTURES, confused, event, inputs, stamp},
};

fn read(body: &[u8]) -> Result<Request, TurnError> {
    OpenAiResponses.read(Ask::of(body, stamp(), &Catalogue::default()))
}

#[test]
fn requests_become_turns() {
    for (name, input) in inputs("openai_responses/requests") {
        let found = match read(input.as_bytes()) {
            Ok(request) => format!(
                "stream: {}\nsession: {:?}\nignored: {:?}\n{:#?}\n",
                request.stream, request.session, request.ignored, request.turn
            ),
            Err(error) => {
                let reply = OpenAiResponses.error(&error, "request");
                format!("{} {:?}\n{:#}\n", reply.status, reply.headers, reply.body)
            }
        };
        assert_eq!(name.starts_with("refused"), found.starts_with("40"), "{name}: {found}");
        check_golden(&format!("{FIXTURES}/openai_responses/requests/{name}.txt"), &found);
    }
}

/// Tools that the calls of the scripts are calls of, known to the client in three ways.
fn tools() -> Value {
    json!([
        {"type": "custom", "name": "write"},
        {"type": "namespace", "name": "home", "tools": [{"type": "function", "name": "get_weather"}]},
    ])
}

#[test]
fn answers_look_as_the_api_has_them() {
    for (name, input) in inputs("answers") {
        let mut script: Value = serde_json::from_str(&input).unwrap();
        if script["choices"] != 1 {
            // There is no way to ask for more than one.
            continue;
        }
        let mut variants = vec![("", json!({}))];
        if input.contains("\"call\"") {
            variants.push((".tools", json!({"tools": tools()})));
        }
        if input.contains("\"web_search\"") {
            variants.push((".tools", json!({"tools": [{"type": "web_search"}]})));
        }
        for (suffix, options) in variants {
            if suffix == ".tools" {
                rename_calls(&mut script);
            }
            let golden = format!("{FIXTURES}/openai_responses/answers/{name}{suffix}");
            let stream = written_stream(&script, &options);
            check_golden(&format!("{golden}.stream.txt"), &stream);
            let body = written_body(&script, &options);
            check_golden(&format!("{golden}.body.json"), &format!("{body:#}\n"));
            hold_stream_against_body(&stream, &body);
        }
    }
}

/// Calls the tools as the upstream does.
fn rename_calls(script: &mut Value) {
    for step in script["events"].as_array_mut().unwrap() {
        match step["call"]["name"].as_str() {
            Some("get_weather") => step["call"]["name"] = json!("home__get_weather"),
            Some("write") => {
                let text = step["call"]["arguments"].as_u64().map(|size| "ü\"\n".repeat(size as usize));
                step["call"]["arguments"] = json!({"input": text});
            }
            Some(_) | None => {}
        }
    }
}

fn request_for(options: &Value, stream: bool) -> Request {
    let mut body = json!({"model": "GPT-4o", "input": "Hi", "stream": stream});
    body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    read(body.to_string().as_bytes()).unwrap()
}

fn written_stream(script: &Value, options: &Value) -> String {
    let mut encoder = request_for(options, true).encoder;
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap() {
        match step.get("heartbeat") {
            Some(_) => encoder.heartbeat(&mut out),
            None => encoder.push(0, &event(step), &mut out),
        }
    }
    assert!(encoder.is_done());
    String::from_utf8(out).unwrap()
}

/// The body, or the error that takes its place.
fn written_body(script: &Value, options: &Value) -> Value {
    let mut encoder = request_for(options, false).encoder;
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap().iter().filter(|step| step.get("heartbeat").is_none()) {
        let event = event(step);
        if let TurnEvent::Failed(error) = &event {
            return OpenAiResponses.error(error, "request").body;
        }
        encoder.push(0, &event, &mut out);
    }
    assert!(out.is_empty(), "an answer that is to be one body writes no frames");
    let (id, kept) = encoder.to_keep().expect("answers are kept unless the client says otherwise");
    let body = encoder.body();
    assert_eq!((&json!(id), OpenAiResponses.recalled(&kept)), (&body["id"], body.clone()));
    body
}

fn events(stream: &str) -> Vec<Value> {
    let frames = stream.strip_suffix("\n\n").expect("the last frame is closed").split("\n\n");
    let event = |frame: &str| {
        let (name, data) = frame.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(json!(name.strip_prefix("event: ").unwrap()), data["type"]);
        data
    };
    frames.map(event).collect()
}

/// Reads a stream as the strictest client does and holds what it makes of it against the body of the same answer.
fn hold_stream_against_body(stream: &str, body: &Value) {
    let events = events(stream);
    let mut items: Vec<Value> = Vec::new();
    let mut open: Option<usize> = None;
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], json!(number), "the numbers have no gap");
        let kind = event["type"].as_str().unwrap();
        let is_last = ["response.completed", "response.incomplete", "response.failed"].contains(&kind);
        assert_eq!(is_last, number + 1 == events.len(), "exactly one event ends the stream: {kind}");
        match number {
            0 => assert_eq!(kind, "response.created"),
            1 => assert_eq!(kind, "response.in_progress"),
            _ => assert_ne!(kind, "response.created"),
        }
        let Some(index) = event["output_index"].as_u64().map(|index| index as usize) else { continue };
        match kind {
            "response.output_item.added" => {
                assert_eq!((index, open), (items.len(), None), "items follow one another");
                open = Some(index);
                items.push(event["item"].clone());
            }
            "response.output_item.done" => {
                assert_eq!(open.take(), Some(index));
                let mut built = items[index].clone();
                built["status"] = event["item"]["status"].clone();
                if built["type"] == "reasoning" {
                    built.as_object_mut().unwrap().remove("status");
                }
                if built["type"] == "web_search_call" {
                    built["action"] = event["item"]["action"].clone();
                }
                assert_eq!(built, event["item"], "the pieces are the whole");
                items[index] = built;
            }
            _ => {
                assert_eq!((open, &event["item_id"]), (Some(index), &items[index]["id"]));
                add(&mut items[index], kind, event);
            }
        }
    }
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["id"], events[0]["response"]["id"]);
    if response["status"] == "failed" {
        assert!(response["error"]["code"].is_string() && body["error"]["message"].is_string());
        return;
    }
    assert_eq!((open, response), (None, body));
    assert_eq!(json!(items), body["output"]);
}

/// Adds what the event `kind` brings to an item, as the SDKs do.
fn add(item: &mut Value, kind: &str, event: &Value) {
    match kind {
        "response.content_part.added" => push(&mut item["content"], &event["part"]),
        "response.reasoning_summary_part.added" => push(&mut item["summary"], &event["part"]),
        "response.output_text.delta" => append(&mut item["content"][0]["text"], &event["delta"]),
        "response.reasoning_summary_text.delta" => append(&mut item["summary"][0]["text"], &event["delta"]),
        "response.function_call_arguments.delta" => append(&mut item["arguments"], &event["delta"]),
        "response.custom_tool_call_input.delta" => append(&mut item["input"], &event["delta"]),
        "response.output_text.annotation.added" => {
            assert_eq!(event["annotation_index"], json!(item["content"][0]["annotations"].as_array().unwrap().len()));
            push(&mut item["content"][0]["annotations"], &event["annotation"]);
        }
        "response.output_text.done" => assert_eq!(item["content"][0]["text"], event["text"]),
        "response.reasoning_summary_text.done" => assert_eq!(item["summary"][0]["text"], event["text"]),
        "response.content_part.done" => assert_eq!(item["content"][0], event["part"]),
        "response.reasoning_summary_part.done" => assert_eq!(item["summary"][0], event["part"]),
        "response.function_call_arguments.done" => {
            assert_eq!((&item["arguments"], &item["name"]), (&event["arguments"], &event["name"]));
        }
        "response.custom_tool_call_input.done" => assert_eq!(item["input"], event["input"]),
        "response.web_search_call.in_progress"
        | "response.web_search_call.searching"
        | "response.web_search_call.completed" => assert_eq!(item["type"], "web_search_call"),
        other => panic!("no such event: {other}"),
    }
}

fn push(array: &mut Value, value: &Value) {
    array.as_array_mut().unwrap().push(value.clone());
}

fn append(text: &mut Value, more: &Value) {
    *text = json!(format!("{}{}", text.as_str().unwrap(), more.as_str().unwrap()));
}

/// Keeps what it is given.
#[derive(Default)]
struct Shelf(HashMap<String, Arc<Value>>);

impl Keeper for Shelf {
    fn get(&self, id: &str) -> Option<Arc<Value>> {
        self.0.get(id).cloned()
    }
}

impl Shelf {
    fn read(&self, id: &str, mut body: Value) -> Result<Request, TurnError> {
        body["model"] = json!("auto");
        let (body, catalogue) = (body.to_string(), Catalogue::default());
        let stamp = warp2api::dialect::Stamp { id: id.to_owned(), created: 1 };
        OpenAiResponses.read(Ask { kept: self, ..Ask::of(body.as_bytes(), stamp, &catalogue) })
    }

    /// Asks and keeps the answer if it is to be kept.
    fn answer(&mut self, id: &str, body: Value, answer: &[TurnEvent]) -> Value {
        let mut encoder = self.read(id, body).unwrap().encoder;
        answer.iter().for_each(|event| encoder.push(0, event, &mut Vec::new()));
        if let Some((id, kept)) = encoder.to_keep() {
            self.0.insert(id, Arc::new(kept));
        }
        encoder.body()
    }
}

fn call() -> TurnEvent {
    TurnEvent::ToolCall(ToolCall {
        id: "call_1".to_owned(),
        name: "n__f".to_owned(),
        arguments: json!({"a": 1}).as_object().unwrap().clone(),
    })
}

#[test]
fn a_conversation_goes_on_from_a_kept_answer() {
    let mut shelf = Shelf::default();
    let tools = json!([{"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}]);
    let thought = TurnEvent::Reasoning("Hm.".to_owned());
    let end = TurnEvent::Finished(StopReason::ToolCalls);
    let first = shelf.answer("one", json!({"input": "First", "tools": tools}), &[thought, call(), end]);
    let item = &first["output"][1];
    assert_eq!((&item["namespace"], &item["name"], &item["call_id"]), (&json!("n"), &json!("f"), &json!("call_1")));
    let result = json!([{"type": "function_call_output", "call_id": "call_1", "output": "2"}]);
    let second = json!({"input": result, "tools": tools, "previous_response_id": first["id"]});
    let text = [TurnEvent::Text("Done.".to_owned()), TurnEvent::Finished(StopReason::EndTurn)];
    let second = shelf.answer("two", second, &text);
    assert_eq!(second["previous_response_id"], first["id"]);
    shelf.0.remove("resp_one");
    let third = shelf.read("three", json!({"input": "Third", "tools": tools, "previous_response_id": "resp_two"}));
    let messages = third.unwrap().turn.messages;
    let kinds: Vec<&str> = messages
        .iter()
        .map(|message| match message {
            Message::System(_) => "system",
            Message::User(_) => "user",
            Message::Assistant(_) => "assistant",
            Message::ToolResult(_) => "result",
        })
        .collect();
    assert_eq!(kinds, ["user", "assistant", "result", "assistant", "user"]);
    let Message::Assistant(outputs) = &messages[1] else { panic!("{messages:?}") };
    assert!(matches!(&outputs[0], Output::Reasoning(text) if text == "Hm."));
    assert!(matches!(&outputs[1], Output::ToolCall(call) if call.name == "n__f" && call.id == "call_1"));
    let lost = shelf.read("four", json!({"input": "x", "previous_response_id": "resp_one"})).err().unwrap();
    let reply = OpenAiResponses.error(&lost, "request");
    assert_eq!((reply.status, &reply.body["error"]["param"]), (400, &json!("previous_response_id")));
}

#[test]
fn an_item_of_a_kept_answer_can_be_referred_to() {
    let mut shelf = Shelf::default();
    let first = shelf.answer("one", json!({"input": "First"}), &[call(), TurnEvent::Finished(StopReason::ToolCalls)]);
    let input = json!([
        {"role": "user", "content": "First"}, {"type": "item_reference", "id": first["output"][0]["id"]},
        {"type": "function_call_output", "call_id": "call_1", "output": "2"},
    ]);
    let request = shelf.read("two", json!({"input": input})).unwrap();
    assert_eq!(request.ignored, [""; 0]);
    assert!(matches!(&request.turn.messages[1], Message::Assistant(outputs) if outputs.len() == 1));
    // What is kept of the second answer does not need the first any more.
    shelf.answer("two", json!({"input": input}), &[TurnEvent::Finished(StopReason::EndTurn)]);
    shelf.0.remove("resp_one");
    let third = shelf.read("three", json!({"input": "x", "previous_response_id": "resp_two"})).unwrap();
    assert_eq!((third.turn.messages.len(), third.ignored.len()), (4, 0));
}

#[test]
fn nothing_is_kept_that_failed_or_that_the_client_does_not_want_kept() {
    let mut shelf = Shelf::default();
    let end = [TurnEvent::Finished(StopReason::EndTurn)];
    shelf.answer("one", json!({"input": "x", "store": false}), &end);
    let failed = TurnError::new(warp2api::turn::ErrorKind::Truncated, "Cut.");
    shelf.answer("two", json!({"input": "x", "stream": true}), &[TurnEvent::Failed(failed)]);
    assert!(shelf.0.is_empty());
    shelf.answer("three", json!({"input": "x", "stream": true}), &end);
    assert!(shelf.0.contains_key("resp_three"));
}

#[test]
fn a_stream_that_fails_before_anything_was_said_still_begins() {
    let mut encoder = request_for(&json!({}), true).encoder;
    let mut out = Vec::new();
    encoder.fail(&TurnError::new(warp2api::turn::ErrorKind::QuotaExhausted, "No credits."), &mut out);
    encoder.heartbeat(&mut out);
    let events = events(std::str::from_utf8(&out).unwrap());
    let kinds: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["response.created", "response.in_progress", "response.failed"]);
    assert_eq!(events[2]["response"]["error"], json!({"code": "insufficient_quota", "message": "No credits."}));
}

#[test]
fn input_sent_to_chat_is_answered_as_chat_and_custom_tools_get_their_text() {
    let ask = |stream: bool| {
        let body = json!({"model": "auto", "input": "Patch", "stream": stream, "tools": [{"type": "custom", "name": "patch"}]});
        OpenAiChat.read(Ask::of(body.to_string().as_bytes(), stamp(), &Catalogue::default())).unwrap().encoder
    };
    let arguments = json!({"input": "a \"b\""}).as_object().unwrap().clone();
    let call = ToolCall { id: "call_1".to_owned(), name: "patch".to_owned(), arguments };
    let events = [TurnEvent::ToolCall(call), TurnEvent::Finished(StopReason::ToolCalls)];
    let mut whole = ask(false);
    events.iter().for_each(|event| whole.push(0, event, &mut Vec::new()));
    let body = whole.body();
    assert_eq!(body["object"], "chat.completion");
    let expected = json!([{"id": "call_1", "type": "custom", "custom": {"name": "patch", "input": "a \"b\""}}]);
    assert_eq!(body["choices"][0]["message"]["tool_calls"], expected);
    let (mut streamed, mut out) = (ask(true), Vec::new());
    events.iter().for_each(|event| streamed.push(0, event, &mut out));
    let text = String::from_utf8(out).unwrap();
    let chunks =
        text.split("\n\n").filter_map(|frame| serde_json::from_str::<Value>(frame.strip_prefix("data: ")?).ok());
    let deltas: Vec<Value> = chunks.map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0].clone()).collect();
    let opened = json!({"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "patch", "input": ""}});
    let more = json!({"index": 0, "custom": {"input": "a \"b\""}});
    assert_eq!(deltas, [Value::Null, opened, more, Value::Null]);
}

#[test]
fn a_count_and_a_deletion_are_said_as_the_api_says_them() {
    assert_eq!(OpenAiResponses.count(7), json!({"object": "response.input_tokens", "input_tokens": 7}));
    let forgotten = json!({"id": "resp_1", "object": "response.deleted", "deleted": true});
    assert_eq!(OpenAiResponses.forgotten("resp_1"), forgotten);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::arbitrary::any::<Vec<u8>>()) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_json_makes_the_reader_panic(input in confused(), tools in confused(), choice in confused(), rest in confused()) {
        let mut body = json!({"model": "auto", "input": input, "tools": tools, "tool_choice": choice});
        if let Some(more) = rest.as_object() {
            body.as_object_mut().unwrap().extend(more.clone());
        }
        let body = body.to_string();
        if let Err(error) = read(body.as_bytes()) {
            assert_eq!(OpenAiResponses.error(&error, "request").status, 400, "{error}");
        }
        let _ = OpenAiChat.read(Ask::of(body.as_bytes(), stamp(), &Catalogue::default()));
    }

    #[test]
    fn no_item_makes_the_reader_panic(
        kind in "message|function_call|custom_tool_call|function_call_output|reasoning|item_reference|local_shell_call|x_output",
        item in confused(),
    ) {
        let mut item = item.as_object().cloned().unwrap_or_default();
        item.insert("type".to_owned(), json!(kind));
        let _ = read(json!({"model": "auto", "input": [item]}).to_string().as_bytes());
    }
}
