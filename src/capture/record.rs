//! Records exchanges: one file each, written by one thread, within bounds.
//!
//! Whoever is recorded never waits: what the writer cannot keep up with is left out, and the file says so. Whole lines
//! are added one by one, so that a crash loses the last moment at most. When there are too many files or bytes the oldest
//! recordings go; no other file is ever touched. It must not know what is recorded, nor who asks for it.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use crate::{
    capture::{
        format::{Answer, Body, End, Header, Line, Piece, Request, SUFFIX, VERSION},
        redact::{self, Redactor},
    },
    schema::{Schema, SchemaError},
};

/// How many steps may wait for the writer.
const QUEUE: usize = 4096;
/// How many bytes may wait for the writer.
const QUEUE_BYTES: usize = 64 << 20;

/// How to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the files go.
    pub directory: PathBuf,
    /// Keep what people wrote.
    pub sensitive: bool,
    /// The most files to keep.
    pub max_files: usize,
    /// The most bytes to keep, in all files together.
    pub max_bytes: u64,
}

/// What an exchange belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The client's request.
    pub request_id: String,
    /// The client's dialect.
    pub dialect: String,
    /// Which exchange of the request it is, from 1.
    pub exchange: u32,
}

/// Why nothing can be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The directory cannot be used.
    #[error("cannot record into {}: {error}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The schema is not one of this protocol.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// Records exchanges. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: Queue,
    numbers: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
struct Queue {
    sender: SyncSender<Step>,
    /// Bytes that wait.
    waiting: Arc<AtomicUsize>,
    /// Recordings whose end found no room.
    abandoned: Arc<Mutex<Vec<u64>>>,
}

/// One thing to write down.
enum Step {
    Request { id: u64, about: About, began: OffsetDateTime, url: String, headers: Vec<(String, String)>, body: Bytes },
    Answer { id: u64, answer: Answer },
    Bytes { id: u64, ms: u64, bytes: Bytes },
    End { id: u64, end: End },
    Flush(SyncSender<()>),
}

impl Step {
    fn size(&self) -> usize {
        match self {
            Self::Request { body, .. } => body.len(),
            Self::Bytes { bytes, .. } => bytes.len(),
            Self::Answer { .. } | Self::End { .. } | Self::Flush(_) => 0,
        }
    }
}

impl Recorder {
    /// Begins to record into the directory, which is made if need be.
    ///
    /// # Errors
    /// When the directory cannot be used, or the schema is not one of this protocol.
    pub fn start(options: Options, schema: &Schema) -> Result<Self, RecordError> {
        let unusable = |error| RecordError::Directory { directory: options.directory.clone(), error };
        let kept = prepare(&options.directory).map_err(unusable)?;
        let redactor = if options.sensitive { None } else { Some(Redactor::new(schema)?) };
        let (sender, receiver) = sync_channel(QUEUE);
        let queue = Queue { sender, waiting: Arc::default(), abandoned: Arc::default() };
        let writer = Writer {
            redactor,
            total: kept.iter().map(|(_, size)| size).sum(),
            kept,
            open: HashMap::new(),
            waiting: Arc::clone(&queue.waiting),
            abandoned: Arc::clone(&queue.abandoned),
            options: options.clone(),
        };
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        thread.spawn(move || writer.run(&receiver)).map_err(unusable)?;
        Ok(Self { queue, numbers: Arc::default() })
    }

    /// Begins to record an exchange.
    #[must_use]
    pub fn exchange(&self, about: About) -> Recording {
        Recording {
            id: self.numbers.fetch_add(1, Ordering::Relaxed),
            queue: self.queue.clone(),
            about: Some(about),
            began: Instant::now(),
            is_lost: false,
            is_over: false,
        }
    }

    /// Waits until all that was recorded is in its file, but no longer than `patience`. Returns false when it is not.
    #[must_use]
    pub fn flush(&self, patience: Duration) -> bool {
        let (done, wait) = sync_channel(1);
        let until = Instant::now() + patience;
        let mut step = Step::Flush(done);
        while let Err(std::sync::mpsc::TrySendError::Full(back)) = self.queue.sender.try_send(step) {
            if Instant::now() >= until {
                return false;
            }
            step = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        wait.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok()
    }
}

/// Records one exchange. One that is dropped before its end was called off.
#[derive(Debug)]
pub struct Recording {
    id: u64,
    queue: Queue,
    /// Until the request has been recorded.
    about: Option<About>,
    began: Instant,
    /// The writer could not keep up.
    is_lost: bool,
    is_over: bool,
}

impl Recording {
    /// The request goes out.
    pub fn request(&mut self, url: &str, headers: Vec<(String, String)>, body: &Bytes) {
        self.began = Instant::now();
        if let Some(about) = self.about.take() {
            let (id, began) = (self.id, OffsetDateTime::now_utc());
            self.put(Step::Request { id, about, began, url: url.to_owned(), headers, body: body.clone() });
        }
    }

    /// An answer begins.
    pub fn answer(&mut self, status: u16, headers: Vec<(String, String)>) {
        let answer = Answer { ms: self.ms(), status, headers };
        self.put(Step::Answer { id: self.id, answer });
    }

    /// Bytes of its body come.
    pub fn bytes(&mut self, bytes: &Bytes) {
        self.put(Step::Bytes { id: self.id, ms: self.ms(), bytes: bytes.clone() });
    }

    /// It is over; `broken` says why the answer is not whole.
    pub fn end(&mut self, broken: Option<String>) {
        self.end_with(broken, false);
    }

    fn end_with(&mut self, broken: Option<String>, called_off: bool) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let behind = || "the recorder fell behind".to_owned();
        let end = End { ms: self.ms(), broken: if self.is_lost { Some(behind()) } else { broken }, called_off };
        if self.queue.sender.try_send(Step::End { id: self.id, end }).is_err() {
            self.queue.abandoned.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
        }
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn put(&mut self, step: Step) {
        if self.is_lost {
            return;
        }
        let size = step.size();
        let waiting = self.queue.waiting.fetch_add(size, Ordering::Relaxed) + size;
        if waiting > QUEUE_BYTES || self.queue.sender.try_send(step).is_err() {
            self.queue.waiting.fetch_sub(size, Ordering::Relaxed);
            self.is_lost = true;
            tracing::warn!("the recorder cannot keep up: the rest of an exchange is not recorded");
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end_with(None, true);
    }
}

/// Makes the directory, and finds the recordings in it, the oldest first.
fn prepare(directory: &Path) -> io::Result<VecDeque<(PathBuf, u64)>> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.ends_with(SUFFIX));
        if is_ours && entry.file_type()?.is_file() {
            found.push((entry.path(), entry.metadata()?.len()));
        }
    }
    found.sort();
    Ok(found.into())
}

/// Writes the files.
struct Writer {
    options: Options,
    redactor: Option<Redactor>,
    /// The recordings that are complete, the oldest first, with their sizes.
    kept: VecDeque<(PathBuf, u64)>,
    open: HashMap<u64, Open>,
    /// Bytes of all recordings.
    total: u64,
    waiting: Arc<AtomicUsize>,
    abandoned: Arc<Mutex<Vec<u64>>>,
}

/// A recording that is not over.
struct Open {
    path: PathBuf,
    file: File,
    size: u64,
    stream: Option<redact::Stream>,
    is_refused: bool,
}

impl Writer {
    fn run(mut self, steps: &Receiver<Step>) {
        while let Ok(step) = steps.recv() {
            self.waiting.fetch_sub(step.size(), Ordering::Relaxed);
            self.take(step);
            let abandoned = std::mem::take(&mut *self.abandoned.lock().unwrap_or_else(PoisonError::into_inner));
            abandoned.into_iter().for_each(|id| self.close(id));
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Request { id, about, began, url, headers, body } => {
                let header = Header {
                    version: VERSION,
                    program: concat!("warp2api ", env!("CARGO_PKG_VERSION")).to_owned(),
                    began: began.format(&Rfc3339).unwrap_or_default(),
                    redacted: self.redactor.is_some(),
                    request_id: about.request_id,
                    dialect: about.dialect,
                    exchange: about.exchange,
                };
                if let Err(error) = self.begin(id, began) {
                    tracing::warn!(%error, "an exchange cannot be recorded");
                    return;
                }
                let body = match &self.redactor {
                    Some(redactor) => Body::base64(&redactor.request(&body)),
                    None => Body::base64(&body),
                };
                self.write(id, &Line::Header(header));
                self.write(id, &Line::Request(Request { url, headers: redact::headers(headers), body }));
            }
            Step::Answer { id, mut answer } => {
                answer.headers = redact::headers(answer.headers);
                if let Some(open) = self.open.get_mut(&id) {
                    open.is_refused = answer.status != 200;
                }
                self.write(id, &Line::Answer(answer));
            }
            Step::Bytes { id, ms, bytes } => {
                let Some(open) = self.open.get_mut(&id) else { return };
                let shown = match &mut open.stream {
                    Some(stream) if !open.is_refused => stream.push(&bytes),
                    _ => bytes.to_vec(),
                };
                self.write_bytes(id, ms, &shown);
            }
            Step::End { id, end } => {
                let last = self.open.get_mut(&id).and_then(|open| open.stream.as_mut()).map(redact::Stream::finish);
                self.write_bytes(id, end.ms, &last.unwrap_or_default());
                self.write(id, &Line::End(end));
                self.close(id);
            }
            // Whoever asked may have stopped waiting.
            Step::Flush(done) => drop(done.try_send(())),
        }
    }

    fn begin(&mut self, id: u64, began: OffsetDateTime) -> io::Result<()> {
        while self.kept.len() + self.open.len() >= self.options.max_files && self.forget_oldest() {}
        let form = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
        let stamp = began.format(form).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let pid = std::process::id();
        let path = self.options.directory.join(format!("{stamp}-{pid}-{id:06}{SUFFIX}"));
        let file = options.open(&path)?;
        let stream = self.redactor.clone().map(redact::Stream::new);
        self.open.insert(id, Open { path, file, size: 0, stream, is_refused: false });
        Ok(())
    }

    fn write_bytes(&mut self, id: u64, ms: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.write(id, &Line::Bytes(Piece { ms, body: Body::of(bytes) }));
        }
    }

    fn write(&mut self, id: u64, line: &Line) {
        // What ended early makes no room for itself.
        if !self.open.contains_key(&id) {
            return;
        }
        let bytes = line.to_bytes();
        let size = bytes.len() as u64;
        while self.total + size > self.options.max_bytes && self.forget_oldest() {}
        let is_full = self.total + size > self.options.max_bytes;
        let Some(open) = self.open.get_mut(&id) else { return };
        if is_full {
            tracing::warn!(file = %open.path.display(), "a recording is larger than all recordings may be; it ends here");
            return self.close(id);
        }
        match open.file.write_all(&bytes) {
            Ok(()) => {
                open.size += size;
                self.total += size;
            }
            Err(error) => {
                tracing::warn!(%error, file = %open.path.display(), "a recording cannot be written; it ends here");
                self.close(id);
            }
        }
    }

    fn close(&mut self, id: u64) {
        if let Some(open) = self.open.remove(&id) {
            self.kept.push_back((open.path, open.size));
        }
        // More may have been open at once than there may be.
        while self.kept.len() + self.open.len() > self.options.max_files && self.forget_oldest() {}
    }

    /// Removes the oldest recording that is complete. Returns false when there is none.
    fn forget_oldest(&mut self) -> bool {
        let Some((path, size)) = self.kept.pop_front() else { return false };
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %path.display(), "an old recording cannot be removed");
        }
        self.total = self.total.saturating_sub(size);
        true
    }
}
