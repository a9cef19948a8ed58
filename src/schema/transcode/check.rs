//! Whether bytes are a message that [`decode`](crate::schema::decode()) would read, without making one.

use crate::schema::transcode::{
    DEEPEST,
    plan::{Field, Kind, Plans, TypeId},
};
use crate::schema::wire::{self, Cursor, Value};

/// Something when they are, and every field of them is known; nothing when they are not, or it takes more to say.
pub(super) fn message(plans: &Plans, id: TypeId, bytes: &[u8], depth: usize) -> Option<()> {
    let message = plans.message(id).filter(|_| depth < DEEPEST)?;
    let mut fields = wire::fields(bytes);
    while let Some(field) = fields.next_field() {
        let wire::Field { number, value } = field.ok()?;
        let place = message.fields.binary_search_by_key(&number, |known| known.number).ok()?;
        single(plans, message.fields.get(place)?, value, depth)?;
    }
    Some(())
}

fn single(plans: &Plans, field: &Field, value: Value<'_>, depth: usize) -> Option<()> {
    match (field.kind, value) {
        (Kind::Message(id), Value::Bytes(content)) => message(plans, id, content, depth + 1),
        (Kind::Text, Value::Bytes(content)) => std::str::from_utf8(content).ok().map(drop),
        (Kind::Bytes, Value::Bytes(_)) => Some(()),
        (kind, Value::Bytes(content)) if field.is_list && !kind.is_delimited() => packed(kind, content),
        (kind, value) => fits(kind, value).then_some(()),
    }
}

fn packed(kind: Kind, content: &[u8]) -> Option<()> {
    let mut cursor = Cursor::new(content);
    while !cursor.is_at_end() {
        kind.next_packed(&mut cursor)?;
    }
    Some(())
}

/// Whether numbers of this kind are written so.
fn fits(kind: Kind, value: Value<'_>) -> bool {
    match kind {
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => matches!(value, Value::Fixed32(_)),
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => matches!(value, Value::Fixed64(_)),
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Bool
        | Kind::Enum(_) => matches!(value, Value::Varint(_)),
        Kind::Text | Kind::Bytes | Kind::Message(_) => false,
    }
}
