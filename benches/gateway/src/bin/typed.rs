//! What `decode` and `parse-response --as text` do, in the plainest way that a program with generated types can:
//! `typed decode FILE` prints every event of a capture as a line of JSON, `typed text FILE` the text of every answer.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write},
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use bench::typed::warp::{ClientAction, Message, ResponseEvent, client_action::Action, message, response_event::Type};
use prost::Message as _;

/// How much is read and written at once, in bytes.
const BUFFER: usize = 64 * 1024;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (verb, file) = (arguments.next().context("no verb")?, arguments.next().context("no file")?);
    let mut input = BufReader::with_capacity(BUFFER, File::open(file)?);
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    match verb.as_str() {
        "decode" => each_event(&mut input, |event| {
            serde_json::to_writer(&mut out, &event)?;
            Ok(out.write_all(b"\n")?)
        })?,
        "text" => {
            let mut answer = Answer::default();
            each_event(&mut input, |event| answer.take(event, &mut out))?;
        }
        _ => bail!("unknown verb {verb:?}"),
    }
    Ok(out.flush()?)
}

fn each_event(
    input: &mut BufReader<File>,
    mut take: impl FnMut(ResponseEvent) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut line, mut wire) = (String::new(), Vec::new());
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let Some(data) = line.trim_end().strip_prefix("data:") else { continue };
        wire.clear();
        URL_SAFE.decode_vec(data, &mut wire)?;
        take(ResponseEvent::decode(wire.as_slice())?)?;
    }
}

/// The texts of one answer's messages, by their ids, in their order.
#[derive(Default)]
struct Answer {
    texts: Vec<(String, String)>,
    /// True when another one came before it.
    is_later: bool,
}

impl Answer {
    fn take(&mut self, event: ResponseEvent, out: &mut impl Write) -> anyhow::Result<()> {
        match event.r#type {
            Some(Type::Init(_)) => self.texts.clear(),
            Some(Type::ClientActions(actions)) => actions.actions.into_iter().for_each(|action| self.act(action)),
            Some(Type::Finished(_)) => {
                if std::mem::replace(&mut self.is_later, true) {
                    out.write_all(b"\n")?;
                }
                for (_, text) in &self.texts {
                    out.write_all(text.as_bytes())?;
                }
            }
            None => {}
        }
        Ok(())
    }

    fn act(&mut self, action: ClientAction) {
        match action.action {
            Some(Action::CreateTask(create)) => self.add(create.task.unwrap_or_default().messages),
            Some(Action::AddMessagesToTask(add)) => self.add(add.messages),
            Some(Action::AppendToMessageContent(append)) => {
                let message = append.message.unwrap_or_default();
                let place = self.texts.iter_mut().rev().find(|(id, _)| message.id.as_ref() == Some(id));
                if let (Some((_, text)), Some(message::Message::AgentOutput(output))) = (place, message.message) {
                    text.push_str(&output.text.unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, messages: Vec<Message>) {
        for message in messages {
            if let Some(message::Message::AgentOutput(output)) = message.message {
                self.texts.push((message.id.unwrap_or_default(), output.text.unwrap_or_default()));
            }
        }
    }
}
