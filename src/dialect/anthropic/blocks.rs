//! Reads content blocks where users, tools and documents show something: text, pictures, documents, search results
//! (`CLIENTS.md` §3.4). `cache_control`, wherever it stands, is read over.
//!
//! Only what the client can put right is refused. What has no place in a turn becomes a note.

use bytes::Bytes;
use serde_json::Value;

use crate::{
    dialect::{anthropic::notes, data_url, field::Field, ignored::Ignored},
    turn::{Content, File, TurnError},
};

/// Reads the blocks of one request.
pub(crate) struct Blocks<'i> {
    ignored: &'i mut Ignored,
    /// How many documents had no title so far.
    untitled: usize,
}

impl<'i> Blocks<'i> {
    /// A reader that notes what it read over in `ignored`.
    pub(crate) fn new(ignored: &'i mut Ignored) -> Self {
        Self { ignored, untitled: 0 }
    }

    /// Everything that `content` shows: a string or an array of blocks.
    pub(crate) fn all(&mut self, content: &Field<'_, '_>) -> Result<Vec<Content>, TurnError> {
        if let Some(text) = content.value().as_str() {
            return Ok(Vec::from_iter(text_content(text)));
        }
        let mut contents = Vec::new();
        for block in elements(content)? {
            contents.extend(self.one(&block)?);
        }
        Ok(contents)
    }

    /// What one block shows.
    pub(crate) fn one(&mut self, block: &Field<'_, '_>) -> Result<Vec<Content>, TurnError> {
        if let Some(text) = block.value().as_str() {
            return Ok(Vec::from_iter(text_content(text)));
        }
        match kind(block)? {
            "text" => Ok(Vec::from_iter(text_content(text(block)?))),
            "image" => self.image(block).map(|content| vec![content]),
            "document" => self.document(block),
            other => Ok(Vec::from_iter(text_content(&self.note(other, block.value())))),
        }
    }

    /// The words for a block that has no place in a turn.
    pub(crate) fn note(&mut self, kind: &str, block: &Value) -> String {
        // What these say is said by their notes.
        if !matches!(kind, "server_tool_use" | "web_search_tool_result" | "search_result" | "compaction") {
            self.ignored.note(&format!("messages.content.{kind}"));
        }
        notes::of(kind, block)
    }

    fn image(&mut self, block: &Field<'_, '_>) -> Result<Content, TurnError> {
        let source = block.get("source").ok_or_else(|| block.missing("source"))?;
        match kind(&source)? {
            "base64" => {
                let (mime_type, bytes) = decoded(&source)?;
                data_url::picture(&mime_type, bytes).map(Content::Image).map_err(|reason| source.error(reason))
            }
            "url" => {
                let url = source.get("url").ok_or_else(|| source.missing("url"))?;
                data_url::image(url.text()?).map(Content::Image).map_err(|reason| url.error(reason))
            }
            other => {
                self.ignored.note(&format!("messages.content.image.{other}"));
                Ok(Content::Text(format!("[a picture stood here that is not in the request: {}]", source.value())))
            }
        }
    }

    fn document(&mut self, block: &Field<'_, '_>) -> Result<Vec<Content>, TurnError> {
        let source = block.get("source").ok_or_else(|| block.missing("source"))?;
        let title = block.get("title").map_or(Ok(""), |title| title.text())?.trim();
        let name = if title.is_empty() { self.next_name() } else { title.to_owned() };
        if block.get("citations").is_some_and(|citations| citations.value()["enabled"] == true) {
            self.ignored.note("messages.content.citations");
        }
        let mut contents = Vec::new();
        if let Some(context) = block.get("context") {
            contents.extend(text_content(&format!("[about {name}] {}", context.text()?)));
        }
        match kind(&source)? {
            "text" => {
                let data = source.get("data").ok_or_else(|| source.missing("data"))?;
                contents.push(file(name, data.text()?));
            }
            "base64" => {
                let (mime_type, bytes) = decoded(&source)?;
                contents.push(self.decoded_document(name, &mime_type, &bytes));
            }
            "content" => {
                let content = source.get("content").ok_or_else(|| source.missing("content"))?;
                contents.extend(self.document_of_blocks(name, &content)?);
            }
            other => {
                self.ignored.note(&format!("messages.content.document.{other}"));
                let words =
                    format!("[the document {name} is not in the request and is not fetched: {}]", source.value());
                contents.push(Content::Text(words));
            }
        }
        Ok(contents)
    }

    /// A document is passed on as text or not at all.
    fn decoded_document(&mut self, name: String, mime_type: &str, bytes: &Bytes) -> Content {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') && mime_type != "application/pdf" => file(name, text),
            Ok(_) | Err(_) => {
                self.ignored.note("messages.content.document");
                Content::Text(format!(
                    "[the document {name} ({mime_type}, {} bytes) is attached, but it is not text and cannot be passed on]",
                    bytes.len()
                ))
            }
        }
    }

    /// The texts of a document become one file; what else is in it follows.
    fn document_of_blocks(&mut self, name: String, content: &Field<'_, '_>) -> Result<Vec<Content>, TurnError> {
        let (mut texts, mut others) = (Vec::new(), Vec::new());
        for content in self.all(content)? {
            match content {
                Content::Text(text) => texts.push(text),
                Content::Image(_) | Content::File(_) => others.push(content),
            }
        }
        let mut contents = vec![file(name, &texts.join("\n\n"))];
        contents.append(&mut others);
        Ok(contents)
    }

    /// The same history gives the same documents the same names.
    fn next_name(&mut self) -> String {
        self.untitled += 1;
        format!("document {}", self.untitled)
    }
}

/// The texts of `content`, a string or an array of blocks, where only text has a place. None is empty.
pub(crate) fn texts<'v>(content: &Field<'_, 'v>, ignored: &mut Ignored) -> Result<Vec<&'v str>, TurnError> {
    if let Some(whole) = content.value().as_str() {
        return Ok(if whole.is_empty() { Vec::new() } else { vec![whole] });
    }
    let mut texts = Vec::new();
    for block in elements(content)? {
        let said = match block.value().as_str() {
            Some(text) => text,
            None => match kind(&block)? {
                "text" => text(&block)?,
                other => {
                    ignored.note(&format!("system.{other}"));
                    ""
                }
            },
        };
        texts.extend((!said.is_empty()).then_some(said));
    }
    Ok(texts)
}

/// The blocks of `content`.
pub(crate) fn elements<'q, 'v>(content: &'q Field<'_, 'v>) -> Result<impl Iterator<Item = Field<'q, 'v>>, TurnError> {
    content.elements().ok_or_else(|| content.error("must be a string or an array of blocks"))
}

/// A block's `type`.
pub(crate) fn kind<'v>(block: &Field<'_, 'v>) -> Result<&'v str, TurnError> {
    block.object()?;
    block.get("type").ok_or_else(|| block.missing("type"))?.text()
}

/// A text block's text.
pub(crate) fn text<'v>(block: &Field<'_, 'v>) -> Result<&'v str, TurnError> {
    block.get("text").ok_or_else(|| block.missing("text"))?.text()
}

fn text_content(text: &str) -> Option<Content> {
    (!text.is_empty()).then(|| Content::Text(text.to_owned()))
}

fn file(name: String, text: &str) -> Content {
    Content::File(File { name, text: text.to_owned() })
}

/// A base64 source: its media type in lower case, and its bytes.
fn decoded(source: &Field<'_, '_>) -> Result<(String, Bytes), TurnError> {
    let mime_type = source.get("media_type").map_or(Ok(""), |name| name.text())?.trim().to_ascii_lowercase();
    let data = source.get("data").ok_or_else(|| source.missing("data"))?;
    let bytes =
        data_url::from_base64(data.text()?).map_err(|error| data.error(format_args!("is no base64: {error}")))?;
    match bytes.is_empty() {
        true => Err(data.error("is empty")),
        false => Ok((mime_type, Bytes::from(bytes))),
    }
}
