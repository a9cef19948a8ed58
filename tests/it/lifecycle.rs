//! A server from its start to its end: when it is ready, what it does with new settings, how it stops, and what it tells
//! the service manager.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode as Status, routing::post};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use warp2api::{
    schema::Schema,
    server::{Config, Need},
    simulator::{self, Simulator},
};

use crate::{
    clients::{Client, user},
    front::{Front, Setup, header, playing},
};

/// No wait of a test is longer.
const GUARD: Duration = Duration::from_secs(30);

/// What `/readyz` says.
async fn readiness(address: SocketAddr) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("http://{address}/readyz")).send().await.unwrap();
    assert_eq!(header(&response, "cache-control"), "no-store");
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

/// Waits until `/readyz` says what is wanted.
async fn until_readiness(address: SocketAddr, is_it: impl Fn(u16, &Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let (status, body) = readiness(address).await;
        if is_it(status, &body) {
            return body;
        }
        assert!(began.elapsed() < GUARD, "{status} {body}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn names(body: &Value, what: &str) -> bool {
    body["reasons"].as_array().is_some_and(|reasons| reasons.iter().any(|reason| reason["what"] == what))
}

/// Restless enough for a test.
fn restless() -> Setup {
    let server = Config { ready_rest: Duration::from_millis(20), ..Config::default() };
    Setup { server, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_ready_when_the_upstream_is_reached_and_says_why_when_not() {
    let reserved = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = reserved.local_addr().unwrap();
    drop(reserved);
    let front = Front::start(&format!("http://{upstream}"), restless()).await;
    let (status, body) = readiness(front.address).await;
    assert_eq!((status, &body["status"], names(&body, "upstream")), (503, &json!("not ready"), true), "{body}");
    let why = until_readiness(front.address, |_, body| body.to_string().contains("cannot be reached")).await;
    assert!(!why.to_string().contains(simulator::API_KEY), "{why}");
    let listener = std::net::TcpListener::bind(upstream).unwrap();
    let simulator = Simulator::start_on(listener, simulator::Config::default(), Schema::embedded()).unwrap();
    let ready = until_readiness(front.address, |status, _| status == 200).await;
    assert_eq!(ready, json!({"status": "ready"}));
    simulator.shutdown().await;
    until_readiness(front.address, |status, body| status == 503 && names(body, "upstream")).await;
    let alive = front.request(Method::GET, "/healthz").send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK, "it is alive all the while");
    let head = front.request(Method::HEAD, "/readyz").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_tell_as_well_and_nobody_is_asked_for_each_look() {
    let (turns, questions) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = |counter: &Arc<AtomicUsize>| {
        let counter = Arc::clone(counter);
        async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            Status::BAD_REQUEST
        }
    };
    let routes =
        Router::new().route("/ai/multi-agent", post(count(&turns))).route("/graphql/v2", post(count(&questions)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let front = Front::start(&root, Setup::default()).await;
    front.post(Client::Chat.path(false), &Client::Chat.body(false, &[user("hi")], &[])).await;
    assert_eq!(turns.load(Ordering::SeqCst), 1);
    for _ in 0..100 {
        assert_eq!(readiness(front.address).await.0, 200, "a refusal is an answer");
    }
    assert_eq!(questions.load(Ordering::SeqCst), 0, "the turn has told enough");
    let never_asked = Front::start(&root, Setup::default()).await;
    for _ in 0..100 {
        readiness(never_asked.address).await;
    }
    until_readiness(never_asked.address, |status, _| status == 200).await;
    assert_eq!(questions.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_accounts_cannot_pay_is_not_ready() {
    let broke = json!([{"status": 429, "headers": {"X-Warp-Error-Code": "OUT_OF_CREDITS"}}]);
    let simulator = playing(&broke);
    let front = Front::start(simulator.url(), restless()).await;
    until_readiness(front.address, |status, _| status == 200).await;
    front.post(Client::Chat.path(false), &Client::Chat.body(false, &[user("hi")], &[])).await;
    let (status, body) = readiness(front.address).await;
    assert_eq!((status, names(&body, "credential")), (503, true), "{body}");
    let why = body["reasons"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("no account can serve: 1 "), "{why}");
}

/// Something that comes and goes.
struct Switch(Mutex<Option<String>>);

impl Need for Switch {
    fn name(&self) -> &'static str {
        "switch"
    }

    fn lack(&self) -> Option<String> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_can_have_a_say() {
    let simulator = playing(&json!([{"steps": [{"text": "x"}]}]));
    let switch = Arc::new(Switch(Mutex::new(None)));
    let front = Front::start_with(simulator.url(), restless(), vec![switch.clone()]).await;
    until_readiness(front.address, |status, _| status == 200).await;
    *switch.0.lock().unwrap() = Some("it is off".to_owned());
    let (status, body) = readiness(front.address).await;
    assert_eq!((status, &body["reasons"]), (503, &json!([{"what": "switch", "why": "it is off"}])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_changes_is_that_of_the_next_request() {
    let slow = json!([{"steps": [{"text": "a"}, {"delay_ms": 400}, {"more": "b"}]}]);
    let simulator = playing(&slow);
    let mut front = Front::start(simulator.url(), Setup::default()).await;
    let ask = async |front: &Front, stream: bool| {
        front.post(Client::Chat.path(stream), &Client::Chat.body(stream, &[user("hi")], &[])).await
    };
    let begun = ask(&front, true).await;
    front.config.send_modify(|config| config.max_body = 10);
    let began = Instant::now();
    while ask(&front, false).await.status() != StatusCode::PAYLOAD_TOO_LARGE {
        assert!(began.elapsed() < GUARD);
    }
    front.config.send_modify(|config| config.drain_pause = Duration::from_millis(300));
    assert!(begun.text().await.unwrap().contains("[DONE]"), "what runs is not touched");
    // The address that it listens on is still one of its names.
    assert_eq!(front.request(Method::GET, "/v1/models").send().await.unwrap().status(), StatusCode::OK);
    front.stop.take().unwrap().send(()).unwrap();
    let body = until_readiness(front.address, |status, _| status == 503).await;
    assert_eq!(body["status"], "draining");
    let last = front.request(Method::GET, "/v1/models").send().await.unwrap();
    assert_eq!((last.status(), header(&last, "connection")), (StatusCode::OK, "close"), "it is still served");
    front.serving.join_next().await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(front.address).await.is_err());
}

#[cfg(unix)]
mod process {
    //! The same with real processes and real signals.

    use std::{
        os::{fd::OwnedFd, unix::net::UnixDatagram},
        process::{Command, Stdio},
    };

    use super::*;
    use crate::common::{Place, Running};

    /// A server of its own process, and where it listens.
    struct Served {
        process: Running,
        address: SocketAddr,
        banner: String,
    }

    fn serve(place: &Place, flags: &str, variables: &[(&str, &str)]) -> Served {
        let mut command = place.command(&format!("serve --listen 127.0.0.1:0 {flags}"));
        command.envs(variables.iter().copied());
        begin(command)
    }

    fn begin(mut command: Command) -> Served {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Running(command.spawn().unwrap());
        let banner = process.wait_for("/v1/chat/completions");
        let (_, rest) = banner.split_once("listens on http://").unwrap();
        let address = rest.split_whitespace().next().unwrap().parse().unwrap();
        Served { process, address, banner }
    }

    impl Served {
        fn signal(&self, name: &str) {
            let id = self.process.0.id().to_string();
            assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
        }

        fn code(&mut self) -> Option<i32> {
            self.process.0.wait().unwrap().code()
        }

        async fn models(&self, key: &str) -> u16 {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let asking = client.get(format!("http://{}/v1/models", self.address)).bearer_auth(key);
            asking.send().await.unwrap().status().as_u16()
        }
    }

    /// How many streams the drain is tried with.
    const STREAMS: usize = 100;

    /// The two kinds of answers: one has an end that comes while the server drains, one has none.
    const SHORT: [&str; 2] = ["short", "the end"];

    fn scenario() -> String {
        let short: Vec<String> = (0..30).map(|word| format!("{} {word} ", SHORT[0])).collect();
        let long: Vec<String> = (0..400).map(|word| format!("long {word} ")).collect();
        let finishing = json!({"steps": [{"pace_ms": 100}, {"text": short}, {"more": [SHORT[1]]}, {"finish": {}}]});
        let endless = json!({"steps": [{"pace_ms": 100}, {"text": long}]});
        let exchanges: Vec<Value> =
            (0..STREAMS).map(|number| if number % 2 == 0 { finishing.clone() } else { endless.clone() }).collect();
        json!({"exchanges": exchanges}).to_string()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hundred_streams_are_drained_and_none_is_cut() {
        let place = Place::new();
        place.write("scenario.json", scenario());
        let mut served = serve(&place, "--upstream simulator:scenario.json", &[("WARP2API_DRAIN_TIMEOUT", "12s")]);
        let http = [
            reqwest::Client::builder().no_proxy().build().unwrap(),
            reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap(),
        ];
        let mut streams = JoinSet::new();
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..STREAMS {
            let client = crate::clients::CLIENTS[number % 4];
            // A quarter of each dialect over HTTP/2.
            let asking = http[usize::from(number % 16 < 4)]
                .post(format!("http://{}{}", served.address, client.path(true)))
                .body(client.body(true, &[user("hi")], &[]).to_string());
            let begun = begun.clone();
            streams.spawn(async move {
                let mut response = asking.send().await.unwrap();
                assert_eq!(response.status(), StatusCode::OK, "{client:?}");
                let mut body = response.chunk().await.unwrap().unwrap().to_vec();
                begun.send(()).unwrap();
                // A chunked body or a stream of HTTP/2 that is cut off is an error here.
                while let Some(chunk) = response.chunk().await.unwrap() {
                    body.extend_from_slice(&chunk);
                }
                (client, String::from_utf8(body).unwrap())
            });
        }
        for _ in 0..STREAMS {
            tokio::time::timeout(GUARD, begins.recv()).await.expect("every stream begins").unwrap();
        }
        served.signal("-TERM");
        let (mut complete, mut ended) = (Vec::new(), Vec::new());
        while let Some(stream) = streams.join_next().await {
            let (client, body) = stream.unwrap();
            // Reads it as strictly as the official clients do, so that half an event is a failure.
            let heard = client.hears(true, &body);
            match heard.end {
                crate::clients::End::Complete(_) => {
                    assert!(heard.text.ends_with(SHORT[1]), "{client:?}: {}", heard.text);
                    complete.push(client);
                }
                crate::clients::End::Failed(error) => {
                    assert!(heard.text.starts_with("long 0 "), "{client:?}: one that could finish did not: {body}");
                    assert!(error.to_string().contains("shutting down"), "{client:?}: {error}");
                    ended.push(client);
                }
                crate::clients::End::Open => panic!("{client:?} was cut off: {body}"),
            }
        }
        assert_eq!((complete.len(), ended.len()), (STREAMS / 2, STREAMS / 2));
        let kinds = |clients: &[Client]| clients.iter().map(|client| format!("{client:?}")).collect::<BTreeSet<_>>();
        println!("{} finished: {:?}; {} ended: {:?}", complete.len(), kinds(&complete), ended.len(), kinds(&ended));
        assert_eq!(served.code(), Some(0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn load_balancers_have_time_to_notice() {
        let place = Place::new();
        let mut served = serve(&place, "--upstream simulator:fast", &[("WARP2API_DRAIN_PAUSE", "1s")]);
        assert_eq!(readiness(served.address).await, (200, json!({"status": "ready"})));
        served.signal("-TERM");
        let body = until_readiness(served.address, |status, _| status == 503).await;
        assert_eq!(body["status"], "draining");
        assert_eq!(served.models("any").await, 200, "requests are still taken");
        assert_eq!(served.code(), Some(0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hangup_reads_settings_again_and_touches_no_stream() {
        let place = Place::new();
        place.write("conf.toml", "client_keys = \"old-key\"\nwatch = false\nlog = \"warp2api=info\"\n");
        let mut served = serve(&place, "--config conf.toml --upstream simulator", &[]);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let body = Client::Chat.body(true, &[user("long 60")], &[]).to_string();
        let asking = http.post(format!("http://{}/v1/chat/completions", served.address)).bearer_auth("old-key");
        let mut stream = asking.body(body).send().await.unwrap();
        assert!(stream.chunk().await.unwrap().is_some());

        place.write(
            "conf.toml",
            "client_keys = \"new-key\"\nwatch = false\nlisten = \"127.0.0.1:1\"\nmax_turns = 7\n\
                                  api_key = \"wk-hush\"\nlog = \"warp2api=debug\"\n",
        );
        served.signal("-HUP");
        let told = served.process.wait_for("hold after a restart");
        // `--listen` stands on the command line, so the file does not change it.
        assert!(told.contains("changed=\"client_keys, max_turns, log\""), "{told}");
        assert!(told.contains("settings=\"api_key\"") && !told.contains("hush"), "{told}");
        assert_eq!((served.models("old-key").await, served.models("new-key").await), (401, 200));
        served.process.wait_for("a request is refused");

        place.write("conf.toml", "client_keys = \"third-key\"\nmax_turns = \"many\"\nheartbeat = 0\n");
        served.signal("-HUP");
        let told = served.process.wait_for("those from before hold");
        assert!(told.contains("max_turns in conf.toml") && told.contains("heartbeat in conf.toml"), "{told}");
        assert_eq!((served.models("third-key").await, served.models("new-key").await), (401, 200));

        std::fs::remove_file(place.path().join("conf.toml")).unwrap();
        served.signal("-HUP");
        served.process.wait_for("those from before hold");
        assert_eq!(
            (served.models("any").await, served.models("new-key").await),
            (401, 200),
            "a lost file opens nothing"
        );

        let mut rest = String::new();
        while let Some(chunk) = stream.chunk().await.unwrap() {
            rest.push_str(&String::from_utf8_lossy(&chunk));
        }
        assert!(rest.contains("[DONE]"), "{rest}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn changed_files_are_noticed() {
        let place = Place::new();
        let mut served = serve(&place, "--upstream simulator:fast", &[]);
        assert_eq!(served.models("any").await, 200);
        // Neither file was there when it began.
        place.write(".env", "API_TOKEN=from-env\n");
        let told = served.process.wait_for("settings were read again");
        assert!(told.contains("a file has changed") && told.contains("client_keys"), "{told}");
        assert_eq!((served.models("any").await, served.models("from-env").await), (401, 200));
        let state = place.path().join("state");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::write(state.join("config.toml"), "strict = true\n").unwrap();
        let told = served.process.wait_for("settings were read again");
        assert!(told.contains("changed=\"strict\""), "{told}");
    }

    /// The messages to a service manager until one holds `text`, and how many bytes there were.
    fn told(manager: &UnixDatagram, text: &str) -> Vec<String> {
        let (mut messages, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let length =
                manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{text}: {error}, after {messages:?}"));
            messages.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
            if messages.last().is_some_and(|message| message.contains(text)) {
                return messages;
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_service_manager_is_told_everything() {
        let place = Place::new();
        let path = place.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_read_timeout(Some(GUARD)).unwrap();
        let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
        let mut served = serve(&place, "--upstream simulator:fast", &variables);
        let ready = told(&manager, "READY=1").pop().unwrap();
        assert!(ready.contains(&format!("STATUS=Serving on http://{}", served.address)), "{ready}");
        assert_eq!(told(&manager, "WATCHDOG=1").len(), 1);
        told(&manager, "WATCHDOG=1");
        served.signal("-HUP");
        let reloading = told(&manager, "RELOADING=1").pop().unwrap();
        let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
        assert!(since.parse::<u64>().unwrap() > 0);
        told(&manager, "READY=1");
        place.write(".env", "WARP2API_HEARTBEAT=never\n");
        served.signal("-HUP");
        told(&manager, "RELOADING=1");
        assert!(told(&manager, "READY=1").pop().unwrap().contains("is wrong and was not taken"));
        served.signal("-TERM");
        told(&manager, "STOPPING=1");
        assert_eq!(served.code(), Some(0));
    }

    /// The binary with `listener` handed over as systemd does it.
    fn handed(place: &Place, listener: std::net::TcpListener, key: &str) -> Command {
        let mut command = Command::new("sh");
        let script =
            "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" serve --upstream simulator:fast";
        command.args(["-c", script, env!("CARGO_BIN_EXE_warp2api")]);
        let usual = place.command("");
        command.env_clear().envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", "/usr/bin:/bin").env("API_TOKEN", key).current_dir(place.path());
        command.stdin(Stdio::from(OwnedFd::from(listener)));
        command
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_socket_that_is_handed_over_is_served() {
        let place = Place::new();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Who connects before the server runs is served as well.
        let mut early = JoinSet::new();
        early.spawn(async move { readiness(address).await.0 });
        let mut served = begin(handed(&place, listener, ""));
        assert_eq!(served.address, address, "{}", served.banner);
        assert_eq!((early.join_all().await, served.models("any").await), (vec![200], 200));
        served.signal("-TERM");
        assert_eq!(served.code(), Some(0));
    }

    #[test]
    fn a_socket_that_others_reach_needs_a_key_too() {
        let place = Place::new();
        let open = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let refused = crate::common::ran(handed(&place, open, "")).ended(2);
        assert!(refused.err.contains("API_TOKEN") && refused.err.contains("listening on 0.0.0.0"), "{}", refused.err);
    }
}
