//! What the operating system tells of this process, under the names that every Prometheus client uses.
//!
//! On Linux it is read from `/proc`; elsewhere only the start is known, and nothing is made up.

use std::time::SystemTime;

use prometheus_client::{metrics::gauge::ConstGauge, registry::Registry};

/// Puts it into `registry`.
pub(super) fn register(registry: &mut Registry, began: SystemTime) {
    let began = began.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let start = "When the process started, in seconds since the Unix epoch";
    registry.register("process_start_time_seconds", start, ConstGauge::new(began));
    #[cfg(target_os = "linux")]
    crate::metrics::linux::register(registry);
}
