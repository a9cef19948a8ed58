//! `config schema`: the configuration file as a JSON Schema, for editors. It knows names, types, words and bounds; what
//! only the program can tell (that `0s` is no time, what one setting asks of another) is left to `config check`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cli::{
    config::kinds::{self, Kind},
    env::Setting,
};

/// The schema. Draft 7 is what editors' TOML plugins know.
pub(super) fn document() -> Value {
    let properties: Map<String, Value> =
        kinds::of_file().map(|(setting, kind)| (setting.key.to_owned(), property(setting, kind))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "warp2api's configuration file",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn property(setting: &Setting, kind: Kind) -> Value {
    let mut property = accepted(kind);
    property.insert("description".to_owned(), setting.about.into());
    if let Some(default) = kinds::default(setting) {
        property.insert("default".to_owned(), kind.value(default));
    }
    if setting.secret {
        property.insert("writeOnly".to_owned(), true.into());
    }
    property.into()
}

/// The values that are accepted.
fn accepted(kind: Kind) -> Map<String, Value> {
    let text = |pattern: &str| json!({"type": "string", "minLength": 1, "pattern": pattern});
    let either = |number: Value, pattern: &str| json!({"anyOf": [number, text(pattern)]});
    let list = |item: Value| json!({"type": "array", "items": item});
    let accepted = match kind {
        Kind::Switch => json!({"type": "boolean"}),
        Kind::Duration(least, most) => {
            let bounds = json!({"type": "number", "minimum": seconds(least), "maximum": seconds(most)});
            either(bounds, r"^\d+(\.\d+)?(ms|s|m|min|h)?$")
        }
        Kind::Size(least, most) => {
            either(json!({"type": "integer", "minimum": least, "maximum": most}), r"^\d+([bB]|[kKmMgG]([iI][bB])?)?$")
        }
        Kind::Count(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Words(words) => json!({"type": "string", "enum": words}),
        Kind::List(_) => list(text(r"\S")),
        Kind::Text(_) | Kind::Path(_) => text(r"\S"),
        Kind::Address(_) => text(r":\d{1,5}$"),
        Kind::AddressOrOff(_) => text(r"^off$|:\d{1,5}$"),
        Kind::Root(_) => text("^https?://."),
        Kind::Secret(_) => text(r"^[^\x00-\x1f\x7f]+$"),
        Kind::Secrets => list(text(r"^[^\s\x00-\x1f\x7f,]+$")),
    };
    accepted.as_object().cloned().unwrap_or_default()
}

/// Milliseconds as a number of seconds, which is a whole one where it can be.
fn seconds(milliseconds: u64) -> Value {
    match milliseconds % 1000 {
        0 => (milliseconds / 1000).into(),
        _ => Duration::from_millis(milliseconds).as_secs_f64().into(),
    }
}
