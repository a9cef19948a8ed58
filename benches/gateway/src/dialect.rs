//! How each API asks for an answer, and what a whole one of it is. `raw` is the upstream's own.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::{answer::Answer, scan::Spelling};

/// An API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The upstream's own.
    Raw,
    /// OpenAI Chat Completions.
    OpenaiChat,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini.
    Gemini,
}

/// All of them.
pub const ALL: [Dialect; 5] =
    [Dialect::Raw, Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Anthropic, Dialect::Gemini];

impl Dialect {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// The one of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        ALL.into_iter().find(|dialect| dialect.name() == name).with_context(|| format!("no dialect {name:?}"))
    }

    /// Where it is asked.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Raw => "/ai/multi-agent",
            Self::OpenaiChat => "/v1/chat/completions",
            Self::OpenaiResponses => "/v1/responses",
            Self::Anthropic => "/v1/messages",
            Self::Gemini => "/v1beta/models/auto:streamGenerateContent?alt=sse",
        }
    }

    /// The body of a request that says `words`.
    #[must_use]
    pub fn body(self, words: &str) -> String {
        let message = json!([{"role": "user", "content": words}]);
        let body = match self {
            Self::Raw => return words.to_owned(),
            Self::OpenaiChat => json!({"model": "auto", "stream": true, "messages": message}),
            Self::OpenaiResponses => json!({"model": "auto", "stream": true, "store": false, "input": message}),
            Self::Anthropic => json!({"model": "auto", "stream": true, "max_tokens": 100_000, "messages": message}),
            Self::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": words}]}]}),
        };
        body.to_string()
    }

    /// The type of that body.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        if self == Self::Raw { "application/x-protobuf" } else { "application/json" }
    }

    /// How the texts stand in an answer.
    #[must_use]
    pub fn spelling(self) -> Spelling {
        if self == Self::Raw { Spelling::Frames } else { Spelling::Plain }
    }

    /// What must stand in the last bytes of a whole answer. The final event of Responses is larger than what is kept of
    /// the end, but it repeats all texts, so that an answer without it has too few of them.
    #[must_use]
    pub fn end_mark(self, answer: &Answer) -> Vec<u8> {
        match self {
            Self::Raw => answer.tail().last().map(|frame| frame.to_vec()).unwrap_or_default(),
            Self::OpenaiChat => b"data: [DONE]\n\n".to_vec(),
            Self::OpenaiResponses => b"}\n\n".to_vec(),
            Self::Anthropic => b"\"type\":\"message_stop\"".to_vec(),
            Self::Gemini => b"\"finishReason\":\"STOP\"".to_vec(),
        }
    }

    /// Reads a whole answer and gives the text in it.
    ///
    /// # Errors
    /// When it is not whole, or not of this dialect.
    pub fn text_of(self, body: &[u8], answer: &Answer) -> anyhow::Result<String> {
        if self == Self::Raw {
            return raw_text(body, answer);
        }
        let body = std::str::from_utf8(body).context("the answer is not text")?;
        ensure!(body.ends_with("\n\n"), "the last event is cut off");
        let (mut text, mut ended) = (String::new(), None);
        for frame in body.split("\n\n") {
            for line in frame.lines() {
                let Some(data) = line.strip_prefix("data: ") else { continue };
                if data == "[DONE]" {
                    ensure!(ended.is_some(), "the stream is done before the answer is");
                    ended = Some(true);
                    continue;
                }
                let event: Value = serde_json::from_str(data).with_context(|| format!("no JSON: {data}"))?;
                ensure!(event.get("error").is_none_or(Value::is_null), "the answer failed: {event}");
                self.event(&event, &mut text, &mut ended)?;
            }
        }
        match ended {
            Some(true) => Ok(text),
            Some(false) => bail!("the answer has its end, but the stream has not"),
            None => bail!("the answer has no end"),
        }
    }

    /// Takes one event: its text, and whether it ends the answer (`Some(false)`) and the stream too (`Some(true)`).
    fn event(self, event: &Value, text: &mut String, ended: &mut Option<bool>) -> anyhow::Result<()> {
        let string = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        match self {
            Self::Raw => {}
            Self::OpenaiChat => {
                text.push_str(string("/choices/0/delta/content").unwrap_or_default());
                if string("/choices/0/finish_reason") == Some("stop") {
                    *ended = Some(false);
                }
            }
            Self::OpenaiResponses => match string("/type").unwrap_or_default() {
                "response.output_text.delta" => text.push_str(string("/delta").unwrap_or_default()),
                "response.completed" => {
                    let said = string("/response/output/0/content/0/text");
                    ensure!(said == Some(text), "the completed answer says something else than the stream: {said:?}");
                    *ended = Some(true);
                }
                _ => {}
            },
            Self::Anthropic => match string("/type").unwrap_or_default() {
                "content_block_delta" => text.push_str(string("/delta/text").unwrap_or_default()),
                "message_delta" => ensure!(string("/delta/stop_reason") == Some("end_turn"), "it stopped: {event}"),
                "message_stop" => *ended = Some(true),
                _ => {}
            },
            Self::Gemini => {
                text.push_str(string("/candidates/0/content/parts/0/text").unwrap_or_default());
                if string("/candidates/0/finishReason") == Some("STOP") {
                    *ended = Some(true);
                }
            }
        }
        Ok(())
    }
}

/// The upstream's own answer, which must be what the upstream has, frame by frame.
fn raw_text(body: &[u8], answer: &Answer) -> anyhow::Result<String> {
    let mut rest = body;
    let mut take = |frame: &[u8]| rest.strip_prefix(frame).map(|behind| rest = behind).is_some();
    ensure!(answer.head().iter().all(|frame| take(frame)), "the answer begins with other frames than expected");
    let mut text = String::new();
    let plain = |place| answer.text(place, false);
    let mut place = 0;
    while take(&plain(place)) {
        text.push_str(std::str::from_utf8(&answer.text_of(&plain(place)).context("no text")?)?);
        place += 1;
    }
    ensure!(answer.tail().iter().all(|frame| take(frame)), "the answer ends with other frames than expected");
    ensure!(rest.is_empty(), "there is more than the answer");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp;

    /// A whole answer of each dialect, as the gateway was seen to give it, shortened.
    fn whole(dialect: Dialect) -> String {
        let text = "~0123456789abcde";
        match dialect {
            Dialect::Raw => String::from_utf8(Answer::recorded().unwrap().whole(1)).unwrap(),
            Dialect::OpenaiChat => format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n\
                 data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
            ),
            Dialect::OpenaiResponses => format!(
                "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\"}}\n\n\
                 event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{{\"output\":[{{\"content\":\
                 [{{\"text\":\"{text}\"}}]}}]}}}}\n\n"
            ),
            Dialect::Anthropic => format!(
                "data: {{\"type\":\"content_block_delta\",\"delta\":{{\"text\":\"{text}\"}}}}\n\n\
                 data: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}}}}\n\n\
                 data: {{\"type\":\"message_stop\"}}\n\n"
            ),
            Dialect::Gemini => format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}]}}\n\n\
                 data: {{\"candidates\":[{{\"finishReason\":\"STOP\"}}]}}\n\n"
            ),
        }
    }

    #[test]
    fn a_whole_answer_is_told_from_one_that_is_cut_anywhere() {
        let answer = Answer::recorded().unwrap();
        for dialect in ALL {
            let body = whole(dialect);
            let text = dialect.text_of(body.as_bytes(), &answer).unwrap();
            assert_eq!(text.as_bytes(), stamp::PLAIN, "{}", dialect.name());
            let mark = dialect.end_mark(&answer);
            assert!(memchr::memmem::find(body.as_bytes(), &mark).is_some(), "{}", dialect.name());
            for length in 0..body.len() {
                let cut = dialect.text_of(&body.as_bytes()[..length], &answer);
                assert!(cut.is_err(), "{} at {length}: {cut:?}", dialect.name());
            }
        }
    }

    #[test]
    fn an_answer_that_failed_is_none() {
        let answer = Answer::recorded().unwrap();
        let body = "data: {\"error\":{\"message\":\"x\"}}\n\ndata: [DONE]\n\n";
        assert!(Dialect::OpenaiChat.text_of(body.as_bytes(), &answer).is_err());
        assert!(Dialect::named("raw").is_ok() && Dialect::named("smoke").is_err());
    }
}
