//! `warp2api token login`: a person signs in in a browser, anywhere, and the session is kept here.

use crate::{
    cli::{
        args::LoginArguments,
        exit::{Exit, Failure},
        output::Output,
        settings::Settings,
        signals::Signals,
        token::desk,
    },
    credential::{Device, Login, New, RealTime, SignedIn, Store},
};

/// Signs in and keeps the session.
pub(super) async fn run(arguments: &LoginArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    // Nobody is to sign in for nothing: what could keep the session from being kept is found before.
    if let Some(name) = &arguments.name {
        Store::check_name(name)?;
    }
    let address = desk::address(settings)?;
    let store = desk::store(settings).await?;
    let login = desk::login(&address)?;
    let mut signals = Signals::listen()?;
    let signed_in = tokio::select! {
        signed_in = sign_in(&login, arguments, output) => signed_in?,
        () = signals.next() => return Err(Failure::new(Exit::Interrupted, "interrupted; nobody was signed in")),
    };
    let SignedIn { session, principal } = &signed_in;
    let wanted = arguments.name.clone().unwrap_or_else(|| desk::usual_name(principal));
    let new = |name: &str| New::signed_in(name, session).identity(desk::identity(principal));
    let added = desk::keep(&store, &wanted, new).await?;
    output.note(&format!("signed in as {}; {}", principal.shown(), desk::told(&added, &wanted)));
    Ok(())
}

async fn sign_in(login: &Login, arguments: &LoginArguments, output: &mut Output) -> Result<SignedIn, Failure> {
    let device = login.start().await?;
    invite(&device, arguments, output);
    let spinner = output.spinner("waiting until you confirm");
    let signed_in = login.finish(&device, &RealTime::start()).await;
    spinner.finish_and_clear();
    Ok(signed_in?)
}

/// Tells the user what to do, and opens the page where a person is at a terminal.
fn invite(device: &Device, arguments: &LoginArguments, output: &mut Output) {
    output.ask(&format!("Open {}", device.page));
    output.ask(&format!("and confirm that it shows the code {}", device.user_code));
    let is_watched = output.manner().talk_terminal && output.manner().data_terminal;
    if is_watched && !arguments.no_browser && open::that_detached(&device.page).is_err() {
        output.note("no browser could be opened here; any other device will do");
    }
}
