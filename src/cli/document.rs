//! JSON and YAML documents, one after the other, as values in which nothing was lost: a key that stands twice and a number
//! that JSON cannot hold are refused. It must not know what documents are about.

use std::{fmt, io::BufRead, io::Read as _, path::Path};

use anyhow::Context as _;
use serde::{
    Deserialize,
    de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::cli::{
    args::DocumentForm,
    exit::{Exit, Failure, OrExit as _},
    input::{Input, WHOLE_INPUT_LIMIT},
};

/// What some editors put at the start of a text file.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How deep YAML may nest: as deep as the JSON reader goes.
const YAML_DEPTH: usize = 128;

/// One document.
#[derive(Debug)]
struct Document(Value);

/// The documents of `input`, each as soon as it is complete where the form allows it.
pub(crate) fn documents(
    mut input: Input,
    file: Option<&Path>,
    form: DocumentForm,
) -> Result<Box<dyn Iterator<Item = Result<Value, Failure>>>, Failure> {
    let name = input.name().to_owned();
    let begins = input.fill_buf().with_context(|| format!("cannot read {name}"))?;
    let mark = if begins.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let is_yaml = match form {
        DocumentForm::Json => false,
        DocumentForm::Yaml => true,
        DocumentForm::Auto => is_named_yaml(file) || !begins_as_json(begins.get(mark..).unwrap_or_default()),
    };
    input.consume(mark);
    if is_yaml { yaml(input, &name) } else { Ok(json(input, name)) }
}

fn is_named_yaml(file: Option<&Path>) -> bool {
    let extension = file.and_then(Path::extension);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
}

/// Messages are objects, or, some well-known types, lists and strings. An empty input is as good as JSON as anything.
fn begins_as_json(head: &[u8]) -> bool {
    head.trim_ascii_start().first().is_none_or(|first| b"{[\"".contains(first))
}

fn json(input: Input, name: String) -> Box<dyn Iterator<Item = Result<Value, Failure>>> {
    let documents = serde_json::Deserializer::from_reader(input).into_iter::<Document>();
    Box::new(documents.map(move |document| match document {
        Ok(document) => Ok(document.0),
        Err(error) if error.is_io() => {
            Err(Failure::from(anyhow::Error::new(error).context(format!("cannot read {name}"))))
        }
        Err(error) => Err(error).with_context(|| format!("{name} is not JSON")).or_exit(Exit::Input),
    }))
}

fn yaml(mut input: Input, name: &str) -> Result<Box<dyn Iterator<Item = Result<Value, Failure>>>, Failure> {
    let mut text = Vec::new();
    let mut limited = (&mut input).take(WHOLE_INPUT_LIMIT + 1);
    limited.read_to_end(&mut text).with_context(|| format!("cannot read {name}"))?;
    if text.len() as u64 > WHOLE_INPUT_LIMIT {
        return Err(Failure::input(format!("{name} is larger than {} MiB", WHOLE_INPUT_LIMIT >> 20)));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: YAML_DEPTH },
        strict_booleans: true,
        with_snippet: false,
    };
    let documents: Vec<Document> = serde_saphyr::from_slice_multiple_with_options(&text, options)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .with_context(|| format!("{name} is neither JSON nor YAML"))
        .or_exit(Exit::Input)?;
    Ok(Box::new(documents.into_iter().map(|document| Ok(document.0))))
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keeper).map(Self)
    }
}

/// Builds a [`Value`] of whatever comes.
struct Keeper;

impl<'de> Visitor<'de> for Keeper {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    /// The words that stand for such numbers are only right where a field is a number, which is not known here.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let not_json =
            || E::custom(format!("JSON has no number for {value}: for a number field write \"NaN\" or \"Infinity\""));
        Number::from_f64(value).map(Value::Number).ok_or_else(not_json)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Document(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Document(value) = entries.next_value()?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice in one object")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
