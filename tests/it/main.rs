//! Every integration test, in one binary: it links once, and modules share `common`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod anthropic;
mod bridge;
mod calls;
mod canaries;
mod captures;
mod chopped;
mod cli;
mod clients;
mod codec;
mod common;
mod completions;
mod credential;
mod descriptors;
mod dialects;
mod front;
mod fuzz;
mod gateway;
mod gemini;
mod json;
mod layers;
mod leaving;
mod login;
mod matrix;
mod pool;
mod quota;
mod random;
mod record;
mod repairs;
mod responses;
mod server;
mod sessions;
mod settings;
mod shared;
mod simulator;
mod sizes;
mod sources;
mod sse;
mod state;
mod store;
mod tokens;
mod upstream;
mod usage;
mod verbs;
mod worker;
