//! Reads a request's `messages`: every role, every form of content that clients are known to send (`CLIENTS.md` §3.1).
//!
//! Clients replay the whole history with every turn, so one odd old message must not end a session: what cannot be
//! carried but has been said becomes a visible note. Only what the client could never have sent with success is refused.

use crate::{
    dialect::{
        field::Field,
        ignored::Ignored,
        openai::{
            arguments,
            content::{self, MESSAGE, Piece},
        },
    },
    turn::{Content, Message, Output, ToolCall, ToolResult, TurnError},
};

/// A conversation, with the system text before it apart.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// System text before the first other message.
    pub(crate) instructions: Vec<String>,
    /// Everything after.
    pub(crate) messages: Vec<Message>,
    /// What had to be mended, by the names that the client is told.
    pub(crate) repaired: Vec<&'static str>,
    /// Legacy calls that wait for their result: the function's name and the id that was given to the call.
    waiting: Vec<(String, String)>,
}

/// Reads the field `messages` of the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Conversation, TurnError> {
    let field = root.get("messages").ok_or_else(|| root.missing("messages"))?;
    let mut conversation = Conversation::default();
    for (index, message) in field.items()?.enumerate() {
        conversation.read(index, &message, ignored)?;
    }
    if conversation.messages.is_empty() {
        // Some clients put all they ask into a system message; the last one is then the question.
        let question = conversation.instructions.pop().ok_or_else(|| field.error("holds no message with content"))?;
        conversation.messages.push(Message::User(vec![Content::Text(question)]));
        conversation.repaired.push("system_as_question");
    }
    Ok(conversation)
}

impl Conversation {
    fn read(&mut self, index: usize, message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        message.object()?;
        let role = message.get("role").ok_or_else(|| message.missing("role"))?;
        match role.text()? {
            "system" | "developer" => self.system(message, ignored)?,
            "user" => {
                note_name(message, ignored);
                self.messages.push(Message::User(shown(message, ignored)?));
            }
            "assistant" => self.assistant(index, message, ignored)?,
            "tool" => self.tool_result(message, ignored)?,
            "function" => self.function_result(message, ignored)?,
            _ => return Err(role.error("must be system, developer, user, assistant, tool or function")),
        }
        Ok(())
    }

    fn system(&mut self, message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        note_name(message, ignored);
        let texts: Vec<String> = pieces(message, ignored)?.into_iter().map(Piece::spoken).collect();
        let text = texts.join("\n\n");
        match (text.is_empty(), self.messages.is_empty()) {
            (true, _) => {}
            (false, true) => self.instructions.push(text),
            (false, false) => self.messages.push(Message::System(text)),
        }
        Ok(())
    }

    fn assistant(&mut self, index: usize, message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        note_name(message, ignored);
        if message.get("audio").is_some() {
            ignored.note("messages.audio");
        }
        let mut outputs = Vec::new();
        if let Some(reasoning) = message.get("reasoning_content").or_else(|| message.get("reasoning"))
            && let Some(text) = reasoning.value().as_str().filter(|text| !text.is_empty())
        {
            outputs.push(Output::Reasoning(text.to_owned()));
        }
        for piece in pieces(message, ignored)? {
            outputs.push(match piece {
                Piece::Reasoning(text) => Output::Reasoning(text),
                Piece::Text(_) | Piece::Image(_) | Piece::File(_) => Output::Text(piece.spoken()),
            });
        }
        if let Some(refusal) = message.get("refusal")
            && !refusal.text()?.is_empty()
        {
            outputs.push(Output::Text(refusal.text()?.to_owned()));
        }
        if let Some(calls) = message.get("tool_calls") {
            for call in calls.items()? {
                outputs.push(Output::ToolCall(tool_call(&call)?));
            }
        }
        if let Some(function) = message.get("function_call") {
            // Such a call has no id; its place in the history is one that stays the same.
            let call = function_call(&function, format!("call_message_{index}"))?;
            self.waiting.push((call.name.clone(), call.id.clone()));
            outputs.push(Output::ToolCall(call));
        }
        self.messages.push(Message::Assistant(outputs));
        Ok(())
    }

    fn tool_result(&mut self, message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let call_id = message.get("tool_call_id").map_or(Ok(""), |id| id.text())?.to_owned();
        let content = shown(message, ignored)?;
        self.messages.push(Message::ToolResult(ToolResult { call_id, content, is_error: false }));
        Ok(())
    }

    /// The result of a legacy call names the function only, so it answers that function's oldest open call.
    fn function_result(&mut self, message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let name = message.get("name").ok_or_else(|| message.missing("name"))?.text()?;
        let waiting = self.waiting.iter().position(|(function, _)| function == name);
        let call_id = waiting.map(|at| self.waiting.remove(at).1).unwrap_or_default();
        let content = shown(message, ignored)?;
        self.messages.push(Message::ToolResult(ToolResult { call_id, content, is_error: false }));
        Ok(())
    }
}

/// Who of several users speaks cannot be carried.
fn note_name(message: &Field<'_, '_>, ignored: &mut Ignored) {
    if message.get("name").is_some() {
        ignored.note("messages.name");
    }
}

fn pieces(message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Vec<Piece>, TurnError> {
    content::pieces(message.get("content"), &MESSAGE, ignored)
}

/// Content where pictures have a place.
fn shown(message: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Vec<Content>, TurnError> {
    Ok(pieces(message, ignored)?.into_iter().map(Piece::shown).collect())
}

/// A call in the history. A missing id is left empty: whoever repairs the history knows what to do, and a made-up id
/// would only hide it.
fn tool_call(call: &Field<'_, '_>) -> Result<ToolCall, TurnError> {
    call.object()?;
    let id = call.get("id").map_or(Ok(""), |id| id.text())?.to_owned();
    if let Some(function) = call.get("function") {
        return function_call(&function, id);
    }
    let Some(custom) = call.get("custom") else { return Err(call.missing("function")) };
    let name = name(&custom)?;
    let input = custom.get("input").map_or(Ok(""), |input| input.text())?;
    Ok(ToolCall { id, name, arguments: arguments::of_input(input) })
}

fn function_call(function: &Field<'_, '_>, id: String) -> Result<ToolCall, TurnError> {
    let name = name(function)?;
    let arguments = function.get("arguments").map(|field| arguments::read(field.value()));
    Ok(ToolCall { id, name, arguments: arguments.unwrap_or_default() })
}

fn name(function: &Field<'_, '_>) -> Result<String, TurnError> {
    Ok(function.get("name").ok_or_else(|| function.missing("name"))?.text()?.to_owned())
}
