//! Things that may be forgotten: kept sealed on the disk, bounded in number, size and age, or shared with other replicas.
//!
//! Reading is done where it is asked for. Writing is one thread's work, from a queue that is bounded too: nobody waits
//! for the disk, and when it cannot keep up, things are forgotten, which the log tells. It must not know what it keeps.

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::{Transaction, params};
use tokio::sync::oneshot;

use crate::state::{
    Database, State, StateError, Vault,
    database::Durability,
    redis::{Shared, SharedShelf},
};

/// How many writes may wait, and how many are made at once.
const QUEUE: usize = 1024;
const BATCH: usize = 512;

/// How long the first of several writes waits for the others: one transaction for all of them costs little more than for
/// one. What was not written when the process is killed is forgotten, as what waits in the queue is.
const GATHERING: Duration = Duration::from_millis(50);

/// How long another replica has to share what it has just told its client of, before nothing is found.
const SHARING: Duration = Duration::from_millis(40);

/// How often what is too old or too much is cleared away.
const CLEARING: Duration = Duration::from_secs(60);

/// What a shelf holds at most, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Values at most.
    pub rows: u32,
    /// Bytes of all values at most.
    pub bytes: u64,
    /// Values under one key at most.
    pub parts: u32,
    /// How long a value stays.
    pub lifetime: Duration,
}

/// All shelves of a state.
#[derive(Clone)]
pub struct Shelves(Place);

/// Where they are.
#[derive(Clone)]
enum Place {
    Disk(Disk),
    Shared(Shared),
}

/// Shelves on the disk, and the thread that writes them.
#[derive(Clone)]
struct Disk {
    reader: Arc<Database>,
    vault: Vault,
    /// Each in a box of its own, for the queue's room is made ahead.
    orders: SyncSender<Box<Order>>,
}

impl fmt::Debug for Shelves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Disk(disk) => {
                f.debug_struct("Shelves").field("database", &disk.reader.path()).finish_non_exhaustive()
            }
            Place::Shared(shared) => f.debug_tuple("Shelves").field(shared).finish(),
        }
    }
}

/// One shelf. A key has several parts; each is one value.
#[derive(Clone)]
pub struct Shelf(Boards);

/// One shelf, where it is.
#[derive(Clone)]
enum Boards {
    Disk { name: &'static str, limits: Limits, disk: Disk },
    Shared(SharedShelf),
}

/// What the writing thread is told.
enum Order {
    Put {
        row: Row,
        limits: Limits,
        value: Box<dyn FnOnce() -> Vec<u8> + Send>,
    },
    Remove(Row),
    /// Answered when all that came before is written.
    Flush(oneshot::Sender<()>),
}

/// Where a value is.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) shelf: &'static str,
    pub(super) key: [u8; 32],
    pub(super) part: [u8; 32],
}

impl Shelves {
    /// The shelves of `state`.
    ///
    /// # Errors
    /// When the database cannot be opened again, or no thread can be started.
    pub fn open(state: &State) -> Result<Self, StateError> {
        let connect = || Database::with_durability(state.directory(), Durability::Process);
        let (reader, database) = (Arc::new(connect()?), connect()?);
        let (orders, receiver) = sync_channel(QUEUE);
        let writer = Writer { database, vault: state.vault().clone(), limits: Vec::new() };
        let thread = std::thread::Builder::new().name("shelves".to_owned()).spawn(move || writer.run(&receiver));
        thread.map_err(|error| StateError::file(state.directory(), &error))?;
        Ok(Self(Place::Disk(Disk { reader, vault: state.vault().clone(), orders })))
    }

    /// The shelves that `shared` has for all replicas.
    #[must_use]
    pub fn shared(shared: &Shared) -> Self {
        Self(Place::Shared(shared.clone()))
    }

    /// The shelf `name`.
    #[must_use]
    pub fn shelf(&self, name: &'static str, limits: Limits) -> Shelf {
        Shelf(match &self.0 {
            Place::Disk(disk) => Boards::Disk { name, limits, disk: disk.clone() },
            Place::Shared(shared) => Boards::Shared(SharedShelf { shared: shared.clone(), name, limits }),
        })
    }

    /// A name for `text` that tells nothing of it, and is the same for as long as the state has its key.
    #[must_use]
    pub fn pseudonym(&self, text: &[u8]) -> String {
        match &self.0 {
            Place::Disk(disk) => disk.vault.pseudonym(text),
            Place::Shared(shared) => shared.pseudonym(text),
        }
    }

    /// Waits until all that was put is on the disk, or with the other replicas.
    pub async fn flush(&self) {
        let disk = match &self.0 {
            Place::Disk(disk) => disk,
            Place::Shared(shared) => return shared.flush().await,
        };
        let orders = disk.orders.clone();
        let (done, written) = oneshot::channel();
        // The queue may be full, and then there is waiting to do. The thread only ends when nobody can ask it any more.
        let asked = tokio::task::spawn_blocking(move || orders.send(Box::new(Order::Flush(done))).is_ok()).await;
        if asked.is_ok_and(|asked| asked) {
            drop(written.await);
        }
    }
}

impl Shelf {
    /// True when other replicas put and take here as well.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Boards::Shared(_))
    }

    /// What was put under `key` and is still there, the latest last. From the disk, where nothing else has to be waited
    /// for; of what is shared, nothing is found while the server is away.
    pub async fn get(&self, key: &[u8; 32]) -> Vec<Vec<u8>> {
        match &self.0 {
            Boards::Disk { name, disk, .. } => disk.get(name, key),
            Boards::Shared(shelf) => {
                let found = shelf.get(key).await;
                match found {
                    // Another replica may be about to put it there: its client has been faster.
                    Ok(values) if values.is_empty() => {
                        tokio::time::sleep(SHARING).await;
                        shelf.get(key).await.unwrap_or_default()
                    }
                    found => found.unwrap_or_default(),
                }
            }
        }
    }

    /// Puts what `value` yields under `key` in place of the same part.
    pub fn put(&self, key: [u8; 32], part: [u8; 32], value: impl FnOnce() -> Vec<u8> + Send + 'static) {
        match &self.0 {
            Boards::Disk { name, limits, disk } => {
                let row = Row { shelf: name, key, part };
                disk.order(name, Order::Put { row, limits: *limits, value: Box::new(value) });
            }
            Boards::Shared(shelf) => shelf.put(Row { shelf: shelf.name, key, part }, value),
        }
    }

    /// Puts `value` under `key` unless that part is there. Returns false when it surely was: on the disk, which is one
    /// process's own, that is not looked for.
    pub async fn claim(&self, key: [u8; 32], part: [u8; 32], value: Vec<u8>) -> bool {
        match &self.0 {
            Boards::Disk { .. } => {
                self.put(key, part, move || value);
                true
            }
            Boards::Shared(shelf) => shelf.claim(Row { shelf: shelf.name, key, part }, &value).await.unwrap_or(true),
        }
    }

    /// Takes away one part of what is under `key`.
    pub fn remove(&self, key: [u8; 32], part: [u8; 32]) {
        match &self.0 {
            Boards::Disk { name, disk, .. } => disk.order(name, Order::Remove(Row { shelf: name, key, part })),
            Boards::Shared(shelf) => shelf.remove(Row { shelf: shelf.name, key, part }),
        }
    }
}

impl Disk {
    fn get(&self, shelf: &'static str, key: &[u8; 32]) -> Vec<Vec<u8>> {
        let rows = self.reader.read(|connection| {
            let sql = "SELECT part, value FROM shelves WHERE shelf = ?1 AND key = ?2 AND expires > ?3 ORDER BY number";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![shelf, key, now()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<([u8; 32], Vec<u8>)>>>()
        });
        let open = |(part, value): ([u8; 32], Vec<u8>)| {
            self.vault.open_sealed(&Row { shelf, key: *key, part }.place(), &value)
        };
        let opened = rows.map(|rows| rows.into_iter().map(open).collect());
        opened.and_then(|values: Result<Vec<_>, _>| values).unwrap_or_else(|error| {
            tracing::warn!(shelf, %error, "what was kept cannot be read");
            Vec::new()
        })
    }

    fn order(&self, shelf: &'static str, order: Order) {
        match self.orders.try_send(Box::new(order)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::warn!(shelf, "the disk cannot keep up: something is not kept over a restart");
            }
            Err(TrySendError::Disconnected(_)) => {
                tracing::warn!(shelf, "nothing is kept over a restart any more");
            }
        }
    }
}

impl Row {
    /// What its value is sealed for.
    pub(super) fn place(&self) -> String {
        let mut place = format!("shelves/{}", self.shelf);
        for part in [&self.key, &self.part] {
            place.push('/');
            for byte in part {
                place.extend([byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(half.into(), 16)));
            }
        }
        place
    }
}

/// What the writing thread works with.
struct Writer {
    database: Database,
    vault: Vault,
    /// The limits of every shelf that was written to.
    limits: Vec<(&'static str, Limits)>,
}

/// One change, ready to be made.
enum Change {
    Put { row: Row, sealed: Vec<u8>, limits: Limits },
    Remove(Row),
}

impl Writer {
    fn run(mut self, orders: &Receiver<Box<Order>>) {
        let mut cleared: Option<SystemTime> = None;
        loop {
            let first = match orders.recv_timeout(CLEARING) {
                Ok(order) => Some(*order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Some(first) = first {
                self.carry_out(gather(first, orders));
            }
            let is_time = cleared.is_none_or(|last| last.elapsed().is_ok_and(|since| since >= CLEARING));
            if is_time {
                self.clear();
                cleared = Some(SystemTime::now());
            }
        }
    }

    /// Makes the changes of `batch` in one transaction. On a machine with few cores answers share one with this thread, which
    /// would keep them waiting until the scheduler takes it away; so it offers to stand back at every change.
    fn carry_out(&mut self, batch: Vec<Order>) {
        let (mut changes, mut waiting) = (Vec::new(), Vec::new());
        for order in batch {
            match order {
                Order::Put { row, limits, value } => {
                    changes.extend(self.seal(row, limits, &value()));
                    std::thread::yield_now();
                }
                Order::Remove(row) => changes.push(Change::Remove(row)),
                Order::Flush(done) => waiting.push(done),
            }
        }
        if !changes.is_empty() {
            let written = self.database.write(|transaction| {
                changes.iter().try_for_each(|change| {
                    std::thread::yield_now();
                    change.make(transaction)
                })
            });
            if let Err(error) = written {
                tracing::warn!(%error, "something is not kept over a restart");
            }
        }
        for done in waiting {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
    }

    fn seal(&mut self, row: Row, limits: Limits, value: &[u8]) -> Option<Change> {
        if !self.limits.iter().any(|(shelf, _)| *shelf == row.shelf) {
            self.limits.push((row.shelf, limits));
        }
        // What is larger than its shelf would clear away everything else.
        if u64::try_from(value.len()).unwrap_or(u64::MAX) > limits.bytes {
            return None;
        }
        let sealed = self.vault.seal(&row.place(), value).ok()?;
        Some(Change::Put { row, sealed, limits })
    }

    /// Clears away what is too old, and the oldest of what is too much.
    fn clear(&self) {
        let cleared = self.database.write(|transaction| {
            transaction.execute("DELETE FROM shelves WHERE expires <= ?1", [now()])?;
            self.limits.iter().try_for_each(|(shelf, limits)| shorten(transaction, shelf, limits))
        });
        if let Err(error) = cleared {
            tracing::warn!(%error, "what is too old to be kept cannot be cleared away");
        }
    }
}

/// `first` and what is ordered soon after it. The thread sleeps meanwhile, so that nobody who orders has to wake it, and
/// whoever waits for what came before waits as long; with nothing before that there is nothing to gather.
fn gather(first: Order, orders: &Receiver<Box<Order>>) -> Vec<Order> {
    if !matches!(first, Order::Flush(_)) {
        std::thread::sleep(GATHERING);
    }
    std::iter::once(first).chain(orders.try_iter().map(|order| *order)).take(BATCH).collect()
}

impl Change {
    fn make(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Put { row: Row { shelf, key, part }, sealed, limits } => {
                let expires = now().saturating_add(i64::try_from(limits.lifetime.as_secs()).unwrap_or(i64::MAX));
                let sql =
                    "INSERT OR REPLACE INTO shelves (shelf, key, part, value, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
                transaction.prepare_cached(sql)?.execute(params![shelf, key, part, sealed, expires])?;
                // Nearly always there are few, and to count them costs much less than to sort them.
                let sql = "SELECT count(*) FROM shelves WHERE shelf = ?1 AND key = ?2";
                let parts: u32 = transaction.prepare_cached(sql)?.query_row(params![shelf, key], |row| row.get(0))?;
                if parts > limits.parts {
                    let sql = "DELETE FROM shelves WHERE shelf = ?1 AND key = ?2 AND number NOT IN \
                               (SELECT number FROM shelves WHERE shelf = ?1 AND key = ?2 ORDER BY number DESC LIMIT ?3)";
                    transaction.prepare_cached(sql)?.execute(params![shelf, key, limits.parts])?;
                }
            }
            Self::Remove(Row { shelf, key, part }) => {
                let sql = "DELETE FROM shelves WHERE shelf = ?1 AND key = ?2 AND part = ?3";
                transaction.prepare_cached(sql)?.execute(params![shelf, key, part])?;
            }
        }
        Ok(())
    }
}

fn shorten(transaction: &Transaction<'_>, shelf: &str, limits: &Limits) -> rusqlite::Result<()> {
    let sql = "DELETE FROM shelves WHERE shelf = ?1 AND number <= (SELECT max(number) FROM \
               (SELECT number, row_number() OVER newest AS rows, sum(length(value)) OVER newest AS bytes \
                FROM shelves WHERE shelf = ?1 WINDOW newest AS (ORDER BY number DESC)) \
               WHERE rows > ?2 OR bytes > ?3)";
    transaction.execute(sql, params![shelf, limits.rows, i64::try_from(limits.bytes).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// The time in seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
