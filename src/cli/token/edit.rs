//! `warp2api token remove` and `rename`.

use crate::{
    cli::{exit::Failure, output::Output, settings::Settings, token::desk},
    credential::Kind,
};

/// Forgets the account `name`.
pub(super) async fn remove(name: &str, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let name = name.to_owned();
    let removed = desk::store(settings).await?.run(move |store| store.remove(&name)).await?;
    let goes_on = match removed.kind {
        Kind::ApiKey => "; the key itself works until it is revoked in Warp's settings",
        Kind::Session => "; Warp itself still knows the session",
        Kind::Anonymous | Kind::Token => "",
    };
    output.note(&format!("`{}` is forgotten here{goes_on}", removed.name));
    Ok(())
}

/// Calls the account `old` `new`.
pub(super) async fn rename(old: &str, new: &str, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let (from, to) = (old.to_owned(), new.to_owned());
    desk::store(settings).await?.run(move |store| store.rename(&from, &to)).await?;
    output.note(&format!("`{old}` is called `{new}` now"));
    Ok(())
}
