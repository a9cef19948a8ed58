//! The `data` of an upstream's server-sent event to the wire bytes of a `ResponseEvent` (`WARP-PROTOCOL.md` §1.4).
//!
//! The upstream writes URL-safe base64; captures and other servers also hold standard base64, hex, quotes and a mark
//! at the end, and all of that is read. It must not know what a response event means.

use bytes::Bytes;

use crate::schema::{SchemaError, spelling};

/// What some servers send where a stream ends.
const DONE_MARK: &str = "[DONE]";

/// The bytes that `data` spells, or `None` when it spells nothing.
///
/// # Errors
/// When the text is no spelling of bytes.
pub fn decode(data: &str) -> Result<Option<Bytes>, SchemaError> {
    let text = data.trim();
    if text.is_empty() || text == DONE_MARK {
        return Ok(None);
    }
    spelling::decode_text(text.as_bytes()).map(|bytes| Some(bytes.into()))
}
