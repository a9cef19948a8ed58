//! `warp2api completions SHELL`: prints what the shell needs to complete our command line.

use clap::CommandFactory as _;

use crate::cli::{
    args::{Arguments, CompletionsArguments},
    exit::Failure,
    output::Output,
};

/// Prints the script.
pub(crate) fn run(arguments: &CompletionsArguments, output: &mut Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "warp2api", &mut script);
    output.data(&script)?;
    Ok(())
}
