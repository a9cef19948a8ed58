//! Reads a request's `contents` and `systemInstruction`: who said what, and in which order.

use crate::{
    dialect::{
        field::Field,
        gemini::{
            options::{either, for_each},
            pairs::Pairs,
            part::{self, Piece},
        },
        ignored::Ignored,
    },
    turn::{Content, Image, Message, Output, ToolCall, ToolResult, TurnError},
};

/// A conversation, with the system text before it apart.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// System text before the first message.
    pub(crate) instructions: Vec<String>,
    /// Everything after.
    pub(crate) messages: Vec<Message>,
    pairs: Pairs,
}

/// Reads the conversation of the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Conversation, TurnError> {
    let mut conversation = Conversation::default();
    if let Some(system) = either(root, "systemInstruction", "system_instruction") {
        for_each(&system, |content| conversation.system(content, ignored))?;
    }
    let contents = root.get("contents").ok_or_else(|| root.missing("contents"))?;
    for_each(&contents, |content| conversation.content(content, ignored))?;
    if conversation.messages.is_empty() {
        return Err(contents.error("holds nothing to answer"));
    }
    Ok(conversation)
}

impl Conversation {
    fn content(&mut self, content: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let role = content.get("role");
        let is_model = match role.as_ref().map_or(Ok("user"), |role| role.text())? {
            // Some clients still give the responses a role of their own, as it was once done.
            "user" | "function" | "tool" | "" => false,
            "model" | "assistant" => true,
            "system" | "developer" => return self.system(content, ignored),
            _ => {
                let field = role.as_ref().unwrap_or(content);
                return Err(field.error("must be user or model"));
            }
        };
        let (mut outputs, mut results, mut contents) = (Vec::new(), Vec::new(), Vec::new());
        for piece in pieces(content, ignored)? {
            match piece {
                Piece::Call { id, name, arguments } => {
                    let id = self.pairs.call(&name, &id);
                    outputs.push(Output::ToolCall(ToolCall { id, name, arguments }));
                }
                Piece::Response { id, name, content, is_error } => {
                    let call_id = self.pairs.response(&name, &id);
                    results.push(Message::ToolResult(ToolResult { call_id, content, is_error }));
                }
                // Only a model thinks aloud.
                Piece::Thought(_) if !is_model => {}
                Piece::Thought(text) => outputs.push(Output::Reasoning(text)),
                Piece::Text(_) | Piece::Image(_) | Piece::File(_) if is_model => {
                    outputs.push(Output::Text(spoken(piece)));
                }
                Piece::Text(_) | Piece::Image(_) | Piece::File(_) => contents.extend(part::shown(piece)),
            }
        }
        self.add(outputs, results, contents);
        Ok(())
    }

    /// Results stand right behind their calls, so they go before whatever the user says in the same breath.
    fn add(&mut self, outputs: Vec<Output>, results: Vec<Message>, contents: Vec<Content>) {
        if !outputs.is_empty() {
            self.messages.push(Message::Assistant(outputs));
        }
        self.messages.extend(results);
        if !contents.is_empty() {
            self.messages.push(Message::User(contents));
        }
    }

    fn system(&mut self, content: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let texts: Vec<String> =
            pieces(content, ignored)?.into_iter().map(spoken).filter(|text| !text.is_empty()).collect();
        let text = texts.join("\n\n");
        match (text.is_empty(), self.messages.is_empty()) {
            (true, _) => {}
            (false, true) => self.instructions.push(text),
            (false, false) => self.messages.push(Message::System(text)),
        }
        Ok(())
    }
}

/// The pieces of a content: its parts, or itself when it is a part, as in some clients' lists.
fn pieces(content: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Vec<Piece>, TurnError> {
    let mut pieces = Vec::new();
    let mut add = |part: &Field<'_, '_>| {
        pieces.extend(part::read(part, ignored)?);
        Ok(())
    };
    match content.get("parts") {
        Some(parts) => for_each(&parts, add)?,
        None if content.value().is_string() || content.get("text").is_some() => add(content)?,
        None => {
            content.object()?;
        }
    }
    Ok(pieces)
}

/// A piece where only text has a place.
fn spoken(piece: Piece) -> String {
    match piece {
        Piece::Text(text) => text,
        Piece::File(file) => format!("[file {}]\n{}", file.name, file.text),
        Piece::Image(Image { mime_type, .. }) => {
            format!("[a picture ({mime_type}) stood here; only users and tools can show one]")
        }
        Piece::Thought(_) | Piece::Call { .. } | Piece::Response { .. } => String::new(),
    }
}
