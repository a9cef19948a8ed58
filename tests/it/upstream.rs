//! The upstream's protocol against captures and golden vectors (`WARP-PROTOCOL.md` appendix A).

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use warp2api::{
    schema::{self, Schema},
    turn::{
        Content, Image, Limits, Message, Output, StopReason, Tool, ToolCall, ToolChoice, ToolResult, Turn, TurnError,
        TurnEvent,
    },
    upstream::{
        self, HistoryCarrier, McpForm, SystemCarrier,
        assemble::Assembler,
        entry::Call,
        event::Reader,
        request::{Builder, Built, Continued, Given, Past},
        transcript::{Transcriber, Transcript},
    },
};

const INIT: &str = "CggKAmMxEgJyMQ==";
const ADD_HEL: &str = "EhYKFBoSCgF0Eg0KAW0aBQoDSGVsWgF0";
const APPEND_LO: &str = "EioKKComCgwKAW0aBAoCbG9aAXQSEwoRYWdlbnRfb3V0cHV0LnRleHQaAXQ=";
const ADD_CALL: &str = "EjEKLxotCgF0EigKAm0yIh8KA3RjMWIYCgFmEhAKDgoBbhIJEQAAAAAAAAhAGgFTWgF0";
const DONE: &str = "GgISAA==";
const QUOTA: &str = "GgIiAA==";
const BEGIN: &str = "EgQKAkoA";
const ROLLBACK: &str = "EgQKAloA";
const COMMIT: &str = "EgQKAlIA";

fn wire(payload: &str) -> Bytes {
    URL_SAFE.decode(payload).expect("a golden vector is base64url").into()
}

fn event(json: &Value) -> Bytes {
    message("ResponseEvent", json)
}

fn message(kind: &str, json: &Value) -> Bytes {
    let kind = Schema::embedded().message(kind).expect("the schema has it");
    schema::encode(&schema::from_json(&kind, json).expect("the JSON fits")).into()
}

/// An assembler of an answer to a request that sent one empty task "t".
fn assembler() -> Assembler {
    let task = message("Task", &json!({"id": "t"}));
    Assembler::new(&Schema::embedded()).and_then(|own| own.with_sent(&[task])).expect("the schema is Warp's")
}

fn heard(assembler: &mut Assembler, events: impl IntoIterator<Item = Bytes>) -> Vec<TurnEvent> {
    let mut heard = Vec::new();
    for event in events {
        assembler.push(&event, &mut heard).expect("a well-formed event");
    }
    assembler.end(&mut heard);
    heard
}

/// The text that a client has at the end, and how the answer ended.
fn told(events: &[TurnEvent]) -> (String, Result<StopReason, TurnError>) {
    let texts = events.iter().filter_map(|event| match event {
        TurnEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let end = match events.last() {
        Some(TurnEvent::Finished(reason)) => Ok(reason.clone()),
        Some(TurnEvent::Failed(error)) => Err(error.clone()),
        other => panic!("the last event is {other:?}"),
    };
    (texts.collect(), end)
}

#[track_caller]
fn check_golden(payloads: &[&str], text: &str, end: Result<StopReason, warp2api::turn::ErrorKind>) -> Vec<TurnEvent> {
    let events = heard(&mut assembler(), payloads.iter().map(|payload| wire(payload)));
    let (told_text, told_end) = told(&events);
    assert_eq!((told_text.as_str(), told_end.map_err(|error| error.kind)), (text, end));
    events
}

#[test]
fn golden_event_sequences() {
    use warp2api::turn::ErrorKind;
    check_golden(&[INIT, ADD_HEL, APPEND_LO, DONE], "Hello", Ok(StopReason::EndTurn));
    check_golden(&[INIT, BEGIN, ADD_HEL, COMMIT, APPEND_LO, DONE], "Hello", Ok(StopReason::EndTurn));
    check_golden(&[INIT, ADD_HEL], "Hel", Err(ErrorKind::Truncated));
    check_golden(&[INIT, QUOTA], "", Err(ErrorKind::QuotaExhausted));
    let events = check_golden(&[INIT, ADD_CALL, DONE], "", Ok(StopReason::ToolCalls));
    let arguments = Map::from_iter([("n".to_owned(), json!(3))]);
    assert!(events.contains(&TurnEvent::ToolCall(ToolCall { id: "tc1".to_owned(), name: "f".to_owned(), arguments })));
}

#[test]
fn a_rollback_takes_the_text_out_of_the_tree_and_the_message_may_come_again() {
    let mut assembler = assembler();
    let events = heard(&mut assembler, [INIT, BEGIN, ADD_HEL, ROLLBACK, DONE].map(wire));
    assert_eq!(told(&events), ("Hel".to_owned(), Ok(StopReason::EndTurn)), "what was sent cannot be recalled");
    assert!(assembler.tree().tasks()[0].entries().is_empty());
}

fn says(id: &str, text: &str) -> Bytes {
    let message = json!({"id": id, "task_id": "t", "agent_output": {"text": text}});
    event(&json!({"client_actions": {"actions": [{"add_messages_to_task": {"task_id": "t", "messages": [message]}}]}}))
}

fn patch(action: &str, id: &str, text: &str) -> Bytes {
    let message = json!({"id": id, "task_id": "t", "agent_output": {"text": text}});
    let patch = json!({"task_id": "t", "message": message, "mask": "agentOutput.text"});
    event(&json!({"client_actions": {"actions": [{action: patch}]}}))
}

#[track_caller]
fn check_text(events: Vec<Bytes>, text: &str) {
    let mut all = vec![wire(INIT)];
    all.extend(events);
    all.push(wire(DONE));
    let heard = heard(&mut assembler(), all);
    assert_eq!(told(&heard), (text.to_owned(), Ok(StopReason::EndTurn)));
}

#[test]
fn what_replaces_text_that_was_rolled_back_is_sent_only_where_it_is_new() {
    let rolled_back = || vec![wire(BEGIN), says("1", "The answer"), wire(ROLLBACK), wire(BEGIN)];
    let with = |more: &[Bytes]| rolled_back().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>();
    check_text(with(&[says("2", "The answer is 42.")]), "The answer is 42.");
    check_text(
        with(&[says("2", "The "), patch("append_to_message_content", "2", "answer is 42.")]),
        "The answer is 42.",
    );
    check_text(with(&[says("2", "The"), patch("append_to_message_content", "2", " end.")]), "The answerend.");
    check_text(with(&[says("2", "The answer"), says("3", " twice")]), "The answer twice");
    let twice = [says("2", "The ans"), wire(ROLLBACK), says("3", "The answer!")];
    check_text(with(&twice), "The answer!");
}

#[test]
fn an_update_sends_only_what_is_new_and_a_full_copy_sends_nothing() {
    check_text(vec![says("1", "Hello"), patch("update_task_message", "1", "Hello world")], "Hello world");
    check_text(vec![says("1", "Hello"), patch("update_task_message", "1", "Hello")], "Hello");
    let opaque = json!({"id": "1", "task_id": "t", "agent_output": {"text": "Hello"}, "server_message_data": "GgA="});
    let update = json!({"task_id": "t", "message": opaque, "mask": "serverMessageData"});
    let copy = event(&json!({"client_actions": {"actions": [{"update_task_message": update}]}}));
    check_text(vec![says("1", "Hello"), copy], "Hello");
    check_text(vec![patch("update_task_message", "9", "new by upsert")], "new by upsert");
}

#[test]
fn an_action_that_cannot_be_applied_ends_its_event_but_not_the_answer() {
    let unknown = json!({"add_messages_to_task": {"task_id": "elsewhere", "messages": [{"id": "x"}]}});
    let late = json!({"add_messages_to_task": {"task_id": "t", "messages": [
        {"id": "2", "task_id": "t", "agent_output": {"text": "lost"}}]}});
    let broken = event(&json!({"client_actions": {"actions": [unknown, late]}}));
    let mut assembler = assembler();
    let events = heard(&mut assembler, [wire(INIT), says("1", "a"), broken, says("3", "b"), wire(DONE)]);
    assert_eq!(told(&events), ("ab".to_owned(), Ok(StopReason::EndTurn)));
    assert!(assembler.is_damaged(), "a tree that missed an action must not be sent back");
}

#[test]
fn messages_that_move_to_a_new_task_change_nothing_for_the_client_but_the_tree() {
    let order = json!({"source_task_id": "t", "new_task": {"id": "sub", "dependencies": {"parent_task_id": "t"}},
        "first_message_id": "1", "last_message_id": "2", "expected_message_count": 2,
        "replacement_messages": [{"id": "r", "task_id": "t", "summarization": {"conversation_summary": {"summary": "s"}}}]});
    let moved = event(&json!({"client_actions": {"actions": [{"move_messages_to_new_task": order}]}}));
    let mut own = assembler();
    let events = heard(
        &mut own,
        [wire(INIT), says("1", "a"), says("2", "b"), says("3", "c"), moved, says("4", "d"), wire(DONE)],
    );
    assert_eq!(told(&events).0, "abcd");
    let ids =
        |task: usize| own.tree().tasks()[task].entries().iter().map(|entry| entry.id().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (ids(0), ids(1)),
        (vec!["r".to_owned(), "3".to_owned(), "4".to_owned()], vec!["1".to_owned(), "2".to_owned()])
    );
    let wrong = json!({"source_task_id": "t", "new_task": {"id": "sub"}, "first_message_id": "1", "last_message_id": "1",
        "expected_message_count": 2});
    let wrong = event(&json!({"client_actions": {"actions": [{"move_messages_to_new_task": wrong}]}}));
    let mut own = assembler();
    heard(&mut own, [wire(INIT), says("1", "a"), wrong, wire(DONE)]);
    assert!(own.is_damaged());
    assert_eq!(own.tree().tasks().len(), 1, "a refused move leaves no task behind");
}

#[test]
fn tasks_go_back_as_the_bytes_they_came_in() {
    // Field 1000 is unknown to the schema, and the message's fields are not in canonical order.
    let odd = [b"\x5a\x01t\x0a\x01m".as_slice(), b"\xc2\x3e\x03new", b"\x1a\x03\x0a\x01x"].concat();
    let mut task = vec![0x0a, 0x01, b't', 0x2a, u8::try_from(odd.len()).unwrap()];
    task.extend_from_slice(&odd);
    let task = Bytes::from([task.as_slice(), b"\x42\x01d", b"\xc2\x3e\x01u"].concat());
    let reader = Reader::new(&Schema::embedded()).unwrap();
    let mut own = Assembler::with_reader(reader).with_sent(std::slice::from_ref(&task)).unwrap();
    assert_eq!(own.tree().active_tasks(), [task.clone()]);
    heard(&mut own, [wire(INIT), says("2", "more"), wire(DONE)]);
    let sent = own.tree().active_tasks();
    assert!(sent[0].windows(odd.len()).any(|window| window == odd), "the message is as it came");
    assert!(sent[0].ends_with(b"\x42\x01d\xc2\x3e\x01u"), "and so is what follows the messages");
}

#[test]
fn a_subtask_is_sent_back_until_its_call_has_a_result() {
    let call = json!({"id": "c", "task_id": "t", "tool_call": {"tool_call_id": "sc", "subagent": {"task_id": "sub"}}});
    let sub = json!({"create_task": {"task": {"id": "sub", "dependencies": {"parent_task_id": "t"}}}});
    let add = |message: Value| json!({"add_messages_to_task": {"task_id": "t", "messages": [message]}});
    let begun = event(&json!({"client_actions": {"actions": [add(call), sub]}}));
    let mut own = assembler();
    let mut out = Vec::new();
    own.push(&begun, &mut out).unwrap();
    assert_eq!(own.tree().active_tasks().len(), 2);
    let result = json!({"id": "r", "task_id": "t", "tool_call_result": {"tool_call_id": "sc", "subagent": {}}});
    own.push(&event(&json!({"client_actions": {"actions": [add(result)]}})), &mut out).unwrap();
    assert_eq!(own.tree().active_tasks().len(), 1);
}

fn transcript(bytes: &[u8], size: usize) -> Transcript {
    let mut transcriber = Transcriber::new(&Schema::embedded()).unwrap();
    let mut heard = Vec::new();
    for chunk in bytes.chunks(size) {
        transcriber.push(&Bytes::copy_from_slice(chunk), &mut heard).unwrap();
    }
    transcriber.end(&mut heard).unwrap();
    transcriber.so_far()
}

fn as_json(transcript: &Transcript) -> Value {
    let calls = transcript.tool_calls.iter();
    let calls = calls.map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}));
    let usage =
        transcript.usage.map(|usage| json!({"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}));
    let counts = |counts: &upstream::transcript::Counts| {
        Value::Object(counts.iter().map(|(name, count)| (name.to_owned(), json!(count))).collect())
    };
    json!({
        "conversation_id": transcript.conversation_id, "request_id": transcript.request_id, "run_id": transcript.run_id,
        "text": transcript.text, "reasoning": transcript.reasoning, "tool_calls": calls.collect::<Vec<_>>(),
        "server_tool_payloads": transcript.server_tool_payloads, "finish_reason": transcript.finish_reason,
        "usage": usage, "events": counts(&transcript.events), "actions": counts(&transcript.actions),
        "complete": transcript.complete,
    })
}

#[test]
fn every_capture_parses_to_its_answer_however_it_is_cut() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|kind| kind != "sse") {
            continue;
        }
        seen += 1;
        let expected: Value = serde_json::from_slice(&fs::read(file.with_extension("json")).unwrap()).unwrap();
        let bytes = fs::read(&file).unwrap();
        for size in [bytes.len(), 1, 7] {
            let found = as_json(&transcript(&bytes, size));
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(&found[key], value, "{key} of {} in pieces of {size}", file.display());
            }
        }
    }
    assert!(seen >= 28, "only {seen} captures were found");
}
