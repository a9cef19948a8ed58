//! Recorded answers: those of the tests, and a long one.

use bytes::Bytes;
use warp2api::upstream::payload;

/// What the fast upstream of the gateway's benchmark answers with, with two pieces of text.
const ANSWER: &str = include_str!("../gateway/answer.sse");
/// The frame of it that appends the second piece, which is 16 bytes long.
const APPEND: usize = 7;

/// A capture of the tests.
macro_rules! capture {
    ($name:literal) => {
        ($name, include_str!(concat!("../../tests/fixtures/captures/", $name, ".sse")))
    };
}

/// An answer in `events` pieces of text.
pub(super) fn answer(events: usize) -> String {
    let frames: Vec<&str> = ANSWER.split_inclusive("\n\n").collect();
    let (head, rest) = frames.split_at(APPEND);
    let texts = rest[0].repeat(events - 1);
    [head.concat(), texts, rest[1..].concat()].concat()
}

/// The wire bytes of the event that appends a piece of text.
pub(super) fn append() -> Bytes {
    payloads(ANSWER).nth(APPEND).and_then(|data| payload::decode(data).unwrap()).unwrap()
}

/// What the service was seen to answer, kind by kind.
pub(super) fn recorded() -> [(&'static str, &'static str); 6] {
    [
        capture!("official-plain"),
        capture!("parallel-tools"),
        capture!("reasoning"),
        capture!("rollback"),
        capture!("subtask"),
        capture!("tool-call"),
    ]
}

/// The payload of every event.
pub(super) fn payloads(stream: &str) -> impl Iterator<Item = &str> {
    stream.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim)
}
