//! Where in a message the schema does not know a field: its place by field names, found on the wire. It must not know
//! what any message is for.

use std::collections::BTreeMap;

use prost_reflect::{Kind, MessageDescriptor};

use crate::schema::{MAX_DEPTH, wire};

/// How often each place held a field that the schema does not know. A place is written `client_actions.actions.99`: the
/// names of the fields on the way, and the number that has none.
pub type Places = BTreeMap<String, u64>;

/// Adds to `places` what the schema does not know in `wire`, the bytes of a message of this type. What is not well-formed
/// is passed over.
pub fn unknown_places(descriptor: &MessageDescriptor, wire: &[u8], places: &mut Places) {
    walk(descriptor, wire, &mut Vec::new(), places);
}

fn walk(descriptor: &MessageDescriptor, wire: &[u8], path: &mut Vec<String>, places: &mut Places) {
    if path.len() >= MAX_DEPTH {
        return;
    }
    for field in wire::fields(wire).map_while(Result::ok) {
        let Some(known) = descriptor.get_field(field.number) else {
            let mut place = path.join(".");
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(&field.number.to_string());
            *places.entry(place).or_default() += 1;
            continue;
        };
        if let (Kind::Message(inner), wire::Value::Bytes(bytes)) = (known.kind(), field.value) {
            path.push(known.name().to_owned());
            walk(&inner, bytes, path, places);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Places, unknown_places};
    use crate::schema::{Schema, encode, from_json};

    #[test]
    fn unknown_fields_are_found_by_name_and_number() {
        let descriptor = Schema::embedded().message("ResponseEvent").unwrap();
        let unknown = |number: u32| json!([{"number": number, "wire": "varint", "value": "1"}]);
        let event = json!({"@unknown": unknown(77), "client_actions": {"actions": [
            {"create_task": {"task": {"id": "t", "@unknown": unknown(99)}}},
            {"create_task": {"task": {"id": "u", "@unknown": unknown(99)}}}
        ]}});
        let wire = encode(&from_json(&descriptor, &event).unwrap());
        let mut places = Places::new();
        unknown_places(&descriptor, &wire, &mut places);
        let found: Vec<_> = places.iter().map(|(place, count)| (place.as_str(), *count)).collect();
        assert_eq!(found, [("77", 1), ("client_actions.actions.create_task.task.99", 2)]);
    }
}
