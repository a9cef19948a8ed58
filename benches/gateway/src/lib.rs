//! What the programs of the gateway's benchmark share.
//!
//! `answer` is what the fast upstream sends, `order` says how much of it and how fast, `upstream` serves it. `http1` reads
//! answers, `scan` counts what is in them, `dialect` knows how each API asks and what a whole answer of it is, and `load`
//! puts them together. `typed` holds the messages that `prost` generates.

pub mod answer;
pub mod dialect;
pub mod http1;
pub mod load;
pub mod order;
pub mod scan;
pub mod stamp;
pub mod upstream;

/// The protocol's messages, as `prost` and `pbjson` generate them from the project's proto files.
pub mod typed {
    /// `warp.multi_agent.v1`.
    pub mod warp {
        #![allow(missing_docs, clippy::all, clippy::pedantic)]
        include!(concat!(env!("OUT_DIR"), "/warp.multi_agent.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/warp.multi_agent.v1.serde.rs"));
    }
}
