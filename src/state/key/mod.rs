//! The key that seals the database: made once, put into the system's keyring or else into a file, and found there again.
//!
//! The database remembers where its key was put and holds a proof of it, so that a keyring that is away is told as that,
//! and never answered with another key.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::state::{Database, Lock, StateError, Vault, vault};

mod file;
mod keyring;

/// How long another process may take to make the key.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a keyring may take to say whether it can be used, where a file would do as well, and how long to open up
/// where only it will do: a person may have to unlock it.
const GLANCE: Duration = Duration::from_secs(5);
const UNLOCKING: Duration = Duration::from_secs(60);

/// What the proof of the key is sealed for, and what it says.
const PROOF_PLACE: &str = "facts/proof";
const PROOF: &[u8] = b"warp2api";

/// Where the key is to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// In the keyring where there is one, else in a file.
    #[default]
    Auto,
    /// In the system's keyring.
    Keyring,
    /// In a file of the state directory that only its owner can read.
    File,
}

/// A key.
pub(super) struct Key(pub(super) [u8; 32]);

/// Where a key does rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Keyring,
    File,
}

impl Home {
    fn name(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }
}

/// What the database knows of its key.
struct Facts {
    home: Home,
    /// Tells this database's key from others in the same keyring.
    store: String,
    proof: Vec<u8>,
}

/// The key of `database`, made now if it has none yet.
pub(super) fn open(database: &Database, directory: &Path, kind: KeyKind) -> Result<Key, StateError> {
    let place = Place { database: database.path().to_owned(), file: file::path(directory) };
    if let Some(facts) = database.read(facts)? {
        return place.find(&facts, kind);
    }
    // One process makes the key; the others wait, and find it.
    let _alone = Lock::take_blocking(directory, "key", PATIENCE)?;
    if let Some(facts) = database.read(facts)? {
        return place.find(&facts, kind);
    }
    let store = uuid::Uuid::new_v4().simple().to_string();
    let (home, key) = place.make(&store, kind)?;
    let proof = Vault::new(&key).seal(PROOF_PLACE, PROOF)?;
    // Not before the key is safe where it rests: from here on values are sealed with it.
    database.write(|transaction| remember(transaction, &Facts { home, store: store.clone(), proof: proof.clone() }))?;
    Ok(key)
}

/// The places where a key can be.
struct Place {
    database: PathBuf,
    file: PathBuf,
}

impl Place {
    /// The key that the database was sealed with.
    fn find(&self, facts: &Facts, kind: KeyKind) -> Result<Key, StateError> {
        let wanted = match kind {
            KeyKind::Auto => facts.home,
            KeyKind::Keyring => Home::Keyring,
            KeyKind::File => Home::File,
        };
        if wanted != facts.home {
            let (stored, wanted) = (facts.home.name(), wanted.name());
            return Err(StateError::KeyKind { database: self.database.clone(), stored, wanted });
        }
        let (found, place) = match facts.home {
            Home::File => (file::read(&self.file)?, self.file.display().to_string()),
            Home::Keyring => (keyring::read(&facts.store, UNLOCKING)?, "the system's keyring".to_owned()),
        };
        let database = self.database.clone();
        let Some(key) = found else { return Err(StateError::KeyMissing { database, place }) };
        match Vault::new(&key).open_sealed(PROOF_PLACE, &facts.proof) {
            Ok(_) => Ok(key),
            Err(_) => Err(StateError::KeyWrong { database, place }),
        }
    }

    /// A key for a database that has none.
    fn make(&self, store: &str, kind: KeyKind) -> Result<(Home, Key), StateError> {
        let in_keyring = |patience| {
            let key = Key(vault::random()?);
            keyring::write(store, &key, patience).map(|()| (Home::Keyring, key))
        };
        match kind {
            KeyKind::Keyring => return in_keyring(UNLOCKING),
            KeyKind::Auto => match in_keyring(GLANCE) {
                Ok(made) => return Ok(made),
                Err(error) => tracing::debug!(%error, "the state's key goes into a file"),
            },
            KeyKind::File => {}
        }
        Ok((Home::File, file::make(&self.file)?))
    }
}

fn facts(connection: &Connection) -> rusqlite::Result<Option<Facts>> {
    let fact = |name: &str| {
        connection
            .query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| row.get::<_, Vec<u8>>(0))
            .optional()
    };
    let (Some(home), Some(store), Some(proof)) = (fact("key-home")?, fact("store")?, fact("key-proof")?) else {
        return Ok(None);
    };
    let home = if home == b"keyring" { Home::Keyring } else { Home::File };
    Ok(Some(Facts { home, store: String::from_utf8_lossy(&store).into_owned(), proof }))
}

fn remember(transaction: &Transaction<'_>, facts: &Facts) -> rusqlite::Result<()> {
    let rows: [(&str, &[u8]); 3] =
        [("key-home", facts.home.name().as_bytes()), ("store", facts.store.as_bytes()), ("key-proof", &facts.proof)];
    for (name, value) in rows {
        transaction.execute("INSERT INTO facts (name, value) VALUES (?1, ?2)", params![name, value])?;
    }
    Ok(())
}
