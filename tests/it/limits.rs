//! How much one server takes on: what is too much is refused early and in the client's own words, and who keeps it waiting
//! is let go.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::header, routing::post};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use futures_util::{StreamExt as _, future::Either};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
};
use warp2api::{
    schema::{self, Schema},
    server::{Config, Limits},
};

use crate::{
    clients::{CLIENTS, Client, End, user},
    front::{Front, Setup, header, playing},
};

/// No wait of a test is longer.
const GUARD: Duration = Duration::from_secs(60);

/// Waits until `is_so`.
async fn until(mut is_so: impl FnMut() -> bool, what: &str) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < GUARD, "{what}: not in {GUARD:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn front(root: &str, limits: Limits) -> Front {
    Front::start(root, Setup { server: Config { limits, ..Config::default() }, ..Setup::default() }).await
}

/// What a client that is refused for overload is told: a status, when to come back, and the dialect's own word for it.
async fn check_shed(client: Client, response: reqwest::Response) {
    let status = if client == Client::Anthropic { 529 } else { 503 };
    assert_eq!(response.status().as_u16(), status, "{client:?}");
    assert_eq!(header(&response, "retry-after"), "2", "{client:?}");
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let error = &body["error"];
    match client {
        Client::Chat | Client::Responses => assert_eq!(error["code"], "overloaded", "{body}"),
        Client::Anthropic => assert_eq!((&body["type"], &error["type"]), (&json!("error"), &json!("overloaded_error"))),
        Client::Gemini => assert_eq!(error["status"], "UNAVAILABLE", "{body}"),
    }
    assert!(error["message"].as_str().unwrap().contains("as much to do as it takes on"), "{body}");
}

async fn ask(front: &Front, client: Client, stream: bool) -> reqwest::Response {
    front.post(client.path(stream), &client.body(stream, &[user("hi")], &[])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_too_many_waits_and_one_more_is_refused_at_once() {
    let limits = Limits { turns: 1, queue: 1, queue_timeout: GUARD, ..Limits::default() };
    for client in CLIENTS {
        for stream in [true, false] {
            let simulator = playing(&json!([{"steps": [{"text": "first"}, "stall"]}, {"steps": [{"text": "then"}]}]));
            let front = front(simulator.url(), limits).await;
            let first = ask(&front, Client::Chat, true).await;
            assert_eq!(first.status(), StatusCode::OK);
            // Whichever comes last is refused, though the other one waits.
            let two = (Box::pin(ask(&front, client, stream)), Box::pin(ask(&front, client, stream)));
            let (refused, waiting) = match futures_util::future::select(two.0, two.1).await {
                Either::Left((refused, waiting)) | Either::Right((refused, waiting)) => (refused, waiting),
            };
            check_shed(client, refused).await;
            assert_eq!(simulator.requests().len(), 1, "nothing is asked for who waits");
            drop(first);
            let second = waiting.await;
            assert_eq!(second.status(), StatusCode::OK, "{client:?}, stream {stream}");
            assert!(second.text().await.unwrap().contains("then"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_is_refused() {
    let queue_timeout = Duration::from_millis(200);
    let simulator = playing(&json!([{"steps": [{"text": "first"}, "stall"]}]));
    let front = front(simulator.url(), Limits { turns: 1, queue: 9, queue_timeout, ..Limits::default() }).await;
    let _first = ask(&front, Client::Chat, true).await;
    for client in CLIENTS {
        for stream in [true, false] {
            let began = Instant::now();
            check_shed(client, ask(&front, client, stream).await).await;
            assert!(began.elapsed() >= queue_timeout);
        }
    }
    let health = front.request(Method::GET, "/v1/models").send().await.unwrap();
    assert_eq!(health.status(), StatusCode::OK, "what is no turn is answered all the while");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn choices_take_as_many_places() {
    let simulator = playing(&json!([{"steps": [{"text": "a"}, "stall"]}]));
    let front = front(simulator.url(), Limits { turns: 3, queue: 0, ..Limits::default() }).await;
    let mut two = Client::Chat.body(true, &[user("hi")], &[]);
    two["n"] = json!(2);
    let first = front.post(Client::Chat.path(true), &two).await;
    assert_eq!(first.status(), StatusCode::OK);
    check_shed(Client::Chat, front.post(Client::Chat.path(true), &two).await).await;
    assert_eq!(ask(&front, Client::Chat, true).await.status(), StatusCode::OK, "there is room for one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_no_room_for_is_not_read() {
    let simulator = playing(&json!([{"steps": [{"text": "first"}, "stall"]}]));
    let front = front(simulator.url(), Limits { turns: 1, queue: 0, ..Limits::default() }).await;
    let _first = ask(&front, Client::Chat, true).await;
    let head = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50000000\r\n\r\n";
    let answer = said(front.address, head).await;
    assert!(answer.starts_with("HTTP/1.1 529") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_takes_too_long_fails_in_its_dialect() {
    let turn_timeout = Duration::from_millis(600);
    for steps in [json!([{"text": "So far"}, "stall"]), json!(["stall"])] {
        let simulator = playing(&json!([{"steps": steps}]));
        let mut setup = Setup::default();
        setup.server.heartbeat = Duration::from_millis(50);
        setup.server.limits.turn_timeout = turn_timeout;
        setup.patience.hold = Duration::from_millis(100);
        let front = Front::start(simulator.url(), setup).await;
        for client in CLIENTS {
            let streamed = ask(&front, client, true).await;
            assert_eq!(streamed.status(), StatusCode::OK, "{client:?}");
            let heard = client.hears(true, &streamed.text().await.unwrap());
            let End::Failed(error) = heard.end else { panic!("{client:?}: {heard:?}") };
            assert!(error.to_string().contains("longer than 0.6 s"), "{client:?}: {error}");
            assert_eq!(ask(&front, client, false).await.status(), StatusCode::GATEWAY_TIMEOUT, "{client:?}");
        }
        until(|| simulator.cancelled() == 2 * CLIENTS.len(), "the upstream is let go as well").await;
    }
}

/// What a connection says to `request` until it is closed.
async fn said(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is closed with unread bytes on it may end in a reset.
    let reading = connection.read_to_end(&mut answer);
    drop(tokio::time::timeout(GUARD, reading).await.expect("the connection is closed"));
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_has_bounds_in_bytes_and_fields() {
    let simulator = playing(&json!([{"steps": [{"text": "x"}]}]));
    for fields in [100, 20] {
        let limits = Limits { head_bytes: 16 * 1024, head_fields: fields, ..Limits::default() };
        let front = front(simulator.url(), limits).await;
        let get = |more: &str| format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
        let many = |count: usize| (0..count).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
        assert!(said(front.address, &get(&many(fields - 2))).await.starts_with("HTTP/1.1 200"));
        assert!(said(front.address, &get(&many(fields))).await.starts_with("HTTP/1.1 431"));
        let large = format!("x: {}\r\n", "y".repeat(20 * 1024));
        assert!(said(front.address, &get(&large)).await.starts_with("HTTP/1.1 431"));
        let http2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
        let url = format!("http://{}/healthz", front.address);
        let ask = async |names: usize, size: usize| {
            let mut request = http2.get(&url);
            for number in 0..names {
                request = request.header(format!("x-{number}"), "y".repeat(size));
            }
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!((ask(fields - 5, 1).await, ask(fields + 1, 1).await, ask(1, 20 * 1024).await), (200, 431, 431));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_says_nothing_or_not_enough_is_closed() {
    let simulator = playing(&json!([{"steps": [{"text": "x"}]}]));
    let head_timeout = Duration::from_millis(200);
    let front = front(simulator.url(), Limits { head_timeout, ..Limits::default() }).await;
    let idle = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (begin, answer) in [
        ("", ""),
        ("PRI * HTTP/2.0\r\n", ""),
        ("GET /healthz", ""),
        ("GET /healthz HTTP/1.1\r\nhost: local", ""),
        (idle, "HTTP/1.1 200"),
    ] {
        let began = Instant::now();
        assert!(said(front.address, begin).await.starts_with(answer), "{begin:?}");
        assert!(began.elapsed() >= head_timeout, "{begin:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_half_way_is_not_waited_for() {
    let simulator = playing(&json!([{"steps": [{"text": "x"}]}]));
    let client_timeout = Duration::from_millis(200);
    let front = front(simulator.url(), Limits { client_timeout, ..Limits::default() }).await;
    let half = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"model\"";
    let answer = said(front.address, half).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("stopped half-way"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_too_many_is_told_so_in_its_dialect() {
    let simulator = playing(&json!([{"steps": [{"text": "x"}]}]));
    let front = front(simulator.url(), Limits { connections: 2, ..Limits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(front.address).await.unwrap();
        connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        assert!(connection.read_u8().await.is_ok());
        held.push(connection);
    }
    for client in CLIENTS {
        check_shed(client, ask(&front, client, true).await).await;
    }
    let health = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let answer = said(front.address, health).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    held.pop();
    let mut statuses = Vec::new();
    while statuses.last() != Some(&200) {
        assert!(statuses.len() < 1000, "there is room again");
        statuses.push(ask(&front, Client::Chat, false).await.status().as_u16());
    }
}

/// An upstream whose answer has no end: how much of it has been taken, and whether it is still wanted.
#[derive(Clone, Default)]
struct Flood {
    sent: Arc<AtomicUsize>,
    is_wanted: Arc<AtomicBool>,
}

/// Says that an answer is not wanted any more.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// How much text each event has, and how much there is in all: far more than a process could hold.
const PIECE: usize = 16 * 1024;
const PIECES: usize = 1 << 20;

impl Flood {
    fn answer(&self) -> Body {
        let frame = |event: Value| {
            let kind = Schema::embedded().message("ResponseEvent").unwrap();
            let bytes = schema::encode(&schema::from_json(&kind, &event).unwrap());
            format!("data: {}\n\n", URL_SAFE.encode(bytes))
        };
        let action = |action: Value| frame(json!({"client_actions": {"actions": [action]}}));
        let message = |text: &str| json!({"id": "m", "task_id": "t", "agent_output": {"text": text}});
        let begin = [
            frame(json!({"init": {"conversation_id": "c", "request_id": "r"}})),
            action(json!({"create_task": {"task": {"id": "t"}}})),
            action(json!({"add_messages_to_task": {"task_id": "t", "messages": [message("x")]}})),
        ];
        let more = action(json!({"append_to_message_content": {
            "task_id": "t", "message": message(&"y".repeat(PIECE)), "mask": "agent_output.text"}}));
        self.is_wanted.store(true, Ordering::SeqCst);
        let (sent, wanted) = (Arc::clone(&self.sent), Wanted(Arc::clone(&self.is_wanted)));
        let frames = begin.into_iter().chain(std::iter::repeat_n(more, PIECES));
        Body::from_stream(futures_util::stream::iter(frames).map(move |frame| {
            let _wanted = &wanted;
            sent.fetch_add(frame.len(), Ordering::SeqCst);
            Ok::<_, std::io::Error>(frame)
        }))
    }

    async fn start(&self) -> (String, JoinSet<()>) {
        let flood = self.clone();
        let answer = async move || ([(header::CONTENT_TYPE, "text/event-stream")], flood.answer());
        let routes = Router::new().route("/ai/multi-agent", post(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (url, serving)
    }

    /// Waits until nothing more is taken for a while; gives how much was.
    async fn rest(&self) -> usize {
        let began = Instant::now();
        loop {
            let before = self.sent.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(300)).await;
            if before > PIECE && before == self.sent.load(Ordering::SeqCst) {
                return before;
            }
            assert!(began.elapsed() < GUARD, "the upstream is read on and on: {before} bytes");
        }
    }
}

/// What the gateway, the system's buffers on both sides and the upstream's may hold together, in bytes. There are 16 GiB to
/// be had.
const MOST_HELD: usize = 48 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_pauses_the_upstream_and_is_let_go() {
    for client in CLIENTS {
        let flood = Flood::default();
        let (root, _upstream) = flood.start().await;
        let client_timeout = Duration::from_secs(3);
        let front = front(&root, Limits { client_timeout, ..Limits::default() }).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let mut connection = socket.connect(front.address).await.unwrap();
        let body = client.body(true, &[user("hi")], &[]).to_string();
        let path = client.path(true);
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let held = flood.rest().await;
        println!("{client:?}: {} KiB were taken from the upstream, then it was paused", held / 1024);
        assert!(held < MOST_HELD, "{client:?}: {held} bytes");
        assert!(flood.is_wanted.load(Ordering::SeqCst), "{client:?}: it is only paused");
        until(|| !flood.is_wanted.load(Ordering::SeqCst), "the upstream is let go").await;
        let mut rest = Vec::new();
        let closing = tokio::time::timeout(GUARD, connection.read_to_end(&mut rest)).await;
        drop(closing.expect("the connection is closed"));
        assert!(!rest.ends_with(b"\r\n0\r\n\r\n"), "{client:?}: that is no good end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_again_in_time_misses_nothing() {
    let flood = Flood::default();
    let (root, _upstream) = flood.start().await;
    let front = front(&root, Limits { client_timeout: GUARD, ..Limits::default() }).await;
    let mut response = ask(&front, Client::Chat, true).await;
    let held = flood.rest().await;
    let mut read = 0;
    while read < 2 * held {
        read += response.chunk().await.unwrap().expect("it goes on").len();
    }
    assert!(flood.sent.load(Ordering::SeqCst) > held, "the upstream is read on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stream_of_many_that_is_not_read_is_let_go_and_the_others_go_on() {
    let flood = Flood::default();
    let (root, _upstream) = flood.start().await;
    let limits = Limits { client_timeout: Duration::from_secs(2), turns: 1, queue: 0, ..Limits::default() };
    let front = front(&root, limits).await;
    let http2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = |path: &str| format!("http://{}{path}", front.address);
    let asked = Client::Anthropic.body(true, &[user("hi")], &[]).to_string();
    let mut stuck = http2.post(url("/v1/messages")).body(asked.clone()).send().await.unwrap();
    assert_eq!((stuck.status(), stuck.version()), (StatusCode::OK, reqwest::Version::HTTP_2));
    let held = flood.rest().await;
    println!("HTTP/2: {} KiB were taken from the upstream, then it was paused", held / 1024);
    assert!(held < MOST_HELD, "{held} bytes");
    let refused = http2.post(url("/v1/messages")).body(asked.clone()).send().await.unwrap();
    check_shed(Client::Anthropic, refused).await;
    until(|| !flood.is_wanted.load(Ordering::SeqCst), "the upstream is let go").await;
    // Its connection goes on, and there is room for another turn.
    assert_eq!(http2.get(url("/healthz")).send().await.unwrap().status(), StatusCode::OK);
    let next = http2.post(url("/v1/messages")).body(asked).send().await.unwrap();
    assert_eq!(next.status(), StatusCode::OK);
    drop(next);
    let mut read = 0;
    let end = loop {
        match stuck.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            end => break end,
        }
    };
    assert!(end.is_err() && read < MOST_HELD, "a stream that was let go has no good end: {read} bytes, {end:?}");
}
