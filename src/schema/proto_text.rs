//! A definition as `.proto` text: what a developer reads to know a type. It must not know what any type is for.

use std::collections::BTreeSet;

use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::schema::pool::{Definition, Schema, is_deprecated, short_name, within_package};

/// How wide lists of names may be, in characters.
const WIDTH: usize = 100;

/// The text of `definition`: its fields with their numbers, marks (`sensitive`, `internal`, `deprecated`) and, where the
/// descriptors hold them, comments; then the names of the types it holds and uses. Names are short within the Warp package.
pub fn proto_text(schema: &Schema, definition: &Definition) -> String {
    let mut out = String::new();
    match definition {
        Definition::Message(message) => put_message(&mut out, schema, message),
        Definition::Enum(enumeration) => put_enum(&mut out, enumeration),
    }
    out
}

fn put_message(out: &mut String, schema: &Schema, message: &MessageDescriptor) {
    let file = message.parent_file_descriptor_proto();
    line(out, 0, &format!("// {} in {}", message.full_name(), file.name()));
    put_comment(out, 0, file, message.path());
    line(out, 0, &format!("message {} {{", message.name()));
    put_reserved(out, message);
    let mut shown: Vec<OneofDescriptor> = Vec::new();
    for field in message.fields() {
        match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
            Some(oneof) if shown.contains(&oneof) => {}
            Some(oneof) => {
                put_comment(out, 1, file, oneof.path());
                line(out, 1, &format!("oneof {} {{", oneof.name()));
                oneof.fields().for_each(|field| put_field(out, 2, schema, &field));
                line(out, 1, "}");
                shown.push(oneof);
            }
            None => put_field(out, 1, schema, &field),
        }
    }
    line(out, 0, "}");
    put_names(out, "holds", &held(message));
    put_names(out, "uses", &used(message));
}

fn put_field(out: &mut String, depth: usize, schema: &Schema, field: &FieldDescriptor) {
    put_comment(out, depth, field.parent_file().file_descriptor_proto(), field.path());
    let is_choice = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
    let label = match field.kind() {
        _ if field.is_map() => "",
        _ if field.is_list() => "repeated ",
        Kind::Message(_) => "",
        _ if field.supports_presence() && !is_choice => "optional ",
        _ => "",
    };
    let mut marks = Vec::new();
    if is_deprecated(field) {
        marks.push("deprecated");
    }
    if schema.is_sensitive(field) {
        marks.push("sensitive");
    }
    if schema.is_internal(field) {
        marks.push("internal");
    }
    let marks = if marks.is_empty() { String::new() } else { format!(" [{}]", marks.join(", ")) };
    line(out, depth, &format!("{label}{} {} = {}{marks};", type_name(field), field.name(), field.number()));
}

/// The type as it stands in front of a field's name.
pub(crate) fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let (key, value) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
            format!("map<{}, {}>", kind_name(&key), kind_name(&value))
        }
        kind => kind_name(&kind),
    }
}

/// The type's name, a message's or enum's short where it can be.
fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => short_name(message).to_owned(),
        Kind::Enum(enumeration) => within_package(enumeration.full_name()).to_owned(),
        // Scalars are shown by their names in protobuf.
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn put_reserved(out: &mut String, message: &MessageDescriptor) {
    let numbers: Vec<String> = message
        .reserved_ranges()
        .map(|range| match range.end.saturating_sub(1) {
            last if last == range.start => last.to_string(),
            last => format!("{} to {last}", range.start),
        })
        .collect();
    if !numbers.is_empty() {
        line(out, 1, &format!("reserved {};", numbers.join(", ")));
    }
    let names: Vec<String> = message.reserved_names().map(|name| format!("{name:?}")).collect();
    if !names.is_empty() {
        line(out, 1, &format!("reserved {};", names.join(", ")));
    }
}

fn put_enum(out: &mut String, enumeration: &EnumDescriptor) {
    let file = enumeration.parent_file_descriptor_proto();
    line(out, 0, &format!("// {} in {}", enumeration.full_name(), file.name()));
    put_comment(out, 0, file, enumeration.path());
    line(out, 0, &format!("enum {} {{", enumeration.name()));
    for value in enumeration.values() {
        put_comment(out, 1, file, value.path());
        line(out, 1, &format!("{} = {};", value.name(), value.number()));
    }
    line(out, 0, "}");
}

fn put_names(out: &mut String, what: &str, names: &BTreeSet<String>) {
    let mut row = format!("// {what}:");
    for (index, name) in names.iter().enumerate() {
        if row.len() + name.len() > WIDTH {
            line(out, 0, row.trim_end());
            row = "//  ".to_owned();
        }
        row.push(' ');
        row.push_str(name);
        if index + 1 < names.len() {
            row.push(',');
        }
    }
    if !names.is_empty() {
        line(out, 0, &row);
    }
}

/// The types defined inside `message`.
fn held(message: &MessageDescriptor) -> BTreeSet<String> {
    let messages = message.child_messages().filter(|child| !child.is_map_entry());
    let messages = messages.map(|child| short_name(&child).to_owned());
    messages.chain(message.child_enums().map(|child| within_package(child.full_name()).to_owned())).collect()
}

/// The types of its fields that are defined elsewhere.
fn used(message: &MessageDescriptor) -> BTreeSet<String> {
    let kinds = message.fields().map(|field| match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    });
    let named = kinds.filter(|kind| matches!(kind, Kind::Message(_) | Kind::Enum(_)));
    let held = held(message);
    named.map(|kind| kind_name(&kind)).filter(|name| !held.contains(name)).collect()
}

/// The comment in front of the definition at `path`, where the descriptors hold comments.
fn put_comment(out: &mut String, depth: usize, file: &FileDescriptorProto, path: &[i32]) {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let comment = locations.filter(|location| location.path == path).find_map(|found| found.leading_comments.as_ref());
    for text in comment.into_iter().flat_map(|comment| comment.lines()) {
        line(out, depth, &format!("// {}", text.trim()));
    }
}

fn line(out: &mut String, depth: usize, text: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(text);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let schema = Schema::embedded();
        proto_text(&schema, &schema.definition(name).unwrap())
    }

    #[test]
    fn a_message_is_shown_with_numbers_marks_and_what_it_uses() {
        assert_eq!(
            text("Message.ToolCall.CallMCPTool"),
            "// warp.multi_agent.v1.Message.ToolCall.CallMCPTool in warp/multi_agent/v1/task.proto\n\
             message CallMCPTool {\n\
             \x20 optional string name = 1;\n\
             \x20 google.protobuf.Struct args = 2;\n\
             \x20 optional string server_id = 3;\n\
             }\n\
             // uses: google.protobuf.Struct\n"
        );
        let finished = text("StreamFinished");
        assert!(finished.contains("  oneof reason {\n"), "{finished}");
        assert!(finished.contains(" token_usage = 8 [internal];\n"), "{finished}");
        assert!(text("Request.Input.UserQuery").contains("optional string query = 1 [sensitive];"));
        assert!(text("Request.Input.UserQuery").contains("map<string, Attachment> referenced_attachments = 2;"));
        assert!(text("Task").contains("  reserved 4;\n  reserved \"status\";\n"), "{}", text("Task"));
        assert!(text("Task").contains("// holds: Task.Dependencies"), "{}", text("Task"));
    }

    #[test]
    fn an_enum_is_shown_and_a_slip_finds_it() {
        assert!(text("ToolType").contains("  CALL_MCP_TOOL = 9;\n"), "{}", text("ToolType"));
        let error = Schema::embedded().definition("ToolTipe").unwrap_err().to_string();
        assert!(error.contains("`ToolType`"), "{error}");
    }
}
