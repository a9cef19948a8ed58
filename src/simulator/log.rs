//! What the simulator was sent, for tests and for people who debug: bounded in number and in bytes. Credentials are
//! left out. It must not know what a request means.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::Value;

use crate::simulator::check::Endpoint;
use crate::simulator::conversation::Replay;

/// Requests kept at most.
const REQUESTS: usize = 256;
/// Bytes of bodies kept at most.
const BYTES: usize = 64 * 1024 * 1024;

/// One request to an agent endpoint.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path it came to.
    pub path: &'static str,
    /// Its headers, names in lower case; without the credentials.
    pub headers: Vec<(String, String)>,
    /// Its body as it came.
    pub body: Bytes,
    /// Its body decoded; null when it was refused before that.
    pub json: Value,
    /// How its tasks compare with what the conversation's client was sent.
    pub replay: Replay,
    /// The name of the account it was made for; empty for the plain one, and when it was refused before that was known.
    pub account: String,
    /// The status it was answered with.
    pub status: u16,
}

impl Received {
    pub(crate) fn new(endpoint: Endpoint, headers: &HeaderMap, body: Bytes) -> Self {
        let shown = headers.iter().filter(|(name, _)| *name != header::AUTHORIZATION && *name != header::COOKIE);
        let headers = shown
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let path = match endpoint {
            Endpoint::Agent => "/ai/multi-agent",
            Endpoint::Suggestions => "/ai/passive-suggestions",
        };
        Self { path, headers, body, json: Value::Null, replay: Replay::New, account: String::new(), status: 0 }
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The last requests.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<VecDeque<Received>>);

impl Log {
    pub(crate) fn add(&self, received: Received) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(received);
        while all.len() > 1
            && (all.len() > REQUESTS || all.iter().map(|received| received.body.len()).sum::<usize>() > BYTES)
        {
            all.pop_front();
        }
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_keeps_no_credential() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer wk-simulator".parse().unwrap());
        headers.insert("x-warp-client-id", "me".parse().unwrap());
        let log = Log::default();
        for _ in 0..300 {
            log.add(Received::new(Endpoint::Agent, &headers, Bytes::new()));
        }
        assert_eq!(log.all().len(), REQUESTS);
        assert_eq!(log.all()[0].headers, [("x-warp-client-id".to_owned(), "me".to_owned())]);
        for _ in 0..3 {
            log.add(Received::new(Endpoint::Agent, &headers, Bytes::from(vec![0; BYTES / 2 + 1])));
        }
        assert_eq!(log.all().len(), 1);
    }
}
