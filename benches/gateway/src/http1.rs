//! Reads an HTTP/1 answer, strictly: what lacks its end, or its framing, is an error.
//!
//! It is written by hand because a client that hands over one chunk at a time would cost more than what it measures.

use anyhow::{Context as _, bail, ensure};

/// How large the head of an answer may be, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;

/// One answer, as it comes.
#[derive(Debug)]
pub struct Answer {
    state: State,
    /// The head or the line that is not complete yet.
    line: Vec<u8>,
    status: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// A body of so many more bytes.
    Sized(u64),
    ChunkSize,
    /// A chunk of so many more bytes.
    Chunk(u64),
    /// The line end behind a chunk, of which so many bytes are missing.
    ChunkEnd(u8),
    Trailer,
    Done,
}

impl Default for Answer {
    fn default() -> Self {
        Self { state: State::Head, line: Vec::new(), status: 0 }
    }
}

impl Answer {
    /// True when all of the answer has been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The status, once it is known.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Takes the next bytes and hands those of the body to `body`.
    ///
    /// # Errors
    /// When the bytes are not an answer, or there are more of them than it has.
    pub fn push(&mut self, mut bytes: &[u8], body: &mut impl FnMut(&[u8])) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Head => self.head(bytes)?,
                State::Sized(left) => {
                    let taken = bytes.len().min(usize::try_from(left)?);
                    body(&bytes[..taken]);
                    let left = left - taken as u64;
                    self.state = if left == 0 { State::Done } else { State::Sized(left) };
                    taken
                }
                State::Chunk(left) => {
                    let taken = bytes.len().min(usize::try_from(left)?);
                    body(&bytes[..taken]);
                    let left = left - taken as u64;
                    self.state = if left == 0 { State::ChunkEnd(2) } else { State::Chunk(left) };
                    taken
                }
                State::ChunkEnd(left) => {
                    ensure!(bytes[0] == if left == 2 { b'\r' } else { b'\n' }, "a chunk does not end where it should");
                    self.state = if left == 2 { State::ChunkEnd(1) } else { State::ChunkSize };
                    1
                }
                State::ChunkSize | State::Trailer => self.line(bytes)?,
                State::Done => bail!("there is more than the answer"),
            };
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// When the answer has not.
    pub fn end(&self) -> anyhow::Result<()> {
        ensure!(self.is_done(), "the answer broke off, in state {:?}", self.state);
        Ok(())
    }

    fn head(&mut self, bytes: &[u8]) -> anyhow::Result<usize> {
        let before = self.line.len();
        self.line.extend_from_slice(bytes);
        let from = before.saturating_sub(3);
        let Some(end) = memchr::memmem::find(&self.line[from..], b"\r\n\r\n") else {
            ensure!(self.line.len() < HEAD_LIMIT, "the head has no end");
            return Ok(bytes.len());
        };
        let end = from + end + 4;
        let head = std::str::from_utf8(&self.line[..end]).context("the head is not text")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap_or_default();
        let code = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).context("no HTTP/1.1 answer")?;
        self.status = code.parse().with_context(|| format!("no status: {status:?}"))?;
        self.state = framing(lines)?;
        self.line.clear();
        Ok(end - before)
    }

    /// Collects a line of the framing and reads it when it is whole.
    fn line(&mut self, bytes: &[u8]) -> anyhow::Result<usize> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.line.extend_from_slice(bytes);
            ensure!(self.line.len() < HEAD_LIMIT, "a line has no end");
            return Ok(bytes.len());
        };
        self.line.extend_from_slice(&bytes[..end]);
        let line = self.line.strip_suffix(b"\r").context("a line does not end as it should")?;
        self.state = match (self.state, line) {
            (State::Trailer, b"") => State::Done,
            (State::Trailer, _) => State::Trailer,
            (_, size) => {
                let size = std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok());
                match size.context("a chunk has no size")? {
                    0 => State::Trailer,
                    size => State::Chunk(size),
                }
            }
        };
        self.line.clear();
        Ok(end + 1)
    }
}

/// How the body behind these headers is framed. One that ends with the connection cannot be told from one that broke off,
/// so it is refused.
fn framing<'a>(headers: impl Iterator<Item = &'a str>) -> anyhow::Result<State> {
    for header in headers {
        let Some((name, value)) = header.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            return Ok(State::ChunkSize);
        }
        if name.eq_ignore_ascii_case("content-length") {
            let size = value.parse().context("the content length is no number")?;
            return Ok(if size == 0 { State::Done } else { State::Sized(size) });
        }
    }
    bail!("the body is neither chunked nor of a known length")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";
    const SIZED: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone";

    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> anyhow::Result<(u16, Vec<u8>)> {
        let (mut answer, mut body) = (Answer::default(), Vec::new());
        for piece in pieces {
            answer.push(&piece, &mut |part| body.extend_from_slice(part))?;
        }
        answer.end()?;
        Ok((answer.status(), body))
    }

    #[test]
    fn an_answer_is_read_however_it_is_cut() {
        for size in 1..CHUNKED.len() {
            let (status, body) = read(CHUNKED.chunks(size).map(<[u8]>::to_vec)).unwrap();
            assert_eq!((status, body.as_slice()), (200, &b"abcabcdefghijklmnopqrstuvwxyz"[..]), "{size}");
        }
        for size in 1..SIZED.len() {
            assert_eq!(read(SIZED.chunks(size).map(<[u8]>::to_vec)).unwrap(), (404, b"gone".to_vec()));
        }
    }

    #[test]
    fn an_answer_that_lacks_its_end_is_found_out() {
        for whole in [CHUNKED, SIZED] {
            for length in 0..whole.len() {
                assert!(read(std::iter::once(whole[..length].to_vec())).is_err(), "{length}");
            }
            assert!(read(std::iter::once([whole, b"x"].concat())).is_err());
        }
        assert!(read(std::iter::once(b"HTTP/1.1 200 OK\r\n\r\nabc".to_vec())).is_err());
        assert!(read(std::iter::once(CHUNKED.to_ascii_uppercase())).is_ok());
        let broken = String::from_utf8(CHUNKED.to_vec()).unwrap().replacen("3\r\n", "2\r\n", 1);
        assert!(read(std::iter::once(broken.into_bytes())).is_err());
    }
}
