//! The time, for those who may not look at a clock themselves.

use std::time::SystemTime;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    // A clock before 1970 is no reason to refuse a request.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default()
}

/// `time` as RFC 3339.
pub(crate) fn text(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default()
}
