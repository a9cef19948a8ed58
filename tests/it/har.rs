//! HAR files as programs write them: what mitmproxy exported of talks with the simulator, and the ways in which other
//! programs are known to differ.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use warp2api::capture::{self, Piece, ReadError};

use crate::common::{Place, root};

/// One exchange, whose answer is the capture called `name`, as `change` leaves it.
fn exported(name: &str, change: impl Fn(&mut Value, &[u8])) -> String {
    let bytes = fs::read(root().join(format!("tests/fixtures/captures/{name}.sse"))).unwrap();
    let mut entry = json!({
        "startedDateTime": "2026-01-31T12:00:00.000+01:00", "time": 12, "timings": {"send": 0, "wait": 3, "receive": 9},
        "request": {"method": "POST", "url": "https://x.example/ai/multi-agent", "headers": [], "cookies": [],
                    "postData": {"mimeType": "application/x-protobuf", "text": "\u{1a}\u{8}\n\u{6}\n\u{4}auto"}},
        "response": {"status": 200, "headers": [{"name": "Content-Type", "value": "text/event-stream"}], "cookies": [],
                     "content": {"size": bytes.len(), "mimeType": "text/event-stream",
                                 "text": String::from_utf8(bytes.clone()).unwrap()}}});
    change(&mut entry, &bytes);
    json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1", "comment": ""}, "entries": [entry]}})
        .to_string()
}

fn base64(bytes: &[u8]) -> String {
    let text = warp2api::schema::spelling::encode(bytes, warp2api::schema::spelling::Spelling::Base64);
    String::from_utf8(text).unwrap()
}

/// What differs between programs, and how.
type Change = (&'static str, fn(&mut Value, &[u8]));

const PROGRAMS: [Change; 12] = [
    ("as text", |_, _| {}),
    ("as base64", |entry, bytes| {
        entry["response"]["content"]["text"] = base64(bytes).into();
        entry["response"]["content"]["encoding"] = "base64".into();
    }),
    ("as base64 that is not said to be", |entry, bytes| entry["response"]["content"]["text"] = base64(bytes).into()),
    ("as base64 in lines", |entry, bytes| {
        let text: Vec<String> =
            base64(bytes).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into()).collect();
        entry["response"]["content"]["text"] = text.join("\r\n").into();
        entry["response"]["content"]["encoding"] = "BASE64".into();
    }),
    ("in the chunks of its transfer", |entry, bytes| {
        let chunks =
            bytes.chunks(100).map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()));
        entry["response"]["content"]["text"] = (chunks.collect::<String>() + "0\r\n\r\n").into();
    }),
    ("without its kind but in the headers", |entry, _| {
        entry["request"]["url"] = "https://x.example/elsewhere".into();
        entry["response"]["content"]["mimeType"] = "".into();
    }),
    ("of no kind at the right path", |entry, _| {
        entry["response"]["headers"] = Value::Null;
        entry["response"]["content"]["mimeType"] = "application/octet-stream".into();
    }),
    ("without sizes and times", |entry, _| {
        for name in ["startedDateTime", "time", "timings"] {
            entry.as_object_mut().unwrap().remove(name);
        }
        entry["response"]["content"].as_object_mut().unwrap().remove("size");
    }),
    ("with times that are none", |entry, _| {
        (entry["time"], entry["timings"]) =
            (json!(-1), json!({"send": -1, "wait": null, "receive": -1, "blocked": -1}));
    }),
    ("with members of its own", |entry, _| {
        entry["comment"] = "seen".into();
        entry["_webSocketMessages"] = json!([{"type": "send", "time": 1.5, "opcode": 2, "data": "AA=="}]);
        entry["_resourceType"] = "fetch".into();
        entry["response"]["_error"] = Value::Null;
        entry["response"]["content"]["comment"] = "x".into();
        entry["cache"] = json!({});
    }),
    ("with a path behind which more stands", |entry, _| {
        entry["request"]["url"] = "https://x.example/ai/multi-agent?x=1#y".into();
    }),
    ("with a request in base64", |entry, _| {
        entry["request"]["postData"] =
            json!({"mimeType": "application/x-protobuf", "text": "GggKBgoEYXV0bw==", "encoding": "base64"});
    }),
];

#[test]
fn what_programs_write_differently_is_read_alike() {
    let place = Place::new();
    let capture = root().join("tests/fixtures/captures/tool-call.sse");
    let plain = place.run(&format!("parse-response --as anthropic {}", capture.display()), b"").ended(0);
    let events = place.run(&format!("decode {}", capture.display()), b"").ended(0);
    for (name, change) in PROGRAMS {
        let file = place.write("x.har", exported("tool-call", change));
        let run = |line: &str| place.run(&format!("{line} {}", file.display()), b"").ended(0).text().to_owned();
        assert_eq!(run("parse-response --as anthropic"), plain.text(), "{name}");
        assert_eq!(run("decode"), events.text(), "{name}");
        assert_eq!(run("decode -t Request"), "{\"settings\":{\"model_config\":{\"base\":\"auto\"}}}\n", "{name}");
        assert!(run("verify").lines().all(|line| line.ends_with("  ok")), "{name}");
    }
    // A mark before the text, and white space wherever it may stand.
    let spaced: Value = serde_json::from_str(&exported("tool-call", |_, _| {})).unwrap();
    let spaced = format!("\u{feff}\r\n{}", serde_json::to_string_pretty(&spaced).unwrap().replace('\n', "\r\n"));
    assert_eq!(place.run("parse-response --as anthropic", spaced.as_bytes()).ended(0).text(), plain.text());
    assert_eq!(place.run("decode", spaced.as_bytes()).ended(0).text(), events.text());
}

#[test]
fn what_a_program_left_out_is_told() {
    let place = Place::new();
    for (said, change) in [
        (
            "kept nothing of the answer",
            (|entry, _| entry["response"]["content"]["text"] = "".into()) as fn(&mut Value, &[u8]),
        ),
        ("left out the answer's content", |entry, _| entry["response"]["content"] = json!({})),
        ("left the answer compressed", |entry, _| {
            entry["response"]["content"]["text"] = base64(b"\x1f\x8b\x08\0").into();
            entry["response"]["content"]["encoding"] = "base64".into();
        }),
        ("not the base64 that it is said to be", |entry, _| entry["response"]["content"]["encoding"] = "base64".into()),
        ("there was no answer: server closed connection", |entry, _| {
            entry["response"] = json!({"status": 0, "content": {}, "_error": "server closed connection"});
        }),
        ("it is not what a HAR holds", |entry, _| entry["request"] = json!(7)),
    ] {
        let file = place.write("x.har", exported("plain", change));
        for verb in ["parse-response --as text", "verify", "decode"] {
            let ran = place.run(&format!("{verb} {}", file.display()), b"").ended(6);
            assert!(ran.out.is_empty() && ran.err.contains(said), "{verb}: {ran:?}");
        }
    }
    // What was cut off is shown as far as it goes.
    let cut = exported("plain", |entry, _| entry["response"]["_error"] = "net::ERR_ABORTED".into());
    let ran = place.run("parse-response --as text", cut.as_bytes()).ended(0);
    assert!(!ran.out.is_empty() && ran.err.contains("not recorded to its end: net::ERR_ABORTED"), "{ran:?}");
}

/// One entry that makes no sense spoils no other, and neither does a text that was none.
#[test]
fn damage_stays_in_its_entry() {
    let place = Place::new();
    let sound = exported("plain", |_, _| {});
    let text = place.run("parse-response --as text", sound.as_bytes()).ended(0).text().to_owned();
    for broken in [r"7", r"null", r#"{"request": {"url": []}}"#, r#"{"request": {}, "response": {"status": "200"}}"#] {
        let both = sound.replace("\"entries\":[", &format!("\"entries\":[{broken},"));
        let ran = place.run("parse-response --as text", both.as_bytes()).ended(6);
        assert_eq!(ran.text(), text, "{broken}");
        assert!(ran.err.contains("entry 1: it is not what a HAR holds"), "{broken}: {ran:?}");
        let strict = place.run("parse-response --strict --as text", both.as_bytes()).ended(6);
        assert!(strict.out.is_empty(), "{strict:?}");
    }
    // Bytes that are no UTF-8, as Python writes them.
    let halves = exported("plain", |entry, bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        entry["response"]["content"]["text"] = format!("data: BYTES\n\n{text}").into();
    });
    let ran = place.run("parse-response --as text", halves.replace("BYTES", "\\udcff\\udc80").as_bytes()).ended(6);
    assert_eq!(ran.text(), text);
    assert!(ran.err.contains("event 1 at byte 0: it is not valid UTF-8"), "{ran:?}");
    // A file that ends in the middle gives what comes before.
    let first = &sound[..sound.len() - "]}}".len()];
    let cut = format!("{first},{}", &first[first.find("{\"startedDateTime").unwrap()..first.len() - 200]);
    let ran = place.run("parse-response --as text", cut.as_bytes()).ended(6);
    assert_eq!(ran.text(), text);
    assert!(ran.err.contains("neither a HAR nor a capture"), "{ran:?}");
}

#[test]
fn what_mitmproxy_exports_is_read() {
    let place = Place::new();
    let file = root().join("tests/fixtures/har/mitmproxy.har");
    let run = |line: &str| place.run(&format!("{line} {}", file.display()), b"").ended(0).text().to_owned();
    let found: Vec<Value> =
        run("parse-response --as json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), 2, "the one that is no turn is passed over");
    assert_eq!(found[0]["tool_calls"].as_array().unwrap().len(), 2);
    assert!(found[1]["text"].as_str().unwrap().contains("grüße 漢字 🙂"), "{}", found[1]["text"]);
    assert!(found.iter().all(|one| one["complete"] == true && one["end_ms"].is_u64()), "{found:?}");
    let requests = run("decode -t Request");
    assert!(requests.contains("call 2 tools") && requests.contains("think, then grüße 漢字 🙂"), "{requests}");
    assert!(run("decode").lines().count() > 20);
    assert_eq!(run("verify").lines().filter(|line| line.ends_with("  ok")).count(), 8);
    let played = place.run(&format!("--upstream replay:{} chat hello --json", file.display()), b"").ended(0);
    assert!(played.text().contains("\"stop_reason\""), "{played:?}");
    // Of what it passed on piece by piece it keeps nothing.
    let streamed = root().join("tests/fixtures/har/mitmproxy-streamed.har");
    let ran = place.run(&format!("parse-response {}", streamed.display()), b"").ended(6);
    assert!(ran.err.contains("kept nothing of the answer"), "{ran:?}");
}

/// Recorded by Chromium, and written by the library that drives it, which takes a request for UTF-8.
#[test]
fn what_a_browser_exports_is_read() {
    let place = Place::new();
    let file = root().join("tests/fixtures/har/chromium.har");
    let run = |line: &str| place.run(&format!("{line} {}", file.display()), b"").ended(0).text().to_owned();
    let found: Value = serde_json::from_str(&run("parse-response --as json")).unwrap();
    assert_eq!((&found["complete"], found["tool_calls"].as_array().unwrap().len()), (&json!(true), 1));
    assert!(run("decode -t Request").contains("call 2 tools, then grüße"));
    assert_eq!(run("verify").lines().filter(|line| line.ends_with("  ok")).count(), 4);
}

/// What is in the answers of `har`, read in pieces of `size` bytes, and in its requests.
fn answers_and_requests(har: &str, size: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut answers, mut requests) = (Vec::new(), Vec::new());
    let input = std::io::BufReader::with_capacity(size, har.as_bytes());
    let read = capture::read(input, &mut |piece| {
        match piece {
            Piece::Begin(opening) => requests.extend(opening.request.unwrap_or_default()),
            Piece::Bytes { bytes, .. } => answers.extend(bytes),
            Piece::Answer { .. } | Piece::End { .. } => {}
            Piece::Broken { problem, .. } => panic!("{problem}"),
        }
        Ok::<(), ReadError>(())
    });
    read.unwrap();
    (answers, requests)
}

proptest! {
    #[test]
    fn whatever_was_sent_comes_back(
        answer in proptest::collection::vec(any::<u8>(), 1..300).prop_filter("compressed", |bytes| bytes[0] != 0x1f),
        text in "[a-z]{1,9}:\\PC{0,80}",
        request in proptest::collection::vec(any::<u8>(), 0..80),
        size in 1usize..400,
    ) {
        // As mitmproxy and browsers write bytes: one character each.
        let narrow: String = std::iter::once(0x0a).chain(request.iter().copied()).map(char::from).collect();
        let har = exported("plain", |entry, _| {
            entry["response"]["content"]["text"] = base64(&answer).into();
            entry["response"]["content"]["encoding"] = "base64".into();
            entry["request"]["postData"]["text"] = narrow.as_str().into();
        });
        let (answers, requests) = answers_and_requests(&har, size);
        prop_assert_eq!(answers, answer);
        prop_assert_eq!(requests, [&[0x0a][..], &request].concat());
        let har = exported("plain", |entry, _| {
            entry["response"]["content"]["text"] = text.as_str().into();
            entry["request"]["postData"]["text"] = base64(&request).into();
            entry["request"]["postData"]["encoding"] = "base64".into();
        });
        let (answers, requests) = answers_and_requests(&har, size);
        prop_assert_eq!(answers, text.as_bytes());
        prop_assert_eq!(requests, request);
    }
}
