//! No secret is ever shown: canaries stand where every credential goes, everything is said that can be said, and nothing
//! that the program prints, logs or leaves on the disk holds one of them.

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use warp2api::{
    credential::{New, Store},
    schema::Schema,
    secret::Secret,
    simulator::{self, Simulator},
    state::KeyKind,
};

use crate::common::{Place, Running, run};

/// The word that is in every secret and in nothing else.
const CANARY: &str = "canary7f3e";

/// Every setting that holds a secret, with a value that is refused where it goes.
const SECRETS: &[(&str, &str)] = &[
    ("WARP_API_KEY", "wk-canary7f3e-key"),
    ("WARP_REFRESH_TOKEN", "canary7f3e-refresh"),
    ("WARP_JWT", "eyJhbGciOiJub25lIn0.Y2FuYXJ5N2YzZQ.canary7f3e"),
    ("API_TOKEN", "canary7f3e-client"),
    ("POOL_SERVICE_API_KEY", "canary7f3e-pool"),
    ("WARP2API_BROKER_KEY", "canary7f3e-broker"),
    ("CLOUDFLARE_API_TOKEN", "canary7f3e-cloudflare"),
];

/// Credentials to try one at a time: what stands alone is used, what is bad is told of.
const ALONE: &[&str] = &["WARP_API_KEY", "WARP_REFRESH_TOKEN", "WARP_JWT"];

fn secret(name: &str) -> &'static str {
    SECRETS.iter().find(|(of, _)| *of == name).unwrap().1
}

fn assert_silent(what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    // Base64 of the canary, in its three alignments, is the canary as well.
    for form in [CANARY, "Y2FuYXJ5N2YzZ", "NhbmFyeTdmM2", "jYW5hcnk3ZjNl"] {
        let place = text.find(form);
        assert_eq!(place, None, "{what}: {}", place.map_or("", |at| &text[at.saturating_sub(200)..at]));
    }
}

/// Everything that lies in `directory`, byte for byte.
fn assert_nothing_at_rest(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nothing_at_rest(&path);
        } else {
            assert_silent(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

/// The binary as talkative as it gets, before `root`.
fn talkative(place: &Place, root: &str, line: &str) -> Command {
    let mut command = place.command(line);
    command.args(["-vv", "--upstream", root]).env("WARP2API_LOG", "trace").env("RUST_BACKTRACE", "full");
    command
}

fn simulator() -> Simulator {
    let config = simulator::Config { fast: true, ..simulator::Config::default() };
    Simulator::start(config, Schema::embedded()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_everything_says_no_secret() {
    let simulator = simulator();
    for (credential, format) in ALONE.iter().zip(["text", "json", "text"]) {
        let place = Place::new();
        let mut command =
            talkative(&place, simulator.url(), &format!("serve --listen 127.0.0.1:0 --log-format {format}"));
        command.env(credential, secret(credential)).env("API_TOKEN", secret("API_TOKEN"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut serving = Running(command.spawn().unwrap());
        let begun = serving.wait_for("listens on http://");
        let address = begun.lines().find_map(|line| line.split("listens on ").nth(1)).unwrap().trim().to_owned();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]});
        for key in [secret("API_TOKEN"), "canary7f3e-wrong"] {
            for (path, header, value) in [
                ("/v1/chat/completions", "authorization", format!("Bearer {key}")),
                ("/v1/messages", "x-api-key", key.to_owned()),
                ("/v1beta/models/auto:generateContent", "x-goog-api-key", key.to_owned()),
                ("/v1/responses", "api-key", key.to_owned()),
            ] {
                let request = client.post(format!("{address}{path}")).header(header, value).json(&body);
                let answer = request.timeout(Duration::from_secs(30)).send().await.unwrap();
                assert_silent(path, format!("{:?}", answer.headers()).as_bytes());
                assert_silent(path, &answer.bytes().await.unwrap());
            }
        }
        drop(serving.0.kill());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        serving.0.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        serving.0.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        assert!(err.len() > 1000, "it has said a lot: {}", err.len());
        assert_silent("standard output", &out);
        assert_silent("standard error", &[begun.into_bytes(), err].concat());
        assert_nothing_at_rest(place.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verb_shows_a_secret() {
    let simulator = simulator();
    let place = Place::new();
    let store = Store::open(&place.path().join("state"), KeyKind::File).unwrap();
    store.add(&New::api_key("stored-key", &Secret::new("wk-canary7f3e-stored"))).unwrap();
    store.add(&New::session("stored-session", Secret::new("canary7f3e-stored-session"))).unwrap();
    drop(store);
    for line in [
        "token list --json",
        "token list",
        "token acquire --account stored-session",
        "token pool status --json",
        "token pool status",
        "token pool why",
        "token pool refill",
        "token worker deploy",
        "token worker status --json",
        "key create one",
        "key list",
        "key list --json",
        "key rotate one --json",
        "key revoke one",
        "models",
        "chat hi",
        "chat hi --json",
    ] {
        // What would leave the machine goes to an address that nobody serves. A key that is acquired is meant to be shown,
        // so only the session, which nobody exchanges, is asked for.
        let mut command = talkative(&place, simulator.url(), line);
        for (name, value) in SECRETS.iter().filter(|(name, _)| !ALONE.contains(name)) {
            command.env(name, value);
        }
        command.env("CLOUDFLARE_ACCOUNT_ID", "0123456789abcdef0123456789abcdef");
        command.env("WARP2API_CLOUDFLARE_API", "http://127.0.0.1:9/client/v4");
        command.env("POOL_SERVICE_BASE_URL", "http://127.0.0.1:9").env("WARP2API_BROKER_URL", "http://127.0.0.1:9");
        let ran = run(command, b"");
        assert_ne!(ran.code, Some(2), "{line}: {}", ran.err);
        assert!(!ran.err.contains("panicked"), "{line}: {}", ran.err);
        assert_silent(line, &ran.out);
        assert_silent(line, ran.err.as_bytes());
    }
    assert_nothing_at_rest(place.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_where_a_name_belongs_is_not_repeated() {
    let simulator = simulator();
    let place = Place::new();
    for line in ["token add wk-canary7f3e", "token add --kind key", "token inspect"] {
        let ran = run(talkative(&place, simulator.url(), line), b"wk-canary7f3e-pasted\n");
        assert!(!ran.err.contains("panicked"), "{line}: {}", ran.err);
        assert_silent(line, &ran.out);
        assert_silent(line, ran.err.as_bytes());
    }
    assert_nothing_at_rest(place.path());
}
