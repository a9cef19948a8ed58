//! Reads a request's `system` and `messages`: every role and every block that clients are known to send
//! (`CLIENTS.md` §3.4).
//!
//! Clients replay the whole history with every turn, so one odd old block must not end a session: what cannot be
//! carried but has been said becomes a visible note. Only what the client could never have sent with success is refused.

use serde_json::{Map, Value};

use crate::{
    dialect::{
        anthropic::blocks::{self, Blocks},
        field::Field,
        ignored::Ignored,
    },
    turn::{Content, Message, Output, RAW_ARGUMENTS, ToolCall, ToolResult, TurnError},
};

/// How Claude Code begins a line of the system prompt that is meant for whoever bills it, not for the model. It is
/// another with every request.
const BILLING_LINE: &str = "x-anthropic-billing-header:";

/// A conversation, with the system text before it apart.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// System text before the first other message.
    pub(crate) instructions: Vec<String>,
    /// Everything after.
    pub(crate) messages: Vec<Message>,
}

/// Reads the fields `system` and `messages` of the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Conversation, TurnError> {
    let mut conversation = Conversation::default();
    if let Some(system) = root.get("system") {
        let texts = blocks::texts(&system, ignored)?.into_iter();
        let spoken = texts.filter(|text| !text.trim_start().starts_with(BILLING_LINE));
        conversation.instructions = spoken.map(str::to_owned).collect();
    }
    let field = root.get("messages").ok_or_else(|| root.missing("messages"))?;
    let mut blocks = Blocks::new(ignored);
    for message in field.items()? {
        conversation.read(&message, &mut blocks)?;
    }
    if conversation.messages.is_empty() {
        return Err(field.error("holds no message of a user"));
    }
    Ok(conversation)
}

impl Conversation {
    fn read(&mut self, message: &Field<'_, '_>, blocks: &mut Blocks<'_>) -> Result<(), TurnError> {
        message.object()?;
        let role = message.get("role").ok_or_else(|| message.missing("role"))?;
        let content = message.get("content");
        match role.text()? {
            "user" => self.user(content.as_ref(), blocks),
            "assistant" => self.assistant(content.as_ref(), blocks),
            "system" => self.system(content.as_ref(), blocks),
            _ => Err(role.error("must be user, assistant or system")),
        }
    }

    /// The upstream wants the results of calls before anything else that the user says.
    fn user(&mut self, content: Option<&Field<'_, '_>>, blocks: &mut Blocks<'_>) -> Result<(), TurnError> {
        let mut contents = Vec::new();
        match content {
            None => {}
            Some(content) if content.value().is_string() => contents = blocks.all(content)?,
            Some(content) => {
                for block in blocks::elements(content)? {
                    match block.value()["type"].as_str() {
                        Some("tool_result") => self.messages.push(Message::ToolResult(tool_result(&block, blocks)?)),
                        Some(_) | None => contents.extend(blocks.one(&block)?),
                    }
                }
            }
        }
        // A message of results alone says nothing else; any other message counts, even one that is empty.
        if !contents.is_empty() || !matches!(self.messages.last(), Some(Message::ToolResult(_))) {
            self.messages.push(Message::User(contents));
        }
        Ok(())
    }

    fn assistant(&mut self, content: Option<&Field<'_, '_>>, blocks: &mut Blocks<'_>) -> Result<(), TurnError> {
        let mut outputs = Vec::new();
        match content {
            None => {}
            Some(content) => match content.value().as_str() {
                Some(text) => outputs.extend(said(text)),
                None => {
                    for block in blocks::elements(content)? {
                        outputs.extend(output(&block, blocks)?);
                    }
                }
            },
        }
        self.messages.push(Message::Assistant(outputs));
        Ok(())
    }

    fn system(&mut self, content: Option<&Field<'_, '_>>, blocks: &mut Blocks<'_>) -> Result<(), TurnError> {
        let Some(content) = content else { return Ok(()) };
        let words = |content: Content| match content {
            Content::Text(text) => text,
            Content::File(file) => format!("{}:\n{}", file.name, file.text),
            Content::Image(image) => format!("[a picture ({}) stood here]", image.mime_type),
        };
        let texts: Vec<String> = blocks.all(content)?.into_iter().map(words).collect();
        let text = texts.join("\n\n");
        match (text.is_empty(), self.messages.is_empty()) {
            (true, _) => {}
            (false, true) => self.instructions.push(text),
            (false, false) => self.messages.push(Message::System(text)),
        }
        Ok(())
    }
}

/// A missing id is left empty: whoever repairs the history knows what to do, and a made-up one would only hide it.
fn tool_result(block: &Field<'_, '_>, blocks: &mut Blocks<'_>) -> Result<ToolResult, TurnError> {
    let call_id = block.get("tool_use_id").map_or(Ok(""), |id| id.text())?.to_owned();
    let content = block.get("content").map_or(Ok(Vec::new()), |content| blocks.all(&content))?;
    let is_error = block.get("is_error").map_or(Ok(false), |flag| flag.flag())?;
    Ok(ToolResult { call_id, content, is_error })
}

fn said(text: &str) -> Option<Output> {
    (!text.is_empty()).then(|| Output::Text(text.to_owned()))
}

/// What a block of an assistant's message was.
fn output(block: &Field<'_, '_>, blocks: &mut Blocks<'_>) -> Result<Option<Output>, TurnError> {
    if let Some(text) = block.value().as_str() {
        return Ok(said(text));
    }
    Ok(match blocks::kind(block)? {
        "text" => said(blocks::text(block)?),
        "thinking" => {
            let thinking = block.get("thinking").map_or(Ok(""), |text| text.text())?;
            (!thinking.is_empty()).then(|| Output::Reasoning(thinking.to_owned()))
        }
        // Nobody but the model's vendor can read these.
        "redacted_thinking" => None,
        "tool_use" => Some(Output::ToolCall(tool_call(block)?)),
        other => said(&blocks.note(other, block.value())),
    })
}

fn tool_call(block: &Field<'_, '_>) -> Result<ToolCall, TurnError> {
    let id = block.get("id").map_or(Ok(""), |id| id.text())?.to_owned();
    let name = block.get("name").ok_or_else(|| block.missing("name"))?.text()?.to_owned();
    let arguments = block.get("input").map(|input| input_members(input.value())).unwrap_or_default();
    Ok(ToolCall { id, name, arguments })
}

/// A call's input. A model wrote it and clients pass on what they could not parse, so it may be anything; nothing of it
/// is lost and nothing of it is an error, for a session that holds one broken call must go on.
fn input_members(value: &Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        Value::String(text) if text.trim().is_empty() => Map::new(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => members,
            Ok(_) | Err(_) => Map::from_iter([(RAW_ARGUMENTS.to_owned(), value.clone())]),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Map::from_iter([(RAW_ARGUMENTS.to_owned(), Value::String(value.to_string()))])
        }
    }
}
