//! `warp2api token …`: the user's credentials. One file a noun.

use crate::cli::{
    args::{TokenArguments, TokenCommand},
    exit::Failure,
    output::Output,
    settings::Settings,
};

mod worker;

/// Does what `arguments` say.
pub(crate) async fn run(arguments: &TokenArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        TokenCommand::Worker(verb) => worker::run(verb, settings, output).await,
    }
}
