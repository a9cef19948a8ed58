//! `encode`: JSON or YAML documents to protobuf messages. It must not know what any message is for.

use anyhow::Context as _;
use prost_reflect::MessageDescriptor;
use serde_json::Value;

use crate::{
    cli::{
        args::{EncodeArguments, EncodedForm},
        document::documents,
        exit::{Exit, Failure, OrExit as _},
        input::Input,
        output::Output,
    },
    schema::{self, Schema, series, spelling},
};

/// Runs the verb: one document gives one message. In a text form every document gives a line of its own.
pub(crate) fn run(arguments: &EncodeArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let descriptor = schema.message(&arguments.message_type).or_exit(Exit::Usage)?;
    let input = Input::open(arguments.file.as_deref())?;
    if input.is_terminal() {
        output.note("reading JSON or YAML from the terminal; Ctrl-D ends it");
    }
    let name = input.name().to_owned();
    let mut encoding = Encoding { name, descriptor, sanitize: arguments.sanitize_tools, number: 0, output };
    let mut documents = documents(input, arguments.file.as_deref(), arguments.input)?;
    let Some(first) = documents.next().transpose()? else {
        return Err(Failure::input(format!("{} holds no document: JSON or YAML is expected", encoding.name)));
    };
    let first = encoding.encode(first)?;
    let default = if encoding.output.manner().data_terminal { EncodedForm::Base64 } else { EncodedForm::Raw };
    let form = arguments.output.unwrap_or(default);
    if form == EncodedForm::Raw {
        let second = documents.next().transpose()?.map(|document| encoding.encode(document)).transpose()?;
        return encoding.write_raw(&first, second.is_some());
    }
    encoding.write(&first, form)?;
    documents.try_for_each(|document| {
        let message = encoding.encode(document?)?;
        encoding.write(&message, form)
    })
}

/// One run of the verb.
struct Encoding<'a> {
    name: String,
    descriptor: MessageDescriptor,
    /// The schemas of tools are mended first.
    sanitize: bool,
    /// Documents so far.
    number: u64,
    output: &'a mut Output,
}

impl Encoding<'_> {
    fn encode(&mut self, mut document: Value) -> Result<Vec<u8>, Failure> {
        self.number += 1;
        if self.sanitize {
            let mended = schema::sanitize_tools(&mut document);
            if mended > 0 {
                self.output.note(&format!("tool schemas mended: {mended}"));
            }
        }
        let place = || match self.number {
            1 => self.name.clone(),
            number => format!("{}, document {number}", self.name),
        };
        let message = schema::from_json(&self.descriptor, &document).with_context(place).or_exit(Exit::Input)?;
        Ok(schema::encode(&message))
    }

    /// Raw bytes do not say where one message ends, so there may be only one.
    fn write_raw(&mut self, bytes: &[u8], has_more: bool) -> Result<(), Failure> {
        if has_more {
            let message = format!("{} holds several JSON documents, and raw messages cannot be told apart", self.name);
            return Err(Failure::usage(message)
                .hint("`--output delimited` writes each behind its length, `--output base64` one a line"));
        }
        Ok(self.output.data(bytes)?)
    }

    fn write(&mut self, bytes: &[u8], form: EncodedForm) -> Result<(), Failure> {
        let mut written = match form {
            EncodedForm::Raw => bytes.to_vec(),
            EncodedForm::Hex => spelling::encode(bytes, spelling::Spelling::Hex),
            EncodedForm::Base64 => spelling::encode(bytes, spelling::Spelling::Base64),
            EncodedForm::Base64url => spelling::encode(bytes, spelling::Spelling::Base64Url),
            EncodedForm::Delimited => {
                let mut framed = Vec::with_capacity(bytes.len() + 4);
                series::put(&mut framed, bytes);
                return Ok(self.output.data(&framed)?);
            }
        };
        written.push(b'\n');
        Ok(self.output.data(&written)?)
    }
}
