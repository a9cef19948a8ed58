//! Settings as a user's flags, variables and files resolve to: which place wins, what is refused, what is never shown.

use std::{collections::BTreeMap, ffi::OsString, fs};

use warp2api::cli::{
    Problem,
    env::{ALL, Setting},
    settings::Settings,
};

use crate::common::{Place, check_golden, root};

/// The places that a setting can come from.
#[derive(Default)]
struct Sources {
    line: &'static str,
    variables: &'static [(&'static str, &'static str)],
    dotenv: &'static str,
    file: &'static str,
}

impl Sources {
    fn resolve(&self) -> Result<Settings, Vec<Problem>> {
        let place = Place::new();
        let home = place.path().join("home");
        fs::create_dir(&home).unwrap();
        if !self.dotenv.is_empty() {
            place.write(".env", self.dotenv);
        }
        if !self.file.is_empty() {
            place.write("home/config.toml", self.file);
        }
        let mut variables: BTreeMap<String, String> =
            self.variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        variables.insert("WARP2API_HOME".to_owned(), home.to_str().unwrap().to_owned());
        let line = ["warp2api"].into_iter().chain(self.line.split_whitespace()).map(OsString::from);
        let mut settings = Settings::of_command_line(line, &variables, place.path())?;
        assert_eq!(settings.state_directory.as_deref(), Some(home.as_path()));
        settings.state_directory = Some("/state".into());
        Ok(settings)
    }

    fn problems(&self) -> Vec<String> {
        let problems = self.resolve().expect_err("these settings are wrong");
        // The directory of the test changes with every run.
        let stable = |problem: &Problem| match problem.to_string().split_once(" in /") {
            Some((before, after)) => format!("{before} in FILE{}", &after[after.find([':', ' ']).unwrap()..]),
            None => problem.to_string(),
        };
        problems.iter().map(stable).collect()
    }
}

#[test]
fn defaults() {
    let settings = Sources { line: "serve", ..Sources::default() }.resolve().unwrap();
    check_golden("tests/fixtures/settings/defaults.txt", &format!("{settings:#?}\n"));
}

#[test]
fn everything_set_with_secrets_hidden() {
    let sources = Sources {
        line: "serve --upstream h2c://127.0.0.1:9000 --listen 0.0.0.0:0 --strict",
        variables: &[
            ("API_TOKEN", "client-key-text"),
            ("WARP_API_KEY", "wk-secret-text"),
            ("WARP2API_HISTORY_CARRIER", "flatten"),
            ("WARP2API_MAX_BODY", "1MiB"),
            ("WARP2API_LOG_FORMAT", "json"),
            ("WARP2API_STATE_KEY", "keyring"),
        ],
        dotenv: "WARP_REFRESH_TOKEN='refresh-secret-text'\nWARP2API_CORS=\"https://a.example, https://b.example\"\n",
        file: "jwt = \"jwt-secret-text\"\nidle_timeout = 90\nsystem_prompt_carrier = \"query\"\nmcp_form = \"flat\"\n\
               allowed_hosts = [\"gateway.lan\", \"nas\"]\nca_file = \"/etc/ca.pem\"\nmodel = \"auto\"\n",
    };
    let shown = format!("{:#?}\n", sources.resolve().unwrap());
    assert!(!shown.contains("-text"), "a secret is shown:\n{shown}");
    check_golden("tests/fixtures/settings/everything.txt", &shown);
}

#[test]
fn flag_beats_variable_beats_dotenv_beats_file() {
    let file = "log_format = \"text\"\nupstream = \"https://file.example\"\n";
    let upstream = |line, variables, dotenv, file| {
        Sources { line, variables, dotenv, file }.resolve().unwrap().upstream.to_string()
    };
    let variable: &[(&str, &str)] = &[("WARP2API_UPSTREAM", "https://variable.example")];
    let dotenv = "WARP2API_UPSTREAM=https://dotenv.example";
    assert_eq!(upstream("chat", &[], "", ""), "https://app.warp.dev");
    assert_eq!(upstream("chat", &[], "", file), "https://file.example");
    assert_eq!(upstream("chat", &[], dotenv, file), "https://dotenv.example");
    assert_eq!(upstream("chat", variable, dotenv, file), "https://variable.example");
    assert_eq!(upstream("chat --upstream https://flag.example", variable, dotenv, file), "https://flag.example");
}

#[test]
fn an_empty_variable_is_unset() {
    let sources = Sources {
        line: "serve",
        variables: &[("PORT", ""), ("WARP_API_KEY", " ")],
        dotenv: "PORT=9",
        ..Sources::default()
    };
    let settings = sources.resolve().unwrap();
    assert_eq!(settings.serving.listen.port(), 9);
    assert!(settings.credentials.api_key.is_none());
}

#[test]
fn host_and_port_are_parts_of_the_address() {
    let listen = |line, variables, file| {
        Sources { line, variables, file, ..Sources::default() }.resolve().unwrap().serving.listen.to_string()
    };
    assert_eq!(listen("serve", &[("PORT", "9000")], ""), "127.0.0.1:9000");
    assert_eq!(listen("serve", &[("HOST", "::1")], "listen = \"127.0.0.1:7\""), "[::1]:7");
    assert_eq!(listen("serve --listen localhost:1", &[("HOST", "::1"), ("PORT", "2")], ""), "127.0.0.1:1");
}

#[test]
fn all_wrong_values_are_reported_together() {
    let sources = Sources {
        line: "serve --upstream ftp://x --log-format xml",
        variables: &[("PORT", "eighty"), ("WARP2API_IDLE_TIMEOUT", "-1"), ("WARP2API_MCP_FORM", "servers")],
        dotenv: "HOST=example.org\nWARP_API_KEY=\"wk-a\\nb\"\n",
        file: "strict = \"perhaps\"\nmax_bdy = 5\nheartbeat = { seconds = 5 }\n",
    };
    let expected = [
        "heartbeat in FILE line 3: expected text, a number or a switch, not a table",
        "max_bdy in FILE line 2: no such setting; did you mean max_body?",
        "--upstream: \"ftp://x\": expected https://HOST, http://HOST, h2c://HOST, simulator[:SCENARIO] or replay:PATH",
        "--log-format: \"xml\": expected text or json",
        "WARP_API_KEY in .env: contains a line break or another control character",
        "WARP2API_IDLE_TIMEOUT: \"-1\": expected a time from 1ms to 24h, such as 90s, 500ms or 5m",
        "HOST in .env: \"example.org\": expected an IP address such as 127.0.0.1 or ::1, or localhost",
        "PORT: \"eighty\": expected a port number from 0 to 65535",
        "strict in FILE line 1: \"perhaps\": expected true or false",
    ];
    assert_eq!(sources.problems(), expected);
}

#[test]
fn a_file_with_a_slip_is_told_by_line_without_its_text() {
    let toml = Sources { line: "serve", file: "strict = true\napi_key = wk-secret\n", ..Sources::default() }.problems();
    assert_eq!(toml.len(), 1, "{toml:?}");
    assert!(toml[0].contains("line 2") && !toml[0].contains("wk-secret"), "{toml:?}");
    let dotenv = Sources { line: "serve", dotenv: "PORT=1\nwk-secret oops\n", ..Sources::default() }.problems();
    assert_eq!(dotenv, [".env: the entry after PORT is not NAME=value"]);
}

#[test]
fn a_named_file_must_be_there() {
    let problems = Sources { line: "serve --config /no/such.toml", ..Sources::default() }.problems();
    assert!(problems[0].starts_with("/no/such.toml: cannot be read"), "{problems:?}");
}

#[test]
fn others_are_served_only_with_a_key_or_on_demand() {
    let open = Sources { line: "serve --listen 0.0.0.0:8010", ..Sources::default() };
    assert!(open.problems()[0].contains("API_TOKEN"), "{:?}", open.problems());
    let keyed = Sources { variables: &[("API_TOKEN", "k")], ..open };
    assert!(keyed.resolve().is_ok());
    let told = Sources { line: "serve --listen 0.0.0.0:8010 --allow-anonymous", ..Sources::default() };
    assert!(told.resolve().is_ok());
    let chat = Sources { line: "chat hello", variables: &[("HOST", "0.0.0.0")], ..Sources::default() };
    assert!(chat.resolve().is_ok(), "only serve listens");
}

#[test]
fn captures_are_an_upstream() {
    let settings =
        Sources { line: "serve --upstream replay:x.sse,speed=full", ..Sources::default() }.resolve().unwrap();
    assert_eq!(settings.upstream.to_string(), "the captures in x.sse");
    let problems = Sources { line: "serve --upstream replay:x.sse,speed=warp", ..Sources::default() }.problems();
    assert!(problems[0].contains("speed is recorded or full"), "{problems:?}");
}

#[test]
fn the_readme_lists_every_setting() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (begin, end) = ("<!-- settings: generated -->\n", "<!-- settings: end -->");
    let (before, rest) = readme.split_once(begin).expect("the README has a settings table");
    let (_, after) = rest.split_once(end).expect("the settings table ends");
    check_golden("README.md", &format!("{before}{begin}{}{end}{after}", table()));
}

fn table() -> String {
    let code = |name: &str| if name.is_empty() { String::new() } else { format!("`{name}`") };
    let row = |setting: &&Setting| {
        let Setting { flag, variable, key, about, default, .. } = setting;
        format!("| {} | {} | {} | {default} | {about} |\n", code(flag), code(variable), code(key))
    };
    let rows: String = ALL.iter().map(row).collect();
    format!("| flag | variable | file key | default | what it does |\n| --- | --- | --- | --- | --- |\n{rows}")
}
