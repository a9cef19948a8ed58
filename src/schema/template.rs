//! A message to fill in: JSON with every field of a type, which encodes as it stands. It must not know what any type is
//! for.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use serde_json::{Map, Value as Json, json};

use crate::schema::pool::{is_deprecated, short_name};
use crate::schema::well_known;

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The message to fill in.
    pub json: Json,
    /// Oneofs of which the template shows one variant, as `path: shown (or other, other)`.
    pub choices: Vec<String>,
    /// Messages that are left empty because the template ends there, as `path: type`.
    pub cut: Vec<String>,
}

/// A template of `descriptor`, with messages inside messages down to `depth` levels; deeper ones are empty objects. Of a
/// oneof it has the variant whose path is in `wanted`, or else the first that is not deprecated. No type is shown inside
/// itself.
///
/// # Errors
/// The first path of `wanted` that names no variant of a oneof in the template.
pub fn template(descriptor: &MessageDescriptor, depth: usize, wanted: &[String]) -> Result<Template, String> {
    let mut writer =
        Writer { wanted, met: Vec::new(), choices: Vec::new(), cut: Vec::new(), inside: Vec::new(), depth };
    let json = writer.message(descriptor, "");
    match wanted.iter().find(|path| !writer.met.contains(*path)) {
        Some(unmet) => Err(unmet.clone()),
        None => Ok(Template { json, choices: writer.choices, cut: writer.cut }),
    }
}

struct Writer<'a> {
    wanted: &'a [String],
    /// Paths of `wanted` that were met.
    met: Vec<String>,
    choices: Vec<String>,
    cut: Vec<String>,
    /// The types around the one being written.
    inside: Vec<String>,
    depth: usize,
}

impl Writer<'_> {
    fn message(&mut self, descriptor: &MessageDescriptor, path: &str) -> Json {
        if let Some(special) = well_known::template(descriptor) {
            return special;
        }
        let name = descriptor.full_name().to_owned();
        let is_cut = self.inside.len() > self.depth || self.inside.contains(&name);
        if is_cut && descriptor.fields().len() > 0 {
            self.cut.push(format!("{path}: {}", short_name(descriptor)));
        }
        if is_cut {
            return json!({});
        }
        self.inside.push(name);
        let chosen: Vec<FieldDescriptor> = descriptor.oneofs().filter_map(|oneof| self.choose(&oneof, path)).collect();
        let mut object = Map::new();
        for field in descriptor.fields() {
            if field.containing_oneof().is_none() || chosen.contains(&field) {
                let inner = join(path, field.name());
                object.insert(field.name().to_owned(), self.field(&field, &inner));
            }
        }
        self.inside.pop();
        Json::Object(object)
    }

    /// The variant to show. The oneof that `optional` stands for has only one, and is no choice to speak of.
    fn choose(&mut self, oneof: &OneofDescriptor, path: &str) -> Option<FieldDescriptor> {
        let wanted = oneof.fields().find(|field| self.wanted.contains(&join(path, field.name())));
        self.met.extend(wanted.iter().map(|field| join(path, field.name())));
        let chosen = wanted.or_else(|| oneof.fields().find(|field| !is_deprecated(field))).or(oneof.fields().next())?;
        let others: Vec<String> =
            oneof.fields().filter(|other| *other != chosen).map(|other| other.name().to_owned()).collect();
        if !others.is_empty() {
            self.choices.push(format!("{} (or {})", join(path, chosen.name()), others.join(", ")));
        }
        Some(chosen)
    }

    fn field(&mut self, field: &FieldDescriptor, path: &str) -> Json {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let key = match entry.map_entry_key_field().kind() {
                    Kind::String => "key",
                    Kind::Bool => "true",
                    _ => "0",
                };
                let value = self.single(&entry.map_entry_value_field().kind(), &format!("{path}[{key}]"));
                json!({ key: value })
            }
            kind if field.is_list() => json!([self.single(&kind, &format!("{path}[0]"))]),
            kind => self.single(&kind, path),
        }
    }

    fn single(&mut self, kind: &Kind, path: &str) -> Json {
        match kind {
            Kind::Message(inner) => self.message(inner, path),
            Kind::Enum(enumeration) => first_value(enumeration),
            Kind::Bool => json!(false),
            Kind::String | Kind::Bytes => json!(""),
            Kind::Float | Kind::Double => json!(0.0),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => json!("0"),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => json!(0),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Rather a value that says something than the one for "not specified".
fn first_value(enumeration: &EnumDescriptor) -> Json {
    if well_known::is_null_value(enumeration) {
        return Json::Null;
    }
    let telling = enumeration.values().find(|value| !value.name().ends_with("_UNSPECIFIED"));
    telling.or_else(|| enumeration.values().next()).map_or(Json::from(0), |value| json!(value.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schema, decode, encode, from_json, to_json};

    #[test]
    fn every_template_encodes_and_holds_what_it_shows() {
        for descriptor in Schema::embedded().messages() {
            let found = template(&descriptor, 2, &[]).unwrap();
            let message = from_json(&descriptor, &found.json).unwrap_or_else(|error| {
                panic!("{}: {error}\n{}", descriptor.full_name(), found.json);
            });
            let read = to_json(&decode(&descriptor, &encode(&message)).unwrap());
            let fields = |json: &Json| json.as_object().map_or(0, Map::len);
            assert_eq!(fields(&read), fields(&found.json), "{}\n{}\n{read}", descriptor.full_name(), found.json);
        }
    }

    #[test]
    fn choices_and_ends_are_told() {
        let descriptor = Schema::embedded().message("Task").unwrap();
        let found = template(&descriptor, 1, &[]).unwrap();
        assert_eq!(found.json["id"], "");
        assert_eq!(found.json["messages"][0]["tool_call"], Json::Null);
        assert!(found.choices.iter().any(|choice| choice.starts_with("messages[0].user_query (or ")), "{found:?}");
        let wanted = ["messages[0].agent_output".to_owned()];
        let found_output = template(&descriptor, 2, &wanted).unwrap();
        assert_eq!(found_output.json["messages"][0]["agent_output"], json!({"text": ""}));
        assert_eq!(template(&descriptor, 2, &["messages".to_owned()]).unwrap_err(), "messages");
        assert!(found.cut.contains(&"messages[0].user_query: Message.UserQuery".to_owned()), "{found:?}");
    }
}
