//! What OpenAI's two APIs have in common: the form of content, tools, calls, options and errors.
//!
//! It must not know which of the two asks: what differs comes in as a parameter.

pub(crate) mod arguments;
pub(crate) mod citation;
pub(crate) mod content;
pub(crate) mod error;
pub(crate) mod format;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod quota;
pub(crate) mod tools;
