//! Reads whatever holds recorded exchanges: a response stream as it is, a HAR, our own capture. It finds out by itself
//! which of them it is given, and passes the exchanges on piece by piece, so that size does not matter.
//!
//! It must not know files, nor what is in an answer.

use std::io::{self, BufRead, Cursor, Read};

use bytes::Bytes;

use crate::capture::{
    format::{self, Line, MARK},
    har,
};

/// The largest line of a capture: a request of the largest size, in base64.
const LINE_LIMIT: u64 = 256 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// A stream is passed on in pieces of at most so many bytes.
const PIECE: usize = 64 * 1024;

/// One step of what is read. An exchange is `Begin`, perhaps `Answer`, any number of `Bytes`, `End`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// An exchange begins.
    Begin(Opening),
    /// Its answer begins.
    Answer {
        /// Milliseconds since the request, where known.
        ms: Option<u64>,
        /// HTTP status.
        status: u16,
        /// Header names with their values, as far as they are known.
        headers: Vec<(String, String)>,
    },
    /// More of the answer's body.
    Bytes {
        /// Milliseconds since the request, where known.
        ms: Option<u64>,
        /// The bytes.
        bytes: Bytes,
    },
    /// The exchange is over.
    End {
        /// Milliseconds since the request, where known.
        ms: Option<u64>,
        /// Why the recording of it is not whole, where it is not.
        broken: Option<String>,
    },
    /// A part of the input cannot be read; the rest still is.
    Broken {
        /// Where, in bytes from the beginning of the input, where that can be told.
        offset: Option<u64>,
        /// What is wrong.
        problem: String,
    },
}

/// What is known of an exchange before its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// When the request went out, as it was written down.
    pub began: Option<String>,
    /// Where the request went.
    pub url: Option<String>,
    /// The wire bytes of the request message.
    pub request: Option<Bytes>,
    /// True when what people wrote was replaced.
    pub redacted: bool,
}

/// Why reading stops.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input itself fails.
    #[error("it cannot be read: {0}")]
    Input(#[from] io::Error),
    /// JSON, but neither a whole HAR nor a capture of ours.
    #[error("it is neither a HAR nor a capture of warp2api: {0}")]
    Har(String),
    /// A capture of a later version.
    #[error("it is a capture of version {0}, which this version of warp2api does not know")]
    Version(u32),
}

/// Reads `input` to its end and hands what is in it to `take`.
///
/// # Errors
/// When the input cannot be read any further, and whatever `take` returns.
pub fn read<E: From<ReadError>>(
    mut input: impl BufRead,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let prefix = prefix(&mut input).map_err(ReadError::from)?;
    let text = unmarked(&prefix);
    if text == MARK {
        return read_capture(Cursor::new(text.to_vec()).chain(input), (prefix.len() - text.len()) as u64, take);
    }
    match text.first() {
        Some(b'{') => har::read(Cursor::new(text.to_vec()).chain(input), take),
        _ => read_stream(Cursor::new(prefix).chain(input), take),
    }
}

/// What stands behind white space and the mark that some programs put before UTF-8.
fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).trim_ascii_start()
}

/// Whether the input that begins with `head` is a HAR or a capture of ours.
#[must_use]
pub fn is_recording(head: &[u8]) -> bool {
    let text = unmarked(head);
    let first = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    text.starts_with(MARK) || first.is_some_and(|first| first.starts_with(b"\"log\""))
}

/// The first bytes, as many as it takes to tell what comes: white space, and behind it our mark or where it differs.
fn prefix(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut prefix = Vec::new();
    loop {
        let text = unmarked(&prefix);
        let may_be_marked = BYTE_ORDER_MARK.starts_with(&prefix) || MARK.starts_with(text);
        if text.len() == MARK.len() || !may_be_marked || prefix.len() > PIECE {
            return Ok(prefix);
        }
        let Some(&next) = input.fill_buf()?.first() else { return Ok(prefix) };
        input.consume(1);
        prefix.push(next);
    }
}

fn read_stream<E: From<ReadError>>(
    mut input: impl BufRead,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    take(Piece::Begin(Opening::default()))?;
    loop {
        let buffer = input.fill_buf().map_err(ReadError::from)?;
        if buffer.is_empty() {
            return take(Piece::End { ms: None, broken: None });
        }
        let bytes = Bytes::copy_from_slice(&buffer[..buffer.len().min(PIECE)]);
        input.consume(bytes.len());
        take(Piece::Bytes { ms: None, bytes })?;
    }
}

/// Reads captures of ours, one behind the other, for files may have been joined.
fn read_capture<E: From<ReadError>>(
    mut input: impl BufRead,
    mut offset: u64,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let mut opening: Option<Opening> = None;
    let mut is_open = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = (&mut input).take(LINE_LIMIT).read_until(b'\n', &mut line).map_err(ReadError::from)? as u64;
        if length == 0 {
            break;
        }
        match serde_json::from_slice(&line) {
            Ok(Line::Header(header)) if header.version > format::VERSION => {
                return Err(ReadError::Version(header.version).into());
            }
            Ok(Line::Header(header)) => {
                close(&mut opening, &mut is_open, take)?;
                opening = Some(Opening { began: Some(header.began), redacted: header.redacted, ..Opening::default() });
            }
            Ok(line) => match (line, &mut opening) {
                (Line::Request(request), Some(opening)) => {
                    opening.url = Some(request.url);
                    opening.request = request.body.bytes();
                }
                (line, _) => {
                    if let Some(opening) = opening.take() {
                        is_open = true;
                        take(Piece::Begin(opening))?;
                    }
                    let piece = if is_open { piece(line, offset) } else { misplaced(offset) };
                    is_open &= !matches!(piece, Piece::End { .. });
                    take(piece)?;
                }
            },
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) if line.last() != Some(&b'\n') => {
                take(Piece::Broken { offset: Some(offset), problem: "the last line is cut off".to_owned() })?;
            }
            Err(error) => take(Piece::Broken { offset: Some(offset), problem: format!("a line is none: {error}") })?,
        }
        offset += length;
    }
    close(&mut opening, &mut is_open, take)
}

/// Ends an exchange whose end was not recorded.
fn close<E>(
    opening: &mut Option<Opening>,
    is_open: &mut bool,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(opening) = opening.take() {
        *is_open = true;
        take(Piece::Begin(opening))?;
    }
    if std::mem::take(is_open) {
        take(Piece::End { ms: None, broken: Some("the recorder was stopped".to_owned()) })?;
    }
    Ok(())
}

/// What a line behind the request says.
fn piece(line: Line, offset: u64) -> Piece {
    match line {
        Line::Answer(answer) => Piece::Answer { ms: Some(answer.ms), status: answer.status, headers: answer.headers },
        Line::Bytes(piece) => match piece.body.bytes() {
            Some(bytes) => Piece::Bytes { ms: Some(piece.ms), bytes },
            None => Piece::Broken { offset: Some(offset), problem: "a line's base64 is none".to_owned() },
        },
        Line::End(end) => Piece::End { ms: Some(end.ms), broken: end.broken },
        Line::Header(_) | Line::Request(_) => misplaced(offset),
    }
}

fn misplaced(offset: u64) -> Piece {
    Piece::Broken { offset: Some(offset), problem: "a line stands in a wrong place".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Opening, Piece, ReadError, read};

    fn pieces(input: &[u8]) -> Result<Vec<Piece>, ReadError> {
        let mut all = Vec::new();
        // One byte at a time, as a slow pipe would bring it.
        let slow = std::io::BufReader::with_capacity(1, input);
        read(slow, &mut |piece| {
            all.push(piece);
            Ok::<_, ReadError>(())
        })?;
        Ok(all)
    }

    fn bytes(pieces: &[Piece]) -> Vec<u8> {
        let bytes = pieces.iter().filter_map(|piece| match piece {
            Piece::Bytes { bytes, .. } => Some(bytes.to_vec()),
            _ => None,
        });
        bytes.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_stream_is_passed_on_as_it_is() {
        for stream in [&b"data: x\n\n"[..], b"\xef\xbb\xbfdata: x", b"", b" \n[x", b"\n\n"] {
            let found = pieces(stream).unwrap();
            assert_eq!(found.first(), Some(&Piece::Begin(Opening::default())));
            assert_eq!(found.last(), Some(&Piece::End { ms: None, broken: None }));
            assert_eq!(bytes(&found), stream);
        }
    }

    #[test]
    fn a_capture_that_was_cut_is_read_as_far_as_it_goes() {
        let whole = concat!(
            r#"{"warp2api_capture":{"version":1,"program":"p","began":"2026-01-31T12:00:00Z","redacted":false}}"#,
            "\n",
            r#"{"request":{"url":"http://x/ai/multi-agent","headers":[],"body":{"base64":"CgA="}}}"#,
            "\n",
            r#"{"answer":{"ms":3,"status":200,"headers":[]}}"#,
            "\n",
            r#"{"bytes":{"ms":4,"body":{"text":"data: x\n\n"}}}"#,
            "\n",
            "not a line\n",
            r#"{"end":{"ms":9}}"#,
            "\n"
        );
        let found = pieces(whole.as_bytes()).unwrap();
        assert!(matches!(&found[0], Piece::Begin(opening) if opening.request.as_deref() == Some(b"\x0a\0")));
        assert!(matches!(&found[1], Piece::Answer { ms: Some(3), status: 200, .. }));
        assert!(
            matches!(&found[3], Piece::Broken { offset: Some(offset), .. } if *offset == whole.find("not").unwrap() as u64)
        );
        assert_eq!(found[4], Piece::End { ms: Some(9), broken: None });
        for end in [whole.len() - 3, whole.find("not").unwrap(), whole.find("data").unwrap()] {
            let found = pieces(&whole.as_bytes()[..end]).unwrap();
            assert!(matches!(found.last(), Some(Piece::End { broken: Some(_), .. })), "{found:?}");
            let is_told =
                found.iter().any(|piece| matches!(piece, Piece::Broken { problem, .. } if problem.contains("cut off")));
            assert_eq!(is_told, !whole[..end].ends_with('\n'), "{found:?}");
            assert_eq!(found.iter().filter(|piece| matches!(piece, Piece::End { .. })).count(), 1);
        }
        let joined = pieces(whole.repeat(2).as_bytes()).unwrap();
        assert_eq!(joined.iter().filter(|piece| matches!(piece, Piece::Begin(_))).count(), 2);
        let newer = whole.replace("\"version\":1", "\"version\":2");
        assert!(matches!(pieces(newer.as_bytes()), Err(ReadError::Version(2))));
    }

    #[test]
    fn a_har_gives_what_is_of_the_agent_or_a_stream() {
        let har = r#" {"log": {"version": "1.2", "entries": [
            {"startedDateTime": "2026-01-31T12:00:00Z", "time": 12.5, "request": {"url": "https://x/other"},
             "response": {"status": 200, "content": {"mimeType": "text/html", "text": "x"}}},
            {"startedDateTime": "2026-01-31T12:00:00Z", "time": 12.5, "timings": {"send": 1, "wait": 4.2},
             "request": {"url": "https://x/ai/multi-agent?a", "postData": {"mimeType": "application/x-protobuf", "text": "\n\u0000\u00ff"}},
             "response": {"status": 200, "content": {"mimeType": "text/event-stream", "encoding": "base64", "text": "ZGF0YTogeAoK"}}},
            {"request": {"url": "https://y/"}, "response": {"status": 200, "content": {"mimeType": "text/event-stream;charset=utf-8", "text": "data: ä\n\n"}}},
            {"request": {"url": "https://y/ai/multi-agent"}, "response": {"status": 200, "content": {"mimeType": "x"}}}
        ]}, "more": 1}"#;
        let found = pieces(har.as_bytes()).unwrap();
        let begun: Vec<_> = found.iter().filter(|piece| matches!(piece, Piece::Begin(_))).collect();
        assert_eq!(begun.len(), 3);
        assert!(matches!(begun[0], Piece::Begin(opening) if opening.request.as_deref() == Some(b"\n\0\xff")));
        assert!(matches!(found[1], Piece::Answer { ms: Some(5), status: 200, .. }), "{:?}", found[1]);
        assert_eq!(bytes(&found), "data: x\n\ndata: ä\n\n".as_bytes());
        assert!(
            found.iter().any(|piece| matches!(piece, Piece::Broken { problem, .. } if problem.contains("entry 4")))
        );
        for wrong in ["{}", "{\"log\": {}}", &har[..har.len() - 30]] {
            assert!(matches!(pieces(wrong.as_bytes()), Err(ReadError::Har(_))), "{wrong}");
        }
    }
}
