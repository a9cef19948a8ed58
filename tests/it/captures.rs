//! Every capture through every dialect: what its client would have received, and that it is the same however the
//! upstream's bytes were cut. `WARP2API_BLESS=1` rewrites the goldens in `tests/fixtures/<dialect>/captures`.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use warp2api::{
    dialect::{self, Ask, Dialect, Stamp},
    models::Catalogue,
    schema::Schema,
    turn::TurnEvent,
    upstream::transcript::Transcriber,
};

use crate::common::{check_golden, root};

fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/fixtures/captures")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "sse"));
    files.sort();
    assert!(files.len() >= 28, "only {} captures were found", files.len());
    files
}

/// What a user hears of the capture when it comes in pieces of `size` bytes.
fn heard(bytes: &[u8], size: usize) -> Vec<TurnEvent> {
    let mut transcriber = Transcriber::new(&Schema::embedded()).unwrap();
    let mut heard = Vec::new();
    for piece in bytes.chunks(size) {
        transcriber.push(&Bytes::copy_from_slice(piece), &mut heard).unwrap();
    }
    transcriber.end(&mut heard).unwrap();
    heard
}

/// A request of the dialect that wants a stream with all that there is in it: its path and its body.
fn request(dialect: &dyn Dialect) -> (&'static [&'static str], &'static str) {
    match dialect.name() {
        "openai_chat" => (
            &["chat", "completions"],
            r#"{"model":"auto","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#,
        ),
        "openai_responses" => (&["responses"], r#"{"model":"auto","stream":true,"input":"x"}"#),
        "anthropic" => (
            &["messages"],
            r#"{"model":"auto","stream":true,"max_tokens":100000,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"x"}]}"#,
        ),
        "gemini" => (
            &["v1beta", "models", "auto:streamGenerateContent"],
            r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#,
        ),
        other => panic!("no request is known for the dialect {other}"),
    }
}

fn stream(dialect: &dyn Dialect, events: &[TurnEvent]) -> String {
    let (segments, body) = request(dialect);
    let stamp = Stamp { id: "0123456789abcdef".to_owned(), created: 1_700_000_000 };
    let catalogue = Catalogue::default();
    let ask = Ask { segments, query: "alt=sse", ..Ask::of(body.as_bytes(), stamp, &catalogue) };
    let mut encoder = dialect.read(ask).unwrap_or_else(|error| panic!("{}: {error}", dialect.name())).encoder;
    let mut out = Vec::new();
    events.iter().for_each(|event| encoder.push(0, event, &mut out));
    assert!(encoder.is_done(), "{} has no end after {:?}", dialect.name(), events.last());
    String::from_utf8(out).unwrap()
}

#[test]
fn every_dialect_streams_every_capture_as_its_golden_says() {
    for capture in captures() {
        let events = heard(&fs::read(&capture).unwrap(), usize::MAX);
        for dialect in dialect::ALL {
            let name = capture.file_stem().unwrap().to_string_lossy();
            let golden = format!("tests/fixtures/{}/captures/{name}.txt", dialect.name());
            check_golden(&golden, &stream(*dialect, &events));
        }
    }
}

#[test]
fn it_is_all_the_same_however_the_bytes_were_cut() {
    for capture in captures() {
        let bytes = fs::read(&capture).unwrap();
        let whole = heard(&bytes, bytes.len());
        for size in [1, 2, 7, 61] {
            assert_eq!(heard(&bytes, size), whole, "{} in pieces of {size}", capture.display());
        }
        // Cut once at places throughout the first kilobyte, where every kind of line is.
        for place in (1..bytes.len().min(1024)).step_by(13) {
            let mut transcriber = Transcriber::new(&Schema::embedded()).unwrap();
            let mut heard = Vec::new();
            for piece in [&bytes[..place], &bytes[place..]] {
                transcriber.push(&Bytes::copy_from_slice(piece), &mut heard).unwrap();
            }
            transcriber.end(&mut heard).unwrap();
            assert_eq!(heard, whole, "{} cut at {place}", capture.display());
        }
    }
}
