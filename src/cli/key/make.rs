//! `warp2api key create` and `rotate`: both print a secret that is shown once and kept by nobody.

use std::time::SystemTime;

use serde_json::json;

use crate::{
    cli::{
        args::KeyCreateArguments,
        exit::{Exit, Failure},
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
    let name = &arguments.name;
    Key::check_name(name)?;
    let now = SystemTime::now();
    let terms = terms::changed(&Terms::default(), &arguments.terms, now)?;
    let (keys, _) = desk::needed(settings).await?;
    match desk::in_force(keys.as_ref(), name).await {
        Ok(_) => return Err(ClientsError::NameTaken { name: name.clone() }.into()),
        Err(ClientsError::Unknown { .. } | ClientsError::Revoked { .. }) => {}
        // A store that cannot be asked would not keep the key either, which must not be printed then.
        Err(error) => return Err(error.into()),
    }
    let (secret, id, digest) = generate(None)?;
    let new = NewKey { id, name: name.clone(), digest, terms, created: millis(now) };
    let key = Key::from(new.clone());
    show(&key, &secret, arguments.json, output)?;
    keys.create(new).await.map_err(void)?;
    output.note(ONLY_TIME);
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
    let held = desk::in_force(keys.as_ref(), name).await?;
    let (secret, _, digest) = generate(Some(&held.id))?;
    show(&held, &secret, json, output)?;
    let key = keys.change(name, None, Some(digest)).await.map_err(void)?;
    // Someone else may have revoked it and made another of its name in between.
    if key.id != held.id {
        return Err(void(ClientsError::Unknown { name: name.to_owned() }));
    }
    output.note(ONLY_TIME);
    output.note("running servers refuse the one before within a few seconds");
    Ok(())
}

const ONLY_TIME: &str = "this is the only time that the key is shown; what is kept can check it and not show it";

/// Prints the key as its client sends it: the only time that anyone sees it. It is not in force yet, for one that nobody
/// has got would lock its client out.
fn show(key: &Key, secret: &Secret, json: bool, output: &mut Output) -> Result<(), Failure> {
    let printed = match json {
        true => {
            let mut shown = terms::json(key, SystemTime::now());
            shown["key"] = json!(secret.expose());
            output.json(&shown)
        }
        false => output.text(&format!("{}\n", secret.expose())),
    };
    // Here even a reader that has gone is a failure.
    printed.and_then(|()| output.flush()).map_err(|error| {
        Failure::new(Exit::Failed, format!("the key cannot be printed: {error}"))
            .hint("nothing was changed; print it to where it can be read")
    })
}

/// Why the key that was printed came to nothing.
fn void(error: ClientsError) -> Failure {
    let (why, hint) = (error.to_string(), error.hint());
    Failure::new(Failure::from(error).exit(), format!("the key that was printed does not hold: {why}")).hint(hint)
}
