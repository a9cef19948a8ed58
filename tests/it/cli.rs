//! The real binary: exit codes, both output channels, what it does with input it cannot use, and whole turns against the
//! simulator.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::common::{Place, Ran, Running, root, run};

#[test]
fn help_is_data_and_a_slip_is_not() {
    let place = Place::new();
    let help = place.run("--help", b"").ended(0);
    assert!(help.text().contains("Usage: warp2api") && help.err.is_empty(), "{help:?}");
    let slip = place.run("srve", b"").ended(2);
    assert!(slip.out.is_empty() && slip.err.contains("serve"), "{slip:?}");
    place.run("", b"").ended(2);
}

#[test]
fn version_is_the_packages() {
    let version = Place::new().run("--version", b"").ended(0);
    assert_eq!(version.text(), concat!("warp2api ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_settings_are_told_together() {
    let place = Place::new();
    let mut command = place.command("serve --log-format xml");
    command.env("PORT", "eighty").env("WARP2API_STRICT", "perhaps");
    let ran = run(command, b"").ended(2);
    for name in ["--log-format", "PORT", "WARP2API_STRICT"] {
        assert!(ran.err.contains(name), "{}", ran.err);
    }
}

#[test]
fn without_a_credential_it_says_what_to_set() {
    for verb in ["serve --listen 127.0.0.1:0", "chat hello"] {
        let ran = Place::new().run(verb, b"").ended(3);
        assert!(ran.err.contains("WARP_API_KEY") && ran.out.is_empty(), "{ran:?}");
    }
}

#[test]
fn an_address_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = Place::new().run(&format!("serve --upstream simulator --listen {address}"), b"").ended(1);
    assert!(ran.err.contains(&address.to_string()) && ran.err.contains("--listen"), "{}", ran.err);
}

#[test]
fn an_address_that_others_reach_needs_a_key() {
    let ran = Place::new().run("serve --upstream simulator --listen 0.0.0.0:0", b"").ended(2);
    assert!(ran.err.contains("API_TOKEN"), "{}", ran.err);
}

/// Every `$ command` of the README's console examples with what it prints there.
fn readme_examples() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let examples = blocks.flat_map(|block| block.split("$ ").skip(1));
    examples.map(|example| example.split_once('\n').unwrap()).map(|(line, out)| (line.into(), out.into())).collect()
}

#[cfg(unix)]
#[test]
fn the_examples_of_the_readme_are_true() {
    let examples = readme_examples();
    assert!(examples.len() >= 4, "{examples:?}");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_warp2api")).parent().unwrap();
    let place = Place::new();
    for (line, printed) in examples {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &line])
            .current_dir(root())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .env("WARP2API_HOME", place.path())
            .env("WARP2API_STATE_KEY", "file");
        let ran = run(shell, b"").ended(0);
        match printed.split_once("…\n") {
            Some((beginning, _)) => assert!(ran.text().starts_with(beginning), "{line}\n{}", ran.text()),
            None => assert_eq!(ran.text(), printed, "{line}"),
        }
    }
}

/// Runs `command` with a standard output that nobody reads.
fn run_unread(mut command: Command) -> Ran {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let finished = command.spawn().unwrap().wait_with_output().unwrap();
    Ran { code: finished.status.code(), out: Vec::new(), err: String::from_utf8(finished.stderr).unwrap() }
}

#[test]
fn a_closed_standard_output_is_success() {
    let place = Place::new();
    place.write("request.json", "{\"metadata\": {\"conversation_id\": \"c\"}}");
    for line in ["completions zsh", "--help", "encode request.json", "chat --upstream simulator:fast hello"] {
        let ran = run_unread(place.command(line)).ended(0);
        assert!(!ran.err.contains("error"), "{line}: {}", ran.err);
    }
}

#[test]
fn encode_and_decode_are_each_others_reverse() {
    let place = Place::new();
    let json = r#"{"metadata":{"conversation_id":"c1"}}"#;
    let bytes = place.run("encode -t Request", json.as_bytes()).ended(0).out;
    let back = place.run("decode -t Request", &bytes).ended(0);
    assert_eq!(back.text().trim_end(), json);
    for form in ["hex", "base64", "base64url"] {
        let text = place.run(&format!("encode -t Request -o {form}"), json.as_bytes()).ended(0).out;
        let back = place.run("decode -t Request -i auto", &text).ended(0);
        assert_eq!(back.text().trim_end(), json, "{form}");
    }
}

/// Repeatable bytes that mean nothing.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A `google.protobuf.ListValue` within a `ListValue`, `depth` times.
fn nested_lists(depth: usize) -> Vec<u8> {
    let mut message = Vec::new();
    for _ in 0..depth {
        for tag in [0x32, 0x0a] {
            let mut outer = vec![tag];
            let mut length = message.len();
            while length >= 0x80 {
                outer.push((length % 0x80) as u8 | 0x80);
                length /= 0x80;
            }
            outer.push(length as u8);
            outer.extend(&message);
            message = outer;
        }
    }
    message
}

/// Holds that `line` refuses `input` with `code`, in a sentence, with nothing half-written.
fn refuses(line: &str, input: &[u8], code: i32) -> String {
    let ran = Place::new().run(line, input).ended(code);
    assert!(ran.out.is_empty(), "{line} wrote {:?}", String::from_utf8_lossy(&ran.out));
    assert!(ran.err.starts_with("error: ") && ran.err.trim().len() > "error: ".len() + 10, "{line}: {:?}", ran.err);
    assert!(ran.err.len() < 2000, "{line}: an error of {} bytes", ran.err.len());
    ran.err
}

#[test]
fn bytes_that_are_no_message_are_refused() {
    refuses("decode -t Request -i raw", &[0x0a, 0x05, b'x'], 6);
    refuses("decode -t Request -i raw", &noise(10 * 1024 * 1024), 6);
    refuses("decode -t Request", &noise(10 * 1024 * 1024), 6);
    refuses("decode -t google.protobuf.ListValue -i raw", &nested_lists(20_000), 6);
    refuses("decode -t Request -i raw", &[0x0b].repeat(100_000), 6);
    refuses("decode -t Request -i hex", b"0a0", 6);
    refuses("decode -t Request -i base64", b"!!!!", 6);
    let broken_text = [0x22, 0x04, 0x0a, 0x02, 0xff, 0xfe];
    refuses("decode -t Request -i raw", &broken_text, 6);
}

#[test]
fn json_that_is_no_message_is_refused() {
    refuses("encode -t Request", b"{\"metadata\": ", 6);
    refuses("encode -t Request", b"\xff\xfe", 6);
    refuses("encode -t Request", &[b'['].repeat(100_000), 6);
    let wrong_type = refuses("encode -t Request", b"{\"metadata\": {\"conversation_id\": 5}}", 6);
    assert!(wrong_type.contains("conversation_id"), "{wrong_type}");
    let misspelt = refuses("encode -t Request", b"{\"metadta\": {}}", 6);
    assert!(misspelt.contains("metadata"), "{misspelt}");
}

#[test]
fn names_that_mean_nothing_are_usage_errors() {
    for line in ["encode -t Reqest", "decode -t Reqest"] {
        let error = refuses(line, b"{}", 2);
        assert!(error.contains("Request"), "{error}");
    }
    for line in ["decode /no/such/file", "parse-response /no/such/file", "encode --descriptors /no/such/file"] {
        refuses(line, b"", 2);
    }
    let place = Place::new();
    place.write("noise.binpb", noise(1000));
    place.run("decode --descriptors noise.binpb", b"").ended(2);
}

#[test]
fn a_stream_that_is_none_is_refused() {
    refuses("parse-response", &noise(1024 * 1024), 6);
    refuses("parse-response", b"", 6);
    refuses("parse-response --as json", b"data: !!!\n\n", 6);
}

/// A server on a port of its own, and where it listens.
fn serve(place: &Place, flags: &str, client_key: Option<&str>) -> (Running, SocketAddr) {
    let mut command = place.command(&format!("serve --listen 127.0.0.1:0 {flags}"));
    if let Some(key) = client_key {
        command.env("API_TOKEN", key);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = Running(command.spawn().unwrap());
    let banner = server.wait_for("/v1/chat/completions");
    let (_, rest) = banner.split_once("http://").unwrap();
    let address = rest.split_whitespace().next().unwrap().parse().unwrap();
    (server, address)
}

/// Sends one request over a connection of its own; gives the answer, head and all.
fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn post(address: SocketAddr, body: &str) -> String {
    let length = body.len();
    exchange(
        address,
        &format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    )
}

#[test]
fn serve_answers_over_http() {
    let place = Place::new();
    let (_server, address) = serve(&place, "--upstream simulator:fast", None);
    let asked = r#""model":"auto","messages":[{"role":"user","content":"the quick brown fox"}]"#;
    let whole = post(address, &format!("{{{asked}}}"));
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
    assert!(whole.contains("the quick brown fox"), "{whole}");
    let streamed = post(address, &format!("{{{asked},\"stream\":true}}"));
    assert!(streamed.contains("text/event-stream") && streamed.contains("data: [DONE]"), "{streamed}");
    assert!(streamed.contains("\"finish_reason\":\"stop\""), "{streamed}");
}

#[test]
fn serve_goes_on_without_a_state_that_cannot_be_used() {
    let place = Place::new();
    let state = place.path().join("state");
    for (text, told) in [(None, false), (Some("this is no database ".repeat(100)), true)] {
        std::fs::create_dir_all(&state).unwrap();
        if let Some(text) = text {
            std::fs::remove_dir_all(&state).unwrap();
            std::fs::create_dir(&state).unwrap();
            std::fs::write(state.join("state.db"), text).unwrap();
        }
        // Nobody is there; that is told as well, and stops nothing either.
        let mut command = place.command("serve --listen 127.0.0.1:0 --upstream http://127.0.0.1:9");
        command.env("WARP_API_KEY", "wk-1.ab").stderr(Stdio::piped());
        let mut server = Running(command.spawn().unwrap());
        let banner = server.wait_for("/v1/chat/completions");
        assert_eq!(banner.contains("conversations are kept in memory only"), told, "{banner}");
        assert_eq!(banner.contains("restore the file from a backup"), told, "{banner}");
        assert_eq!(state.join("key").exists(), !told, "a state that is no good is left alone");
    }
}

#[test]
fn serve_asks_for_the_client_key() {
    let place = Place::new();
    let (_server, address) = serve(&place, "--upstream simulator:fast", Some("sesame"));
    let models = |header: &str| {
        let request = format!("GET /v1/models HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{header}\r\n");
        exchange(address, &request)
    };
    assert!(models("").starts_with("HTTP/1.1 401"));
    assert!(models("authorization: Bearer wrong\r\n").starts_with("HTTP/1.1 401"));
    assert!(models("authorization: Bearer sesame\r\n").starts_with("HTTP/1.1 200"));
}

#[cfg(unix)]
#[test]
fn a_signal_lets_the_server_end_well() {
    for name in ["-INT", "-TERM"] {
        let place = Place::new();
        let (mut server, _) = serve(&place, "--upstream simulator", None);
        signal(&server, name);
        assert_eq!(server.0.wait().unwrap().code(), Some(0), "{name}");
    }
}

/// Sends `signal` to the server.
#[cfg(unix)]
fn signal(server: &Running, signal: &str) {
    assert!(Command::new("kill").args([signal, &server.0.id().to_string()]).status().unwrap().success());
}

/// Asks for a stream and reads it until `text` has come; gives the connection.
#[cfg(unix)]
fn begin_stream(address: SocketAddr, question: &str, text: &str) -> TcpStream {
    let body = format!(r#"{{"model":"auto","stream":true,"messages":[{{"role":"user","content":"{question}"}}]}}"#);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).contains(text) {
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    stream
}

#[cfg(unix)]
#[test]
fn a_signal_lets_an_answer_in_progress_end() {
    let place = Place::new();
    let (mut server, address) = serve(&place, "--upstream simulator", None);
    let mut stream = begin_stream(address, "long 40", "\"content\":\"");
    signal(&server, "-TERM");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("data: [DONE]"), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_second_signal_stops_at_once() {
    let place = Place::new();
    let (mut server, address) = serve(&place, "--upstream simulator:fast", None);
    let _stream = begin_stream(address, "stall", "\"content\":\"");
    signal(&server, "-INT");
    server.wait_for("stopping");
    signal(&server, "-INT");
    assert_eq!(server.0.wait().unwrap().code(), Some(130));
}

#[test]
fn chat_answers_on_standard_output() {
    let place = Place::new();
    let ran = place.run("chat --upstream simulator:fast well-met", b"").ended(0);
    assert!(ran.text().contains("well-met") && ran.text().ends_with('\n'), "{ran:?}");
}

#[test]
fn chat_reads_what_is_piped_and_what_is_attached() {
    let place = Place::new();
    place.write("note.txt", "attached-words");
    let ran = place.run("chat --upstream simulator:fast -f note.txt asked-words", b"piped-words\n").ended(0);
    assert!(ran.text().contains("asked-words") && ran.text().contains("piped-words"), "{ran:?}");
    let piped = place.run("chat --upstream simulator:fast -", b"only-piped").ended(0);
    assert!(piped.text().contains("only-piped"), "{piped:?}");
    place.run("chat --upstream simulator:fast", b"").ended(2);
    place.run("chat --upstream simulator:fast -f missing.txt hello", b"").ended(2);
    place.write("noise", noise(100));
    place.run("chat --upstream simulator:fast -f noise hello", b"").ended(6);
}

#[test]
fn chat_gives_json_and_goes_on() {
    let place = Place::new();
    let json = |line: &str| serde_json::from_str::<Value>(place.run(line, b"").ended(0).text()).unwrap();
    place.run("chat --upstream simulator:fast --continue hello", b"").ended(2);
    let first = json("chat --upstream simulator:fast --json first-words");
    assert!(first["text"].as_str().unwrap().contains("first-words"), "{first}");
    assert_eq!(first["stop_reason"], "end_turn");
    assert!(first["usage"]["input_tokens"].as_u64().unwrap() > 0, "{first}");
    let second = json("chat --upstream simulator:fast --json --continue second-words");
    assert!(second["text"].as_str().unwrap().contains("second-words"), "{second}");
    let kept = std::fs::read_to_string(place.path().join("state/conversation.json")).unwrap();
    for words in ["first-words", "second-words"] {
        assert!(kept.contains(words), "{kept}");
    }
}

#[test]
fn chat_ends_with_the_code_of_the_failure() {
    let place = Place::new();
    let chat = |words: &str| {
        let mut command = place.command("chat --upstream simulator:fast");
        command.arg(words);
        run(command, b"")
    };
    assert!(chat("fail quota").ended(4).err.starts_with("error: "));
    chat("fail overload").ended(4);
    chat("fail context").ended(6);
    chat("fail key").ended(3);
    chat("cut").ended(5);
    let mut nowhere = place.command("chat --upstream http://127.0.0.1:1 hello");
    nowhere.env("WARP_API_KEY", "wk-none");
    run(nowhere, b"").ended(5);
    let state = place.path().join("state/conversation.json");
    assert!(!state.exists(), "a failed answer is not kept");
}

#[test]
fn no_secret_is_shown_however_much_is_said() {
    let place = Place::new();
    let mut command = place.command("chat -v -v --upstream http://127.0.0.1:1 hello");
    command.env("WARP_API_KEY", "wk-hush-hush").env("WARP_REFRESH_TOKEN", "hush-too").env("WARP_JWT", "hush.hush.hush");
    let ran = run(command, b"").ended(5);
    assert!(!ran.err.contains("hush"), "{}", ran.err);
}
