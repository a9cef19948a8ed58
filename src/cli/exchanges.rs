//! Walks through captures: every file, every exchange in it, every event of its answer; damage is told and passed over.
//!
//! The verbs that look into captures share it. It must not know what they print.

use std::path::{Path, PathBuf};

use crate::{
    capture::{self, Frame, Frames, Opening, Piece, ReadError},
    cli::{
        exit::{Exit, Failure, OrExit as _},
        input::Input,
        output::Output,
    },
    schema::Schema,
    sse::SseError,
    turn::TurnEvent,
    upstream::{
        event::Event,
        payload::Payloads,
        transcript::{Transcriber, Transcript},
    },
};

/// How many damaged parts of an input are told one by one.
const TOLD: u64 = 10;
/// How much of a refusal's body is kept.
const REFUSAL_LIMIT: usize = 4 * 1024;

/// One event of an answer.
pub(crate) struct Seen<'a> {
    /// Which of its answer, from 1.
    pub(crate) number: u64,
    /// Where it begins in the response stream.
    pub(crate) offset: u64,
    /// When its last byte came, in milliseconds since the request, where known.
    pub(crate) ms: Option<u64>,
    /// Its wire bytes.
    pub(crate) wire: &'a [u8],
    transcriber: &'a Transcriber,
}

impl Seen<'_> {
    /// What it says.
    ///
    /// # Errors
    /// Never here: it has been read before.
    pub(crate) fn event(&self) -> Result<Event, Failure> {
        self.transcriber.read(self.wire).or_exit(Exit::Input)
    }
}

/// One exchange, when all of it has been seen.
pub(crate) struct Exchange {
    /// The input that it is from.
    pub(crate) source: String,
    /// Which of that input, from 1.
    pub(crate) number: usize,
    /// What is known from before the answer.
    pub(crate) opening: Opening,
    /// HTTP status, where known.
    pub(crate) status: Option<u16>,
    /// What a refusal said.
    pub(crate) refusal: String,
    /// Milliseconds from the request to the first byte of the answer and to the end, where known.
    pub(crate) timing: Timing,
    /// What the answer holds.
    pub(crate) transcript: Transcript,
}

/// When things came, in milliseconds since the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) headers: Option<u64>,
    pub(crate) first: Option<u64>,
    pub(crate) end: Option<u64>,
}

/// Looks at exchanges as they pass.
pub(crate) trait View {
    /// An event, and what a user hears of it.
    fn event(&mut self, output: &mut Output, seen: &Seen<'_>, heard: &[TurnEvent]) -> Result<(), Failure>;
    /// The end of an exchange, and what a user hears only then.
    fn finished(&mut self, output: &mut Output, exchange: Exchange, heard: &[TurnEvent]) -> Result<(), Failure>;
}

/// Shows `view` all exchanges of `files`, or of standard input when there are none.
///
/// # Errors
/// When an input cannot be read or holds nothing, or something in it is damaged: at once when that is `strict`, else
/// behind everything that is whole.
pub(crate) fn walk(
    files: &[PathBuf],
    strict: bool,
    schema: &Schema,
    view: &mut dyn View,
    output: &mut Output,
) -> Result<(), Failure> {
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input[..] } else { files };
    let mut damaged = 0;
    for file in files {
        for file in expanded(file)? {
            damaged += walk_file(&file, strict, schema, view, output)?;
        }
    }
    match damaged {
        0 => Ok(()),
        1 => Err(Failure::input("one part could not be read; the rest is above")),
        many => Err(Failure::input(format!("{many} parts could not be read; the rest is above"))),
    }
}

/// The file, or the captures in the directory that it is.
fn expanded(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = capture::captures_in(path);
    let files = files.map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    match files.is_empty() {
        true => Err(Failure::usage(format!("{} holds no captures (*.sse, *.har, *.jsonl)", path.display()))),
        false => Ok(files),
    }
}

/// Gives how many parts could not be read.
fn walk_file(
    file: &Path,
    strict: bool,
    schema: &Schema,
    view: &mut dyn View,
    output: &mut Output,
) -> Result<u64, Failure> {
    let input = Input::open(Some(file))?;
    if input.is_terminal() {
        output.note("reading a response stream from the terminal; Ctrl-D ends it");
    }
    let name = input.name().to_owned();
    let progress = output.progress(input.size());
    let mut walker = Walker {
        source: name.clone(),
        transcriber: Transcriber::new(schema).or_exit(Exit::Usage)?,
        frames: Frames::default(),
        cut: Vec::new(),
        payloads: Payloads::default(),
        heard: Vec::new(),
        strict,
        view,
        output,
        current: Current::default(),
        exchanges: 0,
        damaged: 0,
        untold: Vec::new(),
    };
    let read = capture::read(progress.wrap_read(input), &mut |piece| walker.take(piece));
    progress.finish_and_clear();
    let (exchanges, damaged, untold) = (walker.exchanges, walker.damaged, walker.untold);
    read.map_err(|stop| stop.of(&name))?;
    if exchanges == 0 {
        let why = untold.first().map(|problem| problem.strip_prefix(&format!("{name}: ")).unwrap_or(problem));
        let why = why.map(|problem| format!(": {problem}")).unwrap_or_default();
        let failure = Failure::input(format!("{name} holds no response events{why}"));
        return Err(failure.hint("a recorded stream has lines such as `data: CggKAmMxEgJyMQ==`"));
    }
    Ok(damaged)
}

/// Why a walk ends early.
pub(crate) enum Stop {
    Read(ReadError),
    Failure(Failure),
}

impl Stop {
    /// The failure of reading the input called `name`.
    pub(crate) fn of(self, name: &str) -> Failure {
        match self {
            Self::Read(ReadError::Input(error)) => Failure::new(Exit::Failed, format!("cannot read {name}: {error}")),
            Self::Read(error) => Failure::input(format!("{name}: {error}")),
            Self::Failure(failure) => failure,
        }
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The exchange that is being read.
#[derive(Default)]
struct Current {
    opening: Opening,
    status: Option<u16>,
    refusal: Vec<u8>,
    timing: Timing,
    ms: Option<u64>,
    /// Events of the answer so far, damaged ones included.
    events: u64,
}

struct Walker<'a> {
    source: String,
    transcriber: Transcriber,
    frames: Frames,
    cut: Vec<Frame>,
    payloads: Payloads,
    heard: Vec<TurnEvent>,
    strict: bool,
    view: &'a mut dyn View,
    output: &'a mut Output,
    current: Current,
    /// Exchanges that held something.
    exchanges: usize,
    damaged: u64,
    /// Damage before anything sound: if nothing sound comes at all, it is the reason.
    untold: Vec<String>,
}

impl Walker<'_> {
    fn take(&mut self, piece: Piece) -> Result<(), Stop> {
        match piece {
            Piece::Begin(opening) => {
                self.current = Current { opening, ..Current::default() };
                self.frames = Frames::default();
            }
            Piece::Answer { ms, status, .. } => {
                self.current.status = Some(status);
                self.current.timing.headers = ms;
            }
            Piece::Bytes { ms, bytes } => self.bytes(ms, &bytes)?,
            Piece::End { ms, broken } => {
                self.current.timing.end = ms.or(self.current.ms);
                self.frames.finish(&mut self.cut);
                self.events()?;
                if let Some(reason) = broken {
                    self.output.warn(&format!("{}: the exchange was not recorded to its end: {reason}", self.source));
                }
                self.finish()?;
            }
            Piece::Broken { offset, problem } => {
                let place = offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
                self.damage(format!("{}{place}: {problem}", self.source))?;
            }
        }
        Ok(())
    }

    fn bytes(&mut self, ms: Option<u64>, bytes: &[u8]) -> Result<(), Stop> {
        self.current.ms = ms;
        self.current.timing.first = self.current.timing.first.or(ms);
        if self.current.status.is_some_and(|status| status != 200) {
            let room = REFUSAL_LIMIT.saturating_sub(self.current.refusal.len());
            self.current.refusal.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return Ok(());
        }
        self.frames.push(bytes, &mut self.cut);
        self.events()
    }

    /// Takes the frames that are complete.
    fn events(&mut self) -> Result<(), Stop> {
        let (mut cut, mut payloads) = (std::mem::take(&mut self.cut), std::mem::take(&mut self.payloads));
        let taken = cut.drain(..).try_for_each(|frame| self.frame(&frame, &mut payloads));
        (self.cut, self.payloads) = (cut, payloads);
        taken
    }

    fn frame(&mut self, frame: &Frame, payloads: &mut Payloads) -> Result<(), Stop> {
        payloads.clear();
        let decoded = match &frame.data {
            Ok(data) => payloads.push(data).map_err(|error| error.to_string()),
            Err(SseError::Utf8 { .. }) => Err("it is not valid UTF-8".to_owned()),
            Err(SseError::TooLarge { limit, .. }) => Err(format!("it is larger than {limit} bytes")),
            Err(SseError::Malformed { .. }) => Err("it is no event".to_owned()),
        };
        match decoded {
            Ok(()) => payloads.iter().try_for_each(|wire| self.event(wire, frame.offset)),
            Err(problem) => self.damaged_event(frame.offset, &problem),
        }
    }

    fn event(&mut self, wire: &[u8], offset: u64) -> Result<(), Stop> {
        if self.transcriber.begins_answer(wire) && !self.transcriber.is_empty() {
            // Streams may have been joined.
            let opening = self.current.opening.clone();
            self.finish()?;
            self.current = Current { opening, ..Current::default() };
        }
        if let Err(error) = self.transcriber.push(wire, &mut self.heard) {
            return self.damaged_event(offset, &error.to_string());
        }
        self.tell_damage();
        self.current.events += 1;
        let (number, ms) = (self.current.events, self.current.ms);
        let seen = Seen { number, offset, ms, wire, transcriber: &self.transcriber };
        self.view.event(self.output, &seen, &self.heard)?;
        self.heard.clear();
        Ok(())
    }

    fn damaged_event(&mut self, offset: u64, problem: &str) -> Result<(), Stop> {
        self.current.events += 1;
        self.heard.clear();
        let number = self.current.events;
        self.damage(format!("{}: event {number} at byte {offset}: {problem}", self.source))
    }

    fn damage(&mut self, problem: String) -> Result<(), Stop> {
        self.damaged += 1;
        if self.strict {
            return Err(Failure::input(problem).into());
        }
        match self.damaged {
            number if number > TOLD + 1 => {}
            number if number == TOLD + 1 => self.untold.push(format!("{}: and more like that", self.source)),
            _ => self.untold.push(problem),
        }
        if self.exchanges > 0 || !self.transcriber.is_empty() {
            self.tell_damage();
        }
        Ok(())
    }

    fn tell_damage(&mut self) {
        for problem in self.untold.drain(..) {
            self.output.warn(&problem);
        }
    }

    /// Ends the current exchange. One that held nothing is none.
    fn finish(&mut self) -> Result<(), Stop> {
        let current = std::mem::take(&mut self.current);
        let is_refused = current.status.is_some_and(|status| status != 200);
        if self.transcriber.is_empty() && !is_refused {
            return Ok(());
        }
        self.tell_damage();
        self.exchanges += 1;
        let transcript = self.transcriber.finish(&mut self.heard);
        let exchange = Exchange {
            source: self.source.clone(),
            number: self.exchanges,
            opening: current.opening,
            status: current.status,
            refusal: String::from_utf8_lossy(&current.refusal).into_owned(),
            timing: current.timing,
            transcript,
        };
        self.view.finished(self.output, exchange, &self.heard)?;
        self.heard.clear();
        Ok(())
    }
}
