//! Holds the checked-in completion scripts against the command line they complete.

use crate::common::{Place, check_golden};

fn check(shell: &str, file: &str) {
    let ran = Place::new().run(&format!("completions {shell}"), b"").ended(0);
    check_golden(&format!("completions/{file}"), ran.text());
}

#[test]
fn bash() {
    check("bash", "warp2api.bash");
}

#[test]
fn zsh() {
    check("zsh", "_warp2api");
}

#[test]
fn fish() {
    check("fish", "warp2api.fish");
}

#[test]
fn powershell() {
    check("powershell", "_warp2api.ps1");
}

#[test]
fn elvish() {
    check("elvish", "warp2api.elv");
}
