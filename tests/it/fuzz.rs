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

/// The same inputs with bytes of them changed, taken out, or put in from another.
#[test]
fn damaged_recordings() {
    let folder = root().join("tests/fixtures/fuzz/har");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let inputs: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..3000 {
        let mut input = inputs[random.usize(..inputs.len())].clone();
        let other = &inputs[random.usize(..inputs.len())];
        for _ in 0..random.usize(1..4) {
            let (start, end) = (random.usize(..=input.len()), random.usize(..=input.len()));
            let (start, end) = (start.min(end), start.max(end).min(start.min(end) + 40));
            let (from, to) = (random.usize(..=other.len()), random.usize(..=other.len()));
            let put: &[u8] = match random.u8(..3) {
                0 => &[],
                1 => &[random.u8(..)],
                _ => &other[from.min(to)..from.max(to).min(from.min(to) + 40)],
            };
            input.splice(start..end, put.iter().copied());
        }
        let outcome = std::panic::catch_unwind(|| checks::har(&input));
        assert!(outcome.is_ok(), "{:?} fails: see above", String::from_utf8_lossy(&input));
    }
}
