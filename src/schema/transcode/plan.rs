//! Message types as the transcoder needs them, read straight from a descriptor set and only as far as they are used: a pool
//! of descriptors takes longer to build than most commands have to do.
//!
//! What it does not understand (groups, odd sets) has no plan, and is left to the pool. It must not know JSON beyond names.

use std::{borrow::Cow, collections::HashMap, sync::OnceLock};

use crate::schema::{
    well_known::WellKnown,
    wire::{self, Cursor, Value},
};

/// Which type of a set.
pub(super) type TypeId = usize;

/// The types of one descriptor set.
#[derive(Debug)]
pub(crate) struct Plans {
    set: Cow<'static, [u8]>,
    ids: HashMap<String, TypeId>,
    types: Vec<Type>,
}

/// One type: where its descriptor is in the set, and its plan once it has been wanted.
#[derive(Debug)]
struct Type {
    from: usize,
    to: usize,
    is_enum: bool,
    is_proto3: bool,
    name: String,
    plan: OnceLock<Option<Plan>>,
}

/// How values of a type are read and written.
#[derive(Debug)]
pub(super) enum Plan {
    Message(Message),
    /// Names by number, each as JSON has it.
    Enum(Enum),
}

#[derive(Debug)]
pub(super) struct Message {
    /// Its own form in JSON; an object of its fields where it has none.
    pub(super) form: Option<WellKnown>,
    /// By number, ascending.
    pub(super) fields: Vec<Field>,
    pub(super) is_map_entry: bool,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) names: Vec<(i32, String)>,
    /// The enum whose only value is JSON's null.
    pub(super) is_null: bool,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    /// Its name as JSON has it, with the colon.
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) is_list: bool,
    /// Its numbers stand one behind the other without tags.
    pub(super) is_packed: bool,
    /// Its default is the same as its absence.
    pub(super) is_implicit: bool,
    /// Which oneof it is a choice of.
    pub(super) choice: Option<u32>,
}

/// The type of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Float,
    Int64,
    Uint64,
    Int32,
    Fixed64,
    Fixed32,
    Bool,
    Text,
    Bytes,
    Uint32,
    Sfixed32,
    Sfixed64,
    Sint32,
    Sint64,
    Message(TypeId),
    Enum(TypeId),
}

impl Field {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.key.get(1..self.key.len().saturating_sub(2)).unwrap_or_default()
    }
}

impl Kind {
    /// True for what is written with its length.
    pub(super) fn is_delimited(self) -> bool {
        matches!(self, Self::Text | Self::Bytes | Self::Message(_))
    }

    /// The next number of this kind in a packed list; none when it is cut.
    #[inline]
    pub(super) fn next_packed<'a>(self, list: &mut Cursor<'_>) -> Option<Value<'a>> {
        match self {
            Self::Float | Self::Fixed32 | Self::Sfixed32 => list.fixed32().map(Value::Fixed32).ok(),
            Self::Double | Self::Fixed64 | Self::Sfixed64 => list.fixed64().map(Value::Fixed64).ok(),
            _ => list.varint().map(Value::Varint).ok(),
        }
    }
}

impl Plans {
    /// The types of the descriptor set `set`; what cannot be read is left out.
    pub(crate) fn of(set: Cow<'static, [u8]>) -> Self {
        let mut found = Vec::new();
        for file in parts(&set, 1) {
            let package = text(file, 2).unwrap_or_default();
            let is_proto3 = text(file, 12) == Some("proto3");
            find(&set, file, [4, 5], package, is_proto3, &mut found);
        }
        let ids = found.iter().enumerate().map(|(id, found)| (found.name.clone(), id)).collect();
        Self { ids, types: found, set }
    }

    /// The message type `name`, given in full.
    pub(crate) fn message_id(&self, name: &str) -> Option<TypeId> {
        let id = *self.ids.get(name)?;
        matches!(self.plan(id)?, Plan::Message(message) if !message.is_map_entry).then_some(id)
    }

    /// The plan of a type; none for one that is left to the pool.
    pub(super) fn plan(&self, id: TypeId) -> Option<&Plan> {
        let found = self.types.get(id)?;
        found.plan.get_or_init(|| self.compile(found)).as_ref()
    }

    pub(super) fn message(&self, id: TypeId) -> Option<&Message> {
        match self.plan(id)? {
            Plan::Message(message) => Some(message),
            Plan::Enum(_) => None,
        }
    }

    pub(super) fn enumeration(&self, id: TypeId) -> Option<&Enum> {
        match self.plan(id)? {
            Plan::Enum(enumeration) => Some(enumeration),
            Plan::Message(_) => None,
        }
    }

    /// True when the field is written as entries of a map.
    pub(super) fn is_map(&self, field: &Field) -> bool {
        let Kind::Message(id) = field.kind else { return false };
        field.is_list && self.message(id).is_some_and(|entry| entry.is_map_entry)
    }

    fn compile(&self, found: &Type) -> Option<Plan> {
        let descriptor = self.set.get(found.from..found.to)?;
        match found.is_enum {
            true => Some(Plan::Enum(enumeration(descriptor, &found.name)?)),
            false => Some(Plan::Message(self.compile_message(descriptor, found)?)),
        }
    }

    fn compile_message(&self, descriptor: &[u8], found: &Type) -> Option<Message> {
        let mut fields =
            parts(descriptor, 2).map(|field| self.field(field, found.is_proto3)).collect::<Option<Vec<_>>>()?;
        fields.sort_by_key(|field| field.number);
        let options = parts(descriptor, 7).last().unwrap_or_default();
        // Messages in the form of message sets are long gone, and nobody needs them to be fast.
        if number(options, 1).is_some() {
            return None;
        }
        Some(Message { form: WellKnown::named(&found.name), fields, is_map_entry: number(options, 7) == Some(1) })
    }

    fn field(&self, field: &[u8], is_proto3: bool) -> Option<Field> {
        let name = text(field, 1)?;
        let label = number(field, 4).unwrap_or(1);
        let named = text(field, 6).map(|name| name.trim_start_matches('.'));
        let id = || self.ids.get(named?).copied();
        let kind = match number(field, 5)? {
            1 => Kind::Double,
            2 => Kind::Float,
            3 => Kind::Int64,
            4 => Kind::Uint64,
            5 => Kind::Int32,
            6 => Kind::Fixed64,
            7 => Kind::Fixed32,
            8 => Kind::Bool,
            9 => Kind::Text,
            11 => Kind::Message(id()?),
            12 => Kind::Bytes,
            13 => Kind::Uint32,
            14 => Kind::Enum(id()?),
            15 => Kind::Sfixed32,
            16 => Kind::Sfixed64,
            17 => Kind::Sint32,
            18 => Kind::Sint64,
            // A group.
            _ => return None,
        };
        let is_optional = number(field, 17) == Some(1);
        let oneof = number(field, 9).filter(|_| !is_optional);
        let is_list = label == 3;
        let packed = parts(field, 8).last().and_then(|options| number(options, 2)).map(|packed| packed != 0);
        let has_presence = !is_proto3 || is_optional || oneof.is_some() || matches!(kind, Kind::Message(_));
        Some(Field {
            number: u32::try_from(number(field, 3)?).ok()?,
            key: format!("\"{name}\":"),
            kind,
            is_list,
            is_packed: is_list && !kind.is_delimited() && packed.unwrap_or(is_proto3),
            is_implicit: !is_list && !has_presence,
            choice: oneof.and_then(|oneof| u32::try_from(oneof).ok()),
        })
    }
}

/// Finds the message and enum types in a file or a message, whose fields `[messages, enums]` hold them.
fn find(set: &[u8], within: &[u8], places: [u32; 2], scope: &str, is_proto3: bool, found: &mut Vec<Type>) {
    for place in places {
        for descriptor in parts(within, place) {
            let Some(name) = text(descriptor, 1) else { continue };
            let name = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
            let is_enum = place == places[1];
            if !is_enum {
                find(set, descriptor, [3, 4], &name, is_proto3, found);
            }
            let from = (descriptor.as_ptr() as usize).saturating_sub(set.as_ptr() as usize);
            found.push(Type { from, to: from + descriptor.len(), is_enum, is_proto3, name, plan: OnceLock::new() });
        }
    }
}

fn enumeration(descriptor: &[u8], name: &str) -> Option<Enum> {
    let mut names: Vec<(i32, String)> = Vec::new();
    for value in parts(descriptor, 2) {
        // A negative number is written in 64 bits.
        let number = number(value, 2).unwrap_or_default() as i32;
        // Of several names for a number the first counts.
        if names.iter().all(|(known, _)| *known != number) {
            names.push((number, format!("\"{}\"", text(value, 1)?)));
        }
    }
    Some(Enum { names, is_null: name == "google.protobuf.NullValue" })
}

/// The contents of all length-delimited fields `number` of `message`.
fn parts(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    wire::fields(message).map_while(Result::ok).filter_map(move |field| match field.value {
        Value::Bytes(content) if field.number == number => Some(content),
        _ => None,
    })
}

fn text(message: &[u8], number: u32) -> Option<&str> {
    parts(message, number).last().and_then(|content| std::str::from_utf8(content).ok())
}

fn number(message: &[u8], number: u32) -> Option<u64> {
    let varints = wire::fields(message).map_while(Result::ok).filter_map(|field| match field.value {
        Value::Varint(value) if field.number == number => Some(value),
        _ => None,
    });
    varints.last()
}
