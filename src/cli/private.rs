//! Files in the state directory that only their owner can read. It must not know what is in them.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

/// Writes `bytes` to the file `name` of `directory` in place of what was there; whoever reads it meanwhile has one or the
/// other, whole.
///
/// # Errors
/// When the directory or the file cannot be written. The old file is then still whole.
pub(crate) fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    make_directory(directory)?;
    let new = directory.join(format!("{name}.{}.new", std::process::id()));
    let mut writer = make_file(&new)?;
    let written =
        writer.write_all(bytes).and_then(|()| writer.sync_all()).and_then(|()| fs::rename(&new, directory.join(name)));
    if written.is_err() {
        // The first error is the one to tell; a leftover file is harmless.
        drop(fs::remove_file(&new));
    }
    written
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn make_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
