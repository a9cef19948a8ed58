//! The neutral model of a conversation: what a client asks and what it is answered.
//!
//! Every dialect reads into a [`Turn`] and writes from [`TurnEvent`]s; the upstream does the reverse. Nothing here is
//! serialisable, so that no wire format can leak in and freeze it. It must not know a dialect, protobuf or HTTP.

mod allowance;
mod error;
mod event;
mod ids;
mod quota;
mod repair;
mod request;

pub use allowance::{Allowance, Bound};
pub use error::{ErrorKind, TurnError};
pub use event::{Page, StopReason, TurnEvent, Usage, UsageSource, WebSearch};
pub use ids::unique_id;
pub use quota::Quota;
pub use repair::repair;
pub use request::{
    Content, File, Format, Image, Limits, Message, Output, RAW_ARGUMENTS, Tool, ToolCall, ToolChoice, ToolResult, Turn,
};
