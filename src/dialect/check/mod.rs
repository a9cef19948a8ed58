//! Reads a stream as strictly as the official clients of its dialect do, and says which of their rules it breaks
//! (`CLIENTS.md` §3).
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
    /// Which event of the stream breaks it, counted from 1; the number of all events for what its end lacks.
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
mod tests {
    use super::{Broken, stream};

    /// The first broken rule of a stream, with the event that breaks it.
    fn first_broken(dialect: &str, body: &str) -> Option<(usize, &'static str)> {
        let report = stream(dialect, body).unwrap();
        report.broken.first().map(|Broken { event, rule, .. }| (*event, *rule))
    }

    const CHAT: &str = concat!(
        r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"add","arguments":""}}]},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        "\n\n",
        r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        "\n\ndata: [DONE]\n\n"
    );

    #[test]
    fn deviations_of_chat_completions_are_found() {
        assert_eq!(first_broken("openai_chat", CHAT), None);
        for (from, to, event, rule) in [
            ("\"role\":\"assistant\",", "", 1, "the first delta of a choice has the role, and no other"),
            ("\"total_tokens\":3", "\"total_tokens\":4", 5, "a total is the sum of its parts"),
            ("{\"index\":0,\"id\":\"c\"", "{\"index\":1,\"id\":\"c\"", 2, "calls are numbered without gaps"),
            ("\"tool_calls\"}]}", "\"stop\"}]}", 4, "the reason is tool_calls exactly when there are calls"),
            ("\"arguments\":\"{}\"", "\"arguments\":\"{\"", 6, "JSON is whole"),
            ("data: [DONE]\n\n", "", 5, "a stream has an end"),
            ("data: [DONE]", "id: 1\ndata: [DONE]", 6, "an event has no lines but its name and its data"),
            ("data: [DONE]", "event: x\ndata: [DONE]", 6, "events have no names"),
            ("\n\ndata: [DONE]", "\ndata: [DONE]", 5, "an event is one line of data"),
        ] {
            assert_eq!(first_broken("openai_chat", &CHAT.replacen(from, to, 1)), Some((event, rule)), "{from}");
        }
    }

    const RESPONSES: &str = concat!(
        "event: response.created\n",
        r#"data: {"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","output":[]}}"#,
        "\n\nevent: response.output_item.added\n",
        r#"data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"i","type":"message","content":[]}}"#,
        "\n\nevent: response.content_part.added\n",
        r#"data: {"type":"response.content_part.added","sequence_number":2,"item_id":"i","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}"#,
        "\n\nevent: response.output_text.delta\n",
        r#"data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"i","output_index":0,"content_index":0,"delta":"hi"}"#,
        "\n\nevent: response.output_text.done\n",
        r#"data: {"type":"response.output_text.done","sequence_number":4,"item_id":"i","output_index":0,"content_index":0,"text":"hi"}"#,
        "\n\nevent: response.output_item.done\n",
        r#"data: {"type":"response.output_item.done","sequence_number":5,"output_index":0,"item":{"id":"i","type":"message","content":[{"type":"output_text","text":"hi"}]}}"#,
        "\n\nevent: response.completed\n",
        r#"data: {"type":"response.completed","sequence_number":6,"response":{"id":"r","status":"completed","output":[{"id":"i","type":"message","content":[{"type":"output_text","text":"hi"}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}}"#,
        "\n\n"
    );

    #[test]
    fn deviations_of_responses_are_found() {
        assert_eq!(first_broken("openai_responses", RESPONSES), None);
        for (from, to, event, rule) in [
            ("\"sequence_number\":3", "\"sequence_number\":4", 4, "events are numbered from 0 without gaps"),
            ("event: response.output_text.delta", "event: x", 4, "an event's name is its type"),
            (
                "\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\"",
                "\"item_id\":\"j\",\"output_index\":0,\"content_index\":0,\"delta\"",
                4,
                "an event belongs to an item that is open",
            ),
            ("\"text\":\"hi\"}\n", "\"text\":\"ho\"}\n", 5, "what is done is what was streamed"),
            (
                "\"response\":{\"id\":\"r\",\"status\":\"completed\"",
                "\"response\":{\"id\":\"s\",\"status\":\"completed\"",
                7,
                "the answer keeps its id",
            ),
            (
                "\"completed\",\"output\":[{",
                "\"completed\",\"output\":[{\"x\":1,",
                7,
                "the last event holds every item as it was done",
            ),
        ] {
            assert_eq!(
                first_broken("openai_responses", &RESPONSES.replacen(from, to, 1)),
                Some((event, rule)),
                "{from}"
            );
        }
    }

    const ANTHROPIC: &str = concat!(
        "event: message_start\n",
        r#"data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"x","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}"#,
        "\n\nevent: content_block_start\n",
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"add","input":{}}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        "\n\nevent: content_block_stop\n",
        r#"data: {"type":"content_block_stop","index":0}"#,
        "\n\nevent: message_delta\n",
        r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":2,"input_tokens":1}}"#,
        "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
    );

    #[test]
    fn deviations_of_messages_are_found() {
        assert_eq!(first_broken("anthropic", ANTHROPIC), None);
        for (from, to, event, rule) in [
            ("event: content_block_start\n", "", 2, "an event's name is its type"),
            ("\"index\":0,\"content_block\"", "\"index\":1,\"content_block\"", 2, "blocks are numbered without gaps"),
            ("\"input\":{}", "\"input\":{\"a\":1}", 2, "the input of a call comes in deltas"),
            ("\"input_json_delta\"", "\"text_delta\"", 3, "a delta fits its block"),
            ("\"tool_use\",\"stop_sequence\"", "\"stop\",\"stop_sequence\"", 5, "the reason is one that clients know"),
            (",\"usage\":{\"output_tokens\":2,\"input_tokens\":1}", "", 5, "the last delta has the usage"),
            ("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "", 5, "a stream has an end"),
        ] {
            assert_eq!(first_broken("anthropic", &ANTHROPIC.replacen(from, to, 1)), Some((event, rule)), "{from}");
        }
    }

    const GEMINI: &str = concat!(
        r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"index":0}],"modelVersion":"m","responseId":"r"}"#,
        "\n\n",
        r#"data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"c","name":"add","args":{}}}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2},"modelVersion":"m","responseId":"r"}"#,
        "\n\n"
    );

    #[test]
    fn deviations_of_gemini_are_found() {
        assert_eq!(first_broken("gemini", GEMINI), None);
        for (from, to, event, rule) in [
            ("\"responseId\":\"r\"}\n\ndata", "\"responseId\":\"s\"}\n\ndata", 2, "all chunks are of one answer"),
            ("\"args\":{}", "\"args\":[]", 2, "a call's arguments are a whole JSON object"),
            ("\"STOP\"", "\"stop\"", 2, "the reason is one that clients know"),
            ("\"finishReason\":\"STOP\",", "", 2, "a stream has an end"),
            ("\"totalTokenCount\":2", "\"totalTokenCount\":1", 2, "a total is the sum of its parts"),
        ] {
            assert_eq!(first_broken("gemini", &GEMINI.replacen(from, to, 1)), Some((event, rule)), "{from}");
        }
        let goes_on = format!("{GEMINI}{}", GEMINI.split_inclusive("\n\n").next().unwrap());
        assert_eq!(first_broken("gemini", &goes_on), Some((3, "nothing comes after the end")));
    }
}
