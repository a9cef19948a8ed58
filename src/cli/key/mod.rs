//! `warp2api key …`: the gateway's own client keys. One file a verb; `desk` is what they share with `serve`.

use crate::cli::{
    args::{KeyArguments, KeyCommand},
    exit::Failure,
    output::Output,
    settings::Settings,
};

pub(crate) mod desk;
mod edit;
mod list;
mod make;
mod terms;

/// Does what `arguments` say.
pub(crate) async fn run(arguments: &KeyArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        KeyCommand::Create(verb) => make::create(verb, settings, output).await,
        KeyCommand::List { json } => list::run(*json, settings, output).await,
        KeyCommand::Update(verb) => edit::update(verb, settings, output).await,
        KeyCommand::Rotate { name, json } => make::rotate(name, *json, settings, output).await,
        KeyCommand::Revoke { name } => edit::revoke(name, settings, output).await,
    }
}
