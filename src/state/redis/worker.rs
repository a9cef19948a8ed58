//! The link's thread: connects, carries out what it is told, and keeps what must wait for the server to come back.
//!
//! It must not know what it is told to do.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use redis::{RedisError, Value, aio::MultiplexedConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::state::{
    StateError,
    redis::{
        address::{self, DialError, Dialed, Dialer},
        link::{DEADLINE, LEASE, Order, Reply, Trouble},
        scripts::{self, Call, LEASE_KEEP},
    },
};

/// How long a server has to answer on a new connection.
const GREETING: Duration = Duration::from_secs(2);

/// How many orders may be under way.
const UNDER_WAY: usize = 512;

/// How much that nobody waits for is kept while the server is away.
const KEPT: usize = 2048;
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// The first and the longest pause before another try to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often leases that are held are put off. That is also how soon a server is missed of which nobody asks anything.
const KEEPING: Duration = Duration::from_secs(2);

/// Who is told how the first try to connect went: what the greeting gave, or nothing when the server is away.
pub(super) type First = oneshot::Sender<Result<Option<Value>, StateError>>;

/// What the thread works with.
pub(super) struct Worker {
    dialer: Arc<Dialer>,
    greeting: Box<dyn Fn() -> Call + Send>,
    trouble: Arc<Trouble>,
    /// Told how the first try to connect went.
    first: Option<First>,
    /// The leases that are held: their keys with their holders' marks.
    held: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What waits for the server to come back.
    kept: VecDeque<Call>,
    kept_bytes: usize,
    /// How much of that there was no room for.
    lost: u64,
}

/// What is under way on a connection; each says when the connection is of no use any more, and why.
type UnderWay<'a> = FuturesUnordered<LocalBoxFuture<'a, Result<(), String>>>;

/// How a connection ended.
enum End {
    Lost(String),
    /// Nobody can ask any more.
    Unused,
}

impl Worker {
    /// A worker that has not connected yet. `first` is told how the first try goes, and `greeting` is run on every new
    /// connection.
    pub(super) fn new(
        dialer: Dialer,
        greeting: Box<dyn Fn() -> Call + Send>,
        trouble: Arc<Trouble>,
        first: First,
    ) -> Self {
        Self {
            dialer: Arc::new(dialer),
            greeting,
            trouble,
            first: Some(first),
            held: BTreeMap::new(),
            kept: VecDeque::new(),
            kept_bytes: 0,
            lost: 0,
        }
    }

    /// Carries out orders until nobody can give any.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connected(&mut orders).await {
                None => return,
                Some(Ok((connection, driver, greeted))) => {
                    pause = FIRST_PAUSE;
                    self.trouble.ends();
                    if let Some(first) = self.first.take() {
                        drop(first.send(Ok(Some(greeted))));
                    }
                    match self.serve(connection, driver, &mut orders).await {
                        End::Unused => return,
                        End::Lost(reason) => self.trouble.begins(&reason),
                    }
                }
                Some(Err(error)) => {
                    let (reason, is_lasting) = match error {
                        DialError::Away(reason) => (reason, false),
                        DialError::Refused(reason) => (reason, true),
                    };
                    match self.first.take() {
                        Some(first) if is_lasting => {
                            let server = self.trouble.server.clone();
                            return drop(first.send(Err(StateError::Refused { server, reason })));
                        }
                        Some(first) => {
                            self.trouble.set(Some(reason));
                            drop(first.send(Ok(None)));
                        }
                        None => self.trouble.begins(&reason),
                    }
                }
            }
            if !self.wait(tokio::time::sleep(pause.mul_f64(0.8 + 0.4 * fastrand::f64())), &mut orders).await {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits for `what` while nothing can be asked. False when nobody can ask any more.
    async fn wait(&mut self, what: impl Future<Output = ()>, orders: &mut mpsc::Receiver<Order>) -> bool {
        tokio::pin!(what);
        loop {
            tokio::select! {
                () = &mut what => return true,
                order = orders.recv() => match order {
                    Some(order) => self.put_off(order),
                    None => return false,
                },
            }
        }
    }

    /// Connects; meanwhile nothing can be asked. None when nobody can ask any more.
    async fn connected(&mut self, orders: &mut mpsc::Receiver<Order>) -> Option<Result<Greeted, DialError>> {
        let dialer = Arc::clone(&self.dialer);
        let greeting = (self.greeting)();
        let mut connected = None;
        let is_used = self.wait(async { connected = Some(greet(&dialer, greeting).await) }, orders).await;
        connected.filter(|_| is_used)
    }

    /// Answers an order, or keeps it, while the server is away.
    fn put_off(&mut self, order: Order) {
        match order {
            Order::Ask(_, reply) => reply(Err(self.trouble.error())),
            Order::Post(make) => {
                if let Some(call) = make() {
                    self.keep(call);
                }
            }
            Order::Hold { key, mark } => drop(self.held.insert(key, mark)),
            Order::Drop { key, mark, call } => {
                self.let_go(&key, &mark);
                self.keep(call);
            }
            Order::Flush(done) => {
                let _ = done.send(());
            }
        }
    }

    fn let_go(&mut self, key: &[u8], mark: &[u8]) {
        if self.held.get(key).is_some_and(|held| held == mark) {
            self.held.remove(key);
        }
    }

    fn keep(&mut self, call: Call) {
        self.kept_bytes += call.size();
        self.kept.push_back(call);
        while self.kept.len() > KEPT || self.kept_bytes > KEPT_BYTES {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.kept_bytes -= oldest.size();
            self.lost += 1;
        }
    }

    /// Carries out orders until the connection is lost.
    async fn serve(
        &mut self,
        connection: MultiplexedConnection,
        mut driver: Pin<Box<dyn Future<Output = ()>>>,
        orders: &mut mpsc::Receiver<Order>,
    ) -> End {
        let mut running: UnderWay<'_> = FuturesUnordered::new();
        let trouble = Arc::clone(&self.trouble);
        let start = |call: Call, reply: Option<Reply>, running: &UnderWay<'_>| {
            running.push(carry_out(connection.clone(), Arc::clone(&trouble), call, reply).boxed_local());
        };
        if self.lost > 0 {
            tracing::warn!(
                lost = self.lost,
                "while the shared state was away, more was to be shared than was kept for it"
            );
            self.lost = 0;
        }
        self.kept_bytes = 0;
        for call in std::mem::take(&mut self.kept) {
            start(call, None, &running);
        }
        let mut flushes: Vec<oneshot::Sender<()>> = Vec::new();
        let mut tick = tokio::time::interval_at(Instant::now(), KEEPING);
        loop {
            if running.is_empty() {
                for done in flushes.drain(..) {
                    // Whoever asked may have gone.
                    let _ = done.send(());
                }
            }
            tokio::select! {
                () = &mut driver => return End::Lost("the connection has ended".to_owned()),
                Some(done) = running.next(), if !running.is_empty() => {
                    if let Err(reason) = done {
                        return End::Lost(reason);
                    }
                }
                _ = tick.tick() => {
                    running.push(ping(connection.clone()).boxed_local());
                    for (key, mark) in &self.held {
                        let call = Call::new(&LEASE_KEEP, &[key]).arg(mark).number(LEASE.as_millis() as u64);
                        start(call, None, &running);
                    }
                }
                order = orders.recv(), if running.len() < UNDER_WAY && flushes.is_empty() => match order {
                    None => {
                        // What is under way may end; what was held is let go.
                        let ending = async { while running.next().await.is_some_and(|done| done.is_ok()) {} };
                        tokio::select! {
                            () = &mut driver => {}
                            () = ending => {}
                        }
                        return End::Unused;
                    }
                    Some(Order::Ask(call, reply)) => start(call, Some(reply), &running),
                    Some(Order::Post(make)) => {
                        if let Some(call) = make() {
                            start(call, None, &running);
                        }
                    }
                    Some(Order::Hold { key, mark }) => drop(self.held.insert(key, mark)),
                    Some(Order::Drop { key, mark, call }) => {
                        self.let_go(&key, &mark);
                        start(call, None, &running);
                    }
                    Some(Order::Flush(done)) => flushes.push(done),
                },
            }
        }
    }
}

/// A connection that has been greeted, what drives it, and what the server answered.
type Greeted = (MultiplexedConnection, Pin<Box<dyn Future<Output = ()>>>, Value);

async fn greet(dialer: &Dialer, greeting: Call) -> Result<Greeted, DialError> {
    let (mut connection, mut driver): Dialed = dialer.dial().await?;
    let answer = tokio::select! {
        () = &mut driver => return Err(DialError::Away("the connection has ended".to_owned())),
        answer = timeout(GREETING, async {
            scripts::load(&mut connection).await?;
            greeting.run(&mut connection).await
        }) => answer,
    };
    match answer {
        Ok(Ok(value)) => Ok((connection, driver, value)),
        Ok(Err(error)) => Err(address::refusal(&error)),
        Err(_) => Err(DialError::Away("it does not answer in time".to_owned())),
    }
}

/// Runs `call` and tells `reply`. Fails when the connection is of no use any more.
async fn carry_out(
    mut connection: MultiplexedConnection,
    trouble: Arc<Trouble>,
    call: Call,
    reply: Option<Reply>,
) -> Result<(), String> {
    let (answer, verdict) = match timeout(DEADLINE, call.run(&mut connection)).await {
        Ok(Ok(value)) => (Ok(value), Ok(())),
        Ok(Err(error)) => {
            let reason = address::words(&error);
            let is_lost = is_lost(&error);
            if !is_lost {
                trouble.refuses(&reason);
            }
            (Err(reason.clone()), if is_lost { Err(reason) } else { Ok(()) })
        }
        Err(_) => {
            let reason = format!("no answer within {} ms", DEADLINE.as_millis());
            (Err(reason.clone()), Err(reason))
        }
    };
    match (reply, answer) {
        (Some(reply), answer) => {
            reply(answer.map_err(|reason| StateError::Away { server: trouble.server.clone(), reason }));
        }
        (None, Err(reason)) => tracing::debug!(reason, "something is not shared"),
        (None, Ok(_)) => {}
    }
    verdict
}

async fn ping(mut connection: MultiplexedConnection) -> Result<(), String> {
    match timeout(DEADLINE * 4, redis::cmd("PING").query_async::<Value>(&mut connection)).await {
        Ok(Err(error)) if is_lost(&error) => Err(address::words(&error)),
        Ok(_) => Ok(()),
        Err(_) => Err("it does not answer in time".to_owned()),
    }
}

/// True when no further command can do better on this connection.
fn is_lost(error: &RedisError) -> bool {
    let code = error.code().unwrap_or_default();
    error.is_io_error()
        || error.is_unrecoverable_error()
        // A server that is starting, that has become another's copy, or that wants us to sign in again.
        || matches!(code, "LOADING" | "READONLY" | "MASTERDOWN" | "NOAUTH" | "BUSY")
}
