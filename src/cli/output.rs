//! Where a verb's words go: data to standard output, all talk to standard error.
//!
//! One decision, taken once in [`Manner`], covers terminals, colour, progress and quiet. It must not know what is said.

use std::{
    borrow::Cow,
    io::{self, BufWriter, IsTerminal as _, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::cli::exit::{Exit, Failure};

/// From how many bytes on reading takes long enough to be watched.
const LARGE: u64 = 16 * 1024 * 1024;

/// How to talk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Standard output is a terminal.
    pub(crate) data_terminal: bool,
    /// Standard error is a terminal.
    pub(crate) talk_terminal: bool,
    /// Standard error may be coloured.
    pub(crate) colour: bool,
    /// Notes and progress are unwanted; errors are still told.
    pub(crate) quiet: bool,
    /// Log lines are likely, so that a moving progress line would be torn by them.
    pub(crate) verbose: bool,
}

impl Manner {
    /// The manner for this process's own standard streams; `plain` is true when the user wants no colour at all.
    pub(crate) fn detect(plain: bool, quiet: bool, verbose: bool) -> Self {
        let talk_terminal = io::stderr().is_terminal();
        let colour = talk_terminal && !plain;
        Self { data_terminal: io::stdout().is_terminal(), talk_terminal, colour, quiet, verbose }
    }

    fn moves(self) -> bool {
        self.talk_terminal && !self.quiet && !self.verbose
    }
}

/// The two channels of a verb.
pub(crate) struct Output {
    data: Box<dyn Write + Send>,
    talk: Box<dyn Write + Send>,
    manner: Manner,
}

impl Output {
    /// This process's own standard output and standard error.
    pub(crate) fn standard(manner: Manner) -> Self {
        Self { data: Box::new(BufWriter::new(io::stdout())), talk: Box::new(io::stderr()), manner }
    }

    /// How this output talks.
    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When standard output cannot take them. [`Failure`] turns a closed pipe into success.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.data.write_all(bytes)
    }

    /// Writes text that came from elsewhere: as it is into a pipe, without terminal escapes onto a terminal.
    ///
    /// # Errors
    /// See [`Output::data`].
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        let shown = if self.manner.data_terminal { without_escapes(text) } else { Cow::Borrowed(text) };
        self.data.write_all(shown.as_bytes())
    }

    /// Writes one JSON document and ends the line: spread over lines on a terminal, on one line into a pipe.
    ///
    /// # Errors
    /// See [`Output::data`].
    pub(crate) fn json(&mut self, value: &Value) -> io::Result<()> {
        if self.manner.data_terminal {
            // JSON escapes C0 controls but neither DEL nor C1, which some terminals obey.
            let pretty = serde_json::to_string_pretty(value)?;
            self.text(&pretty)?;
        } else {
            serde_json::to_writer(&mut self.data, value)?;
        }
        self.data.write_all(b"\n")
    }

    /// Hands everything written so far to the reader.
    ///
    /// # Errors
    /// See [`Output::data`].
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }

    /// Tells the user something on standard error, as a line of its own, unless they asked for quiet.
    pub(crate) fn note(&mut self, line: &str) {
        if !self.manner.quiet {
            self.say("", line);
        }
    }

    /// Tells the user what only they can do, even when they asked for quiet.
    pub(crate) fn ask(&mut self, line: &str) {
        self.say("", line);
    }

    /// Warns the user, even when they asked for quiet.
    pub(crate) fn warn(&mut self, line: &str) {
        let label = if self.manner.colour { "\x1b[33mwarning\x1b[0m: " } else { "warning: " };
        self.say(label, line);
    }

    /// Shows thinking or other asides on standard error, dim where colour is allowed, without ending the line.
    pub(crate) fn aside(&mut self, text: &str) {
        if self.manner.quiet {
            return;
        }
        let shown = if self.manner.talk_terminal { without_escapes(text) } else { Cow::Borrowed(text) };
        let (dim, plain) = if self.manner.colour { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        self.tell(format!("{dim}{shown}{plain}").as_bytes());
    }

    /// Tells why a verb failed, and gives the code to end with. A closed pipe is told to nobody.
    pub(crate) fn failure(&mut self, failure: &Failure) -> Exit {
        if failure.exit() != Exit::Done {
            let (label, hint) = match self.manner.colour {
                true => ("\x1b[31merror\x1b[0m: ", "\x1b[36mhint\x1b[0m: "),
                false => ("error: ", "hint: "),
            };
            self.say(label, &failure.message());
            if let Some(text) = failure.hint_text() {
                self.say(hint, text);
            }
        }
        failure.exit()
    }

    /// A spinner on standard error that says `what` is going on; it draws nothing unless a person is watching.
    pub(crate) fn spinner(&self, what: &'static str) -> ProgressBar {
        if !self.manner.moves() {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = if self.manner.colour { "{spinner:.cyan} {msg} {elapsed}" } else { "{spinner} {msg} {elapsed}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar on standard error for the reading of `size` bytes; it draws nothing unless a person is watching and it would
    /// take a while.
    pub(crate) fn progress(&self, size: Option<u64>) -> ProgressBar {
        let Some(size) = size.filter(|size| self.manner.moves() && *size >= LARGE) else {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        };
        let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
        let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }

    fn say(&mut self, label: &str, line: &str) {
        let shown = if self.manner.talk_terminal { without_escapes(line) } else { Cow::Borrowed(line) };
        self.tell(format!("{label}{shown}\n").as_bytes());
    }

    /// Talk is best effort: when standard error is gone there is nobody left to tell that it is gone.
    fn tell(&mut self, bytes: &[u8]) {
        let told = self.talk.write_all(bytes).and_then(|()| self.talk.flush());
        drop(told);
    }
}

/// `text` with every control character but newline and tab made visible, so that text from elsewhere can neither move
/// the cursor nor speak to the terminal. A carriage return, which could hide what stands before it, is dropped.
pub(crate) fn without_escapes(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let visible = |c: char| match c {
        '\r' => None,
        c if harmless(c) => Some(c),
        '\u{7f}' => Some('\u{2421}'),
        // The control pictures block shows C0 controls in the same order.
        c if c < ' ' => char::from_u32(0x2400 + u32::from(c)),
        _ => Some(char::REPLACEMENT_CHARACTER),
    };
    Cow::Owned(text.chars().filter_map(visible).collect())
}

#[cfg(test)]
pub(crate) mod testing {
    //! An output that tests can read.

    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::{Manner, Output};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The output, and what reads its data and its talk.
    pub(crate) fn output(manner: Manner) -> (Output, impl Fn() -> (String, String)) {
        let (data, talk) = (Shared::default(), Shared::default());
        let output = Output { data: Box::new(data.clone()), talk: Box::new(talk.clone()), manner };
        let read = |shared: &Shared| String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
        (output, move || (read(&data), read(&talk)))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::json;

    use super::{Manner, testing::output, without_escapes};
    use crate::cli::exit::{Exit, Failure};

    const TERMINAL: Manner =
        Manner { data_terminal: true, talk_terminal: true, colour: true, quiet: false, verbose: false };

    #[test]
    fn escapes_are_shown_instead_of_obeyed() {
        assert_eq!(without_escapes("a\x1b[31mb\r\n\tc\x7f\u{9b}"), "a\u{241b}[31mb\n\tc\u{2421}\u{fffd}");
        assert_eq!(without_escapes("žluťoučký\n"), "žluťoučký\n");
    }

    #[test]
    fn a_pipe_gets_text_untouched_and_a_terminal_gets_it_harmless() {
        let (mut piped, read) = output(Manner::default());
        piped.text("\x1b[2J").unwrap();
        assert_eq!(read().0, "\x1b[2J");
        let (mut terminal, read) = output(TERMINAL);
        terminal.text("\x1b[2J").unwrap();
        assert_eq!(read().0, "\u{241b}[2J");
    }

    #[test]
    fn json_is_one_line_in_a_pipe() {
        let (mut piped, read) = output(Manner::default());
        piped.json(&json!({"a": [1]})).unwrap();
        assert_eq!(read().0, "{\"a\":[1]}\n");
        let (mut terminal, read) = output(TERMINAL);
        terminal.json(&json!({"a": [1]})).unwrap();
        assert_eq!(read().0, "{\n  \"a\": [\n    1\n  ]\n}\n");
    }

    #[test]
    fn quiet_silences_notes_but_not_errors() {
        let (mut quiet, read) = output(Manner { quiet: true, ..Manner::default() });
        quiet.note("listening");
        quiet.aside("hm");
        let exit = quiet.failure(&Failure::input("not protobuf").hint("try --input hex"));
        assert_eq!(exit, Exit::Input);
        assert_eq!(read(), (String::new(), "error: not protobuf\nhint: try --input hex\n".to_owned()));
    }

    #[test]
    fn a_closed_pipe_is_told_to_nobody() {
        let (mut out, read) = output(Manner::default());
        let closed = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(out.failure(&closed), Exit::Done);
        assert_eq!(read().1, "");
    }

    #[test]
    fn only_a_watched_terminal_gets_a_spinner() {
        assert!(output(Manner::default()).0.spinner("waiting").is_hidden());
        assert!(output(Manner { verbose: true, ..TERMINAL }).0.spinner("waiting").is_hidden());
        assert!(output(Manner::default()).0.progress(Some(u64::MAX)).is_hidden());
        assert!(output(TERMINAL).0.progress(Some(1)).is_hidden());
        assert!(output(TERMINAL).0.progress(None).is_hidden());
    }
}
