//! warp2api lets a Warp account answer any OpenAI, Anthropic or Gemini client, and takes Warp's protocol apart for people
//! who debug it.
//!
//! # One turn, from end to end
//!
//! ```text
//! client's JSON ── server ── dialect reads ──▶ Turn ──▶ gateway ── credential lends a bearer
//!                                                          │
//!                              upstream: Turn → request message → POST, protobuf
//!                                                          ▼
//!  response bytes ── sse ── schema ── upstream: events → task tree ──▶ TurnEvents
//!                                                          │
//!               client's frames, or one body ◀── dialect encodes ◀── gateway
//! ```
//!
//! Streaming or not, it is one path: the same encoder writes frames as events come, or one body after the last of them.
//! `serve`, `chat` and `parse-response` share the decoder and the assembler, so that what the debugging verbs show is what
//! the gateway does. The simulator speaks the same protocol from the other side, over real HTTP, and shares no mapping
//! code with the gateway, so that one mistake cannot hide in both.
//!
//! # The modules, in reading order
//!
//! | module | what it does | what it must not know |
//! | --- | --- | --- |
//! | [`turn`] | the neutral model: a turn, the events of its answer, why it failed | any wire format |
//! | [`secret`] | the only carrier of token text | where the text comes from or goes |
//! | [`state`] | the database in the state directory, or the server that replicas share: sealed values, locks, what may be forgotten | what an account or a conversation is |
//! | [`clients`] | the gateway's own clients: their keys, what each may do, what each has used | HTTP, the form of any dialect, the upstream |
//! | [`service`] | what every call to the Warp service shares: its address, who we say we are, GraphQL's envelope | what is asked |
//! | [`sse`] | server-sent events, as bytes | JSON, protobuf |
//! | `give_way` | lets every other task run once | what they do |
//! | [`schema`] | any protobuf message by reflection: JSON ⇄ wire, unknown fields kept | what a conversation is |
//! | [`models`] | the catalogue: which models there are, what clients may call them | where the list comes from |
//! | [`metrics`] | what is counted and timed, as the text that Prometheus reads | HTTP, what a turn or an account is |
//! | [`monitor`] | the last turns, byte for byte, and a bus for those who watch | what the bytes mean, who watches |
//! | [`dialect`] | a client's JSON → turn; events → frames or a body; errors → a body and a status | HTTP servers, protobuf, the clock |
//! | [`upstream`] | turn → Warp's request; the call; Warp's events → task tree → turn events | any dialect, where credentials come from |
//! | [`credential`] | what authorises a request: where it comes from, how it is renewed | what it is used for |
//! | [`simulator`] | a fake upstream over HTTP that plays scenarios | `upstream` and `turn`, on purpose |
//! | [`otlp`] | spans to a collector, in batches | what the spans are about |
//! | [`capture`] | recorded exchanges: read, record, play back | what a response event means |
//! | [`gateway`] | one turn end to end: lease, call, retry before the first output, settle | any dialect, HTTP servers |
//! | [`server`] | the public HTTP API: routes, keys, limits, drain; and the bridge, for who debugs | the upstream, where credentials come from |
//! | [`cli`] | arguments → settings → library calls → output | – |
//!
//! A module imports only from those that the table in `tests/it/layers.rs` allows it, and that test holds the code to it.
//! A new dialect is one folder and one line in [`dialect::ALL`]; a new source of credentials is one file and one arm; a
//! new field of the schema needs no code at all.
//!
//! # What always holds
//!
//! - Nothing is dropped in silence: what cannot be honoured is named to the client, what the schema does not know is kept.
//! - An answer without its proper end is never a success, and nothing is retried once a client has seen output.
//! - A client that goes away ends the upstream request at once.
//! - No conversation is global, and no secret is printed.

pub mod capture;
pub mod cli;
pub mod clients;
pub mod credential;
pub mod dialect;
pub mod gateway;
mod give_way;
pub mod metrics;
pub mod models;
pub mod monitor;
pub mod otlp;
pub mod schema;
pub mod secret;
pub mod server;
pub mod service;
pub mod simulator;
pub mod sse;
pub mod state;
pub mod turn;
pub mod upstream;
