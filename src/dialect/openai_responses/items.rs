//! Reads a request's `input`: a text, or items of every kind that clients are known to send (`CLIENTS.md` §3.3).
//!
//! Clients replay the whole history with every turn, and every version of an agent brings new kinds of items, so an
//! item that is not known is read over by name and never refused.

use serde_json::{Map, Value};

use crate::{
    dialect::{
        Keeper,
        field::Field,
        ignored::Ignored,
        openai::{
            arguments,
            content::{self, ITEM, Piece},
            names::Names,
        },
        openai_responses::history,
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
}

/// What items may refer to.
pub(crate) struct Context<'a> {
    /// The request's tools.
    pub(crate) names: &'a Names,
    /// Answers that were kept.
    pub(crate) kept: &'a dyn Keeper,
}

/// Reads `instructions` and `input` of the body, behind all that was said up to the end of the kept answer `previous`.
pub(crate) fn read(
    root: &Field<'_, '_>,
    previous: Option<&Value>,
    context: &Context<'_>,
    ignored: &mut Ignored,
) -> Result<Conversation, TurnError> {
    let mut reader = Reader { context, ignored, conversation: Conversation::default() };
    if let Some(instructions) = root.get("instructions") {
        reader.system(instructions.text()?.to_owned());
    }
    for item in previous.into_iter().flat_map(history::items) {
        reader.item(&Field::root(item))?;
    }
    let Some(input) = root.get("input") else {
        return match previous {
            Some(_) => Ok(reader.conversation),
            None => Err(root.missing("input")),
        };
    };
    match input.value().as_str() {
        Some(text) => reader.user(vec![Content::Text(text.to_owned())]),
        None => {
            let items = input.elements().ok_or_else(|| input.error("must be a string or an array of items"))?;
            for item in items {
                reader.item(&item)?;
            }
        }
    }
    let mut conversation = reader.conversation;
    if conversation.messages.is_empty() {
        // Some clients put all they ask into a system message; the last one is then the question.
        let question = conversation.instructions.pop().ok_or_else(|| input.error("holds nothing to answer"))?;
        conversation.messages.push(Message::User(vec![Content::Text(question)]));
        conversation.repaired.push("system_as_question");
    }
    Ok(conversation)
}

struct Reader<'a> {
    context: &'a Context<'a>,
    ignored: &'a mut Ignored,
    conversation: Conversation,
}

impl Reader<'_> {
    fn item(&mut self, item: &Field<'_, '_>) -> Result<(), TurnError> {
        if let Some(text) = item.value().as_str() {
            self.user(vec![Content::Text(text.to_owned())]);
            return Ok(());
        }
        item.object()?;
        let kind = item.get("type");
        match kind.as_ref().map_or(Ok("message"), |kind| kind.text())? {
            "message" => self.message(item),
            "function_call" => {
                let arguments = item.get("arguments").map(|field| arguments::read(field.value()));
                self.call(item, arguments.unwrap_or_default())
            }
            "custom_tool_call" => {
                let input = item.get("input").map_or(Ok(""), |input| input.text())?;
                self.call(item, arguments::of_input(input))
            }
            "reasoning" => self.reasoning(item),
            "item_reference" => self.reference(item),
            kind => self.other(kind, item),
        }
    }

    fn message(&mut self, item: &Field<'_, '_>) -> Result<(), TurnError> {
        let role = item.get("role").ok_or_else(|| item.missing("role"))?;
        let pieces = content::pieces(item.get("content"), &ITEM, self.ignored);
        match role.text()? {
            "system" | "developer" => {
                let texts: Vec<String> = pieces?.into_iter().map(Piece::spoken).collect();
                self.system(texts.join("\n\n"));
            }
            "user" => self.user(pieces?.into_iter().map(Piece::shown).collect()),
            "assistant" => pieces?.into_iter().for_each(|piece| {
                self.answered(match piece {
                    Piece::Reasoning(text) => Output::Reasoning(text),
                    Piece::Text(_) | Piece::Image(_) | Piece::File(_) => Output::Text(piece.spoken()),
                });
            }),
            _ => return Err(role.error("must be user, assistant, system or developer")),
        }
        Ok(())
    }

    fn system(&mut self, text: String) {
        match (text.is_empty(), self.conversation.messages.is_empty()) {
            (true, _) => {}
            (false, true) => self.conversation.instructions.push(text),
            (false, false) => self.conversation.messages.push(Message::System(text)),
        }
    }

    fn user(&mut self, contents: Vec<Content>) {
        self.conversation.messages.push(Message::User(contents));
    }

    /// One answer is several items: they belong to one message, or calls would be torn from their results.
    fn answered(&mut self, output: Output) {
        match self.conversation.messages.last_mut() {
            Some(Message::Assistant(outputs)) => outputs.push(output),
            Some(Message::System(_) | Message::User(_) | Message::ToolResult(_)) | None => {
                self.conversation.messages.push(Message::Assistant(vec![output]));
            }
        }
    }

    /// A missing id is left empty: whoever repairs the history knows what to do, and a made-up id would only hide it.
    fn call(&mut self, item: &Field<'_, '_>, arguments: Map<String, Value>) -> Result<(), TurnError> {
        let id = item.get("call_id").map_or(Ok(""), |id| id.text())?.to_owned();
        let name = item.get("name").ok_or_else(|| item.missing("name"))?;
        let namespace = item.get("namespace");
        let namespace = namespace.as_ref().map(|field| field.text()).transpose()?;
        let name = self.context.names.upstream(namespace, name.text()?);
        self.answered(Output::ToolCall(ToolCall { id, name, arguments }));
        Ok(())
    }

    fn result(&mut self, item: &Field<'_, '_>, call_id: &str) -> Result<(), TurnError> {
        let content = match item.get("output") {
            None => Vec::new(),
            Some(output) => self.output(&output)?.into_iter().map(Piece::shown).collect(),
        };
        let result = ToolResult { call_id: call_id.to_owned(), content, is_error: false };
        self.conversation.messages.push(Message::ToolResult(result));
        Ok(())
    }

    /// What a tool said: text, parts, one part, or whatever structure the tool has, which is then shown as JSON.
    fn output(&mut self, output: &Field<'_, '_>) -> Result<Vec<Piece>, TurnError> {
        let is_part = |value: &Value| value["type"].is_string();
        match output.value() {
            Value::String(_) => content::pieces(Some(*output), &ITEM, self.ignored),
            Value::Array(parts) if parts.iter().all(is_part) => content::pieces(Some(*output), &ITEM, self.ignored),
            value if is_part(value) => Ok(content::piece(output, &ITEM, self.ignored)?.into_iter().collect()),
            value => Ok(vec![Piece::Text(value.to_string())]),
        }
    }

    fn reasoning(&mut self, item: &Field<'_, '_>) -> Result<(), TurnError> {
        let mut texts = Vec::new();
        for name in ["summary", "content"] {
            texts.extend(content::pieces(item.get(name), &ITEM, self.ignored)?.into_iter().map(Piece::spoken));
        }
        if !texts.is_empty() {
            self.answered(Output::Reasoning(texts.join("\n\n")));
        }
        Ok(())
    }

    fn reference(&mut self, item: &Field<'_, '_>) -> Result<(), TurnError> {
        match history::referenced(self.context.kept, item.value()) {
            // What was kept holds no references.
            Some(found) => self.item(&Field::root(&found)),
            None => {
                self.ignored.note("input.item_reference");
                Ok(())
            }
        }
    }

    /// Any other item: a call that the client ran, as its name says, or its result; else something that only OpenAI can
    /// read.
    fn other(&mut self, kind: &str, item: &Field<'_, '_>) -> Result<(), TurnError> {
        let call_id = item.get("call_id");
        if kind.ends_with("_output") {
            // The result of one kind of call bears the call's id as its own.
            let own = if kind == "local_shell_call_output" { item.get("id") } else { None };
            let id = call_id.or(own);
            return self.result(item, id.as_ref().map_or(Ok(""), |id| id.text())?);
        }
        match (kind.strip_suffix("_call"), call_id) {
            (Some(name), Some(id)) => {
                let mut arguments = item.object()?.clone();
                arguments.retain(|name, _| !["type", "id", "call_id", "status"].contains(&name.as_str()));
                let (id, name) = (id.text()?.to_owned(), name.to_owned());
                self.answered(Output::ToolCall(ToolCall { id, name, arguments }));
            }
            (_, _) => self.ignored.note(&format!("input.{kind}")),
        }
        Ok(())
    }
}
