//! One message as it arrived: its bytes, a glance at what it is, and all that it says once somebody asks.
//!
//! Most messages are never looked into further than the glance, and to decode them all would cost more than everything else
//! that is done with an answer. The glance is taken straight from the wire, by field numbers from the same schema, and only
//! of messages that reflection would read; of all others there is none, and reflection has the word. What is usually changed
//! in a message is changed in the bytes, too. It must not know what is done with a message.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor};

use crate::{
    schema::{self, Schema, SchemaError, Transcoder, mask, wire},
    upstream::{
        append::{self, Spoken},
        entry::Voice,
        event::text,
    },
};

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct RawMessage {
    raw: Bytes,
    plan: Plan,
    glance: Option<Glance>,
    decoded: OnceLock<DynamicMessage>,
}

/// What a glance tells of a message.
#[derive(Debug, Clone)]
struct Glance {
    id: Range<usize>,
    role: Role,
    /// What it says, where it has a voice.
    words: Range<usize>,
    cites: bool,
}

/// What a message is, as far as anything depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It says something to the user.
    Speaks(Voice),
    /// It is a tool call.
    Call,
    /// It is a tool call that the upstream resolves by itself.
    ServerCall,
    /// It is a tool's result.
    Result,
    /// It names the model that answers.
    Model,
    /// It is a search or a fetch of the web.
    Web,
    /// Anything else.
    Other,
}

/// Reads messages.
#[derive(Debug, Clone)]
pub(super) struct Plan(Arc<Kind>);

/// What messages are.
#[derive(Debug)]
struct Kind {
    descriptor: MessageDescriptor,
    glances: Option<Glances>,
}

/// How to take a glance.
#[derive(Debug, Clone)]
struct Glances {
    checker: Transcoder,
    id: u32,
    citations: u32,
    voices: [Spoken; 2],
    /// The fields of which a message has one, with what it is then.
    roles: Vec<(u32, Role)>,
    /// The fields of a tool call of which it has one, and whether it is the upstream's own then.
    tools: Vec<(u32, bool)>,
}

/// The tools that the upstream resolves by itself, by the schema's names.
pub(super) const SERVER_TOOLS: [&str; 2] = ["server", "subagent"];

impl Plan {
    /// The plan for messages of `schema`.
    ///
    /// # Errors
    /// When it has none.
    pub(super) fn of(schema: &Schema) -> Result<Self, SchemaError> {
        let descriptor = schema.message("Message")?;
        Ok(Self(Arc::new(Kind { glances: Glances::of(schema, &descriptor), descriptor })))
    }

    /// The same without glances.
    pub(super) fn by_reflection_alone(&self) -> Self {
        Self(Arc::new(Kind { glances: None, descriptor: self.0.descriptor.clone() }))
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When the bytes are none.
    pub(super) fn read(&self, raw: Bytes) -> Result<RawMessage, SchemaError> {
        let glance = self.0.glances.as_ref().and_then(|glances| glances.take(&raw));
        let decoded = OnceLock::new();
        if glance.is_none() {
            // Nobody else has a cell that was just made.
            let _ = decoded.set(schema::decode(&self.0.descriptor, &raw)?);
        }
        Ok(RawMessage { raw, plan: self.clone(), glance, decoded })
    }
}

impl Glances {
    /// None when the schema has messages in another form.
    fn of(schema: &Schema, message: &MessageDescriptor) -> Option<Self> {
        let content = message.oneofs().find(|oneof| oneof.name() == "message")?;
        let voices = [append::spoken(message, Voice::Text)?, append::spoken(message, Voice::Reasoning)?];
        let role = |field: &FieldDescriptor| match field.name() {
            "tool_call" => Role::Call,
            "tool_call_result" => Role::Result,
            "model_used" => Role::Model,
            "web_search" | "web_fetch" => Role::Web,
            _ => {
                let spoken = voices.iter().find(|spoken| spoken.part == field.number());
                spoken.map_or(Role::Other, |spoken| Role::Speaks(spoken.voice))
            }
        };
        let roles = content.fields().map(|field| (field.number(), role(&field))).collect();
        let call = content.fields().find(|field| field.name() == "tool_call")?;
        let tool = call.kind().as_message()?.oneofs().find(|oneof| oneof.name() == "tool")?;
        let tools = tool.fields().map(|field| (field.number(), SERVER_TOOLS.contains(&field.name()))).collect();
        Some(Self {
            checker: schema.transcoder(message.full_name())?,
            id: append::text_in(message, "id")?,
            citations: message.get_field_by_name("citations")?.number(),
            voices,
            roles,
            tools,
        })
    }

    /// None when the message is not as every encoder writes it, or is none.
    fn take(&self, raw: &[u8]) -> Option<Glance> {
        if !self.checker.accepts(raw) {
            return None;
        }
        let (mut id, mut content, mut cites) = (None, None, false);
        for field in wire::fields(raw) {
            let wire::Field { number, value: wire::Value::Bytes(value) } = field.ok()? else { continue };
            if number == self.id && id.replace(range_of(raw, value)).is_some() {
                return None;
            }
            cites |= number == self.citations;
            if let Some((_, role)) = self.roles.iter().find(|(own, _)| *own == number)
                && content.replace((*role, value)).is_some()
            {
                return None;
            }
        }
        let (role, words) = match content {
            Some((Role::Speaks(voice), part)) => (Role::Speaks(voice), range_of(raw, self.words(voice, part)?)),
            Some((Role::Call, part)) if self.is_servers(part) => (Role::ServerCall, 0..0),
            Some((role, _)) => (role, 0..0),
            None => (Role::Other, 0..0),
        };
        Some(Glance { id: id.unwrap_or_default(), role, words, cites })
    }

    /// Whether a tool call has one tool, and one that is the upstream's own.
    fn is_servers(&self, call: &[u8]) -> bool {
        let numbers = wire::fields(call).map_while(Result::ok).map(|field| field.number);
        let mut tools = numbers.filter_map(|number| self.tools.iter().find(|(own, _)| *own == number));
        matches!((tools.next(), tools.next()), (Some((_, true)), None))
    }

    /// The words in the part of a message that has them.
    fn words<'a>(&self, voice: Voice, part: &'a [u8]) -> Option<&'a [u8]> {
        let spoken = self.voices.iter().find(|spoken| spoken.voice == voice)?;
        let mut words: Option<&[u8]> = None;
        for field in wire::fields(part) {
            let field = field.ok()?;
            if field.number != spoken.text {
                continue;
            }
            let wire::Value::Bytes(text) = field.value else { return None };
            if words.replace(text).is_some() {
                return None;
            }
        }
        Some(words.unwrap_or_default())
    }
}

/// Where `part`, which is a slice of `whole` or empty, is in it.
fn range_of(whole: &[u8], part: &[u8]) -> Range<usize> {
    if part.is_empty() {
        return 0..0;
    }
    let from = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    from..from + part.len()
}

impl RawMessage {
    /// The very bytes.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The same, decoded.
    #[must_use]
    pub fn message(&self) -> &DynamicMessage {
        self.decoded.get_or_init(|| self.decode())
    }

    /// The same on its own, for whoever wants to change it.
    pub(crate) fn to_message(&self) -> DynamicMessage {
        self.decoded.get().cloned().unwrap_or_else(|| self.decode())
    }

    /// Of a message at which a glance was taken it is known that it can be decoded.
    fn decode(&self) -> DynamicMessage {
        let descriptor = &self.plan.0.descriptor;
        schema::decode(descriptor, &self.raw).unwrap_or_else(|_| DynamicMessage::new(descriptor.clone()))
    }

    /// The wire bytes of the same with other words in the voice that it has. None where a glance could not tell, or it has
    /// no voice.
    pub(crate) fn wire_saying(&self, words: &str) -> Option<Vec<u8>> {
        let Role::Speaks(voice) = self.role()? else { return None };
        let spoken = self.plan.0.glances.as_ref()?.voices.iter().find(|spoken| spoken.voice == voice)?;
        let fields = wire::fields(&self.raw).map_while(Result::ok);
        let part = fields.filter(|field| field.number == spoken.part).find_map(|field| match field.value {
            wire::Value::Bytes(part) => Some(part),
            _ => None,
        })?;
        let mut saying = Vec::with_capacity(part.len() + words.len() + 8);
        let put = |out: &mut Vec<u8>| wire::put_bytes(out, spoken.text, words.as_bytes());
        wire::put_replaced(&mut saying, part, spoken.text, put).ok()?;
        let mut raw = Vec::with_capacity(self.raw.len() + words.len() + 16);
        wire::put_replaced(&mut raw, &self.raw, spoken.part, |out| wire::put_bytes(out, spoken.part, &saying)).ok()?;
        Some(raw)
    }

    /// The same with other bytes.
    ///
    /// # Errors
    /// When they are no message.
    pub(crate) fn with(&self, raw: Vec<u8>) -> Result<Self, SchemaError> {
        self.plan.read(raw.into())
    }

    /// The same with what `patch` has in the fields that `paths` name, as [`mask::update`](schema::mask::update) would make
    /// it. None where that takes more than putting fields of the one in place of the other's.
    pub(crate) fn updated(&self, patch: &Self, paths: &[String]) -> Option<Self> {
        let (Some(_), Some(_)) = (&self.glance, &patch.glance) else { return None };
        let mut raw = self.raw.to_vec();
        for path in paths {
            if path.contains('.') {
                return None;
            }
            // A path that is no field's name does nothing.
            let Some(field) = self.plan.0.descriptor.get_field_by_name(path) else { continue };
            if mask::is_variant(&field) {
                return None;
            }
            let mut updated = Vec::with_capacity(raw.len() + 64);
            let put = |out: &mut Vec<u8>| wire::put_only(out, &patch.raw, field.number());
            wire::put_replaced(&mut updated, &raw, field.number(), put).ok()?;
            raw = updated;
        }
        self.with(raw).ok()
    }

    /// Its id.
    pub(crate) fn id(&self) -> String {
        match &self.glance {
            Some(glance) => self.slice(&glance.id).to_owned(),
            None => text(self.message(), "id"),
        }
    }

    /// What it is, where a glance could tell.
    pub(crate) fn role(&self) -> Option<Role> {
        self.glance.as_ref().map(|glance| glance.role)
    }

    /// False when a glance has shown that it cites nothing.
    pub(crate) fn may_cite(&self) -> bool {
        self.glance.as_ref().is_none_or(|glance| glance.cites)
    }

    /// What it says, where a glance could tell.
    pub(crate) fn words(&self) -> Option<(Voice, &str)> {
        let glance = self.glance.as_ref()?;
        match glance.role {
            Role::Speaks(voice) => Some((voice, self.slice(&glance.words))),
            Role::Call | Role::ServerCall | Role::Result | Role::Model | Role::Web | Role::Other => None,
        }
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        let bytes = self.raw.get(range.clone()).unwrap_or_default();
        // Whoever has checked the message has seen that all its text is.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl PartialEq for RawMessage {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw && self.plan.0.descriptor == other.plan.0.descriptor
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Plan, Role};
    use crate::{
        schema::{self, Schema, mask},
        upstream::entry::Voice,
    };

    fn wire(message: &Value) -> Vec<u8> {
        let kind = Schema::embedded().message("Message").unwrap();
        schema::encode(&schema::from_json(&kind, message).unwrap())
    }

    #[test]
    fn a_glance_says_what_reflection_does() {
        let plan = Plan::of(&Schema::embedded()).unwrap();
        for (message, role, words) in [
            (json!({"id": "m", "agent_output": {"text": "Hé"}}), Role::Speaks(Voice::Text), Some("Hé")),
            (json!({"id": "m", "agent_output": {}}), Role::Speaks(Voice::Text), Some("")),
            (json!({"agent_reasoning": {"reasoning": "hm"}}), Role::Speaks(Voice::Reasoning), Some("hm")),
            (json!({"id": "m", "tool_call": {"tool_call_id": "c"}}), Role::Call, None),
            (json!({"tool_call": {"call_mcp_tool": {"name": "f"}}}), Role::Call, None),
            (json!({"tool_call": {"tool_call_id": "c", "server": {}}}), Role::ServerCall, None),
            (json!({"tool_call": {"subagent": {"task_id": "t"}}}), Role::ServerCall, None),
            (json!({"id": "m", "tool_call_result": {}}), Role::Result, None),
            (json!({"id": "m", "model_used": {"model_id": "x"}}), Role::Model, None),
            (json!({"id": "m", "web_search": {}}), Role::Web, None),
            (json!({"id": "m", "task_id": "t"}), Role::Other, None),
        ] {
            let wire = wire(&message);
            let read = plan.read(wire.clone().into()).unwrap();
            assert!(read.decoded.get().is_none(), "{message}");
            assert_eq!(read.role(), Some(role), "{message}");
            assert_eq!(read.words().map(|(_, words)| words), words, "{message}");
            let plain = plan.by_reflection_alone().read(wire.into()).unwrap();
            assert_eq!((plain.role(), plain.id()), (None, read.id()));
            assert_eq!(plain.message(), read.message());
        }
    }

    #[test]
    fn what_is_changed_in_the_bytes_is_what_reflection_makes_of_it() {
        let plan = Plan::of(&Schema::embedded()).unwrap();
        let read = |json: &Value| plan.read(wire(json).into()).unwrap();
        let whole = read(&json!({
            "id": "m", "agent_output": {"text": "Hé"}, "server_message_data": "a", "citations": [{"document_id": "c"}],
            "timestamp": "2026-01-01T00:00:00Z", "task_id": "t",
        }));
        let longer = "é".repeat(200);
        let mut expected = whole.to_message();
        let output = expected.get_field_by_name_mut("agent_output").unwrap().as_message_mut().unwrap();
        output.set_field_by_name("text", prost_reflect::Value::String(longer.clone()));
        let saying = whole.wire_saying(&longer).unwrap();
        assert_eq!(saying, schema::encode(&expected));
        assert_eq!(whole.with(saying).unwrap().words(), Some((Voice::Text, longer.as_str())));
        let empty = read(&json!({"agent_output": {}}));
        assert_eq!(empty.with(empty.wire_saying("x").unwrap()).unwrap().words(), Some((Voice::Text, "x")));
        assert!(read(&json!({"user_query": {}})).wire_saying("x").is_none());

        let patch = read(&json!({"id": "n", "server_message_data": "b", "citations": [{}, {}], "user_query": {}}));
        for paths in [
            &["server_message_data"][..],
            &["citations", "server_message_data"],
            &["timestamp"],
            &["id", "unknown"],
            &["serverMessageData"],
            &[],
        ] {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let mut expected = whole.to_message();
            mask::update(&mut expected, patch.message(), &paths).unwrap();
            assert_eq!(*whole.updated(&patch, &paths).unwrap().raw(), schema::encode(&expected), "{paths:?}");
        }
        for path in ["agent_output", "agent_output.text", "unknown.path"] {
            assert!(whole.updated(&patch, &[path.to_owned()]).is_none(), "{path}");
        }
    }

    #[test]
    fn there_is_no_glance_at_what_is_odd() {
        let plan = Plan::of(&Schema::embedded()).unwrap();
        let (text, call) = (wire(&json!({"agent_output": {"text": "a"}})), wire(&json!({"tool_call": {}})));
        for odd in [[&text[..], &call].concat(), [&text[..], &text].concat(), [&text[..], &[0xf8, 0x7f, 1]].concat()] {
            let read = plan.read(odd.into()).unwrap();
            assert!(read.role().is_none() && read.decoded.get().is_some());
        }
        let whole = wire(&json!({"id": "m", "agent_output": {"text": "Hé"}}));
        for cut in 1..whole.len() {
            let (glanced, plain) =
                (plan.read(whole[..cut].to_vec().into()), schema::decode(&plan.0.descriptor, &whole[..cut]));
            assert_eq!(glanced.is_ok(), plain.is_ok(), "cut at {cut}");
        }
    }
}
