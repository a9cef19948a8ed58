//! A client that was not there: what it would have received of a recorded answer, through the encoder that serves live
//! ones. It must not know where the answer comes from.

use serde_json::Value;

use crate::{
    dialect::{Ask, Dialect, Encoder, NothingKept, Stamp},
    models::Catalogue,
    turn::{TurnError, TurnEvent},
};

/// One client of one dialect, which asked for all that there is in an answer.
pub struct Listener {
    encoder: Box<dyn Encoder>,
    out: Vec<u8>,
}

impl Listener {
    /// A client of `dialect` that wants a stream, and whose answer has the id `id`.
    ///
    /// # Errors
    /// When the dialect does not read its own plainest request.
    pub fn new(dialect: &dyn Dialect, id: &str) -> Result<Self, TurnError> {
        Self::asking(dialect, id, request(dialect.name()))
    }

    /// The same for a client that wants one body.
    ///
    /// # Errors
    /// As [`Listener::new`].
    pub fn waiting(dialect: &dyn Dialect, id: &str) -> Result<Self, TurnError> {
        let (segments, body) = request(dialect.name());
        let segments = match segments {
            ["v1beta", ..] => &["v1beta", "models", "auto:generateContent"],
            others => others,
        };
        Self::asking(dialect, id, (segments, &body.replace("\"stream\":true,", "")))
    }

    fn asking(dialect: &dyn Dialect, id: &str, (segments, body): (&[&str], &str)) -> Result<Self, TurnError> {
        let catalogue = Catalogue::default();
        let ask = Ask {
            segments,
            query: "alt=sse",
            body: body.as_bytes(),
            // Always the same, so that the same capture is always printed alike.
            stamp: Stamp { id: id.to_owned(), created: 0 },
            request_id: id,
            catalogue: &catalogue,
            kept: &NothingKept,
        };
        Ok(Self { encoder: dialect.read(ask)?.encoder, out: Vec::new() })
    }

    /// The id for an answer that begins with `event`: the upstream's own where it has one, else its number.
    pub fn id_of(event: &TurnEvent, number: usize) -> String {
        let own = match event {
            TurnEvent::Started { request_id, .. } => request_id.chars().filter(char::is_ascii_alphanumeric).collect(),
            _ => String::new(),
        };
        if own.is_empty() { format!("{number:032x}") } else { own }
    }

    /// Takes the next event of the answer.
    pub fn hear(&mut self, event: &TurnEvent) {
        self.encoder.push(0, event, &mut self.out);
    }

    /// The whole answer for a client that waits for it; an answer that failed has none.
    pub fn body(&mut self) -> Value {
        self.encoder.body()
    }

    /// What the client has received since this was asked last.
    pub fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.out)).into_owned()
    }
}

/// A request of the dialect called `name`: its path and its body.
fn request(name: &str) -> (&'static [&'static str], &'static str) {
    match name {
        "openai_responses" => (&["responses"], r#"{"model":"auto","stream":true,"input":"x"}"#),
        "anthropic" => (
            &["messages"],
            r#"{"model":"auto","stream":true,"max_tokens":100000,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"x"}]}"#,
        ),
        "gemini" => (
            &["v1beta", "models", "auto:streamGenerateContent"],
            r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#,
        ),
        _ => (
            &["chat", "completions"],
            r#"{"model":"auto","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Listener;
    use crate::{
        dialect,
        turn::{StopReason, TurnEvent},
    };

    #[test]
    fn every_dialect_has_a_client() {
        for dialect in dialect::ALL {
            let mut listener = Listener::new(*dialect, "1").ok().unwrap();
            listener.hear(&TurnEvent::Text("hello".to_owned()));
            listener.hear(&TurnEvent::Finished(StopReason::EndTurn));
            let heard = listener.take();
            assert!(heard.starts_with("data: ") || heard.starts_with("event: "), "{}: {heard}", dialect.name());
            assert!(heard.contains("hello"), "{}: {heard}", dialect.name());
            assert_eq!(listener.take(), "");
            let mut waiting = Listener::waiting(*dialect, "1").ok().unwrap();
            waiting.hear(&TurnEvent::Text("hello".to_owned()));
            waiting.hear(&TurnEvent::Finished(StopReason::EndTurn));
            assert!(waiting.take().is_empty() && waiting.body().to_string().contains("hello"), "{}", dialect.name());
        }
    }
}
