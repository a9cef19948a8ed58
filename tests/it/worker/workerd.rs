//! The broker on the runtime that Cloudflare runs.
