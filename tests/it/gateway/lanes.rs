//! Answers that share connections to the upstream.

use std::time::Duration;

use serde_json::{Value, json};
use warp2api::gateway::{Answer, Scope};

use super::{Bench, ask, bench_with, plain, text, turn};

#[tokio::test]
async fn the_same_over_http_2_without_tls() {
    let exchanges = json!({"exchanges": [plain("Hello over h2c.")]});
    let bench = bench_with(exchanges, |config| config.address.http2_prior_knowledge = true).await;
    let (one, two) = tokio::join!(ask(&bench, turn("a")), ask(&bench, turn("b")));
    assert_eq!(
        (text(&one.unwrap()), text(&two.unwrap())),
        ("Hello over h2c.".to_owned(), "Hello over h2c.".to_owned())
    );
}

/// A gateway that shares connections among its answers, and nobody reads them but who asks for more.
async fn sharing(steps: Value) -> Bench {
    bench_with(json!({"exchanges": [{"steps": steps}]}), |config| config.address.http2_prior_knowledge = true).await
}

/// So many answers, all begun and none of them read further.
async fn begun(bench: &Bench, number: usize) -> Vec<Answer> {
    let asking = (0..number).map(|_| bench.gateway.run(turn("hi"), Scope::default()));
    futures_util::future::join_all(asking)
        .await
        .into_iter()
        .map(|answer| answer.expect("an answer that begins"))
        .collect()
}

#[tokio::test]
async fn more_answers_than_a_connection_takes_wait_for_no_other() {
    // The simulator's own limit is 200 streams a connection, and none of these ends.
    let bench = sharing(json!([{"text": "begun"}, "stall"])).await;
    // One that has to wait for its turn is let go without a word after a while, and says nothing then.
    let hearing = async {
        for answer in &mut begun(&bench, 450).await {
            let mut events = Vec::new();
            while !text(&events).contains("begun") {
                assert!(answer.next(&mut events).await);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), hearing).await.expect("all of them begin");
}

#[tokio::test]
async fn answers_that_nobody_reads_keep_no_other_waiting() {
    // More than a stream's window takes; all of the windows together are more than many connections would.
    let long = "A long answer. ".repeat(20_000);
    let bench = sharing(json!([{"text": "begun"}, {"text": [long]}, {"finish": {}}])).await;
    let unread = begun(&bench, 60).await;
    // They are as far as they come: what their windows hold is under way, and no more is taken.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let read = tokio::time::timeout(Duration::from_secs(20), ask(&bench, turn("hi"))).await;
    let events = read.expect("an answer in time").expect("an answer");
    assert!(text(&events).len() > long.len());
    drop(unread);
}
