//! The request half of the model: one turn with all that came before it.

use bytes::Bytes;
use serde_json::{Map, Value};

/// One request to a model: who should answer, what was said so far, and what the answer may use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    /// The upstream's model id, already resolved from whatever name the client used.
    pub model: String,
    /// System text that stands before the conversation, in the client's order.
    pub instructions: Vec<String>,
    /// The conversation, oldest first. The last entry is what is asked now: a user message or tool results.
    pub messages: Vec<Message>,
    /// Tools that the client can run.
    pub tools: Vec<Tool>,
    /// Which of the tools the model may, must or must not call.
    pub tool_choice: ToolChoice,
    /// False when the client wants at most one tool call in an answer.
    pub parallel_tool_calls: bool,
    /// True when the upstream may search the web by itself.
    pub web_search: bool,
    /// The form that the answer's text must have; the gateway sees to it, for the upstream knows none.
    pub format: Option<Format>,
    /// Bounds on the answer that the gateway itself keeps, for the upstream knows none.
    pub limits: Limits,
}

/// One entry of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// System text that the client put in the middle of the conversation.
    System(String),
    /// What the user said.
    User(Vec<Content>),
    /// What the model answered.
    Assistant(Vec<Output>),
    /// What a tool gave back.
    ToolResult(ToolResult),
}

/// A piece of a user message or of a tool's result.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A picture.
    Image(Image),
    /// A text file.
    File(File),
}

/// A text file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, for the model to refer to; never empty.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A picture, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Media type, such as `image/png`.
    pub mime_type: String,
    /// The decoded file.
    pub data: Bytes,
}

/// A piece of an assistant message.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Answer text.
    Text(String),
    /// Thinking that was shown to the user. It is kept for order only: no upstream takes it back.
    Reasoning(String),
    /// A call to one of the client's tools.
    ToolCall(ToolCall),
}

/// A tool that the client offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name, unique within the turn.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments; always an object.
    pub input_schema: Map<String, Value>,
}

/// A call of a client's tool, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The id that the result must name.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments.
    pub arguments: Map<String, Value>,
}

/// The name under which a dialect keeps the arguments of a call in the history that are no JSON object: a model may have
/// written anything, and a session that holds one broken call must go on.
pub const RAW_ARGUMENTS: &str = "_raw";

impl ToolCall {
    /// True when the arguments are text that was no JSON object.
    #[must_use]
    pub fn has_raw_arguments(&self) -> bool {
        self.arguments.len() == 1 && self.arguments.get(RAW_ARGUMENTS).is_some_and(Value::is_string)
    }
}

/// The result of a tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The id of the call that is answered.
    pub call_id: String,
    /// What the tool said or showed.
    pub content: Vec<Content>,
    /// True when the tool failed, so that the content says why.
    pub is_error: bool,
}

/// Which tools the model may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool may be called.
    None,
    /// Some tool must be called.
    Required,
    /// This tool must be called.
    Tool(String),
}

/// The form that an answer's text must have.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// One JSON object, whatever is in it.
    JsonObject,
    /// JSON that a JSON schema describes.
    JsonSchema(Value),
}

/// Bounds on an answer that the gateway enforces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The answer ends before any of these texts; none is empty.
    pub stop: Vec<String>,
    /// The answer ends after this many tokens, reasoning included.
    pub max_output_tokens: Option<u64>,
}
