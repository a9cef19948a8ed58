//! Scenario files: what the simulator answers, request by request. The form is documented in
//! `tests/fixtures/scenarios/README.md`. This module only reads and matches; it must not know how a step is played.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::simulator::account::{self, Account};

/// In `expect`, stands for any value that is there.
const ANYTHING: &str = "${any}";

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("the scenario {} cannot be read (expected `fast`, `strict` or the path of a scenario file): {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not a scenario.
    #[error("{} is not a scenario: {source}", path.display())]
    Parse {
        /// Where the text came from.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// Its accounts cannot be.
    #[error("the accounts in {} cannot be used: {problem}", path.display())]
    Accounts {
        /// Where the text came from.
        path: PathBuf,
        /// What is wrong with them.
        problem: String,
    },
    /// There is nothing to play.
    #[error("{} has no exchanges", path.display())]
    Empty {
        /// Where the text came from.
        path: PathBuf,
    },
}

/// A sequence of exchanges.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// For the reader of the file.
    #[serde(default)]
    pub description: String,
    /// What is answered to the first request, the second, and so on; the last one answers all that follow.
    pub(crate) exchanges: Vec<Exchange>,
    /// The accounts there are, beside the plain one.
    #[serde(default)]
    pub(crate) accounts: Vec<Account>,
    /// What the device flow answers to each poll before it grants a token: OAuth error codes, or `drop` for a broken
    /// connection.
    #[serde(default = "default_device_answers")]
    pub(crate) device: Vec<String>,
}

/// The polls of a device flow that goes as one with a person does.
pub(crate) fn default_device_answers() -> Vec<String> {
    vec!["authorization_pending".to_owned(), "slow_down".to_owned()]
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a scenario.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ScenarioError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// A scenario from its text; `path` is only for errors.
    ///
    /// # Errors
    /// When the text is not a scenario.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let scenario: Self =
            serde_json::from_str(text).map_err(|source| ScenarioError::Parse { path: path.to_owned(), source })?;
        if scenario.exchanges.is_empty() {
            return Err(ScenarioError::Empty { path: path.to_owned() });
        }
        if let Some(problem) = account::problem(&scenario.accounts) {
            return Err(ScenarioError::Accounts { path: path.to_owned(), problem });
        }
        Ok(scenario)
    }

    /// The exchange that answers the request with this index, counted from 0.
    pub(crate) fn exchange(&self, index: usize) -> Option<&Exchange> {
        self.exchanges.get(index).or(self.exchanges.last())
    }
}

/// One request's answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    /// What the decoded request must contain.
    #[serde(default)]
    pub(crate) expect: Option<Value>,
    /// Milliseconds before the status line.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// An HTTP error, or another status with no stream.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Response headers, with `status`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body that goes with `status`: text as it is, anything else as JSON; absent, the usual one of that status.
    #[serde(default)]
    pub(crate) body: Option<Value>,
    /// Milliseconds between the status line and the first event.
    #[serde(default)]
    pub(crate) first_event_delay_ms: u64,
    /// Whether the stream starts as a real one does: init, root task, echoes. Default true.
    #[serde(default = "yes")]
    pub(crate) preamble: bool,
    /// What the stream does then.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// Whether `${…}` is only text.
    #[serde(skip)]
    pub(crate) literal: bool,
}

fn yes() -> bool {
    true
}

impl Exchange {
    /// An answer that is a stream of these steps, taken literally.
    pub(crate) fn of_steps(steps: Vec<Step>) -> Self {
        Self {
            expect: None,
            delay_ms: 0,
            status: None,
            headers: BTreeMap::new(),
            body: None,
            first_event_delay_ms: 0,
            preamble: true,
            steps,
            literal: true,
        }
    }
}

/// One thing a stream does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// A new answer message.
    Text(Chunks),
    /// Further text of the last message, be it answer or reasoning.
    More(Chunks),
    /// A reasoning message, finished.
    Reasoning(Chunks),
    /// A call of a client's tool.
    ToolCall(ToolCall),
    /// A tool that the service resolves by itself.
    ServerTool(ServerTool),
    /// A subagent with a task of its own.
    Subtask(Subtask),
    /// Replaces the text of the last answer message.
    ReplaceText(String),
    /// A web search, from searching to its pages.
    WebSearch(WebSearch),
    /// A to-do list, its first item done.
    Todos(Vec<String>),
    /// Any message; id, task, request and time are filled in.
    Message(Map<String, Value>),
    /// `update_task_message` on the last message.
    Update(Masked),
    /// `append_to_message_content` on the last message.
    Append(Masked),
    /// Any client action.
    Action(Value),
    /// Any response event.
    Event(Value),
    /// Any data in a frame.
    Data(String),
    /// Any bytes in the stream.
    Bytes(String),
    /// Opens a transaction, though one may be open.
    Begin,
    /// Commits the transaction.
    Commit,
    /// Rolls the transaction back.
    Rollback,
    /// Waits.
    DelayMs(u64),
    /// Changes the pace of text: milliseconds a chunk.
    PaceMs(u64),
    /// Sends nothing more, without an end.
    Stall,
    /// Ends the stream without `finished`.
    Cut,
    /// Breaks the connection.
    Abort,
    /// Ends the stream.
    Finish(Finish),
}

/// Text in pieces: given, or one piece a word.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Chunks {
    /// To be cut into words.
    Whole(String),
    /// As they are.
    Given(Vec<String>),
}

impl Chunks {
    pub(crate) fn pieces(&self) -> Vec<&str> {
        match self {
            Self::Whole(text) => text.split_inclusive(' ').collect(),
            Self::Given(pieces) => pieces.iter().map(String::as_str).collect(),
        }
    }
}

impl From<String> for Chunks {
    fn from(text: String) -> Self {
        Self::Whole(text)
    }
}

/// A call of a client's tool.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    /// The arguments; absent, the call carries none at all.
    #[serde(default)]
    pub(crate) arguments: Option<Map<String, Value>>,
    /// Arguments that an update puts in place of the first ones.
    #[serde(default)]
    pub(crate) replaced_by: Option<Map<String, Value>>,
    /// The id of the call; absent, a new one.
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// The server the tool belongs to; absent, the one under which the client offered it.
    #[serde(default)]
    pub(crate) server_id: Option<String>,
}

/// A tool that the service resolves by itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerTool {
    pub(crate) payload: String,
    #[serde(default)]
    pub(crate) result: Option<String>,
}

/// A subagent's work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subtask {
    pub(crate) text: Chunks,
    /// Whether its result is there before the stream ends. Default true.
    #[serde(default = "yes")]
    pub(crate) finished: bool,
}

/// A web search.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebSearch {
    pub(crate) query: String,
    /// Pages found; absent, the search fails.
    #[serde(default)]
    pub(crate) pages: Option<Vec<Page>>,
}

/// One page of a web search.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) title: String,
}

/// A change to the last message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Masked {
    pub(crate) mask: Vec<String>,
    pub(crate) message: Map<String, Value>,
}

/// The end of a stream.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finish {
    /// A variant of the reason, with its content: `{"internal_error": {"message": "…"}}`; a bare name is that variant,
    /// empty; `unset` sends none. Absent, `done`.
    #[serde(default)]
    pub(crate) reason: Option<Value>,
    /// Token counts; absent, an estimate.
    #[serde(default)]
    pub(crate) usage: Option<Usage>,
    /// Members of `finished` that replace or add to the simulator's own; null takes one away.
    #[serde(default)]
    pub(crate) fields: Map<String, Value>,
}

impl Finish {
    /// An end with a reason that has no content.
    pub(crate) fn because(reason: &str) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }
}

/// Tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    pub(crate) input: u32,
    pub(crate) output: u32,
    #[serde(default)]
    pub(crate) cache_read: u32,
    #[serde(default)]
    pub(crate) cache_write: u32,
}

/// Holds `actual` against `expected`: objects by the members that are named (null: must be absent), lists element by
/// element, the rest by equality. The error says where they part.
pub(crate) fn expect(expected: &Value, actual: Option<&Value>, path: &str) -> Result<(), String> {
    let wrong = || {
        let found = actual.map_or_else(|| "nothing".to_owned(), |value| shorten(&value.to_string()));
        Err(format!("{path}: expected {}, found {found}", shorten(&expected.to_string())))
    };
    match (expected, actual) {
        (Value::Null, None | Some(Value::Null)) => Ok(()),
        (Value::String(text), Some(_)) if text == ANYTHING => Ok(()),
        (Value::Object(members), Some(Value::Object(found))) => {
            members.iter().try_for_each(|(name, value)| expect(value, found.get(name), &format!("{path}.{name}")))
        }
        (Value::Array(elements), Some(Value::Array(found))) if elements.len() == found.len() => elements
            .iter()
            .zip(found)
            .enumerate()
            .try_for_each(|(index, (value, found))| expect(value, Some(found), &format!("{path}[{index}]"))),
        (Value::Number(one), Some(Value::Number(other))) if one.as_f64() == other.as_f64() => Ok(()),
        (expected, Some(found)) if expected == found => Ok(()),
        _ => wrong(),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        Scenario::parse(text, Path::new("s.json"))
    }

    #[test]
    fn the_last_exchange_answers_what_follows() {
        let scenario = parse(r#"{"exchanges": [{"status": 500}, {"steps": [{"text": "hi"}, "cut"]}]}"#).unwrap();
        assert_eq!(scenario.exchange(0).unwrap().status, Some(500));
        assert_eq!(scenario.exchange(7).unwrap().steps.len(), 2);
        assert_eq!(scenario.device, default_device_answers());
    }

    #[test]
    fn what_is_not_a_scenario_is_refused_with_its_place() {
        for (text, part) in [
            ("{", "line 1"),
            (r#"{"exchanges": []}"#, "no exchanges"),
            (r#"{"exchanges": [{"stepps": []}]}"#, "stepps"),
            (r#"{"exchanges": [{}], "accounts": [{"name": "a b"}]}"#, "no name for an account"),
            (r#"{"exchanges": [{}], "accounts": [{"name": "a", "faults": [{"stat": 1}]}]}"#, "stat"),
            (r#"{"exchanges": [{"steps": [{"sing": "la"}]}]}"#, "sing"),
            (r#"{"exchanges": [{"steps": [{"tool_call": {"nam": "f"}}]}]}"#, "nam"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains("s.json"), "{message}");
        }
    }

    #[test]
    fn text_is_cut_into_words_or_taken_as_given() {
        assert_eq!(Chunks::Whole("a b  c\n".into()).pieces(), ["a ", "b ", " ", "c\n"]);
        assert_eq!(Chunks::Given(vec!["a b".into()]).pieces(), ["a b"]);
    }

    #[test]
    fn an_expectation_is_a_subset() {
        let request = json!({"a": {"b": [1, {"c": "x", "d": true}], "e": "y"}});
        for met in [
            json!({}),
            json!({"a": {"b": [1.0, {"c": "x"}]}}),
            json!({"a": {"e": "${any}", "f": null}}),
            json!({"a": {"b": ["${any}", {}]}}),
        ] {
            expect(&met, Some(&request), "request").unwrap();
        }
        for (unmet, path) in [
            (json!({"a": {"e": "z"}}), "request.a.e"),
            (json!({"a": {"e": null}}), "request.a.e"),
            (json!({"a": {"f": "${any}"}}), "request.a.f"),
            (json!({"a": {"b": [1]}}), "request.a.b"),
            (json!({"a": {"b": [1, {"d": false}]}}), "request.a.b[1].d"),
        ] {
            let message = expect(&unmet, Some(&request), "request").unwrap_err();
            assert!(message.starts_with(&format!("{path}: ")), "{message}");
        }
    }
}
