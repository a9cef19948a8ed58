//! Reads a stream, or one body, as strictly as the official clients of its dialect do, and says which of their rules it
//! breaks (`CLIENTS.md` §3).
//!
//! It shares nothing with the encoders: what they write is held against what clients were seen to want. It must not know
//! where a stream comes from.

use serde_json::Value;

mod anthropic;
mod frames;
mod gemini;
mod openai_chat;
mod openai_responses;

/// What a client makes of a stream, and which rules the stream breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was heard.
    pub heard: Heard,
    /// Every broken rule, in order.
    pub broken: Vec<Broken>,
}

/// A rule that a stream breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which event of the stream breaks it, counted from 1; the number of all events for what its end lacks, and 0 for
    /// what is wrong with the whole or with a body.
    pub event: usize,
    /// The rule.
    pub rule: &'static str,
    /// What was found instead.
    pub found: String,
}

/// A whole answer, as a client has it at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The text.
    pub text: String,
    /// The calls of the client's tools.
    pub calls: Vec<Call>,
    /// How it ended.
    pub end: End,
    /// What it cost.
    pub usage: Option<Counts>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// What it is called with.
    pub arguments: Value,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// With this reason, in the dialect's word.
    Complete(String),
    /// With this error, as the dialect has it.
    Failed(Value),
    /// Not at all.
    Open,
}

/// Tokens, as the dialect counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// What was said of the input before the answer, where it was.
    pub first_input: Option<u64>,
    /// The input.
    pub input: u64,
    /// The output.
    pub output: u64,
    /// The total, where the dialect has one.
    pub total: Option<u64>,
}

impl Default for Heard {
    fn default() -> Self {
        Self { text: String::new(), calls: Vec::new(), end: End::Open, usage: None }
    }
}

/// Reads the stream of the dialect called `dialect`; none when there is no such dialect.
#[must_use]
pub fn stream(dialect: &str, body: &str) -> Option<Report> {
    let mut rules = Rules::default();
    let heard = match dialect {
        "openai_chat" => openai_chat::read(body, &mut rules),
        "openai_responses" => openai_responses::read(body, &mut rules),
        "anthropic" => anthropic::read(body, &mut rules),
        "gemini" => gemini::read(body, &mut rules),
        _ => return None,
    };
    rules.hold(heard.end != End::Open, "a stream has an end", || "it just stops".to_owned());
    Some(Report { heard, broken: rules.broken })
}

/// Reads the one body of an answer that was not streamed; none when there is no such dialect.
#[must_use]
pub fn body(dialect: &str, body: &Value) -> Option<Report> {
    let mut rules = Rules::default();
    let heard = match dialect {
        "openai_chat" => openai_chat::read_body(body, &mut rules),
        "openai_responses" => openai_responses::read_body(body, &mut rules),
        "anthropic" => anthropic::read_body(body, &mut rules),
        "gemini" => gemini::read_body(body, &mut rules),
        _ => return None,
    };
    rules.hold(heard.end != End::Open, "a body says why it ended", || body.to_string());
    Some(Report { heard, broken: rules.broken })
}

/// Reads the refusal that a request gets whose answer has not begun: its HTTP status and its body (`CLIENTS.md` §3.7); none
/// when there is no such dialect.
#[must_use]
pub fn refusal(dialect: &str, status: u16, body: &Value) -> Option<Vec<Broken>> {
    let mut rules = Rules::default();
    rules.hold((400..600).contains(&status), "a refusal has the status of an error", || status.to_string());
    let fits = match dialect {
        "openai_chat" | "openai_responses" => {
            openai_chat::error(&body["error"], &mut rules);
            openai_chat::fits(status, body["error"]["type"].as_str().unwrap_or_default())
        }
        "anthropic" => {
            anthropic::error(body, &mut rules);
            anthropic::fits(status, body["error"]["type"].as_str().unwrap_or_default())
        }
        "gemini" => {
            gemini::error(&body["error"], &mut rules);
            body["error"]["code"] == status
        }
        _ => return None,
    };
    rules.hold(fits, "a refusal's status is that of its error", || format!("{status} with {body}"));
    Some(rules.broken)
}

/// Writes down which rules are broken where.
#[derive(Debug, Default)]
struct Rules {
    /// The event that is being read.
    event: usize,
    broken: Vec<Broken>,
}

impl Rules {
    /// Notes `rule` as broken unless it holds; `found` says what is there instead.
    fn hold(&mut self, holds: bool, rule: &'static str, found: impl FnOnce() -> String) -> bool {
        if !holds {
            self.broken.push(Broken { event: self.event, rule, found: found() });
        }
        holds
    }

    /// The text in member `name`, which must be there.
    fn text(&mut self, value: &Value, name: &'static str) -> String {
        let text = value[name].as_str();
        self.hold(text.is_some(), "what clients read as text is text", || format!("{name} in {value}"));
        text.unwrap_or_default().to_owned()
    }

    /// An id, which begins as those of its kind do.
    fn id(&mut self, id: &Value, begins: &'static str) {
        let has_form = id.as_str().is_some_and(|id| id.len() > begins.len() && id.starts_with(begins));
        self.hold(has_form, "an id has the form of its kind", || format!("{id} is not {begins}…"));
    }

    /// JSON that is written in a text.
    fn json(&mut self, text: &str) -> Value {
        match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                self.hold(false, "JSON is whole", || format!("{error}: {text}"));
                Value::Null
            }
        }
    }

    /// The arguments of a call: an object.
    fn arguments(&mut self, text: &str) -> Value {
        let arguments = self.json(text);
        self.hold(arguments.is_object(), "a call's arguments are a whole JSON object", || text.to_owned());
        arguments
    }

    /// A call that is complete: no other has its id.
    fn call(&mut self, heard: &mut Heard, call: Call) {
        let is_new = !call.id.is_empty() && heard.calls.iter().all(|known| known.id != call.id);
        self.hold(is_new, "every call has an id of its own", || format!("{:?} of {}", call.id, call.name));
        self.hold(!call.name.is_empty(), "every call names its tool", || call.id.clone());
        heard.calls.push(call);
    }

    /// A total is the sum of its parts.
    fn total(&mut self, counts: Option<Counts>) {
        if let Some(Counts { input, output, total: Some(total), .. }) = counts {
            self.hold(input + output == total, "a total is the sum of its parts", || {
                format!("{input} + {output} is not {total}")
            });
        }
    }
}

fn is_text_or_null(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn is_list(value: &Value) -> bool {
    value.is_array() || value.is_null()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn place(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|place| usize::try_from(place).ok())
}

fn complete(reason: &Value) -> End {
    reason.as_str().map_or(End::Open, |reason| End::Complete(reason.to_owned()))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
