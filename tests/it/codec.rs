//! The codec against vectors made by Google's protobuf runtime, and against itself on random input.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use serde_json::{Value, json};
use warp2api::schema::{self, JsonForm, Names, Schema, spelling};

use crate::random::Random;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn hex(text: &str) -> Vec<u8> {
    spelling::hex_bytes(text.as_bytes()).unwrap()
}

/// Equality that takes 3 and 3.0 for one number: JSON does, and the runtimes write whole Struct numbers either way.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// Bytes to JSON and JSON to bytes, against what is expected of each.
fn check(type_name: &str, bytes: &[u8], expected: &Value) {
    let descriptor = Schema::embedded().message(type_name).unwrap();
    let message = schema::decode(&descriptor, bytes).unwrap();
    let found = schema::to_json(&message);
    assert!(same(&found, expected), "{type_name}\n found {found}\nwanted {expected}");
    assert_eq!(schema::encode(&message), bytes, "decode, encode");
    let read = schema::from_json(&descriptor, expected).unwrap();
    assert_eq!(schema::encode(&read), bytes, "JSON, encode: {expected}");
    let read_back = schema::from_json(&descriptor, &found).unwrap();
    assert_eq!(schema::encode(&read_back), bytes, "own JSON, encode: {found}");
}

fn check_vectors(file: &str) -> usize {
    let text = std::fs::read_to_string(fixtures().join("vectors").join(file)).unwrap();
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let bytes = STANDARD.decode(vector["base64"].as_str().unwrap()).unwrap();
        check(vector["type"].as_str().unwrap(), &bytes, &vector["json"]);
    }
    text.lines().count()
}

#[test]
fn every_request_vector_goes_both_ways() {
    assert_eq!(check_vectors("Request.jsonl"), 60);
}

#[test]
fn every_response_event_vector_goes_both_ways() {
    assert_eq!(check_vectors("ResponseEvent.jsonl"), 60);
}

#[test]
fn golden_requests() {
    check(
        "Request",
        &hex("0a0012180a0822060880e2cfaa06320c0a0a0a080a0268691a0020011a100a060a046175746f20014a0109880101"),
        &json!({
            "task_context": {},
            "input": {
                "context": {"current_time": "2023-11-14T22:13:20Z"},
                "user_inputs": {"inputs": [
                    {"user_query": {"query": "hi", "mode": {}, "intended_agent": "AGENT_TYPE_PRIMARY"}}
                ]}
            },
            "settings": {
                "model_config": {"base": "auto"},
                "supports_parallel_tool_calls": true,
                "supported_tools": ["CALL_MCP_TOOL"],
                "supports_reasoning_message": true
            }
        }),
    );
    check(
        "Request",
        &hex("0a00122a32280a1312110a03746331620a0a080a060a040a0234320a11120f0a03746332620812060a04626f6f6d22030a0143"),
        &json!({
            "task_context": {},
            "input": {"user_inputs": {"inputs": [
                {"tool_call_result": {
                    "tool_call_id": "tc1",
                    "call_mcp_tool": {"success": {"results": [{"text": {"text": "42"}}]}}
                }},
                {"tool_call_result": {"tool_call_id": "tc2", "call_mcp_tool": {"error": {"message": "boom"}}}}
            ]}},
            "metadata": {"conversation_id": "C"}
        }),
    );
    check(
        "Request",
        &hex("32261a240a06636c69656e7422170a01661a120a100a047479706512081a066f626a6563742a0153"),
        &json!({"mcp_context": {"servers": [
            {"name": "client", "id": "S", "tools": [{"name": "f", "input_schema": {"type": "object"}}]}
        ]}}),
    );
    check(
        "Request",
        &hex("12023a0022030a0143"),
        &json!({"input": {"resume_conversation": {}}, "metadata": {"conversation_id": "C"}}),
    );
}

#[test]
fn golden_events() {
    let event = |text: &str, expected: Value| check("ResponseEvent", &URL_SAFE.decode(text).unwrap(), &expected);
    let action = |text: &str, expected: Value| event(text, json!({"client_actions": {"actions": [expected]}}));
    event("CggKAmMxEgJyMQ==", json!({"init": {"conversation_id": "c1", "request_id": "r1"}}));
    action(
        "EhYKFBoSCgF0Eg0KAW0aBQoDSGVsWgF0",
        json!({"add_messages_to_task": {
            "task_id": "t",
            "messages": [{"id": "m", "task_id": "t", "agent_output": {"text": "Hel"}}]
        }}),
    );
    action(
        "EioKKComCgwKAW0aBAoCbG9aAXQSEwoRYWdlbnRfb3V0cHV0LnRleHQaAXQ=",
        json!({"append_to_message_content": {
            "task_id": "t",
            "message": {"id": "m", "task_id": "t", "agent_output": {"text": "lo"}},
            "mask": "agentOutput.text"
        }}),
    );
    action(
        "EjEKLxotCgF0EigKAm0yIh8KA3RjMWIYCgFmEhAKDgoBbhIJEQAAAAAAAAhAGgFTWgF0",
        json!({"add_messages_to_task": {
            "task_id": "t",
            "messages": [{
                "id": "m2",
                "task_id": "t",
                "tool_call": {"tool_call_id": "tc1", "call_mcp_tool": {"name": "f", "args": {"n": 3}, "server_id": "S"}}
            }]
        }}),
    );
    event("GgISAA==", json!({"finished": {"done": {}}}));
    event("GgIiAA==", json!({"finished": {"quota_limit": {}}}));
    action("EgQKAkoA", json!({"begin_transaction": {}}));
    action("EgQKAloA", json!({"rollback_transaction": {}}));
    action("EgQKAlIA", json!({"commit_transaction": {}}));
}

#[test]
fn unknown_fields_are_kept_in_their_places() {
    let descriptor = Schema::embedded().message("Task").unwrap();
    // 1: "t", 7 (unknown): 5, 8: "d", 9999 (unknown): group {1: 2}.
    let bytes = hex("0a0174380542016 4fbf00408 02fcf004".replace(' ', "").as_str());
    let message = schema::decode(&descriptor, &bytes).unwrap();
    let json = schema::to_json(&message);
    assert_eq!(
        json,
        json!({
            "id": "t",
            "server_data": "d",
            "@unknown": [
                {"number": 7, "wire": "varint", "value": "5"},
                {"number": 9999, "wire": "group", "value": [{"number": 1, "wire": "varint", "value": "2"}]}
            ]
        })
    );
    assert_eq!(schema::encode(&message), bytes);
    assert_eq!(schema::encode(&schema::from_json(&descriptor, &json).unwrap()), bytes);
}

#[test]
fn a_known_number_in_an_unexpected_wire_type_is_kept() {
    let descriptor = Schema::embedded().message("ResponseEvent").unwrap();
    // `finished` with `request_charges` (13, a message) as a varint, a string for `should_refresh_model_config` (9).
    let bytes = hex("1a064a0178680 1".replace(' ', "").as_str());
    let bytes = [&[0x1a, 5][..], &bytes[2..7]].concat();
    let message = schema::decode(&descriptor, &bytes).unwrap();
    assert_eq!(schema::encode(&message), bytes);
    let json = schema::to_json(&message);
    assert_eq!(json["finished"]["@unknown"][0], json!({"number": 9, "wire": "bytes", "value": "eA=="}));
    assert_eq!(json["finished"]["@unknown"][1], json!({"number": 13, "wire": "varint", "value": "1"}));
    assert_eq!(schema::encode(&schema::from_json(&descriptor, &json).unwrap()), bytes);
}

/// Whatever decodes goes to JSON, and comes back from it to the same bytes.
fn round_trips(type_name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let descriptor = Schema::embedded().message(type_name).unwrap();
    let Ok(message) = schema::decode(&descriptor, bytes) else { return Ok(()) };
    let encoded = schema::encode(&message);
    let again = schema::decode(&descriptor, &encoded).unwrap();
    prop_assert_eq!(&schema::encode(&again), &encoded);
    let json = schema::to_json(&message);
    let text = serde_json::to_string(&json).unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    let read = schema::from_json(&descriptor, &parsed);
    prop_assert!(read.is_ok(), "{} {text}", read.unwrap_err());
    prop_assert_eq!(schema::encode(&read.unwrap()), encoded, "{}", text);
    Ok(())
}

/// Bytes that look like fields more often than chance would have it.
fn field_like_bytes() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        (1u32..16, any::<u64>()).prop_map(|(number, value)| {
            let mut out = Vec::new();
            schema::wire::put_varint(&mut out, number, value);
            out
        }),
        (1u32..16, any::<u32>()).prop_map(|(number, value)| {
            let mut out = Vec::new();
            schema::wire::put_fixed32(&mut out, number, value);
            out
        }),
        (1u32..16, any::<u64>()).prop_map(|(number, value)| {
            let mut out = Vec::new();
            schema::wire::put_fixed64(&mut out, number, value);
            out
        }),
        (1u32..16, "[a-z_@.]{0,6}").prop_map(|(number, value)| {
            let mut out = Vec::new();
            schema::wire::put_bytes(&mut out, number, value.as_bytes());
            out
        }),
    ];
    let message = leaf.prop_recursive(6, 64, 6, |inner| {
        (1u32..16, proptest::collection::vec(inner, 0..6), any::<bool>()).prop_map(|(number, parts, group)| {
            let mut out = Vec::new();
            if group {
                schema::wire::put_group(&mut out, number, &parts.concat());
            } else {
                schema::wire::put_bytes(&mut out, number, &parts.concat());
            }
            out
        })
    });
    proptest::collection::vec(message, 0..8).prop_map(|parts| parts.concat())
}

const TYPES: [&str; 9] = [
    "Request",
    "ResponseEvent",
    "Task",
    "Message",
    "google.protobuf.Value",
    "google.protobuf.Struct",
    "google.protobuf.FieldMask",
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for name in TYPES {
            round_trips(name, &bytes)?;
        }
        let _ = spelling::decode_text(&bytes);
        let _ = spelling::candidates(&bytes);
        for field in schema::wire::fields(&bytes) {
            let _ = field;
        }
    }

    #[test]
    fn field_like_bytes_round_trip(bytes in field_like_bytes()) {
        for name in TYPES {
            round_trips(name, &bytes)?;
        }
    }
}

#[test]
fn ten_thousand_random_messages_come_back_to_the_byte() {
    let types = ["Request", "ResponseEvent", "Task", "Message"].map(|name| Schema::embedded().message(name).unwrap());
    let forms = [(Names::Snake, false), (Names::Camel, false), (Names::Camel, true)];
    let (mut spliced, mut deepest, mut longest) = (0, 0, 0);
    for seed in 0..10_000 {
        let descriptor = &types[usize::try_from(seed).unwrap() % types.len()];
        let mut random = Random::new(seed);
        let bytes = random.message(descriptor, 0);
        (spliced, deepest) = (spliced + random.spliced, deepest.max(random.deepest));
        longest = longest.max(bytes.len());
        let message = schema::decode(descriptor, &bytes).unwrap();
        assert_eq!(schema::encode(&message), bytes, "seed {seed}");
        // One form a message in turn, through the very text that the command line writes.
        let (names, unset) = forms[usize::try_from(seed / 4).unwrap() % forms.len()];
        let text = schema::to_json_as(&message, JsonForm { names, unset }).to_string();
        let read = schema::from_json(descriptor, &serde_json::from_str(&text).unwrap());
        let read = read.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        assert_eq!(schema::encode(&read), bytes, "seed {seed}\n{text}");
    }
    assert!(spliced > 10_000 && deepest >= 5 && longest > 400, "{spliced} {deepest} {longest}");
}
