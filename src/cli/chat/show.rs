//! Shows an answer as it comes: text on standard output, thinking dim on standard error; or all of it as one JSON object.
//!
//! It must not know where the events come from.

use std::io;

use serde_json::{Map, Value, json};

use crate::{
    cli::output::Output,
    turn::{ErrorKind, StopReason, TurnError, TurnEvent, Usage},
};

/// What became of an answer, gathered while it is shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    quiet: bool,
    text: String,
    reasoning: String,
    model: Option<String>,
    conversation_id: String,
    request_id: String,
    usage: Option<Usage>,
    stop: Option<StopReason>,
    failed: Option<TurnError>,
    /// The talk channel stands in the middle of a line of thinking.
    thinking: bool,
}

impl Shown {
    /// Begins an answer; when `gather` is set nothing is shown before [`Shown::json`] is asked for.
    pub(crate) fn new(gather: bool) -> Self {
        Self { quiet: gather, ..Self::default() }
    }

    /// Takes the next event and shows what a person should see of it now.
    ///
    /// # Errors
    /// When standard output cannot take the text.
    pub(crate) fn take(&mut self, event: TurnEvent, output: &mut Output) -> io::Result<()> {
        match event {
            TurnEvent::Started { conversation_id, request_id, .. } => {
                (self.conversation_id, self.request_id) = (conversation_id, request_id);
            }
            TurnEvent::ModelUsed { model, is_fallback } => {
                if is_fallback {
                    output.note(&format!("answered by {model} in place of the model asked for"));
                }
                self.model = Some(model);
            }
            TurnEvent::Text(text) => self.take_text(&text, output)?,
            TurnEvent::Reasoning(text) => {
                if !self.quiet {
                    output.aside(&text);
                    self.thinking = !text.ends_with('\n');
                }
                self.reasoning.push_str(&text);
            }
            TurnEvent::ToolCall(call) => {
                output.warn(&format!("the model called the tool {}, which chat does not offer", call.name));
            }
            TurnEvent::WebSearch(search) => output.note(&format!("searched the web for {}", search.query)),
            TurnEvent::Citations(pages) => {
                for page in &pages {
                    output.note(&format!("source: {} {}", page.url, page.title));
                }
            }
            TurnEvent::Usage(usage) => self.usage = Some(usage),
            TurnEvent::Finished(stop) => self.stop = Some(stop),
            TurnEvent::Failed(error) => self.failed = Some(error),
        }
        Ok(())
    }

    fn take_text(&mut self, text: &str, output: &mut Output) -> io::Result<()> {
        self.text.push_str(text);
        if self.quiet {
            return Ok(());
        }
        self.end_thinking(output);
        output.text(text)?;
        output.flush()
    }

    fn end_thinking(&mut self, output: &mut Output) {
        if std::mem::take(&mut self.thinking) {
            output.aside("\n");
        }
    }

    /// Ends the answer's last line.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub(crate) fn end(&mut self, output: &mut Output) -> io::Result<()> {
        self.end_thinking(output);
        if !self.quiet && !self.text.is_empty() && !self.text.ends_with('\n') {
            output.data(b"\n")?;
        }
        output.flush()
    }

    /// The answer's text, or why there is none worth keeping.
    ///
    /// # Errors
    /// When the answer failed, or stopped without saying why.
    pub(crate) fn outcome(&self) -> Result<&str, TurnError> {
        match (&self.failed, &self.stop) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(_)) => Ok(&self.text),
            (None, None) => Err(TurnError::new(
                ErrorKind::Truncated,
                "the answer broke off, so what was sent is not the whole of it",
            )),
        }
    }

    /// True when the answer was cut at a limit.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self.stop, Some(StopReason::MaxTokens))
    }

    /// What the answer cost, for a person who wants to know.
    pub(crate) fn cost(&self) -> Option<String> {
        let usage = self.usage?;
        let credits = usage.credits.map_or_else(String::new, |credits| format!(", {credits} credits"));
        let source = usage.source.name();
        Some(format!("{} tokens in, {} out{credits} ({source})", usage.input_tokens, usage.output_tokens))
    }

    /// The whole answer as one JSON object. `asked` is the model that was asked.
    pub(crate) fn json(&self, asked: &str) -> Value {
        let mut object = Map::new();
        object.insert("model".to_owned(), json!(self.model.as_deref().unwrap_or(asked)));
        object.insert("text".to_owned(), json!(self.text));
        if !self.reasoning.is_empty() {
            object.insert("reasoning".to_owned(), json!(self.reasoning));
        }
        object.insert("stop_reason".to_owned(), self.stop.as_ref().map_or(Value::Null, stop_name));
        object.insert("usage".to_owned(), self.usage.map_or(Value::Null, usage_json));
        object.insert("conversation_id".to_owned(), json!(self.conversation_id));
        object.insert("request_id".to_owned(), json!(self.request_id));
        Value::Object(object)
    }
}

fn stop_name(stop: &StopReason) -> Value {
    json!(match stop {
        StopReason::EndTurn => "end_turn",
        StopReason::ToolCalls => "tool_calls",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence(_) => "stop_sequence",
    })
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "credits": usage.credits,
        "context_window_usage": usage.context_window_usage,
        "source": usage.source.name(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Shown;
    use crate::{
        cli::output::testing,
        turn::{ErrorKind, StopReason, TurnError, TurnEvent, Usage},
    };

    fn answer() -> Vec<TurnEvent> {
        vec![
            TurnEvent::Started { conversation_id: "c".to_owned(), request_id: "r".to_owned(), run_id: String::new() },
            TurnEvent::Reasoning("hm".to_owned()),
            TurnEvent::Text("four".to_owned()),
            TurnEvent::Usage(Usage { input_tokens: 3, output_tokens: 1, ..Usage::default() }),
            TurnEvent::Finished(StopReason::EndTurn),
        ]
    }

    fn shown(gather: bool, events: Vec<TurnEvent>) -> (Shown, String, String) {
        let (mut output, read) = testing::output(Default::default());
        let mut shown = Shown::new(gather);
        for event in events {
            shown.take(event, &mut output).unwrap();
        }
        shown.end(&mut output).unwrap();
        let (data, talk) = read();
        (shown, data, talk)
    }

    #[test]
    fn text_is_data_and_thinking_is_talk() {
        let (shown, data, talk) = shown(false, answer());
        assert_eq!((data.as_str(), talk.as_str()), ("four\n", "hm\n"));
        assert_eq!(shown.outcome(), Ok("four"));
        assert_eq!(shown.cost().as_deref(), Some("3 tokens in, 1 out (estimate)"));
    }

    #[test]
    fn json_says_everything_once() {
        let (shown, data, talk) = shown(true, answer());
        assert_eq!((data.as_str(), talk.as_str()), ("", ""));
        let object = shown.json("auto");
        assert_eq!(object["text"], "four");
        assert_eq!(object["reasoning"], "hm");
        assert_eq!(object["model"], "auto");
        assert_eq!(object["stop_reason"], "end_turn");
        assert_eq!(object["usage"]["input_tokens"], json!(3));
        assert_eq!((&object["conversation_id"], &object["request_id"]), (&json!("c"), &json!("r")));
    }

    #[test]
    fn an_answer_that_ends_badly_is_no_answer() {
        let error = TurnError::new(ErrorKind::Upstream, "broken");
        let (failed, data, _) = shown(false, vec![TurnEvent::Text("fo".to_owned()), TurnEvent::Failed(error.clone())]);
        assert_eq!((failed.outcome(), data.as_str()), (Err(error), "fo\n"));
        let (cut, ..) = shown(false, vec![TurnEvent::Text("fo".to_owned())]);
        assert_eq!(cut.outcome().unwrap_err().kind, ErrorKind::Truncated);
    }
}
