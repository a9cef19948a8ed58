//! Files that the user attaches: pictures as pictures, everything else as text.

use std::path::Path;

use bytes::Bytes;

use crate::{
    cli::{exit::Failure, input::Input},
    turn::{Content, Image},
};

/// The file at `path` as a piece of a user message.
///
/// # Errors
/// When it cannot be read, or is neither a picture of a known kind nor text.
pub(crate) fn read(path: &Path) -> Result<Content, Failure> {
    let input = Input::open(Some(path))?;
    let bytes = input.read_whole()?;
    if let Some(mime_type) = picture_type(&bytes) {
        return Ok(Content::Image(Image { mime_type: mime_type.to_owned(), data: Bytes::from(bytes) }));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(Content::Text(as_text(&name, &text))),
        Ok(_) | Err(_) => Err(Failure::input(format!(
            "{} is neither text (UTF-8) nor a picture (PNG, JPEG, GIF or WebP)",
            path.display()
        ))),
    }
}

/// The media type of a picture, told by how the file begins: names can be wrong.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// `text` under its name, fenced by more backticks than it holds in a row, so that it cannot end its own fence.
fn as_text(name: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{name}:\n{fence}\n{text}{end}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{as_text, picture_type, read};
    use crate::{
        cli::exit::Exit,
        turn::{Content, Image},
    };

    #[test]
    fn pictures_are_told_by_how_they_begin() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(picture_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(picture_type(b"GIF89a"), Some("image/gif"));
        assert_eq!(picture_type(b"RIFF\x00\x00\x00\x00WEBPVP8 "), Some("image/webp"));
        assert_eq!(picture_type(b"RIFF\x00\x00\x00\x00WAVE"), None);
        assert_eq!(picture_type(b""), None);
    }

    #[test]
    fn a_text_cannot_end_its_own_fence() {
        assert_eq!(as_text("a.md", "x\n"), "a.md:\n```\nx\n```");
        assert_eq!(as_text("a.md", "```\nx"), "a.md:\n````\n```\nx\n````");
    }

    #[test]
    fn what_is_neither_text_nor_picture_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.png");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\nrest").unwrap();
        let Content::Image(Image { mime_type, data }) = read(&path).unwrap() else { panic!("a picture") };
        assert_eq!((mime_type.as_str(), data.len()), ("image/png", 12));
        for wrong in [b"\xff\xfe".as_slice(), b"a\0b"] {
            std::fs::write(&path, wrong).unwrap();
            assert_eq!(read(&path).unwrap_err().exit(), Exit::Input);
        }
    }
}
