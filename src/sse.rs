//! Server-sent events over bytes: an incremental decoder and an encoder.
//!
//! The decoder takes bytes as they come, cut anywhere, and yields events. The event grammar is the `eventsource-stream`
//! crate's; this module finds the lines for it, because the crate alone scans an unfinished line again for every chunk,
//! holds back an event whose blank line ends in CR, keeps invalid UTF-8 for ever, sets no bound on an event, and drops
//! an event that the end of the input closes. An event that is one line of data, perhaps with a name, as nearly all are,
//! is taken as it lies, without the crate; a test holds both ways against each other. Both directions know neither JSON
//! nor protobuf, nor what a stream means.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use eventsource_stream::{EventStream, EventStreamError, Eventsource};
use futures_util::Stream;

/// The largest event a [`Decoder`] accepts unless told otherwise, in bytes of its `data` lines. An upstream echoes what
/// it was asked, pictures and all, in an encoding that makes it a third larger; so this is twice the largest request.
pub const DEFAULT_EVENT_LIMIT: usize = 128 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const LINE_FEED: Bytes = Bytes::from_static(b"\n");

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The `event` field; `message` when the event has none.
    pub event: String,
    /// The `data` lines, joined by line feeds.
    pub data: String,
    /// The last `id` field seen so far in the stream; empty when there was none.
    pub id: String,
}

/// One event where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef<'a> {
    /// As [`Event::event`].
    pub event: &'a str,
    /// As [`Event::data`].
    pub data: &'a str,
    /// As [`Event::id`].
    pub id: &'a str,
}

impl EventRef<'_> {
    /// The same event, on its own.
    #[must_use]
    pub fn to_owned(self) -> Event {
        Event { event: self.event.to_owned(), data: self.data.to_owned(), id: self.id.to_owned() }
    }
}

/// Why bytes are not an event stream. After an error the decoder stays in it: every later call returns it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line is not UTF-8.
    #[error("the event stream is not valid UTF-8 in line {line}")]
    Utf8 {
        /// The line, counted from 1.
        line: u64,
    },
    /// An event is larger than the decoder's limit.
    #[error("an event of the stream is larger than {limit} bytes (at line {line})")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// The line at which the limit was passed, counted from 1.
        line: u64,
    },
    /// The event grammar refused a line.
    #[error("line {line} is not a line of an event stream")]
    Malformed {
        /// The line, counted from 1.
        line: u64,
    },
}

/// An incremental decoder with bounded memory.
///
/// Bytes may be cut anywhere, also inside a character and between CR and LF. Lines end in LF, CRLF or CR; a byte order
/// mark at the start, comments and unknown fields are skipped.
pub struct Decoder {
    parser: EventStream<Feed>,
    lines: Lines,
    limit: usize,
    /// The start of a line whose end has not come yet.
    unfinished: Vec<u8>,
    /// The last line ended in CR, so a line feed that comes next belongs to it.
    after_carriage_return: bool,
    /// Lines completed so far.
    line: u64,
    /// Bytes of `data` lines since the last blank line.
    event_size: usize,
    /// A line has come since the last blank line, so that what comes next goes on with its event.
    has_begun: bool,
    /// Some line may have set the id that all later events carry.
    has_id: bool,
    failed: Option<SseError>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_limit(DEFAULT_EVENT_LIMIT)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("line", &self.line)
            .field("unfinished", &self.unfinished.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder that refuses events of more than `limit` bytes of data.
    pub fn with_limit(limit: usize) -> Self {
        let lines = Lines::default();
        // The crate looks for a byte order mark in its first chunk, and cuts it at a wrong place. A comment goes first,
        // so that it never sees one; the mark is skipped here.
        lines.put(Bytes::from_static(b":\n"));
        Self {
            parser: Feed(lines.clone()).eventsource(),
            lines,
            limit,
            unfinished: Vec::new(),
            after_carriage_return: false,
            line: 0,
            event_size: 0,
            has_begun: false,
            has_id: false,
            failed: None,
        }
    }

    /// Takes the next bytes and appends the events that they complete to `events`.
    ///
    /// # Errors
    /// When the bytes are not an event stream, or an event is too large. Events completed before that are appended.
    pub fn push(&mut self, chunk: &Bytes, events: &mut Vec<Event>) -> Result<(), SseError> {
        self.push_each(chunk, &mut |event| events.push(event.to_owned()))
    }

    /// The same, but the events are shown to `take` where they lie, so that whoever wants only their data copies nothing.
    ///
    /// # Errors
    /// As [`Decoder::push`].
    pub fn push_each(&mut self, chunk: &Bytes, take: &mut dyn FnMut(EventRef<'_>)) -> Result<(), SseError> {
        self.check_alive()?;
        self.push_lines(chunk, take).inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Ends the input. An event whose last line or blank line is missing is appended all the same: a capture may have
    /// been trimmed by hand, and a payload that was really cut fails where its content is decoded.
    ///
    /// # Errors
    /// When the last line is not UTF-8 (the input was cut inside a character).
    pub fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), SseError> {
        self.finish_each(&mut |event| events.push(event.to_owned()))
    }

    /// The same, but the events are shown to `take`.
    ///
    /// # Errors
    /// As [`Decoder::finish`].
    pub fn finish_each(&mut self, take: &mut dyn FnMut(EventRef<'_>)) -> Result<(), SseError> {
        self.check_alive()?;
        self.finish_lines(take).inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn check_alive(&self) -> Result<(), SseError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn push_lines(&mut self, chunk: &Bytes, take: &mut dyn FnMut(EventRef<'_>)) -> Result<(), SseError> {
        let mut at = 0;
        if self.after_carriage_return && !chunk.is_empty() {
            self.after_carriage_return = false;
            at = usize::from(chunk[0] == b'\n');
        }
        loop {
            at += self.take_plain(&chunk[at..], take);
            let Some(length) = memchr::memchr2(b'\n', b'\r', &chunk[at..]) else { break };
            let end = at + length;
            if self.unfinished.is_empty() {
                self.take_line(chunk.slice(at..end), take)?;
            } else {
                self.keep_unfinished(&chunk[at..end])?;
                let line = Bytes::from(std::mem::take(&mut self.unfinished));
                self.take_line(line, take)?;
            }
            at = end + 1;
            if chunk[end] == b'\r' {
                match chunk.get(at) {
                    Some(b'\n') => at += 1,
                    Some(_) => {}
                    None => self.after_carriage_return = true,
                }
            }
        }
        self.keep_unfinished(&chunk[at..])
    }

    /// Takes the plain events at the front of `bytes`: perhaps a name, one `data` line and a blank line, and nothing else, as
    /// an upstream writes them all day. They need no parser to be understood. Gives how many bytes they are.
    fn take_plain(&mut self, bytes: &[u8], take: &mut dyn FnMut(EventRef<'_>)) -> usize {
        if self.has_begun || self.has_id || !self.unfinished.is_empty() {
            return 0;
        }
        let mut at = 0;
        while let Some(plain) = Plain::at(&bytes[at..]) {
            if plain.longest_line > self.limit {
                break;
            }
            self.line += plain.lines;
            at += plain.length;
            take(EventRef { event: plain.name, data: plain.data, id: "" });
        }
        at
    }

    fn finish_lines(&mut self, take: &mut dyn FnMut(EventRef<'_>)) -> Result<(), SseError> {
        if !self.unfinished.is_empty() {
            let line = Bytes::from(std::mem::take(&mut self.unfinished));
            self.take_line(line, take)?;
        }
        self.take_line(Bytes::new(), take)
    }

    fn keep_unfinished(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        self.check_size(self.unfinished.len().saturating_add(bytes.len()))?;
        self.unfinished.extend_from_slice(bytes);
        Ok(())
    }

    /// Hands one line, without its end, to the parser.
    fn take_line(&mut self, mut line: Bytes, take: &mut dyn FnMut(EventRef<'_>)) -> Result<(), SseError> {
        if self.line == 0 && line.starts_with(BYTE_ORDER_MARK) {
            line = line.slice(BYTE_ORDER_MARK.len()..);
        }
        self.check_size(line.len())?;
        self.line += 1;
        if std::str::from_utf8(&line).is_err() {
            return Err(SseError::Utf8 { line: self.line });
        }
        self.has_begun = !line.is_empty();
        self.has_id |= line.starts_with(b"id");
        if line.is_empty() {
            self.event_size = 0;
        } else if line.starts_with(b"data") {
            self.event_size += line.len();
        }
        self.lines.put(line);
        self.lines.put(LINE_FEED);
        self.drain(take)
    }

    fn check_size(&self, more: usize) -> Result<(), SseError> {
        if self.event_size.saturating_add(more) > self.limit {
            return Err(SseError::TooLarge { limit: self.limit, line: self.line + 1 });
        }
        Ok(())
    }

    /// Takes from the parser what it can give without further lines. The stream underneath is never asleep: it answers
    /// at once, with a line or with "pending", so no waker is needed.
    fn drain(&mut self, take: &mut dyn FnMut(EventRef<'_>)) -> Result<(), SseError> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match Pin::new(&mut self.parser).poll_next(&mut context) {
                Poll::Ready(Some(Ok(event))) => {
                    take(EventRef { event: &event.event, data: &event.data, id: &event.id });
                }
                Poll::Ready(Some(Err(EventStreamError::Utf8(_)))) => return Err(SseError::Utf8 { line: self.line }),
                Poll::Ready(Some(Err(EventStreamError::Parser(_)))) => {
                    return Err(SseError::Malformed { line: self.line });
                }
                Poll::Ready(Some(Err(EventStreamError::Transport(never)))) => match never {},
                Poll::Ready(None) | Poll::Pending => return Ok(()),
            }
        }
    }
}

/// An event of one `data` line, perhaps with a name before it.
struct Plain<'a> {
    name: &'a str,
    data: &'a str,
    /// Bytes of all its lines, with their ends and the blank one.
    length: usize,
    lines: u64,
    /// Bytes of the longest line, without its end.
    longest_line: usize,
}

impl<'a> Plain<'a> {
    /// The one that `bytes` begin with, if they do.
    fn at(bytes: &'a [u8]) -> Option<Self> {
        let (name, named) = match plain_line(bytes, b"event:") {
            Some((name, length)) => (name, length),
            None => ("message", 0),
        };
        let (data, length) = plain_line(&bytes[named..], b"data:")?;
        let end = named + length;
        (bytes.get(end) == Some(&b'\n')).then_some(Self {
            name,
            data,
            length: end + 1,
            lines: if named > 0 { 3 } else { 2 },
            longest_line: named.max(length) - 1,
        })
    }
}

/// The value of the line that `bytes` begin with, when it is of this field, has a value and ends in a line feed; and the
/// line's length with its end.
fn plain_line<'a>(bytes: &'a [u8], field: &[u8]) -> Option<(&'a str, usize)> {
    let value = bytes.strip_prefix(field)?;
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let end = memchr::memchr2(b'\n', b'\r', value).filter(|end| *end > 0 && value[*end] == b'\n')?;
    Some((std::str::from_utf8(&value[..end]).ok()?, bytes.len() - value.len() + end + 1))
}

/// The lines between the decoder and the crate's parser, which owns its source.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<VecDeque<Bytes>>>);

impl Lines {
    fn put(&self, bytes: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(bytes);
    }

    fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct Feed(Lines);

impl Stream for Feed {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(bytes))),
            None => Poll::Pending,
        }
    }
}

/// Appends an event to `out`: an `event:` line when a name is given, one `data:` line for each line of `data`, a blank
/// line. Line breaks in the name become spaces. It never writes `id:` or `retry:`, which some clients trip over
/// (`CLIENTS.md` §3.0).
pub fn put(out: &mut Vec<u8>, event: Option<&str>, data: &str) {
    if let Some(name) = event {
        out.extend_from_slice(b"event: ");
        out.extend(name.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
        out.push(b'\n');
    }
    for line in lines_of(data) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// Appends a comment to `out`, one line for each line of `text`, and a blank line: bytes that keep a connection alive.
pub fn put_comment(out: &mut Vec<u8>, text: &str) {
    for line in lines_of(text) {
        out.extend_from_slice(b": ");
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// The lines of `text`, whatever ends them; at least one.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        let Some(end) = memchr::memchr2(b'\n', b'\r', current.as_bytes()) else {
            rest = None;
            return Some(current);
        };
        let skip = if current[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&current[end + skip..]);
        Some(&current[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(chunks: &[&[u8]]) -> Result<Vec<Event>, SseError> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.push(&Bytes::copy_from_slice(chunk), &mut events)?;
        }
        decoder.finish(&mut events)?;
        Ok(events)
    }

    fn event(event: &str, data: &str, id: &str) -> Event {
        Event { event: event.into(), data: data.into(), id: id.into() }
    }

    #[test]
    fn reads_fields_comments_and_several_data_lines() {
        let stream =
            b": hello\n\nevent:data\ndata:AAA=\n\nid: 7\nretry: 10\nother: x\ndata: a\ndata:  b\ndata\n\ndata: c\n\n";
        let expected = [event("data", "AAA=", ""), event("message", "a\n b\n", "7"), event("message", "c", "7")];
        assert_eq!(decode(&[stream]).unwrap(), expected);
    }

    #[test]
    fn an_event_is_delivered_with_its_blank_line_whatever_ends_it() {
        for end in ["\n", "\r\n", "\r"] {
            let mut decoder = Decoder::default();
            let mut events = Vec::new();
            let bytes = format!("data: x{end}{end}");
            decoder.push(&Bytes::from(bytes), &mut events).unwrap();
            assert_eq!(events, [event("message", "x", "")], "{end:?}");
            decoder.push(&Bytes::from_static(b"data: y\n\n"), &mut events).unwrap();
            assert_eq!(events.len(), 2);
        }
    }

    #[test]
    fn a_line_feed_after_a_cut_carriage_return_is_no_blank_line() {
        assert_eq!(decode(&[b"data: a\r", b"", b"\ndata: b\r\n\r\n"]).unwrap(), [event("message", "a\nb", "")]);
        assert_eq!(decode(&[b"data: a\r", b"\rdata: b"]).unwrap().len(), 2);
    }

    #[test]
    fn byte_order_marks_are_skipped_at_the_start_only() {
        assert_eq!(decode(&[b"\xEF", b"\xBB\xBFdata: a\n\n"]).unwrap(), [event("message", "a", "")]);
        assert_eq!(decode(&[b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\n"]).unwrap(), []);
        assert_eq!(decode(&["data: \u{FEFF}\n\n".as_bytes()]).unwrap(), [event("message", "\u{FEFF}", "")]);
    }

    #[test]
    fn the_end_of_input_closes_the_last_event() {
        assert_eq!(decode(&[b"data: a\n\ndata: b\n"]).unwrap().len(), 2);
        assert_eq!(decode(&[b"data: a\n\ndata: b"]).unwrap().len(), 2);
        assert_eq!(decode(&[b"data: a\n\nevent: data\n"]).unwrap().len(), 1);
        assert_eq!(decode(&[b""]).unwrap(), []);
    }

    #[test]
    fn invalid_utf8_is_an_error_with_its_line_and_stays_one() {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        let error = decoder.push(&Bytes::from_static(b"data: a\n\ndata: \xFF\n"), &mut events).unwrap_err();
        assert_eq!(error, SseError::Utf8 { line: 3 });
        assert_eq!(events.len(), 1, "what came before is delivered");
        assert_eq!(decoder.push(&Bytes::from_static(b"\n\n"), &mut events).unwrap_err(), error);
        assert_eq!(decoder.finish(&mut events).unwrap_err(), error);
        assert_eq!(decode(&["data: é".as_bytes().split_last().unwrap().1]).unwrap_err(), SseError::Utf8 { line: 1 });
    }

    #[test]
    fn an_event_has_a_bound_in_one_line_or_in_many() {
        for stream in [&b"data: 0123456789abcdef"[..], b"data: 0123\ndata: 4567\n", b"data: 0123456789abcdef\n\n"] {
            let mut decoder = Decoder::with_limit(16);
            let outcome = decoder.push(&Bytes::copy_from_slice(stream), &mut Vec::new());
            assert!(matches!(outcome, Err(SseError::TooLarge { limit: 16, .. })), "{outcome:?}");
        }
        let mut decoder = Decoder::with_limit(16);
        let mut events = Vec::new();
        decoder.push(&Bytes::from(": comment\n".repeat(100) + &"data: 01234\n\n".repeat(100)), &mut events).unwrap();
        assert_eq!(events.len(), 100, "small events, however many, and comments are fine");
    }

    #[test]
    fn many_small_lines_and_many_small_chunks_stay_linear() {
        let lines = "data:x\n".repeat(200_000) + "\n";
        assert_eq!(decode(&[lines.as_bytes()]).unwrap()[0].data.len(), 399_999);
        let long = "data:".to_owned() + &"x".repeat(400_000) + "\n\n";
        let chunks: Vec<&[u8]> = long.as_bytes().chunks(7).collect();
        assert_eq!(decode(&chunks).unwrap()[0].data.len(), 400_000);
    }

    #[test]
    fn writes_frames_as_clients_expect_them() {
        let mut out = Vec::new();
        put(&mut out, None, "{}");
        put(&mut out, Some("a\nb"), "1\r\n2\r3\n");
        put_comment(&mut out, "wait\nhere");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "data: {}\n\nevent: a b\ndata: 1\ndata: 2\ndata: 3\ndata: \n\n: wait\n: here\n\n"
        );
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(chunks in prop::collection::vec(prop::collection::vec(
            prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd')], 0..64), 0..8)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            drop(decode(&chunks));
        }

        #[test]
        fn plain_events_are_read_as_the_parser_reads_them(parts in prop::collection::vec(prop_oneof![
            4 => "data: ?[a-zA-Z0-9é=]{0,6}\n\n", 4 => "event: ?[a-z]{0,2}\ndata: ?[a-z]{0,3}\n\n", 1 => "data: x\ndata: y\n\n", 1 => "event: e\ndata: z\r\n\r\n",
            1 => "id: [0-9]\n\n?", 1 => ": comment\n\n?", 1 => "data: x\n", 1 => "\n", 1 => "data: \u{FEFF}\n\n",
            1 => "data: much too long for this limit\n\n", 1 => "event: much too long for this limit\ndata: x\n\n",
            1 => "event: x\n\n",
        ], 0..12), cut in 0usize..200) {
            let stream = parts.concat();
            let cut = cut.min(stream.len());
            let read = |pieces: &[&[u8]], by_parser: bool| {
                let mut decoder = Decoder::with_limit(24);
                // As after an id: the parser has to be asked for every line.
                decoder.has_id = by_parser;
                let mut events = Vec::new();
                let mut outcome = Ok(());
                for piece in pieces {
                    outcome = outcome.and_then(|()| decoder.push(&Bytes::copy_from_slice(piece), &mut events));
                }
                let outcome = outcome.and_then(|()| decoder.finish(&mut events));
                (events, outcome)
            };
            let whole = [stream.as_bytes()];
            let halves = [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]];
            prop_assert_eq!(read(&whole, false), read(&whole, true));
            prop_assert_eq!(read(&halves, false), read(&halves, true));
        }

        #[test]
        fn what_is_written_is_read_back(name in "[a-z_.]{1,12}", data in "(\\PC|[\t \n:\u{FEFF}]){0,64}", cut in 0usize..200) {
            let mut out = Vec::new();
            put(&mut out, Some(&name), &data);
            put_comment(&mut out, &data);
            put(&mut out, None, &data);
            let cut = cut.min(out.len());
            let events = decode(&[&out[..cut], &out[cut..]]).unwrap();
            prop_assert_eq!(events, vec![event(&name, &data, ""), event("message", &data, "")]);
        }
    }
}
