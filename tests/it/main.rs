//! The integration tests, one binary.

mod dialects;
mod sse;
