//! Reads `data:` URLs, the only form in which a client's pictures and files reach the upstream.
//!
//! Lenient as clients need it: both base64 alphabets, padded or not, white space inside, percent-encoding anywhere. It
//! must not fetch anything.

use base64::{
    DecodeError, Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::turn::Image;

/// The file that a `data:` URL holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataUrl {
    /// Media type in lower case, without parameters; empty when the URL names none.
    pub(crate) mime_type: String,
    /// The decoded file.
    pub(crate) data: Bytes,
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads a `data:` URL.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the field's name.
pub(crate) fn parse(url: &str) -> Result<DataUrl, String> {
    let url = url.trim();
    let Some(rest) = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).and(url.get(5..)) else {
        return Err(not_a_data_url(url));
    };
    let Some((head, payload)) = rest.split_once(',') else {
        return Err("is a data: URL without a comma before its data".to_owned());
    };
    let mut parameters = head.split(';').map(str::trim);
    let mime_type = parameters.next().unwrap_or_default().to_ascii_lowercase();
    let data = match parameters.any(|parameter| parameter.eq_ignore_ascii_case("base64")) {
        true => from_base64(payload).map_err(|error| format!("is a data: URL whose base64 is broken: {error}"))?,
        false => percent_decode_str(payload).collect(),
    };
    match data.is_empty() {
        true => Err("is a data: URL that holds no data".to_owned()),
        false => Ok(DataUrl { mime_type, data: Bytes::from(data) }),
    }
}

/// Reads a picture from a `data:` URL. The media type is the declared one, or else what the file's first bytes say.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the field's name.
pub(crate) fn image(url: &str) -> Result<Image, String> {
    let DataUrl { mime_type, data } = parse(url)?;
    picture(&mime_type, data)
}

/// `data` as a picture. The media type is the declared one, or else what the file's first bytes say.
///
/// # Errors
/// When neither says that it is a picture, as the end of a sentence that begins with the field's name.
pub(crate) fn picture(mime_type: &str, data: Bytes) -> Result<Image, String> {
    if mime_type.starts_with("image/") {
        return Ok(Image { mime_type: mime_type.to_owned(), data });
    }
    match image_type(&data) {
        Some(mime_type) => Ok(Image { mime_type: mime_type.to_owned(), data }),
        None => Err(format!("must hold a picture, but its media type is `{mime_type}`")),
    }
}

/// Decodes base64 of either alphabet, padded or not, with white space and percent-encoding in it.
///
/// # Errors
/// When it is something else.
pub(crate) fn from_base64(payload: &str) -> Result<Vec<u8>, DecodeError> {
    let standard = |byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let clean: Vec<u8> = percent_decode_str(payload).filter(|byte| !byte.is_ascii_whitespace()).map(standard).collect();
    LENIENT.decode(clean)
}

fn not_a_data_url(url: &str) -> String {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => "points elsewhere; remote images are not fetched; send a data: URL".to_owned(),
        _ => "must be a data: URL, such as data:image/png;base64,…".to_owned(),
    }
}

/// The media type that a picture's first bytes say.
fn image_type(data: &[u8]) -> Option<&'static str> {
    match data {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{image, parse};

    #[test]
    fn every_spelling_of_the_same_bytes_reads_the_same() {
        let wanted: &[u8] = &[0xfb, 0xff, 0xfe, 0x00];
        for url in [
            "data:image/png;base64,+//+AA==",
            "data:image/png;base64,+//+AA",
            "DATA:Image/PNG;charset=x;BASE64,-__-AA",
            "data:image/png;base64,%2B%2F%2F%2BAA%3D%3D",
            "  data:image/png;base64,+//\r\n +AA==\n",
            "data:image/png,%FB%FF%FE%00",
        ] {
            let read = image(url).unwrap();
            assert_eq!((read.mime_type.as_str(), read.data.as_ref()), ("image/png", wanted), "{url}");
        }
    }

    #[test]
    fn text_may_be_percent_encoded_or_plain() {
        assert_eq!(parse("data:,a%20b c").unwrap().data.as_ref(), b"a b c");
        assert_eq!(parse("data:text/plain;charset=utf-8,x").unwrap().mime_type, "text/plain");
    }

    #[test]
    fn a_picture_without_a_type_is_known_by_its_first_bytes() {
        assert_eq!(image("data:;base64,iVBORw0KGgo=").unwrap().mime_type, "image/png");
        assert_eq!(image("data:application/octet-stream;base64,/9j/4AAQ").unwrap().mime_type, "image/jpeg");
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (url, part) in [
            ("https://example.org/a.png", "remote images are not fetched; send a data: URL"),
            ("iVBORw0KGgo=", "must be a data: URL"),
            ("data:image/png;base64", "without a comma"),
            ("data:image/png;base64,", "holds no data"),
            ("data:image/png;base64,****", "base64 is broken"),
            ("data:text/plain,hello", "must hold a picture"),
            ("dat\u{e9}:", "must be a data: URL"),
        ] {
            let error = image(url).unwrap_err();
            assert!(error.contains(part), "{url}: {error}");
        }
    }
}
