//! The line that the log has of each turn, as an operator greps for it: all that was done, and none of what was said.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::{
    clients::{CLIENTS, user},
    common::{Place, Running},
};

/// A running gateway that logs in `format`, and where it is.
fn start(place: &Place, format: &str) -> (Running, String) {
    let mut command =
        place.command(&format!("serve --upstream simulator:fast --listen 127.0.0.1:0 --log-format {format}"));
    let mut process = Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let said = process.wait_for("curl -N ");
    let url = said.split("listens on ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    (process, url)
}

/// Sends one request and gives the line that it leaves, which is not over before its answer is.
async fn line(process: &mut Running, url: &str, path: &str, body: &Value, mark: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    drop(client.post(format!("{url}{path}")).body(body.to_string()).send().await.unwrap().text().await);
    let said = process.wait_for(mark);
    said.lines().find(|line| line.contains(mark)).unwrap().to_owned()
}

#[tokio::test]
async fn one_line_a_turn_says_all_that_was_done_as_json() {
    let place = Place::new();
    let (mut process, url) = start(&place, "json");
    for client in CLIENTS {
        let body = client.body(true, &[user("think, then canary")], &[]);
        let line = line(&mut process, &url, client.path(true), &body, "\"message\":\"turn\"").await;
        assert!(!line.contains("canary"), "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        for (name, value) in [
            ("model", json!("auto")),
            ("stream", json!(true)),
            ("status", json!(200)),
            ("outcome", json!("completed")),
            ("reason", json!("end_turn")),
            ("attempts", json!(1)),
        ] {
            assert_eq!(line[name], value, "{name} of {line}");
        }
        for name in ["ttft_ms", "duration_ms", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"] {
            assert!(line[name].is_u64(), "{name} of {line}");
        }
        for name in [
            "request_id",
            "dialect",
            "client",
            "account",
            "source",
            "warp_conversation_id",
            "warp_request_id",
            "warp_run_id",
        ] {
            assert!(line[name].as_str().is_some_and(|text| !text.is_empty()), "{name} of {line}");
        }
    }
}

#[tokio::test]
async fn a_failed_turn_says_why_as_text() {
    let place = Place::new();
    let (mut process, url) = start(&place, "text");
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "fail 503"}]});
    let failed = line(&mut process, &url, "/v1/chat/completions", &body, " turn ").await;
    for part in [
        "dialect=\"openai_chat\"",
        "status=503",
        "outcome=\"failed\"",
        "reason=\"upstream_unavailable\"",
        "attempts=3",
        "account=",
    ] {
        assert!(failed.contains(part), "{part} is not in {failed}");
    }
    let body = json!({"model": "auto", "messages": "canary"});
    let refused = line(&mut process, &url, "/v1/chat/completions", &body, " turn ").await;
    for part in ["status=400", "reason=\"invalid_request\"", "attempts=0"] {
        assert!(refused.contains(part), "{part} is not in {refused}");
    }
    assert!(!refused.contains("canary") && !refused.contains("ttft_ms"), "{refused}");
}
