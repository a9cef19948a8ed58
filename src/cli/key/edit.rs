//! `warp2api key update` and `revoke`.

use std::time::SystemTime;

use crate::cli::{
    args::KeyUpdateArguments,
    exit::Failure,
    key::{
        desk::{self, millis},
        terms,
    },
    output::Output,
    settings::Settings,
};

/// Changes what a key may do.
pub(super) async fn update(
    arguments: &KeyUpdateArguments,
    settings: &Settings,
    output: &mut Output,
) -> Result<(), Failure> {
    let name = &arguments.name;
    let (keys, _) = desk::needed(settings).await?;
    let held = desk::in_force(keys.as_ref(), name).await?;
    let terms = terms::changed(&held.terms, &arguments.terms, SystemTime::now())?;
    if terms == held.terms {
        output.note(&format!("nothing changes: `{name}` may use: {}", terms::told(&terms)));
        return Ok(());
    }
    let key = keys.change(name, Some(terms), None).await?;
    terms::warn_of_models(&key.terms, output);
    output.note(&format!("`{name}` may use, in running servers within a few seconds: {}", terms::told(&key.terms)));
    Ok(())
}

/// Refuses a key from now on.
pub(super) async fn revoke(name: &str, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let (keys, _) = desk::needed(settings).await?;
    desk::in_force(keys.as_ref(), name).await?;
    keys.revoke(name, millis(SystemTime::now())).await?;
    output.note(&format!("`{name}` is revoked; running servers refuse it within a few seconds"));
    if keys.list().await?.iter().all(|key| key.revoked.is_some()) {
        output.note(
            "it was the last one: running servers go on to ask for a key, and one that starts on loopback without \
             API_TOKEN takes any",
        );
    }
    Ok(())
}
