//! `warp2api token inspect`: what a token says of itself. Nothing is asked of anyone, and the token is not shown.

use std::time::SystemTime;

use serde_json::json;

use crate::{
    cli::{args::InspectArguments, exit::Failure, input::Input, output::Output, when},
    credential::{Inspected, TokenKind, inspect},
    secret::Secret,
};

/// Says what it is.
pub(super) fn run(arguments: &InspectArguments, output: &mut Output) -> Result<(), Failure> {
    let input = Input::open(arguments.file.as_deref())?;
    if input.is_terminal() {
        output.note("reading the token from the terminal; end it with Ctrl-D");
    }
    let name = input.name().to_owned();
    let text = String::from_utf8(input.read_whole()?).ok();
    let inspected = text.and_then(|text| inspect(&Secret::new(&text)));
    let inspected = inspected.ok_or_else(|| {
        Failure::input(format!("{name} holds no token that is known: neither a key, nor a JWT, nor a refresh token"))
    })?;
    match arguments.json {
        true => show_json(&inspected, output),
        false => show(&inspected, output),
    }
}

fn show(inspected: &Inspected, output: &mut Output) -> Result<(), Failure> {
    let Inspected { kind, issuer, audience, subject, email, issued, expires } = inspected;
    let now = SystemTime::now();
    let at = |time: &Option<SystemTime>| {
        time.map(|time| format!("{} ({})", when::rfc3339(time).unwrap_or_default(), when::relative(time, now)))
    };
    let lines = [
        ("kind", Some(kind.name().to_owned())),
        ("issuer", issuer.clone()),
        ("audience", audience.clone()),
        ("subject", subject.clone()),
        ("email", email.clone()),
        ("issued", at(issued)),
        ("expires", at(expires).or_else(|| Some(lasting(*kind).to_owned()))),
    ];
    for (name, value) in lines {
        let Some(value) = value else { continue };
        // A claim may hold anything, line breaks too.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        output.text(&format!("{name:9} {value}\n"))?;
    }
    if expires.is_none() {
        return Ok(());
    }
    let state = if is_over(inspected, now) { "expired" } else { "not expired" };
    Ok(output.text(&format!("{:9} {state}; its signature is not checked here\n", "state"))?)
}

fn show_json(inspected: &Inspected, output: &mut Output) -> Result<(), Failure> {
    let time = |time: Option<SystemTime>| time.and_then(when::rfc3339);
    let now = SystemTime::now();
    let left = inspected.expires.map(|end| match end.duration_since(now) {
        Ok(left) => i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        Err(error) => i64::try_from(error.duration().as_secs()).map_or(i64::MIN, |past| -past),
    });
    Ok(output.json(&json!({
        "kind": inspected.kind.name(),
        "issuer": inspected.issuer,
        "audience": inspected.audience,
        "subject": inspected.subject,
        "email": inspected.email,
        "issued": time(inspected.issued),
        "expires": time(inspected.expires),
        "expires_in_s": left,
        "expired": is_over(inspected, now),
    }))?)
}

fn is_over(inspected: &Inspected, now: SystemTime) -> bool {
    inspected.expires.is_some_and(|end| now >= end)
}

/// How long a token lasts that does not say.
fn lasting(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::ApiKey => "when it is revoked",
        TokenKind::RefreshToken => "when the session is signed out",
        TokenKind::IdToken | TokenKind::CustomToken | TokenKind::OtherJwt => "it does not say",
    }
}
