//! Every recorded stream gives the same events however its bytes are cut.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use warp2api::sse::{Decoder, Event};

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(&Bytes::copy_from_slice(chunk), &mut events).expect("a capture is an event stream");
    }
    decoder.finish(&mut events).expect("a capture ends well");
    events
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the captures are there")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sse"))
        .collect();
    files.sort();
    assert!(files.len() >= 29, "only {} captures", files.len());
    files
}

/// How many events the capture's own description promises.
fn promised_events(capture: &Path) -> usize {
    let text = fs::read_to_string(capture.with_extension("json")).expect("a capture has a description");
    let description: serde_json::Value = serde_json::from_str(&text).expect("the description is JSON");
    let events = description["events"].as_object().expect("it counts events");
    events.values().map(|count| usize::try_from(count.as_u64().expect("a count")).expect("a small count")).sum()
}

#[test]
fn captures_have_the_promised_events() {
    for path in captures() {
        let bytes = fs::read(&path).expect("a readable capture");
        let events = decode([&bytes[..]]);
        let marks = events.iter().filter(|event| event.data == "[DONE]").count();
        assert_eq!(events.len() - marks, promised_events(&path), "{}", path.display());
    }
}

/// Every position of every capture is a cut for each of the chunk lengths: a run has its cuts a chunk apart, and the
/// runs shift them by one byte each.
#[test]
fn captures_decode_the_same_cut_at_every_byte() {
    for path in captures() {
        let bytes = fs::read(&path).expect("a readable capture");
        let whole = decode([&bytes[..]]);
        for length in [1, 2, 3, 61] {
            for shift in 0..length {
                let (start, rest) = bytes.split_at(shift);
                let chopped = decode(std::iter::once(start).chain(rest.chunks(length)));
                assert_eq!(chopped, whole, "{} cut every {length} bytes from {shift}", path.display());
            }
        }
    }
}
