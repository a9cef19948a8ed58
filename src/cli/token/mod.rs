//! `warp2api token …`: the user's credentials. One file a verb; `desk` is what they share.

use crate::cli::{
    args::{TokenArguments, TokenCommand},
    exit::Failure,
    output::Output,
    settings::Settings,
};

mod acquire;
mod add;
pub(crate) mod desk;
mod edit;
mod inspect;
mod list;
mod login;
mod pool;
mod worker;

/// Does what `arguments` say.
pub(crate) async fn run(arguments: &TokenArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        TokenCommand::Login(verb) => login::run(verb, settings, output).await,
        TokenCommand::Add(verb) => add::run(verb, settings, output).await,
        TokenCommand::List(verb) => list::run(verb, settings, output).await,
        TokenCommand::Remove { name } => edit::remove(name, settings, output).await,
        TokenCommand::Rename { old, new } => edit::rename(old, new, settings, output).await,
        TokenCommand::Acquire(verb) => acquire::run(verb, settings, output).await,
        TokenCommand::Inspect(verb) => inspect::run(verb, output),
        TokenCommand::Pool(verb) => pool::run(verb, settings, output).await,
        TokenCommand::Worker(verb) => worker::run(verb, settings, output).await,
    }
}
