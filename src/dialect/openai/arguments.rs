//! A tool call's arguments as OpenAI carries them: JSON as text, or free text for a custom tool.

use serde_json::{Map, Value};

use crate::turn::RAW_ARGUMENTS;

/// The one argument of the function that stands for a custom tool.
pub(crate) const INPUT: &str = "input";

/// Reads the arguments of a call in the history. They were written by a model, so they may be anything; nothing of it
/// is lost and nothing of it is an error, for a session that holds one broken call must go on.
pub(crate) fn read(value: &Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        Value::String(text) if text.trim().is_empty() => Map::new(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => members,
            Ok(_) | Err(_) => Map::from_iter([(RAW_ARGUMENTS.to_owned(), value.clone())]),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Map::from_iter([(RAW_ARGUMENTS.to_owned(), Value::String(value.to_string()))])
        }
    }
}

/// The arguments as JSON text.
pub(crate) fn written(arguments: &Map<String, Value>) -> String {
    // A map of JSON values always serialises.
    serde_json::to_string(arguments).unwrap_or_default()
}

/// The free text of a custom tool's call as arguments.
pub(crate) fn of_input(input: &str) -> Map<String, Value> {
    Map::from_iter([(INPUT.to_owned(), Value::from(input))])
}

/// The free text in the arguments of a call that is a custom tool's. A model that wrote something else than was asked
/// for is passed on as it wrote.
pub(crate) fn input(arguments: &Map<String, Value>) -> String {
    match arguments.get(INPUT) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => written(arguments),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    use super::{input, of_input, read, written};

    #[test]
    fn what_a_model_wrote_is_never_lost() {
        for (value, found) in [
            (json!("{\"a\": 1}"), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 1})),
            (json!(" "), json!({})),
            (Value::Null, json!({})),
            (json!("{\"a\": "), json!({"_raw": "{\"a\": "})),
            (json!("[1]"), json!({"_raw": "[1]"})),
            (json!([1]), json!({"_raw": "[1]"})),
        ] {
            assert_eq!(Value::Object(read(&value)), found, "{value}");
        }
    }

    #[test]
    fn free_text_goes_there_and_back_and_anything_else_is_shown() {
        assert_eq!(input(&of_input("*** Begin")), "*** Begin");
        assert_eq!(input(json!({"input": {"a": 1}}).as_object().unwrap()), "{\"a\":1}");
        assert_eq!(input(json!({"patch": "x"}).as_object().unwrap()), "{\"patch\":\"x\"}");
    }

    proptest! {
        #[test]
        fn arguments_read_back_as_they_were_written(name in any::<String>(), value in any::<i64>()) {
            let arguments = serde_json::Map::from_iter([(name, json!([value]))]);
            assert_eq!(read(&Value::String(written(&arguments))), arguments);
        }
    }
}
