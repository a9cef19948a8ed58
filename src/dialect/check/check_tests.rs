//! Every rule has a stream or a body that breaks it and nothing else on purpose, made from a good one by one change.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::dialect::check::{Broken, Heard, Report, body, refusal, stream};

/// Which rules `report` says are broken, with their events.
fn broken(report: &Report) -> Vec<(usize, &'static str)> {
    report.broken.iter().map(|Broken { event, rule, .. }| (*event, *rule)).collect()
}

/// A change of a good stream or body: what is replaced, by what, the event that then breaks a rule, and the rule.
type Change = (&'static str, &'static str, usize, &'static str);

/// Makes each change to `good`, alone, and holds what `read` finds against what the change says.
fn hold(good: &str, changes: &[Change], read: impl Fn(&str) -> Report) {
    assert_eq!(broken(&read(good)), [], "{good}");
    for (from, to, event, rule) in changes {
        assert!(good.contains(from), "{from} is not in {good}");
        let found = broken(&read(&good.replacen(from, to, 1)));
        assert!(found.contains(&(*event, rule)), "{from} → {to}: {found:?}, and not {rule} in {event}");
    }
}

fn hold_stream(dialect: &str, good: &str, changes: &[Change]) {
    hold(good, changes, |text| stream(dialect, text).unwrap());
}

fn hold_body(dialect: &str, good: &Value, changes: &[Change]) {
    hold(&good.to_string(), changes, |text| body(dialect, &serde_json::from_str(text).unwrap()).unwrap());
}

/// A stream of events without names.
fn plain(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// A stream of events that are named like their types.
fn named(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn chat_chunk(delta: Value, reason: Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
           "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
}

fn chat_usage() -> Value {
    json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
           "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}})
}

/// Thinking, text, two calls, the usage.
fn chat() -> String {
    let calls = |calls: Value| chat_chunk(json!({ "tool_calls": calls }), Value::Null);
    let mut last = chat_chunk(Value::Null, Value::Null);
    last["choices"] = json!([]);
    last["usage"] = chat_usage();
    let begun = |index: usize, id: &str| {
        calls(json!([{"index": index, "id": id, "type": "function", "function": {"name": "add", "arguments": ""}}]))
    };
    let more = |index: usize| calls(json!([{"index": index, "function": {"arguments": "{}"}}]));
    plain(&[
        chat_chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chat_chunk(json!({"reasoning_content": "hm"}), Value::Null),
        chat_chunk(json!({"content": "hi"}), Value::Null),
        begun(0, "c"),
        more(0),
        begun(1, "d"),
        more(1),
        chat_chunk(json!({}), json!("tool_calls")),
        last,
    ]) + "data: [DONE]\n\n"
}

const CHAT: [Change; 40] = [
    // Framing, the same for all.
    ("\n\ndata: [DONE]", "\ndata: [DONE]", 9, "an event is one line of data"),
    ("data: [DONE]", "event: x\n\ndata: [DONE]", 10, "an event is one line of data"),
    ("data: [DONE]", "id: 1\ndata: [DONE]", 10, "an event has no lines but its name and its data"),
    ("data: [DONE]", "retry: 1\ndata: [DONE]", 10, "an event has no lines but its name and its data"),
    ("data: [DONE]\n\n", "data: [DONE]\n", 10, "a blank line ends the last event"),
    ("\"hi\"", "\"h\u{2028}i\"", 3, "what some clients end a line at is escaped"),
    ("\"hi\"", "\"h\ri\"", 3, "JSON is whole"),
    // The dialect's own.
    ("data: [DONE]", "event: x\ndata: [DONE]", 10, "events have no names"),
    ("data: [DONE]", "event: x\nevent: x\ndata: [DONE]", 10, "an event has one name"),
    ("data: [DONE]\n\n", "", 9, "a stream has an end"),
    ("data: [DONE]\n\n", "data: [DONE]\n\ndata: [DONE]\n\n", 11, "nothing comes after the end"),
    ("\"role\":\"assistant\",", "", 1, "the first delta of a choice has the role, and no other"),
    ("{\"content\":\"hi\"", "{\"role\":\"assistant\",\"content\":\"hi\"", 3, ROLE),
    (",\"content\":\"\"", "", 1, "the first delta of a choice has text, be it empty"),
    ("\"id\":\"chatcmpl-1\"", "\"id\":\"1\"", 1, "an id has the form of its kind"),
    ("\"created\":1", "\"created\":2", 2, "all chunks are of one answer"),
    ("\"created\":1", "\"created\":\"1\"", 1, "an answer has its time and its model"),
    ("\"object\":\"chat.completion.chunk\",", "", 1, "a chunk says that it is one"),
    ("data: [DONE]", "data: {}\n\ndata: [DONE]", 10, "a chunk says that it is one"),
    ("\"delta\":{\"content\":\"hi\"}", "\"delta\":null", 3, "a choice has a delta"),
    ("\"index\":0,\"delta\"", "\"delta\"", 1, "a choice has its index"),
    ("\"content\":\"hi\"", "\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]", 3, "what clients read as text is text"),
    ("\"hm\"", "1", 2, "what clients read as text is text"),
    ("\"tool_calls\":[{\"index\":0,\"function\"", "\"tool_calls\":{},\"x\":[{\"index\":0,\"function\"", 5, LIST),
    ("{\"index\":0,\"id\":\"c\"", "{\"index\":1,\"id\":\"c\"", 4, "calls are numbered without gaps"),
    ("{\"index\":1,\"id\":\"d\"", "{\"index\":0,\"id\":\"d\"", 6, "calls are numbered without gaps"),
    ("{\"index\":1,\"function\"", "{\"function\"", 7, "calls are numbered without gaps"),
    ("{\"index\":1,\"function\"", "{\"index\":1,\"id\":\"d\",\"function\"", 7, "calls are numbered without gaps"),
    ("\"type\":\"function\",", "", 4, "a call says that it is one of a function"),
    ("{\"index\":0,\"function\":{", "{\"index\":0,\"function\":{\"name\":\"add\",", 5, "a call is named once"),
    ("{\"index\":0,\"function\"", "{\"index\":0,\"type\":\"function\",\"function\"", 5, "a call is named once"),
    ("\"id\":\"d\"", "\"id\":\"c\"", 10, "every call has an id of its own"),
    ("\"name\":\"add\"", "\"name\":\"\"", 10, "every call names its tool"),
    ("\"arguments\":\"{}\"", "\"arguments\":\"[]\"", 10, "a call's arguments are a whole JSON object"),
    ("\"finish_reason\":null", "\"x\":null", 1, "a choice says whether it has ended"),
    ("\"tool_calls\"}]", "\"stop\"}]", 8, "the reason is tool_calls exactly when there are calls"),
    ("\"tool_calls\"}]", "\"end_turn\"}]", 8, "the reason is one that clients know"),
    ("\"tool_calls\"}]", "null}]", 10, "every choice has a reason before [DONE]"),
    ("\"delta\":{},", "\"delta\":{\"content\":\"x\"},", 8, "the reason comes with nothing else"),
    (
        "\"hm\"},\"finish_reason\":null",
        "\"hm\"},\"finish_reason\":\"stop\"",
        3,
        "nothing of a choice comes after its reason",
    ),
];

const ROLE: &str = "the first delta of a choice has the role, and no other";
const LIST: &str = "what clients go through is a list";
const PART: &str = "a part of a count is not more than the count";

const CHAT_USAGE: [Change; 5] = [
    ("\"total_tokens\":3", "\"total_tokens\":4", 9, "a total is the sum of its parts"),
    ("\"prompt_tokens\":1,", "", 9, "a usage has its two counts and their total"),
    ("\"cached_tokens\":0", "\"cached_tokens\":2", 9, PART),
    (
        "\"choices\":[],",
        "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":null}],",
        9,
        "the usage has a chunk of its own",
    ),
    (
        "data: [DONE]",
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[]}\n\n\
         data: [DONE]",
        10,
        "the usage comes last",
    ),
];

const CHAT_ERROR: [Change; 2] = [
    ("\"code\":null", "\"x\":null", 2, "an error has a message, a type, a param and a code"),
    ("\"message\":\"x\"", "\"message\":{}", 2, "an error has a message, a type, a param and a code"),
];

#[test]
fn deviations_of_chat_completions_are_found() {
    hold_stream("openai_chat", &chat(), &CHAT);
    hold_stream("openai_chat", &chat(), &CHAT_USAGE);
    let error = json!({"error": {"message": "x", "type": "server_error", "param": null, "code": null}});
    let begun = chat_chunk(json!({"role": "assistant", "content": ""}), Value::Null);
    hold_stream("openai_chat", &plain(&[begun, error.clone()]), &CHAT_ERROR);
    let late = chat().replace("data: [DONE]\n\n", "") + &plain(&[error]);
    let found = broken(&stream("openai_chat", &late).unwrap());
    assert!(found.contains(&(10, "an error comes instead of a usage")), "{found:?}");
}

/// A call of a tool that takes text and not JSON is one too.
#[test]
fn custom_calls_of_chat_completions_are_read() {
    let mut custom = chat().replace(
        "\"type\":\"function\",\"function\":{\"name\":\"add\",\"arguments\"",
        "\"type\":\"custom\",\"custom\":{\"name\":\"add\",\"input\"",
    );
    custom = custom.replace("\"function\":{\"arguments\":\"{}\"", "\"custom\":{\"input\":\"x = 1\"");
    let report = stream("openai_chat", &custom).unwrap();
    assert_eq!(broken(&report), []);
    assert_eq!(report.heard.calls[0].arguments, "x = 1");
}

/// As clients are told that speak of functions, which was before there were tools.
#[test]
fn functions_of_chat_completions_are_read() {
    let good = plain(&[
        chat_chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chat_chunk(json!({"function_call": {"name": "add", "arguments": ""}}), Value::Null),
        chat_chunk(json!({"function_call": {"arguments": "{}"}}), Value::Null),
        chat_chunk(json!({}), json!("function_call")),
    ]) + "data: [DONE]\n\n";
    let changes = [
        ("{\"arguments\":\"{}\"", "{\"name\":\"add\",\"arguments\":\"{}\"", 3, "a call is named once"),
        ("\"function_call\"}]", "\"stop\"}]", 4, "the reason is tool_calls exactly when there are calls"),
        ("\"arguments\":\"{}\"", "\"arguments\":\"{\"", 5, "JSON is whole"),
    ];
    hold_stream("openai_chat", &good, &changes);
    assert_eq!(stream("openai_chat", &good).unwrap().heard.calls[0].name, "add");
}

fn chat_body() -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}]}}], "usage": chat_usage()})
}

const CHAT_BODY: [Change; 6] = [
    ("\"object\":\"chat.completion\"", "\"object\":\"list\"", 0, "a body says what it is"),
    ("\"index\":0", "\"index\":1", 0, "a choice has its index"),
    ("\"assistant\"", "\"user\"", 0, "a message is the assistant's"),
    ("\"content\":null,", "", 0, "a message has content, be it null"),
    ("\"choices\":[", "\"choices\":[],\"x\":[", 0, "a body has a choice"),
    ("\"tool_calls\",", "\"stop\",", 0, "the reason is tool_calls exactly when there are calls"),
];

#[test]
fn deviations_of_bodies_of_chat_completions_are_found() {
    hold_body("openai_chat", &chat_body(), &CHAT_BODY);
}

/// A response object in the state `status`.
fn response(status: &str, output: &Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 1, "completed_at": null, "status": status, "error": null,
           "incomplete_details": null, "instructions": null, "max_output_tokens": null, "model": "m", "output": output,
           "parallel_tool_calls": true, "previous_response_id": null, "reasoning": {}, "store": true, "temperature": 1.0,
           "text": {}, "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled", "usage": null,
           "user": null, "metadata": {}})
}

fn responses_items() -> Value {
    json!([
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "hi", "annotations": []}]},
        {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "c", "name": "add", "arguments": "{}"},
    ])
}

fn completed() -> Value {
    let mut response = response("completed", &responses_items());
    response["usage"] = json!({"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1,
                               "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2});
    response
}

/// Thinking, text, a call.
fn responses_events() -> Vec<Value> {
    let items = responses_items();
    let begun = |item: &Value, member: &str, empty: Value| {
        let mut item = item.clone();
        item[member] = empty;
        if item["type"] != "reasoning" {
            item["status"] = json!("in_progress");
        }
        item
    };
    let of = |kind: &str, index: usize, more: Value| {
        let mut event =
            json!({"type": format!("response.{kind}"), "item_id": items[index]["id"], "output_index": index});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let item = |step: &str, index: usize, item: Value| json!({"type": format!("response.output_item.{step}"), "output_index": index, "item": item});
    let thought = |text: &str| json!({"summary_index": 0, "part": {"type": "summary_text", "text": text}});
    let said =
        |text: &str| json!({"content_index": 0, "part": {"type": "output_text", "text": text, "annotations": []}});
    vec![
        json!({"type": "response.created", "response": response("in_progress", &json!([]))}),
        json!({"type": "response.in_progress", "response": response("in_progress", &json!([]))}),
        item("added", 0, begun(&items[0], "summary", json!([]))),
        of("reasoning_summary_part.added", 0, thought("")),
        of("reasoning_summary_text.delta", 0, json!({"summary_index": 0, "delta": "hm"})),
        of("reasoning_summary_text.done", 0, json!({"summary_index": 0, "text": "hm"})),
        of("reasoning_summary_part.done", 0, thought("hm")),
        item("done", 0, items[0].clone()),
        item("added", 1, begun(&items[1], "content", json!([]))),
        of("content_part.added", 1, said("")),
        of("output_text.delta", 1, json!({"content_index": 0, "delta": "hi", "logprobs": []})),
        of("output_text.done", 1, json!({"content_index": 0, "text": "hi", "logprobs": []})),
        of("content_part.done", 1, said("hi")),
        item("done", 1, items[1].clone()),
        item("added", 2, begun(&items[2], "arguments", json!(""))),
        of("function_call_arguments.delta", 2, json!({"delta": "{}"})),
        of("function_call_arguments.done", 2, json!({"name": "add", "arguments": "{}"})),
        item("done", 2, items[2].clone()),
        json!({"type": "response.completed", "response": completed()}),
    ]
}

/// The events, numbered.
fn responses_of(mut events: Vec<Value>) -> String {
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    named(&events)
}

const RESPONSES: [Change; 31] = [
    ("\"sequence_number\":3", "\"sequence_number\":4", 4, "events are numbered from 0 without gaps"),
    ("event: response.output_text.delta", "event: x", 11, "an event's name is its type"),
    ("event: response.output_text.delta\n", "", 11, "an event's name is its type"),
    ("event: response.created\n", "event: ping\n\nevent: response.created\n", 1, "an event is one line of data"),
    ("\"id\":\"resp_1\"", "\"id\":\"resp_2\"", 2, "the answer keeps its id, its time and its model"),
    ("\"id\":\"resp_1\"", "\"id\":\"1\"", 1, "an id has the form of its kind"),
    ("\"truncation\":\"disabled\",", "", 1, "a response has all that belongs to it"),
    ("\"object\":\"response\"", "\"object\":\"x\"", 1, "a response has an object, a time, a model and its output"),
    ("\"status\":\"in_progress\"", "\"status\":\"completed\"", 1, "a response is in the state that its event says"),
    ("\"output_index\":1,\"item\"", "\"output_index\":2,\"item\"", 9, "items are numbered without gaps"),
    ("\"output_index\":1,\"item\"", "\"output_index\":0,\"item\"", 9, "items are numbered without gaps"),
    ("{\"id\":\"msg_1\"", "{\"id\":\"rs_1\"", 9, "every item has an id of its own"),
    (
        "\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[]",
        "\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[1]",
        9,
        "an item begins empty",
    ),
    (
        "\"status\":\"in_progress\",\"call_id\"",
        "\"status\":\"completed\",\"call_id\"",
        15,
        "an item that is added is in progress",
    ),
    ("\"item_id\":\"msg_1\"", "\"item_id\":\"msg_2\"", 10, "an event belongs to an item that is open"),
    ("\"content_index\":0,\"part\"", "\"content_index\":1,\"part\"", 10, "parts are numbered without gaps"),
    ("\"output_text\",\"text\":\"\"", "\"output_text\",\"text\":\"x\"", 10, "a part begins empty"),
    ("\"content_index\":0,\"delta\"", "\"content_index\":1,\"delta\"", 11, "a part is added before its text"),
    ("\"delta\":\"hi\",\"logprobs\":[]", "\"delta\":\"hi\"", 11, "text comes with its logprobs"),
    ("\"delta\":\"hi\"", "\"delta\":null", 11, "what clients read as text is text"),
    ("\"text\":\"hi\",\"logprobs\"", "\"text\":\"ho\",\"logprobs\"", 12, "what is done is what was streamed"),
    ("\"text\":\"hi\",\"annotations\"", "\"text\":\"ho\",\"annotations\"", 13, "what is done is what was streamed"),
    (
        "\"name\":\"add\",\"arguments\":\"{}\",\"seq",
        "\"arguments\":\"{}\",\"seq",
        17,
        "the end of a call's arguments names its tool",
    ),
    (
        "\"status\":\"completed\",\"call_id\":\"c\"",
        "\"status\":\"completed\",\"call_id\":\"d\"",
        18,
        "an item stays what it was added as",
    ),
    (
        "\"status\":\"completed\",\"call_id\"",
        "\"status\":\"in_progress\",\"call_id\"",
        18,
        "an item that is done is not in progress",
    ),
    ("\"delta\":\"{}\"", "\"delta\":\"{\"", 17, "what is done is what was streamed"),
    ("\"total_tokens\":2", "\"total_tokens\":3", 19, "a total is the sum of its parts"),
    (",\"total_tokens\":2", "", 19, "a usage has its two counts and their total"),
    ("\"reasoning_tokens\":0", "\"reasoning_tokens\":2", 19, PART),
    (
        "\"completed_at\":null,\"status\":\"completed\"",
        "\"completed_at\":null,\"status\":\"incomplete\"",
        19,
        "the reason is one that clients know",
    ),
    (
        "\"completed\",\"error\":null,\"incomplete_details\":null,\"instructions\":null,\"max_output_tokens\":null,\"model\":\"m\",\"output\":[",
        "\"completed\",\"error\":null,\"incomplete_details\":null,\"instructions\":null,\"max_output_tokens\":null,\"model\":\"m\",\"output\":[],\"x\":[",
        19,
        "the last event holds every item as it was done",
    ),
];

/// Rules that an event breaks by not being there, or by standing elsewhere: which event, moved where, if anywhere.
#[test]
fn deviations_of_responses_are_found() {
    let good = responses_of(responses_events());
    hold_stream("openai_responses", &good, &RESPONSES);
    let found = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut events = responses_events();
        change(&mut events);
        broken(&stream("openai_responses", &responses_of(events)).unwrap())
    };
    let without = |index: usize| found(&|events| drop(events.remove(index)));
    for (index, event, rule) in [
        (0, 1, "response.created comes first, and once"),
        (1, 2, "response.in_progress comes second"),
        (2, 3, "an event belongs to an item that is open"),
        (9, 10, "a part is added before its text"),
        (11, 12, "a part is done once, behind its text"),
        (12, 13, "every part is done before its item"),
        (16, 17, "every part is done before its item"),
        (17, 18, "every item is done before the end"),
        (18, 18, "a stream has an end"),
    ] {
        let found = without(index);
        assert!(found.contains(&(event, rule)), "without {index}: {found:?}");
    }
    let twice = |index: usize| found(&|events| events.insert(index, events[index].clone()));
    for (index, event, rule) in [
        (0, 2, "response.created comes first, and once"),
        (11, 13, "nothing comes after a text is done"),
        (12, 14, "a part is done once, behind its text"),
        (17, 19, "an event belongs to an item that is open"),
        (18, 20, "nothing comes after the end"),
    ] {
        let found = twice(index);
        assert!(found.contains(&(event, rule)), "{index} twice: {found:?}");
    }
    // A mark at the end is as good as none, and a heartbeat hurts nobody.
    assert_eq!(broken(&stream("openai_responses", &(good.clone() + "data: [DONE]\n\n")).unwrap()), []);
    assert_eq!(found(&|events| events.insert(11, events[1].clone())), []);
    let other = found(&|events| events[18] = json!({"type": "error", "message": "x"}));
    assert!(other.contains(&(19, "an event is one that clients know")), "{other:?}");
    let mut failed = response("failed", &json!([]));
    failed["error"] = json!({"code": "x", "message": "y"});
    let failed = json!({"type": "response.failed", "response": failed});
    let failed = responses_of([&responses_events()[..2], &[failed]].concat());
    let change = [("\"code\":\"x\"", "\"x\":1", 3, "an error has a code and a message")];
    hold_stream("openai_responses", &failed, &change);
}

const RESPONSES_BODY: [Change; 5] = [
    ("\"summary_text\"", "\"text\"", 0, "a summary is of texts"),
    ("\"role\":\"assistant\"", "\"role\":\"user\"", 0, "a message is the assistant's, of texts with their annotations"),
    (",\"annotations\":[]", "", 0, "a message is the assistant's, of texts with their annotations"),
    ("\"arguments\":\"{}\"", "\"arguments\":\"{\"", 0, "JSON is whole"),
    ("\"status\":\"completed\"", "\"status\":null", 0, "a body says why it ended"),
];

#[test]
fn deviations_of_bodies_of_responses_are_found() {
    hold_body("openai_responses", &completed(), &RESPONSES_BODY);
}

fn anthropic_usage() -> Value {
    json!({"input_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1})
}

/// Thinking, text, a call.
fn anthropic() -> String {
    let start =
        |index: usize, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: usize, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: usize| json!({"type": "content_block_stop", "index": index});
    named(&[
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
               "content": [], "stop_reason": null, "stop_sequence": null, "usage": anthropic_usage()}}),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
        delta(0, json!({"type": "signature_delta", "signature": ""})),
        stop(0),
        json!({"type": "ping"}),
        start(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "hi"})),
        stop(1),
        start(2, json!({"type": "tool_use", "id": "t", "name": "add", "input": {}})),
        delta(2, json!({"type": "input_json_delta", "partial_json": "{}"})),
        stop(2),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
               "usage": anthropic_usage()}),
        json!({"type": "message_stop"}),
    ])
}

const TOOL: &str = "the reason is tool_use exactly when there are calls";

const ANTHROPIC: [Change; 38] = [
    ("event: content_block_start\n", "", 2, "an event's name is its type"),
    (
        "event: message_start",
        "event: ping\ndata: {\"type\":\"ping\"}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_start",
        2,
        "message_start comes first",
    ),
    (
        "event: ping\ndata: {\"type\":\"ping\"}",
        "event: message_start\ndata: {\"type\":\"message_start\"}",
        6,
        "message_start comes once",
    ),
    (
        "event: ping\ndata: {\"type\":\"ping\"}",
        "event: keepalive\ndata: {\"type\":\"keepalive\"}",
        6,
        "an event is one that clients know",
    ),
    ("event: ping\ndata: {\"type\":\"ping\"}", "event: ping", 6, "an event is one line of data"),
    ("\"id\":\"msg_1\"", "\"id\":\"1\"", 1, "an id has the form of its kind"),
    ("\"model\":\"m\",", "", 1, "a message has a type, a role, a model and content"),
    ("\"role\":\"assistant\",", "", 1, "a message has a type, a role, a model and content"),
    ("\"content\":[]", "\"content\":[1]", 1, "message_start has no content and no reason yet"),
    ("\"stop_reason\":null", "\"stop_reason\":\"end_turn\"", 1, "message_start has no content and no reason yet"),
    ("\"usage\":{", "\"x\":{", 1, "a usage has its four counts"),
    ("\"cache_read_input_tokens\":0,", "", 1, "a usage has its four counts"),
    ("null},\"usage\":{", "null},\"x\":{", 13, "a usage has its four counts"),
    ("\"index\":1,\"content_block\"", "\"index\":2,\"content_block\"", 7, "blocks are numbered without gaps"),
    ("\"index\":1,\"content_block\"", "\"index\":0,\"content_block\"", 7, "blocks are numbered without gaps"),
    (
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "",
        6,
        "a block ends before the next begins",
    ),
    (
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n",
        "",
        12,
        "every block ends before the last delta",
    ),
    ("\"index\":1,\"delta\"", "\"index\":0,\"delta\"", 8, "an event belongs to a block that is open"),
    ("\"index\":1,\"delta\"", "\"index\":5,\"delta\"", 8, "an event belongs to a block that is open"),
    ("\"text\",\"text\":\"\"", "\"image\",\"text\":\"\"", 7, "a block is of a kind that clients know"),
    ("\"text\",\"text\":\"\"", "\"text\",\"text\":\"x\"", 7, "a block begins empty"),
    ("\"text\",\"text\":\"\"", "\"text\"", 7, "what clients read as text is text"),
    (",\"signature\":\"\"}}", "}}", 2, "what clients read as text is text"),
    ("\"thinking\",\"thinking\":\"\",", "\"thinking\",", 2, "what clients read as text is text"),
    ("\"input\":{}", "\"input\":{\"a\":1}", 10, "the input of a call comes in deltas"),
    ("\"input_json_delta\"", "\"text_delta\"", 11, "a delta fits its block"),
    (
        "\"type\":\"signature_delta\",\"signature\":\"\"",
        "\"type\":\"thinking_delta\",\"thinking\":\"\"",
        5,
        "a signature ends thinking",
    ),
    (
        "\"type\":\"thinking_delta\",\"thinking\":\"hm\"",
        "\"type\":\"signature_delta\",\"signature\":\"\"",
        4,
        "a signature ends thinking",
    ),
    ("\"text\":\"hi\"", "\"text\":\"\"", 9, "a text block is not empty"),
    ("\"partial_json\":\"{}\"", "\"partial_json\":\"\"", 14, "JSON is whole"),
    ("\"partial_json\":\"{}\"", "\"partial_json\":\"1\"", 14, "a call's arguments are a whole JSON object"),
    ("\"name\":\"add\"", "\"name\":\"\"", 14, "every call names its tool"),
    ("\"stop_reason\":\"tool_use\"", "\"stop_reason\":\"stop\"", 13, "the reason is one that clients know"),
    ("\"stop_reason\":\"tool_use\"", "\"stop_reason\":\"end_turn\"", 13, TOOL),
    (
        "\"tool_use\",\"stop_sequence\":null",
        "\"tool_use\",\"stop_sequence\":\"x\"",
        13,
        "the stop sequence is named exactly when it was met",
    ),
    ("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "", 13, "a stream has an end"),
    (
        "{\"type\":\"message_stop\"}\n\n",
        "{\"type\":\"message_stop\"}\n\ndata: [DONE]\n\n",
        15,
        "nothing comes after the end",
    ),
    (
        "event: message_stop",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\nevent: message_stop",
        14,
        "only message_stop comes after the last delta",
    ),
];

#[test]
fn deviations_of_messages_are_found() {
    hold_stream("anthropic", &anthropic(), &ANTHROPIC);
    let last = anthropic()
        .split("event: message_delta\n")
        .nth(1)
        .unwrap()
        .replace("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "");
    let twice = anthropic().replace("event: message_stop", &format!("event: message_delta\n{last}event: message_stop"));
    let found = broken(&stream("anthropic", &twice).unwrap());
    assert_eq!(found, [(14, "the last delta comes once")]);
    let without = anthropic().replace(&format!("event: message_delta\n{last}"), "");
    let found = broken(&stream("anthropic", &without).unwrap());
    assert!(found.contains(&(13, "there is a reason before message_stop")), "{found:?}");
    let error = json!({"type": "error", "error": {"type": "api_error", "message": "x"}, "request_id": "r"});
    let changes: [Change; 3] = [
        ("\"message\":\"x\"", "\"x\":1", 1, "an error has a type and a message"),
        ("\"api_error\"", "\"server_error\"", 1, "an error's type is one that clients know"),
        (",\"request_id\":\"r\"", "", 1, "an error names the request"),
    ];
    hold_stream("anthropic", &named(&[error]), &changes);
}

const ANTHROPIC_BODY: [Change; 4] = [
    ("\"text\":\"hi\"", "\"text\":\"\"", 0, "a text block is not empty"),
    ("\"input\":{}", "\"input\":\"{}\"", 0, "a call's arguments are a whole JSON object"),
    ("\"id\":\"u\"", "\"id\":\"t\"", 0, "every call has an id of its own"),
    ("\"stop_reason\":\"tool_use\"", "\"stop_reason\":\"end_turn\"", 0, TOOL),
];

#[test]
fn deviations_of_bodies_of_messages_are_found() {
    let good = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [
        {"type": "text", "text": "hi"}, {"type": "tool_use", "id": "t", "name": "add", "input": {}},
        {"type": "tool_use", "id": "u", "name": "add", "input": {}}],
        "stop_reason": "tool_use", "stop_sequence": null, "usage": anthropic_usage()});
    hold_body("anthropic", &good, &ANTHROPIC_BODY);
}

/// Thinking and text, then a call with the end.
fn gemini_chunks() -> [Value; 2] {
    let content = |parts: Value| json!({"role": "model", "parts": parts});
    [
        json!({"candidates": [{"content": content(json!([{"thought": true, "text": "hm"}, {"text": "hi"}])), "index": 0}],
               "modelVersion": "m", "responseId": "r"}),
        json!({"candidates": [{"content": content(json!([{"functionCall": {"id": "c", "name": "add", "args": {}}}])),
               "finishReason": "STOP", "index": 0}],
               "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
               "modelVersion": "m", "responseId": "r"}),
    ]
}

const GEMINI: [Change; 11] = [
    ("\"responseId\":\"r\"}\n\ndata", "\"responseId\":\"s\"}\n\ndata", 2, "all chunks are of one answer"),
    ("\"modelVersion\":\"m\",", "", 1, "a chunk names its model"),
    ("\"role\":\"model\",", "", 1, "content is of the model"),
    ("\"parts\":[{\"functionCall\"", "\"parts\":[],\"x\":[{\"functionCall\"", 2, "content has a part"),
    ("\"text\":\"hi\"", "\"text\":1", 1, "what clients read as text is text"),
    (",\"index\":0", "", 1, "a candidate has its index"),
    ("\"args\":{}", "\"args\":[]", 2, "a call's arguments are a whole JSON object"),
    ("\"STOP\"", "\"stop\"", 2, "the reason is one that clients know"),
    ("\"finishReason\":\"STOP\",", "", 2, "a stream has an end"),
    ("\"totalTokenCount\":2", "\"totalTokenCount\":1", 2, "a total is the sum of its parts"),
    ("data: ", "event: x\ndata: ", 1, "events have no names"),
];

#[test]
fn deviations_of_gemini_are_found() {
    let good = plain(&gemini_chunks());
    hold_stream("gemini", &good, &GEMINI);
    let goes_on = format!("{good}{}", good.split_inclusive("\n\n").next().unwrap());
    let found = broken(&stream("gemini", &goes_on).unwrap());
    assert!(found.contains(&(3, "nothing comes after the end")), "{found:?}");
    let error = json!({"error": {"code": 500, "message": "x", "status": "INTERNAL"}});
    let change = [("\"status\":\"INTERNAL\"", "\"x\":1", 1, "an error has a code, a message and a status")];
    hold_stream("gemini", &plain(&[error]), &change);
    let change = [("\"responseId\":\"r\"", "\"x\":1", 0, "an answer has an id")];
    hold_body("gemini", &gemini_chunks()[1], &change);
}

#[test]
fn deviations_of_refusals_are_found() {
    let openai = json!({"error": {"message": "x", "type": "rate_limit_error", "param": null, "code": null}});
    let anthropic = json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}, "request_id": "r"});
    let gemini = json!({"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}});
    let read = |dialect: &'static str, status| {
        move |text: &str| {
            let broken = refusal(dialect, status, &serde_json::from_str(text).unwrap()).unwrap();
            Report { heard: Heard::default(), broken }
        }
    };
    const STATUS: &str = "a refusal's status is that of its error";
    let shape = "an error has a message, a type, a param and a code";
    for dialect in ["openai_chat", "openai_responses"] {
        let changes = [
            ("\"message\":\"x\"", "\"x\":1", 0, shape),
            ("rate_limit_error", "server_error", 0, STATUS),
            ("{\"error\":", "{\"detail\":", 0, shape),
        ];
        hold(&openai.to_string(), &changes, read(dialect, 429));
    }
    let changes = [
        ("\"type\":\"error\"", "\"type\":\"x\"", 0, "an error has a type and a message"),
        ("overloaded_error", "api_error_x", 0, "an error's type is one that clients know"),
        ("overloaded_error", "rate_limit_error", 0, STATUS),
        (",\"request_id\":\"r\"", "", 0, "an error names the request"),
    ];
    hold(&anthropic.to_string(), &changes, read("anthropic", 529));
    let changes =
        [("\"UNAVAILABLE\"", "1", 0, "an error has a code, a message and a status"), ("503", "500", 0, STATUS)];
    hold(&gemini.to_string(), &changes, read("gemini", 503));
    let found = broken(&read("gemini", 200)(&gemini.to_string()));
    assert!(found.contains(&(0, "a refusal has the status of an error")), "{found:?}");
}

#[test]
fn lines_may_end_as_they_like() {
    for (dialect, good) in [("openai_chat", chat()), ("anthropic", anthropic())] {
        for end in ["\r\n", "\r"] {
            assert_eq!(broken(&stream(dialect, &good.replace('\n', end)).unwrap()), [], "{dialect}");
        }
        let commented = format!(": hello\n\n{}", good.replacen("\n\n", "\n\n: waiting\n\n", 1));
        assert_eq!(broken(&stream(dialect, &commented).unwrap()), [], "{dialect}");
    }
}

/// The rules that a source file knows: each stands right before what is said when it is broken.
fn rules(source: &str) -> BTreeSet<&str> {
    let places = source.match_indices("||").map(|(place, _)| &source[..place]);
    let before = places.filter_map(|text| {
        let text = text.trim_end().strip_suffix(',')?.trim_end().strip_suffix('"')?;
        text.rsplit('"').next()
    });
    before.filter(|rule| rule.contains(' ')).collect()
}

#[test]
fn every_rule_is_broken_by_a_test() {
    let sources = [
        include_str!("mod.rs"),
        include_str!("frames.rs"),
        include_str!("openai_chat.rs"),
        include_str!("openai_responses.rs"),
        include_str!("anthropic.rs"),
        include_str!("gemini.rs"),
    ];
    let known: BTreeSet<&str> = sources.into_iter().flat_map(rules).collect();
    assert!(known.len() > 90, "only {} rules were found", known.len());
    let tests = include_str!("check_tests.rs");
    let untested: Vec<&str> = known.into_iter().filter(|rule| !tests.contains(&format!("{rule:?}"))).collect();
    assert!(untested.is_empty(), "no test breaks {untested:#?}");
}
