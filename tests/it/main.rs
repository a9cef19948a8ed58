//! Every integration test, in one binary: it links once, and modules share `common`.

mod cli;
mod common;
mod completions;
mod credential;
mod descriptors;
mod dialects;
mod layers;
mod settings;
mod sizes;
mod sse;
mod upstream;
