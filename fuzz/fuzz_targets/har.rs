//! Files that may hold recorded exchanges, as `tests/fuzz/checks.rs` wants them.

#![no_main]

#[path = "../../tests/fuzz/checks.rs"]
#[expect(dead_code, reason = "each target uses one check of the file")]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::har(data));
