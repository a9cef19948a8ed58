//! Rows that all replicas hold alike. A change is taken only from who has read the last version, so that of two who
//! change the same, one begins again.
//!
//! What was read last stays in memory. It answers while the server is away, and is put back when the server has
//! forgotten it: a table that loses its rows because a server without a disk was started again would cost its owner more
//! than anything else here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::state::{
    StateError,
    redis::{
        Shared, read,
        scripts::{Call, TABLE_COMMIT, TABLE_READ, TABLE_SWAP},
    },
    vault,
};

/// How often a change begins again before it is given up.
const TRIES: usize = 50;

/// Rows by their names.
pub(crate) type Rows = BTreeMap<String, Vec<u8>>;

/// One table. Its calls may block for a short time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Table {
    shared: Shared,
    name: &'static str,
    held: Arc<Mutex<Held>>,
}

/// What was read last.
#[derive(Default)]
struct Held {
    /// True once it was read at all.
    is_read: bool,
    version: String,
    rows: Rows,
    /// The same rows as they are sealed.
    sealed: BTreeMap<String, Vec<u8>>,
}

impl Shared {
    /// The table `name`. Whoever asks for it twice has it in memory twice.
    pub(crate) fn table(&self, name: &'static str) -> Table {
        Table { shared: self.clone(), name, held: Arc::default() }
    }
}

impl Table {
    /// The rows, as the server has them, or as they were when it was last there.
    ///
    /// # Errors
    /// When the server has not been there yet, or another hand has changed what is sealed.
    pub(crate) fn rows(&self) -> Result<Rows, StateError> {
        let mut held = self.held();
        match self.refresh(&mut held) {
            Ok(()) => Ok(held.rows.clone()),
            Err(StateError::Away { .. }) if held.is_read || !held.rows.is_empty() => Ok(held.rows.clone()),
            Err(error) => Err(error),
        }
    }

    /// Lets `change` change the rows, and gives what it gives. It may be called more than once; only the last time
    /// counts.
    ///
    /// # Errors
    /// When the server is away, or too many others change the table.
    pub(crate) fn change<T>(&self, mut change: impl FnMut(&mut Rows) -> T) -> Result<T, StateError> {
        let mut held = self.held();
        for _ in 0..TRIES {
            self.refresh(&mut held)?;
            let mut rows = held.rows.clone();
            let done = change(&mut rows);
            if rows == held.rows || self.commit(&mut held, rows)? {
                return Ok(done);
            }
        }
        Err(StateError::Busy { what: format!("the shared table {}", self.name), seconds: 0 })
    }

    /// Changes one row here at once, and at the server when it is back, unless another has changed it there by then.
    pub(crate) fn put_later(&self, row: &str, value: Vec<u8>) -> Result<(), StateError> {
        let mut held = self.held();
        let sealed = self.seal(row, &value)?;
        let before = held.sealed.get(row).cloned().unwrap_or_default();
        let call = Call::new(&TABLE_SWAP, &[&self.key()]).arg(row).arg(before).arg(&sealed).arg(mark()?);
        held.rows.insert(row.to_owned(), value);
        held.sealed.insert(row.to_owned(), sealed);
        drop(held);
        self.shared.core.link.post(move || Some(call));
        Ok(())
    }

    /// Reads what has changed.
    fn refresh(&self, held: &mut Held) -> Result<(), StateError> {
        let call = Call::new(&TABLE_READ, &[&self.key()]).arg(&held.version);
        let mut found = read::list(self.shared.core.link.ask_blocking(call)?).into_iter();
        let version = String::from_utf8_lossy(&found.next().unwrap_or_default()).into_owned();
        held.is_read = true;
        if version == held.version {
            return Ok(());
        }
        let is_older = age(&version) < age(&held.version);
        let (mut rows, mut sealed_rows) = (Rows::new(), BTreeMap::new());
        while let (Some(row), Some(sealed)) = (found.next(), found.next()) {
            let row = String::from_utf8_lossy(&row).into_owned();
            if !row.is_empty() {
                rows.insert(row.clone(), self.shared.core.vault.open_sealed(&self.place(&row), &sealed)?);
                sealed_rows.insert(row, sealed);
            }
        }
        if is_older {
            let gone: Vec<String> = rows.into_keys().filter(|row| !held.rows.contains_key(row)).collect();
            return self.restore(held, &version, &gone);
        }
        (held.version, held.rows, held.sealed) = (version, rows, sealed_rows);
        Ok(())
    }

    /// Puts back what the server has forgotten. When another is faster, what that one has put back is read next.
    fn restore(&self, held: &mut Held, found: &str, gone: &[String]) -> Result<(), StateError> {
        tracing::warn!(table = self.name, "the shared state has forgotten what it was told; it is told again");
        if !self.put(found, &held.version, &held.sealed, gone)? {
            held.version = found.to_owned();
        }
        Ok(())
    }

    /// Puts `rows` in the place of what is held, if the server still has that.
    fn commit(&self, held: &mut Held, rows: Rows) -> Result<bool, StateError> {
        let changed = rows.iter().filter(|(row, value)| held.rows.get(*row) != Some(value));
        let puts: Result<BTreeMap<_, _>, _> =
            changed.map(|(row, value)| Ok::<_, StateError>((row.clone(), self.seal(row, value)?))).collect();
        let puts = puts?;
        let gone: Vec<String> = held.rows.keys().filter(|row| !rows.contains_key(*row)).cloned().collect();
        let version = next(&held.version)?;
        if !self.put(&held.version, &version, &puts, &gone)? {
            return Ok(false);
        }
        held.sealed.retain(|row, _| !gone.contains(row));
        held.sealed.extend(puts);
        (held.version, held.rows) = (version, rows);
        Ok(true)
    }

    fn put(
        &self,
        version: &str,
        next: &str,
        puts: &BTreeMap<String, Vec<u8>>,
        gone: &[String],
    ) -> Result<bool, StateError> {
        let mut call = Call::new(&TABLE_COMMIT, &[&self.key()]).arg(version).arg(next).number(puts.len() as u64);
        for (row, sealed) in puts {
            call = call.arg(row).arg(sealed);
        }
        for row in gone {
            call = call.arg(row);
        }
        Ok(read::is_yes(&self.shared.core.link.ask_blocking(call)?))
    }

    fn seal(&self, row: &str, value: &[u8]) -> Result<Vec<u8>, StateError> {
        self.shared.core.vault.seal(&self.place(row), value)
    }

    fn place(&self, row: &str) -> String {
        format!("table/{}/{row}", self.name)
    }

    fn key(&self) -> Vec<u8> {
        self.shared.key(&["table", self.name])
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many changes a version has behind it.
fn age(version: &str) -> u64 {
    version.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// The version after `version`: no two that are made at the same time are the same.
fn next(version: &str) -> Result<String, StateError> {
    Ok(format!("{}-{}", age(version) + 1, mark()?))
}

fn mark() -> Result<String, StateError> {
    Ok(vault::random::<4>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
