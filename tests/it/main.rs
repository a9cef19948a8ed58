//! Every integration test, in one binary: it links once, and modules share `common`.

mod cli;
mod codec;
mod common;
mod completions;
mod credential;
mod descriptors;
mod dialects;
mod gateway;
mod json;
mod layers;
mod server;
mod settings;
mod sizes;
mod sse;
mod upstream;
mod verbs;
