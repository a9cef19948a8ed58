//! `encode`: JSON documents to protobuf messages. It must not know what any message is for.

use anyhow::Context as _;
use prost_reflect::MessageDescriptor;
use serde_json::{Deserializer, Value};

use crate::{
    cli::{
        args::{EncodeArguments, EncodedForm},
        exit::{Exit, Failure, OrExit as _},
        input::Input,
        output::Output,
    },
    schema::{self, Schema, spelling},
};

/// What some editors put at the start of a text file.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Runs the verb: one document gives one message. In a text form every document gives a line of its own.
pub(crate) fn run(arguments: &EncodeArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let descriptor = schema.message(&arguments.message_type).or_exit(Exit::Usage)?;
    let input = Input::open(arguments.file.as_deref())?;
    if input.is_terminal() {
        output.note("reading JSON from the terminal; Ctrl-D ends it");
    }
    let name = input.name().to_owned();
    let text = input.read_whole()?;
    let mut messages = messages(&name, &descriptor, text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text));
    let Some(first) = messages.next().transpose()? else {
        return Err(Failure::input(format!("{name} is empty: a JSON document is expected")));
    };
    let default = if output.manner().data_terminal { EncodedForm::Base64 } else { EncodedForm::Raw };
    let spelling = match arguments.output.unwrap_or(default) {
        EncodedForm::Raw => return write_raw(&name, &first, messages.next().transpose()?.is_some(), output),
        EncodedForm::Hex => spelling::Spelling::Hex,
        EncodedForm::Base64 => spelling::Spelling::Base64,
        EncodedForm::Base64url => spelling::Spelling::Base64Url,
    };
    write_line(&first, spelling, output)?;
    messages.try_for_each(|message| write_line(&message?, spelling, output))
}

/// Raw bytes do not say where one message ends, so there may be only one.
fn write_raw(name: &str, bytes: &[u8], has_more: bool, output: &mut Output) -> Result<(), Failure> {
    if has_more {
        let message = format!("{name} holds several JSON documents, and raw messages cannot be told apart");
        return Err(Failure::usage(message).hint("`--output base64` writes one message a line"));
    }
    Ok(output.data(bytes)?)
}

fn write_line(bytes: &[u8], spelling: spelling::Spelling, output: &mut Output) -> Result<(), Failure> {
    let mut line = spelling::encode(bytes, spelling);
    line.push(b'\n');
    Ok(output.data(&line)?)
}

/// The encoded messages that the JSON documents in `text` describe, one after the other.
fn messages<'a>(
    name: &'a str,
    descriptor: &'a MessageDescriptor,
    text: &'a [u8],
) -> impl Iterator<Item = Result<Vec<u8>, Failure>> + 'a {
    let documents = Deserializer::from_slice(text).into_iter::<Value>();
    documents.enumerate().map(move |(index, document)| {
        let place = || if index == 0 { name.to_owned() } else { format!("{name}, document {}", index + 1) };
        let json = document.with_context(|| format!("{name} is not JSON")).or_exit(Exit::Input)?;
        let message = schema::from_json(descriptor, &json).with_context(place).or_exit(Exit::Input)?;
        Ok(schema::encode(&message))
    })
}
