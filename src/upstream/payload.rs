//! The `data` of an upstream's server-sent events to the wire bytes of `ResponseEvent`s (`WARP-PROTOCOL.md` §1.4).
//!
//! The upstream writes URL-safe base64; captures and other servers also hold standard base64, hex, quotes and a mark
//! at the end, and all of that is read. It must not know what a response event means.

use std::ops::Range;

use bytes::Bytes;

use crate::schema::{SchemaError, spelling};

/// What some servers send where a stream ends.
const DONE_MARK: &str = "[DONE]";

/// A buffer larger than this many bytes is not kept for the next reading.
const KEPT_CAPACITY: usize = 64 * 1024;

/// The payloads of one reading of the upstream, in one buffer that is used again.
#[derive(Debug, Default)]
pub struct Payloads {
    bytes: Vec<u8>,
    /// Where each payload ends in `bytes`.
    ends: Vec<usize>,
}

impl Payloads {
    /// Adds what `data` spells; nothing when it spells nothing.
    ///
    /// # Errors
    /// When the text is no spelling of bytes; nothing is added.
    pub fn push(&mut self, data: &str) -> Result<(), SchemaError> {
        if let Some(text) = significant(data) {
            spelling::decode_text_into(text, &mut self.bytes)?;
            self.ends.push(self.bytes.len());
        }
        Ok(())
    }

    /// The payloads in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges().map(|range| self.bytes.get(range).unwrap_or_default())
    }

    /// Where they are in `bytes`.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| start..*end)
    }

    /// The same for whoever keeps them: copied at once, and all in one piece of memory.
    pub fn shared(&self) -> impl Iterator<Item = Bytes> {
        let whole = Bytes::copy_from_slice(&self.bytes);
        self.ranges().map(move |range| whole.slice(range))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets them all, and keeps the room for others.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_CAPACITY);
        self.ends.clear();
    }
}

/// The bytes that `data` spells, or `None` when it spells nothing.
///
/// # Errors
/// When the text is no spelling of bytes.
pub fn decode(data: &str) -> Result<Option<Bytes>, SchemaError> {
    let decoded = significant(data).map(spelling::decode_text).transpose()?;
    Ok(decoded.map(Bytes::from))
}

/// The text that spells something, if there is any.
fn significant(data: &str) -> Option<&[u8]> {
    let text = data.trim();
    (!text.is_empty() && text != DONE_MARK).then_some(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Payloads;

    #[test]
    fn payloads_stand_one_behind_the_other_until_they_are_cleared() {
        let mut payloads = Payloads::default();
        for data in ["AAE=", " [DONE] ", "", "\"/w\"", "0aff"] {
            payloads.push(data).unwrap();
        }
        assert!(payloads.push("no spelling!").is_err());
        assert_eq!(payloads.iter().collect::<Vec<_>>(), [&[0, 1][..], &[0xff], &[0x0a, 0xff]]);
        assert!(payloads.shared().eq(payloads.iter().map(bytes::Bytes::copy_from_slice)));
        payloads.clear();
        assert!(payloads.is_empty() && payloads.iter().next().is_none());
    }
}
