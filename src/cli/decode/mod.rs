//! `decode`: protobuf messages to JSON, one at a time or as a stream. It must not know what any message is for.
//!
//! What can be read on behind a message that is broken (an event, a line, an item of a series) is: the break is told with
//! its place, and the exit code says so at the end.

use std::{
    io::{BufRead, Cursor, Read},
    path::Path,
};

use anyhow::Context as _;

use crate::{
    capture,
    cli::{
        args::{DecodeArguments, DecodedForm, FieldNames},
        decode::{
            lines::TextForm,
            view::{Document, Shown, Typed, View},
        },
        exit::{Exit, Failure, OrExit as _},
        input::{Input, WHOLE_INPUT_LIMIT},
        output::Output,
    },
    schema::{
        JsonForm, Names, Schema, SchemaError,
        form::{self, Form},
        spelling,
    },
};

mod blocks;
mod events;
mod lines;
mod recorded;
mod series;
mod view;

/// How much of the input is looked at to tell what it is, in bytes.
const LOOKED_AT: u64 = 512;

/// How many broken messages are told of one by one.
const COMPLAINTS: u64 = 20;

/// Why `--guess` may show nothing.
const NO_TYPE_FITS: &str = "no message type of the schema fits";

/// Runs the verb.
pub(crate) fn run(arguments: &DecodeArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let view = view(arguments, schema, output)?;
    let mut input = Input::open(arguments.file.as_deref()).map_err(|failure| match arguments.file.as_deref() {
        Some(file) if is_pasted(file) => failure.hint("a text itself is piped in: echo TEXT | warp2api decode"),
        Some(_) | None => failure,
    })?;
    if input.is_terminal() {
        output.note("reading from the terminal; Ctrl-D ends it");
    }
    let is_guess = arguments.input == DecodedForm::Auto;
    let mut decoding =
        Decoding { name: input.name().to_owned(), view, is_guess, strict: arguments.strict, good: 0, bad: 0, output };
    match arguments.input {
        DecodedForm::Raw => decoding.whole(input)?,
        DecodedForm::Delimited => decoding.series(input)?,
        DecodedForm::Hex => decoding.text(input, TextForm::Hex)?,
        DecodedForm::Base64 | DecodedForm::Base64url => decoding.text(input, TextForm::Base64)?,
        DecodedForm::Sse => decoding.events(input)?,
        DecodedForm::Auto => {
            let head = decoding.head(&mut input)?;
            let (form, is_recording) = (form::of(&head), capture::is_recording(&head));
            let all = Cursor::new(head).chain(input);
            match form {
                _ if is_recording => decoding.recorded(all, wants_requests(arguments, schema))?,
                Form::Events => decoding.events(all)?,
                Form::Text => decoding.text(all, TextForm::Either)?,
                Form::Bytes => decoding.bytes(all)?,
            }
        }
    }
    decoding.end()
}

/// Whether what was meant to be a file looks more like hex or base64 that somebody has pasted.
fn is_pasted(file: &Path) -> bool {
    let text = file.as_os_str().as_encoded_bytes();
    text.len() >= 8 && file.extension().is_none() && spelling::is_text(text) && spelling::decode_text(text).is_ok()
}

/// Whether it is the requests of a recording that are to be shown.
fn wants_requests(arguments: &DecodeArguments, schema: &Schema) -> bool {
    let name = |name: &str| schema.message(name).ok().map(|descriptor| descriptor.full_name().to_owned());
    name(&arguments.message_type).is_some_and(|wanted| Some(wanted) == name("Request"))
}

fn view(arguments: &DecodeArguments, schema: &Schema, output: &Output) -> Result<View, Failure> {
    let name = arguments.message_type.clone();
    let transcoder = schema.transcoder(&name);
    if transcoder.is_none() {
        schema.message(&name).or_exit(Exit::Usage)?;
    }
    let names = match arguments.names {
        FieldNames::Snake => Names::Snake,
        FieldNames::Camel => Names::Camel,
    };
    let form = JsonForm { names, unset: arguments.emit_defaults };
    let schema = schema.clone();
    Ok(match (arguments.raw_fields, arguments.guess) {
        (true, _) => View::RawFields,
        (false, true) => View::Guess { schema, form },
        (false, false) => {
            let (redact, open) = (arguments.redact, arguments.opaque);
            let is_usual = form == JsonForm::default() && !redact && !open && !output.manner().data_terminal;
            View::Typed(Typed { schema, name, transcoder: transcoder.filter(|_| is_usual), form, redact, open })
        }
    })
}

/// One run of the verb.
struct Decoding<'a> {
    name: String,
    view: View,
    /// Nobody said what the input is.
    is_guess: bool,
    strict: bool,
    /// Messages that were shown.
    good: u64,
    /// Messages that could not be read.
    bad: u64,
    output: &'a mut Output,
}

impl Decoding<'_> {
    /// The start of the input: a whole line where there is one.
    fn head(&self, input: &mut Input) -> Result<Vec<u8>, Failure> {
        let mut head = Vec::new();
        // A line end at the very front is more likely the tag of a first field.
        // A recording may have its first brace on a line of its own.
        let is_whole =
            |head: &[u8]| head.iter().skip(1).any(|byte| matches!(byte, b'\n' | b'\r')) && head.trim_ascii() != b"{";
        while (head.len() as u64) < LOOKED_AT && !is_whole(&head) {
            if form::is_binary(&head) {
                break;
            }
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

    /// Shows a message that stands at `place`, or tells why it cannot be shown.
    fn item(&mut self, place: &str, shown: Result<Shown, SchemaError>) -> Result<(), Failure> {
        match shown {
            Ok(shown) if shown.documents.is_empty() => self.broken(place, &NO_TYPE_FITS),
            Ok(shown) => self.print(&shown),
            Err(error) => self.broken(place, &error),
        }
    }

    /// Tells that what stands at `place` cannot be read. Under `--strict` that ends the run.
    fn broken(&mut self, place: &str, error: &dyn std::fmt::Display) -> Result<(), Failure> {
        // What came before stands, so it is handed on before the complaint.
        self.output.flush()?;
        let failure = Failure::input(format!("{}, {place}: {error}", self.name));
        if self.strict {
            return Err(failure);
        }
        self.bad += 1;
        if self.bad <= COMPLAINTS {
            self.output.failure(&failure);
        }
        if self.bad == COMPLAINTS {
            self.output.warn("further messages that cannot be read are only counted");
        }
        Ok(())
    }

    fn print(&mut self, shown: &Shown) -> Result<(), Failure> {
        if shown.documents.is_empty() {
            return Err(Failure::input(format!("{}: {NO_TYPE_FITS}", self.name)));
        }
        for document in &shown.documents {
            match document {
                Document::Value(value) => self.output.json(value)?,
                Document::Line(line) => {
                    self.output.data(line)?;
                    self.output.data(b"\n")?;
                }
            }
        }
        self.good += 1;
        Ok(())
    }

    /// The verdict on the whole run.
    fn end(self) -> Result<(), Failure> {
        if self.bad == 0 {
            return Ok(());
        }
        let all = self.good + self.bad;
        let failure = Failure::input(format!("{}: {} of {all} messages could not be read", self.name, self.bad));
        Err(match self.view.hint() {
            Some(hint) if self.good == 0 => failure.hint(hint),
            Some(_) | None => failure,
        })
    }

    /// All of the input as one message.
    fn whole(&mut self, input: impl Read) -> Result<(), Failure> {
        let bytes = self.read_whole(input)?;
        let hint = match form::is_binary(&bytes) {
            true => self.view.hint(),
            false => Some("it looks like text, but neither like hex or base64 nor like an event stream"),
        };
        let shown = self.view.show(&bytes).with_context(|| self.name.clone()).or_exit(Exit::Input);
        let shown = shown.and_then(|shown| match self.is_guess && !form::is_binary(&bytes) && shown.is_all_unknown() {
            true => {
                Err(Failure::input(format!("{}: not a message: the schema knows nothing of what is in it", self.name)))
            }
            false => Ok(shown),
        });
        let shown = shown.map_err(|failure| match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
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
}
