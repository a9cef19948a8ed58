//! What input of unknown origin looks like, judged by its beginning: an event stream, text that spells bytes, or the
//! bytes themselves. It must not know how any of them is read.

use crate::schema::spelling;

/// What input looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Server-sent events.
    Events,
    /// Hex or base64.
    Text,
    /// Bytes as they are.
    Bytes,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The form of the input that begins with `head`: at best its whole first line.
pub fn of(head: &[u8]) -> Form {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head).trim_ascii_start();
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let is_field = ["data:", "event:", "id:", "retry:"].iter().any(|field| line.starts_with(field.as_bytes()));
    // A comment is any readable line behind a colon.
    let is_comment = line.starts_with(b":") && line.iter().all(|byte| (b' '..0x7f).contains(byte));
    if is_field || is_comment {
        Form::Events
    } else if spelling::is_text(head) {
        Form::Text
    } else {
        Form::Bytes
    }
}

/// Whether `head` holds a byte that no text has, so that more of the input would not change its form.
pub fn is_binary(head: &[u8]) -> bool {
    let is_marked = BYTE_ORDER_MARK.starts_with(head.get(..head.len().min(BYTE_ORDER_MARK.len())).unwrap_or_default());
    let text = if is_marked { head.get(BYTE_ORDER_MARK.len()..).unwrap_or_default() } else { head };
    text.iter().any(|byte| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_their_beginning() {
        for head in [&b"data: x"[..], b"\xEF\xBB\xBFevent:data\r\n", b"\n\nid: 1", b": hello\ndata", b"retry:1"] {
            assert_eq!(of(head), Form::Events, "{head:?}");
        }
        for head in [&b"GgISAA=="[..], b"1a02", b"\"GgISAA\"\n"] {
            assert_eq!(of(head), Form::Text, "{head:?}");
        }
        for head in [&b""[..], b"\x1a\x02", b":\x01\x02", b"{}"] {
            assert_eq!(of(head), Form::Bytes, "{head:?}");
        }
        assert!(is_binary(b"\n\x08") && is_binary(b"ab\xff") && is_binary(b"\xEF\xBB\xBF\x01"));
        assert!(!is_binary(b"") && !is_binary(b"\xEF\xBB") && !is_binary(b"\xEF\xBB\xBFdata: \t\r\n"));
    }
}
