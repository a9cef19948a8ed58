//! Every capture through every dialect: what its client would have received, that it is the same however the upstream's
//! bytes were cut, and that `parse-response` says so in every form, whichever file the capture comes in. `WARP2API_BLESS=1` rewrites the goldens in `tests/fixtures/<dialect>/captures`.

use std::{fs, process::Stdio, time::Duration};

use serde_json::{Value, json};
use warp2api::{
    dialect::{self, Ask, Dialect, NothingKept, Stamp},
    models::Catalogue,
    turn::TurnEvent,
};

use crate::common::{Place, captures, check_golden, root, transcribed};

/// What a user hears of the capture when it comes in pieces of `size` bytes.
fn heard(bytes: &[u8], size: usize) -> Vec<TurnEvent> {
    transcribed(bytes.chunks(size)).1
}

/// A request of the dialect that wants a stream with all that there is in it: its path and its body.
fn request(dialect: &dyn Dialect) -> (&'static [&'static str], &'static str) {
    match dialect.name() {
        "openai_chat" => (
            &["chat", "completions"],
            r#"{"model":"auto","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#,
        ),
        "openai_responses" => (&["responses"], r#"{"model":"auto","stream":true,"input":"x"}"#),
        "anthropic" => (
            &["messages"],
            r#"{"model":"auto","stream":true,"max_tokens":100000,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"x"}]}"#,
        ),
        "gemini" => (
            &["v1beta", "models", "auto:streamGenerateContent"],
            r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#,
        ),
        other => panic!("no request is known for the dialect {other}"),
    }
}

fn stream(dialect: &dyn Dialect, events: &[TurnEvent], stamp: Stamp) -> String {
    let (segments, body) = request(dialect);
    let request_id = if stamp.created == 0 { stamp.id.clone() } else { "req_1".to_owned() };
    let catalogue = Catalogue::default();
    let ask = Ask {
        segments,
        query: "alt=sse",
        body: body.as_bytes(),
        stamp,
        request_id: &request_id,
        catalogue: &catalogue,
        kept: &NothingKept,
    };
    let mut encoder = dialect.read(ask).unwrap_or_else(|error| panic!("{}: {error}", dialect.name())).encoder;
    let mut out = Vec::new();
    events.iter().for_each(|event| encoder.push(0, event, &mut out));
    assert!(encoder.is_done(), "{} has no end after {:?}", dialect.name(), events.last());
    String::from_utf8(out).unwrap()
}

#[test]
fn every_dialect_streams_every_capture_as_its_golden_says() {
    for capture in captures() {
        let events = heard(&fs::read(&capture).unwrap(), usize::MAX);
        for dialect in dialect::ALL {
            let name = capture.file_stem().unwrap().to_string_lossy();
            let golden = format!("tests/fixtures/{}/captures/{name}.txt", dialect.name());
            let stamp = Stamp { id: "0123456789abcdef".to_owned(), created: 1_700_000_000 };
            check_golden(&golden, &stream(*dialect, &events, stamp));
        }
    }
}

#[test]
fn it_is_all_the_same_however_the_bytes_were_cut() {
    for capture in captures() {
        let bytes = fs::read(&capture).unwrap();
        let whole = heard(&bytes, bytes.len());
        for size in [1, 2, 7, 61] {
            assert_eq!(heard(&bytes, size), whole, "{} in pieces of {size}", capture.display());
        }
        // Cut once at places throughout the first kilobyte, where every kind of line is.
        for place in (1..bytes.len().min(1024)).step_by(13) {
            let heard = transcribed([&bytes[..place], &bytes[place..]]).1;
            assert_eq!(heard, whole, "{} cut at {place}", capture.display());
        }
    }
}

const DIALECTS: [(&str, &str); 4] =
    [("openai", "openai_chat"), ("responses", "openai_responses"), ("anthropic", "anthropic"), ("gemini", "gemini")];

/// What `parse-response --as form` must print of a capture.
fn expected_stream(form: &str, bytes: &[u8]) -> Option<String> {
    let name = DIALECTS.iter().find(|(known, _)| *known == form)?.1;
    let dialect = dialect::ALL.iter().find(|dialect| dialect.name() == name)?;
    let events = heard(bytes, usize::MAX);
    let id = match &events[0] {
        TurnEvent::Started { request_id, .. } => request_id.chars().filter(char::is_ascii_alphanumeric).collect(),
        _ => format!("{:032x}", 1),
    };
    Some(stream(*dialect, &events, Stamp { id, created: 0 }))
}

/// The capture as programs that look at traffic export it.
fn har(bytes: &[u8], is_base64: bool) -> Value {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let content = match is_base64 {
        true => json!({"mimeType": "text/event-stream", "encoding": "base64", "text": base64(bytes)}),
        false => json!({"mimeType": "text/event-stream", "text": text}),
    };
    let entry = |url: &str, content: &Value| {
        json!({"startedDateTime": "2026-01-31T12:00:00Z", "time": 900.4, "timings": {"send": 1, "wait": 300},
               "request": {"method": "POST", "url": url, "headers": []},
               "response": {"status": 200, "headers": [], "content": content}})
    };
    let page = json!({"mimeType": "text/html", "text": "data: no\n\n"});
    let entries = [entry("https://x.example/", &page), entry("https://x.example/ai/multi-agent", &content)];
    json!({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries, "pages": []}})
}

fn base64(bytes: &[u8]) -> String {
    let text = warp2api::schema::spelling::encode(bytes, warp2api::schema::spelling::Spelling::Base64);
    String::from_utf8(text).unwrap()
}

#[test]
fn every_form_of_every_capture_agrees_whichever_file_it_comes_in() {
    let place = Place::new();
    for capture in captures() {
        let bytes = fs::read(&capture).unwrap();
        let plain = capture.display().to_string();
        let mut sources = vec![plain.clone()];
        for is_base64 in [true, false] {
            let file = place.write(&format!("{is_base64}.har"), har(&bytes, is_base64).to_string());
            sources.push(file.display().to_string());
        }
        let expected: Value = serde_json::from_slice(&fs::read(capture.with_extension("json")).unwrap()).unwrap();
        let broken = expected["complete"] == false;
        let lines = place.run(&format!("parse-response --as events {plain}"), b"").ended(0).text().to_owned();
        for source in &sources {
            let run = |form: &str| {
                let ran = place.run(&format!("parse-response --as {form} {source}"), b"").ended(0);
                assert_eq!(ran.err.contains("broke off"), broken, "{form} of {source}: {}", ran.err);
                ran.text().to_owned()
            };
            for (form, _) in DIALECTS {
                assert_eq!(run(form), expected_stream(form, &bytes).unwrap(), "{form} of {plain}");
            }
            let found: Value = serde_json::from_str(&run("json")).unwrap();
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(&found[key], value, "{key} of {plain}");
            }
            assert_eq!(run("text"), expected["text"].as_str().unwrap());
            assert!(run("summary").contains(expected["text"].as_str().unwrap()));
            assert_eq!(run("events"), lines);
        }
        let counted: u64 = expected["events"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(lines.lines().count() as u64, counted, "{plain}");
    }
}

/// What `parse-response --as form` prints of `bytes` that come in random pieces, one after the other.
fn slowly(place: &Place, form: &str, bytes: &[u8], random: &mut fastrand::Rng) -> String {
    let mut command = place.command(&format!("parse-response --as {form} -"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.usize(1..=rest.len().min(bytes.len() / 8)));
        std::io::Write::write_all(&mut stdin, piece).unwrap();
        std::thread::sleep(Duration::from_millis(1));
        rest = after;
    }
    drop(stdin);
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn every_capture_that_comes_slowly_and_in_pieces_is_the_same_in_every_form() {
    let captures = captures();
    let forms = ["summary", "text", "events", "json", "openai", "responses", "anthropic", "gemini"];
    std::thread::scope(|scope| {
        for (number, some) in captures.chunks(captures.len().div_ceil(4)).enumerate() {
            scope.spawn(move || {
                let (place, mut random) = (Place::new(), fastrand::Rng::with_seed(number as u64));
                for capture in some {
                    let bytes = fs::read(capture).unwrap();
                    for form in forms {
                        let whole = || {
                            let ran = place.run(&format!("parse-response --as {form} -"), &bytes).ended(0);
                            ran.text().to_owned()
                        };
                        let whole = expected_stream(form, &bytes).unwrap_or_else(whole);
                        let cut = slowly(&place, form, &bytes, &mut random);
                        assert_eq!(cut, whole, "{form} of {}", capture.display());
                    }
                }
            });
        }
    });
}

#[test]
fn several_files_and_several_answers_in_one_are_told_apart() {
    let place = Place::new();
    let read = |name: &str| fs::read(root().join(format!("tests/fixtures/captures/{name}.sse"))).unwrap();
    let joined = place.write("joined.sse", [read("plain"), read("truncated"), read("tool-call")].concat());
    let line = format!("parse-response --as json {} {}", joined.display(), joined.display());
    let ran = place.run(&line, b"").ended(0);
    let found: Vec<Value> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.iter().map(|one| one["exchange"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 1, 2, 3]);
    assert_eq!(
        found.iter().map(|one| one["complete"] == true).collect::<Vec<_>>(),
        [true, false, true, true, false, true]
    );
    for (one, name) in found.iter().zip(["plain", "truncated", "tool-call"]) {
        let alone = place.run("parse-response --as json", &read(name)).ended(0);
        let alone: Value = serde_json::from_str(alone.text()).unwrap();
        for key in ["text", "tool_calls", "usage", "events", "problems"] {
            assert_eq!(one[key], alone[key], "{key} of {name}");
        }
    }
    let summary = place.run(&format!("parse-response {}", joined.display()), b"").ended(0);
    assert!(summary.text().contains("joined.sse, exchange 3\n"), "{}", summary.text());
}

#[test]
fn damage_in_the_middle_is_told_with_its_place_and_the_rest_is_read() {
    let place = Place::new();
    let whole = fs::read(root().join("tests/fixtures/captures/plain.sse")).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    // Behind the first two events.
    let at = text.match_indices("\n\n").nth(1).unwrap().0 + 2;
    for damage in [&b"data: !!!\n\n"[..], b"data: \xff\xfe\n\n", b"data: GgIS\n\n", b"data: not base64?\r\n\r\n"] {
        let damaged = [&whole[..at], damage, &whole[at..]].concat();
        let sound = place.run("parse-response --as json", &whole).ended(0);
        for form in ["json", "summary", "events", "openai", "responses", "anthropic", "gemini", "text"] {
            let ran = place.run(&format!("parse-response --as {form}"), &damaged).ended(6);
            assert!(ran.err.contains(&format!("event 3 at byte {at}: ")), "{}", ran.err);
            match form {
                "json" => assert_eq!(ran.text(), sound.text()),
                form => {
                    let sound = place.run(&format!("parse-response --as {form}"), &whole).ended(0);
                    let same = |text: &str| {
                        text.lines().map(|line| line.split(" bytes ").last().map(str::to_owned)).collect::<Vec<_>>()
                    };
                    assert_eq!(same(ran.text()), same(sound.text()), "{form}");
                }
            }
        }
        let strict = place.run("parse-response --strict --as events", &damaged).ended(6);
        assert_eq!(strict.text().lines().count(), 2);
        assert!(strict.err.contains(&format!("event 3 at byte {at}: ")), "{}", strict.err);
    }
}

#[test]
fn what_a_summary_warns_of() {
    let place = Place::new();
    let of = |name: &str| {
        let file = root().join(format!("tests/fixtures/captures/{name}.sse"));
        place.run(&format!("parse-response {}", file.display()), b"").ended(0).text().to_owned()
    };
    assert!(of("rollback").contains("problem       once rolled back: "), "{}", of("rollback"));
    assert!(of("truncated").contains("problem       the answer broke off"));
    assert!(of("todos").contains("todo          ["), "{}", of("todos"));
    assert!(of("server-tool").contains("server tool   server "), "{}", of("server-tool"));
    let event = |json: &Value| {
        let descriptor = warp2api::schema::Schema::embedded().message("ResponseEvent").unwrap();
        let message = warp2api::schema::from_json(&descriptor, json).unwrap();
        format!("data: {}\n\n", base64(&warp2api::schema::encode(&message)))
    };
    let message = |text: &str| json!({"id": "m", "task_id": "t", "agent_output": {"text": text}});
    let unknown = json!([{"number": 99, "wire": "varint", "value": "1"}]);
    let actions = json!({"client_actions": {"actions": [
        {"create_task": {"task": {"id": "t", "@unknown": unknown}}},
        {"add_messages_to_task": {"task_id": "t", "messages": [message("a")]}},
        {"append_to_message_content": {"task_id": "t", "message": message("b"), "mask": "agentOutput.texts"}}
    ]}});
    let stream = format!("{}{}", event(&json!({"init": {"conversation_id": "c"}})), event(&actions));
    let summary = place.run("parse-response", stream.as_bytes()).ended(0);
    for part in [
        "problem       a mask hits nothing: \"agent_output.texts\" of append_to_message_content (once)\n",
        "problem       the schema does not know client_actions.actions.create_task.task.99 (once)\n",
        "text          a\n",
    ] {
        assert!(summary.text().contains(part), "{part}\n{}", summary.text());
    }
}

#[test]
fn clients_of_every_dialect_are_content_with_every_capture() {
    let place = Place::new();
    let directory = root().join("tests/fixtures/captures");
    let ran = place.run(&format!("verify --json {}", directory.display()), b"").ended(0);
    let found: Vec<Value> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), captures().len());
    for exchange in &found {
        let dialects = exchange["dialects"].as_object().unwrap();
        assert_eq!(dialects.len(), dialect::ALL.len(), "{exchange}");
        assert!(dialects.values().all(|dialect| dialect == &json!({"ok": true, "broken": []})), "{exchange}");
    }
    let table = place.run(&format!("verify {}", captures()[0].display()), b"").ended(0);
    assert_eq!(table.text().lines().filter(|line| line.ends_with("  ok")).count(), dialect::ALL.len());
}

#[test]
fn damage_does_not_go_unnoticed_when_the_rest_is_verified() {
    let place = Place::new();
    let plain = fs::read(root().join("tests/fixtures/captures/plain.sse")).unwrap();
    let damaged = place.run("verify", &[&plain[..], b"data: !!!\n\n"].concat()).ended(6);
    assert_eq!(damaged.text().lines().filter(|line| line.ends_with("  ok")).count(), dialect::ALL.len());
    place.run("verify", b"").ended(6);
    place.run(&format!("verify {}", place.path().display()), b"").ended(2);
}
