//! `config`: what it shows is what holds and whence, what it checks is everything, and the files in `deploy/` that it
//! generates are true.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Place, Ran, check_golden, root, run};

/// Runs `line` with `variables`, and without those that other tests need.
fn config(place: &Place, line: &str, variables: &[(&str, &str)]) -> Ran {
    let mut command = place.command(line);
    for name in ["WARP2API_BRIDGE_LISTEN", "WARP2API_STATE_KEY", "WARP2API_ANONYMOUS", "WARP2API_HOME"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    run(command, b"")
}

/// The settings that `config show --json` tells of.
fn shown(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.out).unwrap()
}

fn setting<'a>(document: &'a Value, name: &str) -> &'a Value {
    let settings = document["settings"].as_array().unwrap();
    settings.iter().find(|setting| setting["name"] == name).unwrap_or_else(|| panic!("{name} is not shown"))
}

/// The lines of the example that hold settings, without the sign that keeps them from holding.
fn entries(example: &str) -> impl Iterator<Item = &str> {
    let is_entry = |line: &&str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains([' ', '#']));
    example.lines().filter_map(|line| line.strip_prefix('#')).filter(is_entry)
}

#[test]
fn the_example_is_up_to_date_and_every_line_of_it_holds() {
    let place = Place::new();
    let example = config(&place, "config example", &[]).ended(0);
    check_golden("deploy/config.example.toml", example.text());
    let lines: Vec<_> = entries(example.text()).collect();
    assert!(lines.len() > 40, "only {} entries", lines.len());
    place.write("whole.toml", lines.join("\n"));
    config(&place, "config check whole.toml", &[]).ended(0);
    place.write("untouched.toml", example.text());
    config(&place, "config check untouched.toml", &[]).ended(0);
}

#[test]
fn the_schema_is_up_to_date_and_the_example_follows_it() {
    let place = Place::new();
    let schema = config(&place, "config schema", &[]).ended(0);
    let document: Value = serde_json::from_slice(&schema.out).unwrap();
    check_golden("deploy/config.schema.json", &format!("{document:#}\n"));
    assert!(jsonschema::meta::is_valid(&document));
    let validator = jsonschema::validator_for(&document).unwrap();
    let example = fs::read_to_string(root().join("deploy/config.example.toml")).unwrap();
    let as_json = |text: &str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    let whole = as_json(&entries(&example).collect::<Vec<_>>().join("\n"));
    let properties = document["properties"].as_object().unwrap();
    assert_eq!(whole.as_object().unwrap().len(), properties.len());
    let wrong: Vec<_> = validator.iter_errors(&whole).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (key, property) in properties {
        assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        if let Some(default) = property.get("default") {
            assert!(validator.is_valid(&json!({ key: default })), "{key}: {default}");
        }
        assert!(!validator.is_valid(&json!({ key: {"a": 1} })), "{key} takes a table");
    }
}

#[test]
fn the_schema_refuses_what_the_program_refuses() {
    let place = Place::new();
    let schema: Value = serde_json::from_slice(&config(&place, "config schema", &[]).ended(0).out).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (key, wrong) in [
        ("max_bdy", json!("64MiB")),
        ("max_body", json!("big")),
        ("max_body", json!(0)),
        ("strict", json!("perhaps")),
        ("heartbeat", json!("soon")),
        ("heartbeat", json!(86_401)),
        ("mcp_form", json!("other")),
        ("pool_size", json!(65)),
        ("listen", json!("8010")),
        ("pool_service", json!("pool.example")),
        ("api_key", json!("a\nb")),
        ("client_keys", json!(["a b"])),
    ] {
        assert!(!validator.is_valid(&json!({ key: wrong })), "{key} = {wrong}");
        place.write("one.toml", format!("{key} = {wrong}\n"));
        let told = config(&place, "config check one.toml", &[]).ended(2);
        assert!(told.err.contains(&format!("{key} in one.toml line 1: ")), "{}", told.err);
    }
}

#[test]
fn every_value_is_shown_with_its_place() {
    let place = Place::new();
    place.write(
        "my.toml",
        "# mine\nmax_body = \"1MiB\"\nclient_keys = [\"hidden-one\", \"hidden-two\"]\ncors = [\"*\"]\n",
    );
    place.write(".env", "WARP2API_HEARTBEAT=7s\n");
    let variables = [("WARP_API_KEY", "wk-hidden"), ("PORT", "9000"), ("WARP2API_CONFIG", "my.toml")];
    let line = "config show --json --upstream simulator --strict --record tapes";
    let ran = config(&place, line, &variables).ended(0);
    assert!(!ran.text().contains("hidden"), "{}", ran.text());
    let document = shown(&ran);
    let told = |name: &str| {
        let setting = setting(&document, name);
        let text = |of: &str| setting[of].as_str().unwrap_or("-").to_owned();
        [text("value"), text("source"), text("place")].join(" | ")
    };
    assert_eq!(told("upstream"), "simulator | flag | --upstream");
    assert_eq!(told("strict"), "true | flag | --strict");
    assert_eq!(told("record"), "tapes | flag | --record");
    assert_eq!(told("listen"), "127.0.0.1:9000 | variable | PORT");
    assert_eq!(told("PORT"), "9000 | variable | PORT");
    assert_eq!(told("HOST"), "127.0.0.1 | default | -");
    assert_eq!(told("heartbeat"), "7s | .env | WARP2API_HEARTBEAT in .env");
    assert_eq!(told("max_body"), "1MiB | file | max_body in my.toml line 2");
    assert_eq!(told("cors"), "* | file | cors in my.toml line 4");
    assert_eq!(told("idle_timeout"), "300s | default | -");
    assert_eq!(told("api_key"), "- | variable | WARP_API_KEY");
    assert_eq!(told("client_keys"), "- | file | client_keys in my.toml line 3");
    let secret = setting(&document, "api_key");
    assert_eq!((&secret["secret"], &secret["set"]), (&json!(true), &json!(true)));
    assert_eq!((&document["file"], &document["problems"]), (&json!("my.toml"), &json!([])));

    let table = config(&place, &line.replace("--json ", ""), &variables).ended(0);
    let row = |name: &str| {
        let row = table.text().lines().find(|line| line.split_whitespace().next() == Some(name));
        row.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("api_key"), "api_key set WARP_API_KEY");
    assert_eq!(row("refresh_token"), "refresh_token not set default");
    assert_eq!(row("max_body"), "max_body 1MiB max_body in my.toml line 2");
    assert!(!table.text().contains("hidden"));
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn the_platform_s_places_are_told() {
    let place = Place::new();
    let document = shown(&config(&place, "config show --json", &[]).ended(0));
    for (name, below) in
        [("WARP2API_HOME", ".local/state/warp2api"), ("WARP2API_CONFIG", ".config/warp2api/config.toml")]
    {
        let setting = setting(&document, name);
        assert_eq!(setting["value"], place.path().join(below).display().to_string());
        assert_eq!((&setting["source"], &setting["set"]), (&json!("default"), &json!(false)));
    }
}

#[test]
fn an_address_is_told_as_it_comes_out() {
    let place = Place::new();
    place.write("my.toml", "listen = \"127.0.0.1:7\"\n");
    let variables = [("HOST", "::1"), ("WARP2API_CONFIG", "my.toml")];
    let told = |line: &str| {
        let document = shown(&config(&place, line, &variables).ended(0));
        let one = |name| {
            let setting = setting(&document, name);
            format!("{} {}", setting["value"].as_str().unwrap(), setting["source"].as_str().unwrap())
        };
        [one("listen"), one("HOST"), one("PORT")]
    };
    assert_eq!(told("config show --json"), ["[::1]:7 variable", "::1 variable", "7 file"]);
    assert_eq!(told("config show --json --listen 127.0.0.1:8"), ["127.0.0.1:8 flag", "127.0.0.1 flag", "8 flag"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let place = Place::new();
    place.write(
        "my.toml",
        "max_bdy = 5\n\nheartbeat = \"soon\"\nstrict = { a = 1 }\nmcp_form = \"sever\"\nidle_timeout = 0\n\
         broker = \"https://me:hush@host\"\nupstream = [\"http://127.0.0.1:1\", \"x\"]\n",
    );
    place.write(".env", "WARP2API_HARTBEAT=7s\nWARP2API_IDLE_TIMEOUT=9s\n");
    let variables = [("PORT", "eighty"), ("WARP2API_STRCT", "1")];
    let told = config(&place, "config check my.toml --listen 0.0.0.0:1", &variables).ended(2);
    for expected in [
        "max_bdy in my.toml line 1: no such setting; did you mean max_body?",
        "heartbeat in my.toml line 3: \"soon\": expected a time",
        "strict in my.toml line 4: expected text, a number or a switch, not a table",
        "mcp_form in my.toml line 5: \"sever\": expected servers or flat",
        "broker in my.toml line 7: \"https://[hidden]@host\": must not hold a user name or password",
        "upstream in my.toml line 8: expected one value, not a list",
        // A variable replaces it, and it is wrong all the same.
        "idle_timeout in my.toml line 6: \"0\": expected a time",
        "listening on 0.0.0.0:1: others can reach this address",
        "warning: WARP2API_STRCT: no such setting; did you mean WARP2API_STRICT?",
        "warning: WARP2API_HARTBEAT in .env: no such setting; did you mean WARP2API_HEARTBEAT?",
    ] {
        assert!(told.err.contains(expected), "{expected}\nis missing in\n{}", told.err);
    }
    // A flag makes both parts of the address, so that neither variable is looked at; without it, one is wrong.
    assert!(config(&place, "config check my.toml", &variables).ended(2).err.contains("PORT: \"eighty\""));
    assert_eq!((told.text(), told.err.matches("max_bdy").count(), told.err.matches("hush").count()), ("", 1, 0));

    let json = config(&place, "config check my.toml --json", &variables).ended(2);
    let document: Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!((&document["ok"], &document["file"]), (&json!(false), &json!("my.toml")));
    assert_eq!(document["problems"].as_array().unwrap().len(), 8, "{document:#}");
    assert_eq!(document["warnings"].as_array().unwrap().len(), 2, "{document:#}");
}

#[test]
fn what_is_wrong_is_shown_and_told() {
    let place = Place::new();
    place.write("my.toml", "heartbeat = \"soon\"\n");
    let ran = config(&place, "config show --config my.toml", &[]).ended(2);
    assert!(ran.text().contains("max_body") && ran.text().contains("soon"), "{}", ran.text());
    assert!(ran.err.contains("heartbeat in my.toml line 1"), "{}", ran.err);
    let ran = config(&place, "config show --json --config my.toml", &[]).ended(2);
    assert_eq!(shown(&ran)["problems"][0]["place"], "heartbeat in my.toml line 1");
}

#[test]
fn a_good_file_is_told_so_and_a_missing_one_too() {
    let place = Place::new();
    place.write("my.toml", "strict = true\n");
    let ran = config(&place, "config check my.toml", &[]).ended(0);
    assert_eq!((ran.text(), &*ran.err), ("", "nothing is wrong with the settings; the file is my.toml\n"));
    assert!(config(&place, "config check none.toml", &[]).ended(2).err.contains("none.toml: cannot be read"));
    let secret = place.write("slip.toml", "strict = true\napi_key = wk-hidden\n");
    let ran = config(&place, &format!("config check {}", secret.display()), &[]).ended(2);
    assert!(ran.err.contains("slip.toml line 2") && !ran.err.contains("hidden"), "{}", ran.err);
}
