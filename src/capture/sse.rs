//! A recorded response stream, event by event, each with the place where it begins.
//!
//! A recording may be damaged anywhere, and what is behind the damage is still wanted. So the stream is cut at its blank
//! lines first, and what lies between two of them is decoded on its own: what is no event spoils no other. It must not
//! know what an event says.

use bytes::Bytes;

use crate::sse::{DEFAULT_EVENT_LIMIT, Decoder, Event, SseError};

/// What lies between two blank lines of a stream and carries data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins, in bytes from the beginning of the stream.
    pub offset: u64,
    /// Its data, or why it is no event.
    pub data: Result<String, SseError>,
}

/// Cuts a stream into frames. Bytes may come in any pieces; memory is bounded by the largest event.
#[derive(Debug, Default)]
pub struct Frames {
    decoder: Decoder,
    events: Vec<Event>,
    /// The frame that has begun.
    pending: Vec<u8>,
    /// Where it began.
    pending_at: u64,
    /// Bytes taken so far, those of `pending` included.
    taken: u64,
    /// Bytes of `pending` before its last line.
    line_at: usize,
    /// The last line ended in CR, so a line feed that comes next belongs to it.
    after_carriage_return: bool,
    /// The frame is too large; the rest of it is passed over.
    is_skipping: bool,
}

impl Frames {
    /// Takes the next bytes and appends the frames that they complete to `frames`.
    pub fn push(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) {
        let mut rest = bytes;
        if self.after_carriage_return && !rest.is_empty() {
            self.after_carriage_return = false;
            if rest[0] == b'\n' {
                self.taken += 1;
                rest = &rest[1..];
            }
        }
        while let Some(length) = memchr::memchr2(b'\n', b'\r', rest) {
            let mut end = length + 1;
            if rest[length] == b'\r' {
                match rest.get(end) {
                    Some(b'\n') => end += 1,
                    Some(_) => {}
                    None => self.after_carriage_return = true,
                }
            }
            let is_blank = self.pending.len() + length == self.line_at;
            self.keep(&rest[..end], frames);
            self.line_at = self.pending.len();
            if is_blank {
                self.close(frames);
            }
            rest = &rest[end..];
        }
        self.keep(rest, frames);
    }

    /// Takes the end of the stream. A frame whose blank line is missing counts all the same.
    pub fn finish(&mut self, frames: &mut Vec<Frame>) {
        self.pending.extend_from_slice(b"\n\n");
        self.close(frames);
    }

    fn keep(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) {
        if self.pending.is_empty() {
            self.pending_at = self.taken;
        }
        self.taken += bytes.len() as u64;
        if self.is_skipping {
            // Only whether the line has begun matters now.
            if self.pending.len() == self.line_at {
                self.pending.extend(bytes.first());
            }
        } else {
            self.pending.extend_from_slice(bytes);
        }
        if self.pending.len() > DEFAULT_EVENT_LIMIT && !self.is_skipping {
            self.is_skipping = true;
            let error = SseError::TooLarge { limit: DEFAULT_EVENT_LIMIT, line: 1 };
            frames.push(Frame { offset: self.pending_at, data: Err(error) });
            self.pending = if self.pending.len() > self.line_at { vec![b'x'] } else { Vec::new() };
            self.line_at = 0;
        }
    }

    fn close(&mut self, frames: &mut Vec<Frame>) {
        let offset = self.pending_at;
        self.line_at = 0;
        if std::mem::take(&mut self.is_skipping) {
            self.pending.clear();
            return;
        }
        let bytes = Bytes::from(std::mem::take(&mut self.pending));
        let decoded = self.decoder.push(&bytes, &mut self.events);
        frames.extend(self.events.drain(..).map(|event| Frame { offset, data: Ok(event.data) }));
        if let Err(error) = decoded {
            // A decoder that has failed stays failed.
            self.decoder = Decoder::default();
            frames.push(Frame { offset, data: Err(error) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Frames};
    use crate::sse::SseError;

    fn frames(bytes: &[u8], size: usize) -> Vec<Frame> {
        let (mut cutter, mut found) = (Frames::default(), Vec::new());
        bytes.chunks(size).for_each(|piece| cutter.push(piece, &mut found));
        cutter.finish(&mut found);
        found
    }

    #[test]
    fn every_event_has_its_place_however_the_stream_is_cut() {
        let stream = b"data: a\n\n: comment\n\ndata: b\r\ndata: c\r\n\r\ndata: d\r\r\n\n\ndata: e";
        let expected = [(0, "a"), (20, "b\nc"), (40, "d"), (52, "e")];
        for size in 1..=stream.len() {
            let found = frames(stream, size);
            let found: Vec<_> = found.iter().map(|frame| (frame.offset, frame.data.as_deref().unwrap())).collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_text_spoils_no_other_event() {
        let stream = b"data: a\n\ndata: \xff\n\ndata: b\n\n";
        for size in [1, 5, 100] {
            let found = frames(stream, size);
            assert_eq!(found.len(), 3);
            assert!(matches!(found[1], Frame { offset: 9, data: Err(SseError::Utf8 { .. }) }), "{found:?}");
            assert_eq!(found[2], Frame { offset: 18, data: Ok("b".to_owned()) });
        }
    }

    #[test]
    fn what_is_too_large_is_passed_over() {
        let (mut cutter, mut found) = (Frames::default(), Vec::new());
        cutter.push(b"data: a\n\ndata: ", &mut found);
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..200 {
            cutter.push(&piece, &mut found);
        }
        cutter.push(b"\nmore\n\ndata: b\n\n", &mut found);
        cutter.finish(&mut found);
        let kinds: Vec<_> = found.iter().map(|frame| (frame.offset, frame.data.is_ok())).collect();
        assert_eq!(kinds[..2], [(0, true), (9, false)]);
        assert_eq!(found[2].data.as_deref(), Ok("b"));
        assert_eq!(kinds.len(), 3);
    }
}
