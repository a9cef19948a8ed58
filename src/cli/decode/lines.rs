//! `decode` of text: one message a line, or one message wrapped over lines. It must not know how a message is shown.

use std::io::{BufRead, Cursor, Read};

use anyhow::Context as _;

use crate::{
    cli::{
        decode::{
            Decoding,
            view::{Shown, View},
        },
        exit::{Exit, Failure, OrExit as _},
        input::WHOLE_INPUT_LIMIT,
    },
    schema::{SchemaError, spelling},
};

/// How text spells bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextForm {
    Hex,
    Base64,
    /// Whichever makes sense; if none does the text may be raw bytes after all.
    Either,
}

impl TextForm {
    /// The bytes that `text` may stand for, the likelier first; at least one.
    fn candidates(self, text: &[u8]) -> Result<Vec<Vec<u8>>, SchemaError> {
        match self {
            Self::Hex => spelling::hex_bytes(text).map(|bytes| vec![bytes]),
            Self::Base64 => spelling::base64_bytes(text).map(|bytes| vec![bytes]),
            Self::Either => match spelling::candidates(text) {
                none if none.is_empty() => spelling::decode_text(text).map(|bytes| vec![bytes]),
                candidates => Ok(candidates),
            },
        }
    }

    /// Of the readings of `text` that make sense the one that leaves the fewest fields unknown.
    fn read(self, view: &View, text: &[u8]) -> Result<Shown, SchemaError> {
        let mut best: Option<Result<Shown, SchemaError>> = None;
        for bytes in self.candidates(text)? {
            let shown = view.show(&bytes);
            let is_better = match (&best, &shown) {
                (None, _) | (Some(Err(_)), Ok(_)) => true,
                (Some(Ok(best)), Ok(shown)) => shown.unknown < best.unknown,
                (Some(_), Err(_)) => false,
            };
            if is_better {
                best = Some(shown);
            }
        }
        best.unwrap_or_else(|| view.show(&[]))
    }
}

impl Decoding<'_> {
    pub(super) fn text(&mut self, mut input: impl BufRead, form: TextForm) -> Result<(), Failure> {
        let mut lines = Lines::default();
        let Some(first) = lines.next(&mut input, &self.name)? else { return self.wrapped(lines, input, form) };
        let shown = form.read(&self.view, &first.text);
        // A line that happens to end between two fields reads as a message; two in a row that do are messages, and so
        // is one that ends as only the last line of a message can.
        if let (Ok(shown), true) = (&shown, ends_whole(&first.text)) {
            self.print(shown)?;
            return self.rest(lines, input, form);
        }
        let second = lines.next(&mut input, &self.name)?;
        let (Ok(first), Some(second)) = (shown, second) else { return self.wrapped(lines, input, form) };
        let Ok(second) = form.read(&self.view, &second.text) else { return self.wrapped(lines, input, form) };
        self.print(&first)?;
        self.print(&second)?;
        self.rest(lines, input, form)
    }

    /// Each further line as a message, shown as soon as it is there.
    fn rest(&mut self, mut lines: Lines, mut input: impl BufRead, form: TextForm) -> Result<(), Failure> {
        let mut text = Vec::new();
        loop {
            self.output.flush()?;
            let chunk = input.fill_buf().with_context(|| format!("cannot read {}", self.name))?;
            let taken = chunk.len();
            for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
                text.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    self.line(lines.count(std::mem::take(&mut text)), form)?;
                }
            }
            input.consume(taken);
            if taken == 0 {
                return self.line(lines.count(text), form);
            }
            if text.len() as u64 > WHOLE_INPUT_LIMIT {
                let limit = WHOLE_INPUT_LIMIT >> 20;
                return Err(Failure::input(format!("{} holds a line of more than {limit} MiB", self.name)));
            }
        }
    }

    fn line(&mut self, line: Option<Line>, form: TextForm) -> Result<(), Failure> {
        let Some(line) = line else { return Ok(()) };
        let shown = form.read(&self.view, &line.text);
        self.item(&line.place(), shown)
    }

    /// The lines read so far and the rest as one message; if they are none, and some line is one, each line as one.
    fn wrapped(&mut self, lines: Lines, input: impl Read, form: TextForm) -> Result<(), Failure> {
        let text = self.read_whole(Cursor::new(lines.seen).chain(input))?;
        let mut shown = form.read(&self.view, &text);
        if form == TextForm::Either && shown.is_err() {
            // Few raw messages consist of letters and digits alone, but some do, and then the schema knows some of it.
            shown = self.view.show(&text).ok().filter(|raw| !raw.is_all_unknown()).map_or(shown, Ok);
        }
        let mut separate = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let has_several = separate.clone().nth(1).is_some();
        if shown.is_err() && has_several && separate.any(|line| form.read(&self.view, line).is_ok()) {
            return self.rest(Lines::default(), Cursor::new(text), form);
        }
        let shown = shown.with_context(|| self.name.clone()).or_exit(Exit::Input)?;
        self.print(&shown)
    }
}

/// Whether a line ends as wrapped text does only at its very end: in padding, or in a closing quote.
fn ends_whole(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let quote = line.first().copied().filter(|first| matches!(first, b'"' | b'\''));
    line.ends_with(b"=") || (line.len() > 1 && quote.is_some() && line.last().copied() == quote)
}

/// A line that is not blank.
struct Line {
    text: Vec<u8>,
    /// Counted from 1.
    number: u64,
    /// Where it begins.
    offset: u64,
}

impl Line {
    fn place(&self) -> String {
        format!("line {} (at byte {})", self.number, self.offset)
    }
}

/// Lines that are not blank.
#[derive(Default)]
struct Lines {
    /// What was read since it was last cleared, blank lines included.
    seen: Vec<u8>,
    number: u64,
    offset: u64,
}

impl Lines {
    /// The next line in its place; `None` when it is blank, or no line at all.
    fn count(&mut self, text: Vec<u8>) -> Option<Line> {
        let offset = self.offset;
        self.offset += text.len() as u64;
        self.number += u64::from(!text.is_empty());
        (!text.trim_ascii().is_empty()).then_some(Line { text, number: self.number, offset })
    }

    fn next(&mut self, input: &mut impl BufRead, name: &str) -> Result<Option<Line>, Failure> {
        loop {
            let start = self.seen.len();
            let mut limited = input.take(WHOLE_INPUT_LIMIT);
            limited.read_until(b'\n', &mut self.seen).with_context(|| format!("cannot read {name}"))?;
            let line = self.seen.get(start..).unwrap_or_default();
            if line.is_empty() {
                return Ok(None);
            }
            let line = line.to_vec();
            if let Some(line) = self.count(line) {
                return Ok(Some(line));
            }
        }
    }
}
