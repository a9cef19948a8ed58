//! Sixteen bytes of text that say when they were sent, so that a receiver on the same machine can tell how long they took.

use std::time::{SystemTime, UNIX_EPOCH};

/// How large the text of every event is, in bytes.
pub const SIZE: usize = 16;

/// What every text begins with. It occurs in nothing else that goes over the wire, so counting it counts texts.
pub const MARK: u8 = b'~';

/// A stamp holds this many bits of nanoseconds, in hexadecimal digits behind the mark.
const BITS: u32 = 60;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The text of an event that does not say when it was sent.
pub const PLAIN: [u8; SIZE] = *b"~0123456789abcde";

/// The time now.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_nanos() & u128::from(u64::MAX)) as u64 & ((1 << BITS) - 1)
}

/// The text that says `time`.
#[must_use]
pub fn write(time: u64) -> [u8; SIZE] {
    let mut text = [MARK; SIZE];
    for (place, digit) in text[1..].iter_mut().rev().enumerate() {
        *digit = DIGITS[(time >> (4 * place)) as usize & 15];
    }
    text
}

/// The time that a text says; `digits` is what stands behind the mark.
#[must_use]
pub fn read(digits: &[u8]) -> Option<u64> {
    let digits = digits.get(..SIZE - 1)?;
    digits.iter().try_fold(0, |time, digit| Some(time << 4 | u64::from((*digit as char).to_digit(16)?)))
}

/// Nanoseconds from `sent` to `received`.
#[must_use]
pub fn between(sent: u64, received: u64) -> u64 {
    received.wrapping_sub(sent) & ((1 << BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_back() {
        let time = now();
        let text = write(time);
        assert_eq!(text[0], MARK);
        assert_eq!(read(&text[1..]), Some(time));
        assert_eq!(read(b"0123"), None);
        assert_eq!(read(b"xyz456789abcdef"), None);
        assert_eq!(between((1 << BITS) - 5, 5), 10, "it wraps around");
    }
}
