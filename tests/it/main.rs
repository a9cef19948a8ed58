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
mod fuzz;
mod gateway;
mod gemini;
mod json;
mod layers;
mod quota;
mod random;
mod responses;
mod server;
mod settings;
mod simulator;
mod sizes;
mod sse;
mod upstream;
mod verbs;
