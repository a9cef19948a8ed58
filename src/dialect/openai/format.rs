//! Reads the form that an answer's text is to have: `response_format` of the one API, `text.format` of the other.

use serde_json::Value;

use crate::{
    dialect::field::Field,
    turn::{Format, TurnError},
};

/// Reads `field`. The schema may stand in a `json_schema` of its own or beside the type: that is where the APIs differ.
pub(crate) fn read(field: Option<Field<'_, '_>>) -> Result<Option<Format>, TurnError> {
    let Some(field) = field else { return Ok(None) };
    field.object()?;
    let kind = field.get("type").ok_or_else(|| field.missing("type"))?;
    match kind.text()? {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::JsonObject)),
        "json_schema" => {
            let nested = field.get("json_schema");
            let holder = nested.as_ref().unwrap_or(&field);
            // A format with a name and no schema asks for JSON of any kind.
            let Some(schema) = holder.get("schema") else { return Ok(Some(Format::JsonObject)) };
            Ok(Some(Format::JsonSchema(Value::Object(schema.object()?.clone()))))
        }
        _ => Err(kind.error("must be text, json_object or json_schema")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;
    use crate::{dialect::field::Field, turn::Format};

    #[test]
    fn the_schema_is_found_in_both_places() {
        let schema = json!({"type": "object", "properties": {"a": {}}});
        let found = |value: &Value| read(Some(Field::root(value)));
        let expected = Some(Format::JsonSchema(schema.clone()));
        assert_eq!(found(&json!({"type": "json_schema", "name": "a", "schema": schema, "strict": true})), Ok(expected));
        let expected = Some(Format::JsonSchema(schema.clone()));
        assert_eq!(
            found(&json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}})),
            Ok(expected)
        );
        assert_eq!(found(&json!({"type": "json_schema", "json_schema": {"name": "a"}})), Ok(Some(Format::JsonObject)));
        assert_eq!(found(&json!({"type": "json_object"})), Ok(Some(Format::JsonObject)));
        assert_eq!(found(&json!({"type": "text"})), Ok(None));
        assert!(found(&json!({"type": "grammar"})).is_err() && found(&json!({})).is_err());
    }
}
