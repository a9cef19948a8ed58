//! Lets a recorder of captures see turns: every exchange with the upstream becomes a capture.
//!
//! It must not know how captures are written.

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::{
    capture::record::{About, Recorder, Recording},
    gateway::{Observer, Scope, Watch},
    turn::{Turn, TurnEvent},
    upstream::{
        payload::Payloads,
        tap::{End, Sent, Tap},
    },
};

impl Observer for Recorder {
    fn begin(&self, _turn: &Turn, scope: &Scope) -> Option<Box<dyn Watch>> {
        let about =
            About { request_id: scope.request_id.clone(), dialect: scope.dialect.to_owned(), ..About::default() };
        Some(Box::new(Recorded { recorder: self.clone(), about }))
    }
}

/// A turn whose exchanges are recorded.
struct Recorded {
    recorder: Recorder,
    about: About,
}

impl Watch for Recorded {
    fn exchange(&mut self, _account: &str, attempt: u32) -> Option<Box<dyn Tap>> {
        let about = About { exchange: attempt, ..self.about.clone() };
        Some(Box::new(self.recorder.exchange(about)))
    }

    fn heard(&mut self, _events: &[TurnEvent]) {}
}

impl Tap for Recording {
    fn sent(&mut self, sent: Sent<'_>) {
        self.request(sent.url, pairs(sent.headers), sent.body);
    }

    fn answered(&mut self, status: u16, headers: &HeaderMap) {
        self.answer(status, pairs(headers));
    }

    fn received(&mut self, bytes: &Bytes) {
        self.bytes(bytes);
    }

    fn opened(&mut self, _messages: &Payloads) {}

    fn ended(&mut self, end: End) {
        match end {
            End::Whole | End::Refused(_) => self.end(None),
            End::Broken(reason) => self.end(Some(reason)),
        }
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
