//! Length-delimited series: messages back to back, each behind its length as a varint, as protobuf's own tools write
//! them. Nothing in the bytes says that they are a series, so it has to be found out. It must not know any message type.

use crate::schema::error::{DecodeError, DecodeProblem, SchemaError};
use crate::schema::wire::{self, Cursor};
use crate::schema::{MAX_MESSAGE_BYTES, wire::put_raw_varint};

/// A message off the front of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The message.
    pub message: &'a [u8],
    /// How many bytes it took, its length prefix included.
    pub taken: usize,
}

/// The first message of `bytes`, which may be the beginning of more; `None` when it is not all there yet.
///
/// # Errors
/// When there is no length at the front, or one larger than [`MAX_MESSAGE_BYTES`].
pub fn first(bytes: &[u8]) -> Result<Option<Item<'_>>, SchemaError> {
    let mut cursor = Cursor::new(bytes);
    let length = match cursor.varint() {
        Ok(length) => length,
        Err(DecodeError { problem: DecodeProblem::Truncated, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let start = cursor.position();
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_MESSAGE_BYTES);
    let length = length.ok_or(DecodeError::new(0, DecodeProblem::TooLarge(MAX_MESSAGE_BYTES)))?;
    let end = start.saturating_add(length);
    Ok(bytes.get(start..end).map(|message| Item { message, taken: end }))
}

/// Appends a message with its length in front.
pub fn put(out: &mut Vec<u8>, message: &[u8]) {
    put_raw_varint(out, message.len() as u64);
    out.extend_from_slice(message);
}

/// What bytes are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// One message.
    Message,
    /// Messages behind their lengths.
    Series,
    /// It reads both ways so far: more bytes will tell.
    Either,
    /// It is no message, and the first of a series is not all there yet.
    Unfinished,
}

/// What `bytes` are: the whole input if `at_end`, else its beginning. `fits` says whether bytes make full sense as a
/// message. Bytes that do as one message are one, and so are bytes that make sense in neither way.
pub fn tell(bytes: &[u8], at_end: bool, fits: impl Fn(&[u8]) -> bool) -> Taken {
    let as_series = series_length(bytes, at_end, &fits);
    let as_message = complete_fields(bytes, at_end).is_some_and(&fits);
    match (as_message, as_series) {
        (_, None) => Taken::Message,
        (true, Some(_)) if at_end => Taken::Message,
        (true, Some(_)) => Taken::Either,
        (false, Some(0)) => Taken::Unfinished,
        (false, Some(_)) => Taken::Series,
    }
}

/// How many messages `bytes` hold if they are a series; `None` when they are not.
fn series_length(mut bytes: &[u8], at_end: bool, fits: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut count = 0;
    while !bytes.is_empty() {
        match first(bytes) {
            Ok(Some(item)) if fits(item.message) => {
                count += 1;
                bytes = bytes.get(item.taken..).unwrap_or_default();
            }
            Ok(None) if !at_end => return Some(count),
            Ok(Some(_) | None) | Err(_) => return None,
        }
    }
    (count > 0 || !at_end).then_some(count)
}

/// The fields of `bytes` that are all there; `None` when the bytes are no fields.
fn complete_fields(bytes: &[u8], at_end: bool) -> Option<&[u8]> {
    let mut fields = wire::fields(bytes);
    let mut end = 0;
    while let Some(field) = fields.next_field() {
        match field {
            Ok(_) => end = fields.position(),
            Err(error) if !at_end && ends_early(error.problem) => break,
            Err(_) => return None,
        }
    }
    bytes.get(..end)
}

fn ends_early(problem: DecodeProblem) -> bool {
    matches!(problem, DecodeProblem::Truncated | DecodeProblem::LengthOverrun { .. } | DecodeProblem::UnclosedGroup(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schema, count_unknown, decode};

    const DONE: &[u8] = &[0x1a, 0x02, 0x12, 0x00];
    const INIT: &[u8] = &[0x0a, 0x08, 0x0a, 0x02, b'c', b'1', 0x12, 0x02, b'r', b'1'];

    fn fits(bytes: &[u8]) -> bool {
        let descriptor = Schema::embedded().message("ResponseEvent").unwrap();
        decode(&descriptor, bytes).is_ok_and(|message| count_unknown(&message) == 0)
    }

    fn series(messages: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        messages.iter().for_each(|message| put(&mut out, message));
        out
    }

    #[test]
    fn a_series_reads_back() {
        let bytes = series(&[INIT, b"", DONE]);
        let mut rest = bytes.as_slice();
        for expected in [INIT, b"", DONE] {
            let item = first(rest).unwrap().unwrap();
            assert_eq!(item.message, expected);
            rest = &rest[item.taken..];
        }
        assert_eq!(first(rest).unwrap(), None);
        assert_eq!(first(&[5, 1]).unwrap(), None);
        assert!(first(&[0xff; 11]).is_err());
        assert!(first(&[0xff, 0xff, 0xff, 0xff, 0x7f]).unwrap_err().to_string().contains("larger than"));
    }

    #[test]
    fn series_and_messages_are_told_apart() {
        for messages in [&[DONE][..], &[INIT], &[INIT, DONE], &[b"", DONE], &[b""]] {
            assert_eq!(tell(&series(messages), true, fits), Taken::Series, "{messages:?}");
        }
        for message in [DONE, INIT, b"", &[INIT, DONE].concat(), &[0xff, 0xff], &series(&[&[0xff]])] {
            assert_eq!(tell(message, true, fits), Taken::Message, "{message:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_yet_waits_for_more() {
        let bytes = series(&[INIT, DONE]);
        // 10 is the length of the first message, and the tag of a field that is a message.
        assert_eq!(tell(&bytes[..1], false, fits), Taken::Either);
        assert_eq!(tell(&bytes[..11], false, fits), Taken::Either);
        assert_eq!(tell(&series(&[DONE]), false, fits), Taken::Series);
        assert_eq!(tell(b"", false, fits), Taken::Either);
        assert_eq!(tell(DONE, false, fits), Taken::Either);
    }
}
