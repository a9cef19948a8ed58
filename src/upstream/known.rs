//! Message types whose fields are looked up by name once, when the schema is, and not with every message.
//!
//! What is wanted of a message is taken straight from the wire where reflection would say the same. It must not know what any
//! type is for.

use prost_reflect::MessageDescriptor;

use crate::{
    schema::{self, Schema, SchemaError, Transcoder, wire},
    upstream::event::text,
};

/// A message type of which a few texts are wanted.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) descriptor: MessageDescriptor,
    pub(super) numbers: Numbers,
    /// What tells a message that can be taken straight from the wire; nothing where none is to be.
    checker: Option<Transcoder>,
}

impl Known {
    /// `descriptor`, which is of `schema`.
    pub(super) fn of(schema: &Schema, descriptor: MessageDescriptor) -> Self {
        let checker = schema.transcoder(descriptor.full_name());
        Self { numbers: Numbers::of(&descriptor), checker, descriptor }
    }

    /// The same, taking nothing straight from the wire.
    pub(super) fn by_reflection_alone(self) -> Self {
        Self { checker: None, ..self }
    }

    /// The texts of the fields `names` of the message `wire`; one that is not there is empty.
    pub(super) fn texts<const N: usize>(&self, wire: &[u8], names: [&str; N]) -> Result<[String; N], SchemaError> {
        if self.checker.as_ref().is_some_and(|checker| checker.accepts(wire)) {
            return Ok(names.map(|name| self.numbers.text(wire, name).unwrap_or_default()));
        }
        let decoded = schema::decode(&self.descriptor, wire)?;
        Ok(names.map(|name| text(&decoded, name)))
    }
}

/// The names of a message type's fields, and their numbers.
#[derive(Debug, Clone)]
pub(super) struct Numbers(Vec<(String, u32)>);

impl Numbers {
    /// Those of `message`.
    pub(super) fn of(message: &MessageDescriptor) -> Self {
        Self(message.fields().map(|field| (field.name().to_owned(), field.number())).collect())
    }

    /// The number of the field `name`; none is 0, which no field has.
    pub(super) fn number(&self, name: &str) -> u32 {
        self.0.iter().find(|(own, _)| own == name).map_or(0, |(_, number)| *number)
    }

    /// What stands in the field `name` of the message `wire`, as often as it is there.
    pub(super) fn all<'a>(&self, wire: &'a [u8], name: &str) -> Result<Vec<&'a [u8]>, SchemaError> {
        let number = self.number(name);
        let mut found = Vec::new();
        for part in wire::fields(wire) {
            let part = part?;
            if let wire::Value::Bytes(value) = part.value
                && part.number == number
            {
                found.push(value);
            }
        }
        Ok(found)
    }

    /// The text in the field `name` of the message `wire`.
    pub(super) fn text(&self, wire: &[u8], name: &str) -> Result<String, SchemaError> {
        let found = self.all(wire, name)?.pop().unwrap_or_default();
        Ok(String::from_utf8_lossy(found).into_owned())
    }
}
