//! The items that an answer is made of, as JSON (`CLIENTS.md` §3.3).

use serde_json::{Map, Value, json};

use crate::{
    dialect::openai::{arguments, citation, names::Names},
    turn::{Page, ToolCall, WebSearch},
};

/// An item that is still being written.
pub(crate) const IN_PROGRESS: &str = "in_progress";
/// An item that is whole.
pub(crate) const COMPLETED: &str = "completed";
/// An item that was cut.
pub(crate) const INCOMPLETE: &str = "incomplete";
/// An item that came to nothing.
pub(crate) const FAILED: &str = "failed";

/// A kind of item that is written piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answer text.
    Message,
    /// Thinking.
    Reasoning,
}

/// What the events of a kind are called, and what its parts are numbered by.
pub(crate) struct Words {
    pub(crate) prefix: &'static str,
    pub(crate) part_index: &'static str,
    pub(crate) part_added: &'static str,
    pub(crate) delta: &'static str,
    pub(crate) text_done: &'static str,
    pub(crate) part_done: &'static str,
}

impl Kind {
    /// The words of this kind.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::Message => &Words {
                prefix: "msg",
                part_index: "content_index",
                part_added: "response.content_part.added",
                delta: "response.output_text.delta",
                text_done: "response.output_text.done",
                part_done: "response.content_part.done",
            },
            Self::Reasoning => &Words {
                prefix: "rs",
                part_index: "summary_index",
                part_added: "response.reasoning_summary_part.added",
                delta: "response.reasoning_summary_text.delta",
                text_done: "response.reasoning_summary_text.done",
                part_done: "response.reasoning_summary_part.done",
            },
        }
    }

    /// The one part of such an item.
    pub(crate) fn part(self, text: &str, annotations: &[Value]) -> Value {
        match self {
            Self::Message => {
                json!({"type": "output_text", "text": text, "annotations": annotations, "logprobs": []})
            }
            Self::Reasoning => json!({"type": "summary_text", "text": text}),
        }
    }

    /// The item with these parts.
    pub(crate) fn item(self, id: &str, status: &str, parts: &[Value]) -> Value {
        match self {
            Self::Message => {
                json!({"id": id, "type": "message", "role": "assistant", "status": status, "content": parts})
            }
            // What an upstream would need to go on thinking is not to be had, so there is no `encrypted_content`.
            Self::Reasoning => json!({"id": id, "type": "reasoning", "summary": parts}),
        }
    }
}

/// A call as its client sees it.
pub(crate) struct Call<'a> {
    call: &'a ToolCall,
    namespace: Option<&'a str>,
    name: &'a str,
    is_custom: bool,
    /// The arguments or the input.
    pub(crate) text: String,
}

impl<'a> Call<'a> {
    /// `call` of one of the tools that `names` tells.
    pub(crate) fn of(call: &'a ToolCall, names: &'a Names) -> Self {
        let alias = names.of(&call.name);
        let is_custom = alias.is_some_and(|alias| alias.is_custom);
        let text = if is_custom { arguments::input(&call.arguments) } else { arguments::written(&call.arguments) };
        Self {
            call,
            namespace: alias.and_then(|alias| alias.namespace.as_deref()),
            name: alias.map_or(&call.name, |alias| &alias.name),
            is_custom,
            text,
        }
    }

    /// How the id of such an item begins.
    pub(crate) fn prefix(&self) -> &'static str {
        if self.is_custom { "ctc" } else { "fc" }
    }

    /// The name of the member that holds the text.
    pub(crate) fn member(&self) -> &'static str {
        if self.is_custom { "input" } else { "arguments" }
    }

    /// The event that brings more of the text.
    pub(crate) fn delta(&self) -> &'static str {
        if self.is_custom { "response.custom_tool_call_input.delta" } else { "response.function_call_arguments.delta" }
    }

    /// The event that brings the whole text.
    pub(crate) fn done(&self) -> &'static str {
        if self.is_custom { "response.custom_tool_call_input.done" } else { "response.function_call_arguments.done" }
    }

    /// The tool's name, where the event that brings the whole text says it.
    pub(crate) fn name_when_done(&self) -> Option<&str> {
        (!self.is_custom).then_some(self.name)
    }

    /// The item with `text` so far.
    pub(crate) fn item(&self, id: &str, status: &str, text: &str) -> Value {
        let kind = if self.is_custom { "custom_tool_call" } else { "function_call" };
        let mut item = json!({
            "id": id, "type": kind, "status": status, "call_id": self.call.id, "name": self.name,
            self.member(): text,
        });
        if let Some(namespace) = self.namespace {
            item["namespace"] = Value::from(namespace);
        }
        item
    }
}

/// The item of a web search.
pub(crate) fn web_search(id: &str, status: &str, search: &WebSearch) -> Value {
    let mut action = json!({"type": "search", "query": search.query, "queries": [search.query]});
    if let Some(pages) = &search.pages {
        action["sources"] = pages.iter().map(|page| json!({"type": "url", "url": page.url})).collect();
    }
    json!({"id": id, "type": "web_search_call", "status": status, "action": action})
}

/// A page that `text` rests on.
pub(crate) fn citation(page: &Page, text: &str) -> Value {
    let mut members = Map::from_iter([("type".to_owned(), json!("url_citation"))]);
    members.extend(citation::members(page, text));
    Value::Object(members)
}
