//! Appends members to a JSON object that already has one, in one line that is safe in an event stream.
//!
//! It must not know what they mean.

use serde::Serialize;

use crate::dialect::json;

/// Appends the member `name`, which is `text`.
pub(crate) fn put_text(line: &mut String, name: &str, text: &str) {
    put_name(line, name);
    json::put_string(line, text);
}

/// Appends the member `name`, which is `number`.
pub(crate) fn put_number(line: &mut String, name: &str, number: u64) {
    put_name(line, name);
    json::put_number(line, number);
}

/// Appends the member `name`, which is `value`.
pub(crate) fn put(line: &mut String, name: &str, value: &impl Serialize) {
    put_name(line, name);
    line.push_str(&json::line(value));
}

/// Appends the member `name`, which is what the text `json` says.
pub(crate) fn put_json(line: &mut String, name: &str, json: &str) {
    put_name(line, name);
    line.push_str(json);
}

/// Appends the name of a member, whose value is to follow.
pub(crate) fn put_name(line: &mut String, name: &str) {
    line.push_str(",\"");
    line.push_str(name);
    line.push_str("\":");
}
