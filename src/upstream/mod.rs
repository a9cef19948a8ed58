//! The Warp protocol: a [`Turn`](crate::turn::Turn) to a request message, the call over HTTP, and the events that come
//! back through the task tree to [`TurnEvent`](crate::turn::TurnEvent)s.
//!
//! It must not know any client's dialect, nor where credentials come from.

pub mod append;
pub mod assemble;
pub mod catalogue;
pub mod client;
pub mod config;
mod contents;
pub mod entry;
pub mod event;
pub mod failure;
pub mod finish;
mod history;
mod known;
mod lanes;
pub mod message;
mod parts;
pub mod payload;
pub mod quota;
pub mod reach;
pub mod request;
mod service;
pub mod tap;
pub mod transcript;
pub mod tree;
mod web;

pub use config::{Config, HistoryCarrier, McpForm, SystemCarrier};
pub use service::Upstream;
