//! From the steps of an answer to the pieces of its stream: events in the service's order (`WARP-PROTOCOL.md` §3.2),
//! and the tree that a client has after them. Pure: no clock is awaited and nothing is sent here.

mod step;

use std::time::Duration;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value, json};

use crate::schema::{self, Schema};
use crate::simulator::conversation::{Conversation, Spent};
use crate::simulator::count;
use crate::simulator::event::{self, Stamp, add_messages, client_actions, masked, object};
use crate::simulator::request::{Request, Tool, variant};
use crate::simulator::scenario::{Chunks, Exchange, Finish, Usage};
use crate::simulator::tree::Tree;
use crate::simulator::usage;

/// One part of a response body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Bytes to send.
    Send(Bytes),
    /// Time to let pass.
    Wait(Duration),
    /// Nothing more, and no end.
    Stall,
    /// A broken connection.
    Abort,
}

/// How fast an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Until the model says its first word.
    pub(crate) first: Duration,
    /// Between words.
    pub(crate) word: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) conversation_id: String,
    /// The client's tree at the end.
    pub(crate) tree: Tree,
    /// False when the answer holds something that a client cannot apply.
    pub(crate) certain: bool,
    pub(crate) spent: Spent,
    /// Credits, as the answer says.
    pub(crate) cost: f64,
}

/// Plays an exchange as the answer to `request`. The error says which step the schema refuses.
pub(crate) fn play(
    schema: &Schema,
    request: &Request,
    known: Option<&Conversation>,
    exchange: &Exchange,
    pace: Pace,
) -> Result<Script, String> {
    let descriptor = schema.message("ResponseEvent").map_err(|error| error.to_string())?;
    let mut player = Player::new(descriptor, request, known, pace);
    player.literal = exchange.literal;
    if exchange.preamble {
        player.preamble().map_err(|error| format!("preamble: {error}"))?;
    }
    player.wait(Duration::from_millis(exchange.first_event_delay_ms));
    player.wait(pace.first);
    for (index, step) in exchange.steps.iter().enumerate() {
        player.step(step).map_err(|error| format!("step {}: {error}", index + 1))?;
        if player.ended {
            break;
        }
    }
    if !player.ended {
        player.finish(&Finish::default())?;
    }
    Ok(player.into_script())
}

/// The message that `more`, `update` and `append` go on with.
#[derive(Debug, Clone)]
struct Last {
    id: String,
    task_id: String,
    /// The path of its text; empty when it has none.
    text_path: &'static str,
}

struct Player<'a> {
    descriptor: MessageDescriptor,
    request: &'a Request,
    tools: Vec<Tool>,
    stamp: Stamp,
    conversation_id: String,
    root_id: String,
    pace: Pace,
    tree: Tree,
    certain: bool,
    spent: Spent,
    pieces: Vec<Piece>,
    last: Option<Last>,
    in_transaction: bool,
    /// All that the model has written.
    written: String,
    tool_calls: u32,
    ended: bool,
    cost: f64,
    /// `${…}` is only text.
    literal: bool,
}

impl<'a> Player<'a> {
    fn new(descriptor: MessageDescriptor, request: &'a Request, known: Option<&Conversation>, pace: Pace) -> Self {
        let conversation_id = match request.conversation_id() {
            "" => event::new_id(),
            id => id.to_owned(),
        };
        Self {
            descriptor,
            request,
            tools: request.tools(),
            stamp: Stamp::new(),
            conversation_id,
            root_id: request.tree.root_id().unwrap_or_else(event::new_id),
            pace,
            tree: request.tree.clone(),
            certain: true,
            spent: known.map(|known| known.spent).unwrap_or_default(),
            pieces: Vec::new(),
            last: None,
            in_transaction: false,
            written: String::new(),
            tool_calls: 0,
            ended: false,
            cost: 0.0,
            literal: false,
        }
    }

    /// Sends one event, and does to the tree what it does to the client's.
    fn event(&mut self, json: &Value) -> Result<(), String> {
        let message = schema::from_json(&self.descriptor, json).map_err(|error| error.to_string())?;
        if self.tree.apply(&message).is_err() {
            self.certain = false;
        }
        self.cost += usage::cost(&json["finished"]);
        self.pieces.push(Piece::Send(event::frame(&schema::encode(&message))));
        Ok(())
    }

    /// One action in an event of its own, as captured.
    fn action(&mut self, action: Value) -> Result<(), String> {
        self.event(&client_actions(vec![action]))
    }

    fn wait(&mut self, time: Duration) {
        if !time.is_zero() {
            self.pieces.push(Piece::Wait(time));
        }
    }

    fn preamble(&mut self) -> Result<(), String> {
        let init = json!({"init": {
            "conversation_id": self.conversation_id,
            "request_id": self.stamp.request_id,
            "run_id": event::new_id(),
        }});
        self.event(&init)?;
        let root_id = self.root_id.clone();
        if self.tree.is_empty() {
            self.action(self.stamp.opening_task(&root_id))?;
            self.action(add_messages(&root_id, vec![self.stamp.opening_event(&root_id)]))?;
        }
        self.cancel_open_calls()?;
        for echo in self.echoes() {
            let message = self.stamp.message(&root_id, echo);
            self.action(add_messages(&root_id, vec![message.clone()]))?;
            let mut stamped = message;
            stamped.insert("server_message_data".to_owned(), self.stamp.server_message_data(false).into());
            self.action(masked("update_task_message", &root_id, stamped, &["server_message_data".to_owned()]))?;
        }
        Ok(())
    }

    /// Calls that the user went past are cancelled in the history (§2.e).
    fn cancel_open_calls(&mut self) -> Result<(), String> {
        let answered: Vec<&str> = self.request.results().map(|result| result.call_id).collect();
        let open = self.tree.open_calls().into_iter().filter(|(id, _)| !answered.contains(&id.as_str()));
        let root_id = self.root_id.clone();
        let cancelled: Vec<_> = open
            .map(|(id, _)| object("tool_call_result", json!({"tool_call_id": id, "cancel": {}})))
            .map(|result| self.stamp.message(&root_id, result))
            .collect();
        if cancelled.is_empty() { Ok(()) } else { self.action(add_messages(&root_id, cancelled)) }
    }

    /// The input as messages, with the context it came in.
    fn echoes(&self) -> Vec<Map<String, Value>> {
        let context = self.request.context();
        let with_context = |mut content: Map<String, Value>| {
            if !context.is_null() {
                content.insert("context".to_owned(), context.clone());
            }
            Value::Object(content)
        };
        if self.request.input_kind() == Some("resume_conversation") {
            return vec![object("system_query", with_context(object("resume_conversation", json!({}))))];
        }
        if self.request.input_kind() == Some("summarize_conversation") {
            return vec![object("system_query", with_context(object("summarize_conversation", json!({}))))];
        }
        self.request
            .inputs()
            .iter()
            .filter_map(|input| match variant(input, &[])? {
                ("user_query", query) => Some(object("user_query", with_context(query.as_object()?.clone()))),
                ("tool_call_result", result) => {
                    Some(object("tool_call_result", with_context(history_result(result.as_object()?))))
                }
                _ => None,
            })
            .collect()
    }

    fn end_with(&mut self, piece: Option<Piece>) {
        self.pieces.extend(piece);
        self.ended = true;
    }

    fn begin(&mut self) -> Result<(), String> {
        self.in_transaction = true;
        self.action(json!({"begin_transaction": {}}))
    }

    fn begin_once(&mut self) -> Result<(), String> {
        if self.in_transaction { Ok(()) } else { self.begin() }
    }

    fn commit(&mut self) -> Result<(), String> {
        self.in_transaction = false;
        self.action(json!({"commit_transaction": {}}))
    }

    fn rollback(&mut self) -> Result<(), String> {
        self.in_transaction = false;
        self.last = None;
        self.action(json!({"rollback_transaction": {}}))
    }

    fn finish(&mut self, finish: &Finish) -> Result<(), String> {
        let reason = finish.reason.as_ref().map(|reason| match variant(reason, &[]) {
            Some((name, _)) => name,
            None => reason.as_str().unwrap_or_default(),
        });
        let good = matches!(reason, None | Some("done" | "max_token_limit" | "unset"));
        if self.in_transaction && good {
            self.commit()?;
        }
        if self.request.tasks().is_empty() && self.tree.root_id().is_some() && good {
            let description = json!({"task_id": self.root_id, "description": self.description()});
            self.action(json!({"update_task_description": description}))?;
        }
        let usage = self.usage(finish.usage);
        self.spent = usage::add(self.spent, usage, self.tool_calls);
        let finished = usage::finished(finish, self.request.model(), usage, self.spent);
        self.event(&json!({"finished": finished}))?;
        self.ended = true;
        Ok(())
    }

    fn usage(&self, given: Option<Usage>) -> Usage {
        given.unwrap_or_else(|| usage::counted(count::read(self.request), count::tokens(&self.written)))
    }

    /// The first words of the query, as a title.
    fn description(&self) -> String {
        let words = self.request.query().unwrap_or("Conversation").split_whitespace().take(4);
        let title = words.collect::<Vec<_>>().join(" ");
        title.chars().take(60).collect()
    }

    /// Puts the ids of this answer in the place of their names.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text.contains("${") => Value::String(self.fill_text(text)),
            Value::Array(elements) => elements.iter().map(|element| self.fill(element)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn fill_chunks(&self, chunks: &Chunks) -> Vec<String> {
        chunks
            .pieces()
            .into_iter()
            .map(|piece| if piece.contains("${") { self.fill_text(piece) } else { piece.to_owned() })
            .collect()
    }

    fn fill_text(&self, text: &str) -> String {
        if self.literal {
            return text.to_owned();
        }
        text.replace("${task}", &self.root_id)
            .replace("${conversation}", &self.conversation_id)
            .replace("${request}", &self.stamp.request_id)
            .replace("${message}", self.last.as_ref().map(|last| last.id.as_str()).unwrap_or_default())
            .replace("${query}", self.request.query().unwrap_or_default())
    }

    fn into_script(mut self) -> Script {
        if self.in_transaction {
            // A stream that ends with a transaction open leaves what it brought.
            self.tree.close();
        }
        Script {
            pieces: self.pieces,
            conversation_id: self.conversation_id,
            tree: self.tree,
            certain: self.certain,
            spent: self.spent,
            cost: self.cost,
        }
    }
}

/// A result of the input as the history has it: the same content, but one variant has another name (appendix B.3).
fn history_result(result: &Map<String, Value>) -> Map<String, Value> {
    let name = |name: &str| {
        if name == "request_computer_use" { "request_computer_use_result".to_owned() } else { name.to_owned() }
    };
    result.iter().map(|(key, value)| (name(key), value.clone())).collect()
}
