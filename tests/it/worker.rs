//! `warp2api token worker`: a broker put up, looked at and taken down by the real binary, with a stand-in for Cloudflare.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use axum::http::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use warp2api::{
    credential::{New, Store},
    secret::Secret,
    state::KeyKind,
};

use crate::{
    common::{Place, Ran, Running, root, run},
    worker::cloudflare::{ACCOUNT_ID, API_TOKEN, Cloudflare, Fault},
};

pub(crate) mod cloudflare;
mod workerd;

const NAME: &str = "warp2api-broker";
const REFRESH: &str = "refresh-token-canary";

/// `warp2api token worker LINE` with the settings of a user.
fn command(place: &Place, cloudflare: &Cloudflare, line: &str) -> Command {
    let mut command = place.command(&format!("token worker {line}"));
    command.envs([
        ("CLOUDFLARE_API_TOKEN", API_TOKEN),
        ("CLOUDFLARE_ACCOUNT_ID", ACCOUNT_ID),
        ("WARP2API_CLOUDFLARE_API", &cloudflare.root),
        ("WARP_REFRESH_TOKEN", REFRESH),
    ]);
    command
}

/// Runs `warp2api token worker LINE` with the settings of a user, changed as `changes` say.
fn worker(cloudflare: &Cloudflare, line: &str, changes: &[(&str, &str)]) -> Ran {
    let place = Place::new();
    let mut command = command(&place, cloudflare, line);
    command.envs(changes.iter().copied());
    let ran = run(command, b"");
    for secret in [API_TOKEN, REFRESH] {
        assert!(!ran.err.contains(secret) && !ran.text().contains(secret), "{secret} is shown: {ran:?}");
    }
    ran
}

/// The value of `name` in printed settings.
fn printed<'a>(ran: &'a Ran, name: &str) -> Option<&'a str> {
    ran.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

fn digest(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fault(method: Method, path: &'static str, status: u16, body: &str) -> Fault {
    Fault { method, path, done: false, status, body: body.to_owned() }
}

#[test]
fn deploy_puts_up_a_broker_and_prints_how_to_use_it() {
    let cloudflare = Cloudflare::start();
    let ran = worker(&cloudflare, "deploy", &[]).ended(0);
    assert_eq!(printed(&ran, "WARP2API_BROKER_URL"), Some("https://warp2api-broker.someone.workers.dev"));
    let key = printed(&ran, "WARP2API_BROKER_KEY").unwrap();
    assert!(key.len() > 64 && !ran.err.contains(key), "{ran:?}");
    let script = cloudflare.account().scripts[NAME].clone();
    assert_eq!(script.module, std::fs::read_to_string(root().join("src/credential/broker/worker.js")).unwrap());
    assert_eq!(
        script.bindings.keys().collect::<Vec<_>>(),
        ["ACCOUNTS", "BROKER_KEY_SHA256", "REFRESH_TOKEN_0", "TOKEN_URLS"]
    );
    assert_eq!(script.text("BROKER_KEY_SHA256"), digest(key));
    assert_eq!(script.text("REFRESH_TOKEN_0"), REFRESH);
    assert_eq!(script.text("ACCOUNTS"), r#"["WARP_REFRESH_TOKEN"]"#);
    let urls: Vec<String> = serde_json::from_str(script.text("TOKEN_URLS")).unwrap();
    assert!(urls[0].starts_with("https://securetoken.googleapis.com/v1/token?key="), "{urls:?}");
    assert!(urls[1].starts_with("https://app.warp.dev/proxy/token?key=") && urls.len() == 2, "{urls:?}");
    for secret in ["BROKER_KEY_SHA256", "REFRESH_TOKEN_0"] {
        assert_eq!(script.bindings[secret]["type"], "secret_text");
    }
    assert_eq!((script.enabled, script.previews), (true, false));
    assert_eq!(
        (&script.metadata["observability"]["enabled"], &script.metadata["logpush"]),
        (&false.into(), &false.into())
    );
}

#[test]
fn deploying_again_keeps_the_key_until_it_is_rotated() {
    let cloudflare = Cloudflare::start();
    let first = worker(&cloudflare, "deploy", &[]).ended(0);
    let key = printed(&first, "WARP2API_BROKER_KEY").unwrap();
    let again = worker(&cloudflare, "deploy", &[("WARP_REFRESH_TOKEN", "another-refresh")]).ended(0);
    assert_eq!(printed(&again, "WARP2API_BROKER_KEY"), None);
    assert!(again.err.contains("--rotate-key"), "{}", again.err);
    assert_eq!(cloudflare.account().scripts[NAME].text("BROKER_KEY_SHA256"), digest(key));
    assert_eq!(cloudflare.account().scripts[NAME].text("REFRESH_TOKEN_0"), "another-refresh");
    let rotated = worker(&cloudflare, "deploy --rotate-key", &[]).ended(0);
    let other = printed(&rotated, "WARP2API_BROKER_KEY").unwrap();
    assert_ne!(other, key);
    assert_eq!(cloudflare.account().scripts[NAME].text("BROKER_KEY_SHA256"), digest(other));
}

#[test]
fn sessions_of_the_store_are_deployed_by_their_names() {
    let cloudflare = Cloudflare::start();
    let place = Place::new();
    let store = Store::open(&place.path().join("state"), KeyKind::File).unwrap();
    store.add(&New::session("work", Secret::new("stored-refresh-canary"))).unwrap();
    store.add(&New::api_key("key", &Secret::new("wk-1"))).unwrap();
    let ran = run(command(&place, &cloudflare, "deploy"), b"").ended(0);
    assert!(!ran.text().contains("canary") && !ran.err.contains("canary"), "{ran:?}");
    let script = cloudflare.account().scripts[NAME].clone();
    assert_eq!(script.text("ACCOUNTS"), r#"["WARP_REFRESH_TOKEN","work"]"#);
    assert_eq!(script.text("REFRESH_TOKEN_1"), "stored-refresh-canary");
    run(command(&place, &cloudflare, "deploy --account work"), b"").ended(0);
    assert_eq!(cloudflare.account().scripts[NAME].text("ACCOUNTS"), r#"["work"]"#);
}

#[test]
fn a_session_that_is_gone_leaves_no_secret_behind() {
    let cloudflare = Cloudflare::start();
    worker(&cloudflare, "deploy", &[]).ended(0);
    let old = serde_json::json!({"type": "secret_text", "name": "REFRESH_TOKEN_1", "text": "of-an-account-no-more"});
    cloudflare.account().scripts.get_mut(NAME).unwrap().bindings.insert("REFRESH_TOKEN_1".to_owned(), old);
    worker(&cloudflare, "deploy", &[]).ended(0);
    assert!(!cloudflare.account().scripts[NAME].bindings.contains_key("REFRESH_TOKEN_1"));
}

#[test]
fn what_is_printed_can_be_read_by_a_program() {
    let cloudflare = Cloudflare::start();
    let read = |line: &str| serde_json::from_str::<Value>(worker(&cloudflare, line, &[]).ended(0).text()).unwrap();
    let deployed = read("deploy --json --name my-broker");
    assert_eq!((&deployed["name"], &deployed["created"]), (&"my-broker".into(), &true.into()));
    assert_eq!(deployed["accounts"], serde_json::json!(["WARP_REFRESH_TOKEN"]));
    assert!(deployed["key"].is_string());
    assert_eq!(read("deploy --json --name my-broker")["key"], Value::Null);
    let status = read("status --json --name my-broker");
    assert_eq!(status["url"], "https://my-broker.someone.workers.dev");
    assert_eq!((&status["enabled"], &status["accounts"]), (&true.into(), &deployed["accounts"]));
    assert_eq!(read("remove --json --name my-broker")["removed"], true);
    assert_eq!(read("remove --json --name my-broker")["removed"], false);
}

#[test]
fn status_and_remove_follow_the_life_of_a_broker() {
    let cloudflare = Cloudflare::start();
    let none = worker(&cloudflare, "status", &[]).ended(1);
    assert!(none.err.contains("there is no broker") && none.err.contains("deploy"), "{}", none.err);
    worker(&cloudflare, "deploy", &[]).ended(0);
    let up = worker(&cloudflare, "status", &[]).ended(0);
    assert!(up.text().contains("WARP_REFRESH_TOKEN") && !up.text().contains("switched off"), "{}", up.text());
    cloudflare.account().scripts.get_mut(NAME).unwrap().enabled = false;
    assert!(worker(&cloudflare, "status", &[]).ended(0).text().contains("switched off"));
    worker(&cloudflare, "remove", &[]).ended(0);
    assert!(cloudflare.account().scripts.is_empty());
    assert!(worker(&cloudflare, "remove", &[]).ended(0).err.contains("nothing was removed"));
}

#[test]
fn another_worker_of_that_name_is_left_alone() {
    let cloudflare = Cloudflare::start();
    worker(&cloudflare, "deploy", &[]).ended(0);
    cloudflare.account().scripts.get_mut(NAME).unwrap().bindings.remove("BROKER_KEY_SHA256");
    for line in ["deploy", "deploy --rotate-key", "status", "remove"] {
        let refused = worker(&cloudflare, line, &[]).ended(1);
        assert!(refused.err.contains("left alone") && refused.err.contains("--name"), "{line}: {}", refused.err);
    }
    let account = cloudflare.account();
    assert_eq!(account.calls.iter().filter(|call| call.starts_with("PUT")).count(), 1, "{:?}", account.calls);
    assert!(account.scripts.contains_key(NAME));
}

#[test]
fn what_cloudflare_refuses_is_told_with_what_to_do() {
    let cloudflare = Cloudflare::start();
    let denied = worker(&cloudflare, "deploy", &[("CLOUDFLARE_API_TOKEN", "not-it")]).ended(3);
    assert!(
        denied.err.contains("Authentication error") && denied.err.contains("Workers Scripts, Edit"),
        "{}",
        denied.err
    );
    let elsewhere = worker(&cloudflare, "deploy", &[("CLOUDFLARE_ACCOUNT_ID", &"f".repeat(32))]).ended(1);
    assert!(elsewhere.err.contains("check CLOUDFLARE_ACCOUNT_ID"), "{}", elsewhere.err);
    cloudflare.account().subdomain = None;
    let homeless = worker(&cloudflare, "deploy", &[]).ended(1);
    assert!(homeless.err.contains("workers.dev") && homeless.err.contains("dashboard"), "{}", homeless.err);
    assert!(cloudflare.account().scripts.is_empty());
    let gone = worker(&cloudflare, "deploy", &[("WARP2API_CLOUDFLARE_API", "http://127.0.0.1:1")]).ended(5);
    assert!(gone.err.contains("cannot be asked"), "{}", gone.err);
}

#[test]
fn an_error_that_repeats_our_secrets_is_shown_without_them() {
    let cloudflare = Cloudflare::start();
    let leak = format!(r#"{{"success":false,"errors":[{{"code":10021,"message":"{REFRESH} and {API_TOKEN}"}}]}}"#);
    cloudflare.account().faults = vec![fault(Method::PUT, NAME, 400, &leak)];
    // `worker` looks for the secrets in all that is printed.
    let refused = worker(&cloudflare, "deploy", &[]).ended(1);
    assert!(refused.err.contains("upload the Worker: … and … (code 10021)"), "{}", refused.err);
}

#[test]
fn every_way_to_fail_has_its_exit_code() {
    let limited = r#"{"success":false,"errors":[{"code":971,"message":"slow down"}]}"#;
    for (status, body, code) in
        [(429, limited, 4), (502, "<html>", 5), (200, "<html>", 5), (302, "", 1), (200, "[7]", 1)]
    {
        let cloudflare = Cloudflare::start();
        cloudflare.account().faults = vec![fault(Method::GET, "/settings", status, body)];
        let ran = worker(&cloudflare, "deploy", &[]).ended(code);
        assert!(ran.out.is_empty() && ran.err.contains("hint: "), "{status}: {ran:?}");
        assert!(cloudflare.account().scripts.is_empty(), "{status}");
    }
}

#[test]
fn a_deployment_that_fails_half_way_leaves_nothing_new() {
    let broken = |done| Fault { done, ..fault(Method::PUT, NAME, 502, "<html>") };
    let unreachable = fault(Method::POST, "/subdomain", 500, "");
    for faults in [vec![broken(true)], vec![broken(false)], vec![unreachable]] {
        let cloudflare = Cloudflare::start();
        cloudflare.account().faults = faults;
        let failed = worker(&cloudflare, "deploy", &[]).ended(5);
        assert!(failed.out.is_empty(), "no key for what is not there: {failed:?}");
        let account = cloudflare.account();
        assert!(account.scripts.is_empty(), "{:?}", account.calls);
        assert!(account.calls.last().unwrap().starts_with("DELETE"), "{:?}", account.calls);
    }
}

#[test]
fn what_cannot_be_undone_is_told_by_name() {
    let cloudflare = Cloudflare::start();
    cloudflare.account().faults =
        vec![fault(Method::POST, "/subdomain", 500, ""), fault(Method::DELETE, NAME, 500, "")];
    let failed = worker(&cloudflare, "deploy", &[]).ended(5);
    assert!(failed.err.contains(NAME) && failed.err.contains("could not be taken down"), "{}", failed.err);
    assert!(failed.err.contains("token worker remove"), "{}", failed.err);
}

#[test]
fn a_replacement_that_fails_leaves_the_old_broker_as_it_was() {
    let cloudflare = Cloudflare::start();
    worker(&cloudflare, "deploy", &[]).ended(0);
    let before = cloudflare.account().scripts[NAME].clone();
    for broken in [fault(Method::POST, "/subdomain", 500, ""), fault(Method::PUT, NAME, 500, "")] {
        cloudflare.account().faults = vec![broken];
        worker(&cloudflare, "deploy --rotate-key", &[("WARP_REFRESH_TOKEN", "another")]).ended(5);
        let after = cloudflare.account().scripts[NAME].clone();
        assert_eq!((after.bindings, after.enabled), (before.bindings.clone(), true));
    }
}

#[test]
fn what_cannot_be_deployed_is_refused_before_anything_is_sent() {
    let cloudflare = Cloudflare::start();
    let refused = |line: &str, changes: &[(&str, &str)], code, word: &str| {
        let ran = worker(&cloudflare, line, changes).ended(code);
        assert!(ran.err.contains(word) && ran.out.is_empty(), "{line}: {ran:?}");
    };
    let unset = [("CLOUDFLARE_API_TOKEN", ""), ("CLOUDFLARE_ACCOUNT_ID", "")];
    refused("deploy", &unset, 2, "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID must be set");
    refused("status", &unset[1..], 2, "CLOUDFLARE_ACCOUNT_ID must be set");
    refused("deploy", &[("CLOUDFLARE_ACCOUNT_ID", "me@example.org")], 2, "32 hexadecimal digits");
    refused("deploy", &[("WARP2API_CLOUDFLARE_API", "http://api.example")], 2, "expected https://");
    refused("deploy --name Not.A.Label", &[], 2, "lower-case letters");
    refused("deploy --account nobody", &[], 2, "there is WARP_REFRESH_TOKEN");
    refused("deploy --upstream http://warp.example", &[], 2, "unencrypted");
    refused("deploy --upstream simulator", &[], 2, "simulator");
    refused("deploy", &[("WARP_REFRESH_TOKEN", ""), ("WARP_API_KEY", "wk-1.abc")], 3, "API keys");
    assert!(cloudflare.account().calls.is_empty(), "{:?}", cloudflare.account().calls);
}

#[test]
fn an_api_key_beside_a_session_is_not_handed_out() {
    let cloudflare = Cloudflare::start();
    let ran = worker(&cloudflare, "deploy", &[("WARP_API_KEY", "wk-1.api-key-canary")]).ended(0);
    assert!(ran.err.contains("WARP_API_KEY is not handed out"), "{}", ran.err);
    let script = cloudflare.account().scripts[NAME].clone();
    assert!(!format!("{script:?}").contains("canary-key") && !format!("{script:?}").contains("wk-1"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_deployment_is_finished_first() {
    let cloudflare = Cloudflare::start();
    cloudflare.account().pause = Duration::from_millis(500);
    let place = Place::new();
    let mut deploy = command(&place, &cloudflare, "deploy");
    deploy.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = Running(deploy.spawn().unwrap());
    let begun = Instant::now();
    while !cloudflare.account().calls.iter().any(|call| call.starts_with("PUT")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is uploaded");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    running.wait_for("finishing the deployment first");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    assert!(cloudflare.account().scripts[NAME].enabled);
}
