//! How the database came to look as it does: one script a version, each run once, in order.
//!
//! A script that was released is never changed; what changes the tables is a new one. The database remembers its
//! version in `user_version`.

use rusqlite::{Connection, Transaction};

/// The scripts; the first makes version 1.
const SCRIPTS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// The version that this program writes.
pub(super) const LATEST: i64 = SCRIPTS.len() as i64;

/// The version of the database; 0 is an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the database up to date. Another process may have done it in the meantime.
pub(super) fn apply(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let reached = usize::try_from(version(transaction)?).unwrap_or_default();
    for script in SCRIPTS.iter().skip(reached) {
        transaction.execute_batch(script)?;
    }
    if reached < SCRIPTS.len() {
        transaction.pragma_update(None, "user_version", LATEST)?;
    }
    Ok(())
}
