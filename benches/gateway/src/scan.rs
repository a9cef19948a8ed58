//! Counts the texts in a body as it passes, notes when the stamped ones came, and keeps the end of it.

use crate::{answer::Answer, stamp};

/// How much of the end of a body is kept, in bytes.
const TAIL: usize = 1024;

/// How the texts stand in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As they are.
    Plain,
    /// In the upstream's own frames.
    Frames,
}

/// What was found in a body.
#[derive(Debug)]
pub struct Scan {
    spelling: Spelling,
    /// How many texts are looked at for their stamps, none of them twice: some APIs say all of it again at the end.
    stamped: u64,
    texts: u64,
    bytes: u64,
    /// Nanoseconds that each stamped text took.
    took: Vec<u64>,
    tail: Vec<u8>,
    /// A text or frame of which the rest is missing.
    partial: Vec<u8>,
}

impl Scan {
    /// A scan of a body in which the first `stamped` texts say when they were sent.
    #[must_use]
    pub fn new(spelling: Spelling, stamped: u64) -> Self {
        Self { spelling, stamped, texts: 0, bytes: 0, took: Vec::new(), tail: Vec::new(), partial: Vec::new() }
    }

    /// Takes the next bytes of the body.
    pub fn push(&mut self, bytes: &[u8], answer: &Answer) {
        self.bytes += bytes.len() as u64;
        self.keep_tail(bytes);
        match self.spelling {
            Spelling::Plain => self.marks(bytes),
            Spelling::Frames => self.frames(bytes, answer),
        }
    }

    /// Texts so far.
    #[must_use]
    pub fn texts(&self) -> u64 {
        self.texts
    }

    /// Bytes since this was asked last.
    pub fn take_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }

    /// The last bytes.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// Takes the times that were noted since this was asked last, in nanoseconds.
    pub fn take_times(&mut self) -> std::vec::Drain<'_, u64> {
        self.took.drain(..)
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        if bytes.len() >= TAIL {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - TAIL..]);
            return;
        }
        let kept = TAIL - bytes.len();
        if self.tail.len() > kept {
            self.tail.drain(..self.tail.len() - kept);
        }
        self.tail.extend_from_slice(bytes);
    }

    fn marks(&mut self, mut bytes: &[u8]) {
        if self.stamped == 0 {
            self.texts += memchr::memchr_iter(stamp::MARK, bytes).count() as u64;
            return;
        }
        if !self.partial.is_empty() {
            let missing = (stamp::SIZE - self.partial.len()).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.partial.len() < stamp::SIZE {
                return;
            }
            let text = std::mem::take(&mut self.partial);
            self.note(&text[1..]);
        }
        while let Some(at) = memchr::memchr(stamp::MARK, bytes) {
            self.texts += 1;
            let rest = &bytes[at..];
            if rest.len() < stamp::SIZE {
                self.partial.extend_from_slice(rest);
                return;
            }
            self.note(&rest[1..stamp::SIZE]);
            bytes = &rest[stamp::SIZE..];
        }
    }

    fn note(&mut self, digits: &[u8]) {
        if self.texts <= self.stamped
            && let Some(sent) = stamp::read(digits)
        {
            self.took.push(stamp::between(sent, stamp::now()));
        }
    }

    fn frames(&mut self, bytes: &[u8], answer: &Answer) {
        let mut rest = bytes;
        if !self.partial.is_empty() {
            // The end of a frame may itself be cut.
            let from = self.partial.len() - 1;
            self.partial.extend_from_slice(bytes);
            let Some(end) = memchr::memmem::find(&self.partial[from..], b"\n\n") else { return };
            let end = from + end + 2;
            let taken = end - (self.partial.len() - bytes.len());
            let frame = std::mem::take(&mut self.partial);
            self.frame(&frame[..end], answer);
            rest = &bytes[taken..];
        }
        while let Some(end) = memchr::memmem::find(rest, b"\n\n") {
            self.frame(&rest[..end + 2], answer);
            rest = &rest[end + 2..];
        }
        self.partial.extend_from_slice(rest);
    }

    fn frame(&mut self, frame: &[u8], answer: &Answer) {
        if self.stamped == 0 {
            self.texts += u64::from(answer.holds_text(frame));
        } else if let Some(text) = answer.text_of(frame) {
            self.texts += 1;
            self.note(&text[1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_and_timed_however_the_body_is_cut() {
        let answer = Answer::recorded().unwrap();
        let stamped: Vec<u8> =
            answer.head().iter().cloned().chain((0..5).map(|place| answer.text(place, true))).flatten().collect();
        let text = String::from_utf8(stamp::write(stamp::now()).to_vec()).unwrap();
        let plain = format!("data: {{\"content\":\"{text}\"}}\n\n").repeat(5);
        for (spelling, body) in [(Spelling::Frames, stamped.as_slice()), (Spelling::Plain, plain.as_bytes())] {
            for size in 1..200 {
                for counted in [0, 3] {
                    let mut scan = Scan::new(spelling, counted);
                    body.chunks(size).for_each(|piece| scan.push(piece, &answer));
                    assert_eq!((scan.texts(), scan.take_bytes()), (5, body.len() as u64), "{spelling:?} {size}");
                    assert!(body.ends_with(scan.tail()));
                    let took: Vec<u64> = scan.take_times().collect();
                    assert_eq!(took.len() as u64, counted, "{spelling:?} {size}");
                    assert!(took.iter().all(|took| *took < 60_000_000_000));
                }
            }
        }
    }

    #[test]
    fn the_tail_is_the_end_of_the_body() {
        let answer = Answer::recorded().unwrap();
        let body: Vec<u8> = (0..5_000).map(|at| at as u8).collect();
        for size in [1, 7, 1_000, 1_023, 1_024, 5_000] {
            let mut scan = Scan::new(Spelling::Plain, 0);
            body.chunks(size).for_each(|piece| scan.push(piece, &answer));
            assert_eq!(scan.tail(), &body[body.len() - TAIL..], "{size}");
        }
    }
}
