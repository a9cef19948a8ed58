//! What an answer says, told again from its messages: the same assembler as for live ones. It must not know where the
//! messages were kept.

use bytes::Bytes;

use crate::{
    gateway::Gateway,
    turn::{ErrorKind, TurnError, TurnEvent},
};

/// An answer told again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Retold {
    /// What its client heard.
    pub events: Vec<TurnEvent>,
    /// The tasks at its end, as wire bytes.
    pub tasks: Vec<Bytes>,
    /// What was odd, in sentences.
    pub problems: Vec<String>,
}

impl Gateway {
    /// Tells the answer again that `messages` make. One `is_over` that lacks its end broke off.
    ///
    /// # Errors
    /// When a message is not one of the protocol.
    pub fn retell(&self, messages: &[Bytes], is_over: bool) -> Result<Retold, TurnError> {
        let unreadable = |error: &dyn std::fmt::Display| TurnError::new(ErrorKind::InvalidRequest, error.to_string());
        let assembler = self.core.upstream.assembler(&[]).map_err(|error| unreadable(&error))?;
        let mut assembler = assembler.adopting();
        let mut events = Vec::new();
        for wire in messages {
            assembler.push(wire, &mut events).map_err(|error| unreadable(&error))?;
        }
        if is_over {
            assembler.end(&mut events);
        }
        Ok(Retold { events, tasks: assembler.tree().active_tasks(), problems: assembler.problems().to_vec() })
    }
}
