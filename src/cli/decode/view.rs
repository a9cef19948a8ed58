//! How `decode` shows a message: typed, by its fields alone, or as the types that it may be. It must not know where
//! messages come from.

use prost_reflect::MessageDescriptor;
use serde_json::{Value, json};

use crate::schema::{self, JsonForm, Schema, SchemaError, Transcoder, opaque, raw, wire};

/// How many types `--guess` offers.
const GUESSES: usize = 5;

/// How messages are shown.
pub(super) enum View {
    /// As messages of one type.
    Typed(Typed),
    /// Field by field, without the schema.
    RawFields,
    /// As messages of whichever types fit best.
    Guess { schema: Schema, form: JsonForm },
}

/// A view of messages of one type.
pub(super) struct Typed {
    pub(super) schema: Schema,
    /// The type's name, which the schema has.
    pub(super) name: String,
    /// Writes most messages by itself, where nothing but the usual form is asked for.
    pub(super) transcoder: Option<Transcoder>,
    pub(super) form: JsonForm,
    /// Private texts are replaced.
    pub(super) redact: bool,
    /// Opaque payloads are opened.
    pub(super) open: bool,
}

/// What is shown of a message.
pub(super) enum Document {
    /// JSON that is still to be written.
    Value(Value),
    /// JSON on one line, without its end.
    Line(Vec<u8>),
}

/// What a message came to.
pub(super) struct Shown {
    pub(super) documents: Vec<Document>,
    /// Fields that the schema does not know: of two readings the one with fewer is right.
    pub(super) unknown: usize,
}

impl Shown {
    /// Whether there is something, and the schema knows none of it.
    pub(super) fn is_all_unknown(&self) -> bool {
        let is_unknown = |document: &Document| match document {
            Document::Value(Value::Object(members)) => {
                !members.is_empty() && members.keys().all(|key| key == "@unknown")
            }
            // What goes straight to text holds nothing unknown.
            Document::Value(_) | Document::Line(_) => false,
        };
        !self.documents.is_empty() && self.documents.iter().all(is_unknown)
    }
}

impl View {
    pub(super) fn show(&self, bytes: &[u8]) -> Result<Shown, SchemaError> {
        match self {
            Self::Typed(typed) => typed.show(bytes),
            Self::RawFields => Ok(Shown { documents: vec![Document::Value(raw::to_json(bytes)?)], unknown: 0 }),
            Self::Guess { schema, form } => guess(schema, *form, bytes),
        }
    }

    /// Whether `bytes` make full sense as one message.
    pub(super) fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Typed(typed) => typed.fits(bytes),
            Self::RawFields | Self::Guess { .. } => wire::fields(bytes).all(|field| field.is_ok()),
        }
    }

    /// What may help when bytes are no message.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Typed(_) => Some("`--guess` tries every type, `--raw-fields` does without"),
            Self::RawFields | Self::Guess { .. } => None,
        }
    }
}

impl Typed {
    fn descriptor(&self) -> Result<MessageDescriptor, SchemaError> {
        self.schema.message(&self.name)
    }

    /// The message in one pass, if it is of the simple kind.
    fn transcoded(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut line = Vec::with_capacity(bytes.len() * 2);
        self.transcoder.as_ref()?.put(bytes, &mut line).then_some(line)
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        let decoded = || schema::decode(&self.descriptor()?, bytes);
        self.transcoded(bytes).is_some() || decoded().is_ok_and(|message| schema::count_unknown(&message) == 0)
    }

    fn show(&self, bytes: &[u8]) -> Result<Shown, SchemaError> {
        if let Some(line) = self.transcoded(bytes) {
            return Ok(Shown { documents: vec![Document::Line(line)], unknown: 0 });
        }
        let descriptor = self.descriptor()?;
        let mut message = schema::decode(&descriptor, bytes)?;
        let unknown = schema::count_unknown(&message);
        if self.redact {
            schema::redact(&self.schema, &mut message);
        }
        let mut json = schema::to_json_as(&message, self.form);
        if self.open {
            opaque::open(&descriptor, &mut json);
        }
        Ok(Shown { documents: vec![Document::Value(json)], unknown })
    }
}

fn guess(schema: &Schema, form: JsonForm, bytes: &[u8]) -> Result<Shown, SchemaError> {
    let fits = schema::guess(schema, bytes, GUESSES)?;
    let unknown = fits.first().map_or(usize::MAX, |best| best.unknown);
    let document = |fit: &schema::Fit| {
        let (name, message) = (schema::short_name(&fit.descriptor), schema::to_json_as(&fit.message, form));
        Document::Value(json!({"type": name, "unknown": fit.unknown, "message": message}))
    };
    Ok(Shown { documents: fits.iter().map(document).collect(), unknown })
}
