//! What is read straight from the wire, held against plain reflection, which is right: random answers, event by event,
//! usual ones and such as only look so, through two assemblers of which one knows reflection alone; and random messages of
//! every type, as JSON and back.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Value, json};
use warp2api::{
    schema::{self, JsonForm, Names, Schema, wire},
    turn::TurnEvent,
    upstream::{assemble::Assembler, event::Reader},
};

use crate::random::Random;

const ANSWERS: u64 = 4_000;
const EVENTS: usize = 25;

/// Field numbers of the schema, as `proto/` has them.
const CLIENT_ACTIONS: u32 = 2;
const ACTIONS: u32 = 1;
const ADD_MESSAGES: u32 = 3;
const UPDATE: u32 = 4;
const APPEND: u32 = 5;

fn nested(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    wire::put_bytes(&mut out, number, content);
    out
}

/// One of few, so that things meet.
fn one_of<'a>(rng: &mut Rng, all: &[&'a str]) -> &'a str {
    all[rng.usize(..all.len())]
}

/// Something that a field of the usual event may not be followed by.
fn oddity(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    match rng.u8(..5) {
        0 => wire::put_varint(&mut out, rng.u32(1..20), 7),
        1 => wire::put_bytes(&mut out, rng.u32(1..30), b"odd"),
        2 => wire::put_bytes(&mut out, 900, b"unknown"),
        3 => wire::put_fixed32(&mut out, rng.u32(1..20), 7),
        _ => wire::put_bytes(&mut out, 13, &[0xff]),
    }
    out
}

/// `parts` joined, now and then out of order, one of them twice or missing, or with something odd among them.
fn joined(rng: &mut Rng, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    match rng.u8(..40) {
        0 => rng.shuffle(&mut parts),
        1 => parts.push(parts[rng.usize(..parts.len())].clone()),
        2 => drop(parts.remove(rng.usize(..parts.len()))),
        3 => parts.insert(rng.usize(..=parts.len()), oddity(rng)),
        _ => {}
    }
    parts.concat()
}

/// A message that says something, and when it is `full` may have more.
fn message(rng: &mut Rng, is_full: bool) -> Vec<u8> {
    let text = nested(1, one_of(rng, &["Hello", "", " wörld", "\n", "a", "🙂"]).as_bytes());
    let said = joined(rng, vec![text]);
    // Mostly the answer, at times the thinking.
    let voice = nested(if rng.u8(..4) > 0 { 3 } else { 15 }, &said);
    let id = nested(1, one_of(rng, &["m1", "m2", "m3"]).as_bytes());
    let task_id = nested(11, one_of(rng, &["t", "s"]).as_bytes());
    let mut parts = vec![id, voice];
    parts.extend((rng.u8(..2) > 0).then_some(task_id));
    if is_full {
        let data = nested(7, one_of(rng, &["", "data", "more data"]).as_bytes());
        parts.extend((rng.u8(..3) == 0).then_some(data));
        for _ in 0..rng.u8(..8).saturating_sub(5) {
            parts.push(nested(8, &nested(1, one_of(rng, &["", "document"]).as_bytes())));
        }
        parts.extend((rng.u8(..6) == 0).then(|| nested(14, &[8, rng.u8(..0x80)])));
    }
    joined(rng, parts)
}

/// A patch of a message, `full` or not, whose mask has mostly one of the first two of `paths`.
fn patch(rng: &mut Rng, is_full: bool, paths: &[&str]) -> Vec<u8> {
    let usual = rng.u8(..8) > 0;
    let path = if usual { paths[usize::from(rng.u8(..4) == 0)] } else { one_of(rng, paths) };
    let mut mask = vec![nested(1, path.as_bytes())];
    mask.extend((is_full && rng.u8(..6) == 0).then(|| nested(1, one_of(rng, paths).as_bytes())));
    let mask = joined(rng, mask);
    let task_id = nested(3, one_of(rng, &["t", "t", "t", "s", "none"]).as_bytes());
    let said = nested(1, &message(rng, is_full));
    joined(rng, vec![said, nested(2, &mask), task_id])
}

fn action(rng: &mut Rng) -> Vec<u8> {
    const APPENDED: [&str; 6] =
        ["agent_output.text", "agent_reasoning.reasoning", "agentOutput.text", "agent_output", "id", ""];
    const UPDATED: [&str; 7] =
        ["server_message_data", "citations", "timestamp", "id", "agent_output", "agent_output.text", "task_id"];
    match rng.u8(..20) {
        0..=13 => nested(APPEND, &patch(rng, false, &APPENDED)),
        14 => {
            let task_id = nested(1, one_of(rng, &["t", "s"]).as_bytes());
            let added = nested(2, &message(rng, true));
            nested(ADD_MESSAGES, &joined(rng, vec![task_id, added]))
        }
        15..=16 => nested(UPDATE, &patch(rng, true, &UPDATED)),
        other => nested(ACTION_WITHOUT_BODY[usize::from(other - 17)], &[]),
    }
}

/// The beginning, the end and the undoing of a transaction.
const ACTION_WITHOUT_BODY: [u32; 3] = [9, 10, 11];

fn event(rng: &mut Rng) -> Vec<u8> {
    let mut actions = vec![nested(ACTIONS, &action(rng))];
    if rng.u8(..10) == 0 {
        actions.push(nested(ACTIONS, &action(rng)));
    }
    let actions = joined(rng, actions);
    let mut wire = joined(rng, vec![nested(CLIENT_ACTIONS, &actions)]);
    if rng.u8(..30) == 0 && !wire.is_empty() {
        let place = rng.usize(..wire.len());
        wire[place] = rng.u8(..);
    }
    if rng.u8(..60) == 0 {
        wire.truncate(rng.usize(..=wire.len()));
    }
    wire
}

/// What `assembler` makes of `wire`, and how it then stands.
fn pushed(assembler: &mut Assembler, wire: &[u8]) -> (Result<(), String>, Vec<TurnEvent>, bool, bool) {
    let mut heard = Vec::new();
    let outcome = assembler.push(wire, &mut heard).map(drop).map_err(|error| error.to_string());
    (outcome, heard, assembler.is_damaged(), assembler.has_acted())
}

#[test]
fn the_wire_and_reflection_say_the_same_of_100_000_random_events() {
    let schema = Schema::embedded();
    let numbers: Vec<u32> = ["begin_transaction", "commit_transaction", "rollback_transaction"]
        .iter()
        .map(|name| schema.message("ClientAction").unwrap().get_field_by_name(name).unwrap().number())
        .collect();
    assert_eq!(numbers, ACTION_WITHOUT_BODY);
    let reader = Reader::new(&schema).unwrap();
    let (mut usual, mut all) = (0, 0);
    for seed in 0..ANSWERS {
        let mut rng = Rng::with_seed(seed);
        let tasks: [Bytes; 2] = [nested(1, b"t").into(), nested(1, b"s").into()];
        let start = |reader: &Reader| {
            let assembler = Assembler::with_reader(reader.clone()).with_sent(&tasks).unwrap();
            if seed % 4 == 0 { assembler.adopting() } else { assembler }
        };
        let (mut fast, mut plain) = (start(&reader), start(&reader.clone().by_reflection_alone()));
        for number in 0..EVENTS {
            let wire = event(&mut rng);
            all += 1;
            usual += usize::from(reader.appended(&wire).is_some());
            assert_eq!(
                pushed(&mut fast, &wire),
                pushed(&mut plain, &wire),
                "answer {seed}, event {number}: {wire:02x?}"
            );
        }
        // What is changed in the bytes keeps the rest of them, be it written twice, and reflection writes all anew.
        let tasks = |assembler: &Assembler| -> Vec<Vec<u8>> {
            let tasks = assembler.tree().active_tasks().into_iter();
            tasks.map(|task| schema::encode(&schema::decode(reader.task(), &task).unwrap())).collect()
        };
        assert_eq!(tasks(&fast), tasks(&plain), "answer {seed}");
        assert_eq!(fast.problems(), plain.problems(), "answer {seed}");
        assert_eq!(fast.pending_calls(), plain.pending_calls(), "answer {seed}");
    }
    assert_eq!(all, 100_000);
    assert!(usual * 5 > all, "only {usual} events of {all} were of the usual kind");
}

#[test]
fn whole_events_of_every_kind_are_read_alike() {
    let schema = Schema::embedded();
    let descriptor = schema.message("ResponseEvent").unwrap();
    let fast = Reader::new(&schema).unwrap();
    let plain = fast.clone().by_reflection_alone();
    let mut read = 0;
    for seed in 0..20_000_u64 {
        let mut random = if seed % 4 != 0 { Random::tame(seed) } else { Random::new(seed) };
        let mut wire = random.message(&descriptor, 1);
        if seed % 8 == 0 && !wire.is_empty() {
            let place = seed as usize % wire.len();
            wire[place] = wire[place].wrapping_add(seed as u8);
        }
        let wire = Bytes::from(wire);
        let told = |reader: &Reader| reader.read(&wire).map_err(|error| error.to_string());
        let (fast, plain) = (told(&fast), told(&plain));
        assert_eq!(fast, plain, "{seed}: {wire:02x?}");
        read += usize::from(fast.is_ok_and(|event| event.name() != "unknown"));
    }
    assert!(read > 8_000, "only {read} events were of a kind that is known");
}

#[test]
fn messages_of_every_type_are_transcoded_to_what_reflection_says() {
    let schema = Schema::embedded();
    let types: Vec<_> = schema.messages().collect();
    let (mut done, mut all) = (0, 0);
    for seed in 0..40_000_u64 {
        let descriptor = &types[seed as usize % types.len()];
        let transcoder = schema.transcoder(descriptor.full_name());
        let is_tame = seed % 4 != 0;
        let mut random = if is_tame { Random::tame(seed) } else { Random::new(seed) };
        let mut wire = random.message(descriptor, 1);
        if seed % 8 == 0 && !wire.is_empty() {
            let place = seed as usize % wire.len();
            wire[place] = wire[place].wrapping_add(seed as u8);
        }
        let mut line = b"before".to_vec();
        if transcoder.is_none_or(|transcoder| !transcoder.put(&wire, &mut line)) {
            assert_eq!(line, b"before", "something was left behind");
            all += u32::from(is_tame);
            continue;
        }
        let message = schema::decode(descriptor, &wire).expect("what is transcoded is well-formed");
        let expected = format!("before{}", schema::to_json(&message));
        assert_eq!(String::from_utf8(line).unwrap(), expected, "{} {wire:02x?}", descriptor.full_name());
        (done, all) = (done + u32::from(is_tame), all + u32::from(is_tame));
    }
    assert!(done * 2 > all, "only {done} of {all} tame messages were transcoded");
}

/// Puts something else somewhere into `json`, or changes the name of a field.
fn spoil(rng: &mut Rng, json: &mut Value) {
    match json {
        Value::Object(fields) if !fields.is_empty() && rng.u8(..6) > 0 => {
            let place = rng.usize(..fields.len());
            let name = fields.keys().nth(place).unwrap().clone();
            match rng.u8(..12) {
                0 => drop(fields.insert(format!("{name}_"), Value::Null)),
                1 => drop(fields.insert("@unknown".to_owned(), json!([]))),
                2 => drop(fields.insert(format!("{name}@opened"), json!({}))),
                _ => spoil(rng, fields.get_mut(&name).unwrap()),
            }
        }
        Value::Array(items) if !items.is_empty() && rng.u8(..6) > 0 => {
            let place = rng.usize(..items.len());
            spoil(rng, &mut items[place]);
        }
        other => {
            let all = [
                json!(null),
                json!(-0.0),
                json!(3),
                json!(1e300),
                json!("x"),
                json!("2"),
                json!([]),
                json!({}),
                json!(true),
            ];
            *other = all[rng.usize(..all.len())].clone();
        }
    }
}

#[test]
fn json_of_every_type_becomes_the_bytes_that_reflection_makes_of_it() {
    let schema = Schema::embedded();
    let types: Vec<_> = schema.messages().collect();
    let (mut done, mut all, mut wrong) = (0, 0, 0);
    for seed in 0..40_000_u64 {
        let descriptor = &types[seed as usize % types.len()];
        let is_tame = seed % 4 != 0;
        let mut random = if is_tame { Random::tame(seed) } else { Random::new(seed) };
        let message = schema::decode(descriptor, &random.message(descriptor, 1)).unwrap();
        let names = if seed % 16 == 1 { Names::Camel } else { Names::Snake };
        let mut json = schema::to_json_as(&message, JsonForm { names, ..JsonForm::default() });
        let is_spoilt = seed % 3 == 0;
        if is_spoilt {
            spoil(&mut Rng::with_seed(seed), &mut json);
        }
        let expected = schema::from_json(descriptor, &json).map(|message| schema::encode(&message));
        wrong += u32::from(expected.is_err());
        let straight = schema.transcoder(descriptor.full_name()).and_then(|transcoder| transcoder.wire(&json));
        if is_tame && !is_spoilt && names == Names::Snake {
            (done, all) = (done + u32::from(straight.is_some()), all + 1);
        }
        if let Some(wire) = straight {
            assert_eq!(Ok(wire), expected.map_err(|error| error.to_string()), "{} {json}", descriptor.full_name());
        }
    }
    assert!(done * 2 > all, "only {done} of {all} were transcoded");
    assert!(wrong > 1_000, "only {wrong} were spoilt");
}

/// Messages that real clients and the service send are what it is for.
#[test]
fn every_vector_is_transcoded() {
    let (mut done, mut back_done, mut all) = (0, 0, 0);
    for (name, lines) in [
        ("Request", include_str!("../fixtures/vectors/Request.jsonl")),
        ("ResponseEvent", include_str!("../fixtures/vectors/ResponseEvent.jsonl")),
    ] {
        let schema = Schema::embedded();
        let (descriptor, transcoder) = (schema.message(name).unwrap(), schema.transcoder(name).unwrap());
        for line in lines.lines() {
            let vector: Value = serde_json::from_str(line).unwrap();
            let wire = STANDARD.decode(vector["base64"].as_str().unwrap()).unwrap();
            let mut text = Vec::new();
            all += 1;
            let message = schema::decode(&descriptor, &wire).unwrap();
            let json = schema::to_json(&message);
            if transcoder.put(&wire, &mut text) {
                done += 1;
                assert_eq!(String::from_utf8(text).unwrap(), json.to_string());
            }
            if let Some(back) = transcoder.wire(&json) {
                back_done += 1;
                assert_eq!(back, schema::encode(&message));
            }
        }
    }
    assert!(done * 10 >= all * 9, "only {done} of {all}");
    assert!(back_done * 10 >= all * 9, "only {back_done} of {all}");
}
