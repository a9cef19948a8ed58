//! Locks between processes, each by a name of its own. The system frees them when their holder ends, however it ends.
//!
//! A lock's file is never removed: whoever waits for it would then hold a file that nobody else sees.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    path::Path,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use crate::state::StateError;

/// Where they are in the state directory.
const DIRECTORY: &str = "locks";

/// The first and the longest pause before another look.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A lock that is held for as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock `name` of the state in `directory` if nobody holds it.
    pub(crate) fn try_take(directory: &Path, name: &str) -> Result<Option<Self>, StateError> {
        let file = open(directory, name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StateError::file(&directory.join(DIRECTORY), &error)),
        }
    }

    /// Waits for the lock, no longer than `patience`.
    pub(crate) async fn take(directory: &Path, name: &str, patience: Duration) -> Result<Self, StateError> {
        let mut wait = Wait::new(name, patience);
        loop {
            if let Some(lock) = Self::try_take(directory, name)? {
                return Ok(lock);
            }
            tokio::time::sleep(wait.pause()?).await;
        }
    }

    /// The same, where waiting may block.
    pub(crate) fn take_blocking(directory: &Path, name: &str, patience: Duration) -> Result<Self, StateError> {
        let mut wait = Wait::new(name, patience);
        loop {
            if let Some(lock) = Self::try_take(directory, name)? {
                return Ok(lock);
            }
            std::thread::sleep(wait.pause()?);
        }
    }
}

/// How long to wait for a lock, and how long until the next look.
struct Wait<'a> {
    name: &'a str,
    patience: Duration,
    deadline: Instant,
    pause: Duration,
}

impl<'a> Wait<'a> {
    fn new(name: &'a str, patience: Duration) -> Self {
        Self { name, patience, deadline: Instant::now() + patience, pause: FIRST_PAUSE }
    }

    fn pause(&mut self) -> Result<Duration, StateError> {
        if Instant::now() >= self.deadline {
            let what = format!("the lock {}", self.name);
            return Err(StateError::Busy { what, seconds: self.patience.as_secs() });
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Ok(pause)
    }
}

fn open(directory: &Path, name: &str) -> Result<File, StateError> {
    let locks = directory.join(DIRECTORY);
    let path = locks.join(file_name(name));
    let made = make_directory(&locks).and_then(|()| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)
    });
    made.map_err(|error| StateError::file(&path, &error))
}

fn make_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A name can hold anything; a file's name cannot.
fn file_name(name: &str) -> String {
    Sha256::digest(name).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Lock, StateError};

    #[tokio::test]
    async fn a_lock_has_one_holder_and_whoever_waits_gets_it_next() {
        let place = tempfile::tempdir().unwrap();
        let held = Lock::try_take(place.path(), "a/b").unwrap().expect("nobody holds it");
        assert!(Lock::try_take(place.path(), "a/b").unwrap().is_none());
        assert!(Lock::try_take(place.path(), "a_b").unwrap().is_some(), "another name is another lock");
        let refused = Lock::take(place.path(), "a/b", Duration::from_millis(20)).await.unwrap_err();
        assert!(matches!(&refused, StateError::Busy { what, .. } if what == "the lock a/b"), "{refused:?}");
        let waiting = Lock::take(place.path(), "a/b", Duration::from_secs(60));
        let freeing = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(held);
        };
        let (taken, ()) = tokio::join!(waiting, freeing);
        assert!(taken.is_ok());
    }
}
