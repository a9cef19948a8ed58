//! The load: clients on one thread, each asking again as soon as its answer is whole.
//!
//! Before anything is measured one answer is read in full and held against what it must say. What it holds is then what
//! every other answer must hold.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use crate::{answer::Answer, dialect::Dialect, http1, order::Order, scan::Scan, stamp};

/// How much is read at once, in bytes.
const READ: usize = 64 * 1024;
/// How many connections are opened at the same time.
const OPENING: usize = 64;
/// How long any answer may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How many texts an answer may have that is read in full.
const PROBED: u64 = 10_000;
/// Digits of the number that makes every request another one.
const DIGITS: usize = 9;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom to ask.
    pub target: SocketAddr,
    /// How.
    pub dialect: Dialect,
    /// For what.
    pub order: Order,
    /// By how many clients.
    pub streams: usize,
    /// For how long. Answers that have begun are read to their end.
    pub time: Duration,
    /// How often at most.
    pub requests: u64,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// Whole answers.
    pub requests: u64,
    /// Texts in them, without those that an API says again.
    pub events: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Answers that were not whole.
    pub failures: u64,
    /// What was wrong with the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Seconds from the first request to the last byte.
    pub seconds: f64,
    /// From a request to its first text, in microseconds.
    pub first_us: Spread,
    /// From a text's sending to its arrival, in microseconds, where it says when it was sent.
    pub event_us: Spread,
}

/// Percentiles.
#[derive(Debug, Default, Serialize)]
pub struct Spread {
    /// How many values there are.
    pub count: usize,
    /// Half of them are below.
    pub p50: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// 999 of 1,000 are below.
    pub p999: f64,
}

impl Spread {
    /// Of values in nanoseconds.
    #[must_use]
    pub fn of(mut nanoseconds: Vec<u64>) -> Self {
        nanoseconds.sort_unstable();
        let at = |share: f64| {
            let place = (nanoseconds.len() as f64 * share).ceil() as usize;
            nanoseconds.get(place.saturating_sub(1)).map_or(0.0, |value| *value as f64 / 1_000.0)
        };
        Self { count: nanoseconds.len(), p50: at(0.5), p99: at(0.99), p999: at(0.999) }
    }
}

/// What all clients share.
struct Crowd {
    plan: Plan,
    answer: Answer,
    request: Vec<u8>,
    /// Where the number stands in it.
    number_at: usize,
    /// The mark that a whole answer ends with, and the texts in it with those that are said again.
    end_mark: Vec<u8>,
    texts: Cell<u64>,
    begun: Cell<u64>,
    deadline: Cell<Option<Instant>>,
    /// Clients that have had their first text.
    open: Cell<usize>,
    opened: Notify,
    is_noting: Cell<bool>,
    tally: RefCell<Tally>,
}

#[derive(Default)]
struct Tally {
    outcome: Outcome,
    first: Vec<u64>,
    events: Vec<u64>,
}

/// Clients with answers that go on.
pub struct Held {
    crowd: Rc<Crowd>,
    clients: JoinSet<()>,
    since: Instant,
}

/// Runs clients until the plan is done, within a `LocalSet`.
///
/// # Errors
/// When the first answer, which nothing is measured of, is not what it must be.
pub async fn run(plan: Plan) -> anyhow::Result<Outcome> {
    ensure!(plan.order.events <= PROBED, "an answer of more than {PROBED} events is not looked at in full");
    let crowd = Crowd::gather(plan).await?;
    crowd.is_noting.set(true);
    crowd.deadline.set(Instant::now().checked_add(crowd.plan.time));
    let mut clients = crowd.start();
    let since = Instant::now();
    while clients.join_next().await.is_some() {}
    Ok(crowd.outcome(since.elapsed()))
}

/// Opens as many answers as the plan has streams and waits until each has said something, within a `LocalSet`.
///
/// # Errors
/// When the first answer is not what it must be, an answer fails, or some are not there in `patience`.
pub async fn hold(plan: Plan, patience: Duration) -> anyhow::Result<Held> {
    let crowd = Crowd::gather(plan).await?;
    let clients = crowd.start();
    let wanted = crowd.plan.streams;
    let all_open = async {
        while crowd.open.get() < wanted && crowd.tally.borrow().outcome.failures == 0 {
            crowd.opened.notified().await;
        }
    };
    let timely = tokio::time::timeout(patience, all_open).await.is_ok();
    let failure = crowd.tally.borrow().outcome.failure.clone().unwrap_or_default();
    ensure!(
        timely && crowd.open.get() == wanted,
        "{} of {wanted} streams opened in {} s {failure}",
        crowd.open.get(),
        patience.as_secs()
    );
    Ok(Held { crowd, clients, since: Instant::now() })
}

impl Held {
    /// Notes times and counts events from now on.
    pub fn note(&mut self) {
        *self.crowd.tally.borrow_mut() = Tally::default();
        self.crowd.is_noting.set(true);
        self.since = Instant::now();
    }

    /// Ends all answers.
    #[must_use]
    pub fn end(mut self) -> Outcome {
        self.crowd.is_noting.set(false);
        let outcome = self.crowd.outcome(self.since.elapsed());
        self.clients.abort_all();
        outcome
    }
}

impl Crowd {
    /// Asks once and learns what a whole answer is.
    async fn gather(plan: Plan) -> anyhow::Result<Rc<Self>> {
        let answer = Answer::recorded()?;
        let (request, number_at) = request(&plan, &plan.order);
        let end_mark = plan.dialect.end_mark(&answer);
        let crowd = Self {
            answer,
            request,
            number_at,
            end_mark,
            texts: Cell::default(),
            begun: Cell::default(),
            deadline: Cell::default(),
            open: Cell::default(),
            opened: Notify::new(),
            is_noting: Cell::default(),
            tally: RefCell::default(),
            plan,
        };
        // The same answer, as fast as it comes, and a short one in place of one that is not meant to end.
        let events = crowd.plan.order.events.min(PROBED);
        let order = Order { events, cut: crowd.plan.order.cut, short: crowd.plan.order.short, ..Order::default() };
        let texts = tokio::time::timeout(SILENCE, crowd.probe(&order)).await.context("no answer")??;
        crowd.texts.set(texts);
        Ok(Rc::new(crowd))
    }

    async fn probe(&self, order: &Order) -> anyhow::Result<u64> {
        let (request, _) = request(&self.plan, order);
        let mut stream = connect(self.plan.target).await?;
        stream.write_all(&request).await?;
        let (mut reply, mut body, mut buffer) = (http1::Answer::default(), Vec::new(), vec![0; READ]);
        while !reply.is_done() {
            let read = stream.read(&mut buffer).await?;
            if read == 0 {
                reply.end()?;
            }
            reply.push(&buffer[..read], &mut |part| body.extend_from_slice(part))?;
        }
        let told = || String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
        ensure!(reply.status() == 200, "status {}: {}", reply.status(), told());
        let text = self.plan.dialect.text_of(&body, &self.answer)?;
        let said = stamp::PLAIN.repeat(usize::try_from(order.events)?);
        ensure!(text.as_bytes() == said, "the answer says {} bytes of text, not {}", text.len(), said.len());
        let mut scan = Scan::new(self.plan.dialect.spelling(), 0);
        scan.push(&body, &self.answer);
        ensure!(contains(scan.tail(), &self.end_mark), "the end of the answer is not known");
        Ok(scan.texts())
    }

    fn start(self: &Rc<Self>) -> JoinSet<()> {
        let opening = Rc::new(Semaphore::new(OPENING));
        let mut clients = JoinSet::new();
        for _ in 0..self.plan.streams {
            let (crowd, opening) = (Rc::clone(self), Rc::clone(&opening));
            clients.spawn_local(async move {
                while crowd.goes_on() {
                    if let Err(error) = crowd.client(&opening).await {
                        let mut tally = crowd.tally.borrow_mut();
                        tally.outcome.failures += 1;
                        tally.outcome.failure.get_or_insert_with(|| format!("{error:#}"));
                        crowd.opened.notify_one();
                    }
                }
            });
        }
        clients
    }

    fn goes_on(&self) -> bool {
        let late = self.deadline.get().is_some_and(|deadline| Instant::now() >= deadline);
        // Whoever fails all the time must not fail for ever.
        !late && self.begun.get() < self.plan.requests && self.tally.borrow().outcome.failures < 100
    }

    /// One client: asks over one connection for as long as the plan goes on.
    async fn client(&self, opening: &Semaphore) -> anyhow::Result<()> {
        let mut stream = {
            let _turn = opening.acquire().await?;
            connect(self.plan.target).await?
        };
        let mut request = self.request.clone();
        let mut buffer = vec![0; READ];
        while self.goes_on() {
            let number = self.begun.get() + 1;
            self.begun.set(number);
            let digits = format!("{number:0DIGITS$}");
            request[self.number_at..self.number_at + DIGITS].copy_from_slice(digits.as_bytes());
            self.turn(&mut stream, &request, &mut buffer).await?;
        }
        Ok(())
    }

    async fn turn(&self, stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) -> anyhow::Result<()> {
        let order = &self.plan.order;
        let mut scan = Scan::new(self.plan.dialect.spelling(), if order.stamped { order.events } else { 0 });
        let mut reply = http1::Answer::default();
        let mut counted = 0;
        let begun = Instant::now();
        stream.write_all(request).await?;
        while !reply.is_done() {
            let silence = SILENCE + order.pause;
            let read = tokio::time::timeout(silence, stream.read(buffer)).await.context("silence")??;
            if read == 0 {
                reply.end()?;
            }
            reply.push(&buffer[..read], &mut |part| scan.push(part, &self.answer))?;
            ensure!(matches!(reply.status(), 0 | 200), "status {}", reply.status());
            counted = self.note(&mut scan, counted, begun);
        }
        ensure!(
            scan.texts() == self.texts.get() && contains(scan.tail(), &self.end_mark),
            "the answer is not whole: {} of {} texts, and it ends with {:?}",
            scan.texts(),
            self.texts.get(),
            String::from_utf8_lossy(&scan.tail()[scan.tail().len().saturating_sub(100)..])
        );
        if self.is_noting.get() {
            self.tally.borrow_mut().outcome.requests += 1;
        }
        Ok(())
    }

    /// Writes down what has come since `counted` texts were there; returns how many there are now.
    fn note(&self, scan: &mut Scan, counted: u64, begun: Instant) -> u64 {
        let texts = scan.texts().min(self.plan.order.events);
        if counted == 0 && texts > 0 {
            self.open.set(self.open.get() + 1);
            self.opened.notify_one();
        }
        let bytes = scan.take_bytes();
        if self.is_noting.get() {
            let mut tally = self.tally.borrow_mut();
            if counted == 0 && texts > 0 {
                tally.first.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
            }
            tally.outcome.events += texts - counted;
            tally.outcome.bytes += bytes;
            tally.events.extend(scan.take_times());
        } else {
            drop(scan.take_times());
        }
        texts
    }

    fn outcome(&self, time: Duration) -> Outcome {
        let Tally { outcome, first, events } = std::mem::take(&mut *self.tally.borrow_mut());
        let (first_us, event_us) = (Spread::of(first), Spread::of(events));
        Outcome { seconds: time.as_secs_f64(), first_us, event_us, ..outcome }
    }
}

async fn connect(target: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(target).await.with_context(|| format!("cannot connect to {target}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// A request for what `order` says, and where in it the number stands.
fn request(plan: &Plan, order: &Order) -> (Vec<u8>, usize) {
    const TURN: &str = "turn ";
    let words = format!("{order} {TURN}{:0DIGITS$}", 0);
    let body = plan.dialect.body(&words);
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        plan.dialect.path(),
        plan.target,
        plan.dialect.content_type(),
        body.len()
    );
    let request = (head + &body).into_bytes();
    let at = memchr::memmem::rfind(&request, TURN.as_bytes()).unwrap_or_default() + TURN.len();
    (request, at)
}

#[cfg(test)]
mod tests {
    use tokio::{net::TcpListener, task::LocalSet};

    use super::*;
    use crate::upstream;

    fn plan(target: SocketAddr, order: &str) -> Plan {
        Plan {
            target,
            dialect: Dialect::Raw,
            order: Order::parse(order).unwrap(),
            streams: 3,
            time: Duration::from_secs(30),
            requests: 9,
        }
    }

    /// Runs `test` beside an upstream.
    async fn beside_upstream<T>(test: impl AsyncFnOnce(SocketAddr) -> T) -> T {
        let local = LocalSet::new();
        local
            .run_until(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let serving = tokio::task::spawn_local(upstream::serve(listener, upstream::Limits { streams: 100 }));
                let result = test(address).await;
                serving.abort();
                result
            })
            .await
    }

    #[tokio::test]
    async fn whole_answers_are_counted_and_timed() {
        let outcome =
            beside_upstream(async |target| run(plan(target, "events=20,burst=5,pause_us=100,stamped")).await.unwrap());
        let outcome = outcome.await;
        assert_eq!((outcome.requests, outcome.events, outcome.failures), (9, 180, 0), "{outcome:?}");
        assert_eq!((outcome.first_us.count, outcome.event_us.count), (9, 180));
        assert!(outcome.event_us.p50 > 0.0 && outcome.event_us.p50 <= outcome.event_us.p999);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_found_out() {
        // With pauses some of it has been sent before the connection breaks.
        let broken = ["cut=0", "cut=7", "burst=5,pause_us=1000,cut=7", "short=0", "short=19"];
        for order in broken.map(|how| format!("events=20,{how}")) {
            let order = order.as_str();
            beside_upstream(async |target| {
                let error = run(plan(target, order)).await.unwrap_err();
                assert!(!format!("{error:#}").is_empty());
                // Past the first look, too.
                let crowd = Crowd::gather(plan(target, "events=20")).await.unwrap();
                let mut crowd = Rc::into_inner(crowd).unwrap();
                crowd.is_noting.set(true);
                (crowd.request, crowd.number_at) = request(&crowd.plan, &Order::parse(order).unwrap());
                let crowd = Rc::new(crowd);
                let mut clients = crowd.start();
                while clients.join_next().await.is_some() {}
                let outcome = crowd.outcome(Duration::ZERO);
                assert_eq!((outcome.requests, outcome.failures), (0, 9), "{order}: {outcome:?}");
            })
            .await;
        }
    }

    #[tokio::test]
    async fn streams_are_held_open() {
        beside_upstream(async |target| {
            let plan = Plan { requests: u64::MAX, ..plan(target, "events=1000000,burst=1,pause_us=2000,stamped") };
            let mut held = hold(plan, Duration::from_secs(20)).await.unwrap();
            held.note();
            tokio::time::sleep(Duration::from_millis(200)).await;
            let outcome = held.end();
            assert_eq!((outcome.requests, outcome.failures), (0, 0), "{outcome:?}");
            assert!(outcome.event_us.count > 0);
        })
        .await;
    }

    #[test]
    fn percentiles_are_of_the_values() {
        let spread = Spread::of((1..=1_000).rev().map(|value| value * 1_000).collect());
        assert_eq!((spread.count, spread.p50, spread.p99, spread.p999), (1_000, 500.0, 990.0, 999.0));
        assert_eq!(Spread::of(Vec::new()).p99, 0.0);
    }
}
