//! A client that goes away ends the upstream's work at once, wherever in the answer it was; and one that stays is kept
//! company while the upstream is silent, until that is dead.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use warp2api::gateway::Patience;

use crate::{
    clients::{CLIENTS, Client, End, user},
    front::{Front, Setup, playing},
};

/// No wait of a test is longer.
const GUARD: Duration = Duration::from_secs(10);

/// Waits until `is_so`.
async fn until(mut is_so: impl FnMut() -> bool, what: &str) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < GUARD, "{what}: not in {GUARD:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A connection of a client that has sent its request and not read a byte of the answer.
async fn asked(address: SocketAddr, client: Client, stream: bool) -> TcpStream {
    let body = client.body(stream, &[user("hi")], &[]).to_string();
    let head =
        format!("POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", client.path(stream), body.len());
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    connection
}

/// The least, the middle and the most of some times.
fn distribution(times: &mut [Duration]) -> String {
    times.sort();
    let (least, middle, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    format!("{} times: least {least:.1?}, median {middle:.1?}, most {most:.1?}", times.len())
}

/// How often each way of leaving is tried, for the measure.
const TIMES: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upstream_is_let_go_when_its_client_has_gone() {
    let simulator = playing(&json!([{"steps": [{"text": "So far"}, "stall"]}]));
    let front = Front::start(simulator.url(), Setup::default()).await;
    let mut gone = 0;
    for client in CLIENTS {
        for stream in [true, false] {
            let mut times = Vec::new();
            for _ in 0..TIMES {
                let before = simulator.requests().len();
                let mut connection = asked(front.address, client, stream).await;
                if stream {
                    // The answer has begun.
                    assert!(connection.read_u8().await.is_ok());
                } else {
                    until(|| simulator.requests().len() > before, "the upstream is asked").await;
                }
                gone += 1;
                let left = Instant::now();
                drop(connection);
                until(|| simulator.cancelled() == gone, "the upstream is let go").await;
                times.push(left.elapsed());
            }
            println!("{client:?}, stream {stream}: {}", distribution(&mut times));
        }
    }
}

/// An upstream that reads and never answers; it tells of each connection that is closed.
async fn deaf() -> (String, Arc<AtomicUsize>, mpsc::UnboundedReceiver<()>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (closed, closes) = mpsc::unbounded_channel();
    let mut serving = JoinSet::new();
    let count = Arc::clone(&asked);
    serving.spawn(async move {
        let mut reading = JoinSet::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let (count, closed) = (Arc::clone(&count), closed.clone());
            reading.spawn(async move {
                let mut read = [0; 4096];
                let mut is_first = true;
                while connection.read(&mut read).await.is_ok_and(|length| length > 0) {
                    count.fetch_add(usize::from(std::mem::take(&mut is_first)), Ordering::SeqCst);
                }
                let _ = closed.send(());
            });
        }
    });
    (root, asked, closes, serving)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_not_answered_yet_is_let_go_too() {
    let (root, asked_so_far, mut closes, _serving) = deaf().await;
    let front = Front::start(&root, Setup::default()).await;
    let mut times = Vec::new();
    for client in CLIENTS {
        for stream in [true, false] {
            let before = asked_so_far.load(Ordering::SeqCst);
            let connection = asked(front.address, client, stream).await;
            until(|| asked_so_far.load(Ordering::SeqCst) > before, "the upstream is asked").await;
            let left = Instant::now();
            drop(connection);
            tokio::time::timeout(GUARD, closes.recv()).await.expect("the call is let go");
            times.push(left.elapsed());
        }
    }
    println!("before the status: {}", distribution(&mut times));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_asks_again_for_a_client_that_has_gone() {
    let pause = Duration::from_millis(300);
    for client in CLIENTS {
        for stream in [true, false] {
            let simulator = playing(&json!([{"status": 503}]));
            let patience = Patience { first_pause: pause, ..Patience::default() };
            let front = Front::start(simulator.url(), Setup { patience, ..Setup::default() }).await;
            let connection = asked(front.address, client, stream).await;
            until(|| !simulator.requests().is_empty(), "the upstream is asked").await;
            drop(connection);
            // Longer than the pause with all that chance may add to it.
            tokio::time::sleep(pause * 2).await;
            assert_eq!(simulator.requests().len(), 1, "{client:?}, stream {stream}");
        }
    }
}

fn patient(idle_timeout: Duration) -> Setup {
    let mut setup = Setup { idle_timeout, ..Setup::default() };
    setup.server.heartbeat = Duration::from_millis(50);
    setup.patience.hold = Duration::from_millis(100);
    setup.patience.attempts = 1;
    setup
}

/// The bytes by which a dialect says that all is well (`CLIENTS.md` §3.6).
fn heartbeats(client: Client, body: &str) -> usize {
    match client {
        Client::Chat => body.matches(": waiting\n\n").count(),
        // The first belongs to every answer.
        Client::Responses => body.matches("event: response.in_progress\n").count() - 1,
        Client::Anthropic => body.matches("event: ping\ndata: {\"type\":\"ping\"}\n\n").count(),
        // Spaces in front of the data of the event that is awaited.
        Client::Gemini => body.split("data: ").map(|event| event.len() - event.trim_start_matches(' ').len()).sum(),
    }
}

async fn body(front: &Front, client: Client, stream: bool) -> (u16, String) {
    let response = front.post(client.path(stream), &client.body(stream, &[user("hi")], &[])).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_within_an_answer_is_filled_in_each_dialects_way() {
    let pause = json!({"delay_ms": 600});
    let within = json!([{"text": "a"}, pause, {"more": "b"}, pause, {"finish": {}}]);
    let before = json!([pause, {"text": "ab"}, {"finish": {}}]);
    for steps in [within, before] {
        let simulator = playing(&json!([{"steps": steps}]));
        let front = Front::start(simulator.url(), patient(GUARD)).await;
        for client in CLIENTS {
            let (status, stream) = body(&front, client, true).await;
            let heard = client.hears(true, &stream);
            assert_eq!((status, heard.text.as_str()), (200, "ab"), "{client:?}");
            assert!(matches!(heard.end, End::Complete(_)), "{client:?}: {stream}");
            assert!(heartbeats(client, &stream) >= 3, "{client:?}: {stream}");
            // One body is one body.
            let (status, whole) = body(&front, client, false).await;
            assert_eq!((status, client.hears(false, &whole).text.as_str()), (200, "ab"), "{client:?}");
            assert!(whole.starts_with('{') && whole.ends_with('}'), "{client:?}: {whole}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_answer_needs_no_heartbeats() {
    let words: Vec<String> = (0..20).map(|number| format!("{number} ")).collect();
    let simulator = playing(&json!([{"steps": [{"text": words}, {"finish": {}}]}]));
    let mut setup = patient(GUARD);
    setup.server.heartbeat = Duration::from_secs(5);
    let front = Front::start(simulator.url(), setup).await;
    for client in CLIENTS {
        let (_, stream) = body(&front, client, true).await;
        assert_eq!(heartbeats(client, &stream), 0, "{client:?}: {stream}");
    }
}

/// Heartbeats must not keep a client at a dead upstream: they end with it, in an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_end_when_the_upstream_is_dead() {
    let said = json!([{"text": "So far"}, "stall"]);
    for (steps, text) in [(said, "So far"), (json!(["stall"]), "")] {
        let simulator = playing(&json!([{"steps": steps}]));
        let front = Front::start(simulator.url(), patient(Duration::from_millis(700))).await;
        for client in CLIENTS {
            let answer = tokio::time::timeout(GUARD, body(&front, client, true)).await;
            let (status, stream) = answer.expect("the stream ends");
            let heard = client.hears(true, &stream);
            assert_eq!((status, heard.text.as_str()), (200, text), "{client:?}");
            assert!(heartbeats(client, &stream) >= 3, "{client:?}: {stream}");
            let End::Failed(error) = &heard.end else { panic!("{client:?}: {stream}") };
            assert!(is_timeout(client, error), "{client:?}: {error}");
            assert_eq!(body(&front, client, false).await.0, 504, "{client:?}");
        }
    }
}

fn is_timeout(client: Client, error: &Value) -> bool {
    match client {
        Client::Chat | Client::Responses => error["code"] == "timeout",
        Client::Anthropic => error["type"] == "timeout_error",
        Client::Gemini => error["status"] == "DEADLINE_EXCEEDED",
    }
}
