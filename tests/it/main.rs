//! The integration tests, one binary.

mod sse;
