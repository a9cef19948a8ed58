//! `warp2api config`: shows, checks and describes the settings.
//!
//! What it shows is what `serve` would go by: both come out of the same resolution.

use std::path::Path;

use crate::cli::{
    args::{Arguments, ConfigArguments, ConfigCommand},
    env::ProcessEnvironment,
    exit::Failure,
    output::Output,
    settings::Settings,
};

mod check;
mod example;
pub(crate) mod kinds;
mod schema;
mod show;

/// Runs the verb.
pub(crate) fn run(verb: &ConfigArguments, arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let layers = || Settings::gather(arguments, &ProcessEnvironment, Path::new(".")).1;
    match &verb.command {
        ConfigCommand::Show { json, .. } => show::run(layers(), *json, output),
        ConfigCommand::Check { json, .. } => check::run(layers(), *json, output),
        ConfigCommand::Schema => Ok(output.json(&schema::document())?),
        ConfigCommand::Example => Ok(output.text(&example::file())?),
    }
}
