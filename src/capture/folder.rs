//! Which files of a directory are captures. It must not know what is in them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How the names of captures end.
const KINDS: [&str; 3] = ["sse", "har", "jsonl"];

/// The captures in `directory`, in the order of their names.
///
/// # Errors
/// When it cannot be read.
pub fn captures_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if KINDS.contains(&kind) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
