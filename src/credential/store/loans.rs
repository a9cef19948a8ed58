//! What a pool service has lent and must get back, also when the process that borrowed it has been ended.
//!
//! Whoever borrows holds a lock for as long as they live. A loan whose lock is free has lost its borrower.

use rusqlite::{Connection, params};

use crate::credential::store::{Home, Store, StoreError};

/// One loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// The service's id of it.
    pub session_id: String,
    /// The service's address.
    pub root: String,
    /// The lock that its borrower holds.
    pub lock: String,
}

impl Store {
    /// Notes a loan.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_loan(&self, loan: &Loan) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.add_loan(loan),
            Home::Disk(state) => state,
        };
        let Loan { session_id, root, lock } = loan;
        let sql = "INSERT OR REPLACE INTO allocations (session_id, root, lock) VALUES (?1, ?2, ?3)";
        state.database().write(|transaction| transaction.execute(sql, params![session_id, root, lock]))?;
        Ok(())
    }

    /// Forgets a loan that the service at `root` has got back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remove_loan(&self, root: &str, session_id: &str) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.remove_loan(root, session_id),
            Home::Disk(state) => state,
        };
        let sql = "DELETE FROM allocations WHERE root = ?1 AND session_id = ?2";
        state.database().write(|transaction| transaction.execute(sql, params![root, session_id]))?;
        Ok(())
    }

    /// The loans of the service at `root` whose borrowers are no more.
    ///
    /// # Errors
    /// When the database cannot be read or a lock cannot be looked at.
    pub fn orphaned_loans(&self, root: &str) -> Result<Vec<Loan>, StoreError> {
        let loans = match &self.home {
            Home::Disk(state) => state.database().read(|connection| of_root(connection, root))?,
            Home::Shared(shared) => shared.loans(root)?,
        };
        let mut orphans = Vec::new();
        for loan in loans {
            // The lock is let go at once: it is only a sign of life.
            if self.try_lock(&loan.lock)?.is_some() {
                orphans.push(loan);
            }
        }
        Ok(orphans)
    }
}

fn of_root(connection: &Connection, root: &str) -> rusqlite::Result<Vec<Loan>> {
    let sql = "SELECT session_id, root, lock FROM allocations WHERE root = ?1 ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let loan = |row: &rusqlite::Row<'_>| Ok(Loan { session_id: row.get(0)?, root: row.get(1)?, lock: row.get(2)? });
    statement.query_map([root], loan)?.collect::<rusqlite::Result<Vec<_>>>()
}
