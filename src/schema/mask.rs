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
    operation == Operation::Update && (target.has_field(field) || is_variant(field))
}

/// Whether `field` belongs to a oneof that the schema's author wrote, not to one that stands for `optional`.
pub(crate) fn is_variant(field: &FieldDescriptor) -> bool {
    field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic())
}

fn update_leaf(field: &FieldDescriptor, target: &mut DynamicMessage, patch: &DynamicMessage) {
    if patch.has_field(field) || is_variant(field) {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::schema::{Schema, from_json, to_json};

    fn message(json: &Json) -> DynamicMessage {
        let descriptor = Schema::embedded().message("Message").unwrap();
        from_json(&descriptor, json).unwrap()
    }

    type Apply = fn(&mut DynamicMessage, &DynamicMessage, &[String]) -> Result<(), SchemaError>;

    /// Applies `mask` and compares the whole outcome, as JSON or as an error's text.
    fn check(apply: Apply, target: Json, patch: Json, mask: &[&str], expected: Result<Json, &str>) {
        let mut found = message(&target);
        let paths: Vec<String> = mask.iter().map(|path| (*path).to_owned()).collect();
        let outcome = apply(&mut found, &message(&patch), &paths);
        match (outcome, expected) {
            (Ok(()), Ok(wanted)) => assert_eq!(to_json(&found), wanted, "{mask:?}"),
            (Err(error), Err(wanted)) => {
                assert!(error.to_string().contains(wanted), "{error}");
                assert_eq!(found, message(&target), "an error changes nothing");
            }
            (outcome, expected) => panic!("{mask:?}: {outcome:?}, wanted {expected:?}"),
        }
    }

    #[test]
    fn append_joins_text() {
        check(
            append,
            json!({"agent_output": {"text": "Hel"}}),
            json!({"agent_output": {"text": "lo"}}),
            &["agent_output.text"],
            Ok(json!({"agent_output": {"text": "Hello"}})),
        );
        check(
            append,
            json!({"agent_reasoning": {"reasoning": "I th"}}),
            json!({"agent_reasoning": {"reasoning": "ink"}}),
            &["agent_reasoning.reasoning"],
            Ok(json!({"agent_reasoning": {"reasoning": "I think"}})),
        );
    }

    #[test]
    fn update_replaces_what_is_named_and_keeps_the_rest() {
        check(
            update,
            json!({"agent_output": {"text": "Hello"}}),
            json!({"agent_output": {"text": "Bye"}}),
            &["agent_output.text"],
            Ok(json!({"agent_output": {"text": "Bye"}})),
        );
        check(
            update,
            json!({"agent_reasoning": {"reasoning": "I think"}}),
            json!({"agent_reasoning": {"finished_duration": "2s"}}),
            &["agent_reasoning.finished_duration"],
            Ok(json!({"agent_reasoning": {"reasoning": "I think", "finished_duration": "2s"}})),
        );
        check(
            update,
            json!({"id": "m", "user_query": {"query": "q"}}),
            json!({"id": "other", "user_query": {"query": "other"}, "server_message_data": "new"}),
            &["server_message_data"],
            Ok(json!({"id": "m", "user_query": {"query": "q"}, "server_message_data": "new"})),
        );
    }

    #[test]
    fn update_replaces_messages_wholly() {
        check(
            update,
            json!({"tool_call": {"call_mcp_tool": {"name": "f", "args": {"a": 1}}}}),
            json!({"tool_call": {"call_mcp_tool": {"args": {"b": 2}}}}),
            &["tool_call.call_mcp_tool.args"],
            Ok(json!({"tool_call": {"call_mcp_tool": {"name": "f", "args": {"b": 2}}}})),
        );
        check(
            update,
            json!({"tool_call": {"tool_call_id": "1", "call_mcp_tool": {"name": "f", "args": {}}}}),
            json!({"tool_call": {"call_mcp_tool": {"args": {"q": "x"}}}}),
            &["tool_call"],
            Ok(json!({"tool_call": {"call_mcp_tool": {"args": {"q": "x"}}}})),
        );
    }

    #[test]
    fn append_takes_strings_only() {
        check(
            append,
            json!({"tool_call": {"call_mcp_tool": {"args": {"a": 1}}}}),
            json!({"tool_call": {"call_mcp_tool": {"args": {"b": 1}}}}),
            &["tool_call.call_mcp_tool.args"],
            Err("only strings can be appended to"),
        );
        check(
            append,
            json!({"agent_output": {"text": "a"}}),
            json!({"agent_output": {"text": "b"}, "citations": [{}]}),
            &["agent_output.text", "citations"],
            Err("names a list"),
        );
    }

    #[test]
    fn a_path_into_another_variant_switches_to_it() {
        check(
            append,
            json!({"agent_reasoning": {"reasoning": "hm"}}),
            json!({"agent_output": {"text": "x"}}),
            &["agent_output.text"],
            Ok(json!({"agent_output": {"text": "x"}})),
        );
        check(
            update,
            json!({"agent_reasoning": {"reasoning": "hm"}}),
            json!({"agent_output": {"text": "x"}}),
            &["agent_output"],
            Ok(json!({"agent_output": {"text": "x"}})),
        );
    }

    #[test]
    fn what_the_patch_lacks_gets_its_default() {
        let mut target = message(&json!({"agent_output": {"text": "abc"}}));
        update(&mut target, &message(&json!({})), &["agent_output.text".to_owned()]).unwrap();
        let output = target.get_field_by_name("agent_output").unwrap().into_owned();
        let text = output.as_message().unwrap().get_field_by_name("text").unwrap().into_owned();
        assert_eq!(text.as_str(), Some(""));
        check(
            append,
            json!({"agent_output": {"text": "abc"}}),
            json!({}),
            &["agent_output.text"],
            Ok(json!({"agent_output": {"text": "abc"}})),
        );
    }

    #[test]
    fn unknown_segments_do_nothing() {
        for mask in [&["agentOutput.text"][..], &["message"], &["message.agent_output.text"], &[""], &[], &["id.x"]] {
            for apply in [update as Apply, append] {
                let target = json!({"id": "m", "agent_output": {"text": "a"}});
                let patch = json!({"id": "n", "agent_output": {"text": "b"}});
                check(apply, target.clone(), patch, mask, Ok(target));
            }
        }
    }

    #[test]
    fn a_path_does_not_go_through_a_map() {
        check(
            update,
            json!({"user_query": {"referenced_attachments": {"k": {"plain_text": "a"}}}}),
            json!({"user_query": {"referenced_attachments": {"k": {"plain_text": "b"}}}}),
            &["user_query.referenced_attachments.k"],
            Err("goes through the map `referenced_attachments`"),
        );
    }

    #[test]
    fn a_path_goes_through_a_list_element_by_element() {
        let two = |first: &str, second: &str| {
            json!({"citations": [
                {"document_id": first, "document_type": "WEB_PAGE"},
                {"document_id": second, "document_type": "RULE"}
            ]})
        };
        check(update, two("a", "b"), two("c", "d"), &["citations.document_id"], Ok(two("c", "d")));
        check(append, two("a", "b"), two("c", "d"), &["citations.document_id"], Ok(two("ac", "bd")));
        check(
            update,
            two("a", "b"),
            json!({"citations": [{"document_id": "c"}]}),
            &["citations.document_id"],
            Err("lists of equal length in `citations`: 2 in the target, 1 given"),
        );
    }

    #[test]
    fn nothing_is_applied_when_one_path_is_wrong() {
        check(
            append,
            json!({"id": "m", "agent_output": {"text": "a"}}),
            json!({"id": "n", "agent_output": {"text": "b"}, "timestamp": "2026-01-01T00:00:00Z"}),
            &["agent_output.text", "timestamp"],
            Err("names a `google.protobuf.Timestamp`"),
        );
    }

    #[test]
    fn messages_of_two_types_do_not_mix() {
        let task = DynamicMessage::new(Schema::embedded().message("Task").unwrap());
        let error = update(&mut message(&json!({})), &task, &["id".to_owned()]).unwrap_err();
        assert!(matches!(error, SchemaError::Mask(MaskError::TypeMismatch { .. })), "{error}");
    }
}
