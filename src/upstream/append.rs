//! The commonest event by far, one piece of text appended to one message, read straight from the wire.
//!
//! [`Reader`](crate::upstream::event::Reader) understands every event, by reflection; here a plan of field numbers, made
//! from the same schema, recognises this one in its usual shape and nothing else. What is shaped otherwise, damage
//! included, is left to the reader, so that both agree on everything, which a test shows. It must not know what becomes of
//! the text.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::{
    schema::{MAX_MESSAGE_BYTES, Schema, wire},
    upstream::entry::Voice,
};

/// A piece of text for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended<'a> {
    /// The task that holds the message.
    pub task_id: &'a str,
    /// The message.
    pub message_id: &'a str,
    /// What the text is.
    pub voice: Voice,
    /// The text.
    pub text: &'a str,
}

/// Where the parts of the event are on the wire.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    client_actions: u32,
    actions: u32,
    append: u32,
    message: u32,
    mask: u32,
    task_id: u32,
    paths: u32,
    /// Fields of the message that say whose it is.
    id: u32,
    own_task_id: u32,
    request_id: u32,
    voices: [Spoken; 2],
}

/// Where a message has what it says in one voice.
#[derive(Debug, Clone)]
pub(super) struct Spoken {
    pub(super) voice: Voice,
    /// The field of the message.
    pub(super) part: u32,
    /// The field of the part.
    pub(super) text: u32,
    /// The path to the text, as masks have it.
    path: String,
}

impl Plan {
    /// The plan for `schema`; none when the schema has these parts in another form.
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let (client_actions, actions_kind) = message_in(&schema.message("ResponseEvent").ok()?, "client_actions")?;
        let actions = actions_kind.get_field_by_name("actions").filter(FieldDescriptor::is_list)?;
        let (append, kind) = message_in(actions.kind().as_message()?, "append_to_message_content")?;
        let (message, body) = message_in(&kind, "message")?;
        let (mask, mask_kind) = message_in(&kind, "mask")?;
        let paths = mask_kind.get_field_by_name("paths").filter(FieldDescriptor::is_list)?;
        Some(Self {
            client_actions,
            actions: actions.number(),
            append,
            message,
            mask,
            task_id: text_in(&kind, "task_id")?,
            paths: paths.number(),
            id: text_in(&body, "id")?,
            own_task_id: text_in(&body, "task_id")?,
            request_id: text_in(&body, "request_id")?,
            voices: [spoken(&body, Voice::Text)?, spoken(&body, Voice::Reasoning)?],
        })
    }

    /// What the event `wire` appends, if that is all it does.
    pub(super) fn read<'a>(&self, wire: &'a [u8]) -> Option<Appended<'a>> {
        if wire.len() > MAX_MESSAGE_BYTES {
            return None;
        }
        let [actions] = only(wire, [self.client_actions])?;
        let [action] = only(actions?, [self.actions])?;
        let [append] = only(action?, [self.append])?;
        let [message, mask, task_id] = only(append?, [self.message, self.mask, self.task_id])?;
        let [path] = only(mask?, [self.paths])?;
        let path = path?;
        let spoken = self.voices.iter().find(|spoken| spoken.path.as_bytes() == path)?;
        let numbers = [self.id, self.own_task_id, self.request_id, spoken.part];
        let [id, own_task_id, request_id, part] = only(message?, numbers)?;
        let [text] = only(part?, [spoken.text])?;
        for unused in [own_task_id, request_id].into_iter().flatten() {
            // They change nothing, but one that is no text makes the whole event unreadable.
            std::str::from_utf8(unused).ok()?;
        }
        Some(Appended {
            task_id: std::str::from_utf8(task_id?).ok()?,
            message_id: std::str::from_utf8(id?).ok()?,
            voice: spoken.voice,
            text: std::str::from_utf8(text?).ok()?,
        })
    }
}

/// The contents of the fields `numbers` of the message `bytes`; `None` when it has any other field, one of them twice, or
/// one that is not length-delimited.
fn only<const N: usize>(bytes: &[u8], numbers: [u32; N]) -> Option<[Option<&[u8]>; N]> {
    let mut found = [None; N];
    let mut fields = wire::fields(bytes);
    while let Some(field) = fields.next_field() {
        let wire::Field { number, value: wire::Value::Bytes(content) } = field.ok()? else { return None };
        let place = numbers.iter().position(|wanted| *wanted == number)?;
        if found.get_mut(place)?.replace(content).is_some() {
            return None;
        }
    }
    Some(found)
}

/// The number and type of the message field `name` that is no list.
fn message_in(message: &MessageDescriptor, name: &str) -> Option<(u32, MessageDescriptor)> {
    let field =
        message.get_field_by_name(name).filter(|field| !field.is_list() && !field.is_map() && !field.is_group())?;
    Some((field.number(), field.kind().as_message()?.clone()))
}

/// The number of the text field `name` that is no list.
pub(super) fn text_in(message: &MessageDescriptor, name: &str) -> Option<u32> {
    let field = message.get_field_by_name(name)?;
    (field.kind() == Kind::String && !field.is_list()).then(|| field.number())
}

/// Where a message has what it says in `voice`.
pub(super) fn spoken(message: &MessageDescriptor, voice: Voice) -> Option<Spoken> {
    let (part, text) = voice.place();
    let (number, kind) = message_in(message, part)?;
    Some(Spoken { voice, part: number, text: text_in(&kind, text)?, path: format!("{part}.{text}") })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Appended, Plan};
    use crate::{
        schema::{self, Schema},
        upstream::entry::Voice,
    };

    fn event(actions: Value) -> Vec<u8> {
        let kind = Schema::embedded().message("ResponseEvent").unwrap();
        schema::encode(&schema::from_json(&kind, &json!({"client_actions": {"actions": actions}})).unwrap())
    }

    fn append(message: Value, mask: &str) -> Value {
        json!({"append_to_message_content": {"task_id": "t", "message": message, "mask": mask}})
    }

    #[test]
    fn the_usual_event_is_read_and_every_other_is_left_alone() {
        let plan = Plan::of(&Schema::embedded()).unwrap();
        let usual = append(json!({"id": "m", "agent_output": {"text": "Hé"}, "task_id": "t"}), "agentOutput.text");
        let wire = event(json!([usual]));
        let expected = Appended { task_id: "t", message_id: "m", voice: Voice::Text, text: "Hé" };
        assert_eq!(plan.read(&wire), Some(expected));
        let thought = json!({"id": "m", "agent_reasoning": {"reasoning": "hm"}, "request_id": "r"});
        let thinking = event(json!([append(thought.clone(), "agentReasoning.reasoning")]));
        assert_eq!(plan.read(&thinking).map(|read| (read.voice, read.text)), Some((Voice::Reasoning, "hm")));
        for other in [
            json!([]),
            json!([usual, usual]),
            json!([{"begin_transaction": {}}]),
            json!([append(json!({"id": "m", "agent_output": {}}), "agentOutput.text")]),
            json!([append(thought, "agentOutput.text")]),
            json!([append(json!({"id": "m", "agent_output": {"text": "x"}}), "agentOutput.text,serverMessageData")]),
            json!([append(json!({"id": "m", "agent_output": {"text": "x"}, "citations": [{}]}), "agentOutput.text")]),
            json!([append(json!({"agent_output": {"text": "x"}}), "agentOutput.text")]),
        ] {
            assert_eq!(plan.read(&event(other.clone())), None, "{other}");
        }
        for cut in 1..wire.len() {
            assert_eq!(plan.read(&wire[..cut]), None, "cut at {cut}");
        }
        let spoiled = |at: &[u8]| {
            let place = wire.windows(at.len()).position(|window| window == at).unwrap();
            let mut wire = wire.clone();
            wire[place] = 0xff;
            plan.read(&wire).is_some()
        };
        assert!(!spoiled("é".as_bytes()) && !spoiled(b"agent_output.text"));
    }
}
