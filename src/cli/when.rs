//! Times for people and for programs. It must not know what they are the times of.

use std::time::{Duration, SystemTime};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A time as RFC 3339 has it, in whole seconds; none for one outside of its years.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    let whole = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    OffsetDateTime::from_unix_timestamp(i64::try_from(whole).ok()?).ok()?.format(&Rfc3339).ok()
}

/// The time that RFC 3339 text names.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}

/// How far `time` is from `now`: `in 55 min`, `3 h ago`.
pub(crate) fn relative(time: SystemTime, now: SystemTime) -> String {
    match time.duration_since(now) {
        Ok(ahead) => format!("in {}", span(ahead)),
        Err(error) => format!("{} ago", span(error.duration())),
    }
}

/// A length of time in its largest unit that it fills twice.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_told_in_one_unit() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let now = at(1_000_000);
        for (time, told) in [
            (1_000_055, "in 55 s"),
            (1_003_540, "in 59 min"),
            (1_010_800, "in 3 h"),
            (1_864_000, "in 10 days"),
            (999_999, "1 s ago"),
            (0, "11 days ago"),
        ] {
            assert_eq!(relative(at(time), now), told);
        }
    }

    #[test]
    fn text_is_read_as_it_is_written() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_263_050);
        assert_eq!(rfc3339(time).as_deref(), Some("2026-01-24T13:57:30Z"));
        assert_eq!(parse("2026-01-24T13:57:30Z"), Some(time));
        assert_eq!(parse("tomorrow"), None);
    }
}
