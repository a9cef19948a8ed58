//! Inputs that were found interesting, by the fuzz targets of `fuzz/` or by hand, through the very checks of the targets.

use std::fs;

use crate::common::root;

#[path = "../fuzz/checks.rs"]
mod checks;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = root().join("tests/fixtures/fuzz").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{} holds only {} inputs", folder.display(), files.len());
    for file in files {
        let input = fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| check(&input));
        assert!(outcome.is_ok(), "{} fails: see above", file.display());
    }
}

#[test]
fn event_streams() {
    replay("sse", checks::sse);
}

#[test]
fn payloads_of_unknown_form() {
    replay("detect", checks::detect);
}

#[test]
fn wire_bytes() {
    replay("decode", checks::decode);
}

#[test]
fn documents() {
    replay("encode", checks::encode);
}

#[test]
fn recordings() {
    replay("har", checks::har);
}
