//! What a client is sent depends on what the upstream said, and not on how its bytes came: whole, one at a time, or cut
//! anywhere. Byte for byte, over real HTTP.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use warp2api::{schema, simulator};

use crate::{
    clients::{CLIENTS, Client, End, normalised, user},
    common::root,
    front::{Front, Setup, playing},
};

/// What the upstream answers to whatever it is asked: pieces of a stream, each a chunk of the transfer.
#[derive(Clone, Default)]
struct Plan {
    pieces: Vec<Vec<u8>>,
    /// A pause after every so many pieces lets the other side read what it has.
    rests_after: usize,
    /// Breaks the connection instead of ending it.
    breaks: bool,
}

/// An upstream that answers as planned.
struct Upstream {
    root: String,
    plan: Arc<Mutex<Plan>>,
    _serving: JoinSet<()>,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let plan: Arc<Mutex<Plan>> = Arc::default();
        let mut serving = JoinSet::new();
        let plans = Arc::clone(&plan);
        serving.spawn(async move {
            let mut answering = JoinSet::new();
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let plan = plans.lock().unwrap().clone();
                // Whoever hangs up early has heard what it wanted.
                answering.spawn(async move { drop(answer(connection, plan).await) });
                while answering.try_join_next().is_some() {}
            }
        });
        Self { root, plan, _serving: serving }
    }
}

async fn answer(mut connection: TcpStream, plan: Plan) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    read_request(&mut connection).await?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    connection.write_all(head.as_bytes()).await?;
    for (number, piece) in plan.pieces.iter().enumerate() {
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        connection.write_all(&chunk).await?;
        if (number + 1).is_multiple_of(plan.rests_after) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    if !plan.breaks {
        connection.write_all(b"0\r\n\r\n").await?;
    }
    connection.shutdown().await
}

/// Reads a request with a `content-length` to its end.
async fn read_request(connection: &mut TcpStream) -> std::io::Result<()> {
    let mut read = Vec::new();
    let (mut head, mut length) = (None, 0);
    while head.is_none_or(|head: usize| read.len() < head + length) {
        if connection.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head = read.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        let text = String::from_utf8_lossy(&read[..head.unwrap_or(0)]).to_lowercase();
        let field = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        length = field.map_or(0, |field| field.trim().parse().unwrap());
    }
    Ok(())
}

/// The ways in which bytes come.
fn plans(bytes: &[u8], random: &mut fastrand::Rng) -> Vec<(&'static str, Plan)> {
    let whole = Plan { pieces: vec![bytes.to_vec()], rests_after: 1, breaks: false };
    let single = Plan { pieces: bytes.iter().map(|byte| vec![*byte]).collect(), rests_after: 400, breaks: false };
    let mut cut = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.usize(1..=rest.len().min(300)));
        cut.push(piece.to_vec());
        rest = after;
    }
    let cut = Plan { pieces: cut, rests_after: random.usize(1..4), breaks: false };
    vec![("whole", whole), ("a byte at a time", single), ("cut at random", cut)]
}

/// The bytes of an answer with every script and every kind of step in it, as the simulator sends them.
async fn of_many_scripts() -> Vec<u8> {
    let steps = json!([
        {"reasoning": ["考え", "中です… 🤔"]}, {"text": ["日本語の", "テキスト", "👩‍👩‍👧‍👦と", "한국어, العربية, e\u{301}"]},
        {"tool_call": {"id": "call_a", "name": "add", "arguments": {"text": "中文参数 🀄"}}},
        {"tool_call": {"id": "call_b", "name": "add", "arguments": {"text": "\u{2028}\u{fffd}\u{10ffff}"}}}]);
    let simulator = playing(&json!([{"steps": steps}]));
    let request = json!({
        "task_context": {}, "settings": {"model_config": {"base": "auto"}, "supported_tools": ["CALL_MCP_TOOL"]},
        "mcp_context": {"servers": [{"name": "s", "id": "i", "tools": [
            {"name": "add", "description": "", "input_schema": {"type": "object"}}]}]},
        "input": {"user_inputs": {"inputs": [{"user_query": {"query": "どう？"}}]}}});
    let descriptor = schema::Schema::embedded().message("Request").unwrap();
    let body = schema::encode(&schema::from_json(&descriptor, &request).unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client
        .post(format!("{}/ai/multi-agent", simulator.url()))
        .bearer_auth(simulator::API_KEY)
        .header("content-type", "application/x-protobuf")
        .body(body);
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

/// Every capture, by its name.
async fn recordings() -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(root().join("tests/fixtures/captures")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let captures = paths.filter(|path| path.extension().is_some_and(|kind| kind == "sse"));
    let read =
        |path: std::path::PathBuf| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap());
    let mut all: Vec<_> = captures.map(read).collect();
    assert!(all.len() >= 28, "only {} captures were found", all.len());
    all.push(("many scripts".to_owned(), of_many_scripts().await));
    all
}

/// The status and the bytes that a client gets, but for what is new in every answer.
async fn got(front: &Front, client: Client, stream: bool) -> (u16, String) {
    let body = client.body(stream, &[user("x")], &["add", "run", "get_weather"]);
    let response = front.post(client.path(stream), &body).await;
    (response.status().as_u16(), normalised(&response.text().await.unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_get_the_same_bytes_however_the_upstreams_were_cut() {
    let recordings = Arc::new(recordings().await);
    let mut running = JoinSet::new();
    for client in CLIENTS {
        let recordings = Arc::clone(&recordings);
        running.spawn(async move {
            let upstream = Upstream::start().await;
            let front = Front::start(&upstream.root, Setup::default()).await;
            let mut random = fastrand::Rng::with_seed(7);
            for (name, bytes) in recordings.iter() {
                for stream in [true, false] {
                    let mut first = None;
                    for (way, plan) in plans(bytes, &mut random) {
                        *upstream.plan.lock().unwrap() = plan;
                        let got = got(&front, client, stream).await;
                        let first = first.get_or_insert_with(|| got.clone());
                        assert_eq!(&got, first, "{name}, {client:?}, stream {stream}: {way}");
                    }
                }
            }
        });
    }
    running.join_all().await;
}

#[tokio::test]
async fn text_of_every_script_arrives_whole() {
    let upstream = Upstream::start().await;
    let front = Front::start(&upstream.root, Setup::default()).await;
    let bytes = of_many_scripts().await;
    for (way, plan) in plans(&bytes, &mut fastrand::Rng::with_seed(1)) {
        *upstream.plan.lock().unwrap() = plan;
        for client in CLIENTS {
            let body = client.body(true, &[user("x")], &["add"]);
            let text = front.post(client.path(true), &body).await.text().await.unwrap();
            let heard = client.hears(true, &text);
            let told = heard.text.strip_prefix("考え中です… 🤔").unwrap_or(&heard.text);
            assert_eq!(told, "日本語のテキスト👩‍👩‍👧‍👦と한국어, العربية, e\u{301}", "{client:?}, {way}");
            let arguments: Vec<&Value> = heard.calls.iter().map(|call| &call.arguments["text"]).collect();
            assert_eq!(arguments, [&json!("中文参数 🀄"), &json!("\u{2028}\u{fffd}\u{10ffff}")], "{client:?}, {way}");
        }
    }
}

/// What acted is told before the failure behind it, even if both arrive in one breath: it must not be asked again.
#[tokio::test]
async fn a_failure_behind_words_takes_nothing_of_them_back() {
    let upstream = Upstream::start().await;
    let front = Front::start(&upstream.root, Setup::default()).await;
    let bytes = fs::read(root().join("tests/fixtures/captures/truncated.sse")).unwrap();
    for behind in ["data: !!\n\n", "data: \u{fffd}", ""] {
        for (way, plan) in plans(&[&bytes, behind.as_bytes()].concat(), &mut fastrand::Rng::with_seed(3)) {
            *upstream.plan.lock().unwrap() = Plan { breaks: true, ..plan };
            for client in CLIENTS {
                let response = front.post(client.path(true), &client.body(true, &[user("x")], &[])).await;
                assert_eq!(response.status(), 200, "{behind:?}, {client:?}, {way}");
                let heard = client.hears(true, &response.text().await.unwrap());
                assert!(!heard.text.is_empty(), "{behind:?}, {client:?}, {way}");
                assert!(matches!(heard.end, End::Failed(_)), "{behind:?}, {client:?}, {way}: {:?}", heard.end);
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_behind_the_end_is_no_failure() {
    let upstream = Upstream::start().await;
    let front = Front::start(&upstream.root, Setup::default()).await;
    for name in ["plain", "official-plain", "framing-done-mark"] {
        let bytes = fs::read(root().join(format!("tests/fixtures/captures/{name}.sse"))).unwrap();
        for client in CLIENTS {
            for stream in [true, false] {
                let mut ways = plans(&bytes, &mut fastrand::Rng::with_seed(5));
                let whole = ways.swap_remove(0).1;
                *upstream.plan.lock().unwrap() = whole.clone();
                let sound = got(&front, client, stream).await;
                *upstream.plan.lock().unwrap() = Plan { breaks: true, ..whole };
                assert_eq!(got(&front, client, stream).await, sound, "{name}, {client:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_first_words_do_not_wait_for_what_has_come_with_them() {
    let upstream = Upstream::start().await;
    let front = Front::start(&upstream.root, Setup::default()).await;
    let bytes = fs::read(root().join("tests/fixtures/captures/plain.sse")).unwrap();
    *upstream.plan.lock().unwrap() = plans(&bytes, &mut fastrand::Rng::new()).swap_remove(0).1;
    for client in CLIENTS {
        let mut response = front.post(client.path(true), &client.body(true, &[user("x")], &[])).await;
        let mut pieces = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            pieces.push(String::from_utf8(piece.to_vec()).unwrap());
        }
        let words = client.hears(true, &pieces.concat()).text;
        let first = words.split_whitespace().next().unwrap();
        let told = pieces.iter().position(|piece| piece.contains(first)).unwrap();
        assert!(told + 1 < pieces.len(), "{client:?}: {pieces:#?}");
    }
}
