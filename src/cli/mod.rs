//! The command line: arguments → settings → library calls → output. One file a verb.
//!
//! It is the only place that reads the environment, ends the process or knows a terminal.

use std::{future::Future, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    cli::{
        args::{Arguments, Command},
        env::ProcessEnvironment,
        exit::{Exit, Failure, OrExit as _},
        logging::Verbosity,
        output::{Manner, Output},
        reload::Reloader,
        settings::{Common, Settings},
    },
    schema::Schema,
};

mod args;
mod backend;
mod chat;
mod completions;
mod config;
mod decode;
mod document;
mod encode;
pub mod env;
mod exchanges;
mod exit;
mod healthcheck;
mod input;
mod key;
mod layers;
mod limits;
mod logging;
mod models;
mod open_files;
mod output;
mod parse_response;
mod private;
mod reload;
mod schema;
mod serve;
pub mod settings;
mod signals;
mod systemd;
mod table;
mod token;
mod traces;
mod values;
mod verify;
mod watched;
mod when;

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
    let global = &arguments.global;
    let manner = Manner::detect(env::wants_no_colour(&ProcessEnvironment), global.quiet, global.verbose > 0);
    let mut output = Output::standard(manner);
    let done = run(&arguments, &mut output).and_then(|()| output.flush().map_err(Failure::from));
    match done {
        Ok(()) => Exit::Done.into(),
        Err(failure) => output.failure(&failure).into(),
    }
}

fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        Command::Serve(_) => {
            let (settings, sources) = Settings::resolve_with_sources(arguments, &ProcessEnvironment, Path::new("."));
            let settings = settings.map_err(refuse)?;
            begin_logging(arguments, &settings.common, LevelFilter::INFO, output);
            let schema = load_schema(&settings.common)?;
            block_on(serve::run(&settings, Reloader::new(arguments, sources), schema, output))
        }
        Command::Chat(verb) => {
            let (settings, schema) = prepare(arguments, LevelFilter::WARN, output)?;
            block_on(chat::run(verb, &settings, schema, output)).map_err(|failure| naming(&settings, failure))
        }
        Command::Encode(verb) => encode::run(verb, &toolkit(arguments, output)?, output),
        Command::Decode(verb) => decode::run(verb, &toolkit(arguments, output)?, output),
        Command::ParseResponse(verb) => parse_response::run(verb, &toolkit(arguments, output)?, output),
        Command::Verify(verb) => verify::run(verb, &toolkit(arguments, output)?, output),
        Command::Token(verb) => {
            let settings = configure(arguments, LevelFilter::WARN, output)?;
            block_on(token::run(verb, &settings, output)).map_err(|failure| naming(&settings, failure))
        }
        Command::Key(verb) => {
            let settings = configure(arguments, LevelFilter::WARN, output)?;
            block_on(key::run(verb, &settings, output))
        }
        Command::Models(verb) => {
            let (settings, schema) = prepare(arguments, LevelFilter::WARN, output)?;
            block_on(models::run(verb, &settings, schema, output)).map_err(|failure| naming(&settings, failure))
        }
        Command::Schema(verb) => schema::run(verb, &toolkit(arguments, output)?, output),
        Command::Config(verb) => config::run(verb, arguments, output),
        Command::Healthcheck(verb) => {
            let settings = configure(arguments, LevelFilter::WARN, output)?;
            block_on(healthcheck::run(verb, &settings, output))
        }
        Command::Completions(verb) => completions::run(verb, output),
    }
}

/// `failure` with the name of the upstream, where it is not Warp's own: it may be the wrong one.
fn naming(settings: &Settings, failure: Failure) -> Failure {
    let upstream = &settings.upstream;
    let is_its = matches!(failure.exit(), Exit::Upstream | Exit::Failed);
    if !is_its || upstream.is_official() || !matches!(upstream, Upstream::Service { .. }) {
        return failure;
    }
    let own = format!("the upstream is {upstream}");
    let hint = failure.hint_text().map_or_else(|| own.clone(), |hint| format!("{hint}; {own}"));
    failure.hint(hint)
}

/// Everything that a verb which talks with the upstream needs.
fn prepare(arguments: &Arguments, usual: LevelFilter, output: &Output) -> Result<(Settings, Schema), Failure> {
    let settings = configure(arguments, usual, output)?;
    let schema = load_schema(&settings.common)?;
    Ok((settings, schema))
}

/// The settings of a verb that needs them all, and its log.
fn configure(arguments: &Arguments, usual: LevelFilter, output: &Output) -> Result<Settings, Failure> {
    let settings = Settings::resolve(arguments, &ProcessEnvironment, Path::new(".")).map_err(refuse)?;
    begin_logging(arguments, &settings.common, usual, output);
    Ok(settings)
}

/// What a verb of the toolkit needs.
fn toolkit(arguments: &Arguments, output: &Output) -> Result<Schema, Failure> {
    let common = Common::resolve(arguments, &ProcessEnvironment, Path::new(".")).map_err(refuse)?;
    begin_logging(arguments, &common, LevelFilter::WARN, output);
    load_schema(&common)
}

fn begin_logging(arguments: &Arguments, common: &Common, usual: LevelFilter, output: &Output) {
    logging::begin(common, Verbosity::asked(arguments, usual), output.manner().colour);
}

fn refuse(problems: Vec<Problem>) -> Failure {
    let lines: Vec<_> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    let what = if lines.len() == 1 { "this setting is" } else { "these settings are" };
    Failure::usage(format!("{what} wrong:{}", lines.concat()))
}

fn load_schema(common: &Common) -> Result<Schema, Failure> {
    let Some(path) = &common.descriptors else { return Ok(Schema::embedded()) };
    descriptor_set(path)
}

/// The schema in the descriptor set `path`.
fn descriptor_set(path: &Path) -> Result<Schema, Failure> {
    let bytes = input::Input::open(Some(path))?.read_whole()?;
    Schema::from_descriptor_set(&bytes)
        .with_context(|| format!("{} is not a usable descriptor set", path.display()))
        .or_exit(Exit::Usage)
}

/// Runs a verb that waits for the network. What it leaves behind, such as a read from a terminal that nobody answers,
/// does not hold the process back.
fn block_on(verb: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(verb);
    runtime.shutdown_background();
    done
}
