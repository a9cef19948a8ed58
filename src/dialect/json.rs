//! Writes JSON text by hand where a stream's speed asks for it: strings, escaped for a line of server-sent events.
//!
//! It must not know what it writes.

use std::fmt::Write;

use serde::Serialize;

/// Appends `text` as a JSON string with its quotes.
///
/// U+2028 and U+2029 are escaped too: they are legal in JSON, but some line splitters break at them.
pub(crate) fn put_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped_len = match byte {
            b'"' | b'\\' | 0..=0x1f => 1,
            // Both separators, and no other character, begin E2 80 A8 or E2 80 A9.
            0xe2 if is_separator(text.as_bytes(), at) => 3,
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        plain_from = at + escaped_len;
        put_escape(out, &text[at..plain_from]);
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// Appends the number `number`.
pub(crate) fn put_number(out: &mut String, number: u64) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{number}");
}

/// `value` as one line that is safe in an event stream.
pub(crate) fn line(value: &impl Serialize) -> String {
    // Its own way of displaying itself takes several times as long. A value can always be written.
    let line = serde_json::to_string(value).unwrap_or_default();
    if !line.contains('\u{2028}') && !line.contains('\u{2029}') {
        return line;
    }
    // Outside strings JSON holds no such character, so that replacing in the written text is exact.
    line.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A tool call's arguments go out in pieces of at most this many bytes.
pub(crate) const FRAGMENT_BYTES: usize = 1024;

/// `text` in pieces of at most `most_bytes`, cut between characters; a character that is longer is a piece by itself.
pub(crate) fn fragments(text: &str, most_bytes: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = rest.len().min(most_bytes);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        if end == 0 {
            end = rest.chars().next()?.len_utf8();
        }
        let (fragment, tail) = rest.split_at(end);
        rest = tail;
        Some(fragment)
    })
}

fn is_separator(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..at + 3), Some([0xe2, 0x80, 0xa8 | 0xa9]))
}

fn put_escape(out: &mut String, special: &str) {
    match special {
        "\"" => out.push_str("\\\""),
        "\\" => out.push_str("\\\\"),
        "\n" => out.push_str("\\n"),
        "\r" => out.push_str("\\r"),
        "\t" => out.push_str("\\t"),
        other => {
            for character in other.chars() {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use serde_json::json;

    use super::{fragments, line, put_string};

    fn written(text: &str) -> String {
        let mut out = String::new();
        put_string(&mut out, text);
        out
    }

    #[test]
    fn everything_that_could_break_a_line_or_a_string_is_escaped() {
        assert_eq!(written("a\"b\\c\nd\re\tf\u{0}\u{1f}"), r#""a\"b\\c\nd\re\tf\u0000\u001f""#);
        assert_eq!(
            written("x\u{2028}y\u{2029}z\u{2027}\u{e9}\u{1f600}"),
            "\"x\\u2028y\\u2029z\u{2027}\u{e9}\u{1f600}\""
        );
        assert_eq!(written(""), "\"\"");
    }

    #[test]
    fn a_value_is_one_line() {
        assert_eq!(line(&json!({"a\u{2028}": "b\n\u{2029}"})), r#"{"a\u2028":"b\n\u2029"}"#);
    }

    proptest! {
        #[test]
        fn fragments_join_to_the_text_and_stay_small(text in any::<String>(), times in 0_usize..20, most in 4_usize..200) {
            let text = text.repeat(times);
            let pieces: Vec<&str> = fragments(&text, most).collect();
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= most));
        }

        #[test]
        fn what_is_written_reads_back(text in any::<String>()) {
            assert_eq!(serde_json::from_str::<String>(&written(&text)).unwrap(), text);
        }
    }
}
