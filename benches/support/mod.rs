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
        payload::{self, Payloads},
        request::{Builder, Given, Past},
    },
};

mod captures;
mod clients;

/// Pieces of text in a long answer, and all of its events.
const TEXTS: usize = 500;
const EVENTS: usize = TEXTS + 9;
/// How much one read of a socket gives, in bytes.
const READ: usize = 16 * 1024;
/// Requests: how many exchanges come before the question.
const SIZES: [(&str, usize); 2] = [("small", 0), ("large", 100)];

/// One part.
pub(crate) struct Case {
    /// What is measured, as `group/name`.
    pub(crate) name: String,
    /// How often it is done in one run: events, or whole messages.
    pub(crate) units: u64,
    /// Makes the inputs, and gives what does it.
    pub(crate) prepare: Box<dyn FnOnce() -> Run>,
}

/// Does a part once with all of its inputs.
pub(crate) type Run = Box<dyn FnMut()>;

impl Case {
    fn new<R: FnMut() + 'static>(name: impl Into<String>, units: usize, prepare: impl FnOnce() -> R + 'static) -> Self {
        Self { name: name.into(), units: units as u64, prepare: Box::new(|| Box::new(prepare())) }
    }
}

/// Every part there is.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![sse_decode(), sse_encode(), payload_decode(), event_decode()];
    cases.push(assemble("long", captures::answer(TEXTS)));
    cases.extend(captures::recorded().map(|(name, stream)| assemble(name, stream.to_owned())));
    for dialect in dialect::ALL {
        cases.push(encode(*dialect));
        cases.push(path(*dialect));
        cases.extend(SIZES.map(|(size, exchanges)| read(*dialect, size, exchanges)));
    }
    cases.extend(SIZES.map(|(size, exchanges)| build(size, exchanges)));
    for (size, exchanges) in SIZES {
        cases.extend(json("Request", size, move || request(exchanges)));
    }
    cases.extend(json("ResponseEvent", "append", captures::append));
    cases
}

fn sse_decode() -> Case {
    Case::new("sse/decode", EVENTS, || {
        let (pieces, mut events) = (pieces(), Vec::new());
        move || {
            let mut decoder = sse::Decoder::default();
            for piece in &pieces {
                decoder.push(piece, &mut events).unwrap();
                black_box(&events);
                events.clear();
            }
            decoder.finish(&mut events).unwrap();
        }
    })
}

fn sse_encode() -> Case {
    Case::new("sse/encode", TEXTS, || {
        let data =
            r#"{"id":"1","object":"chat.completion.chunk","choices":[{"delta":{"content":"0123456789abcdef"}}]}"#;
        let mut out = Vec::new();
        move || {
            out.clear();
            for _ in 0..TEXTS {
                sse::put(&mut out, None, black_box(data));
            }
            black_box(&out);
        }
    })
}

fn payload_decode() -> Case {
    Case::new("payload/decode", EVENTS, || {
        let stream = captures::answer(TEXTS);
        let payloads: Vec<String> = captures::payloads(&stream).map(str::to_owned).collect();
        assert_eq!(payloads.len(), EVENTS, "the recording has other events than it had");
        move || {
            for data in &payloads {
                black_box(payload::decode(data).unwrap());
            }
        }
    })
}

fn event_decode() -> Case {
    Case::new("event/decode", EVENTS, || {
        let (reader, wires) = (reader(), wires(&captures::answer(TEXTS)));
        move || {
            for wire in &wires {
                black_box(reader.read(wire).unwrap());
            }
        }
    })
}

fn assemble(name: &str, stream: String) -> Case {
    let events = captures::payloads(&stream).count();
    Case::new(format!("assemble/{name}"), events, move || {
        let (reader, wires, mut heard) = (reader(), wires(&stream), Vec::new());
        move || {
            let mut assembler = Assembler::with_reader(reader.clone()).adopting();
            for wire in &wires {
                assembler.push(wire, &mut heard).unwrap();
                black_box(&heard);
                heard.clear();
            }
        }
    })
}

fn encode(dialect: &'static dyn Dialect) -> Case {
    Case::new(format!("encode/{}", dialect.name()), TEXTS, move || {
        let texts = vec![TurnEvent::Text("0123456789abcdef".to_owned()); TEXTS];
        let mut out = Vec::new();
        move || {
            let mut encoder = encoder(dialect);
            for text in &texts {
                encoder.push(0, text, &mut out);
            }
            black_box(&out);
            out.clear();
        }
    })
}

/// All that an event goes through between two sockets.
fn path(dialect: &'static dyn Dialect) -> Case {
    Case::new(format!("path/{}", dialect.name()), EVENTS, move || {
        let (reader, pieces) = (reader(), pieces());
        let (mut payloads, mut heard, mut out) = (Payloads::default(), Vec::new(), Vec::new());
        move || {
            let mut decoder = sse::Decoder::default();
            let mut assembler = Assembler::with_reader(reader.clone());
            let mut encoder = encoder(dialect);
            for piece in &pieces {
                decoder.push_each(piece, &mut |event| payloads.push(event.data).unwrap()).unwrap();
                for wire in payloads.iter() {
                    assembler.push(wire, &mut heard).unwrap();
                }
                payloads.clear();
                for event in heard.drain(..) {
                    encoder.push(0, &event, &mut out);
                }
                black_box(&out);
                out.clear();
            }
            assert!(encoder.is_done(), "the answer has an end");
        }
    })
}

fn read(dialect: &'static dyn Dialect, size: &str, exchanges: usize) -> Case {
    Case::new(format!("read/{}/{size}", dialect.name()), 1, move || {
        let body = clients::body(dialect.name(), exchanges);
        move || {
            black_box(asked(dialect, &body).turn);
        }
    })
}

fn build(size: &str, exchanges: usize) -> Case {
    Case::new(format!("build/{size}"), 1, move || {
        let (builder, turn) = (builder(), turn(exchanges));
        move || {
            black_box(built(&builder, &turn));
        }
    })
}

/// The four ways between wire bytes, message and JSON.
fn json(kind: &'static str, size: &str, wire: impl Fn() -> Bytes + Copy + 'static) -> [Case; 4] {
    let name = |step: &str| format!("schema/{step}/{kind}/{size}");
    let descriptor = move || Schema::embedded().message(kind).unwrap();
    let message = move || schema::decode(&descriptor(), &wire()).unwrap();
    [
        Case::new(name("decode"), 1, move || {
            let (descriptor, wire) = (descriptor(), wire());
            move || {
                black_box(schema::decode(&descriptor, &wire).unwrap());
            }
        }),
        Case::new(name("encode"), 1, move || {
            let message = message();
            move || {
                black_box(schema::encode(&message));
            }
        }),
        Case::new(name("to_json"), 1, move || {
            let message = message();
            move || {
                black_box(schema::to_json(&message).to_string());
            }
        }),
        Case::new(name("from_json"), 1, move || {
            let (descriptor, json) = (descriptor(), schema::to_json(&message()));
            move || {
                black_box(schema::from_json(&descriptor, &json).unwrap());
            }
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

/// A long answer, as a socket gives it.
fn pieces() -> Vec<Bytes> {
    captures::answer(TEXTS).as_bytes().chunks(READ).map(Bytes::copy_from_slice).collect()
}

fn wires(stream: &str) -> Vec<Bytes> {
    captures::payloads(stream).filter_map(|data| payload::decode(data).unwrap()).collect()
}
