//! The database file: how it is opened, and how it is read and written by several processes at once.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction, so that it waits for its turn before it reads anything; whoever
//! does not get a turn tries again for a bounded time. It must not know any table.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::state::{StateError, migrations};

/// The database's name in the state directory.
const FILE: &str = "state.db";

/// How long SQLite itself waits for its turn, and how long the whole call may take.
const TURN: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(45);

/// The longest pause before another try.
const LONGEST_PAUSE_MS: u64 = 40;

/// How much of the file each connection keeps in memory, in KiB.
const CACHE_KIB: i64 = 512;

/// Held while the file is made, and let go before SQLite opens it.
static MAKING: Mutex<()> = Mutex::new(());

/// What a write must outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the machine: what is written is on the disk when the call returns.
    Disk,
    /// The end of the process: a power failure may take the last writes, and nothing else.
    Process,
}

/// One connection to the database.
pub(crate) struct Database {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Database {
    /// Opens the database of `directory` for what must outlive everything, and brings it up to date.
    pub(crate) fn open(directory: &Path) -> Result<Self, StateError> {
        Self::with_durability(directory, Durability::Disk)
    }

    /// Opens it for what must outlive what `durability` says.
    pub(crate) fn with_durability(directory: &Path, durability: Durability) -> Result<Self, StateError> {
        make_directory(directory)?;
        let path = directory.join(FILE);
        make_private(&path)?;
        // What SQLite makes beside the database gets the database's own permissions.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| failure(&path, &error))?;
        let database = Self { path, connection: Mutex::new(connection) };
        database.prepare(durability)?;
        Ok(database)
    }

    /// True when `directory` has one, whether it can be used or not.
    pub(crate) fn is_there(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads. `work` may run more than once.
    pub(crate) fn read<T>(&self, mut work: impl FnMut(&Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        self.patiently(|connection| work(connection))
    }

    /// Reads and writes in one transaction. `work` may run more than once; only its last run counts.
    pub(crate) fn write<T>(
        &self,
        mut work: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        self.patiently(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    fn prepare(&self, durability: Durability) -> Result<(), StateError> {
        let synchronous = match durability {
            Durability::Disk => "FULL",
            Durability::Process => "NORMAL",
        };
        self.patiently(|connection| connection.busy_timeout(TURN))?;
        // Before anything is written: what a newer program has made is left alone.
        self.refuse_newer()?;
        self.patiently(|connection| {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)
        })?;
        if self.read(migrations::version)? < migrations::LATEST {
            self.write(migrations::apply)?;
        }
        Ok(())
    }

    fn refuse_newer(&self) -> Result<(), StateError> {
        let found = self.read(migrations::version)?;
        if found > migrations::LATEST {
            return Err(StateError::Newer { path: self.path.clone(), found, known: migrations::LATEST });
        }
        Ok(())
    }

    /// Does `work`, and does it again for as long as others are in the way and patience lasts.
    fn patiently<T>(&self, mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        // A panic in `work` drops its transaction, which undoes it; the connection stays good.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match work(&mut connection) {
                Ok(done) => return Ok(done),
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(fastrand::u64(1..=LONGEST_PAUSE_MS)));
                }
                Err(error) => return Err(failure(&self.path, &error)),
            }
        }
    }
}

/// Makes `directory`, for its owner alone, where it is not there yet.
fn make_directory(directory: &Path) -> Result<(), StateError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| StateError::file(directory, &error))
}

/// Makes the file at `path` where there is none, and takes it from everyone but its owner.
///
/// A database that is there is not opened for this: to close it would take away the locks that SQLite holds on it in
/// this process.
fn make_private(path: &Path) -> Result<(), StateError> {
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => keep_private(path),
        Err(error) => Err(error),
    };
    made.map_err(|error| StateError::file(path, &error))
}

#[cfg(unix)]
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = std::fs::metadata(path)?.permissions();
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    std::fs::set_permissions(path, permissions)
}

/// Elsewhere the state directory itself belongs to its user alone.
#[cfg(not(unix))]
fn keep_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn failure(path: &Path, error: &rusqlite::Error) -> StateError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StateError::Corrupt { path, reason },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StateError::Busy { what: format!("the database {}", path.display()), seconds: PATIENCE.as_secs() }
        }
        _ => StateError::Database { path, reason },
    }
}
