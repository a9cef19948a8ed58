//! The upstream's protocol against captures and golden vectors (`WARP-PROTOCOL.md` appendix A).

use std::{fs, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use warp2api::{
    schema::{self, Schema},
    turn::{
        Content, Image, Message, Output, Page, StopReason, Tool, ToolCall, ToolChoice, ToolResult, Turn, TurnError,
        TurnEvent, WebSearch,
    },
    upstream::{
        self, HistoryCarrier, McpForm, SystemCarrier,
        assemble::Assembler,
        entry::Call,
        event::Reader,
        request::{Builder, Built, Continued, Given, Past},
        transcript::Transcript,
    },
};

use crate::common::transcribed;

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
    assert_eq!(own.tree().active_tasks(), std::slice::from_ref(&task));
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

fn actions(actions: &[Value]) -> Bytes {
    event(&json!({"client_actions": {"actions": actions}}))
}

fn added(task: &str, message: &Value) -> Value {
    json!({"add_messages_to_task": {"task_id": task, "messages": [message]}})
}

fn search(id: &str, task: &str, status: &Value) -> Value {
    json!({"id": id, "task_id": task, "web_search": {"status": status}})
}

/// The next status of the search `id`, as the upstream sends it.
fn search_becomes(id: &str, task: &str, status: &Value) -> Value {
    json!({"update_task_message": {"task_id": task, "message": search(id, task, status), "mask": "web_search.status"}})
}

fn searching(query: &str) -> Value {
    json!({"searching": {"query": query}})
}

fn success(query: &str, pages: &[(&str, &str)]) -> Value {
    let pages: Vec<Value> = pages.iter().map(|(url, title)| json!({"url": url, "title": title})).collect();
    json!({"success": {"query": query, "pages": pages}})
}

fn pages(pages: &[(&str, &str)]) -> Vec<Page> {
    pages.iter().map(|(url, title)| Page { url: (*url).to_owned(), title: (*title).to_owned() }).collect()
}

fn searched(id: &str, query: &str, pages: Option<Vec<Page>>) -> TurnEvent {
    TurnEvent::WebSearch(WebSearch { id: id.to_owned(), query: query.to_owned(), pages })
}

fn text(text: &str) -> TurnEvent {
    TurnEvent::Text(text.to_owned())
}

/// What a user hears of `actions`, each in an event of its own, between the beginning and the end of an answer.
fn heard_of(own: &mut Assembler, all: &[Value]) -> Vec<TurnEvent> {
    let events = all.iter().map(|action| actions(std::slice::from_ref(action)));
    let events = [wire(INIT)].into_iter().chain(events).chain([wire(DONE)]);
    let heard = heard(own, events);
    assert!(!own.is_damaged(), "{:?}", own.problems());
    heard.into_iter().filter(|event| !matches!(event, TurnEvent::Started { .. } | TurnEvent::Usage(_))).collect()
}

#[test]
fn a_search_is_told_once_when_it_is_over_and_where_it_stands() {
    let found = success("rust 2024", &[("https://a.example/", "A"), ("https://b.example/", "")]);
    let events = heard_of(
        &mut assembler(),
        &[
            added("t", &json!({"id": "1", "task_id": "t", "agent_output": {"text": "Let me look. "}})),
            added("t", &search("s1", "t", &searching("rust"))),
            search_becomes("s1", "t", &searching("rust 2024")),
            search_becomes("s1", "t", &found),
            search_becomes("s1", "t", &found),
            added("t", &search("s2", "t", &searching("gone"))),
            added("t", &json!({"id": "2", "task_id": "t", "agent_output": {"text": "Found."}})),
            search_becomes("s2", "t", &json!({"error": {}})),
            // A search may come complete, and without saying its words again.
            added("t", &search("s3", "t", &success("at once", &[]))),
            added("t", &search("s4", "t", &searching("said before"))),
            search_becomes("s4", "t", &json!({"success": {"pages": []}})),
            added("t", &search("s5", "t", &searching("never over"))),
            added("t", &search("s6", "t", &json!({}))),
        ],
    );
    let expected = [
        text("Let me look. "),
        searched("s1", "rust 2024", Some(pages(&[("https://a.example/", "A"), ("https://b.example/", "")]))),
        text("Found."),
        searched("s2", "gone", None),
        searched("s3", "at once", Some(Vec::new())),
        searched("s4", "said before", Some(Vec::new())),
        TurnEvent::Finished(StopReason::EndTurn),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_subtask_searches_too_but_a_fetch_is_no_search_and_what_was_sent_is_not_told() {
    let old = search("old", "t", &searching("before"));
    let task = message("Task", &json!({"id": "t", "messages": [old]}));
    let mut own = Assembler::new(&Schema::embedded()).unwrap().with_sent(&[task]).unwrap();
    let inside = search("in", "sub", &success("inside", &[]));
    let sub = json!({"id": "sub", "dependencies": {"parent_task_id": "t"}, "messages": [inside]});
    let fetch = json!({"id": "f", "task_id": "t", "web_fetch": {"status": {"success": {"pages": [{"url": "u"}]}}}});
    let events = heard_of(
        &mut own,
        &[
            search_becomes("old", "t", &success("before", &[])),
            json!({"create_task": {"task": sub}}),
            added("sub", &search("s", "sub", &searching("more"))),
            search_becomes("s", "sub", &success("more", &[])),
            added("t", &fetch),
        ],
    );
    let expected = [
        searched("in", "inside", Some(Vec::new())),
        searched("s", "more", Some(Vec::new())),
        TurnEvent::Finished(StopReason::EndTurn),
    ];
    assert_eq!(events, expected);
}

fn cites(id: &str, citations: &[(&str, &str)]) -> Value {
    let list: Vec<Value> =
        citations.iter().map(|(id, kind)| json!({"document_id": id, "document_type": kind})).collect();
    json!({"id": id, "task_id": "t", "agent_output": {"text": id}, "citations": list})
}

#[test]
fn the_pages_that_the_answer_rests_on_come_once_before_its_calls() {
    let (a, b, c, d) = ("https://a.example/", "https://b.example/", "https://c.example/", "https://d.example/");
    let before = cites("x", &[("https://old.example/", "WEB_PAGE")]);
    let earlier = search("old", "t", &success("q", &[(d, "D, found earlier")]));
    let task = message("Task", &json!({"id": "t", "messages": [before, earlier]}));
    let mut own = Assembler::new(&Schema::embedded()).unwrap().with_sent(&[task]).unwrap();
    let fetched = json!({"success": {"pages": [{"url": c, "title": "C", "success": true}]}});
    let call = json!({"tool_call_id": "tc", "call_mcp_tool": {"name": "f"}});
    let sub = json!({"id": "sub", "dependencies": {"parent_task_id": "t"}, "messages": [
        cites("y", &[("https://sub.example/", "WEB_PAGE")])]});
    let late = json!({"update_task_message": {"task_id": "t", "mask": "citations",
        "message": cites("1", &[(b, "WEB_PAGE"), ("rule", "RULE"), (a, "WEB_PAGE"), (b, "WEB_PAGE")])}});
    let mut events = heard_of(
        &mut own,
        &[
            added("t", &search("s", "t", &success("q", &[(a, "A"), (a, "A again")]))),
            added("t", &json!({"id": "f", "task_id": "t", "web_fetch": {"status": fetched}})),
            added("t", &cites("1", &[])),
            late,
            added("t", &json!({"id": "c", "task_id": "t", "tool_call": call})),
            json!({"create_task": {"task": sub}}),
            added("t", &cites("2", &[(a, "WEB_PAGE"), (c, "WEB_PAGE"), ("", "WEB_PAGE"), (d, "WEB_PAGE")])),
        ],
    );
    let call = TurnEvent::ToolCall(ToolCall { id: "tc".to_owned(), name: "f".to_owned(), arguments: Map::new() });
    let cited = pages(&[(b, ""), (a, "A"), (c, "C"), (d, "D, found earlier")]);
    let tail = events.split_off(3);
    assert_eq!(tail, [TurnEvent::Citations(cited), call, TurnEvent::Finished(StopReason::ToolCalls)]);
    assert!(matches!(&events[0], TurnEvent::WebSearch(search) if search.id == "s"), "{:?}", events[0]);
    assert_eq!(events[1..], [text("1"), text("2")]);
}

#[test]
fn what_was_taken_back_or_failed_cites_nothing() {
    let page = added("t", &cites("1", &[("https://a.example/", "WEB_PAGE")]));
    let mut own = assembler();
    let events =
        heard(&mut own, [wire(INIT), wire(BEGIN), actions(std::slice::from_ref(&page)), wire(ROLLBACK), wire(DONE)]);
    assert!(!events.iter().any(|event| matches!(event, TurnEvent::Citations(_))), "{events:?}");
    let events = heard(&mut assembler(), [wire(INIT), actions(&[page]), wire(QUOTA)]);
    assert!(matches!(events.last(), Some(TurnEvent::Failed(_))));
    assert!(!events.iter().any(|event| matches!(event, TurnEvent::Citations(_))), "{events:?}");
}

fn transcript(bytes: &[u8], size: usize) -> Transcript {
    transcribed(bytes.chunks(size)).0
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

/// A builder, and what it makes of `turn`, as JSON with snake_case names.
fn built(turn: &Turn, past: &Past, config: &upstream::Config) -> (Built, Value) {
    let mut ids = 0;
    let mut new_id = || {
        ids += 1;
        format!("id{ids}")
    };
    let given = Given { now: "2023-11-14T22:13:20Z", new_id: &mut new_id };
    let built =
        Builder::new(Schema::embedded(), config).build(turn, past, given).expect("the turn has a place on the wire");
    let json = decoded(&built);
    (built, json)
}

fn decoded(built: &Built) -> Value {
    let request = Schema::embedded().message("Request").unwrap();
    schema::to_json(&schema::decode(&request, &built.body).unwrap())
}

fn config() -> upstream::Config {
    upstream::Config::new("http://127.0.0.1:1")
}

fn user(text: &str) -> Message {
    Message::User(vec![Content::Text(text.to_owned())])
}

fn turn(messages: Vec<Message>) -> Turn {
    Turn { model: "auto".to_owned(), messages, parallel_tool_calls: true, ..Turn::default() }
}

fn call(id: &str, arguments: Value) -> Output {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    Output::ToolCall(ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments })
}

fn result(id: &str, content: Vec<Content>, is_error: bool) -> Message {
    Message::ToolResult(ToolResult { call_id: id.to_owned(), content, is_error })
}

fn tool(name: &str) -> Tool {
    let Value::Object(input_schema) = json!({"type": "object"}) else { panic!("an object") };
    Tool { name: name.to_owned(), description: String::new(), input_schema }
}

#[test]
fn a_first_turn_is_golden_vector_1() {
    let (built, _) = built(&turn(vec![user("hi")]), &Past::Replayed, &config());
    let hex: String = built.body.iter().map(|byte| format!("{byte:02x}")).collect();
    let golden = "0a0012180a0822060880e2cfaa06320c0a0a0a080a0268691a0020011a100a060a046175746f20014a0109880101";
    assert_eq!(hex, golden);
}

#[test]
fn history_becomes_the_messages_of_a_task_and_what_is_asked_now_the_input() {
    let said = Message::Assistant(vec![
        Output::Reasoning("hm".to_owned()),
        Output::Text("Let me see.".to_owned()),
        call("c1", json!({"n": 1})),
        call("c2", json!({})),
    ]);
    let picture = Content::Image(Image { mime_type: "image/png".to_owned(), data: Bytes::from_static(b"\x89PNG") });
    let image = json!({"data": "aVZCT1J3PT0=", "mime_type": "image/png"});
    let messages = vec![
        Message::User(vec![Content::Text("a".to_owned()), picture.clone()]),
        said,
        result("c1", vec![Content::Text("42".to_owned()), picture], false),
        result("c2", vec![Content::Text("boom".to_owned())], true),
        user("and now?"),
    ];
    let (_, json) = built(&turn(messages), &Past::Replayed, &config());
    assert_eq!(
        json["task_context"],
        json!({"tasks": [{"id": "id1", "messages": [
            {"id": "id2", "task_id": "id1", "user_query": {"query": "a", "context": {"images": [image]}, "mode": {},
                "intended_agent": "AGENT_TYPE_PRIMARY"}},
            {"id": "id3", "task_id": "id1", "agent_output": {"text": "Let me see."}},
            {"id": "id4", "task_id": "id1",
                "tool_call": {"tool_call_id": "c1", "call_mcp_tool": {"name": "f", "args": {"n": 1}}}},
            {"id": "id5", "task_id": "id1", "tool_call": {"tool_call_id": "c2", "call_mcp_tool": {"name": "f", "args": {}}}},
        ]}]})
    );
    let success = json!({"success": {"results": [{"text": {"text": "42"}}, {"image": image}]}});
    assert_eq!(
        json["input"]["user_inputs"]["inputs"],
        json!([
            {"tool_call_result": {"tool_call_id": "c1", "call_mcp_tool": success}},
            {"tool_call_result": {"tool_call_id": "c2", "call_mcp_tool": {"error": {"message": "boom"}}}},
            {"user_query": {"query": "and now?", "mode": {}, "intended_agent": "AGENT_TYPE_PRIMARY"}},
        ])
    );
    assert_eq!(json["metadata"], Value::Null);
}

#[test]
fn history_may_be_told_as_one_text() {
    let messages =
        vec![user("a"), Message::Assistant(vec![call("c1", json!({"n": 1}))]), result("c1", Vec::new(), false)];
    let flat = upstream::Config { history: HistoryCarrier::Flatten, ..config() };
    let (built, json) = built(&turn(messages), &Past::Replayed, &flat);
    assert!(built.tasks.is_empty());
    let query = json["input"]["user_inputs"]["inputs"][0]["user_query"]["query"].as_str().unwrap();
    for part in ["User: a", "called the tool f (call c1) with {\"n\":1}", "Result of call c1: "] {
        assert!(query.contains(part), "{query}");
    }
}

#[test]
fn system_text_goes_where_the_configuration_says() {
    let mut asked = turn(vec![user("hi")]);
    asked.instructions = vec!["be brief".to_owned(), "be kind".to_owned()];
    let with =
        |system_prompt, turn: &Turn| built(turn, &Past::Replayed, &upstream::Config { system_prompt, ..config() }).1;
    let rules = json!([{"root_path": "/", "active_rule_files": [{"file_path": "AGENTS.md", "content": "be brief\n\nbe kind"}]}]);
    assert_eq!(with(SystemCarrier::ProjectRules, &asked)["input"]["context"]["project_rules"], rules);
    let query = |json: Value| json["input"]["user_inputs"]["inputs"][0]["user_query"].clone();
    let attached = json!({"SYSTEM_PROMPT": {"plain_text": "be brief\n\nbe kind"}});
    assert_eq!(query(with(SystemCarrier::Attachment, &asked))["referenced_attachments"], attached);
    assert_eq!(query(with(SystemCarrier::Query, &asked))["query"], "be brief\n\nbe kind\n\nhi");
    // With history, it goes to the first thing that the user said; with nothing of the user's, to the rules.
    asked.messages = vec![user("hi"), Message::Assistant(vec![Output::Text("yes?".to_owned())]), user("go on")];
    let first = with(SystemCarrier::Attachment, &asked)["task_context"]["tasks"][0]["messages"][0].clone();
    assert_eq!(first["user_query"]["referenced_attachments"], attached);
    asked.messages = vec![Message::Assistant(vec![call("c", json!({}))]), result("c", Vec::new(), false)];
    assert_eq!(with(SystemCarrier::Query, &asked)["input"]["context"]["project_rules"], rules);
}

#[test]
fn tools_travel_as_one_mcp_server_and_the_choice_among_them_as_words() {
    let mut asked = turn(vec![user("hi")]);
    asked.tools = vec![tool("f"), tool("g")];
    let names = |json: &Value| {
        let tools = json["mcp_context"]["servers"][0]["tools"].as_array().cloned().unwrap_or_default();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let rules = |json: &Value| json["input"]["context"]["project_rules"].to_string();
    let json = built(&asked, &Past::Replayed, &config()).1;
    assert_eq!(names(&json), ["f", "g"]);
    assert_eq!(json["settings"]["supported_tools"], json!(["CALL_MCP_TOOL"]));
    let flat = built(&asked, &Past::Replayed, &upstream::Config { mcp_form: McpForm::Flat, ..config() }).1;
    assert_eq!(flat["mcp_context"]["tools"].as_array().map(Vec::len), Some(2));
    asked.tool_choice = ToolChoice::Tool("g".to_owned());
    let json = built(&asked, &Past::Replayed, &config()).1;
    assert_eq!(names(&json), ["g"]);
    assert!(rules(&json).contains("must answer by calling"), "{json}");
    asked.tool_choice = ToolChoice::None;
    let json = built(&asked, &Past::Replayed, &config()).1;
    assert_eq!(
        (json["mcp_context"].clone(), json["input"]["context"]["project_rules"].clone()),
        (Value::Null, Value::Null)
    );
    assert_eq!(json["settings"]["supported_tools"], json!(["CALL_MCP_TOOL"]), "an empty list would allow every tool");
}

#[test]
fn a_continued_conversation_goes_back_with_its_id_and_the_very_tasks() {
    let task = Bytes::from_static(b"\x0a\x01t\x2a\x05\xc2\x3e\x02ab");
    let past = Continued { conversation_id: "C".to_owned(), tasks: vec![task.clone()], ..Continued::default() };
    let messages = vec![user("a"), Message::Assistant(vec![Output::Text("b".to_owned())]), user("c")];
    let (made, json) = built(&turn(messages), &Past::Continued(past.clone()), &config());
    assert!(made.body.starts_with(&[&[0x0a, 0x0c, 0x0a, 0x0a], task.as_ref()].concat()));
    assert_eq!(json["metadata"], json!({"conversation_id": "C"}));
    assert_eq!(json["input"]["user_inputs"]["inputs"][0]["user_query"]["query"], "c");
    let calls = [
        Call::Client { id: "1".to_owned(), name: "nope".to_owned(), arguments: Map::new() },
        Call::BuiltIn { id: "2".to_owned(), tool: "read_files".to_owned() },
        Call::BuiltIn { id: "3".to_owned(), tool: "grep".to_owned() },
    ];
    let builder = Builder::new(Schema::embedded(), &config());
    let refused = decoded(&builder.refuse(&turn(vec![user("a")]), past, &calls, "2023-11-14T22:13:20Z").unwrap());
    let inputs = refused["input"]["user_inputs"]["inputs"].as_array().unwrap();
    let answered: Vec<_> = inputs.iter().map(|input| input["tool_call_result"]["tool_call_id"].clone()).collect();
    assert_eq!(answered, ["1", "2", "3"]);
    assert!(inputs[0].to_string().contains("not available"), "{refused}");
    assert!(
        inputs[1]["tool_call_result"]["read_files"]["error"]["message"].as_str().unwrap().contains("not available")
    );
}

#[test]
fn pictures_without_words_are_still_a_question() {
    let picture = Content::Image(Image { mime_type: "image/gif".to_owned(), data: Bytes::from_static(b"GIF8") });
    let (_, json) = built(&turn(vec![Message::User(vec![picture])]), &Past::Replayed, &config());
    assert_eq!(json["input"]["context"]["images"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["input"]["user_inputs"]["inputs"][0]["user_query"]["query"], "(see what is attached)");
}

/// Every random event of the vectors, which make no sense together, and random bytes: whatever comes, nothing panics,
/// and the tree can be sent back.
#[test]
fn events_that_make_no_sense_do_no_harm() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vectors/ResponseEvent.jsonl");
    let lines = fs::read_to_string(path).unwrap();
    let mut own = Assembler::new(&Schema::embedded()).unwrap().adopting();
    let reader = Reader::new(&Schema::embedded()).unwrap();
    let (mut heard, mut seen) = (Vec::new(), 0);
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let wire = STANDARD.decode(vector["base64"].as_str().unwrap()).unwrap();
        for length in 0..wire.len() {
            let _ = own.push(&wire[..length], &mut heard);
        }
        let mut fresh = Assembler::with_reader(reader.clone()).adopting();
        for own in [&mut own, &mut fresh] {
            own.push(&wire, &mut heard).expect("a vector is well-formed");
            for task in own.tree().active_tasks() {
                reader.read_task(&task).expect("a task goes back well-formed");
            }
        }
        seen += 1;
    }
    assert!(seen >= 60, "only {seen} vectors were found");
}
