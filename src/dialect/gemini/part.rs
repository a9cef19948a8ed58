//! Reads one part of a content: text, data, a call, a response.
//!
//! Clients replay the whole history with every turn, so one odd old part must not end a session: what cannot be carried
//! becomes a visible note. Only what points at data that is nowhere here is refused.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    dialect::{
        data_url,
        field::Field,
        gemini::options::{camel, either, for_each},
        ignored::Ignored,
    },
    turn::{Content, File, Image, RAW_ARGUMENTS, TurnError},
};

/// What may stand in a part beside what it holds.
const BESIDE: [&str; 3] = ["thought", "thoughtSignature", "partMetadata"];
/// Application types that are text.
const TEXT_TYPES: [&str; 9] = [
    "application/json",
    "application/xml",
    "application/x-yaml",
    "application/yaml",
    "application/toml",
    "application/javascript",
    "application/x-javascript",
    "application/x-python",
    "application/sql",
];

/// One part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// Text, never empty.
    Text(String),
    /// Thinking that the model showed.
    Thought(String),
    /// A picture.
    Image(Image),
    /// A text file.
    File(File),
    /// A call of one of the client's functions. The id may be empty.
    Call {
        /// The client's id.
        id: String,
        /// The function's name.
        name: String,
        /// The arguments.
        arguments: Map<String, Value>,
    },
    /// What a function gave back. The id may be empty.
    Response {
        /// The client's id of the call.
        id: String,
        /// The function's name.
        name: String,
        /// What it said or showed.
        content: Vec<Content>,
        /// True when it failed.
        is_error: bool,
    },
}

/// Reads `part`; `None` when there is nothing in it.
pub(crate) fn read(part: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Option<Piece>, TurnError> {
    if let Some(text) = part.value().as_str() {
        return Ok(text_piece(text));
    }
    let members = part.object()?;
    if let Some(call) = either(part, "functionCall", "function_call") {
        return read_call(&call).map(Some);
    }
    if let Some(response) = either(part, "functionResponse", "function_response") {
        return read_response(&response, ignored).map(Some);
    }
    if let Some(data) = either(part, "inlineData", "inline_data") {
        note_beside(members, &["inlineData"], ignored);
        return inline_data(&data).map(Some);
    }
    if let Some(file) = either(part, "fileData", "file_data") {
        return file_data(&file).map(Some);
    }
    if let Some(code) = either(part, "executableCode", "executable_code") {
        return Ok(text_piece(&code_note(code.value())));
    }
    if let Some(result) = either(part, "codeExecutionResult", "code_execution_result") {
        return Ok(text_piece(&result_note(result.value())));
    }
    let is_thought = part.get("thought").map_or(Ok(false), |thought| thought.flag())?;
    let Some(text) = part.get("text") else {
        note_beside(members, &[], ignored);
        return Ok(None);
    };
    let text = text.text()?;
    match is_thought && !text.is_empty() {
        true => Ok(Some(Piece::Thought(text.to_owned()))),
        false => Ok(text_piece(text)),
    }
}

fn text_piece(text: &str) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::Text(text.to_owned()))
}

/// Names what stands in a part and is not read.
fn note_beside(members: &Map<String, Value>, read: &[&str], ignored: &mut Ignored) {
    for (name, value) in members {
        let name = camel(name);
        if !value.is_null() && !read.contains(&name.as_str()) && !BESIDE.contains(&name.as_str()) {
            ignored.note(&format!("contents.parts.{name}"));
        }
    }
}

fn read_call(call: &Field<'_, '_>) -> Result<Piece, TurnError> {
    call.object()?;
    let id = call.get("id").map_or(Ok(""), |id| id.text())?.to_owned();
    let name = call.get("name").ok_or_else(|| call.missing("name"))?.text()?.to_owned();
    // They were written by a model, so they may be anything, and nothing of it is lost.
    let arguments = match call.get("args").map(|args| args.value()) {
        None => Map::new(),
        Some(Value::Object(members)) => members.clone(),
        Some(other) => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            Map::from_iter([(RAW_ARGUMENTS.to_owned(), Value::from(text))])
        }
    };
    Ok(Piece::Call { id, name, arguments })
}

fn read_response(response: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Piece, TurnError> {
    response.object()?;
    let id = response.get("id").map_or(Ok(""), |id| id.text())?.to_owned();
    let name = response.get("name").map_or(Ok(""), |name| name.text())?.to_owned();
    let mut content = Vec::new();
    let mut is_error = false;
    if let Some(said) = response.get("response") {
        let (text, failed) = said_by_function(said.value());
        is_error = failed;
        content.extend((!text.is_empty()).then_some(Content::Text(text)));
    }
    if let Some(parts) = response.get("parts") {
        for_each(&parts, |part| {
            content.extend(read(part, ignored)?.and_then(shown));
            Ok(())
        })?;
    }
    Ok(Piece::Response { id, name, content, is_error })
}

/// What a function's response says, and whether that is an error. By the API's own convention all of it is in `output`,
/// or else in `error`; the official SDKs also write `result`.
fn said_by_function(response: &Value) -> (String, bool) {
    let only = response.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
    match only {
        Some((name, value)) if name == "output" || name == "result" => (as_text(value), false),
        Some((name, value)) if name == "error" => (as_text(value), true),
        Some(_) | None => (as_text(response), false),
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A piece where users and tools can show something.
pub(crate) fn shown(piece: Piece) -> Option<Content> {
    match piece {
        Piece::Text(text) => Some(Content::Text(text)),
        Piece::Image(image) => Some(Content::Image(image)),
        Piece::File(file) => Some(Content::File(file)),
        Piece::Thought(_) | Piece::Call { .. } | Piece::Response { .. } => None,
    }
}

fn inline_data(blob: &Field<'_, '_>) -> Result<Piece, TurnError> {
    blob.object()?;
    let kind = either(blob, "mimeType", "mime_type").map_or(Ok(""), |kind| kind.text())?;
    let data = blob.get("data").ok_or_else(|| blob.missing("data"))?;
    let bytes = data_url::from_base64(data.text()?)
        .map_err(|error| data.error(format_args!("is no base64: {}", error.to_string().trim_end_matches('.'))))?;
    let name = either(blob, "displayName", "display_name").map_or(Ok(""), |name| name.text())?;
    Ok(file_piece(name, kind, Bytes::from(bytes)))
}

/// What a file becomes: a picture, text, or a note that it is neither.
fn file_piece(name: &str, kind: &str, data: Bytes) -> Piece {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Ok(image) = data_url::picture(&essence, data.clone()) {
        return Piece::Image(image);
    }
    let is_text = essence.is_empty() || essence.starts_with("text/") || TEXT_TYPES.contains(&essence.as_str());
    let name = if name.is_empty() { "attachment" } else { name };
    match std::str::from_utf8(&data) {
        Ok(text) if is_text && !text.contains('\0') => {
            Piece::File(File { name: name.to_owned(), text: text.to_owned() })
        }
        Ok(_) | Err(_) => Piece::Text(format!(
            "[the file {name} ({essence}, {} bytes) is attached, but it is not text and cannot be passed on]",
            data.len()
        )),
    }
}

fn file_data(file: &Field<'_, '_>) -> Result<Piece, TurnError> {
    file.object()?;
    let uri = either(file, "fileUri", "file_uri").ok_or_else(|| file.missing("fileUri"))?;
    let text = uri.text()?;
    if !text.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return Err(uri.error("points elsewhere: nothing is fetched and no files are kept; send `inlineData`"));
    }
    let data_url::DataUrl { mime_type, data } = data_url::parse(text).map_err(|reason| uri.error(reason))?;
    let name = either(file, "displayName", "display_name").map_or(Ok(""), |name| name.text())?;
    Ok(file_piece(name, &mime_type, data))
}

fn code_note(code: &Value) -> String {
    let language = code["language"].as_str().unwrap_or_default().to_ascii_lowercase();
    format!("[code that was run]\n```{language}\n{}\n```", code["code"].as_str().unwrap_or_default())
}

fn result_note(result: &Value) -> String {
    let outcome = result["outcome"].as_str().unwrap_or_default();
    format!("[what came of it: {outcome}]\n{}", result["output"].as_str().unwrap_or_default())
}
