//! The time, for those who may not look at a clock themselves.

use std::time::SystemTime;

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    // A clock before 1970 is no reason to refuse a request.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default()
}
