//! Every integration test, in one binary: it links once, and modules share `common`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod anthropic;
mod captures;
mod cli;
mod codec;
mod common;
mod completions;
mod credential;
mod descriptors;
mod dialects;
mod gateway;
mod gemini;
mod json;
mod layers;
mod login;
mod quota;
mod responses;
mod server;
mod settings;
mod simulator;
mod sizes;
mod sources;
mod sse;
mod state;
mod upstream;
mod verbs;
