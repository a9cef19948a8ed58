//! `warp2api chat`: asks one question, or holds a conversation when a person sits at the terminal.
//!
//! It goes through the same gateway as `serve` and differs only in who asks. In reading order: `attach` files,
//! `conversation` what was said, `show` the answer.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use crate::{
    cli::{
        args::ChatArguments,
        backend::{self, Backend},
        chat::{conversation::Conversation, show::Shown},
        exit::{Exit, Failure},
        input::Input,
        output::Output,
        settings::Settings,
        signals::Signals,
    },
    schema::Schema,
    turn::{Content, Turn},
};

mod attach;
mod conversation;
mod show;

/// One run of the verb.
struct Chat<'a> {
    backend: &'a Backend,
    conversation: Conversation,
    model: String,
    state_directory: Option<PathBuf>,
    json: bool,
    signals: Signals,
    output: &'a mut Output,
}

/// Answers the prompt, or holds a conversation.
pub(crate) async fn run(
    arguments: &ChatArguments,
    settings: &Settings,
    schema: Schema,
    output: &mut Output,
) -> Result<(), Failure> {
    let prompt = prompt(arguments, output)?;
    let attached = arguments.files.iter().map(|path| attach::read(path)).collect::<Result<Vec<_>, _>>()?;
    let conversation = conversation(arguments, settings)?;
    let shared = backend::open_shared(settings).await?;
    let backend = Backend::start(settings, schema, Vec::new(), shared, output).await?;
    let done = hold(arguments.json, settings, &backend, conversation, prompt, attached, output).await;
    backend.close(output).await;
    done
}

/// Answers `prompt`, or holds a conversation when there is none.
async fn hold(
    json: bool,
    settings: &Settings,
    backend: &Backend,
    conversation: Conversation,
    prompt: Option<String>,
    attached: Vec<Content>,
    output: &mut Output,
) -> Result<(), Failure> {
    let wanted = settings.model.as_deref().or(conversation.model.as_deref());
    let model = model(backend, wanted, output).await?;
    let signals = Signals::listen()?;
    let state_directory = settings.state_directory.clone();
    let mut chat = Chat { backend, conversation, model, state_directory, json, signals, output };
    match prompt {
        Some(text) => {
            let content = attached.into_iter().chain([Content::Text(text)]).collect();
            chat.ask(content).await
        }
        None => chat.converse(attached).await,
    }
}

/// What is asked: the argument, what is piped in, or both; `None` when a person is to be asked line by line.
fn prompt(arguments: &ChatArguments, output: &mut Output) -> Result<Option<String>, Failure> {
    let named = arguments.prompt.as_deref();
    let (argument, from_input) = match named {
        Some("-") => (None, true),
        other => (other, !io::stdin().is_terminal()),
    };
    if named.is_none() && !from_input {
        return Ok(None);
    }
    let mut piped = String::new();
    if from_input {
        let input = Input::open(None)?;
        if input.is_terminal() {
            output.note("reading the question from the terminal; end it with Ctrl-D");
        }
        piped = String::from_utf8(input.read_whole()?).map_err(|_| Failure::input("standard input is not UTF-8"))?;
    }
    let pieces: Vec<_> =
        argument.into_iter().chain([piped.trim_end()]).filter(|text| !text.trim().is_empty()).collect();
    match pieces.is_empty() {
        true => Err(Failure::usage("there is nothing to ask").hint("give a prompt: warp2api chat \"Hello\"")),
        false => Ok(Some(pieces.join("\n\n"))),
    }
}

fn conversation(arguments: &ChatArguments, settings: &Settings) -> Result<Conversation, Failure> {
    let mut conversation = match (arguments.resume, &settings.state_directory) {
        (true, Some(directory)) => Conversation::load(directory)?,
        (true, None) => return Err(Failure::usage("no state directory is known").hint("set WARP2API_HOME to one")),
        (false, _) => Conversation::default(),
    };
    if arguments.system.is_some() {
        conversation.system.clone_from(&arguments.system);
    }
    if settings.model.is_some() {
        conversation.model.clone_from(&settings.model);
    }
    Ok(conversation)
}

/// The upstream's id of the model to ask. The account's list is read only for a name that the built-in table lacks.
async fn model(backend: &Backend, wanted: Option<&str>, output: &mut Output) -> Result<String, Failure> {
    let Some(name) = wanted else { return Ok(backend.gateway.catalogue().default_id().to_owned()) };
    if backend.gateway.catalogue().find(name).is_none() {
        backend.learn_models(output).await;
    }
    let catalogue = backend.gateway.catalogue();
    catalogue.resolve(name).ok_or_else(|| {
        if let Some(closed) = catalogue.closed(name) {
            return Failure::usage(closed.to_string());
        }
        let failure = Failure::usage(format!("there is no model {name:?}"));
        match catalogue.nearest(name) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("`warp2api models` lists them"),
        }
    })
}

impl Chat<'_> {
    /// Holds a conversation, a line a question, until the end of input. An answer that fails does not end it.
    async fn converse(&mut self, mut attached: Vec<Content>) -> Result<(), Failure> {
        use tokio::io::AsyncBufReadExt as _;
        self.output.note(&format!("talking with {}; Ctrl-D ends, Ctrl-C stops an answer", self.model));
        let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
        loop {
            self.output.aside("> ");
            let line = tokio::select! {
                line = lines.next_line() => line?,
                () = self.signals.next() => return Err(interrupted()),
            };
            let Some(line) = line else {
                self.output.note("");
                return Ok(());
            };
            if line.trim().is_empty() {
                continue;
            }
            let content = attached.drain(..).chain([Content::Text(line)]).collect();
            if let Err(failure) = self.ask(content).await {
                if failure.exit() == Exit::Done {
                    return Err(failure);
                }
                self.output.failure(&failure);
            }
        }
    }

    /// Asks, shows the answer and keeps both.
    async fn ask(&mut self, content: Vec<Content>) -> Result<(), Failure> {
        self.conversation.ask(&content);
        let answered = self.answer().await;
        match answered {
            Ok(text) => {
                self.conversation.answer(text);
                self.keep();
                Ok(())
            }
            Err(failure) => {
                self.conversation.forget_last();
                Err(failure)
            }
        }
    }

    async fn answer(&mut self) -> Result<String, Failure> {
        let turn = Turn {
            model: self.model.clone(),
            instructions: self.conversation.system.iter().cloned().collect(),
            messages: self.conversation.messages()?,
            parallel_tool_calls: true,
            ..Turn::default()
        };
        let mut shown = Shown::new(self.json);
        let spinner = self.output.spinner("waiting for the answer");
        let begun = tokio::select! {
            begun = self.backend.gateway.run(turn, crate::gateway::Scope::default()) => Some(begun),
            () = self.signals.next() => None,
        };
        spinner.finish_and_clear();
        let mut answer = begun.ok_or_else(interrupted)??;
        let mut events = Vec::new();
        loop {
            let more = tokio::select! {
                more = answer.next(&mut events) => more,
                () = self.signals.next() => {
                    shown.end(self.output)?;
                    return Err(interrupted());
                }
            };
            for event in events.drain(..) {
                shown.take(event, self.output)?;
            }
            if !more {
                break;
            }
        }
        shown.end(self.output)?;
        self.conclude(&shown)
    }

    fn conclude(&mut self, shown: &Shown) -> Result<String, Failure> {
        let text = shown.outcome()?.to_owned();
        if self.json {
            self.output.json(&shown.json(&self.model))?;
            self.output.flush()?;
        }
        if shown.is_cut() {
            self.output.warn("the answer was cut at the model's limit");
        }
        if let Some(cost) = shown.cost().filter(|_| self.output.manner().verbose) {
            self.output.note(&cost);
        }
        Ok(text)
    }

    /// Keeps the conversation; a place that cannot be written must not spoil an answer that has come.
    fn keep(&mut self) {
        let Some(directory) = &self.state_directory else { return };
        if let Err(error) = self.conversation.save(directory) {
            let place = directory.display();
            self.output.warn(&format!("the conversation cannot be kept in {place}: {error}"));
        }
    }
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted")
}
