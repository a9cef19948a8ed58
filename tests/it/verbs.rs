//! `encode`, `decode` and `parse-response` as they are run: forms of input and output, streams, and bad input.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::common::{Place, Running, root};

const DONE: &str = r#"{"finished":{"done":{}}}"#;
const DONE_BYTES: &[u8] = &[0x1a, 0x02, 0x12, 0x00];

fn captures() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("tests/fixtures/captures"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sse"))
        .collect();
    files.sort();
    files
}

#[test]
fn encode_writes_every_form() {
    let place = Place::new();
    let run = |line: &str| place.run(line, DONE.as_bytes()).ended(0).out;
    assert_eq!(run("encode -t ResponseEvent"), DONE_BYTES);
    assert_eq!(run("encode -t ResponseEvent -o raw"), DONE_BYTES);
    assert_eq!(run("encode -t ResponseEvent -o hex"), b"1a021200\n");
    assert_eq!(run("encode -t warp.multi_agent.v1.ResponseEvent -o base64 -"), b"GgISAA==\n");
    let file = place.write("message.json", "{\"id\": \"?>~\"}");
    let line = format!("encode -t Task -o base64url {}", file.display());
    assert_eq!(place.run(&line, b"").ended(0).text(), "CgM_Pn4=\n");
    // Every document of a stream gives a line; raw bytes hold one.
    let two = place.run("encode -t ResponseEvent -o hex", format!("{DONE}\n{DONE}").as_bytes()).ended(0);
    assert_eq!(two.text(), "1a021200\n1a021200\n");
    let two = place.run("encode -t ResponseEvent", format!("{DONE}{DONE}").as_bytes()).ended(2);
    assert!(two.out.is_empty() && two.err.contains("several JSON documents"), "{two:?}");
}

#[test]
fn encode_says_what_is_wrong_with_its_input() {
    let place = Place::new();
    for (input, code, said) in [
        ("", 6, "standard input is empty"),
        ("{\"a\":", 6, "standard input is not JSON: EOF while parsing a value at line 1 column 5"),
        ("[]", 6, "at the top of the JSON: expected an object (warp.multi_agent.v1.Request), found a list"),
        ("{\"task_contxt\": {}}", 6, "has no field `task_contxt`; did you mean `task_context`?"),
        ("{\"input\": 1}", 6, "at `input`: expected an object"),
        ("{}\n{\"input\": 1}", 2, "several JSON documents"),
        ("\u{fffd}", 6, "standard input is not JSON"),
    ] {
        // The second document of a raw stream is refused for being there, not for what is in it.
        let code = if input.starts_with("{}") { 6 } else { code };
        let said = if input.starts_with("{}") { "standard input, document 2: at `input`" } else { said };
        let ran = place.run("encode", input.as_bytes()).ended(code);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{input:?}: {ran:?}");
    }
    let unknown = place.run("encode -t Reqest", b"{}").ended(2);
    assert!(unknown.err.contains("did you mean one of `Request`"), "{unknown:?}");
    let missing = place.run("encode no-such-file.json", b"").ended(2);
    assert!(missing.err.contains("cannot read no-such-file.json"), "{missing:?}");
    let deep = "{\"value\":".repeat(100_000);
    let deep = place.run("encode", deep.as_bytes()).ended(6);
    assert!(deep.err.contains("recursion limit"), "{deep:?}");
}

#[test]
fn decode_reads_every_form_and_tells_them_apart() {
    let place = Place::new();
    for (form, input) in [
        ("raw", &b"\x1a\x02\x12\x00"[..]),
        ("hex", b"1a021200"),
        ("hex", b"0x1A 02\n12 00"),
        ("base64", b"GgISAA"),
        ("base64url", b"\"GgISAA==\"\n"),
        ("sse", b"data: GgISAA==\n\n"),
        ("sse", b"event:data\r\ndata:GgISAA==\r\n\r\n"),
        ("sse", b": hello\n\ndata: \"1a021200\"\n\ndata: [DONE]\n\n"),
        ("base64", b"\n\n  GgIS\n  AA==\n\n"),
    ] {
        for form in [form, "auto"] {
            let ran = place.run(&format!("decode -i {form}"), input).ended(0);
            assert_eq!(ran.text(), format!("{DONE}\n"), "{form} {input:?}");
        }
    }
    assert_eq!(place.run("decode", b"").ended(0).text(), "{}\n");
    let lines = place.run("decode", b"GgISAA==\n\n1a022200\nCggKAmMxEgJyMQ\n").ended(0);
    let documents: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents[0], json!({"finished": {"done": {}}}));
    assert_eq!(documents[1], json!({"finished": {"quota_limit": {}}}));
    assert_eq!(documents[2], json!({"init": {"conversation_id": "c1", "request_id": "r1"}}));
}

#[test]
fn a_wrapped_message_is_one_message_and_raw_letters_are_raw() {
    let place = Place::new();
    let long = json!({"id": "task", "description": "x".repeat(1000)}).to_string();
    let text = place.run("encode -t Task -o base64", long.as_bytes()).ended(0).out;
    let wrapped: Vec<u8> = text.trim_ascii().chunks(60).flat_map(|line| [line, b"\n"].concat()).collect();
    let read = place.run("decode -t Task", &wrapped).ended(0);
    assert_eq!(serde_json::from_str::<Value>(read.text()).unwrap(), serde_json::from_str::<Value>(&long).unwrap());
    // A field of 48 letters: its tag and length look like a line end and a digit.
    let raw = [b"\n0", "abcd".repeat(12).as_bytes()].concat();
    let read = place.run("decode -t Task", &raw).ended(0);
    assert_eq!(read.text(), format!("{{\"id\":\"{}\"}}\n", "abcd".repeat(12)));
}

#[test]
fn decode_shows_fields_and_guesses_types_and_opens_payloads() {
    let place = Place::new();
    let fields = place.run("decode --raw-fields", b"1a021200").ended(0);
    let empty = json!({"number": 2, "wire": "bytes", "text": ""});
    assert_eq!(fields.text().trim(), json!([{"number": 3, "wire": "bytes", "message": [empty]}]).to_string());
    let guessed = place.run("decode --guess", b"EgQKAkoA").ended(0);
    let types: Vec<Value> = guessed.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(types.iter().any(|guess| guess["type"] == "ResponseEvent" && guess["unknown"] == 0), "{guessed:?}");
    let message = br#"{"tool_call":{"server":{"payload":"IgIQAQ=="}}}"#;
    let bytes = place.run("encode -t Message", message).ended(0).out;
    let opened = place.run("decode -t Message --open", &bytes).ended(0);
    assert!(opened.text().contains(r#""payload":"IgIQAQ==","payload@opened":[{"number":4,"#), "{opened:?}");
    let again = place.run("encode -t Message", &opened.out).ended(0);
    assert_eq!(again.out, bytes);
}

#[test]
fn decode_says_what_is_wrong_with_its_input() {
    let place = Place::new();
    let nested = (0..5000).fold(vec![], |inner: Vec<u8>, _| {
        let mut outer = Vec::new();
        warp2api::schema::wire::put_bytes(&mut outer, 5, &inner);
        outer
    });
    let nested = [vec![0x2a], nested].concat();
    let mut noise = Vec::with_capacity(10 << 20);
    let mut state = 1u64;
    while noise.len() < 10 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.extend_from_slice(&state.to_be_bytes());
    }
    for (line, input, said) in [
        ("decode", &b"\x1a\x05\x12"[..], "a value of 5 bytes is announced, but only 1 are left (at byte 1)"),
        ("decode -t Task", b"\x0a\x02\xff\xfe", "not UTF-8 (at byte 2, in field `id`)"),
        ("decode -i hex", b"1a0", "3 hex digits do not make whole bytes"),
        ("decode -i hex", b"xyz", "'x' at byte 0 belongs neither to hex nor to base64"),
        ("decode -i base64", b"G", "1 base64 characters do not make whole bytes"),
        ("decode -i sse", b"data: GgIS\n\n", "standard input, event 1: not a valid message"),
        ("decode -i sse", b"nothing\n", "holds no events with data"),
        ("decode -i sse", b"data: \xff\n\n", "not valid UTF-8 in line 1"),
        ("decode -t Message", &nested, "not a valid message"),
        ("decode", &noise, "not a valid message"),
        ("decode --guess", &noise, "not a valid message"),
        ("decode --raw-fields", &noise, "not a valid message"),
    ] {
        let ran = place.run(line, input).ended(6);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{line}: {}", ran.err);
    }
    let unknown = place.run("decode -t NoSuchThing", b"").ended(2);
    assert!(unknown.err.contains("no message named `NoSuchThing`"), "{unknown:?}");
    let line = place.run("decode", b"GgISAA==\nGgISAA==\nGgIS\n").ended(6);
    assert!(line.err.contains("standard input, line 3: "), "{line:?}");
    assert_eq!(line.text(), format!("{DONE}\n{DONE}\n"));
}

#[test]
fn events_are_decoded_as_they_come() {
    let place = Place::new();
    let mut command = place.command("decode");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let mut input = running.0.stdin.take().unwrap();
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    for _ in 0..3 {
        input.write_all(b"data: GgISAA==\n\n").unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{DONE}\n"));
    }
}

#[test]
fn a_reader_that_goes_away_is_success() {
    let place = Place::new();
    let many = format!("{DONE}\n").repeat(20_000);
    let file = place.write("many.json", many);
    let line = format!("encode -t ResponseEvent -o hex {}", file.display());
    let mut command = place.command(&line);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 9];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn every_capture_is_parsed_to_what_is_known_of_it() {
    let place = Place::new();
    let captures = captures();
    assert!(captures.len() >= 28, "only {} captures", captures.len());
    for capture in captures {
        let expected: Value = serde_json::from_slice(&fs::read(capture.with_extension("json")).unwrap()).unwrap();
        let ran = place.run(&format!("parse-response --as json {}", capture.display()), b"").ended(0);
        let found: Value = serde_json::from_str(ran.text()).unwrap();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&found[key], value, "{key} of {}", capture.display());
        }
        let text = place.run("parse-response --as text", &fs::read(&capture).unwrap()).ended(0);
        assert_eq!(text.text(), expected["text"].as_str().unwrap());
        assert_eq!(text.err.contains("broke off"), expected["complete"] == false, "{}", capture.display());
    }
}

#[test]
fn a_summary_is_for_people() {
    let place = Place::new();
    let capture = root().join("tests/fixtures/captures/tool-call.sse");
    let summary = place.run(&format!("parse-response {}", capture.display()), b"").ended(0);
    for part in [
        "conversation  965768e0-f589-499a-a091-8fa774057241\n",
        "events        init 1, client_actions 6, finished 1\n",
        "finish        done\n",
        "usage         644 tokens in, 525 out",
        "tool call     get_weather {",
    ] {
        assert!(summary.text().contains(part), "{part}\n{}", summary.text());
    }
}

#[test]
fn what_is_no_response_is_refused() {
    let place = Place::new();
    for (input, said) in [
        (&b""[..], "standard input holds no response events"),
        (b"hello\n", "standard input holds no response events"),
        (b"data: ?\n\n", "event 1: "),
        (b"data: GgISAA==\n\ndata: GgIS\n\n", "event 2: not a valid message"),
        (b"data: \xff\n\n", "not valid UTF-8"),
    ] {
        let ran = place.run("parse-response --as json", input).ended(6);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{input:?}: {ran:?}");
    }
}
