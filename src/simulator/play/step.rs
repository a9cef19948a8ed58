//! The steps of an answer as events: each kind of message in the way the service sends it. It must not know how an
//! answer begins or ends.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::simulator::event::{self, add_messages, masked, object};
use crate::simulator::play::{Last, Piece, Player};
use crate::simulator::scenario::{Chunks, Masked, Step, Subtask, ToolCall, WebSearch};

/// How long it takes to get sent what was given to the connection.
const FLUSH: Duration = Duration::from_millis(50);

impl Player<'_> {
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Text(chunks) => self.text(chunks)?,
            Step::More(chunks) => self.more(&self.fill_chunks(chunks))?,
            Step::Reasoning(chunks) => self.reasoning(chunks)?,
            Step::ToolCall(call) => self.tool_call(call)?,
            Step::ServerTool(tool) => self.server_tool(&tool.payload, tool.result.as_deref())?,
            Step::Subtask(subtask) => self.subtask(subtask)?,
            Step::ReplaceText(text) => self.replace_text(text)?,
            Step::WebSearch(search) => self.web_search(search)?,
            Step::Todos(titles) => self.todos(titles)?,
            Step::Message(content) => self.add(content.clone(), "")?,
            Step::Update(change) => self.change("update_task_message", change)?,
            Step::Append(change) => self.change("append_to_message_content", change)?,
            Step::Action(action) => self.action(self.fill(action))?,
            Step::Event(json) => self.event(&self.fill(json))?,
            Step::Data(data) => self.pieces.push(Piece::Send(event::data_frame(data))),
            Step::Bytes(text) => self.pieces.push(Piece::Send(Bytes::from(text.clone()))),
            Step::Begin => self.begin()?,
            Step::Commit => self.commit()?,
            Step::Rollback => self.rollback()?,
            Step::DelayMs(time) => self.wait(Duration::from_millis(*time)),
            Step::PaceMs(time) => self.pace.word = Duration::from_millis(*time),
            Step::Stall => self.end_with(Some(Piece::Stall)),
            Step::Abort => self.abort(),
            Step::Cut => self.end_with(None),
            Step::Finish(finish) => self.finish(finish)?,
        }
        Ok(())
    }

    /// A connection that breaks at once takes with it what was not flushed yet, even the status line; so it gets a moment.
    fn abort(&mut self) {
        self.wait(FLUSH);
        self.end_with(Some(Piece::Abort));
    }

    /// Adds a message of the model to the root task.
    fn add(&mut self, content: Map<String, Value>, text_path: &'static str) -> Result<(), String> {
        self.begin_once()?;
        let root_id = self.root_id.clone();
        self.add_to(&root_id, content, text_path)
    }

    fn add_to(&mut self, task_id: &str, content: Map<String, Value>, path: &'static str) -> Result<(), String> {
        let Value::Object(content) = self.fill(&Value::Object(content)) else { return Ok(()) };
        let message = self.stamp.model_message(task_id, content);
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        self.action(add_messages(task_id, vec![message]))?;
        self.last = Some(Last { id, task_id: task_id.to_owned(), text_path: path });
        Ok(())
    }

    fn text(&mut self, chunks: &Chunks) -> Result<(), String> {
        let root_id = self.root_id.clone();
        self.begin_once()?;
        self.text_in(&root_id, chunks)
    }

    /// A message of text: its first piece comes with it, the others are appended.
    fn text_in(&mut self, task_id: &str, chunks: &Chunks) -> Result<(), String> {
        let pieces = self.fill_chunks(chunks);
        let (first, rest) =
            pieces.split_first().map_or((String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
        self.written.push_str(&first);
        self.add_to(task_id, object("agent_output", json!({"text": first})), "agent_output.text")?;
        self.more(rest)
    }

    fn more(&mut self, pieces: &[String]) -> Result<(), String> {
        let last = self.last.clone().filter(|last| !last.text_path.is_empty());
        let last = last.ok_or("there is no text to go on with")?;
        for piece in pieces {
            self.wait(self.pace.word);
            self.written.push_str(piece);
            let (kind, field) = last.text_path.split_once('.').unwrap_or_default();
            let message = patch(&last, object(kind, Value::Object(object(field, piece.as_str().into()))));
            let path = [last.text_path.to_owned()];
            self.action(masked("append_to_message_content", &last.task_id, message, &path))?;
        }
        Ok(())
    }

    fn reasoning(&mut self, chunks: &Chunks) -> Result<(), String> {
        let pieces = self.fill_chunks(chunks);
        let (first, rest) =
            pieces.split_first().map_or((String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
        self.written.push_str(&first);
        self.add(object("agent_reasoning", json!({"reasoning": first})), "agent_reasoning.reasoning")?;
        self.more(rest)?;
        let finished = object("agent_reasoning", json!({"finished_duration": "1.500s"}));
        self.update_last(finished, "agent_reasoning.finished_duration")
    }

    fn update_last(&mut self, content: Map<String, Value>, path: &str) -> Result<(), String> {
        self.change("update_task_message", &Masked { mask: vec![path.to_owned()], message: content })
    }

    fn change(&mut self, action: &str, change: &Masked) -> Result<(), String> {
        let last = self.last.clone().ok_or("there is no message to change")?;
        let Value::Object(content) = self.fill(&Value::Object(change.message.clone())) else { return Ok(()) };
        self.action(masked(action, &last.task_id, patch(&last, content), &change.mask))
    }

    fn replace_text(&mut self, text: &str) -> Result<(), String> {
        self.written.push_str(text);
        self.update_last(object("agent_output", json!({"text": text})), "agent_output.text")
    }

    fn tool_call(&mut self, call: &ToolCall) -> Result<(), String> {
        let id = call.id.clone().unwrap_or_else(|| format!("toolu_{}", uuid::Uuid::new_v4().simple()));
        let offered = self.tools.iter().find(|tool| tool.name == call.name).map(|tool| tool.server_id.clone());
        let server_id = call.server_id.clone().or(offered).unwrap_or_default();
        let content = |arguments: &Option<Map<String, Value>>| {
            let mut tool = object("name", call.name.as_str().into());
            if let Some(arguments) = arguments {
                tool.insert("args".to_owned(), Value::Object(arguments.clone()));
            }
            if !server_id.is_empty() {
                tool.insert("server_id".to_owned(), server_id.as_str().into());
            }
            object("tool_call", json!({"tool_call_id": id, "call_mcp_tool": tool}))
        };
        self.tool_calls += 1;
        self.written.push_str(&call.name);
        self.written.push_str(&call.arguments.as_ref().map(|given| json!(given).to_string()).unwrap_or_default());
        self.wait(self.pace.word);
        self.add(content(&call.arguments), "")?;
        if call.replaced_by.is_some() {
            self.wait(self.pace.word);
            self.update_last(content(&call.replaced_by), "tool_call.call_mcp_tool.args")?;
        }
        Ok(())
    }

    fn server_tool(&mut self, payload: &str, result: Option<&str>) -> Result<(), String> {
        let id = event::new_id();
        self.add(object("tool_call", json!({"tool_call_id": id, "server": {"payload": payload}})), "")?;
        if let Some(result) = result {
            self.wait(self.pace.word);
            let result = json!({"tool_call_id": id, "server": {"serialized_result": result}});
            self.add(object("tool_call_result", result), "")?;
        }
        Ok(())
    }

    fn subtask(&mut self, subtask: &Subtask) -> Result<(), String> {
        let (call_id, task_id) = (event::new_id(), event::new_id());
        let call = json!({"tool_call_id": call_id, "subagent": {"task_id": task_id, "payload": "", "research": {}}});
        self.add(object("tool_call", call), "")?;
        let parent = json!({"parent_task_id": self.root_id});
        let task = json!({"id": task_id, "description": "Research", "dependencies": parent});
        self.action(json!({"create_task": {"task": task}}))?;
        self.text_in(&task_id, &subtask.text)?;
        if subtask.finished {
            let result = json!({"tool_call_id": call_id, "subagent": {"payload": ""}});
            self.add(object("tool_call_result", result), "")?;
        }
        Ok(())
    }

    fn web_search(&mut self, search: &WebSearch) -> Result<(), String> {
        let searching = json!({"status": {"searching": {"query": search.query}}});
        self.add(object("web_search", searching), "")?;
        self.wait(self.pace.word * 10);
        let status = match &search.pages {
            None => json!({"error": {}}),
            Some(pages) => {
                let pages: Vec<_> = pages.iter().map(|page| json!({"url": page.url, "title": page.title})).collect();
                json!({"success": {"query": search.query, "pages": pages}})
            }
        };
        self.update_last(object("web_search", json!({"status": status})), "web_search.status")
    }

    fn todos(&mut self, titles: &[String]) -> Result<(), String> {
        let items = titles.iter().enumerate();
        let items: Vec<_> = items
            .map(|(index, title)| json!({"id": format!("todo-{}", index + 1), "title": title, "description": title}))
            .collect();
        let first = items.first().map(|item| item["id"].clone());
        self.add(object("update_todos", json!({"create_todo_list": {"initial_todos": items}})), "")?;
        if let Some(first) = first {
            self.add(object("update_todos", json!({"mark_todos_completed": {"todo_ids": [first]}})), "")?;
        }
        Ok(())
    }
}

/// `content` under the ids of the message it changes.
fn patch(last: &Last, content: Map<String, Value>) -> Map<String, Value> {
    let mut message = object("id", last.id.as_str().into());
    message.insert("task_id".to_owned(), last.task_id.as_str().into());
    message.extend(content);
    message
}
