//! Options that both APIs have: how hard to think, how much to say, and the names of what was read over.

use serde_json::Value;

use crate::{
    dialect::{asked, field::Field, ignored::Ignored},
    models::Catalogue,
    turn::TurnError,
};

/// Fields that change nothing of an answer.
const INERT: &[&str] =
    &["user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"];

/// The model's name as the client wrote it, and the upstream's id of the sibling that thinks as hard as `effort` asks.
pub(crate) fn model<'v>(
    root: &Field<'_, 'v>,
    effort: Option<Field<'_, '_>>,
    catalogue: &Catalogue,
    ignored: &mut Ignored,
) -> Result<(&'v str, String), TurnError> {
    let (name, id) = asked::model(root, catalogue)?;
    let Some(field) = effort else { return Ok((name, id)) };
    let (id, is_honoured) = asked::with_effort(id, asked::effort(field.text()?), catalogue);
    if !is_honoured {
        ignored.note(&field.to_string());
    }
    Ok((name, id))
}

/// A bound on output tokens.
pub(crate) fn most_tokens(field: Option<Field<'_, '_>>) -> Result<Option<u64>, TurnError> {
    let Some(field) = field else { return Ok(None) };
    match field.whole()? {
        0 => Err(field.error("must be at least 1")),
        tokens => Ok(Some(tokens)),
    }
}

/// Names every field of `body` that asks for something and is not among those that were read.
pub(crate) fn note_ignored(body: &Value, honoured: &[&str], ignored: &mut Ignored) {
    for (name, value) in body.as_object().into_iter().flatten() {
        let is_known = honoured.contains(&name.as_str()) || INERT.contains(&name.as_str());
        if !is_known && !asks_nothing(name, value) {
            ignored.note(name);
        }
    }
}

/// True when `value` is what would hold for the field `name` if the client had not sent it.
fn asks_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => return true,
        Value::Array(elements) if elements.is_empty() => return true,
        Value::Object(members) if members.is_empty() => return true,
        Value::String(text) if text.is_empty() => return true,
        Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
    }
    match name {
        "temperature" | "top_p" => value.as_f64() == Some(1.0),
        "frequency_penalty" | "presence_penalty" | "top_logprobs" => value.as_f64() == Some(0.0),
        "service_tier" => value == "auto" || value == "default",
        "truncation" => value == "disabled",
        "verbosity" => value == "medium",
        _ => false,
    }
}
