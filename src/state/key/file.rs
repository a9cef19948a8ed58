//! The key in a file that only its owner can read: 64 hexadecimal digits.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use crate::state::{StateError, key::Key, vault};

/// The file in the state directory.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("key")
}

/// The key at `path`, if there is a whole one.
pub(super) fn read(path: &Path) -> Result<Option<Key>, StateError> {
    match fs::read(path) {
        Ok(text) => Ok(parse(text.trim_ascii())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StateError::file(path, &error)),
    }
}

/// Makes the key at `path`, on the disk when this returns. Whoever calls this is alone, and nothing is sealed yet: what
/// is there already is a key that was left over, or the remains of a process that was ended while it wrote one.
pub(super) fn make(path: &Path) -> Result<Key, StateError> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let key = Key(vault::random()?);
    let text: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
    write(path, &format!("{text}\n")).map_err(|error| StateError::file(path, &error))?;
    Ok(key)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // The name must be on the disk too. Not every system lets a directory be opened.
    if let Some(directory) = path.parent().and_then(|parent| File::open(parent).ok()) {
        directory.sync_all()?;
    }
    Ok(())
}

fn parse(text: &[u8]) -> Option<Key> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut key = [0; 32];
    if text.len() != 2 * key.len() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(Key(key))
}

#[cfg(test)]
mod tests {
    use super::{make, read};

    #[test]
    fn a_key_is_made_once_and_found_again_and_half_a_key_is_none() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        assert!(read(&path).unwrap().is_none());
        let key = make(&path).unwrap().0;
        assert_eq!(make(&path).unwrap().0, key);
        assert_eq!(read(&path).unwrap().unwrap().0, key);
        std::fs::write(&path, "abcd").unwrap();
        assert!(read(&path).unwrap().is_none());
        assert_ne!(make(&path).unwrap().0, key, "a file that was cut off is replaced");
    }
}
