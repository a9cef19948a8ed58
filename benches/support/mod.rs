//! The parts that are measured, each as a closure over inputs made once. Times (`parts`), allocations (`allocations`) and
//! instructions (`instructions/`) are taken of the same closures.
//!
//! This is the only place of the benchmarks that knows the crate's own interfaces.

use std::hint::black_box;

use bytes::Bytes;
use warp2api::{
    dialect::{self, Ask, Dialect, Encoder, Stamp},
    models::Catalogue,
    schema::{self, Schema},
    sse,
    turn::{Turn, TurnEvent},
    upstream::{
        Config,
        assemble::Assembler,
        event::Reader,
        payload,
        request::{Builder, Given, Past},
    },
};

mod captures;
mod clients;

/// Text events of a long answer.
const EVENTS: usize = 500;
/// How much one read of a socket gives, in bytes.
const READ: usize = 16 * 1024;
/// Exchanges that came before the question of a large request.
const LARGE: usize = 100;

/// One part.
pub(crate) struct Case {
    /// What is measured, as `group/name`.
    pub(crate) name: String,
    /// How often it is done in one run.
    pub(crate) units: u64,
    /// Does it.
    pub(crate) run: Box<dyn FnMut()>,
}

impl Case {
    fn new(name: impl Into<String>, units: usize, run: impl FnMut() + 'static) -> Self {
        Self { name: name.into(), units: units as u64, run: Box::new(run) }
    }
}

/// Every part there is.
pub(crate) fn all() -> Vec<Case> {
    let answer = captures::answer(EVENTS);
    let mut cases = vec![sse_decode(&answer), sse_encode(), payload_decode(&answer), event_decode(&answer)];
    cases.extend(captures::recorded().into_iter().map(|(name, stream)| {
        let wires = wires(&stream);
        assemble(format!("assemble/{name}"), wires.len(), wires)
    }));
    cases.push(assemble("assemble/long".to_owned(), EVENTS, wires(&answer)));
    for dialect in dialect::ALL {
        cases.push(encode(*dialect));
        cases.push(path(*dialect, &answer));
        for (size, exchanges) in [("small", 0), ("large", LARGE)] {
            cases.push(read(*dialect, size, exchanges));
        }
    }
    for (size, exchanges) in [("small", 0), ("large", LARGE)] {
        cases.push(build(size, exchanges));
        cases.extend(json("Request", size, &request(exchanges)));
    }
    cases.extend(json("ResponseEvent", "append", &captures::append()));
    cases
}

fn sse_decode(stream: &str) -> Case {
    let pieces = pieces(stream);
    let mut events = Vec::new();
    Case::new("sse/decode", EVENTS, move || {
        let mut decoder = sse::Decoder::default();
        for piece in &pieces {
            decoder.push(piece, &mut events).unwrap();
            black_box(&events);
            events.clear();
        }
        decoder.finish(&mut events).unwrap();
    })
}

fn sse_encode() -> Case {
    let data = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"delta":{"content":"0123456789abcdef"}}]}"#;
    let mut out = Vec::new();
    Case::new("sse/encode", EVENTS, move || {
        out.clear();
        for _ in 0..EVENTS {
            sse::put(&mut out, None, black_box(data));
        }
        black_box(&out);
    })
}

fn payload_decode(stream: &str) -> Case {
    let payloads: Vec<String> = captures::payloads(stream).map(str::to_owned).collect();
    Case::new("payload/decode", payloads.len(), move || {
        for data in &payloads {
            black_box(payload::decode(data).unwrap());
        }
    })
}

fn event_decode(stream: &str) -> Case {
    let (reader, wires) = (reader(), wires(stream));
    Case::new("event/decode", wires.len(), move || {
        for wire in &wires {
            black_box(reader.read(wire).unwrap());
        }
    })
}

fn assemble(name: String, units: usize, wires: Vec<Bytes>) -> Case {
    let reader = reader();
    let mut heard = Vec::new();
    Case::new(name, units, move || {
        let mut assembler = Assembler::with_reader(reader.clone()).adopting();
        for wire in &wires {
            assembler.push(wire, &mut heard).unwrap();
            black_box(&heard);
            heard.clear();
        }
    })
}

fn encode(dialect: &'static dyn Dialect) -> Case {
    let texts = vec![TurnEvent::Text("0123456789abcdef".to_owned()); EVENTS];
    let mut out = Vec::new();
    Case::new(format!("encode/{}", dialect.name()), EVENTS, move || {
        let mut encoder = encoder(dialect);
        for text in &texts {
            encoder.push(0, text, &mut out);
        }
        black_box(&out);
        out.clear();
    })
}

/// All that an event goes through between two sockets.
fn path(dialect: &'static dyn Dialect, stream: &str) -> Case {
    let (reader, pieces) = (reader(), pieces(stream));
    let (mut events, mut heard, mut out) = (Vec::new(), Vec::new(), Vec::new());
    Case::new(format!("path/{}", dialect.name()), EVENTS, move || {
        let mut decoder = sse::Decoder::default();
        let mut assembler = Assembler::with_reader(reader.clone());
        let mut encoder = encoder(dialect);
        for piece in &pieces {
            decoder.push(piece, &mut events).unwrap();
            for event in events.drain(..) {
                if let Some(wire) = payload::decode(&event.data).unwrap() {
                    assembler.push(&wire, &mut heard).unwrap();
                }
            }
            for event in heard.drain(..) {
                encoder.push(0, &event, &mut out);
            }
            black_box(&out);
            out.clear();
        }
        assert!(encoder.is_done(), "the answer has an end");
    })
}

fn read(dialect: &'static dyn Dialect, size: &str, exchanges: usize) -> Case {
    let body = clients::body(dialect.name(), exchanges);
    Case::new(format!("read/{}/{size}", dialect.name()), 1, move || {
        black_box(asked(dialect, &body).turn);
    })
}

fn build(size: &str, exchanges: usize) -> Case {
    let builder = builder();
    let turn = turn(exchanges);
    Case::new(format!("build/{size}"), 1, move || {
        black_box(built(&builder, &turn));
    })
}

/// The four ways between wire bytes, message and JSON.
fn json(kind: &str, size: &str, wire: &Bytes) -> Vec<Case> {
    let descriptor = Schema::embedded().message(kind).unwrap();
    let wire = wire.clone();
    let message = schema::decode(&descriptor, &wire).unwrap();
    let json = schema::to_json(&message);
    let name = |step: &str| format!("schema/{step}/{kind}/{size}");
    let (own, copy) = (descriptor.clone(), message.clone());
    vec![
        Case::new(name("decode"), 1, move || {
            black_box(schema::decode(&own, &wire).unwrap());
        }),
        Case::new(name("encode"), 1, move || {
            black_box(schema::encode(&copy));
        }),
        Case::new(name("to_json"), 1, move || {
            black_box(schema::to_json(&message).to_string());
        }),
        Case::new(name("from_json"), 1, move || {
            black_box(schema::from_json(&descriptor, &json).unwrap());
        }),
    ]
}

/// The wire bytes of a `Request`.
fn request(exchanges: usize) -> Bytes {
    built(&builder(), &turn(exchanges))
}

fn built(builder: &Builder, turn: &Turn) -> Bytes {
    let mut number = 0;
    let mut new_id = || {
        number += 1;
        format!("00000000-0000-4000-8000-{number:012}")
    };
    let given = Given { now: "2026-01-01T00:00:00Z", new_id: &mut new_id };
    builder.build(turn, &Past::Replayed, given).unwrap().body
}

fn builder() -> Builder {
    Builder::new(Schema::embedded(), &Config::new("http://127.0.0.1"))
}

fn turn(exchanges: usize) -> Turn {
    let dialect = dialect::ALL[0];
    asked(dialect, &clients::body(dialect.name(), exchanges)).turn
}

fn encoder(dialect: &dyn Dialect) -> Box<dyn Encoder> {
    asked(dialect, &clients::body(dialect.name(), 0)).encoder
}

fn asked(dialect: &dyn Dialect, body: &str) -> dialect::Request {
    let catalogue = Catalogue::default();
    let stamp = Stamp { id: "0123456789abcdef0123456789abcdef".to_owned(), created: 1_800_000_000 };
    let segments = clients::segments(dialect.name());
    let ask = Ask { segments, query: "alt=sse", ..Ask::of(body.as_bytes(), stamp, &catalogue) };
    dialect.read(ask).unwrap_or_else(|error| unreachable!("{}: {error:?}", dialect.name()))
}

fn reader() -> Reader {
    Reader::new(&Schema::embedded()).unwrap()
}

fn pieces(stream: &str) -> Vec<Bytes> {
    stream.as_bytes().chunks(READ).map(Bytes::copy_from_slice).collect()
}

fn wires(stream: &str) -> Vec<Bytes> {
    captures::payloads(stream).filter_map(|data| payload::decode(data).unwrap()).collect()
}
