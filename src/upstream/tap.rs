//! Hears an exchange with the upstream as it happens, bytes and all.
//!
//! It must not change anything, nor keep anyone waiting. It never sees a bearer.

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::upstream::payload::Payloads;

/// A request as it goes out, without what authorises it.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Where it goes.
    pub url: &'a str,
    /// Its headers; the one with the bearer is not among them.
    pub headers: &'a HeaderMap,
    /// The wire bytes of the request message.
    pub body: &'a Bytes,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With its last byte. Whether the stream in it was whole is another question.
    Whole,
    /// With its last byte, and it was a refusal.
    Refused(String),
    /// It broke off, or never came.
    Broken(String),
}

/// Hears one exchange. One that is dropped before [`Tap::ended`] was called off by us.
pub trait Tap: Send + Sync {
    /// The request goes out.
    fn sent(&mut self, sent: Sent<'_>);
    /// An answer begins.
    fn answered(&mut self, status: u16, headers: &HeaderMap);
    /// Bytes of its body, as they came.
    fn received(&mut self, bytes: &Bytes);
    /// The messages that these bytes completed, opened to wire bytes.
    fn opened(&mut self, messages: &Payloads);
    /// It is over.
    fn ended(&mut self, end: End);
}

/// Everyone who hears one exchange; usually nobody.
#[derive(Default)]
pub struct Taps(Vec<Box<dyn Tap>>);

impl Taps {
    /// Lets `taps` hear it.
    #[must_use]
    pub fn new(taps: Vec<Box<dyn Tap>>) -> Self {
        Self(taps)
    }

    /// True when nobody hears it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells all.
    pub(super) fn tell(&mut self, what: impl Fn(&mut dyn Tap)) {
        for tap in &mut self.0 {
            what(tap.as_mut());
        }
    }
}

impl std::fmt::Debug for Taps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} taps", self.0.len())
    }
}
