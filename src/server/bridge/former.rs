//! Names in a message's JSON that the protocol no longer has. Scripts that were written when it had them still send them;
//! they are taken out, and whoever sent them is told.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// What the Python bridge also took beside a message's fields, and left out of it.
const BESIDE: [&str; 4] = ["client_version", "os_category", "os_name", "os_version"];

/// Takes the names out of `json`, a message of type `descriptor`; gives their paths. Names that the schema never had stay.
pub(super) fn take_out(descriptor: &MessageDescriptor, json: &mut Value) -> Vec<String> {
    let mut taken = Vec::new();
    if let Value::Object(object) = json {
        object.retain(|key, _| {
            let is_beside = BESIDE.contains(&key.as_str()) && descriptor.get_field_by_name(key).is_none();
            if is_beside {
                taken.push(key.clone());
            }
            !is_beside
        });
    }
    in_message(descriptor, json, "", &mut taken);
    taken
}

fn in_message(descriptor: &MessageDescriptor, json: &mut Value, path: &str, taken: &mut Vec<String>) {
    let Value::Object(object) = json else { return };
    // In a Struct any name may stand.
    if descriptor.full_name().starts_with("google.protobuf.") {
        return;
    }
    drop_reserved(descriptor, object, path, taken);
    for (key, value) in object.iter_mut() {
        let field = descriptor.get_field_by_name(key).or_else(|| descriptor.get_field_by_json_name(key));
        let Some((field, Kind::Message(inner))) = field.map(|field| (field.clone(), field.kind())) else { continue };
        let path = format!("{path}{key}.");
        match value {
            Value::Object(entries) if field.is_map() => {
                let Kind::Message(inner) = inner.map_entry_value_field().kind() else { continue };
                entries.values_mut().for_each(|value| in_message(&inner, value, &path, taken));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| in_message(&inner, item, &path, taken)),
            single => in_message(&inner, single, &path, taken),
        }
    }
}

/// A schema reserves the names of fields that it has given up.
fn drop_reserved(descriptor: &MessageDescriptor, object: &mut Map<String, Value>, path: &str, taken: &mut Vec<String>) {
    for name in descriptor.reserved_names() {
        if descriptor.get_field_by_name(name).is_none() && object.shift_remove(name).is_some() {
            taken.push(format!("{path}{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::take_out;
    use crate::schema::Schema;

    #[test]
    fn names_that_were_given_up_go_and_unknown_ones_stay() {
        let descriptor = Schema::embedded().message("Request").unwrap();
        let mut json = json!({
            "os_name": "x", "nonsense": 1,
            "task_context": {"active_task_id": "t", "tasks": [{"id": "t", "status": {"in_progress": {}}}]},
            "mcp_context": {"tools": [{"name": "a", "input_schema": {"active_task_id": 1, "status": 2}}]},
        });
        let taken = take_out(&descriptor, &mut json);
        assert_eq!(taken, ["os_name", "task_context.active_task_id", "task_context.tasks.status"]);
        assert_eq!(
            json,
            json!({
                "nonsense": 1, "task_context": {"tasks": [{"id": "t"}]},
                "mcp_context": {"tools": [{"name": "a", "input_schema": {"active_task_id": 1, "status": 2}}]},
            })
        );
    }
}
