//! A cursor over a client's JSON that knows the path it stands at, so that every refusal names the field at fault.
//!
//! It is lenient where clients are careless: `null` counts as absent, whole floats count as integers. It must not know
//! what any field means.

use std::fmt;

use serde_json::{Map, Value};

use crate::turn::{ErrorKind, TurnError};

/// One value of a request body and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct Field<'p, 'v> {
    value: &'v Value,
    parent: Option<&'p Field<'p, 'v>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p, 'v> Field<'p, 'v> {
    /// The whole body.
    pub(crate) fn root(value: &'v Value) -> Self {
        Self { value, parent: None, step: Step::Root }
    }

    /// The value itself.
    pub(crate) fn value(&self) -> &'v Value {
        self.value
    }

    /// The member `key`; `None` when it is absent or `null`, or when this is no object.
    pub(crate) fn get<'q>(&'q self, key: &'q str) -> Option<Field<'q, 'v>> {
        match self.value.get(key) {
            None | Some(Value::Null) => None,
            Some(value) => Some(Field { value, parent: Some(self), step: Step::Key(key) }),
        }
    }

    /// The elements, when this is an array.
    pub(crate) fn elements<'q>(&'q self) -> Option<impl Iterator<Item = Field<'q, 'v>>> {
        let elements = self.value.as_array()?;
        let element = |(index, value)| Field { value, parent: Some(self), step: Step::Index(index) };
        Some(elements.iter().enumerate().map(element))
    }

    /// The elements.
    ///
    /// # Errors
    /// When this is no array.
    pub(crate) fn items<'q>(&'q self) -> Result<impl Iterator<Item = Field<'q, 'v>>, TurnError> {
        self.elements().ok_or_else(|| self.wants("an array"))
    }

    /// The members.
    ///
    /// # Errors
    /// When this is no object.
    pub(crate) fn object(&self) -> Result<&'v Map<String, Value>, TurnError> {
        self.value.as_object().ok_or_else(|| self.wants("an object"))
    }

    /// The text.
    ///
    /// # Errors
    /// When this is no string.
    pub(crate) fn text(&self) -> Result<&'v str, TurnError> {
        self.value.as_str().ok_or_else(|| self.wants("a string"))
    }

    /// The truth value.
    ///
    /// # Errors
    /// When this is neither `true` nor `false`.
    pub(crate) fn flag(&self) -> Result<bool, TurnError> {
        self.value.as_bool().ok_or_else(|| self.wants("true or false"))
    }

    /// The whole number.
    ///
    /// # Errors
    /// When this is no whole number from 0 up.
    pub(crate) fn whole(&self) -> Result<u64, TurnError> {
        let float = || self.value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=9e15).contains(number));
        // The range check makes the conversion exact.
        let whole = self.value.as_u64().or_else(|| float().map(|number| number as u64));
        whole.ok_or_else(|| self.wants("a whole number, 0 or more"))
    }

    /// The error that this field is at fault for `reason`.
    pub(crate) fn error(&self, reason: impl fmt::Display) -> TurnError {
        let path = self.to_string();
        match self.step {
            Step::Root => TurnError::new(ErrorKind::InvalidRequest, format!("The body {reason}.")),
            Step::Key(_) | Step::Index(_) => TurnError::invalid(path.as_str(), format!("`{path}` {reason}.")),
        }
    }

    /// The error that the member `key` is missing.
    pub(crate) fn missing(&self, key: &str) -> TurnError {
        let path = match self.step {
            Step::Root => key.to_owned(),
            Step::Key(_) | Step::Index(_) => format!("{self}.{key}"),
        };
        TurnError::invalid(path.as_str(), format!("`{path}` is required."))
    }

    fn wants(&self, what: &str) -> TurnError {
        let found = match self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) => &self.value.to_string(),
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.error(format_args!("must be {what}, but is {found}"))
    }
}

/// The path, such as `messages[2].content[0].text`.
impl fmt::Display for Field<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body is at most 128 levels deep (serde_json's limit), and so is this recursion.
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if self.parent.is_some_and(|parent| matches!(parent.step, Step::Root)) => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Field;

    #[test]
    fn every_refusal_names_the_path() {
        let body = json!({"messages": [{"content": [{"text": 7}]}], "n": 1.5, "max": -1});
        let root = Field::root(&body);
        let messages = root.get("messages").unwrap();
        let message = messages.items().unwrap().next().unwrap();
        let content = message.get("content").unwrap();
        let part = content.items().unwrap().next().unwrap();
        let error = part.get("text").unwrap().text().unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[0].content[0].text"));
        assert_eq!(error.message, "`messages[0].content[0].text` must be a string, but is 7.");
        assert_eq!(message.missing("role").param.as_deref(), Some("messages[0].role"));
        assert_eq!(root.missing("model").param.as_deref(), Some("model"));
        assert!(root.get("n").unwrap().whole().is_err());
        assert!(root.get("max").unwrap().whole().is_err());
        assert_eq!(root.text().unwrap_err().message, "The body must be a string, but is an object.");
    }

    #[test]
    fn null_is_absent_and_a_whole_float_is_an_integer() {
        let body = json!({"a": null, "b": 100.0});
        let root = Field::root(&body);
        assert!(root.get("a").is_none());
        assert_eq!(root.get("b").unwrap().whole().unwrap(), 100);
        assert_eq!(root.get("b").unwrap().get("deeper").map(|field| field.to_string()), None);
    }
}
