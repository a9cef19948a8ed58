//! JSON to wire bytes in one pass, without a message in between: the same, byte for byte, as
//! [`from_json`](crate::schema::from_json()) and [`encode`](crate::schema::encode()) together, of JSON that names every field as
//! the schema does. Of all other JSON, wrong one included, it makes nothing.

use serde_json::{Map, Value as Json};

use crate::schema::json_writer::UNKNOWN_KEY;
use crate::schema::transcode::{
    DEEPEST,
    plan::{Enum, Field, Kind, Message, Plans, TypeId},
};
use crate::schema::wire::{
    self,
    Value::{Fixed32, Fixed64, Varint},
};
use crate::schema::{encode, number, spelling, time_json, well_known::WellKnown};

/// What is being written. Every step gives none when it meets what it is not for.
pub(super) struct Reader<'a> {
    pub(super) plans: &'a Plans,
    pub(super) out: &'a mut Vec<u8>,
}

impl Reader<'_> {
    /// The fields of the message that `json` is.
    pub(super) fn message(&mut self, id: TypeId, json: &Json, depth: usize) -> Option<()> {
        let message = self.plans.message(id).filter(|_| depth < DEEPEST)?;
        match (message.form, json) {
            (None, Json::Object(object)) => self.object(message, object, depth),
            (Some(WellKnown::Timestamp), Json::String(text)) => self.time(message, text),
            (Some(WellKnown::Struct), Json::Object(object)) => self.structure(message, object, depth),
            (Some(WellKnown::Value), json) => self.value(message, json, depth),
            (Some(WellKnown::ListValue), Json::Array(items)) => {
                let [values] = message.fields.as_slice() else { return None };
                self.list(values, items, depth)
            }
            _ => None,
        }
    }

    fn object(&mut self, message: &Message, object: &Map<String, Json>, depth: usize) -> Option<()> {
        let mut given: Vec<(&Field, &Json)> = Vec::with_capacity(object.len());
        for (key, json) in object {
            let field = message.fields.iter().find(|field| field.name() == key)?;
            let is_second_choice =
                field.choice.is_some() && given.iter().any(|(other, _)| other.choice == field.choice);
            if json.is_null() || is_second_choice {
                return None;
            }
            given.push((field, json));
        }
        given.sort_unstable_by_key(|(field, _)| field.number);
        given.into_iter().try_for_each(|(field, json)| self.field(field, json, depth))
    }

    fn field(&mut self, field: &Field, json: &Json, depth: usize) -> Option<()> {
        match json {
            Json::Object(entries) if self.plans.is_map(field) => self.map(field, entries, depth),
            _ if self.plans.is_map(field) => None,
            Json::Array(items) if field.is_list => self.list(field, items, depth),
            _ if field.is_list => None,
            json => self.single(field, json, field.is_implicit, depth),
        }
    }

    fn list(&mut self, field: &Field, items: &[Json], depth: usize) -> Option<()> {
        if !field.is_packed {
            return items.iter().try_for_each(|item| self.single(field, item, false, depth));
        }
        if items.is_empty() {
            return Some(());
        }
        self.nested(field.number, |within| {
            items.iter().try_for_each(|item| {
                wire::put_bare(within.out, within.numeral(field.kind, item)?);
                Some(())
            })
        })
    }

    fn map(&mut self, field: &Field, entries: &Map<String, Json>, depth: usize) -> Option<()> {
        let Kind::Message(id) = field.kind else { return None };
        let [key, value] = self.plans.message(id)?.fields.as_slice() else { return None };
        if key.kind != Kind::Text {
            return None;
        }
        let mut entries: Vec<(&String, &Json)> = entries.iter().collect();
        entries.sort_unstable_by(|left, right| encode::text_key_order(left.0, right.0));
        entries.into_iter().try_for_each(|(name, json)| {
            self.nested(field.number, |within| {
                wire::put_bytes(within.out, key.number, name.as_bytes());
                within.single(value, json, false, depth + 1)
            })
        })
    }

    /// One value, which is left out when it is the default and `is_implicit`.
    fn single(&mut self, field: &Field, json: &Json, is_implicit: bool, depth: usize) -> Option<()> {
        match field.kind {
            Kind::Message(id) => return self.nested(field.number, |within| within.message(id, json, depth + 1)),
            Kind::Text => self.bytes(field, json.as_str()?.as_bytes(), is_implicit),
            Kind::Bytes => {
                let bytes = spelling::base64_bytes(json.as_str()?.as_bytes()).ok()?;
                self.bytes(field, &bytes, is_implicit);
            }
            kind => {
                let value = self.numeral(kind, json)?;
                if !is_implicit || !is_unset(kind, value) {
                    wire::put_field(self.out, &wire::Field { number: field.number, value });
                }
            }
        }
        Some(())
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8], is_implicit: bool) {
        if !is_implicit || !bytes.is_empty() {
            wire::put_bytes(self.out, field.number, bytes);
        }
    }

    fn numeral(&self, kind: Kind, json: &Json) -> Option<wire::Value<'static>> {
        // What these say of the kind is for an error that nobody sees.
        let short = || number::integer::<i32>(json, "").ok();
        let long = || number::integer::<i64>(json, "").ok();
        Some(match kind {
            Kind::Bool => Varint(u64::from(json.as_bool()?)),
            Kind::Int32 => Varint(i64::from(short()?) as u64),
            Kind::Int64 => Varint(long()? as u64),
            Kind::Uint32 => Varint(u64::from(number::integer::<u32>(json, "").ok()?)),
            Kind::Uint64 => Varint(number::integer(json, "").ok()?),
            Kind::Sint32 => Varint(wire::zigzag(i64::from(short()?))),
            Kind::Sint64 => Varint(wire::zigzag(long()?)),
            Kind::Sfixed32 => Fixed32(short()? as u32),
            Kind::Sfixed64 => Fixed64(long()? as u64),
            Kind::Fixed32 => Fixed32(number::integer(json, "").ok()?),
            Kind::Fixed64 => Fixed64(number::integer(json, "").ok()?),
            Kind::Float => Fixed32(number::f32_from_json(json).ok()?.to_bits()),
            Kind::Double => Fixed64(number::f64_from_json(json).ok()?.to_bits()),
            Kind::Enum(id) => Varint(i64::from(self.plans.enumeration(id)?.number_of(json)?) as u64),
            Kind::Text | Kind::Bytes | Kind::Message(_) => return None,
        })
    }

    fn time(&mut self, message: &Message, text: &str) -> Option<()> {
        let [Field { number: 1, kind: Kind::Int64, .. }, Field { number: 2, kind: Kind::Int32, .. }] =
            message.fields.as_slice()
        else {
            return None;
        };
        let (seconds, nanos) = time_json::parse_timestamp(text)?;
        for (number, value) in [(1, seconds), (2, i64::from(nanos))] {
            if value != 0 {
                wire::put_varint(self.out, number, value as u64);
            }
        }
        Some(())
    }

    fn structure(&mut self, message: &Message, object: &Map<String, Json>, depth: usize) -> Option<()> {
        let [fields] = message.fields.as_slice() else { return None };
        if object.contains_key(UNKNOWN_KEY) { None } else { self.map(fields, object, depth) }
    }

    fn value(&mut self, message: &Message, json: &Json, depth: usize) -> Option<()> {
        let field = |name: &str| message.fields.iter().find(|field| field.name() == name);
        match json {
            Json::Null => wire::put_varint(self.out, field("null_value")?.number, 0),
            Json::Bool(value) => wire::put_varint(self.out, field("bool_value")?.number, u64::from(*value)),
            Json::Number(value) => {
                let value = number::struct_number_from_json(value).ok()?;
                wire::put_fixed64(self.out, field("number_value")?.number, value.to_bits());
            }
            Json::String(text) => wire::put_bytes(self.out, field("string_value")?.number, text.as_bytes()),
            Json::Array(_) => return self.single(field("list_value")?, json, false, depth),
            Json::Object(_) => return self.single(field("struct_value")?, json, false, depth),
        }
        Some(())
    }

    /// A length-delimited field with what `write` writes.
    fn nested(&mut self, number: u32, write: impl FnOnce(&mut Reader<'_>) -> Option<()>) -> Option<()> {
        let (plans, mut written) = (self.plans, None);
        wire::put_nested(self.out, number, |out| written = write(&mut Reader { plans, out }));
        written
    }
}

/// True for what a field has that was not set; a negative zero is no such thing on the wire, but it is in a message.
fn is_unset(kind: Kind, value: wire::Value<'_>) -> bool {
    match (kind, value) {
        (Kind::Float, Fixed32(bits)) => f32::from_bits(bits) == 0.0,
        (Kind::Double, Fixed64(bits)) => f64::from_bits(bits) == 0.0,
        (_, Varint(bits) | Fixed64(bits)) => bits == 0,
        (_, Fixed32(bits)) => bits == 0,
        (_, wire::Value::Bytes(_) | wire::Value::Group(_)) => false,
    }
}

impl Enum {
    /// The number that `json` gives or names; none for a name that is not the first of its number.
    fn number_of(&self, json: &Json) -> Option<i32> {
        match json {
            _ if self.is_null => None,
            Json::String(name) => {
                let named = self.names.iter().find(|(_, known)| known.trim_matches('"') == name);
                named.map(|(number, _)| *number)
            }
            Json::Number(_) => number::integer(json, "").ok(),
            _ => None,
        }
    }
}
