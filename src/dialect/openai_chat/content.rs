//! Reads a message's `content`: a string, parts, `null`, `""`, `[]` or nothing at all.

use crate::{
    dialect::{data_url, field::Field, ignored::Ignored},
    turn::{Image, TurnError},
};

/// One piece of content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// Text, never empty.
    Text(String),
    /// A picture.
    Image(Image),
    /// Thinking that a client keeps among the content.
    Reasoning(String),
}

/// The pieces of `message`'s content, in order.
pub(crate) fn pieces(message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Vec<Piece>, TurnError> {
    let Some(content) = message.get("content") else { return Ok(Vec::new()) };
    if let Some(text) = content.value().as_str() {
        return Ok(Vec::from_iter(text_piece(text)));
    }
    let Some(parts) = content.elements() else {
        return Err(content.error("must be a string, an array of parts or null"));
    };
    let mut pieces = Vec::new();
    for part in parts {
        pieces.extend(piece(&part, ignored)?);
    }
    Ok(pieces)
}

fn piece(part: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Option<Piece>, TurnError> {
    if let Some(text) = part.value().as_str() {
        return Ok(text_piece(text));
    }
    part.object()?;
    let Some(kind) = part.get("type") else {
        // A part without a type that holds text is text.
        return text(part, "text");
    };
    match kind.text()? {
        // The second and third are what another API of OpenAI calls them; some clients mix the two.
        "text" | "input_text" | "output_text" => text(part, "text"),
        "refusal" => text(part, "refusal"),
        "thinking" => Ok(text(part, "thinking")?.map(as_reasoning)),
        "reasoning" => Ok(text(part, "text")?.map(as_reasoning)),
        "image_url" | "input_image" => image(part, ignored).map(Some),
        "file" => file(&part.get("file").ok_or_else(|| part.missing("file"))?).map(Some),
        "input_file" => file(part).map(Some),
        "input_audio" => {
            let field = part.get("input_audio");
            let field = field.as_ref().unwrap_or(part);
            Err(field.error("cannot be carried: the upstream takes no audio; send what was said as text"))
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
        Piece::Image(image) => Piece::Image(image),
    }
}

fn image(part: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Piece, TurnError> {
    let holder = part.get("image_url").ok_or_else(|| part.missing("image_url"))?;
    // The official form is an object; a bare string is common.
    let in_object = holder.value().is_object();
    if let Some(detail) = holder.get("detail").or_else(|| part.get("detail"))
        && detail.text()? != "auto"
    {
        ignored.note("messages.content.image_url.detail");
    }
    let url = match in_object {
        true => holder.get("url").ok_or_else(|| holder.missing("url"))?,
        false => holder,
    };
    data_url::image(url.text()?).map(Piece::Image).map_err(|reason| url.error(reason))
}

fn file(file: &Field<'_, '_>) -> Result<Piece, TurnError> {
    file.object()?;
    let name = file.get("filename").map_or(Ok("without a name"), |name| name.text())?;
    if let Some(data) = file.get("file_data") {
        return file_piece(name, data.text()?).map_err(|reason| data.error(reason));
    }
    match file.get("file_id") {
        Some(id) => Err(id.error("names a file that is not here: no files are kept; send `file_data`")),
        None => Err(file.missing("file_data")),
    }
}

/// What a `data:` URL of a file becomes: a picture, text, or a note that it is neither.
fn file_piece(name: &str, url: &str) -> Result<Piece, String> {
    let file = data_url::parse(url)?;
    if file.mime_type.starts_with("image/") {
        return Ok(Piece::Image(Image { mime_type: file.mime_type, data: file.data }));
    }
    Ok(Piece::Text(match std::str::from_utf8(&file.data) {
        Ok(text) if !text.contains('\0') => format!("[file {name}]\n{text}"),
        Ok(_) | Err(_) => format!(
            "[the file {name} ({}, {} bytes) is attached, but it is not text and cannot be passed on]",
            file.mime_type,
            file.data.len()
        ),
    }))
}
