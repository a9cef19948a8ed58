//! What a key may do: from the command line, and for people and programs to read.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{
    cli::{
        args::TermsArguments,
        exit::Failure,
        key::desk::{millis, time},
        output::Output,
        values::Expiry,
        when,
    },
    clients::{Key, Terms},
    models::Catalogue,
};

/// What a person says for every one.
const ALL: &str = "all";

/// `before` with what `arguments` change.
///
/// # Errors
/// When a list names nothing, or the key would have ended already.
pub(super) fn changed(before: &Terms, arguments: &TermsArguments, now: SystemTime) -> Result<Terms, Failure> {
    let mut terms = before.clone();
    if let Some(models) = &arguments.models {
        terms.models = list("--models", models)?;
    }
    if let Some(dialects) = &arguments.dialects {
        terms.dialects = list("--dialects", dialects)?;
    }
    let limits = &mut terms.limits;
    if let Some(limit) = arguments.requests_per_minute {
        limits.requests_per_minute = limit.0;
    }
    if let Some(limit) = arguments.tokens_per_day {
        limits.tokens_per_day = limit.0;
    }
    if let Some(limit) = arguments.credits_per_day {
        limits.credits_per_day = limit.0;
    }
    if let Some(limit) = arguments.streams {
        limits.streams = limit.0;
    }
    match arguments.expires {
        None => {}
        Some(Expiry::Never) => terms.expires = None,
        Some(Expiry::In(span)) => terms.expires = Some(millis(now + span)),
        Some(Expiry::At(end)) if end <= now => {
            return Err(Failure::usage("--expires names a time that is over").hint("a key is ended with `key revoke`"));
        }
        Some(Expiry::At(end)) => terms.expires = Some(millis(end)),
    }
    Ok(terms)
}

/// The `names` that a flag gives; none stands for all of them, and has to be said as that.
fn list(flag: &str, names: &[String]) -> Result<Vec<String>, Failure> {
    let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    match names.iter().any(|name| name == ALL) {
        true => Ok(Vec::new()),
        false if names.is_empty() => {
            Err(Failure::usage(format!("{flag} names nothing")).hint(format!("`{flag} {ALL}` lets the key use all")))
        }
        false => Ok(names),
    }
}

/// Warns of models that nobody has heard of. The account's own list may well have them.
pub(super) fn warn_of_models(terms: &Terms, output: &mut Output) {
    let known = Catalogue::default();
    let is_strange = |name: &&String| {
        let named = known.models().iter().any(|model| {
            let only = Terms { models: vec![(*name).clone()], ..Terms::default() };
            only.allow_model(&model.id, |alias| known.resolve(alias))
        });
        !named
    };
    for name in terms.models.iter().filter(is_strange) {
        let near = known.nearest(name).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        output.warn(&format!("no model that is known by itself is called `{name}`{near}"));
    }
}

/// What a key may do, in one line.
pub(super) fn told(terms: &Terms) -> String {
    let list = |names: &[String]| if names.is_empty() { ALL.to_owned() } else { names.join(", ") };
    let limits = &terms.limits;
    let mut parts = vec![format!("models: {}", list(&terms.models)), format!("APIs: {}", list(&terms.dialects))];
    parts.extend(limits.requests_per_minute.map(|limit| format!("{limit} requests a minute")));
    parts.extend(limits.tokens_per_day.map(|limit| format!("{limit} tokens a day")));
    parts.extend(limits.credits_per_day.map(|limit| format!("{limit} credits a day")));
    parts.extend(limits.streams.map(|limit| format!("{limit} answers at once")));
    let end = terms.expires.and_then(|end| when::rfc3339(time(end)));
    parts.push(end.map_or_else(|| "does not expire".to_owned(), |end| format!("expires {end}")));
    parts.join("; ")
}

/// A key for a program, with nothing of its secret.
pub(super) fn json(key: &Key, now: SystemTime) -> Value {
    let date = |millis: Option<u64>| millis.and_then(|millis| when::rfc3339(time(millis)));
    let limits = &key.terms.limits;
    json!({
        "name": key.name,
        "id": key.id.as_str(),
        "state": key.standing(millis(now)).name(),
        "models": key.terms.models,
        "dialects": key.terms.dialects,
        "requests_per_minute": limits.requests_per_minute,
        "tokens_per_day": limits.tokens_per_day,
        "credits_per_day": limits.credits_per_day,
        "streams": limits.streams,
        "created": date(Some(key.created)),
        "expires": date(key.terms.expires),
        "revoked": date(key.revoked),
    })
}
