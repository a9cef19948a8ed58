//! Runs one part so and so often, for a program that counts its instructions: `warp2api-instructions PART TIMES`. Without
//! arguments it lists the parts, each with how many units one run of it has.

#![allow(clippy::unwrap_used)]

use std::process::ExitCode;

#[path = "../../support/mod.rs"]
mod support;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(part) = arguments.next() else {
        for case in support::all() {
            println!("{} {}", case.name, case.units);
        }
        return ExitCode::SUCCESS;
    };
    let times = arguments.next().and_then(|times| times.parse::<u32>().ok());
    let case = support::all().into_iter().find(|case| case.name == part);
    let (Some(times), Some(case)) = (times, case) else {
        eprintln!("usage: warp2api-instructions [PART TIMES]; there is no part {part:?}, or the number is missing");
        return ExitCode::from(2);
    };
    let mut run = (case.prepare)();
    for _ in 0..times {
        run();
    }
    ExitCode::SUCCESS
}
