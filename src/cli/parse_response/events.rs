//! One line an event: which, where, when, and what it does.

use prost_reflect::ReflectMessage as _;

use crate::{
    cli::{
        exchanges::{Exchange, Seen, View},
        exit::Failure,
        output::{Output, without_escapes},
    },
    turn::TurnEvent,
    upstream::{
        event::{Action, Event, Patch},
        finish::Finish,
        message::RawMessage,
    },
};

/// The most of an event's text that a line shows.
const TEXT_LIMIT: usize = 60;

/// Prints events as they pass.
pub(super) struct Lines;

impl View for Lines {
    fn event(&mut self, output: &mut Output, seen: &Seen<'_>, _: &[TurnEvent]) -> Result<(), Failure> {
        let time = seen.ms.map(|ms| format!(" +{ms} ms")).unwrap_or_default();
        let line =
            format!("{} @{}{time} {} bytes {}", seen.number, seen.offset, seen.wire.len(), describe(&seen.event()?));
        Ok(output.text(&format!("{}\n", without_escapes(&line).replace(['\n', '\t'], " ")))?)
    }

    fn finished(&mut self, output: &mut Output, exchange: Exchange, _: &[TurnEvent]) -> Result<(), Failure> {
        super::warn_of_end(output, &exchange);
        Ok(())
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Init { conversation_id, request_id, run_id } => {
            format!("init conversation {conversation_id} request {request_id} run {run_id}")
        }
        Event::Actions(actions) => {
            let actions: Vec<String> = actions.iter().map(action).collect();
            format!("client_actions {}", actions.join("; "))
        }
        Event::Finished(finished) => {
            let finish = Finish::of(finished);
            format!(
                "finished {}: {} tokens in, {} out",
                finish.name, finish.usage.input_tokens, finish.usage.output_tokens
            )
        }
        Event::Unknown => "of a kind that the schema does not know".to_owned(),
    }
}

fn action(action: &Action) -> String {
    let name = action.name();
    match action {
        Action::CreateTask(task) => format!("{name} {} {}", task.id, messages(&task.messages)),
        Action::AddMessages { task_id, messages: added } => format!("{name} {task_id} {}", messages(added)),
        Action::UpdateMessage(patch) | Action::AppendContent(patch) => format!("{name} {}", change(patch)),
        Action::UpdateDescription { task_id, description } => format!("{name} {task_id} {}", quoted(description)),
        Action::UpdateServerData { task_id, .. } => format!("{name} {task_id}"),
        Action::MoveMessages(order) => {
            format!("{name} {} messages of {} to {}", order.expected_count, order.source_task_id, order.new_task.id)
        }
        Action::Begin | Action::Commit | Action::Rollback | Action::Other(_) | Action::Unknown => name.to_owned(),
    }
}

fn change(patch: &Patch) -> String {
    let mask =
        patch.mask.as_ref().map_or_else(|| "without a mask".to_owned(), |paths| format!("[{}]", paths.join(", ")));
    let message = patch.message.as_ref().map_or_else(|| "no message".to_owned(), message);
    format!("{} {mask} {message}", patch.task_id)
}

fn messages(all: &[RawMessage]) -> String {
    all.iter().map(message).collect::<Vec<_>>().join(", ")
}

/// The kind of a message, and the beginning of what it says.
fn message(raw: &RawMessage) -> String {
    let message = raw.message();
    let kinds = message.descriptor().oneofs().find(|oneof| oneof.name() == "message");
    let Some(kind) = kinds.and_then(|oneof| oneof.fields().find(|field| message.has_field(field))) else {
        return "an empty message".to_owned();
    };
    let body = message.get_field(&kind);
    let texts = body.as_message().map(|body| {
        let texts = body.fields().filter_map(|(_, value)| value.as_str().map(quoted));
        texts.collect::<Vec<_>>().join(" ")
    });
    format!("{} {}", kind.name(), texts.unwrap_or_default()).trim_end().to_owned()
}

fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(TEXT_LIMIT).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{more}")
}
