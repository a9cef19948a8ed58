//! Cuts an event stream at its blank lines as it comes, so that the place of every event is known and reading can begin
//! anew behind one that is broken. It must not know what stands in an event.

/// Where in a stream the next bytes belong.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Bytes seen so far.
    offset: u64,
    /// Where the block that is being read begins.
    start: u64,
    /// Lines that ended before the block.
    lines_before: u64,
    /// Lines that have ended so far.
    lines: u64,
    /// The line has begun: it is not blank.
    in_line: bool,
    /// The last byte was a CR, to which a line feed that comes next belongs.
    after_carriage_return: bool,
}

impl Blocks {
    /// Where the block begins that is being read, in bytes from the start of the stream.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// How many lines stand before that block.
    pub(super) fn lines_before(&self) -> u64 {
        self.lines_before
    }

    /// How much of `chunk`, the next bytes of the stream, belongs to the block: up to the blank line that ends it. The
    /// second value says whether it ends there.
    pub(super) fn take(&mut self, chunk: &[u8]) -> (usize, bool) {
        let mut at = 0;
        if self.after_carriage_return && !chunk.is_empty() {
            self.after_carriage_return = false;
            if chunk.first() == Some(&b'\n') {
                at = 1;
                // The block before has ended with the CR: the line feed is its, too.
                self.start += u64::from(self.start == self.offset);
            }
        }
        while let Some(length) = memchr::memchr2(b'\n', b'\r', chunk.get(at..).unwrap_or_default()) {
            let is_blank = length == 0 && !self.in_line;
            let end_of_line = at + length;
            at = end_of_line + 1;
            if chunk.get(end_of_line) == Some(&b'\r') {
                match chunk.get(at) {
                    Some(b'\n') => at += 1,
                    Some(_) => {}
                    None => self.after_carriage_return = true,
                }
            }
            self.in_line = false;
            self.lines += 1;
            if is_blank {
                self.offset += at as u64;
                return (at, true);
            }
        }
        self.in_line |= at < chunk.len();
        self.offset += chunk.len() as u64;
        (chunk.len(), false)
    }

    /// The block is done with: what comes next is another.
    pub(super) fn begin(&mut self) {
        self.start = self.offset;
        self.lines_before = self.lines;
    }
}

#[cfg(test)]
mod tests {
    use super::Blocks;

    /// Where the blocks of `stream` begin, and what is in them, given in chunks of `size`.
    fn blocks(stream: &[u8], size: usize) -> Vec<(u64, String)> {
        let mut cutter = Blocks::default();
        let mut found = Vec::new();
        let mut block = Vec::new();
        for chunk in stream.chunks(size) {
            let mut rest = chunk;
            while !rest.is_empty() {
                let (taken, ended) = cutter.take(rest);
                block.extend_from_slice(&rest[..taken]);
                rest = &rest[taken..];
                if ended {
                    found
                        .push((cutter.start(), String::from_utf8_lossy(&std::mem::take(&mut block)).trim().to_owned()));
                    cutter.begin();
                }
            }
        }
        found.push((cutter.start(), String::from_utf8_lossy(&block).trim().to_owned()));
        found
    }

    #[test]
    fn blocks_begin_where_they_do_however_they_are_cut() {
        let expect = |text: &str, starts: [u64; 3]| {
            for size in 1..=text.len() {
                let found = blocks(text.as_bytes(), size);
                let expected = [(starts[0], "a\u{1}b"), (starts[1], "c"), (starts[2], "d")]
                    .map(|(start, block)| (start, block.replace('\u{1}', &text[1..text.find('b').unwrap()])));
                assert_eq!(found, expected, "{text:?} in chunks of {size}");
            }
        };
        expect("a\nb\n\nc\n\nd", [0, 5, 8]);
        expect("a\r\nb\r\n\r\nc\r\n\r\nd", [0, 8, 13]);
        expect("a\rb\r\rc\r\rd", [0, 5, 8]);
    }
}
