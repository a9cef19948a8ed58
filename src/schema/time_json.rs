//! `google.protobuf.Timestamp` and `Duration` as the text that JSON has for them. It must not know a clock.

use prost_reflect::{DynamicMessage, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::schema::error::JsonError;
use crate::schema::well_known::bad_text;

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, in seconds of the Unix epoch.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// About ten thousand years.
const DURATION_SECONDS: i64 = 315_576_000_000;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

const A_TIMESTAMP: &str = "an RFC 3339 time between the years 1 and 9999, such as 2026-01-31T12:00:00.5Z";
const A_DURATION: &str = "a duration in seconds of at most nine decimals, such as 1.5s";

/// The seconds and nanos of a message of either type.
pub(crate) fn parts(message: &DynamicMessage) -> Option<(i64, i32)> {
    let seconds = message.get_field_by_name("seconds")?.as_i64()?;
    let nanos = message.get_field_by_name("nanos")?.as_i32()?;
    Some((seconds, nanos))
}

fn set_parts(message: &mut DynamicMessage, seconds: i64, nanos: i32) {
    message.set_field_by_name("seconds", Value::I64(seconds));
    message.set_field_by_name("nanos", Value::I32(nanos));
}

/// A fraction of 0, 3, 6 or 9 digits, with its dot.
fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        nanos => format!(".{nanos:09}"),
    }
}

/// `None` outside the range that RFC 3339 text can name.
pub(crate) fn timestamp_text(seconds: i64, nanos: i32) -> Option<String> {
    if !TIMESTAMP_SECONDS.contains(&seconds) || !(0..NANOS_PER_SECOND).contains(&nanos) {
        return None;
    }
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (date, time) = (moment.date(), moment.time());
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        fraction(nanos.unsigned_abs())
    ))
}

pub(crate) fn fill_timestamp(message: &mut DynamicMessage, text: &str) -> Result<(), JsonError> {
    let (seconds, nanos) = parse_timestamp(text).ok_or_else(|| bad_text(text, A_TIMESTAMP))?;
    set_parts(message, seconds, nanos);
    Ok(())
}

/// The seconds and nanos of an RFC 3339 time.
pub(crate) fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let seconds = moment.unix_timestamp();
    // More than nine decimals would be cut without a word.
    if !TIMESTAMP_SECONDS.contains(&seconds) || decimals(text) > 9 {
        return None;
    }
    Some((seconds, i32::try_from(moment.nanosecond()).unwrap_or_default()))
}

fn decimals(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count())
}

/// `None` outside the permitted range, or when seconds and nanos differ in sign.
pub(crate) fn duration_text(seconds: i64, nanos: i32) -> Option<String> {
    let in_range = (-DURATION_SECONDS..=DURATION_SECONDS).contains(&seconds)
        && (1 - NANOS_PER_SECOND..NANOS_PER_SECOND).contains(&nanos)
        && i64::from(nanos.signum()) * seconds.signum() >= 0;
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    in_range.then(|| format!("{sign}{}{}s", seconds.unsigned_abs(), fraction(nanos.unsigned_abs())))
}

pub(crate) fn fill_duration(message: &mut DynamicMessage, text: &str) -> Result<(), JsonError> {
    let (seconds, nanos) = parse_duration(text).ok_or_else(|| bad_text(text, A_DURATION))?;
    set_parts(message, seconds, nanos);
    Ok(())
}

fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let number = text.strip_suffix('s')?;
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 9 {
        return None;
    }
    let seconds: i64 = whole.parse().ok().filter(|seconds| *seconds <= DURATION_SECONDS)?;
    let nanos: i32 = format!("{decimals:0<9}").parse().ok()?;
    Some((sign * seconds, sign as i32 * nanos))
}
