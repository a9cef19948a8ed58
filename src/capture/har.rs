//! HAR files, as browsers, mitmproxy, Proxyman and Charles export them: every exchange with the agent endpoint, and every
//! other whose answer is an event stream.
//!
//! A HAR is one JSON document. It is read entry by entry, so memory is bounded by the largest entry. It must not know
//! what is in an answer.

use std::{fmt, io::Read};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer as _,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    capture::read::{Opening, Piece, ReadError},
    schema::spelling,
};

/// Where agent turns are asked for.
const AGENT_PATH: &str = "/ai/multi-agent";
/// An answer is passed on in pieces of so many bytes.
const PIECE: usize = 64 * 1024;

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "startedDateTime", default)]
    began: Option<String>,
    /// Milliseconds in all.
    #[serde(default)]
    time: Option<f64>,
    request: Request,
    response: Response,
    #[serde(default)]
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    url: String,
    #[serde(rename = "postData", default)]
    body: Option<Content>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status: i64,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize, Default)]
struct Content {
    #[serde(rename = "mimeType", default)]
    kind: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    send: Option<f64>,
    #[serde(default)]
    wait: Option<f64>,
}

/// Reads the exchanges of a HAR and hands them to `take`.
pub(crate) fn read<E: From<ReadError>>(
    input: impl Read,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let mut refusal = None;
    let mut number = 0;
    let mut each = |entry: Entry| {
        number += 1;
        pass_on(number, entry, take).map_err(|error| refusal = Some(error)).is_ok()
    };
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let read = deserializer.deserialize_map(Outer { each: &mut each, is_log: false });
    let read = read.and_then(|()| deserializer.end());
    match (refusal, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(ReadError::Har(error.to_string()).into()),
        (None, Ok(())) => Ok(()),
    }
}

/// Hands on one entry, if it is wanted.
fn pass_on<E: From<ReadError>>(
    number: usize,
    entry: Entry,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let content = entry.response.content;
    let is_stream = content.kind.as_deref().is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"));
    let path = entry.request.url.split(['?', '#']).next().unwrap_or_default();
    if !is_stream && !path.ends_with(AGENT_PATH) {
        return Ok(());
    }
    let problem = |what: &str| Piece::Broken { offset: None, problem: format!("entry {number}: {what}") };
    let request = entry.request.body.and_then(Content::bytes);
    take(Piece::Begin(Opening { began: entry.began, url: Some(entry.request.url), request, ..Opening::default() }))?;
    let first = entry.timings.map(|timings| timings.send.unwrap_or(0.0).max(0.0) + timings.wait.unwrap_or(0.0));
    take(Piece::Answer {
        ms: milliseconds(first),
        status: u16::try_from(entry.response.status).unwrap_or_default(),
        headers: content.kind.clone().map(|kind| ("content-type".to_owned(), kind)).into_iter().collect(),
    })?;
    let is_named = content.text.is_some();
    match content.bytes() {
        Some(bytes) => {
            for start in (0..bytes.len()).step_by(PIECE) {
                let bytes = bytes.slice(start..bytes.len().min(start + PIECE));
                take(Piece::Bytes { ms: None, bytes })?;
            }
        }
        None if is_named => take(problem("its content is not the base64 that it is said to be"))?,
        None => take(problem("the program that recorded it left out the answer's content"))?,
    }
    take(Piece::End { ms: milliseconds(entry.time), broken: None })
}

fn milliseconds(time: Option<f64>) -> Option<u64> {
    let time = time.filter(|time| (0.0..1e12).contains(time))?;
    std::time::Duration::try_from_secs_f64(time / 1000.0).ok().and_then(|time| u64::try_from(time.as_millis()).ok())
}

impl Content {
    /// The bytes that the text stands for. Binary text without an encoding has one character a byte, as browsers write
    /// request bodies.
    fn bytes(self) -> Option<Bytes> {
        let text = self.text?;
        if self.encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")) {
            return spelling::base64_bytes(text.as_bytes()).ok().map(Bytes::from);
        }
        let is_protobuf = self.kind.is_some_and(|kind| kind.contains("protobuf") || kind.contains("octet-stream"));
        let narrow: Option<Vec<u8>> =
            is_protobuf.then(|| text.chars().map(|c| u8::try_from(c).ok()).collect()).flatten();
        Some(narrow.map_or_else(|| text.into(), Bytes::from))
    }
}

/// Visits `{"log": {"entries": […]}}`, whatever else stands beside these names.
struct Outer<'a> {
    each: &'a mut dyn FnMut(Entry) -> bool,
    /// False for the document, true for its `log`.
    is_log: bool,
}

impl<'de> Visitor<'de> for Outer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a HAR: {\"log\": {\"entries\": […]}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let wanted = if self.is_log { "entries" } else { "log" };
        let mut is_found = false;
        while let Some(name) = map.next_key::<String>()? {
            if name != wanted {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            is_found = true;
            match self.is_log {
                true => map.next_value_seed(Entries(&mut *self.each))?,
                false => map.next_value_seed(Outer { each: &mut *self.each, is_log: true })?,
            }
        }
        if is_found { Ok(()) } else { Err(A::Error::custom(format_args!("it has no {wanted:?}"))) }
    }
}

impl<'de> DeserializeSeed<'de> for Outer<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

struct Entries<'a>(&'a mut dyn FnMut(Entry) -> bool);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element::<Entry>()? {
            if !(self.0)(entry) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
