//! Where a verb's input comes from: a named file, or standard input. It must not know what the bytes mean.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal as _, Read},
    path::Path,
};

use anyhow::Context as _;

use crate::cli::exit::{Exit, Failure, OrExit as _};

/// The most that a verb reads where it has to hold all of its input at once. Verbs that work on a stream have no limit.
pub(crate) const WHOLE_INPUT_LIMIT: u64 = 256 * 1024 * 1024;

/// An opened input. It reads like any other reader; [`Input::read_whole`] takes everything at once.
pub(crate) struct Input {
    name: String,
    reader: Box<dyn BufRead>,
    terminal: bool,
    size: Option<u64>,
}

impl Input {
    /// Opens `file`; `-` or nothing means standard input.
    ///
    /// # Errors
    /// When there is no such file, or it is a directory or may not be read: a usage failure that names it.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        match file.filter(|path| *path != Path::new("-")) {
            Some(path) => Self::of_file(path),
            None => Ok(Self {
                name: "standard input".to_owned(),
                terminal: io::stdin().is_terminal(),
                reader: Box::new(BufReader::new(io::stdin())),
                size: None,
            }),
        }
    }

    fn of_file(path: &Path) -> Result<Self, Failure> {
        let opened = || -> io::Result<File> {
            let file = File::open(path)?;
            let is_directory = file.metadata()?.is_dir();
            if is_directory { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
        };
        let file = opened().with_context(|| format!("cannot read {}", path.display())).or_exit(Exit::Usage)?;
        let size = file.metadata().ok().map(|metadata| metadata.len());
        Ok(Self { name: path.display().to_string(), reader: Box::new(BufReader::new(file)), terminal: false, size })
    }

    /// What messages call this input.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// True when a person is typing it, so that a verb should say that it waits.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// How many bytes it has, where that is known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Everything to the end.
    ///
    /// # Errors
    /// When reading fails, or the input is larger than [`WHOLE_INPUT_LIMIT`].
    pub(crate) fn read_whole(mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        (&mut self.reader)
            .take(WHOLE_INPUT_LIMIT + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {}", self.name))?;
        if bytes.len() as u64 > WHOLE_INPUT_LIMIT {
            let limit = WHOLE_INPUT_LIMIT / 1024 / 1024;
            return Err(Failure::input(format!("{} is larger than {limit} MiB", self.name)));
        }
        Ok(bytes)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Input;
    use crate::cli::exit::Exit;

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = Input::open(Some(Path::new("/no/such/file"))).err().unwrap();
        assert_eq!(missing.exit(), Exit::Usage);
        assert!(missing.message().starts_with("cannot read /no/such/file: "), "{}", missing.message());
        let directory = Input::open(Some(Path::new("/"))).err().unwrap();
        assert!(directory.message().contains("directory"), "{}", directory.message());
    }

    #[test]
    fn a_file_is_read_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.bin");
        std::fs::write(&path, b"\x00\xff").unwrap();
        let input = Input::open(Some(&path)).unwrap();
        assert!(!input.is_terminal());
        assert_eq!(input.read_whole().unwrap(), b"\x00\xff");
    }
}
