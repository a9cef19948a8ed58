//! What keys use, counted in the state's database: by one thread, which makes one transaction of all that waits.
//!
//! A process that is ended loses nothing of it; when the machine loses power, the last moments may be missing. While the
//! database cannot be used, the thread goes on from what it has last seen of each key, and the log says so; what was
//! counted meanwhile is not written later.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use rusqlite::Transaction;
use tokio::sync::oneshot;

use crate::{
    clients::{
        Admission, ClientsError, Counter, Doing, KeyId, MemoryCounter, Settlement, Slot, Used, Verdict, sqlite::rows,
    },
    state::{Database, Durability, StateError},
};

/// How many calls may wait, and how many make one transaction.
const QUEUE: usize = 4096;
const BATCH: usize = 128;

/// Counts in the state's database. Any number of processes may count in the same directory.
#[derive(Debug)]
pub struct StoredCounter {
    /// Each in a box of its own: the queue's room is made ahead, and calls are large.
    calls: SyncSender<Box<Call>>,
}

/// What the thread is asked, and where to it answers.
enum Call {
    Admit(Admission, oneshot::Sender<Verdict>),
    Renew(Vec<Slot>, u64, oneshot::Sender<()>),
    Settle(Settlement, oneshot::Sender<()>),
    Used(KeyId, u64, oneshot::Sender<Used>),
}

/// What the database says to a call.
enum Found {
    Admit(Verdict, rows::Changed),
    Renew,
    Settle(rows::Changed),
    Used(Used),
}

impl Call {
    fn carry_out(&self, transaction: &Transaction<'_>) -> rusqlite::Result<Found> {
        Ok(match self {
            Self::Admit(admission, _) => {
                let (verdict, changed) = rows::admit(transaction, admission)?;
                Found::Admit(verdict, changed)
            }
            Self::Renew(slots, now, _) => {
                rows::renew(transaction, slots, *now)?;
                Found::Renew
            }
            Self::Settle(settlement, _) => Found::Settle(rows::settle(transaction, settlement)?),
            Self::Used(key, now, _) => Found::Used(rows::used(transaction, key, *now)?),
        })
    }
}

impl StoredCounter {
    /// Counts in the state in `directory`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(directory: &Path) -> Result<Self, ClientsError> {
        let (calls, receiver) = sync_channel(QUEUE);
        let held = MemoryCounter::default();
        let worker = Worker { directory: directory.to_owned(), database: None, held, is_away: false };
        let thread = std::thread::Builder::new().name("client-counts".to_owned()).spawn(move || worker.run(&receiver));
        thread.map_err(|error| StateError::file(directory, &error))?;
        Ok(Self { calls })
    }

    /// Has `call` answered. It is under way as soon as this returns, whether anyone waits for the answer or not.
    fn ask<T: Send + 'static>(&self, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> Doing<'static, T> {
        let (answer, answered) = oneshot::channel();
        let sent = self.calls.try_send(Box::new(call(answer)));
        Box::pin(async move {
            match sent {
                Ok(()) => answered.await.map_err(|_| StateError::Stopped.into()),
                Err(TrySendError::Full(_)) => Err(ClientsError::Away {
                    reason: "more is to be counted than the disk can keep up with".to_owned(),
                }),
                Err(TrySendError::Disconnected(_)) => Err(StateError::Stopped.into()),
            }
        })
    }
}

impl Counter for StoredCounter {
    fn admit(&self, admission: Admission) -> Doing<'_, Verdict> {
        self.ask(|answer| Call::Admit(admission, answer))
    }

    fn renew(&self, slots: Vec<Slot>, now: u64) -> Doing<'_, ()> {
        self.ask(|answer| Call::Renew(slots, now, answer))
    }

    fn settle(&self, settlement: Settlement) -> Doing<'_, ()> {
        self.ask(|answer| Call::Settle(settlement, answer))
    }

    fn used<'a>(&'a self, key: &'a KeyId, now: u64) -> Doing<'a, Used> {
        self.ask(|answer| Call::Used(key.clone(), now, answer))
    }
}

/// What the thread works with.
struct Worker {
    directory: PathBuf,
    /// The database, once it could be opened.
    database: Option<Database>,
    /// What was last seen of each key.
    held: MemoryCounter,
    /// True while the database cannot be used.
    is_away: bool,
}

impl Worker {
    fn run(mut self, calls: &Receiver<Box<Call>>) {
        while let Ok(first) = calls.recv() {
            let batch: Vec<Call> =
                std::iter::once(first).chain(calls.try_iter().take(BATCH - 1)).map(|call| *call).collect();
            let found = self.ask_database(&batch);
            self.tell_of(found.as_ref().err());
            match found {
                Ok(found) => batch.into_iter().zip(found).for_each(|(call, found)| self.answer(call, found)),
                Err(_) => batch.into_iter().for_each(|call| self.answer_alone(call)),
            }
        }
    }

    /// Makes one transaction of `batch`.
    fn ask_database(&mut self, batch: &[Call]) -> Result<Vec<Found>, StateError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => Database::with_durability(&self.directory, Durability::Process)?,
        };
        self.database
            .insert(database)
            .write(|transaction| batch.iter().map(|call| call.carry_out(transaction)).collect())
    }

    /// Answers what the database has said. Whoever asked may have gone.
    fn answer(&self, call: Call, found: Found) {
        match (call, found) {
            (Call::Admit(admission, answer), Found::Admit(verdict, changed)) => {
                let slot = &admission.slot;
                self.held.learn(&slot.key, &changed.tally);
                if let Some(hold) = changed.hold {
                    self.held.learn_slot(slot, hold, admission.now);
                }
                let _ = answer.send(verdict);
            }
            (Call::Settle(settlement, answer), Found::Settle(changed)) => {
                self.held.learn(&settlement.slot.key, &changed.tally);
                self.held.forget_slot(&settlement.slot);
                let _ = answer.send(());
            }
            (Call::Renew(slots, now, answer), Found::Renew) => {
                self.held.renew_now(&slots, now);
                let _ = answer.send(());
            }
            (Call::Used(_, _, answer), Found::Used(used)) => {
                let _ = answer.send(used);
            }
            // Each call was answered in its place.
            (Call::Admit(..) | Call::Settle(..) | Call::Renew(..) | Call::Used(..), _) => {}
        }
    }

    /// Answers without the database.
    fn answer_alone(&self, call: Call) {
        match call {
            Call::Admit(admission, answer) => drop(answer.send(self.held.admit_now(&admission))),
            Call::Settle(settlement, answer) => {
                self.held.settle_now(&settlement);
                let _ = answer.send(());
            }
            Call::Renew(slots, now, answer) => {
                self.held.renew_now(&slots, now);
                let _ = answer.send(());
            }
            Call::Used(key, now, answer) => drop(answer.send(self.held.used_now(&key, now))),
        }
    }

    /// Says once that the database is away, and once that it is back.
    fn tell_of(&mut self, error: Option<&StateError>) {
        match (error, self.is_away) {
            (Some(error), false) => {
                tracing::warn!(%error, "what client keys use is counted in memory only, by this process for itself");
            }
            (None, true) => tracing::warn!("what client keys use is counted on the disk again"),
            (Some(_), true) | (None, false) => {}
        }
        self.is_away = error.is_some();
    }
}
