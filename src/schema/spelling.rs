//! Bytes written as text: hex and base64 of either alphabet, as people and captures have them. It must not know what the
//! bytes mean.
//!
//! White space, one pair of surrounding quotes and padding do not matter. Text of only hex digits could be either. It is
//! taken as hex if its digits pair up and its letters are all of one case (base64 that happens to look so is a rarity,
//! hex is always so), else as base64. Who knows the message type can try [`candidates`] in turn.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::schema::error::{SchemaError, SpellingError};

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As they are.
    Raw,
    /// Lower-case hex digits.
    Hex,
    /// Standard base64 with padding.
    Base64,
    /// URL-safe base64 with padding, as the upstream writes it.
    Base64Url,
}

/// Bits left over behind the last whole byte are ignored: encoders that do not clear them exist.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The usual spelling, padded or not, and as lenient in its last bits.
const USUAL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes to text. `Raw` gives them back as they are.
pub fn encode(bytes: &[u8], spelling: Spelling) -> Vec<u8> {
    match spelling {
        Spelling::Raw => bytes.to_vec(),
        Spelling::Hex => hex_text(bytes).into_bytes(),
        Spelling::Base64 => STANDARD.encode(bytes).into_bytes(),
        Spelling::Base64Url => URL_SAFE.encode(bytes).into_bytes(),
    }
}

/// Lower-case hex digits, two a byte.
fn hex_text(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Bytes from any text spelling: the first of [`candidates`].
///
/// # Errors
/// When the text is neither; the error says where, or that it is cut off.
pub fn decode_text(text: &[u8]) -> Result<Vec<u8>, SchemaError> {
    let mut bytes = Vec::new();
    decode_text_into(text, &mut bytes)?;
    Ok(bytes)
}

/// The same, appended to `out`, to which an error adds nothing.
///
/// # Errors
/// As [`decode_text`].
pub fn decode_text_into(text: &[u8], out: &mut Vec<u8>) -> Result<(), SchemaError> {
    if !put_usual(text, out) {
        out.extend_from_slice(&decode_any(text)?);
    }
    Ok(())
}

/// Appends what `text` spells in the usual way, which takes one pass. Returns false, and appends nothing, when it is
/// spelled in another way or could also be hex.
fn put_usual(text: &[u8], out: &mut Vec<u8>) -> bool {
    let is_never_hex = |byte: &u8| !byte.is_ascii_hexdigit() && *byte != b'=';
    if text.starts_with(b"0x") || text.starts_with(b"0X") || !text.iter().any(is_never_hex) {
        return false;
    }
    let before = out.len();
    let decoded = USUAL.decode_vec(text, out);
    if decoded.is_err() {
        out.truncate(before);
    }
    decoded.is_ok()
}

fn decode_any(text: &[u8]) -> Result<Vec<u8>, SchemaError> {
    if looks_like_hex(text)
        && let Ok(bytes) = hex_bytes(text)
    {
        return Ok(bytes);
    }
    base64_bytes(text)
}

/// What the text may stand for, the likelier first: as hex, as base64, or neither.
pub fn candidates(text: &[u8]) -> Vec<Vec<u8>> {
    let (hex, base64) = (hex_bytes(text).ok(), base64_bytes(text).ok());
    let ordered = if looks_like_hex(text) { [hex, base64] } else { [base64, hex] };
    ordered.into_iter().flatten().collect()
}

/// Whether input could be text at all: only characters of the spellings, and at least one that counts.
pub fn is_text(input: &[u8]) -> bool {
    let in_some_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    significant(input).next().is_some() && significant(input).all(|(_, byte)| in_some_alphabet(byte))
}

/// Bytes from hex digits of either case, with or without `0x`.
///
/// # Errors
/// When there is another character, or half a byte.
pub fn hex_bytes(text: &[u8]) -> Result<Vec<u8>, SchemaError> {
    let digits = significant(text).skip(if is_marked_hex(text) { 2 } else { 0 });
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let (mut count, mut high) = (0_usize, 0);
    for (offset, byte) in digits {
        let value = char::from(byte).to_digit(16).ok_or_else(|| bad_character(text, offset))? as u8;
        match count % 2 {
            0 => high = value << 4,
            _ => bytes.push(high | value),
        }
        count += 1;
    }
    if count % 2 == 1 {
        return Err(SpellingError::OddHex(count).into());
    }
    Ok(bytes)
}

/// Bytes from base64 of either alphabet, padded or not.
///
/// # Errors
/// When there is another character, padding before the end, or a length that base64 never has.
pub fn base64_bytes(text: &[u8]) -> Result<Vec<u8>, SchemaError> {
    let mut standard = Vec::with_capacity(text.len());
    let mut padding = None;
    for (offset, byte) in significant(text) {
        if let Some(padding) = padding
            && byte != b'='
        {
            return Err(SpellingError::MisplacedPadding(padding).into());
        }
        match byte {
            b'=' => padding = padding.or(Some(offset)),
            b'-' => standard.push(b'+'),
            b'_' => standard.push(b'/'),
            b'+' | b'/' => standard.push(byte),
            byte if byte.is_ascii_alphanumeric() => standard.push(byte),
            _ => return Err(bad_character(text, offset).into()),
        }
    }
    LENIENT.decode(&standard).map_err(|_| SpellingError::BadLength(standard.len()).into())
}

/// The characters that count, with their places: no white space, no surrounding quotes.
fn significant(text: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let rest = text.trim_ascii_start();
    let (inner, from) = match rest.trim_ascii_end() {
        [first @ (b'"' | b'\''), inner @ .., last] if first == last => (inner, text.len() - rest.len() + 1),
        whole => (whole, text.len() - rest.len()),
    };
    let characters = inner.iter().copied().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace());
    characters.map(move |(place, byte)| (from + place, byte))
}

/// Only paired hex digits, their letters of one case; or `0x` in front.
fn looks_like_hex(text: &[u8]) -> bool {
    if is_marked_hex(text) {
        return true;
    }
    let (mut count, mut upper, mut lower) = (0_usize, false, false);
    for (_, byte) in significant(text) {
        if !byte.is_ascii_hexdigit() {
            return false;
        }
        count += 1;
        upper |= byte.is_ascii_uppercase();
        lower |= byte.is_ascii_lowercase();
    }
    count.is_multiple_of(2) && !(upper && lower)
}

/// Whether the text begins with `0x`.
fn is_marked_hex(text: &[u8]) -> bool {
    let mut first = significant(text).map(|(_, byte)| byte);
    (first.next(), first.next().map(|byte| byte.to_ascii_lowercase())) == (Some(b'0'), Some(b'x'))
}

fn bad_character(text: &[u8], offset: usize) -> SpellingError {
    let rest = text.get(offset..).unwrap_or_default();
    let character = String::from_utf8_lossy(rest.get(..rest.len().min(4)).unwrap_or_default()).chars().next();
    SpellingError::BadCharacter { character: character.unwrap_or(char::REPLACEMENT_CHARACTER), offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const BYTES: &[u8] = &[0xfb, 0xff, 0x00, 0x10, 0x61];

    #[test]
    fn every_spelling_reads_back() {
        for text in [
            "+/8AEGE=",
            "-_8AEGE=",
            "+/8AEGE",
            "-_8AEGE",
            "\"-_8AEGE=\"",
            "'+/8AEGE='",
            "  -_8A\r\n\tEGE=\n",
            "\" -_8A\nEGE= \"",
            "fbff001061",
            "FBFF001061",
            "0xfbff001061",
            "fb ff 00\n10 61",
            "\"fbff001061\"",
        ] {
            assert_eq!(decode_text(text.as_bytes()).unwrap(), BYTES, "{text:?}");
        }
        for spelling in [Spelling::Hex, Spelling::Base64, Spelling::Base64Url] {
            assert_eq!(decode_text(&encode(BYTES, spelling)).unwrap(), BYTES, "{spelling:?}");
        }
        assert_eq!(encode(BYTES, Spelling::Raw), BYTES);
        assert_eq!(decode_text(b"").unwrap(), b"");
        assert_eq!(decode_text(b"\"\"").unwrap(), b"");
    }

    #[test]
    fn hex_and_base64_are_told_apart() {
        // Hex digits of one case that pair up: hex comes first, base64 is still offered.
        assert_eq!(candidates(b"0a0b"), [vec![0x0a, 0x0b], vec![0xd1, 0xad, 0x1b]]);
        // Both cases: rather base64.
        assert_eq!(candidates(b"0a0B"), [vec![0xd1, 0xad, 0x01], vec![0x0a, 0x0b]]);
        // An odd number of hex digits cannot be hex.
        assert_eq!(candidates(b"abc"), [vec![0x69, 0xb7]]);
        assert_eq!(decode_text(b"GgISAA==").unwrap(), [0x1a, 0x02, 0x12, 0x00]);
        assert!(candidates(b"?").is_empty());
    }

    proptest! {
        #[test]
        fn the_usual_spelling_is_read_as_any_other(text in "[a-fA-F0-9x=_+/ \"\n-]{0,12}|[a-zA-Z0-9_-]{0,40}={0,3}") {
            let mut usual = b"before".to_vec();
            if put_usual(text.as_bytes(), &mut usual) {
                prop_assert_eq!(&usual[6..], decode_any(text.as_bytes()).unwrap());
            } else {
                prop_assert_eq!(usual, b"before");
            }
        }
    }

    #[test]
    fn text_is_told_from_bytes() {
        assert!(is_text(b"CggKAmMxEgJyMQ==\n"));
        assert!(is_text(b"\"0a 0b\""));
        assert!(!is_text(b"\x0a\x02c1"));
        assert!(!is_text(b""));
        assert!(!is_text(b" \n"));
    }

    #[test]
    fn errors_say_what_and_where() {
        let text = |input: &str| decode_text(input.as_bytes()).unwrap_err().to_string();
        assert_eq!(text("Ggé="), "'é' at byte 2 belongs neither to hex nor to base64");
        assert_eq!(text("GgISA"), "5 base64 characters do not make whole bytes: the text is cut off");
        assert_eq!(text("Gg==IS"), "padding (`=`) stands before the end, at byte 2");
        assert_eq!(
            hex_bytes(b"abc").unwrap_err().to_string(),
            "3 hex digits do not make whole bytes: the text is cut off"
        );
    }
}
