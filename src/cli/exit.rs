//! How the process ends: the exit codes, and the one error type that every verb returns.
//!
//! A [`Failure`] keeps what a script branches on (the code) apart from what a person reads (the message and the hint).
//! It must not know how either is printed.

use std::{fmt, io, process::ExitCode};

use crate::turn::{ErrorKind, TurnError};

/// The exit codes of `DESIGN.md` §4. Scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The work is done. A reader that closed our standard output early counts as done.
    Done = 0,
    /// The work failed.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// There is no usable credential, or the upstream refused it.
    Credential = 3,
    /// The account has run out of credits, or has to slow down.
    Quota = 4,
    /// The upstream cannot be reached, or its answer broke off.
    Upstream = 5,
    /// The input is not what it should be.
    Input = 6,
    /// Interrupted from the keyboard.
    Interrupted = 130,
}

impl Exit {
    /// The code of a turn that failed with `kind`.
    pub(crate) fn of_turn(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NoCredential
            | ErrorKind::ClientKey
            | ErrorKind::Forbidden
            | ErrorKind::ModelNotAllowed
            | ErrorKind::VendorKey => Self::Credential,
            ErrorKind::QuotaExhausted | ErrorKind::RateLimited => Self::Quota,
            ErrorKind::ModelUnavailable
            | ErrorKind::Overloaded
            | ErrorKind::UpstreamUnavailable
            | ErrorKind::UpstreamTimeout
            | ErrorKind::Truncated => Self::Upstream,
            ErrorKind::ModelNotFound => Self::Usage,
            ErrorKind::InvalidRequest
            | ErrorKind::ContextLengthExceeded
            | ErrorKind::BodyTooLarge
            | ErrorKind::UnsupportedEncoding => Self::Input,
            ErrorKind::NotFound | ErrorKind::MethodNotAllowed | ErrorKind::Upstream | ErrorKind::Internal => {
                Self::Failed
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// A failure that ends the process with `exit` and says `message`.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{message}"), hint: None }
    }

    /// The command line or the configuration is wrong (exit code 2).
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The input is not what it should be (exit code 6).
    pub(crate) fn input(message: impl fmt::Display) -> Self {
        Self::new(Exit::Input, message)
    }

    /// The same failure with a hint: what to do about it, as a sentence of its own.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The code to end with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The message, with its causes after colons.
    pub(crate) fn message(&self) -> String {
        format!("{:#}", self.error)
    }

    /// What to do about it, where that is known.
    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// An unclassified error is a plain failure; a closed pipe is none at all.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let closed = error.chain().any(|cause| {
            cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
        });
        Self { exit: if closed { Exit::Done } else { Exit::Failed }, error, hint: None }
    }
}

/// Writing our output failed. A closed pipe means that the reader has seen enough, which is success.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::from(anyhow::Error::new(error))
    }
}

impl From<TurnError> for Failure {
    fn from(error: TurnError) -> Self {
        let exit = Exit::of_turn(error.kind);
        let hint = error.retry_after.map(|wait| format!("try again in {} s", wait.as_secs_f64().ceil()));
        Self { exit, error: anyhow::Error::new(error), hint }
    }
}

/// Gives any error its exit code on the way out: `schema.message(name).or_exit(Exit::Usage)?`.
pub(crate) trait OrExit<T> {
    /// The value, or a failure with `exit` that says what the error says, causes included.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into(), hint: None })
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use anyhow::Context as _;

    use super::{Exit, Failure, OrExit as _};
    use crate::turn::{ErrorKind, TurnError};

    #[test]
    fn a_closed_pipe_is_success_however_deep_it_lies() {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(closed()).exit(), Exit::Done);
        let wrapped = Err::<(), _>(closed()).context("writing the answer").unwrap_err();
        assert_eq!(Failure::from(wrapped).exit(), Exit::Done);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).exit(), Exit::Failed);
    }

    #[test]
    fn a_turn_error_gives_the_code_of_its_kind() {
        let of = |kind| Failure::from(TurnError::new(kind, "no")).exit() as u8;
        assert_eq!(of(ErrorKind::NoCredential), 3);
        assert_eq!(of(ErrorKind::QuotaExhausted), 4);
        assert_eq!(of(ErrorKind::RateLimited), 4);
        assert_eq!(of(ErrorKind::Truncated), 5);
        assert_eq!(of(ErrorKind::UpstreamUnavailable), 5);
        assert_eq!(of(ErrorKind::Internal), 1);
    }

    #[test]
    fn the_time_to_wait_becomes_a_hint() {
        let error = TurnError::new(ErrorKind::RateLimited, "slow down").retry_after(Duration::from_millis(1500));
        assert_eq!(Failure::from(error).hint_text(), Some("try again in 2 s"));
    }

    #[test]
    fn a_classified_error_keeps_its_causes() {
        let failure = Err::<(), _>(io::Error::other("disk")).context("reading x").or_exit(Exit::Input).unwrap_err();
        assert_eq!((failure.exit(), failure.message().as_str()), (Exit::Input, "reading x: disk"));
    }
}
