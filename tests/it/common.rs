//! What the integration tests share: golden files, the source tree, and the binary run with a scrubbed environment.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use warp2api::{
    capture::Frames,
    schema::Schema,
    turn::TurnEvent,
    upstream::{
        payload,
        transcript::{Transcriber, Transcript},
    },
};

/// The package's directory.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every recorded response stream among the fixtures, in order.
pub(crate) fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/fixtures/captures")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "sse"));
    files.sort();
    assert!(files.len() >= 28, "only {} captures were found", files.len());
    files
}

/// What a whole response stream holds that comes in `pieces`, and what a user hears of it.
pub(crate) fn transcribed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Transcript, Vec<TurnEvent>) {
    let (mut frames, mut cut) = (Frames::default(), Vec::new());
    pieces.into_iter().for_each(|piece| frames.push(piece, &mut cut));
    frames.finish(&mut cut);
    let mut transcriber = Transcriber::new(&Schema::embedded()).unwrap();
    let mut heard = Vec::new();
    for frame in cut {
        if let Some(wire) = payload::decode(&frame.data.unwrap()).unwrap() {
            transcriber.push(&wire, &mut heard).unwrap();
        }
    }
    (transcriber.finish(&mut heard), heard)
}

/// True when golden files are to be rewritten instead of compared.
#[expect(clippy::disallowed_methods, reason = "the switch that rewrites golden files is the tests' own")]
pub(crate) fn blessing() -> bool {
    std::env::var_os("WARP2API_BLESS").is_some_and(|value| value == "1")
}

/// Holds `actual` against the file `path` below the package's directory; with `WARP2API_BLESS=1` writes the file.
pub(crate) fn check_golden(path: &str, actual: &str) {
    let file = root().join(path);
    if blessing() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == actual,
        "{path} does not hold; if the change is meant, run the tests with WARP2API_BLESS=1.\n{}",
        first_difference(&expected, actual)
    );
}

fn first_difference(expected: &str, actual: &str) -> String {
    let (mut left, mut right) = (expected.lines(), actual.lines());
    for number in 1.. {
        let pair = (left.next(), right.next());
        match pair {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => return format!("line {number}\n  expected {a:?}\n  actual   {b:?}"),
        }
    }
    "they differ in line ends".to_owned()
}

/// Every Rust file below `src`, with its path from there.
pub(crate) fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut directories = vec![root().join("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// `source` up to its test module.
pub(crate) fn before_tests(source: &str) -> &str {
    source.find("#[cfg(test)]").map_or(source, |end| &source[..end])
}

/// The binary, in `directory`, with an environment that holds nothing but what the tests put there.
pub(crate) fn warp2api(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warp2api"));
    command.args(arguments).current_dir(directory).env_clear();
    command.env("HOME", directory).env("WARP2API_HOME", directory.join("state"));
    // One port is not enough for all tests that run at the same time.
    command.env("WARP2API_BRIDGE_LISTEN", "off");
    // The keyring of whoever runs the tests is none of their business, and the service is asked for nothing.
    command.env("WARP2API_STATE_KEY", "file").env("WARP2API_ANONYMOUS", "false");
    command
}

/// What a finished run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Fails unless the run ended with `code`, without a panic.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "standard error:\n{}", self.err);
        assert!(!self.err.contains("panicked") && !self.err.contains("stack backtrace"), "{}", self.err);
        self
    }
}

/// Runs `command` with the standard input that it has been given.
pub(crate) fn ran(mut command: Command) -> Ran {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Output { status, stdout, stderr } = command.spawn().unwrap().wait_with_output().unwrap();
    Ran { code: status.code(), out: stdout, err: String::from_utf8(stderr).unwrap() }
}

/// Runs `command` with `input` on its standard input.
pub(crate) fn run(mut command: Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A run that refuses its input early closes the pipe, which is its right.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran { code: status.code(), out: stdout, err: String::from_utf8(stderr).unwrap() }
}

/// A directory for one test, and the shortest way to run the binary in it.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        warp2api(self.path(), &line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the words of `line` with `input`.
    pub(crate) fn run(&self, line: &str, input: &[u8]) -> Ran {
        run(self.command(line), input)
    }
}

/// A process that is ended, by force if need be, when the test ends.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Running {
    /// Reads standard error until a line holds `text`; gives all lines so far.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let stream = self.0.stderr.as_mut().unwrap();
        let mut seen = Vec::new();
        let mut byte = [0];
        while stream.read(&mut byte).unwrap() == 1 {
            seen.push(byte[0]);
            if byte[0] == b'\n' && String::from_utf8_lossy(&seen).contains(text) {
                return String::from_utf8(seen).unwrap();
            }
        }
        panic!("it ended without saying {text:?}; it said:\n{}", String::from_utf8_lossy(&seen));
    }
}
