//! Exchanges recorded as they happen, within bounds and without what is private; and played again as the upstream, whole
//! or with faults.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use warp2api::{
    capture::{
        record::{Options, Recorder},
        replay::{self, Player},
    },
    gateway::Patience,
    schema::Schema,
    simulator,
};

use crate::{
    clients::{CLIENTS, Client, End, normalised, user},
    common::{Place, Running, root},
    front::{Front, Setup, playing, talking},
};

/// What is asked, one conversation each. The simulator answers with text, thinking, calls, rollbacks and failures.
const PROMPTS: [&str; 9] = [
    "hello there",
    "think, then hello",
    "call 3 tools",
    "long 40",
    "rollback",
    "update",
    "search rust",
    "cut",
    "fail internal",
];

fn options(directory: &Path, sensitive: bool) -> Options {
    Options { directory: directory.to_owned(), sensitive, max_files: 1000, max_bytes: 64 << 20 }
}

fn setup(recorder: Option<&Recorder>) -> Setup {
    let patience = Patience { first_pause: Duration::from_millis(1), ..Patience::default() };
    let observers = recorder.iter().map(|recorder| Arc::new((*recorder).clone()) as _).collect();
    Setup { patience, observers, ..Setup::default() }
}

/// Everything that every client gets when it asks everything of an upstream at `url`.
async fn session(url: &str, recorder: Option<&Recorder>) -> Vec<(String, u16, String)> {
    let front = Front::start(url, setup(recorder)).await;
    let mut all = Vec::new();
    for prompt in PROMPTS {
        for client in CLIENTS {
            for stream in [true, false] {
                let body = client.body(stream, &[user(format!("{prompt}\nfor {client:?} {stream}"))], &["add", "sub"]);
                let response = front.post(client.path(stream), &body).await;
                let status = response.status().as_u16();
                let text = normalised(&response.text().await.unwrap());
                all.push((format!("{prompt}, {client:?}, stream {stream}"), status, text));
            }
        }
    }
    all
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn player(options: &str) -> Player {
    Player::start(replay::Options::parse(options).unwrap(), &Schema::embedded()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_session_plays_to_the_same_bytes_in_every_dialect() {
    let place = Place::new();
    let recorder = Recorder::start(options(place.path(), true), &Schema::embedded()).unwrap();
    let simulator = talking();
    let live = session(simulator.url(), Some(&recorder)).await;
    assert!(recorder.flush(Duration::from_secs(20)));
    simulator.shutdown().await;
    assert!(live.iter().filter(|(_, status, _)| *status == 200).count() > live.len() / 2);
    for order in ["order", "request"] {
        let player = player(&format!("{},speed=full,match={order}", place.path().display()));
        let played = session(player.url(), None).await;
        for (live, played) in live.iter().zip(&played) {
            assert_eq!(live, played, "by {order}");
        }
    }
}

#[tokio::test]
async fn a_redacted_recording_holds_nothing_that_was_said_and_still_plays() {
    let place = Place::new();
    let recorder = Recorder::start(options(place.path(), false), &Schema::embedded()).unwrap();
    let simulator = talking();
    let front = Front::start(simulator.url(), setup(Some(&recorder))).await;
    let word = "xylophone";
    for client in CLIENTS {
        let body = client.body(true, &[user(format!("call add for {word}")), user(format!("say {word}"))], &["add"]);
        let heard = front.post(client.path(true), &body).await.text().await.unwrap();
        assert!(heard.contains(word));
    }
    assert!(recorder.flush(Duration::from_secs(20)));
    let recordings = files(place.path());
    assert_eq!(recordings.len(), CLIENTS.len());
    for file in &recordings {
        let text = fs::read_to_string(file).unwrap();
        for secret in [word, simulator::API_KEY, "uthorization"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let line = format!("parse-response --as json {}", file.display());
        let found: Value = serde_json::from_str(place.run(&line, b"").ended(0).text()).unwrap();
        assert_eq!(found["complete"], true);
        assert!(!found.to_string().contains(word), "{found}");
        assert!(found["text"].as_str().unwrap().contains("[redacted]") || found["tool_calls"][0]["name"] == "add");
        assert!(found["end_ms"].as_u64() >= found["first_byte_ms"].as_u64(), "{found}");
        // The request, opened.
        let request = text.lines().nth(1).unwrap();
        let request: Value = serde_json::from_str(request).unwrap();
        let body = request["request"]["body"]["base64"].as_str().unwrap().to_owned();
        let decoded = place.run("decode -t Request -i base64", body.as_bytes()).ended(0).text().to_owned();
        assert!(decoded.contains("[redacted]") && !decoded.contains(word), "{decoded}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    let player = player(&format!("{},speed=full,match=request", place.path().display()));
    let front = Front::start(player.url(), setup(None)).await;
    let body = Client::Chat.body(true, &[user("call add for other"), user("say other")], &["add"]);
    let heard = Client::Chat.hears(true, &front.post(Client::Chat.path(true), &body).await.text().await.unwrap());
    assert!(matches!(heard.end, End::Complete(_)), "{heard:?}");
}

#[tokio::test]
async fn recordings_stay_within_their_bounds_and_leave_other_files_alone() {
    let place = Place::new();
    let other = place.write("notes.jsonl", "mine");
    let bounded = Options { max_files: 3, ..options(place.path(), true) };
    let recorder = Recorder::start(bounded, &Schema::embedded()).unwrap();
    let simulator = talking();
    let front = Front::start(simulator.url(), setup(Some(&recorder))).await;
    let ask = async |text: &str| {
        let body = Client::Chat.body(true, &[user(text)], &[]);
        front.post(Client::Chat.path(true), &body).await.text().await.unwrap();
        assert!(recorder.flush(Duration::from_secs(20)));
    };
    for number in 0..7 {
        ask(&format!("number {number}")).await;
    }
    let kept = files(place.path());
    assert_eq!(kept.len(), 4, "{kept:?}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
    let texts: Vec<String> = kept[..3].iter().map(|file| said(&place, file)).collect();
    for (text, number) in texts.iter().zip(4..) {
        assert!(text.contains(&format!("number {number}")), "{text}");
    }
    // By size: room for about two.
    let size = fs::metadata(&kept[0]).unwrap().len();
    let small = Options { max_bytes: size * 5 / 2, ..options(place.path(), true) };
    let recorder = Recorder::start(small, &Schema::embedded()).unwrap();
    let front = Front::start(simulator.url(), setup(Some(&recorder))).await;
    for number in 7..10 {
        let body = Client::Chat.body(true, &[user(format!("number {number}"))], &[]);
        front.post(Client::Chat.path(true), &body).await.text().await.unwrap();
        assert!(recorder.flush(Duration::from_secs(20)));
        let recordings = files(place.path()).into_iter().filter(|file| *file != other);
        let total: u64 = recordings.map(|file| fs::metadata(file).unwrap().len()).sum();
        assert!(total <= size * 5 / 2, "{total} of {}", size * 5 / 2);
    }
    let newest = files(place.path()).into_iter().rfind(|file| *file != other).unwrap();
    assert!(said(&place, &newest).contains("number 9"));
    // One that is larger than all may be is cut, and says so by having no end.
    let body = Client::Chat.body(true, &[user("long 900")], &[]);
    front.post(Client::Chat.path(true), &body).await.text().await.unwrap();
    assert!(recorder.flush(Duration::from_secs(20)));
    let newest = files(place.path()).into_iter().rfind(|file| *file != other).unwrap();
    let ran = place.run(&format!("parse-response --as text {}", newest.display()), b"").ended(0);
    assert!(ran.err.contains("not recorded to its end"), "{}", ran.err);
}

/// The text of the answer in a recording.
fn said(place: &Place, file: &Path) -> String {
    place.run(&format!("parse-response --as text {}", file.display()), b"").ended(0).text().to_owned()
}

#[test]
fn a_process_that_is_killed_leaves_what_it_had_recorded() {
    let place = Place::new();
    let mut command =
        place.command("--upstream simulator serve --listen 127.0.0.1:0 --record recordings --record-sensitive");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = Running(command.spawn().unwrap());
    let banner = server.wait_for("/v1/chat/completions");
    assert!(banner.contains("recording   into recordings (all of it"), "{banner}");
    let address = banner.split_once("http://").unwrap().1.split_whitespace().next().unwrap().to_owned();
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "long 400"}]});
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Whoever asked stays on the line, or the recording would end with their going.
    let _response = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{address}/v1/chat/completions")).body(body.to_string());
        let mut response = request.send().await.unwrap();
        let mut heard = 0;
        while heard < 3000 {
            heard += response.chunk().await.unwrap().unwrap().len();
        }
        response
    });
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    let recordings = files(&place.path().join("recordings"));
    assert_eq!(recordings.len(), 1);
    let ran = place.run(&format!("parse-response {}", recordings[0].display()), b"").ended(0);
    assert!(ran.err.contains("not recorded to its end: the recorder was stopped"), "{}", ran.err);
    assert!(
        ran.text().contains("\ntext          ") && ran.text().starts_with("url           http://"),
        "{}",
        ran.text()
    );
}

#[tokio::test]
async fn faults_are_played_where_they_are_wanted() {
    let capture = root().join("tests/fixtures/captures/plain.sse");
    let whole = Client::Chat;
    let hear = async |fault: &str, stream: bool| {
        let player = player(&format!("{}{fault}", capture.display()));
        let mut setup = setup(None);
        setup.idle_timeout = Duration::from_millis(400);
        let front = Front::start(player.url(), setup).await;
        let response = front.post(whole.path(stream), &whole.body(stream, &[user("x")], &[])).await;
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, sound) = hear("", true).await;
    let sound = whole.hears(true, &sound);
    assert_eq!((status, matches!(sound.end, End::Complete(_))), (200, true), "{sound:?}");
    assert_eq!(hear(",status=503", true).await.0, 503);
    assert_ne!(hear(",cut=0", true).await.0, 200);
    let length = fs::metadata(&capture).unwrap().len();
    for fault in [format!(",cut={}", length - 30), ",corrupt=4".to_owned()] {
        let (status, heard) = hear(&fault, true).await;
        let heard = whole.hears(true, &heard);
        assert_eq!((status, matches!(heard.end, End::Failed(_))), (200, true), "{fault}: {heard:?}");
        assert!(sound.text.starts_with(&heard.text), "{fault}: {heard:?}");
        assert_ne!(hear(&fault, false).await.0, 200, "{fault}");
    }
    assert_eq!(hear(",stall=100", true).await.0, 200);
    assert_eq!(hear(",stall=5000", true).await.0, 504);
}

#[tokio::test]
async fn what_was_recorded_of_others_plays_too() {
    let place = Place::new();
    let bytes = fs::read(root().join("tests/fixtures/captures/tool-call.sse")).unwrap();
    let har = json!({"log": {"entries": [{
        "request": {"url": "https://x.example/ai/multi-agent"},
        "response": {"status": 200, "content": {"mimeType": "text/event-stream", "text": String::from_utf8(bytes.clone()).unwrap()}}
    }]}});
    let file = place.write("x.har", har.to_string());
    let plain = place.write("y.sse", &bytes);
    let mut heard = Vec::new();
    for file in [file, plain] {
        let player = player(&file.display().to_string());
        let front = Front::start(player.url(), setup(None)).await;
        let body = Client::Anthropic.body(true, &[user("x")], &["get_weather"]);
        let text = front.post(Client::Anthropic.path(true), &body).await.text().await.unwrap();
        heard.push(normalised(&text));
    }
    assert_eq!(heard[0], heard[1]);
    assert!(heard[0].contains("get_weather"), "{}", heard[0]);
}

/// A file into which several streams were put plays them one after the other.
#[tokio::test]
async fn streams_that_were_joined_are_several_answers() {
    let place = Place::new();
    let read = |name: &str| fs::read(root().join(format!("tests/fixtures/captures/{name}.sse"))).unwrap();
    let joined = place.write("joined.sse", [read("plain"), read("tool-call")].concat());
    let player = player(&joined.display().to_string());
    let front = Front::start(player.url(), setup(None)).await;
    for calls in [0, 1, 0] {
        let body = Client::Chat.body(true, &[user("x")], &["get_weather"]);
        let heard = front.post(Client::Chat.path(true), &body).await.text().await.unwrap();
        assert_eq!(Client::Chat.hears(true, &heard).calls.len(), calls);
    }
}

/// As many exchanges at once as may be kept and more: at the end there are as many as may be kept.
#[tokio::test]
async fn exchanges_at_the_same_time_stay_within_the_bounds_too() {
    let place = Place::new();
    let bounded = Options { max_files: 2, ..options(place.path(), true) };
    let recorder = Recorder::start(bounded, &Schema::embedded()).unwrap();
    let simulator = talking();
    let front = Front::start(simulator.url(), setup(Some(&recorder))).await;
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..6 {
        let body = Client::Chat.body(true, &[user(format!("long 40 of {number}"))], &[]);
        let request = front.client.post(format!("http://{}{}", front.address, Client::Chat.path(true))).json(&body);
        asking.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    }
    let heard = asking.join_all().await;
    assert!(heard.iter().all(|text| text.contains("[DONE]")), "{heard:?}");
    assert!(recorder.flush(Duration::from_secs(20)));
    assert_eq!(files(place.path()).len(), 2);
    for file in files(place.path()) {
        assert!(!said(&place, &file).is_empty());
    }
}

#[tokio::test]
async fn a_refusal_is_recorded_to_its_end() {
    let place = Place::new();
    let recorder = Recorder::start(options(place.path(), true), &Schema::embedded()).unwrap();
    let simulator = playing(&json!([{"status": 400, "body": "nonsense"}]));
    let front = Front::start(simulator.url(), setup(Some(&recorder))).await;
    let refused = front.post(Client::Chat.path(true), &Client::Chat.body(true, &[user("hi")], &[])).await;
    assert_eq!(refused.status().as_u16(), 400);
    assert!(recorder.flush(Duration::from_secs(20)));
    let [file] = &*files(place.path()) else { panic!("one exchange") };
    let told = place.run(&format!("parse-response --as text {}", file.display()), b"").ended(0);
    assert!(told.err.contains("refused with status 400") && !told.err.contains("recorded to its end"), "{}", told.err);
    // What is torn is told, and the rest is read.
    let text = fs::read(file).unwrap();
    place.write("torn.jsonl", &text[..text.len() - 9]);
    let torn = place.run("parse-response --as text torn.jsonl", b"").ended(6);
    assert!(
        torn.err.contains("the last line is cut off") && torn.err.contains("refused with status 400"),
        "{}",
        torn.err
    );
}

#[test]
fn what_cannot_be_played_or_recorded_is_a_usage_error() {
    let place = Place::new();
    place.write("empty.sse", "");
    place.write("words.txt", "no stream\n\nat all\n");
    place.write("a-file", "");
    fs::create_dir(place.path().join("none")).unwrap();
    for (line, said) in [
        ("--upstream replay:missing serve --listen 127.0.0.1:0", "cannot read the capture missing"),
        ("--upstream replay:empty.sse serve --listen 127.0.0.1:0", "holds no recorded answers"),
        ("--upstream replay:none chat x", "holds no recorded answers"),
        ("--upstream replay:words.txt chat x", "holds no recorded answers"),
        ("--upstream replay:empty.sse,speed=9 chat x", "speed is recorded or full"),
        ("--upstream replay:empty.sse,sped=full chat x", "no option \"sped\"; there are speed"),
        ("--upstream simulator serve --listen 127.0.0.1:0 --record a-file", "cannot record into a-file"),
    ] {
        let ran = place.run(line, b"").ended(2);
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
    }
}

#[test]
fn chat_talks_with_a_capture() {
    let place = Place::new();
    let capture = root().join("tests/fixtures/captures/plain.sse");
    let expected: Value = serde_json::from_slice(&fs::read(capture.with_extension("json")).unwrap()).unwrap();
    let ran = place.run(&format!("--upstream replay:{} chat hello", capture.display()), b"").ended(0);
    assert_eq!(ran.text().trim_end(), expected["text"].as_str().unwrap().trim_end());
}
