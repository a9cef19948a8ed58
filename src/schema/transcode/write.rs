//! Messages on the wire as JSON, in one pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::schema::json_writer::UNKNOWN_KEY;
use crate::schema::transcode::{
    DEEPEST,
    plan::{Field, Kind, Message, Plans, TypeId},
};
use crate::schema::wire::{self, Cursor, Value};
use crate::schema::{
    number, time_json,
    well_known::{self, WellKnown},
};

/// What is being written. Every step gives none when it meets what it is not for.
pub(super) struct Writer<'a> {
    pub(super) plans: &'a Plans,
    pub(super) out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// Appends the JSON of the message `bytes` of type `id`.
    pub(super) fn message(&mut self, id: TypeId, bytes: &[u8], depth: usize) -> Option<()> {
        let message = self.plans.message(id).filter(|_| depth < DEEPEST)?;
        match message.form {
            None => self.object(message, bytes, depth),
            Some(WellKnown::Timestamp) => self.time(message, bytes, time_json::timestamp_text),
            Some(WellKnown::Duration) => self.time(message, bytes, time_json::duration_text),
            Some(WellKnown::FieldMask) => self.mask(message, bytes),
            Some(WellKnown::Struct) => self.structure(message, bytes, depth),
            Some(WellKnown::Value) => self.value(message, bytes, depth),
            Some(WellKnown::ListValue) => self.list_value(message, bytes, depth),
            Some(WellKnown::Wrapper) => {
                let (field, value) = only_field(message, bytes)?;
                self.single(field, value, depth)
            }
            Some(WellKnown::Any) => None,
        }
    }

    fn object(&mut self, message: &Message, bytes: &[u8], depth: usize) -> Option<()> {
        let mut fields = wire::fields(bytes);
        let (mut at, mut choices) = (0, 0_u64);
        let mut open: Option<u32> = None;
        self.out.push(b'{');
        let start = self.out.len();
        while let Some(field) = fields.next_field() {
            let wire::Field { number, value } = field.ok()?;
            if open == Some(number) {
                let known = message.fields.get(at)?;
                self.item(known, value, depth)?;
                continue;
            }
            self.close(&mut open);
            let from = if self.out.len() == start { 0 } else { at + 1 };
            at = from + message.fields.get(from..)?.iter().position(|known| known.number >= number)?;
            let known = message.fields.get(at).filter(|known| known.number == number)?;
            if let Some(choice) = known.choice {
                let bit = 1_u64.checked_shl(choice)?;
                if choices & bit != 0 {
                    return None;
                }
                choices |= bit;
            }
            if self.out.len() > start {
                self.out.push(b',');
            }
            self.out.extend_from_slice(known.key.as_bytes());
            if self.plans.is_map(known) {
                let content = self.map_entries(known, value, &mut fields, depth)?;
                self.entries(content);
            } else if known.is_list {
                self.out.push(b'[');
                open = Some(number);
                self.item(known, value, depth)?;
            } else {
                self.single(known, value, depth)?;
            }
        }
        self.close(&mut open);
        self.out.push(b'}');
        Some(())
    }

    /// Ends the list that is open, if one is.
    fn close(&mut self, open: &mut Option<u32>) {
        if open.take().is_some() {
            self.out.push(b']');
        }
    }

    /// Another item of a list, or several that are packed.
    fn item(&mut self, field: &Field, value: Value<'_>, depth: usize) -> Option<()> {
        if let (Value::Bytes(content), false) = (value, field.kind.is_delimited()) {
            return self.packed(field, content, depth);
        }
        self.comma(b'[');
        self.single(field, value, depth)
    }

    fn packed(&mut self, field: &Field, content: &[u8], depth: usize) -> Option<()> {
        let mut cursor = Cursor::new(content);
        // A list of nothing is as good as none.
        if cursor.is_at_end() {
            return None;
        }
        while !cursor.is_at_end() {
            let value = field.kind.next_packed(&mut cursor)?;
            self.comma(b'[');
            self.single(field, value, depth)?;
        }
        Some(())
    }

    /// A comma, unless what is open has just been opened.
    fn comma(&mut self, opening: u8) {
        if self.out.last() != Some(&opening) {
            self.out.push(b',');
        }
    }

    fn single(&mut self, field: &Field, value: Value<'_>, depth: usize) -> Option<()> {
        if field.is_implicit && is_default(value) {
            return None;
        }
        match (field.kind, value) {
            (Kind::Message(id), Value::Bytes(content)) => return self.message(id, content, depth + 1),
            (Kind::Text, Value::Bytes(content)) => self.text(std::str::from_utf8(content).ok()?),
            (Kind::Bytes, Value::Bytes(content)) => {
                let text = STANDARD.encode(content);
                self.quoted(&text);
            }
            (Kind::Bool, Value::Varint(value)) => {
                self.out.extend_from_slice(if value == 0 { b"false" } else { b"true" });
            }
            (Kind::Int32, Value::Varint(value)) => self.plain(value as i32),
            (Kind::Uint32, Value::Varint(value)) => self.plain(value as u32),
            (Kind::Sint32, Value::Varint(value)) => {
                let value = value as u32;
                self.plain((value >> 1) as i32 ^ -((value & 1) as i32));
            }
            (Kind::Int64, Value::Varint(value)) => self.quoted(&(value as i64).to_string()),
            (Kind::Uint64, Value::Varint(value)) => self.quoted(&value.to_string()),
            (Kind::Sint64, Value::Varint(value)) => {
                self.quoted(&((value >> 1) as i64 ^ -((value & 1) as i64)).to_string());
            }
            (Kind::Fixed32, Value::Fixed32(value)) => self.plain(value),
            (Kind::Sfixed32, Value::Fixed32(value)) => self.plain(value as i32),
            (Kind::Fixed64, Value::Fixed64(value)) => self.quoted(&value.to_string()),
            (Kind::Sfixed64, Value::Fixed64(value)) => self.quoted(&(value as i64).to_string()),
            (Kind::Float, Value::Fixed32(value)) => self.json(&number::f32_to_json(f32::from_bits(value)))?,
            (Kind::Double, Value::Fixed64(value)) => self.json(&number::f64_to_json(f64::from_bits(value)))?,
            (Kind::Enum(id), Value::Varint(value)) => self.enumeration(id, value as i32)?,
            _ => return None,
        }
        Some(())
    }

    fn enumeration(&mut self, id: TypeId, value: i32) -> Option<()> {
        let plan = self.plans.enumeration(id)?;
        match plan.names.iter().find(|(number, _)| *number == value) {
            _ if plan.is_null && value == 0 => self.out.extend_from_slice(b"null"),
            Some((_, name)) => self.out.extend_from_slice(name.as_bytes()),
            None => self.plain(value),
        }
        Some(())
    }

    fn time(&mut self, message: &Message, bytes: &[u8], text: fn(i64, i32) -> Option<String>) -> Option<()> {
        // Another schema may number them in another way.
        let [Field { number: 1, kind: Kind::Int64, .. }, Field { number: 2, kind: Kind::Int32, .. }] =
            message.fields.as_slice()
        else {
            return None;
        };
        let (mut seconds, mut nanos) = (None, None);
        for field in wire::fields(bytes) {
            match field.ok()? {
                wire::Field { number: 1, value: Value::Varint(value) } if seconds.is_none() => {
                    seconds = Some(value as i64);
                }
                wire::Field { number: 2, value: Value::Varint(value) } if nanos.is_none() => nanos = Some(value as i32),
                _ => return None,
            }
        }
        let text = text(seconds.unwrap_or_default(), nanos.unwrap_or_default())?;
        self.quoted(&text);
        Some(())
    }

    fn mask(&mut self, message: &Message, bytes: &[u8]) -> Option<()> {
        let [Field { number: wanted, kind: Kind::Text, is_list: true, .. }] = message.fields.as_slice() else {
            return None;
        };
        self.out.push(b'"');
        let start = self.out.len();
        for field in wire::fields(bytes) {
            let wire::Field { number, value: Value::Bytes(path) } = field.ok()? else { return None };
            let path = std::str::from_utf8(path).ok().filter(|_| number == *wanted)?;
            let camel = well_known::mask_path(path)?;
            // Of such letters no path is made that would have to be escaped.
            if !camel.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')) {
                return None;
            }
            if self.out.len() > start {
                self.out.push(b',');
            }
            self.out.extend_from_slice(camel.as_bytes());
        }
        self.out.push(b'"');
        Some(())
    }

    fn structure(&mut self, message: &Message, bytes: &[u8], depth: usize) -> Option<()> {
        let [fields] = message.fields.as_slice() else { return None };
        let mut rest = wire::fields(bytes);
        let Some(first) = rest.next_field() else {
            self.out.extend_from_slice(b"{}");
            return Some(());
        };
        let first = first.ok().filter(|first| first.number == fields.number && self.plans.is_map(fields))?;
        let entries = self.map_entries(fields, first.value, &mut rest, depth)?;
        if rest.next_field().is_some() || entries.iter().any(|(key, _)| key == UNKNOWN_KEY) {
            return None;
        }
        self.entries(entries);
        Some(())
    }

    fn list_value(&mut self, message: &Message, bytes: &[u8], depth: usize) -> Option<()> {
        let [values] = message.fields.as_slice() else { return None };
        self.out.push(b'[');
        for field in wire::fields(bytes) {
            let field = field.ok().filter(|field| field.number == values.number && values.is_list)?;
            self.item(values, field.value, depth)?;
        }
        self.out.push(b']');
        Some(())
    }

    fn value(&mut self, message: &Message, bytes: &[u8], depth: usize) -> Option<()> {
        let (field, value) = only_field(message, bytes)?;
        match (field.kind, value) {
            (Kind::Double, Value::Fixed64(value)) => self.json(&number::struct_number_to_json(f64::from_bits(value))?),
            (Kind::Enum(_), Value::Varint(0)) => {
                self.out.extend_from_slice(b"null");
                Some(())
            }
            (Kind::Enum(_), _) => None,
            (_, value) => self.single(field, value, depth),
        }
    }

    /// The entries of the map whose first is `first` and whose others follow in `fields`, as keys and JSON.
    fn map_entries(
        &mut self,
        field: &Field,
        first: Value<'_>,
        fields: &mut wire::Fields<'_>,
        depth: usize,
    ) -> Option<Vec<(String, Vec<u8>)>> {
        let Kind::Message(id) = field.kind else { return None };
        let [key, value] = self.plans.message(id)?.fields.as_slice() else { return None };
        let mut entries = vec![self.map_entry(key, value, first, depth)?];
        loop {
            let mut ahead = fields.clone();
            match ahead.next_field() {
                Some(Ok(next)) if next.number == field.number => {
                    *fields = ahead;
                    entries.push(self.map_entry(key, value, next.value, depth)?);
                }
                Some(Err(_)) => return None,
                Some(Ok(_)) | None => break,
            }
        }
        entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let is_twice = entries.windows(2).any(|pair| matches!(pair, [one, other] if one.0 == other.0));
        (!is_twice).then_some(entries)
    }

    fn map_entry(&mut self, key: &Field, value: &Field, entry: Value<'_>, depth: usize) -> Option<(String, Vec<u8>)> {
        let Value::Bytes(entry) = entry else { return None };
        let mut parts = wire::fields(entry);
        let (first, second) = (parts.next_field()?.ok()?, parts.next_field()?.ok()?);
        let is_whole = (first.number, second.number) == (key.number, value.number) && parts.next_field().is_none();
        let (Kind::Text, Value::Bytes(name), true) = (key.kind, first.value, is_whole) else { return None };
        let name = std::str::from_utf8(name).ok()?.to_owned();
        let mut json = Vec::new();
        // In an entry what is default is there all the same.
        let value = Field { key: String::new(), is_implicit: false, ..*value };
        Writer { plans: self.plans, out: &mut json }.single(&value, second.value, depth + 1)?;
        Some((name, json))
    }

    fn entries(&mut self, entries: Vec<(String, Vec<u8>)>) {
        self.out.push(b'{');
        for (key, json) in entries {
            self.comma(b'{');
            self.text(&key);
            self.out.push(b':');
            self.out.extend_from_slice(&json);
        }
        self.out.push(b'}');
    }

    fn json(&mut self, json: &serde_json::Value) -> Option<()> {
        serde_json::to_writer(&mut *self.out, json).ok()
    }

    fn text(&mut self, text: &str) {
        // Memory takes all that is written to it, and text is always JSON.
        let written = serde_json::to_writer(&mut *self.out, text);
        drop(written);
    }

    /// Text that needs no escapes.
    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    fn plain(&mut self, number: impl std::fmt::Display) {
        self.out.extend_from_slice(number.to_string().as_bytes());
    }
}

/// The only field of a message that has just one on the wire.
fn only_field<'a, 'b>(message: &'a Message, bytes: &'b [u8]) -> Option<(&'a Field, Value<'b>)> {
    let mut fields = wire::fields(bytes);
    let only = fields.next_field()?.ok()?;
    let known = message.fields.iter().find(|known| known.number == only.number && !known.is_list)?;
    fields.next_field().is_none().then_some((known, only.value))
}

fn is_default(value: Value<'_>) -> bool {
    match value {
        Value::Varint(value) | Value::Fixed64(value) => value == 0,
        Value::Fixed32(value) => value == 0,
        Value::Bytes(content) | Value::Group(content) => content.is_empty(),
    }
}
