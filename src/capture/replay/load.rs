//! Reads captures into memory, so that they can be played. It must not know how.

use std::{
    fs::{self, File},
    io::BufReader,
    path::Path,
};

use bytes::Bytes;

use crate::capture::{Frames, Opening, Piece, ReadError, captures_in, read, replay::ReplayError};

/// The most that is held, in bytes of answers and requests.
const LIMIT: usize = 256 << 20;

/// One recorded exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) opening: Opening,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// Pieces of the answer's body with the milliseconds after which they came.
    pub(crate) pieces: Vec<(u64, Bytes)>,
    /// The answer came to an end.
    pub(crate) is_whole: bool,
}

impl Exchange {
    /// True when the answer has at least the beginning of an event.
    fn has_events(&self) -> bool {
        let (mut frames, mut cut) = (Frames::default(), Vec::new());
        for (_, bytes) in &self.pieces {
            frames.push(bytes, &mut cut);
            if !cut.is_empty() {
                return true;
            }
        }
        frames.finish(&mut cut);
        !cut.is_empty()
    }
}

/// Every answer in the capture, or directory of captures, at `path`; files are taken in the order of their names.
pub(crate) fn load(path: &Path) -> Result<Vec<Exchange>, ReplayError> {
    let unreadable = |path: &Path, problem: String| ReplayError::Unreadable { path: path.to_owned(), problem };
    let is_directory = fs::metadata(path).map_err(|error| unreadable(path, error.to_string()))?.is_dir();
    let files = match is_directory {
        true => captures_in(path).map_err(|error| unreadable(path, error.to_string()))?,
        false => vec![path.to_owned()],
    };
    let mut loader = Loader::default();
    for file in files {
        let opened = File::open(&file).map_err(|error| unreadable(&file, error.to_string()))?;
        match read(BufReader::new(opened), &mut |piece| loader.take(piece)) {
            Ok(()) => {}
            Err(Stop::Unreadable(problem)) => return Err(unreadable(&file, problem)),
            Err(Stop::TooLarge) => return Err(ReplayError::TooLarge { path: path.to_owned(), limit: LIMIT >> 20 }),
        }
    }
    if loader.exchanges.is_empty() { Err(ReplayError::Empty { path: path.to_owned() }) } else { Ok(loader.exchanges) }
}

enum Stop {
    Unreadable(String),
    TooLarge,
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

#[derive(Default)]
struct Loader {
    exchanges: Vec<Exchange>,
    current: Exchange,
    ms: u64,
    size: usize,
}

impl Loader {
    fn take(&mut self, piece: Piece) -> Result<(), Stop> {
        match piece {
            Piece::Begin(opening) => {
                self.size += opening.request.as_ref().map_or(0, Bytes::len);
                self.current = Exchange { opening, status: 200, ..Exchange::default() };
                self.ms = 0;
            }
            Piece::Answer { ms, status, headers } => {
                self.ms = ms.unwrap_or_default();
                self.current.status = if status == 0 { 200 } else { status };
                self.current.headers = headers;
            }
            Piece::Bytes { ms, bytes } => {
                self.size += bytes.len();
                self.ms = ms.unwrap_or(self.ms);
                self.current.pieces.push((self.ms, bytes));
            }
            Piece::End { broken, .. } => {
                self.current.is_whole = broken.is_none();
                let ended = std::mem::take(&mut self.current);
                // A request that was never answered cannot be played, nor what is no stream at all.
                if ended.status != 200 || ended.has_events() {
                    self.exchanges.push(ended);
                }
            }
            Piece::Broken { offset, problem } => {
                tracing::warn!(offset, problem, "a part of a capture cannot be read");
            }
        }
        if self.size > LIMIT { Err(Stop::TooLarge) } else { Ok(()) }
    }
}
