//! Field masks: which parts of a patch are laid over a target, or appended to it (`WARP-PROTOCOL.md` §3.4). Either the
//! whole mask is applied or, on an error, nothing is. It must not know which messages are patched.
//!
//! - A path is made of proto field names joined by dots. A path with an unknown segment, camelCase included, does nothing.
//! - Update overwrites what a path names; what the patch lacks gets its default. A message is replaced, not merged.
//! - Append joins strings, and refuses everything else.
//! - A path into a variant of a oneof that is not the one set switches to it.
//! - A path goes through a repeated message element by element, for lists of equal length; it cannot go through a map.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};

use crate::schema::error::{MaskError, SchemaError};

/// Overwrites in `target` what `paths` name with what `patch` has there.
///
/// # Errors
/// [`MaskError`]; `target` is then unchanged.
pub fn update(target: &mut DynamicMessage, patch: &DynamicMessage, paths: &[String]) -> Result<(), SchemaError> {
    apply(Operation::Update, target, patch, paths)
}

/// Appends to the strings of `target` that `paths` name what `patch` has there.
///
/// # Errors
/// [`MaskError`], also when a path names anything but a string; `target` is then unchanged.
pub fn append(target: &mut DynamicMessage, patch: &DynamicMessage, paths: &[String]) -> Result<(), SchemaError> {
    apply(Operation::Append, target, patch, paths)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Update,
    Append,
}

fn apply(
    operation: Operation,
    target: &mut DynamicMessage,
    patch: &DynamicMessage,
    paths: &[String],
) -> Result<(), SchemaError> {
    let descriptor = target.descriptor();
    if descriptor != patch.descriptor() {
        return Err(MaskError::TypeMismatch {
            target: descriptor.full_name().to_owned(),
            patch: patch.descriptor().full_name().to_owned(),
        }
        .into());
    }
    let mut resolved = Vec::with_capacity(paths.len());
    for path in paths {
        if let Some(fields) = resolve(&descriptor, path)? {
            if operation == Operation::Append {
                check_appendable(path, &fields)?;
            }
            check_lengths(path, &fields, target, patch)?;
            resolved.push(fields);
        }
    }
    for fields in &resolved {
        lay_over(operation, fields, target, patch);
    }
    Ok(())
}

/// The fields a path goes through; `None` when one of its segments is not a field's name.
fn resolve(descriptor: &MessageDescriptor, path: &str) -> Result<Option<Vec<FieldDescriptor>>, MaskError> {
    let mut fields: Vec<FieldDescriptor> = Vec::new();
    let mut message = Some(descriptor.clone());
    for segment in path.split('.') {
        if let Some(map) = fields.last().filter(|field| field.is_map()) {
            return Err(MaskError::ThroughMap { path: path.to_owned(), field: map.name().to_owned() });
        }
        let Some(field) = message.as_ref().and_then(|message| message.get_field_by_name(segment)) else {
            return Ok(None);
        };
        message = field.kind().as_message().cloned();
        fields.push(field);
    }
    Ok(Some(fields))
}

fn check_appendable(path: &str, fields: &[FieldDescriptor]) -> Result<(), MaskError> {
    let Some(leaf) = fields.last() else { return Ok(()) };
    if leaf.kind() == Kind::String && !leaf.is_list() {
        return Ok(());
    }
    let kind = match leaf.kind() {
        _ if leaf.is_map() => "map".to_owned(),
        _ if leaf.is_list() => "list".to_owned(),
        Kind::Message(message) => format!("`{}`", message.full_name()),
        other => format!("{other:?}"),
    };
    Err(MaskError::UnsupportedAppend { path: path.to_owned(), kind })
}

/// Holds the lists that the path goes through against each other.
fn check_lengths(
    path: &str,
    fields: &[FieldDescriptor],
    target: &DynamicMessage,
    patch: &DynamicMessage,
) -> Result<(), MaskError> {
    let [field, rest @ ..] = fields else { return Ok(()) };
    if rest.is_empty() {
        return Ok(());
    }
    match (target.get_field(field).as_ref(), patch.get_field(field).as_ref()) {
        (Value::List(targets), Value::List(patches)) => {
            if targets.len() != patches.len() {
                return Err(MaskError::LengthMismatch {
                    path: path.to_owned(),
                    field: field.name().to_owned(),
                    target: targets.len(),
                    patch: patches.len(),
                });
            }
            let pairs = targets.iter().zip(patches);
            pairs
                .filter_map(|(target, patch)| Some((target.as_message()?, patch.as_message()?)))
                .try_for_each(|(target, patch)| check_lengths(path, rest, target, patch))
        }
        (Value::Message(target), Value::Message(patch)) => check_lengths(path, rest, target, patch),
        _ => Ok(()),
    }
}

fn lay_over(operation: Operation, fields: &[FieldDescriptor], target: &mut DynamicMessage, patch: &DynamicMessage) {
    let [field, rest @ ..] = fields else { return };
    if rest.is_empty() {
        match operation {
            Operation::Update => update_leaf(field, target, patch),
            Operation::Append => append_leaf(field, target, patch),
        }
        return;
    }
    if field.is_list() {
        let patches = patch.get_field(field);
        if let (Some(targets), Some(patches)) = (target.get_field_mut(field).as_list_mut(), patches.as_list()) {
            for (target, patch) in targets.iter_mut().zip(patches) {
                if let (Some(target), Some(patch)) = (target.as_message_mut(), patch.as_message()) {
                    lay_over(operation, rest, target, patch);
                }
            }
        }
        return;
    }
    if !patch.has_field(field) && !reaches_empty_variant(operation, field, target) {
        return;
    }
    let inner = patch.get_field(field);
    if let (Some(target), Some(patch)) = (target.get_field_mut(field).as_message_mut(), inner.as_message()) {
        lay_over(operation, rest, target, patch);
    }
}

/// Whether a path goes on into `field` although the patch has nothing there. An update then sets defaults, in a message
/// that is there or in the oneof's variant that the path switches to; an append has nothing to add.
fn reaches_empty_variant(operation: Operation, field: &FieldDescriptor, target: &DynamicMessage) -> bool {
    operation == Operation::Update && (target.has_field(field) || field.containing_oneof().is_some())
}

fn update_leaf(field: &FieldDescriptor, target: &mut DynamicMessage, patch: &DynamicMessage) {
    let chooses_variant = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
    if patch.has_field(field) || chooses_variant {
        target.set_field(field, patch.get_field(field).into_owned());
    } else {
        target.clear_field(field);
    }
}

fn append_leaf(field: &FieldDescriptor, target: &mut DynamicMessage, patch: &DynamicMessage) {
    if !patch.has_field(field) {
        return;
    }
    let addition = patch.get_field(field);
    if let (Some(text), Some(addition)) = (target.get_field_mut(field).as_string_mut(), addition.as_str()) {
        text.push_str(addition);
    }
}
