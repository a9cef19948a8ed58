//! The way to the server: one thread (`worker`) with one connection, which it makes again whenever it is lost.
//!
//! Whoever asks waits a short time at most, and is told at once while the server is away. What nobody waits for is queued,
//! also while the server is away, as far as there is room. It must not know what is asked.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, sync_channel},
    },
    time::Duration,
};

use redis::Value;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::state::{
    StateError,
    redis::{address::Dialer, scripts::Call, worker::Worker},
};

/// How long anybody waits for an answer.
pub(super) const DEADLINE: Duration = Duration::from_millis(250);

/// How many orders may wait for the thread.
const QUEUE: usize = 4096;

/// How often it is said that a command is refused.
const SAYING: Duration = Duration::from_secs(60);

/// How long a lease lives that nobody puts off any more.
pub(super) const LEASE: Duration = Duration::from_secs(8);

/// The way to one server. Cheap to clone; the thread ends with the last of them.
#[derive(Clone)]
pub(super) struct Link {
    orders: mpsc::Sender<Order>,
    trouble: Arc<Trouble>,
}

/// What the thread is told.
pub(super) enum Order {
    /// Run this and say what came of it.
    Ask(Call, Reply),
    /// Run this when that can be done.
    Post(Box<dyn FnOnce() -> Option<Call> + Send>),
    /// Keep a lease until it is dropped.
    Hold {
        key: Vec<u8>,
        mark: Vec<u8>,
    },
    Drop {
        key: Vec<u8>,
        mark: Vec<u8>,
        call: Call,
    },
    /// Answered when all that came before is done or given up.
    Flush(oneshot::Sender<()>),
}

pub(super) type Reply = Box<dyn FnOnce(Result<Value, StateError>) + Send>;

/// Whether the server is away, and why.
pub(super) struct Trouble {
    pub(super) server: String,
    reason: Mutex<Option<String>>,
    /// When it was last said that the server refuses a command.
    refused: Mutex<Option<Instant>>,
}

impl Trouble {
    pub(super) fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, reason: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.reason.lock().unwrap_or_else(PoisonError::into_inner), reason)
    }

    /// The server is away: said once.
    pub(super) fn begins(&self, reason: &str) {
        if self.set(Some(reason.to_owned())).is_none() {
            tracing::warn!(server = self.server, reason, "the shared state is away; serving from what is in memory");
        }
    }

    pub(super) fn ends(&self) {
        if self.set(None).is_some() {
            tracing::info!(server = self.server, "the shared state is back");
        }
    }

    /// The server is there, and does not do what it was told: said now and then.
    pub(super) fn refuses(&self, reason: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_none_or(|last| last.elapsed() > SAYING) {
            *refused = Some(Instant::now());
            tracing::warn!(server = self.server, reason, "the server of the shared state does not do what it is told");
        }
    }

    pub(super) fn error(&self) -> StateError {
        let reason = self.reason().unwrap_or_else(|| "it does not answer in time".to_owned());
        StateError::Away { server: self.server.clone(), reason }
    }
}

impl Link {
    /// A way to where `dialer` goes, and whether the server is there. `greeting` is run first on every new connection.
    ///
    /// # Errors
    /// When the server refuses us, or no thread can be started. One that is away is no error.
    pub(super) async fn open(
        dialer: Dialer,
        greeting: impl Fn() -> Call + Send + 'static,
    ) -> Result<(Self, Option<Value>), StateError> {
        let (orders, receiver) = mpsc::channel(QUEUE);
        let trouble = Arc::new(Trouble {
            server: dialer.address().to_string(),
            reason: Mutex::default(),
            refused: Mutex::default(),
        });
        let (first, greeted) = oneshot::channel();
        let worker = Worker::new(dialer, Box::new(greeting), Arc::clone(&trouble), first);
        let failed =
            |error: std::io::Error| StateError::Refused { server: trouble.server.clone(), reason: error.to_string() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let thread = std::thread::Builder::new().name("redis".to_owned());
        thread.spawn(move || runtime.block_on(worker.run(receiver))).map_err(failed)?;
        let greeted = greeted.await.unwrap_or_else(|_| Err(StateError::Stopped))?;
        Ok((Self { orders, trouble }, greeted))
    }

    /// Runs `call`.
    ///
    /// # Errors
    /// When the server is away, does not answer in time or cannot do it.
    pub(super) async fn ask(&self, call: Call) -> Result<Value, StateError> {
        let (reply, answer) = oneshot::channel();
        let reply: Reply = Box::new(move |answer| drop(reply.send(answer)));
        self.orders.try_send(Order::Ask(call, reply)).map_err(|_| self.trouble.error())?;
        // The thread keeps the deadline; this is for a thread that cannot.
        match timeout(DEADLINE * 2, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(self.trouble.error()),
        }
    }

    /// The same, where waiting may block.
    pub(super) fn ask_blocking(&self, call: Call) -> Result<Value, StateError> {
        let (reply, answer) = sync_channel(1);
        let reply: Reply = Box::new(move |answer| drop(reply.send(answer)));
        self.orders.try_send(Order::Ask(call, reply)).map_err(|_| self.trouble.error())?;
        match answer.recv_timeout(DEADLINE * 2) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(self.trouble.error()),
        }
    }

    /// Has what `make` makes run when that can be done; nobody waits for it. `make` runs on the link's own thread.
    pub(super) fn post(&self, make: impl FnOnce() -> Option<Call> + Send + 'static) {
        if self.orders.try_send(Order::Post(Box::new(make))).is_err() {
            tracing::warn!(server = self.trouble.server, "the shared state cannot keep up: something is not shared");
        }
    }

    /// Puts off the end of the lease `key`, which `mark` holds, until [`Link::drop_lease`].
    pub(super) fn hold_lease(&self, key: &[u8], mark: &[u8]) -> bool {
        self.orders.try_send(Order::Hold { key: key.to_vec(), mark: mark.to_vec() }).is_ok()
    }

    /// Lets the lease `key` go that `mark` holds, by `call`.
    pub(super) fn drop_lease(&self, key: &[u8], mark: &[u8], call: Call) {
        let order = Order::Drop { key: key.to_vec(), mark: mark.to_vec(), call };
        // With the queue full, or the thread gone, the lease lapses by itself.
        drop(self.orders.try_send(order));
    }

    /// Waits until all that was posted is done, unless the server is away.
    pub(super) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.orders.send(Order::Flush(done)).await.is_ok() {
            drop(flushed.await);
        }
    }

    /// Why the server is away, if it is.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.reason()
    }

    /// Where the server is, for a person to read.
    pub(super) fn server(&self) -> &str {
        &self.trouble.server
    }
}
