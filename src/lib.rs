//! STUB crate doc
pub mod cli;
pub mod credential;
pub mod dialect;
pub mod gateway;
pub mod models;
pub mod schema;
pub mod secret;
pub mod server;
pub mod simulator;
pub mod sse;
pub mod turn;
pub mod upstream;
