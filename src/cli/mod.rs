//! The command line: arguments → settings → library calls → output. One file a verb.
//!
//! It is the only place that reads the environment, ends the process or knows a terminal.

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{
        args::{Arguments, Command},
        exit::{Exit, Failure},
        output::{Manner, Output},
    },
    schema::Schema,
};

mod args;
mod completions;
mod decode;
mod encode;
pub mod env;
mod exit;
mod input;
mod layers;
mod output;
mod parse_response;
pub mod settings;
mod values;

pub use layers::Problem;
pub use values::{OFFICIAL_ROOT, Upstream};

/// Runs the process: parses its arguments, does what they say, and gives the code of `DESIGN.md` §4 to end with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => {
            // Help and version come this way too. A reader that has gone away does not change the code.
            let printed = refusal.print();
            drop(printed);
            return if refusal.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let manner = Manner::detect(false, arguments.global.quiet, arguments.global.verbose > 0);
    let mut output = Output::standard(manner);
    let done = run(&arguments, &mut output).and_then(|()| output.flush().map_err(Failure::from));
    match done {
        Ok(()) => Exit::Done.into(),
        Err(failure) => output.failure(&failure).into(),
    }
}

fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        Command::Serve(_) | Command::Chat(_) => Err(Failure::usage("this verb is not there yet")),
        Command::Encode(verb) => encode::run(verb, &Schema::embedded(), output),
        Command::Decode(verb) => decode::run(verb, &Schema::embedded(), output),
        Command::ParseResponse(verb) => parse_response::run(verb, &Schema::embedded(), output),
        Command::Completions(verb) => completions::run(verb, output),
    }
}
