//! `decode`: protobuf messages to JSON, one at a time or as a stream. It must not know what any message is for.

use std::io::{BufRead, Cursor, Read};

use anyhow::Context as _;
use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::{Value, json};

use crate::{
    cli::{
        args::{DecodeArguments, DecodedForm},
        exit::{Exit, Failure, OrExit as _},
        input::{Input, WHOLE_INPUT_LIMIT},
        output::Output,
    },
    schema::{self, Schema, SchemaError, opaque, raw, spelling},
    sse,
    upstream::payload,
};

/// How many types `--guess` offers.
const GUESSES: usize = 5;

/// How much of the input is looked at to tell what it is, in bytes.
const LOOKED_AT: u64 = 512;

/// Runs the verb.
pub(crate) fn run(arguments: &DecodeArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let descriptor = schema.message(&arguments.message_type).or_exit(Exit::Usage)?;
    let view = match (arguments.raw_fields, arguments.guess) {
        (true, _) => View::RawFields,
        (false, true) => View::Guess(schema),
        (false, false) => View::Typed { descriptor, open: arguments.open },
    };
    let mut input = Input::open(arguments.file.as_deref())?;
    if input.is_terminal() {
        output.note("reading from the terminal; Ctrl-D ends it");
    }
    let mut decoding = Decoding { name: input.name().to_owned(), view, output };
    match arguments.input {
        DecodedForm::Raw => decoding.whole(input),
        DecodedForm::Hex => decoding.text(input, TextForm::Hex),
        DecodedForm::Base64 | DecodedForm::Base64url => decoding.text(input, TextForm::Base64),
        DecodedForm::Sse => decoding.events(input),
        DecodedForm::Auto => {
            let head = decoding.head(&mut input)?;
            let looks = look_at(&head);
            let all = Cursor::new(head).chain(input);
            match looks {
                Looks::Sse => decoding.events(all),
                Looks::Text => decoding.text(all, TextForm::Either),
                Looks::Raw => decoding.whole(all),
            }
        }
    }
}

/// How messages are shown.
enum View<'a> {
    /// As messages of one type, with opaque payloads opened if so wished.
    Typed { descriptor: MessageDescriptor, open: bool },
    /// Field by field, without the schema.
    RawFields,
    /// As messages of whichever types fit best.
    Guess(&'a Schema),
}

/// What a message came to.
struct Shown {
    documents: Vec<Value>,
    /// Fields that the schema does not know: of two readings the one with fewer is right.
    unknown: usize,
}

impl View<'_> {
    fn show(&self, bytes: &[u8]) -> Result<Shown, SchemaError> {
        match self {
            View::Typed { descriptor, open } => {
                let message = schema::decode(descriptor, bytes)?;
                let mut json = schema::to_json(&message);
                if *open {
                    opaque::open(descriptor, &mut json);
                }
                Ok(Shown { documents: vec![json], unknown: schema::count_unknown(&message) })
            }
            View::RawFields => Ok(Shown { documents: vec![raw::to_json(bytes)?], unknown: 0 }),
            View::Guess(schema) => guess(schema, bytes),
        }
    }
}

fn guess(schema: &Schema, bytes: &[u8]) -> Result<Shown, SchemaError> {
    let fits = schema::guess(schema, bytes, GUESSES)?;
    let unknown = fits.first().map_or(usize::MAX, |best| best.unknown);
    let document = |fit: &schema::Fit| {
        let (name, message) = (schema::short_name(&fit.descriptor), schema::to_json(&fit.message));
        json!({"type": name, "unknown": fit.unknown, "message": message})
    };
    Ok(Shown { documents: fits.iter().map(document).collect(), unknown })
}

/// What input looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    Sse,
    Text,
    Raw,
}

fn look_at(head: &[u8]) -> Looks {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let is_field = ["data:", "event:", "id:", "retry:"].iter().any(|field| line.starts_with(field.as_bytes()));
    // A comment is any readable line behind a colon.
    let is_comment = line.starts_with(b":") && line.iter().all(|byte| (b' '..0x7f).contains(byte));
    if is_field || is_comment {
        Looks::Sse
    } else if spelling::is_text(head) {
        Looks::Text
    } else {
        Looks::Raw
    }
}

/// How text spells bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextForm {
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
}

/// One run of the verb.
struct Decoding<'a> {
    name: String,
    view: View<'a>,
    output: &'a mut Output,
}

impl Decoding<'_> {
    /// The start of the input: a whole line where there is one.
    fn head(&self, input: &mut Input) -> Result<Vec<u8>, Failure> {
        let mut head = Vec::new();
        // A line end at the very front is more likely the tag of a first field.
        while (head.len() as u64) < LOOKED_AT && !head.iter().skip(1).any(|byte| matches!(byte, b'\n' | b'\r')) {
            let more = input.fill_buf().with_context(|| format!("cannot read {}", self.name))?;
            if more.is_empty() {
                break;
            }
            let taken = more.len();
            head.extend_from_slice(more);
            input.consume(taken);
        }
        Ok(head)
    }

    fn print(&mut self, shown: &Shown) -> Result<(), Failure> {
        if shown.documents.is_empty() {
            return Err(Failure::input(format!("{}: no message type of the schema fits", self.name)));
        }
        for document in &shown.documents {
            self.output.json(document)?;
        }
        Ok(())
    }

    /// All of the input as one message.
    fn whole(&mut self, input: impl Read) -> Result<(), Failure> {
        let bytes = self.read_whole(input)?;
        let shown = self.view.show(&bytes).with_context(|| self.name.clone()).or_exit(Exit::Input);
        let shown = shown.map_err(|failure| match self.view {
            View::Typed { .. } => failure.hint("`--guess` tries every type, `--raw-fields` does without"),
            View::RawFields | View::Guess(_) => failure,
        })?;
        self.print(&shown)
    }

    fn read_whole(&self, input: impl Read) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let mut input = input.take(WHOLE_INPUT_LIMIT + 1);
        input.read_to_end(&mut bytes).with_context(|| format!("cannot read {}", self.name))?;
        if bytes.len() as u64 > WHOLE_INPUT_LIMIT {
            return Err(Failure::input(format!("{} is larger than {} MiB", self.name, WHOLE_INPUT_LIMIT >> 20)));
        }
        Ok(bytes)
    }

    /// Server-sent events, each shown as soon as it is complete.
    fn events(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut decoder = sse::Decoder::default();
        let mut number = 0u64;
        loop {
            let chunk = input.fill_buf().with_context(|| format!("cannot read {}", self.name))?;
            let chunk = Bytes::copy_from_slice(chunk);
            input.consume(chunk.len());
            let mut events = Vec::new();
            let read = if chunk.is_empty() { decoder.finish(&mut events) } else { decoder.push(&chunk, &mut events) };
            for event in &events {
                self.event(event, &mut number)?;
            }
            self.output.flush()?;
            read.with_context(|| self.name.clone()).or_exit(Exit::Input)?;
            if chunk.is_empty() {
                break;
            }
        }
        if number == 0 { Err(Failure::input(format!("{} holds no events with data", self.name))) } else { Ok(()) }
    }

    fn event(&mut self, event: &sse::Event, number: &mut u64) -> Result<(), Failure> {
        let place = format!("{}, event {}", self.name, *number + 1);
        let shown = match payload::decode(&event.data) {
            Ok(None) => return Ok(()),
            Ok(Some(bytes)) => self.view.show(&bytes),
            Err(error) => Err(error),
        };
        *number += 1;
        // What came before stands, so it is handed on before the complaint.
        if shown.is_err() {
            self.output.flush()?;
        }
        let shown = shown.context(place).or_exit(Exit::Input)?;
        self.print(&shown)
    }

    /// Text: one message a line, or one message wrapped over lines.
    fn text(&mut self, mut input: impl BufRead, form: TextForm) -> Result<(), Failure> {
        let mut lines = Lines::default();
        // A line that happens to end between two fields reads as a message; two in a row that do are messages.
        let first = lines.next(&mut input, self)?;
        let second = lines.next(&mut input, self)?;
        let (Some(first), Some(second)) = (first.and_then(|line| self.read_text(form, &line).ok()), second) else {
            return self.wrapped(lines, input, form);
        };
        let Ok(second) = self.read_text(form, &second) else { return self.wrapped(lines, input, form) };
        self.print(&first)?;
        self.print(&second)?;
        drop(std::mem::take(&mut lines.seen));
        while let Some(line) = lines.next(&mut input, self)? {
            lines.seen.clear();
            let place = || format!("{}, line {}", self.name, lines.number);
            let shown = self.read_text(form, &line).with_context(place).or_exit(Exit::Input)?;
            self.print(&shown)?;
        }
        Ok(())
    }

    /// The lines read so far and the rest as one message.
    fn wrapped(&mut self, lines: Lines, input: impl Read, form: TextForm) -> Result<(), Failure> {
        let text = self.read_whole(Cursor::new(lines.seen).chain(input))?;
        let mut shown = self.read_text(form, &text);
        if form == TextForm::Either && shown.is_err() {
            // Few raw messages consist of letters and digits alone, but some do.
            shown = self.view.show(&text).or(shown);
        }
        let shown = shown.with_context(|| self.name.clone()).or_exit(Exit::Input)?;
        self.print(&shown)
    }

    /// Of the readings that make sense the one that leaves the fewest fields unknown.
    fn read_text(&self, form: TextForm, text: &[u8]) -> Result<Shown, SchemaError> {
        let mut best: Option<Result<Shown, SchemaError>> = None;
        for bytes in form.candidates(text)? {
            let shown = self.view.show(&bytes);
            let is_better = match (&best, &shown) {
                (None, _) | (Some(Err(_)), Ok(_)) => true,
                (Some(Ok(best)), Ok(shown)) => shown.unknown < best.unknown,
                (Some(_), Err(_)) => false,
            };
            if is_better {
                best = Some(shown);
            }
        }
        best.unwrap_or_else(|| self.view.show(&[]))
    }
}

/// Lines that are not blank.
#[derive(Default)]
struct Lines {
    /// Everything read so far, blank lines included.
    seen: Vec<u8>,
    /// The number of the last line, from 1.
    number: u64,
}

impl Lines {
    fn next(&mut self, input: &mut impl BufRead, decoding: &Decoding<'_>) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let start = self.seen.len();
            let mut limited = input.take(WHOLE_INPUT_LIMIT);
            limited.read_until(b'\n', &mut self.seen).with_context(|| format!("cannot read {}", decoding.name))?;
            let line = self.seen.get(start..).unwrap_or_default();
            if line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line.to_vec()));
            }
        }
    }
}
