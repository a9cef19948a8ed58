//! Wire bytes to JSON text in one pass, without a message in between, and back.
//!
//! It is for the many messages that are as every encoder writes them: fields in the order of their numbers, none unknown,
//! none twice. For those it writes, byte for byte, what [`decode`](crate::schema::decode()) and
//! [`to_json`](crate::schema::to_json()) would; a test shows it. For everything else, damage included, it writes nothing, and
//! says so, and reflection has the word. It must not know what a message is for.

use std::sync::Arc;

use crate::schema::MAX_MESSAGE_BYTES;

mod check;
mod plan;
mod read;
mod write;

pub(crate) use plan::Plans;
use plan::TypeId;

/// Deeper messages are left to reflection, which knows how deep is too deep.
const DEEPEST: usize = 40;

/// Writes messages of one type as JSON, and as wire bytes.
#[derive(Debug, Clone)]
pub struct Transcoder {
    plans: Arc<Plans>,
    root: TypeId,
}

impl Transcoder {
    /// For the message type `name`, given in full; none when the set does not have it in a form that is understood.
    pub(crate) fn new(plans: Arc<Plans>, name: &str) -> Option<Self> {
        let root = plans.message_id(name)?;
        Some(Self { plans, root })
    }

    /// True when [`decode`](crate::schema::decode()) surely reads `bytes` as a message of this type; false says nothing.
    #[must_use]
    pub fn accepts(&self, bytes: &[u8]) -> bool {
        bytes.len() <= MAX_MESSAGE_BYTES && check::message(&self.plans, self.root, bytes, 1).is_some()
    }

    /// The wire bytes of the message that `json` is, where that can be said at once: none says nothing.
    #[must_use]
    pub fn wire(&self, json: &serde_json::Value) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut reader = read::Reader { plans: &self.plans, out: &mut out };
        reader.message(self.root, json, 1)?;
        Some(out)
    }

    /// Appends the JSON of the message `bytes` to `out`, on one line. Returns false, and appends nothing, when the message
    /// is not of the simple kind.
    #[must_use]
    pub fn put(&self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let done = bytes.len() <= MAX_MESSAGE_BYTES
            && write::Writer { plans: &self.plans, out }.message(self.root, bytes, 1).is_some();
        if !done {
            out.truncate(before);
        }
        done
    }
}
