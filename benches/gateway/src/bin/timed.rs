//! Runs a program so and so often, with its output thrown away: `timed TIMES STDIN PROGRAM ARGUMENT…`. Prints as JSON the
//! seconds that each run took and the most memory that one held, in bytes.
//!
//! It is small itself, for what a process holds when it starts another counts as that one's.

use std::{
    env,
    fs::File,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let mut next = || arguments.next().context("usage: timed TIMES STDIN PROGRAM ARGUMENT…");
    let (times, stdin, program) = (next()?, next()?, next()?);
    let times: u32 = times.to_str().and_then(|times| times.parse().ok()).context("TIMES is no number")?;
    let arguments: Vec<_> = arguments.collect();
    let mut seconds = Vec::new();
    for _ in 0..times {
        let mut command = Command::new(&program);
        command.args(&arguments).stdin(File::open(&stdin)?).stdout(Stdio::null());
        let begun = Instant::now();
        let status = command.status().with_context(|| format!("{} cannot be run", program.display()))?;
        seconds.push(begun.elapsed().as_secs_f64());
        ensure!(status.success(), "{}: {status}", program.display());
    }
    // In KiB, as Linux has it.
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() * 1024;
    println!("{}", json!({"seconds": seconds, "memory": memory}));
    Ok(())
}
