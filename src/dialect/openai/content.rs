//! Reads content: a string, parts, `null`, `""`, `[]` or nothing at all. Clients mix what the two APIs call the parts, so
//! both names of each are known to both.

use crate::{
    dialect::{data_url, field::Field, ignored::Ignored},
    turn::{Content, File, Image, TurnError},
};

/// What a file is called that comes without a name.
const UNNAMED: &str = "unnamed file";

/// One piece of content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// Text, never empty.
    Text(String),
    /// A picture.
    Image(Image),
    /// A text file.
    File(File),
    /// Thinking that a client keeps among the content.
    Reasoning(String),
}

impl Piece {
    /// The piece where pictures and files have a place.
    pub(crate) fn shown(self) -> Content {
        match self {
            Self::Text(text) | Self::Reasoning(text) => Content::Text(text),
            Self::Image(image) => Content::Image(image),
            Self::File(file) => Content::File(file),
        }
    }

    /// The piece where only text has a place.
    pub(crate) fn spoken(self) -> String {
        match self {
            Self::Text(text) | Self::Reasoning(text) => text,
            Self::Image(image) => {
                format!("[a picture ({}) stood here; only users and tools can show one]", image.mime_type)
            }
            Self::File(file) => format!("[file {}]\n{}", file.name, file.text),
        }
    }
}

/// Where the content stands, which decides how what was read over is called.
pub(crate) struct Place {
    /// The path of the content, without indexes.
    path: &'static str,
    /// True when a part of an unknown kind is read over, false when it is refused.
    is_lenient: bool,
}

/// In a message of Chat Completions.
pub(crate) const MESSAGE: Place = Place { path: "messages.content", is_lenient: false };
/// In an item of Responses. New kinds of parts come with every version of an agent.
pub(crate) const ITEM: Place = Place { path: "input.content", is_lenient: true };

/// The pieces of the content `field`, in order.
pub(crate) fn pieces(
    field: Option<Field<'_, '_>>,
    place: &Place,
    ignored: &mut Ignored,
) -> Result<Vec<Piece>, TurnError> {
    let Some(content) = field else { return Ok(Vec::new()) };
    if let Some(text) = content.value().as_str() {
        return Ok(Vec::from_iter(text_piece(text)));
    }
    let Some(parts) = content.elements() else {
        return Err(content.error("must be a string, an array of parts or null"));
    };
    let mut pieces = Vec::new();
    for part in parts {
        pieces.extend(piece(&part, place, ignored)?);
    }
    Ok(pieces)
}

/// The piece that the part `part` is, unless it is empty.
pub(crate) fn piece(part: &Field<'_, '_>, place: &Place, ignored: &mut Ignored) -> Result<Option<Piece>, TurnError> {
    if let Some(text) = part.value().as_str() {
        return Ok(text_piece(text));
    }
    part.object()?;
    let Some(kind) = part.get("type") else {
        // A part without a type that holds text is text.
        return text(part, "text");
    };
    match kind.text()? {
        "text" | "input_text" | "output_text" => text(part, "text"),
        "refusal" => text(part, "refusal"),
        "thinking" => Ok(text(part, "thinking")?.map(as_reasoning)),
        "reasoning" | "reasoning_text" | "summary_text" => Ok(text(part, "text")?.map(as_reasoning)),
        "image_url" | "input_image" | "computer_screenshot" => image(part, place, ignored).map(Some),
        "file" => file(&part.get("file").ok_or_else(|| part.missing("file"))?).map(Some),
        "input_file" => file(part).map(Some),
        "input_audio" => {
            let field = part.get("input_audio");
            let field = field.as_ref().unwrap_or(part);
            Err(field.error("cannot be carried: the upstream takes no audio; send what was said as text"))
        }
        other if place.is_lenient => {
            ignored.note(&format!("{}.{other}", place.path));
            Ok(None)
        }
        _ => Err(kind.error("must be text, image_url, file or refusal")),
    }
}

fn text_piece(text: &str) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::Text(text.to_owned()))
}

fn text(part: &Field<'_, '_>, key: &str) -> Result<Option<Piece>, TurnError> {
    Ok(text_piece(part.get(key).ok_or_else(|| part.missing(key))?.text()?))
}

fn as_reasoning(piece: Piece) -> Piece {
    match piece {
        Piece::Text(text) | Piece::Reasoning(text) => Piece::Reasoning(text),
        Piece::Image(_) | Piece::File(_) => piece,
    }
}

fn image(part: &Field<'_, '_>, place: &Place, ignored: &mut Ignored) -> Result<Piece, TurnError> {
    let Some(holder) = part.get("image_url") else {
        return Err(part.get("file_id").map_or_else(|| part.missing("image_url"), |id| not_kept(&id, "image_url")));
    };
    // One API has an object here, the other a bare string.
    let in_object = holder.value().is_object();
    if let Some(detail) = holder.get("detail").or_else(|| part.get("detail"))
        && detail.text()? != "auto"
    {
        ignored.note(&format!("{}.image_url.detail", place.path));
    }
    let url = match in_object {
        true => holder.get("url").ok_or_else(|| holder.missing("url"))?,
        false => holder,
    };
    data_url::image(url.text()?).map(Piece::Image).map_err(|reason| url.error(reason))
}

fn not_kept(id: &Field<'_, '_>, instead: &str) -> TurnError {
    id.error(format_args!("names a file that is not here: no files are kept; send `{instead}`"))
}

fn file(file: &Field<'_, '_>) -> Result<Piece, TurnError> {
    file.object()?;
    let name = file.get("filename").map_or(Ok(""), |name| name.text())?.trim();
    let name = if name.is_empty() { UNNAMED } else { name };
    if let Some(data) = file.get("file_data") {
        return file_piece(name, data.text()?).map_err(|reason| data.error(reason));
    }
    if let Some(id) = file.get("file_id") {
        return Err(not_kept(&id, "file_data"));
    }
    match file.get("file_url") {
        Some(url) => Err(url.error("points elsewhere; remote files are not fetched; send `file_data`")),
        None => Err(file.missing("file_data")),
    }
}

/// What a `data:` URL of a file becomes: a picture, text, or a note that it is neither.
fn file_piece(name: &str, url: &str) -> Result<Piece, String> {
    let file = data_url::parse(url)?;
    if file.mime_type.starts_with("image/") {
        return Ok(Piece::Image(Image { mime_type: file.mime_type, data: file.data }));
    }
    Ok(match std::str::from_utf8(&file.data) {
        Ok(text) if !text.contains('\0') => Piece::File(File { name: name.to_owned(), text: text.to_owned() }),
        Ok(_) | Err(_) => Piece::Text(format!(
            "[the file {name} ({}, {} bytes) is attached, but it is not text and cannot be passed on]",
            file.mime_type,
            file.data.len()
        )),
    })
}
