//! Sees to it that an answer has the form that the client asked for. The upstream knows no such thing, so the model is
//! told in words, the answer is held back until it is whole, and one that does not fit is asked for once more.
//!
//! It must not know how the model is asked.

use jsonschema::Validator;
use serde_json::Value;

use crate::turn::{Format, TurnError};

/// How much of what is wrong goes back to the model, in bytes.
const EXCERPT: usize = 300;

/// The form of one answer.
pub(super) struct Form {
    /// None when any object will do.
    validator: Option<Validator>,
}

impl Form {
    /// The form that `format` describes.
    ///
    /// # Errors
    /// When the schema is none.
    pub(super) fn new(format: &Format) -> Result<Self, TurnError> {
        let validator = match format {
            Format::JsonObject => None,
            Format::JsonSchema(schema) => Some(jsonschema::validator_for(schema).map_err(|error| {
                TurnError::invalid(
                    "response_format",
                    format!("The JSON schema cannot be used: {}", excerpt(&error.to_string())),
                )
            })?),
        };
        Ok(Self { validator })
    }

    /// The JSON within the answer `text`, without what the model put around it.
    ///
    /// # Errors
    /// When it does not fit; the text says why, for the model.
    pub(super) fn check(&self, text: &str) -> Result<String, String> {
        let (text, value) = json_in(text).ok_or_else(|| "it is not JSON".to_owned())?;
        match &self.validator {
            None if value.is_object() => Ok(text.to_owned()),
            None => Err("it is not a JSON object".to_owned()),
            Some(validator) => match validator.validate(&value) {
                Ok(()) => Ok(text.to_owned()),
                Err(error) => Err(format!("at `{}`: {}", error.instance_path(), excerpt(&error.to_string()))),
            },
        }
    }
}

/// The JSON document within `text`: all of it, or what stands in a code fence or between other words.
fn json_in(text: &str) -> Option<(&str, Value)> {
    let whole = text.trim();
    let inner = || {
        let start = whole.find(['{', '['])?;
        let end = whole.rfind(['}', ']'])?;
        whole.get(start..=end)
    };
    let parse = |text: &str| serde_json::from_str(text).ok();
    parse(whole).map(|value| (whole, value)).or_else(|| inner().and_then(|part| Some((part, parse(part)?))))
}

fn excerpt(text: &str) -> &str {
    &text[..text.floor_char_boundary(EXCERPT)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Form;
    use crate::turn::Format;

    #[track_caller]
    fn check(format: Format, text: &str, expected: Result<&str, &str>) {
        let form = Form::new(&format).expect("a usable schema");
        match (form.check(text), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, expected) => panic!("found {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn what_stands_around_the_json_is_left_out() {
        check(Format::JsonObject, "{\"a\": 1}", Ok("{\"a\": 1}"));
        check(Format::JsonObject, "```json\n{\"a\": [1]}\n```\n", Ok("{\"a\": [1]}"));
        check(Format::JsonObject, "Here you are: {\"a\": {}}. Fine?", Ok("{\"a\": {}}"));
        check(Format::JsonObject, "[1, 2]", Err("not a JSON object"));
        check(Format::JsonObject, "I would rather not.", Err("not JSON"));
        check(Format::JsonObject, "{\"a\": }", Err("not JSON"));
    }

    #[test]
    fn a_schema_is_held_against_it() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        check(Format::JsonSchema(schema.clone()), "{\"n\": 3}", Ok("{\"n\": 3}"));
        check(Format::JsonSchema(schema.clone()), "{\"n\": \"three\"}", Err("/n"));
        check(Format::JsonSchema(schema), "{}", Err("required"));
        check(Format::JsonSchema(json!({"type": "array"})), "So: [1]", Ok("[1]"));
        assert!(Form::new(&Format::JsonSchema(json!({"type": "nonsense"}))).is_err());
    }
}
