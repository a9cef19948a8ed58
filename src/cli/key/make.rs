//! `warp2api key create` and `rotate`: both print a secret that is shown once and kept by nobody.

use std::time::SystemTime;

use serde_json::json;

use crate::{
    cli::{
        args::KeyCreateArguments,
        exit::Failure,
        key::{
            desk::{self, millis},
            terms,
        },
        output::Output,
        settings::Settings,
    },
    clients::{ClientsError, Key, NewKey, Terms, generate},
    secret::Secret,
};

/// Makes a key and prints it.
pub(super) async fn create(
    arguments: &KeyCreateArguments,
    settings: &Settings,
    output: &mut Output,
) -> Result<(), Failure> {
    Key::check_name(&arguments.name)?;
    let now = SystemTime::now();
    let terms = terms::changed(&Terms::default(), &arguments.terms, now)?;
    let (keys, _) = desk::needed(settings).await?;
    let (secret, id, digest) = generate(None)?;
    let new = NewKey { id, name: arguments.name.clone(), digest, terms, created: millis(now) };
    keys.create(new.clone()).await?;
    let key = Key::from(new);
    show(&key, &secret, arguments.json, output)?;
    terms::warn_of_models(&key.terms, output);
    output.note(&format!("`{}` may use: {}", key.name, terms::told(&key.terms)));
    if keys.list().await?.iter().filter(|key| key.revoked.is_none()).count() == 1 {
        output.note("it is the only one: a server that took any key until now asks for this one within a few seconds");
    }
    Ok(())
}

/// Gives the key `name` another secret and prints it.
pub(super) async fn rotate(name: &str, json: bool, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let (keys, _) = desk::needed(settings).await?;
    let held = keys.list().await?.into_iter().find(|key| key.name == name && key.revoked.is_none());
    let held = held.ok_or_else(|| ClientsError::Unknown { name: name.to_owned() })?;
    let (secret, _, digest) = generate(Some(&held.id))?;
    let key = keys.change(name, None, Some(digest)).await?;
    // Someone else may have revoked it and made another of its name in between.
    if key.id != held.id {
        return Err(ClientsError::Unknown { name: name.to_owned() }.into());
    }
    show(&key, &secret, json, output)?;
    output.note("running servers refuse the one before within a few seconds");
    Ok(())
}

/// Prints the key as its client sends it: the only time that anyone sees it.
fn show(key: &Key, secret: &Secret, json: bool, output: &mut Output) -> Result<(), Failure> {
    match json {
        true => {
            let mut shown = terms::json(key, SystemTime::now());
            shown["key"] = json!(secret.expose());
            output.json(&shown)?;
        }
        false => output.text(&format!("{}\n", secret.expose()))?,
    }
    output.flush()?;
    output.note("this is the only time that the key is shown; what is kept can check it and not show it");
    Ok(())
}
