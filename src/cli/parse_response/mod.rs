//! `parse-response`: recorded answers, put together by the code that puts live ones together.

use crate::{
    cli::{
        args::{ParseResponseArguments, ResponseForm},
        exchanges::{self, Exchange, Seen, View},
        exit::Failure,
        output::Output,
    },
    dialect::{Dialect, Listener, anthropic, gemini, openai_chat, openai_responses},
    schema::Schema,
    turn::TurnEvent,
};

mod events;
mod json;
mod summary;

/// Runs the verb. An answer that broke off is told apart from one that cannot be read, and is no failure of this verb.
pub(crate) fn run(arguments: &ParseResponseArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let mut view: Box<dyn View> = match arguments.form {
        ResponseForm::Summary => Box::new(Printer::new(|output, exchange, is_first| {
            let gap = if is_first { "" } else { "\n" };
            output.text(&format!("{gap}{}", summary::of(exchange, !is_first)))
        })),
        // One answer is printed as it is; only between several is there anything else.
        ResponseForm::Text => Box::new(Printer::new(|output, exchange, is_first| {
            let gap = if is_first { "" } else { "\n" };
            output.text(&format!("{gap}{}", exchange.transcript.text))
        })),
        ResponseForm::Json => Box::new(Printer::new(|output, exchange, _| output.json(&json::of(exchange)))),
        ResponseForm::Events => Box::new(events::Lines),
        ResponseForm::Openai => client(&openai_chat::OpenAiChat),
        ResponseForm::Responses => client(&openai_responses::OpenAiResponses),
        ResponseForm::Anthropic => client(&anthropic::Anthropic),
        ResponseForm::Gemini => client(&gemini::Gemini),
    };
    exchanges::walk(&arguments.files, arguments.strict, schema, view.as_mut(), output)
}

/// Prints each exchange when it is over.
struct Printer<P> {
    print: P,
    is_first: bool,
}

impl<P: FnMut(&mut Output, &Exchange, bool) -> std::io::Result<()>> Printer<P> {
    fn new(print: P) -> Self {
        Self { print, is_first: true }
    }
}

impl<P: FnMut(&mut Output, &Exchange, bool) -> std::io::Result<()>> View for Printer<P> {
    fn event(&mut self, _: &mut Output, _: &Seen<'_>, _: &[TurnEvent]) -> Result<(), Failure> {
        Ok(())
    }

    fn finished(&mut self, output: &mut Output, exchange: Exchange, _: &[TurnEvent]) -> Result<(), Failure> {
        warn_of_end(output, &exchange);
        let is_first = std::mem::take(&mut self.is_first);
        Ok((self.print)(output, &exchange, is_first)?)
    }
}

/// Prints what a client of one dialect would have received, as it comes.
struct Client {
    dialect: &'static dyn Dialect,
    listener: Option<Listener>,
    exchanges: usize,
}

fn client(dialect: &'static dyn Dialect) -> Box<dyn View> {
    Box::new(Client { dialect, listener: None, exchanges: 0 })
}

impl Client {
    fn hear(&mut self, output: &mut Output, heard: &[TurnEvent]) -> Result<(), Failure> {
        for event in heard {
            let listener = match &mut self.listener {
                Some(listener) => listener,
                none => {
                    self.exchanges += 1;
                    none.insert(Listener::new(self.dialect, &Listener::id_of(event, self.exchanges))?)
                }
            };
            listener.hear(event);
            output.text(&listener.take())?;
        }
        Ok(())
    }
}

impl View for Client {
    fn event(&mut self, output: &mut Output, _: &Seen<'_>, heard: &[TurnEvent]) -> Result<(), Failure> {
        self.hear(output, heard)
    }

    fn finished(&mut self, output: &mut Output, exchange: Exchange, heard: &[TurnEvent]) -> Result<(), Failure> {
        warn_of_end(output, &exchange);
        if exchange.status.is_none_or(|status| status == 200) {
            self.hear(output, heard)?;
        }
        self.listener = None;
        Ok(())
    }
}

/// Says so when an answer is not whole.
fn warn_of_end(output: &mut Output, exchange: &Exchange) {
    match exchange.status {
        Some(status) if status != 200 => {
            output.warn(&format!("{}: the upstream refused with status {status}", exchange.source));
        }
        _ if !exchange.transcript.complete => output.warn("the answer broke off: there is no `finished` event"),
        _ => {}
    }
}
