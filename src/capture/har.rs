//! HAR files, as browsers, mitmproxy, Proxyman and Charles export them: every exchange with the agent endpoint, and every
//! other whose answer is an event stream.
//!
//! Programs differ in what they write, so little is asked of an entry, and one that makes no sense spoils no other. A HAR
//! is one JSON document. It is read entry by entry, so memory is bounded by the largest entry. It must not know what is in
//! an answer.

use std::{fmt, io::Read};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer as _,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    capture::read::{Opening, Piece, ReadError},
    schema::spelling,
};

/// Where agent turns are asked for.
const AGENT_PATH: &str = "/ai/multi-agent";
/// An answer is passed on in pieces of so many bytes.
const PIECE: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(expecting = "an exchange")]
struct Entry {
    #[serde(rename = "startedDateTime", default)]
    began: Option<Text>,
    /// Milliseconds in all.
    #[serde(default)]
    time: Option<f64>,
    request: Request,
    #[serde(default)]
    response: Option<Response>,
    #[serde(default)]
    timings: Option<Timings>,
}

#[derive(Deserialize)]
#[serde(expecting = "a request")]
struct Request {
    #[serde(default)]
    url: Option<Text>,
    #[serde(rename = "postData", default)]
    body: Option<Content>,
    /// Bytes of the body; -1 where that is not known.
    #[serde(rename = "bodySize", default)]
    size: Option<i64>,
}

#[derive(Deserialize, Default)]
struct Response {
    #[serde(default)]
    status: Option<i64>,
    #[serde(default)]
    headers: Option<Vec<Header>>,
    #[serde(default)]
    content: Option<Content>,
    /// Why it was cut off or never came, as browsers and mitmproxy say it.
    #[serde(rename = "_error", default)]
    error: Option<Text>,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    name: Option<Text>,
    #[serde(default)]
    value: Option<Text>,
}

#[derive(Deserialize, Default)]
struct Content {
    #[serde(rename = "mimeType", default)]
    kind: Option<Text>,
    #[serde(default)]
    text: Option<Text>,
    #[serde(default)]
    encoding: Option<Text>,
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    send: Option<f64>,
    #[serde(default)]
    wait: Option<f64>,
}

/// A text as it stands in the file. Where the bytes that a program recorded were no text, it may have written halves of
/// characters, as Python does: U+DC80 to U+DCFF stand for the bytes from 0x80.
struct Text(Vec<u8>);

impl Text {
    /// The bytes that it stands for.
    fn bytes(self) -> Vec<u8> {
        if std::str::from_utf8(&self.0).is_ok() {
            return self.0;
        }
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_slice();
        while let Some((&first, after)) = rest.split_first() {
            rest = match rest {
                [0xed, high @ 0xb2..=0xb3, low @ 0x80..=0xbf, after @ ..] => {
                    bytes.push(((high & 1) << 6) | (low & 0x3f) | 0x80);
                    after
                }
                _ => {
                    bytes.push(first);
                    after
                }
            };
        }
        bytes
    }

    /// The text, whatever of it is none replaced.
    fn text(self) -> String {
        String::from_utf8(self.bytes()).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Reads the exchanges of a HAR and hands them to `take`.
pub(crate) fn read<E: From<ReadError>>(
    input: impl Read,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let mut refusal = None;
    let mut number = 0;
    let mut each = |entry: &RawValue| {
        number += 1;
        let passed = match serde_json::from_str(entry.get()) {
            Ok(entry) => pass_on(number, entry, take),
            Err(error) => take(problem(number, &format!("it is not what a HAR holds: {error}"))),
        };
        passed.map_err(|error| refusal = Some(error)).is_ok()
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

fn problem(number: usize, what: &str) -> Piece {
    Piece::Broken { offset: None, problem: format!("entry {number}: {what}") }
}

/// Hands on one entry, if it is wanted.
fn pass_on<E: From<ReadError>>(
    number: usize,
    entry: Entry,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let mut response = entry.response.unwrap_or_default();
    let kind = response.kind();
    let is_stream = kind.as_deref().is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"));
    let url = entry.request.url.map(Text::text).unwrap_or_default();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    if !is_stream && !path.ends_with(AGENT_PATH) {
        return Ok(());
    }
    let size = entry.request.size.and_then(|size| usize::try_from(size).ok());
    let request = entry.request.body.and_then(|body| body.request(size));
    let began = entry.began.map(Text::text);
    take(Piece::Begin(Opening { began, url: Some(url), request, ..Opening::default() }))?;
    let broken = response.error.map(Text::text).filter(|error| !error.is_empty());
    // Programs write 0 where there was no answer.
    let Some(status) = response.status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status > 0)
    else {
        let why = broken.map(|error| format!(": {error}")).unwrap_or_default();
        take(problem(number, &format!("there was no answer{why}")))?;
        return take(Piece::End { ms: None, broken: None });
    };
    let first = entry.timings.map(|timings| timings.send.unwrap_or(0.0).max(0.0) + timings.wait.unwrap_or(0.0));
    let headers = kind.map(|kind| ("content-type".to_owned(), kind)).into_iter().collect();
    take(Piece::Answer { ms: milliseconds(first), status, headers })?;
    match response.content.unwrap_or_default().answer() {
        Ok(bytes) => {
            for start in (0..bytes.len()).step_by(PIECE) {
                let bytes = bytes.slice(start..bytes.len().min(start + PIECE));
                take(Piece::Bytes { ms: None, bytes })?;
            }
        }
        Err(what) => take(problem(number, what))?,
    }
    take(Piece::End { ms: milliseconds(entry.time), broken })
}

impl Response {
    /// Its content type, wherever it is written.
    fn kind(&mut self) -> Option<String> {
        let kind = self.content.as_mut().and_then(|content| content.kind.take()).map(Text::text);
        kind.filter(|kind| !kind.is_empty()).or_else(|| {
            let mut headers = self.headers.take()?.into_iter();
            let is_kind = |name: Text| name.0.eq_ignore_ascii_case(b"content-type");
            headers
                .find_map(|header| header.name.is_some_and(is_kind).then_some(header.value).flatten())
                .map(Text::text)
        })
    }
}

fn milliseconds(time: Option<f64>) -> Option<u64> {
    let time = time.filter(|time| (0.0..1e12).contains(time))?;
    std::time::Duration::try_from_secs_f64(time / 1000.0).ok().and_then(|time| u64::try_from(time.as_millis()).ok())
}

impl Content {
    fn is_base64(&self) -> bool {
        self.encoding.as_ref().is_some_and(|encoding| encoding.0.eq_ignore_ascii_case(b"base64"))
    }

    /// The bytes of a request's body, of which there are `size` where that is known. Binary text without an encoding has
    /// one character a byte, as browsers and mitmproxy write it, unless the size says that it was read as UTF-8; some
    /// programs do not say that it is base64, which no message looks like.
    fn request(self, size: Option<usize>) -> Option<Bytes> {
        let is_base64 = self.is_base64();
        let text = self.text?.bytes();
        if is_base64 || text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
            return spelling::base64_bytes(&text).ok().map(Bytes::from);
        }
        let kind = self.kind.map(Text::text).unwrap_or_default();
        let is_binary = kind.contains("protobuf") || kind.contains("octet-stream");
        let characters = std::str::from_utf8(&text).ok().filter(|_| is_binary);
        let narrow: Option<Vec<u8>> = characters.and_then(|text| text.chars().map(|c| u8::try_from(c).ok()).collect());
        let narrow = narrow.filter(|narrow| size != Some(text.len()) || size == Some(narrow.len()));
        Some(Bytes::from(narrow.unwrap_or(text)))
    }

    /// The bytes of an answer, or what is wrong with it.
    fn answer(self) -> Result<Bytes, &'static str> {
        let is_base64 = self.is_base64();
        let text = self.text.ok_or("the program that recorded it left out the answer's content")?.bytes();
        if text.is_empty() {
            return Err("the program that recorded it kept nothing of the answer; \
                        it may have passed it on piece by piece, as mitmproxy does with stream_large_bodies");
        }
        let bytes = match is_base64 {
            true => spelling::base64_bytes(&text).map_err(|_| "its content is not the base64 that it is said to be")?,
            // No event is without a colon, and base64 has none: some programs do not say that it is base64.
            false if !text.contains(&b':') => spelling::base64_bytes(&text).unwrap_or(text),
            false => text,
        };
        match bytes.starts_with(&[0x1f, 0x8b]) {
            true => Err("the program that recorded it left the answer compressed"),
            false => Ok(Bytes::from(unchunked(&bytes).unwrap_or(bytes))),
        }
    }
}

/// What is in the chunks of a transfer, for programs that leave them in; `None` when `bytes` are no whole chunks.
fn unchunked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").filter(|end| (1..=8).contains(end))?;
        let (line, after) = rest.split_at(end);
        let length = usize::from_str_radix(std::str::from_utf8(line).ok()?, 16).ok()?;
        let after = after.get(2..)?;
        if length == 0 {
            return Some(all);
        }
        all.extend_from_slice(after.get(..length)?);
        rest = after.get(length..)?.strip_prefix(b"\r\n")?;
    }
}

/// Visits `{"log": {"entries": […]}}`, whatever else stands beside these names.
struct Outer<'a> {
    each: &'a mut dyn FnMut(&RawValue) -> bool,
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

struct Entries<'a>(&'a mut dyn FnMut(&RawValue) -> bool);

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
        while let Some(entry) = list.next_element::<Box<RawValue>>()? {
            if !(self.0)(&entry) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
