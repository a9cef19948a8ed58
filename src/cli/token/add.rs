//! `warp2api token add`: keeps a key or a session that the user has already, after a look at whether it is good.
//!
//! The secret comes from standard input or is typed unseen; the command line is no place for it.

use std::io::IsTerminal as _;

use crate::{
    cli::{
        args::{AddArguments, AddedKind},
        exit::{Exit, Failure},
        input::Input,
        output::Output,
        settings::Settings,
        token::desk,
    },
    credential::{Login, New, Owner, Principal, Store, StoreError, Stored, TokenKind, inspect},
    secret::Secret,
};

/// The name of a session until it is known whose it is.
const UNKNOWN: &str = "session";

/// A name longer than this that holds digits is rather a secret.
const LONG: usize = 32;

/// Checks what is given, keeps it and says whose it is.
pub(super) async fn run(arguments: &AddArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    refuse_secrets(arguments)?;
    let address = desk::address(settings)?;
    let store = desk::store(settings).await?;
    let login = desk::login(&address)?;
    let secret = read().await?;
    match kind(arguments.kind, &secret)? {
        AddedKind::Key => add_key(arguments.name.as_deref(), &secret, &store, &login, output).await,
        AddedKind::Refresh => add_session(arguments.name.as_deref(), &secret, &store, &login, output).await,
    }
}

/// Refuses a secret on the command line without showing it.
fn refuse_secrets(arguments: &AddArguments) -> Result<(), Failure> {
    let looks_secret = |name: &String| {
        inspect(&Secret::new(name)).is_some() || (name.len() > LONG && name.contains(|c: char| c.is_ascii_digit()))
    };
    if !arguments.more.is_empty() || arguments.name.as_ref().is_some_and(looks_secret) {
        let failure = Failure::usage(
            "a secret does not belong on the command line, where others can see it and the shell remembers it",
        );
        return Err(failure.hint(
            "type it when you are asked for it, or pipe it in: warp2api token add NAME < FILE. If it was one, make a \
             new one",
        ));
    }
    arguments.name.as_deref().map_or(Ok(()), Store::check_name).map_err(Failure::from)
}

/// What the user pipes in, or types unseen.
async fn read() -> Result<Secret, Failure> {
    if std::io::stdin().is_terminal() {
        let typing = || rpassword::prompt_password("API key or refresh token (it is not shown): ");
        let typed = tokio::task::spawn_blocking(typing).await;
        let typed = typed.unwrap_or_else(|_| Err(std::io::ErrorKind::Interrupted.into()))?;
        return Ok(Secret::new(&typed));
    }
    let text = String::from_utf8(Input::open(None)?.read_whole()?);
    text.map(|text| Secret::new(&text)).map_err(|_| Failure::input("standard input is not UTF-8, so it is no secret"))
}

/// What `secret` is: what the user says, else what it looks like.
fn kind(said: Option<AddedKind>, secret: &Secret) -> Result<AddedKind, Failure> {
    if secret.is_empty() {
        return Err(Failure::input("nothing was given").hint("pipe the key in, or run it at a terminal"));
    }
    let looks = inspect(secret).map(|inspected| inspected.kind);
    match (said, looks) {
        (_, Some(TokenKind::IdToken | TokenKind::CustomToken | TokenKind::OtherJwt)) => {
            let failure = Failure::input("this is a token that ends by itself, so keeping it is of no use");
            Err(failure.hint("set WARP_JWT to it to use it until then, or add the session's refresh token instead"))
        }
        (Some(said), _) => Ok(said),
        (None, Some(TokenKind::ApiKey)) => Ok(AddedKind::Key),
        (None, Some(TokenKind::RefreshToken) | None) => Ok(AddedKind::Refresh),
    }
}

async fn add_key(
    name: Option<&str>,
    secret: &Secret,
    store: &Store,
    login: &Login,
    output: &mut Output,
) -> Result<(), Failure> {
    let (key, principal) = login.check_key(secret).await?;
    let wanted = name.map_or_else(|| desk::usual_name(&principal), str::to_owned);
    let new = |name: &str| New::api_key(name, &key).identity(desk::identity(&principal));
    let added = desk::keep(store, &wanted, new).await?;
    output.note(&format!("the key is {}; {}", owner(&principal), desk::told(&added, &wanted)));
    Ok(())
}

/// The exchange that checks a session may end the token that was given, so what it yields is kept before it is known
/// whose it is.
async fn add_session(
    name: Option<&str>,
    secret: &Secret,
    store: &Store,
    login: &Login,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut kept: Option<Stored> = None;
    let keep = async |session: &crate::credential::Session| {
        let new = |name: &str| New::signed_in(name, session);
        let added = desk::keep(store, name.unwrap_or(UNKNOWN), new).await.map_err(|error| error.to_string())?;
        kept = Some(desk::account(&added).clone());
        Ok(())
    };
    let checked = login.check_refresh(secret, keep).await;
    let (signed_in, first) = match (checked, kept) {
        (Ok(signed_in), Some(first)) => (signed_in, first),
        (Ok(_), None) => return Err(Failure::new(Exit::Failed, "the session was not kept")),
        (Err(error), None) => return Err(error.into()),
        (Err(error), Some(first)) => {
            output.note(&format!("the session is kept as `{}`, but it is not known whose it is", first.name));
            return Err(error.into());
        }
    };
    let principal = &signed_in.principal;
    let wanted = name.map_or_else(|| desk::usual_name(principal), str::to_owned);
    let named = name_it(store, &first, &wanted, &signed_in).await?;
    output.note(&format!("the session is {}; it is kept as `{named}`", owner(principal)));
    Ok(())
}

/// Notes whose the session is that is kept as `first`, and calls it `wanted` if it can be. An account of the same person
/// that was there before goes on in its place.
async fn name_it(
    store: &Store,
    first: &Stored,
    wanted: &str,
    signed_in: &crate::credential::SignedIn,
) -> Result<String, StoreError> {
    let new = New::signed_in(&first.name, &signed_in.session).identity(desk::identity(&signed_in.principal));
    let added = store.run(move |store| store.add(&new)).await?;
    let account = desk::account(&added).clone();
    let (provisional, wanted) = (first.clone(), wanted.to_owned());
    store
        .run(move |store| {
            if account.id != provisional.id {
                store.remove(&provisional.name)?;
                return Ok(account.name);
            }
            match store.rename(&account.name, &wanted) {
                Ok(()) => Ok(wanted),
                Err(StoreError::NameTaken { .. }) => Ok(account.name),
                Err(error) => Err(error),
            }
        })
        .await
}

/// Whose it is, for a sentence.
fn owner(principal: &Principal) -> String {
    let shown = principal.shown();
    match principal.owner {
        Owner::User if principal.is_anonymous => "that of an anonymous account".to_owned(),
        Owner::User => format!("{shown}'s"),
        Owner::Team => format!("a team's, made by {shown}; it spends the team's credits"),
        Owner::ServiceAccount => format!("that of the service account {shown}"),
    }
}
