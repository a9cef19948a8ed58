//! Our own capture file: one exchange, one JSON object a line, in the order in which things happened.
//!
//! ```json
//! {"warp2api_capture":{"version":1,"program":"warp2api 0.1.0","began":"2026-01-31T12:00:00Z","redacted":true}}
//! {"request":{"url":"https://…","headers":[["accept","text/event-stream"]],"body":{"base64":"GggKBg…"}}}
//! {"answer":{"ms":310,"status":200,"headers":[["content-type","text/event-stream"]]}}
//! {"bytes":{"ms":311,"body":{"text":"data: CggKAmMxEgJyMQ==\n\n"}}}
//! {"end":{"ms":900}}
//! ```
//!
//! Only whole lines are ever added, so a file whose writer was killed lacks its end and at most the last line is cut.
//! Times are in milliseconds since the request went out. It must not know what is in the bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::schema::spelling::{self, Spelling};

/// The version of this form.
pub const VERSION: u32 = 1;

/// How every capture begins.
pub(crate) const MARK: &[u8] = br#"{"warp2api_capture""#;

/// How the names of our own files end.
pub const SUFFIX: &str = ".capture.jsonl";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first: what this is.
    #[serde(rename = "warp2api_capture")]
    Header(Header),
    /// What was sent.
    Request(Request),
    /// An answer began.
    Answer(Answer),
    /// Bytes of its body.
    Bytes(Piece),
    /// It is over.
    End(End),
}

/// What the file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the form.
    pub version: u32,
    /// What recorded it.
    pub program: String,
    /// When the request went out, RFC 3339.
    pub began: String,
    /// True when what people wrote was replaced.
    pub redacted: bool,
    /// Which request of a client it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// The dialect of that client.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dialect: String,
    /// Which exchange of that request it is, from 1.
    #[serde(default)]
    pub exchange: u32,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Header names, in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The wire bytes of the request message.
    pub body: Body,
}

/// The beginning of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When it came.
    pub ms: u64,
    /// HTTP status.
    pub status: u16,
    /// Header names, in lower case, with their values.
    pub headers: Vec<(String, String)>,
}

/// Bytes as they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// When they came.
    pub ms: u64,
    /// The bytes.
    pub body: Body,
}

/// The end of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When it came.
    pub ms: u64,
    /// Why the recording is not whole; nothing when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Whoever asked had heard enough before the connection ended: all of the answer, or their client went away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub called_off: bool,
}

/// Bytes in JSON: as text where they are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything.
    Base64(String),
}

impl Body {
    /// The form for `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::base64(bytes),
        }
    }

    /// Base64, whatever the bytes are.
    #[must_use]
    pub fn base64(bytes: &[u8]) -> Self {
        Self::Base64(String::from_utf8_lossy(&spelling::encode(bytes, Spelling::Base64)).into_owned())
    }

    /// The bytes; `None` when the base64 is none.
    #[must_use]
    pub fn bytes(self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Base64(text) => spelling::base64_bytes(text.as_bytes()).ok().map(Bytes::from),
        }
    }
}

impl Line {
    /// The line as it stands in the file, its line feed included.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers always have a JSON form.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, End, Header, Line, MARK, VERSION};

    #[test]
    fn a_file_begins_with_its_mark() {
        let header = Header {
            version: VERSION,
            program: "x".to_owned(),
            began: String::new(),
            redacted: true,
            request_id: String::new(),
            dialect: String::new(),
            exchange: 1,
        };
        assert!(Line::Header(header).to_bytes().starts_with(MARK));
        assert_eq!(Line::End(End { ms: 5, broken: None, called_off: false }).to_bytes(), b"{\"end\":{\"ms\":5}}\n");
    }

    #[test]
    fn bytes_come_back() {
        for bytes in [&b"data: x\n\n"[..], b"\xe4\xbd", b"", "\u{2028}\0\"".as_bytes()] {
            assert_eq!(Body::of(bytes).bytes().unwrap(), bytes);
            assert_eq!(Body::base64(bytes).bytes().unwrap(), bytes);
        }
        assert_eq!(Body::Base64("?".to_owned()).bytes(), None);
    }
}
