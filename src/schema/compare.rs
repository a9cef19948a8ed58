//! Two schemas against each other: what changed from one to the other, and whether bytes written by either still read as
//! the other has them. It must not know what any type is for.
//!
//! Whether the wire stays compatible is judged as protobuf defines it: what is added or removed does not disturb what
//! stays (unknown fields are kept), names are not on the wire, and numbers may change between types that are written
//! alike. A field whose number, or whose form on the wire, changes breaks it.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::schema::pool::{Schema, within_package};
use crate::schema::proto_text::type_name;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Where: a type's name, or a type's and a field's or value's.
    pub place: String,
    /// What happened there.
    pub effect: Effect,
    /// What it was and what it is now, in words.
    pub detail: String,
    /// Bytes of before and after no longer mean the same.
    pub breaks_wire: bool,
}

/// What can happen to a type, a field or an enum's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another name.
    Renamed,
    /// It has another number.
    Renumbered,
    /// It has another type.
    Retyped,
    /// It came into a oneof, or left one.
    Regrouped,
}

impl Effect {
    /// The effect as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Renumbered => "renumbered",
            Self::Retyped => "retyped",
            Self::Regrouped => "regrouped",
        }
    }
}

/// What changed from `before` to `after`, sorted by place. Types of `google.protobuf` are left out: they are the same
/// everywhere, and a descriptor set holds those it needs.
pub fn compare(before: &Schema, after: &Schema) -> Vec<Change> {
    let mut changes = Vec::new();
    let (old, new) = (messages(before), messages(after));
    let renamed = renamed_messages(&old, &new);
    for (name, message) in &old {
        match new.get(name) {
            Some(now) => compare_messages(message, now, &renamed, &mut changes),
            None => match renamed.get(name) {
                Some(now) => changes.push(change(name, Effect::Renamed, format!("now {}", within_package(now)), false)),
                None => changes.push(change(name, Effect::Removed, "message".to_owned(), false)),
            },
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name) && !renamed.values().any(|now| now == *name)) {
        changes.push(change(name, Effect::Added, "message".to_owned(), false));
    }
    compare_enums(before, after, &mut changes);
    changes.sort();
    changes
}

fn change(full_name: &str, effect: Effect, detail: String, breaks_wire: bool) -> Change {
    Change { place: within_package(full_name).to_owned(), effect, detail, breaks_wire }
}

fn is_compared(full_name: &str) -> bool {
    !full_name.starts_with("google.protobuf.")
}

fn messages(schema: &Schema) -> BTreeMap<String, MessageDescriptor> {
    let compared = schema.messages().filter(|message| is_compared(message.full_name()));
    compared.map(|message| (message.full_name().to_owned(), message)).collect()
}

/// Messages that are gone, and the one new message that has the very same fields, where there is one.
fn renamed_messages(
    old: &BTreeMap<String, MessageDescriptor>,
    new: &BTreeMap<String, MessageDescriptor>,
) -> BTreeMap<String, String> {
    let signature = |message: &MessageDescriptor| -> Vec<(u32, String, String)> {
        message.fields().map(|field| (field.number(), field.name().to_owned(), type_name(&field))).collect()
    };
    let added: Vec<_> = new.iter().filter(|(name, _)| !old.contains_key(*name)).collect();
    let mut renamed = BTreeMap::new();
    for (name, message) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        let wanted = signature(message);
        let alike: Vec<_> = added.iter().filter(|(_, candidate)| signature(candidate) == wanted).collect();
        // Messages without fields are all alike: nothing says that one is the other.
        if let ([(now, _)], false) = (alike.as_slice(), wanted.is_empty())
            && !renamed.values().any(|taken| taken == *now)
        {
            renamed.insert(name.clone(), (*now).clone());
        }
    }
    renamed
}

fn compare_messages(
    old: &MessageDescriptor,
    new: &MessageDescriptor,
    renamed: &BTreeMap<String, String>,
    changes: &mut Vec<Change>,
) {
    for field in old.fields() {
        let by_number = new.get_field(field.number());
        let by_name = new.get_field_by_name(field.name());
        match (by_number, by_name) {
            (Some(now), by_name) => {
                if now.name() != field.name() {
                    // The name has moved to another number, and this number to another field: that is one break, told once.
                    let moved = by_name.is_some();
                    let effect = if moved { Effect::Renumbered } else { Effect::Renamed };
                    let number = by_name.map_or(now.number(), |moved| moved.number());
                    let detail = if moved {
                        format!("{} → {number}; {} is now {}", field.number(), field.number(), now.name())
                    } else {
                        format!("now {} = {number}", now.name())
                    };
                    changes.push(change(field.full_name(), effect, detail, moved));
                }
                compare_types(&field, &now, renamed, changes);
                compare_groups(&field, &now, old, changes);
            }
            (None, Some(now)) => {
                let detail = format!("{} → {}", field.number(), now.number());
                changes.push(change(field.full_name(), Effect::Renumbered, detail, true));
            }
            (None, None) => {
                let detail = format!("{} = {}", type_name(&field), field.number());
                changes.push(change(field.full_name(), Effect::Removed, detail, false));
            }
        }
    }
    for field in new.fields() {
        if old.get_field(field.number()).is_none() && old.get_field_by_name(field.name()).is_none() {
            let detail = format!("{} = {}", type_name(&field), field.number());
            changes.push(change(field.full_name(), Effect::Added, detail, false));
        }
    }
}

fn compare_types(
    old: &FieldDescriptor,
    new: &FieldDescriptor,
    renamed: &BTreeMap<String, String>,
    changes: &mut Vec<Change>,
) {
    let label = |field: &FieldDescriptor| if field.is_list() { "repeated " } else { "" };
    let (was, is) = (format!("{}{}", label(old), type_name(old)), format!("{}{}", label(new), type_name(new)));
    if was == is {
        return;
    }
    let follows = match (old.kind(), new.kind()) {
        (Kind::Message(old), Kind::Message(new)) => {
            renamed.get(old.full_name()).is_some_and(|now| now == new.full_name())
        }
        _ => false,
    };
    let breaks = !follows && !are_written_alike(old, new);
    if follows && old.is_list() == new.is_list() {
        // The message is told of as renamed: not again at each of its uses.
        return;
    }
    changes.push(change(old.full_name(), Effect::Retyped, format!("{was} → {is}"), breaks));
}

/// Whether a value of one field reads as a value of the other.
fn are_written_alike(old: &FieldDescriptor, new: &FieldDescriptor) -> bool {
    if old.is_map() != new.is_map() {
        return false;
    }
    if let (true, Kind::Message(old), Kind::Message(new)) = (old.is_map(), old.kind(), new.kind()) {
        return are_kinds_alike(&old.map_entry_key_field().kind(), &new.map_entry_key_field().kind())
            && are_kinds_alike(&old.map_entry_value_field().kind(), &new.map_entry_value_field().kind());
    }
    // Of a list a single field takes the last; but packed numbers are bytes to whoever expects one number.
    let lists_agree = old.is_list() == new.is_list() || !(old.is_packed() || new.is_packed());
    lists_agree && are_kinds_alike(&old.kind(), &new.kind())
}

fn are_kinds_alike(old: &Kind, new: &Kind) -> bool {
    match (old, new) {
        (Kind::Message(old), Kind::Message(new)) => old.full_name() == new.full_name(),
        (old, new) => wire_family(old) == wire_family(new),
    }
}

/// Types of one family are written alike.
fn wire_family(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Enum(_) => "varint",
        Kind::Sint32 | Kind::Sint64 => "zigzag",
        Kind::Fixed32 | Kind::Sfixed32 => "fixed32",
        Kind::Fixed64 | Kind::Sfixed64 => "fixed64",
        Kind::Float => "float",
        Kind::Double => "double",
        Kind::String | Kind::Bytes | Kind::Message(_) => "bytes",
    }
}

/// A field that joins a oneof which had members before clears them, and they it.
fn compare_groups(
    old: &FieldDescriptor,
    new: &FieldDescriptor,
    message: &MessageDescriptor,
    changes: &mut Vec<Change>,
) {
    let group = |field: &FieldDescriptor| field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    let (was, is) = (group(old), group(new));
    let name = |oneof: &Option<prost_reflect::OneofDescriptor>| oneof.as_ref().map(|oneof| oneof.name().to_owned());
    if name(&was) == name(&is) {
        return;
    }
    let companions = is.as_ref().map_or(0, |oneof| {
        oneof
            .fields()
            .filter(|other| other.number() != new.number() && message.get_field(other.number()).is_some())
            .count()
    });
    let shared = |other: u32| was.as_ref().is_some_and(|was| was.fields().any(|field| field.number() == other));
    let stays_together = is.as_ref().is_some_and(|oneof| oneof.fields().all(|other| shared(other.number())));
    let word = |oneof: Option<String>| oneof.map_or("no oneof".to_owned(), |name| format!("oneof {name}"));
    let detail = format!("{} → {}", word(name(&was)), word(name(&is)));
    changes.push(change(old.full_name(), Effect::Regrouped, detail, companions > 0 && !stays_together));
}

fn compare_enums(before: &Schema, after: &Schema, changes: &mut Vec<Change>) {
    let enums = |schema: &Schema| -> BTreeMap<String, EnumDescriptor> {
        let compared = schema.pool().all_enums().filter(|found| is_compared(found.full_name()));
        compared.map(|found| (found.full_name().to_owned(), found)).collect()
    };
    let (old, new) = (enums(before), enums(after));
    for (name, enumeration) in &old {
        match new.get(name) {
            Some(now) => compare_values(enumeration, now, changes),
            None => changes.push(change(name, Effect::Removed, "enum".to_owned(), false)),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        changes.push(change(name, Effect::Added, "enum".to_owned(), false));
    }
}

fn compare_values(old: &EnumDescriptor, new: &EnumDescriptor, changes: &mut Vec<Change>) {
    let place = |name: &str| format!("{}.{name}", old.full_name());
    for value in old.values() {
        let number = value.number();
        match (new.get_value_by_name(value.name()), new.get_value(number)) {
            (Some(now), _) if now.number() == number => {}
            (Some(now), _) => {
                let detail = format!("{number} → {}", now.number());
                changes.push(change(&place(value.name()), Effect::Renumbered, detail, true));
            }
            (None, Some(now)) => {
                let detail = format!("now {} = {number}", now.name());
                changes.push(change(&place(value.name()), Effect::Renamed, detail, false));
            }
            (None, None) => {
                changes.push(change(&place(value.name()), Effect::Removed, format!("= {number}"), false));
            }
        }
    }
    for value in new.values() {
        if old.get_value_by_name(value.name()).is_none() && old.get_value(value.number()).is_none() {
            changes.push(change(&place(value.name()), Effect::Added, format!("= {}", value.number()), false));
        }
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
