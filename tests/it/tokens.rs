//! `warp2api token …` and `models` with the real binary, against the simulator over HTTP.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use warp2api::{
    schema::Schema,
    simulator::{Account, Config, Scenario, Simulator},
};

use crate::common::{Place, Ran, Running, run};

/// How every secret of the simulator begins.
const SECRETS: [&str; 3] = ["simulator-refresh", "wk-simulator", "eyJ"];

/// A user with a state directory, and a service.
struct User {
    place: Place,
    simulator: Simulator,
    /// What the simulator runs on.
    _runtime: tokio::runtime::Runtime,
}

impl User {
    fn new(accounts: Vec<Account>) -> Self {
        Self::with_device(accounts, &["authorization_pending"])
    }

    fn with_device(accounts: Vec<Account>, device: &[&str]) -> Self {
        let scenario = json!({"device": device, "exchanges": [{"steps": [{"text": "Hello."}]}]});
        let scenario = Scenario::parse(&scenario.to_string(), Path::new("in the test")).unwrap();
        let config = Config { accounts, fast: true, ..Config::of_scenario(scenario) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = {
            let _inside = runtime.enter();
            Simulator::start(config, Schema::embedded()).unwrap()
        };
        Self { place: Place::new(), simulator, _runtime: runtime }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.place.command(line);
        command.env("WARP2API_UPSTREAM", self.simulator.url());
        command
    }

    /// Runs `line`, which must not show any secret.
    fn run(&self, line: &str, input: &str) -> Ran {
        let ran = run(self.command(line), input.as_bytes());
        for secret in SECRETS {
            assert!(!ran.err.contains(secret) && !ran.text().contains(secret), "{line} shows a secret: {ran:?}");
        }
        ran
    }

    /// Runs `line`, which prints a secret.
    fn reveal(&self, line: &str) -> Ran {
        let ran = run(self.command(line), b"");
        assert!(SECRETS.iter().all(|secret| !ran.err.contains(secret)), "{line}: {}", ran.err);
        ran
    }

    fn json(&self, line: &str, code: i32) -> Value {
        serde_json::from_str(self.run(line, "").ended(code).text()).unwrap()
    }

    fn add(&self, name: &str, secret: &str) {
        self.run(&format!("token add {name}"), secret).ended(0);
    }

    /// A server that this user runs.
    fn serve(&self) -> (Running, String) {
        let mut command = self.command("serve --listen 127.0.0.1:0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = Running(command.spawn().unwrap());
        let banner = server.wait_for("/v1/chat/completions");
        let (_, rest) = banner.split_once("http://").unwrap();
        (server, rest.split_whitespace().next().unwrap().to_owned())
    }
}

fn named(names: &[&str]) -> Vec<Account> {
    names.iter().map(|name| Account::named(name)).collect()
}

fn spendable(name: &str, used: f64) -> Account {
    Account { credits: Some(300.0), used, ..Account::named(name) }
}

#[test]
fn a_sign_in_is_kept_under_the_first_part_of_the_address() {
    let user = User::new(named(&["work", "spare"]));
    let ran = user.run("token login --no-browser", "").ended(0);
    assert!(ran.out.is_empty() && ran.err.contains(&format!("Open {}", user.simulator.url())), "{ran:?}");
    assert!(ran.err.contains("code ") && ran.err.contains("signed in as work@simulator.invalid"), "{}", ran.err);
    let accounts = user.json("token list --json", 0);
    let account = &accounts["accounts"][0];
    assert_eq!((&account["name"], &account["kind"]), (&json!("work"), &json!("session")));
    assert_eq!((&account["owner"], &account["state"]), (&json!("work@simulator.invalid"), &json!("ready")));
    assert_eq!((&account["active"], &account["broken"]), (&json!(true), &json!(false)));
    assert!(account["since"].is_string() && account["expires"].is_string(), "{account}");
    let again = user.run("token login --name mine", "").ended(0);
    assert!(again.err.contains("here already; `work`"), "the same person is the same account: {}", again.err);
    user.simulator.sign_in_as("spare");
    let other = user.run("token login --name work", "").ended(0);
    assert!(other.err.contains("kept as `work-2`"), "a session is never lost to a name: {}", other.err);
    user.run("chat hello", "").ended(0);
}

#[test]
fn every_way_a_sign_in_fails_has_its_words_and_code() {
    for (device, words) in [
        (&["authorization_pending", "access_denied"][..], "refused in the browser"),
        (&["expired_token"], "nobody confirmed"),
        (&["invalid_scope"], "invalid_scope"),
    ] {
        let user = User::with_device(named(&["work"]), device);
        let ran = user.run("token login --no-browser", "").ended(3);
        assert!(ran.err.contains(words) && ran.err.contains("hint: "), "{}", ran.err);
        assert_eq!(user.json("token list --json", 0)["accounts"], json!([]));
    }
    let nobody = Place::new().run("token login --upstream http://127.0.0.1:9", b"").ended(5);
    assert!(nobody.err.contains("network") && nobody.err.contains("http://127.0.0.1:9"), "{}", nobody.err);
    let ended = Account { ended: Some("USER_DISABLED".to_owned()), ..Account::named("gone") };
    let disabled = User::new(vec![ended]).run("token login", "").ended(3);
    assert!(disabled.err.contains("USER_DISABLED"), "{}", disabled.err);
    let slow = User::with_device(named(&["work"]), &["slow_down", "drop"]);
    slow.run("token login", "").ended(0);
}

#[cfg(unix)]
#[test]
fn an_interrupted_sign_in_ends_with_130() {
    let user = User::with_device(named(&["work"]), &["authorization_pending"; 600]);
    let mut command = user.command("token login");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    running.wait_for("code ");
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(130));
}

#[test]
fn what_is_added_is_checked_and_named() {
    let user = User::new(named(&["work", "spare"]));
    let key = user.run("token add", "wk-simulator-work\n").ended(0);
    assert!(key.err.contains("work@simulator.invalid's; it is kept as `work`"), "{}", key.err);
    let session = user.run("token add second --kind refresh", "simulator-refresh-spare").ended(0);
    assert!(session.err.contains("spare@simulator.invalid's; it is kept as `second`"), "{}", session.err);
    let accounts = user.json("token list --json", 0);
    let names: Vec<_> = accounts["accounts"].as_array().unwrap().iter().map(|account| &account["name"]).collect();
    assert_eq!(names, ["work", "second"]);
    user.run("chat hello", "").ended(0);
}

#[test]
fn what_is_not_good_is_not_kept() {
    let user = User::new(named(&["work"]));
    user.run("token add", "wk-canary-5d1f").ended(3);
    user.run("token add --kind refresh", "simulator-refresh-nobody").ended(3);
    user.run("token add", "").ended(6);
    let jwt = user.run("token add", &format!("{}.{}.c2ln", "eyJhbGciOiJub25lIn0", "e30")).ended(6);
    assert!(jwt.err.contains("WARP_JWT"), "{}", jwt.err);
    for line in ["token add wk-canary-5d1f", "token add work wk-canary-5d1f", "token add two words more"] {
        let ran = user.run(line, "wk-simulator-work").ended(2);
        assert!(ran.err.contains("command line") && !ran.err.contains("canary"), "{line}: {}", ran.err);
    }
    assert_eq!(user.json("token list --json", 0)["accounts"], json!([]));
}

#[test]
fn accounts_are_renamed_and_removed() {
    let user = User::new(named(&["work"]));
    user.add("a", "wk-simulator-work");
    user.run("token rename a b", "").ended(0);
    user.run("token rename a c", "").ended(2);
    assert!(user.run("token remove a", "").ended(2).err.contains("token list"));
    assert!(user.run("token remove b", "").ended(0).err.contains("revoked"));
    let empty = user.run("token list", "").ended(0);
    assert!(empty.out.is_empty() && empty.err.contains("token login"), "{empty:?}");
}

#[test]
fn a_broken_account_is_marked_and_tells_by_the_code() {
    let dying = Account { token_lifetime_s: Some(3), ..Account::named("dying") };
    let user = User::new(vec![dying, Account::named("work")]);
    user.add("dying", "simulator-refresh-dying");
    user.add("work", "wk-simulator-work");
    let healthy = user.run("token list", "").ended(0);
    assert!(healthy.text().lines().any(|line| line.starts_with('*')), "{}", healthy.text());
    // A copy of the state goes on with the session, so that the token kept here is dead.
    let (here, copy) = (user.place.path().join("state"), user.place.path().join("copy"));
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&here).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            continue;
        }
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    std::thread::sleep(std::time::Duration::from_millis(3100));
    for line in ["token remove work", "chat hello"] {
        let mut elsewhere = user.command(line);
        elsewhere.env("WARP2API_HOME", &copy);
        run(elsewhere, b"").ended(0);
    }
    let dead = user.run("token acquire --account dying", "").ended(3);
    assert!(dead.err.contains("has ended"), "{}", dead.err);
    let listed = user.run("token list", "").ended(1);
    assert!(listed.text().lines().any(|line| line.starts_with("!  dying")), "{}", listed.text());
    assert!(listed.err.contains("dying (needs sign-in)") && listed.err.contains("token login"), "{}", listed.err);
    let tried = user.run("token pool refill", "").ended(0);
    assert!(tried.text().contains("work: good") && tried.text().contains("dying: its session"), "{}", tried.text());
    let worker = user.json("token list --json", 1);
    assert_eq!(worker["accounts"][0]["broken"], true);
}

#[test]
fn one_token_and_nothing_else() {
    let user = User::new(named(&["work", "spare"]));
    let none = user.run("token acquire", "").ended(3);
    assert!(none.out.is_empty() && none.err.contains("token login"), "{none:?}");
    user.add("work", "simulator-refresh-work");
    let token = user.reveal("token acquire").ended(0);
    assert!(token.text().starts_with("eyJ") && token.text().lines().count() == 1 && token.err.is_empty(), "{token:?}");
    let header = user.reveal("token acquire --format header").ended(0);
    assert_eq!(header.text(), format!("Authorization: Bearer {}", token.text()), "the same while it lives");
    let env = user.reveal("token acquire --format env").ended(0);
    assert_eq!(env.text(), format!("WARP_JWT={}", token.text()));
    let object: Value = serde_json::from_str(user.reveal("token acquire --format json").ended(0).text()).unwrap();
    assert_eq!((&object["account"], &object["kind"]), (&json!("work"), &json!("session")));
    assert!(object["expires"].is_string());
    let long = user.run("token acquire --min-ttl 5h", "").ended(3);
    assert!(long.err.contains("lasts 5 h") && long.out.is_empty(), "{long:?}");
    user.run("token acquire --min-ttl soon", "").ended(2);
    assert!(user.run("token acquire --account nobody", "").ended(3).err.contains("there is work"));
    user.add("key", "wk-simulator-spare");
    let key = user.reveal("token acquire --account key --format env").ended(0);
    assert_eq!(key.text(), "WARP_API_KEY=wk-simulator-spare\n");
    let simulated = user.run("token acquire --upstream simulator", "").ended(2);
    assert!(simulated.err.contains("built-in simulator"), "{}", simulated.err);
}

#[test]
fn a_token_is_inspected_without_being_shown() {
    let user = User::new(named(&["work"]));
    user.add("work", "simulator-refresh-work");
    let token = user.reveal("token acquire").ended(0).text().to_owned();
    let shown = user.run("token inspect", &token).ended(0);
    assert!(shown.text().contains("not expired") && shown.text().contains("(in "), "{}", shown.text());
    let file = user.place.write("header", format!("Authorization: Bearer {token}"));
    let object = user.json(&format!("token inspect --json {}", file.display()), 0);
    assert_eq!((&object["kind"], &object["expired"]), (&json!("JWT"), &json!(false)), "{object}");
    assert!(object["expires_in_s"].as_i64().unwrap() > 60 && object["issuer"].is_string(), "{object}");
    let key = user.run("token inspect", "wk-simulator-work").ended(0);
    assert!(key.text().starts_with("kind      API key\n"), "{}", key.text());
    for wrong in ["", "nothing of the sort", "a.b.c"] {
        user.run("token inspect", wrong).ended(6);
    }
}

#[test]
fn the_pool_is_told_from_running_servers_while_they_run() {
    let user = User::new(vec![spendable("work", 12.0), Account::named("spare")]);
    user.add("work", "wk-simulator-work");
    user.add("spare", "simulator-refresh-spare");
    let idle = user.json("token pool status --json", 0);
    assert_eq!((&idle["servers"], &idle["idle"]["accounts"][0]["account"]), (&json!([]), &json!("work")));
    assert_eq!(idle["credits"]["work"]["remaining"], 288, "{}", idle["credits"]);
    let page = user.run("token pool status --no-quota", "").ended(0);
    assert!(page.text().contains("No server runs") && page.text().contains("2 ready, 3 wanted"), "{}", page.text());
    let idle_why = user.run("token pool why", "").ended(0);
    assert!(idle_why.out.is_empty() && idle_why.err.contains("no server runs"), "{idle_why:?}");
    let (server, address) = user.serve();
    let body = r#"{"model":"auto","messages":[{"role":"user","content":"Hello"}]}"#;
    let answer = post(&address, body);
    assert!(answer.contains("200 OK"), "{answer}");
    let told = |picture: &Value| picture["servers"][0]["counters"]["requests"].as_u64().unwrap_or_default() > 1;
    // The server writes down what has changed every two seconds.
    let picture = (0..100)
        .map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(200));
            user.json("token pool status --json --no-quota", 0)
        })
        .find(told);
    let picture = picture.expect("the server tells how its pool stands");
    assert!(picture["credits"].is_null() && picture["idle"].is_null(), "{picture}");
    assert!(picture["all_time"]["requests"].as_u64().unwrap() > 1, "{picture}");
    let why = user.run("token pool why", "").ended(0);
    assert!(why.text().contains("auto went to "), "{}", why.text());
    assert!(!user.json("token pool why --json", 0)["choices"].as_array().unwrap().is_empty());
    assert!(user.run("token list", "").ended(0).text().contains("spare"));
    user.reveal("token acquire").ended(0);
    drop(server);
}

#[cfg(unix)]
#[test]
fn a_watched_pool_is_told_line_by_line_until_it_is_enough() {
    use std::io::{BufRead as _, BufReader};
    let user = User::new(named(&["work"]));
    user.add("work", "wk-simulator-work");
    let mut command = user.command("token pool status --watch --json");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut watch = Running(command.spawn().unwrap());
    let lines = BufReader::new(watch.0.stdout.take().unwrap()).lines().take(2);
    for line in lines {
        let picture: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(picture["idle"]["accounts"][0]["account"], "work");
        assert!(picture["credits"]["work"].is_object(), "{picture}");
    }
    let pid = watch.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(watch.0.wait().unwrap().code(), Some(0));
}

/// Sends one request for a completion; gives the whole answer.
fn post(address: &str, body: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn one_anonymous_account_is_announced_made_and_kept() {
    let user = User::new(Vec::new());
    let chat = || {
        let mut command = user.command("chat hello");
        command.env("WARP2API_ANONYMOUS", "true");
        run(command, b"").ended(0)
    };
    let mut looking = user.command("token acquire");
    looking.env("WARP2API_ANONYMOUS", "true");
    run(looking, b"").ended(3);
    assert_eq!(user.simulator.anonymous_users(), 0, "none is made for who only looks");
    let first = chat();
    assert!(first.err.contains("nobody has signed in") && first.err.contains("WARP2API_ANONYMOUS"), "{}", first.err);
    let second = chat();
    assert!(!second.err.contains("nobody has signed in"), "{}", second.err);
    assert_eq!(user.simulator.anonymous_users(), 1);
    let listed = user.json("token list --json", 0);
    assert_eq!(listed["accounts"][0]["kind"], "anonymous", "{listed}");
}

#[test]
fn a_refill_gives_every_account_another_chance() {
    let spent = Account { credits: Some(1.0), used: 1.0, ..Account::named("spent") };
    let user = User::new(vec![spent]);
    user.run("token pool refill", "").ended(3);
    user.add("spent", "wk-simulator-spent");
    user.run("chat hello", "").ended(4);
    let listed = user.json("token list --json", 0);
    assert_eq!(listed["accounts"][0]["state"], "out of credits", "{listed}");
    let tried = user.json("token pool refill --json", 0);
    assert_eq!(
        tried["accounts"],
        json!([{"account": "spent", "good": true, "owner": "spent@simulator.invalid",
        "problem": null}])
    );
    let listed = user.json("token list --json", 0);
    assert_eq!(listed["accounts"][0]["state"], "ready", "{listed}");
}

#[test]
fn models_are_listed_and_kept_for_an_hour() {
    let user = User::new(named(&["work", "spare"]));
    user.run("models", "").ended(3);
    user.add("work", "wk-simulator-work");
    let page = user.run("models", "").ended(0);
    assert!(page.text().lines().next().unwrap().contains("MODEL") && page.text().contains("*  auto"), "{page:?}");
    assert!(page.text().contains("x1"), "{page:?}");
    let file = user.place.path().join("state/models.json");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777, 0o600);
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    kept["default"] = "kept".into();
    std::fs::write(&file, kept.to_string()).unwrap();
    assert_eq!(user.json("models --json", 0)["default"], "kept");
    let fresh = user.json("models --json --refresh", 0);
    assert_eq!((&fresh["default"], &fresh["models"][0]["vision"]), (&json!("auto"), &json!(true)), "{fresh}");
    kept["fetched_at"] = "2026-01-01T00:00:00Z".into();
    std::fs::write(&file, kept.to_string()).unwrap();
    assert_eq!(user.json("models --json", 0)["default"], "auto", "an old list is not believed");
    std::fs::write(&file, "nonsense").unwrap();
    user.run("models", "").ended(0);
    user.run("token remove work", "").ended(0);
    user.add("spare", "wk-simulator-spare");
    let mut nobody = user.command("models");
    nobody.env("WARP2API_UPSTREAM", "http://127.0.0.1:9");
    run(nobody, b"").ended(5);
    assert!(Place::new().run("models --upstream simulator", b"").ended(0).text().contains("auto"));
}

#[test]
fn a_store_that_cannot_be_opened_is_told() {
    let user = User::new(named(&["work"]));
    std::fs::create_dir(user.place.path().join("state")).unwrap();
    user.place.write("state/state.db", "this is no database, however long it is read");
    for line in ["token list", "token acquire", "token login", "token pool status"] {
        let ran = user.run(line, "").ended(1);
        assert!(ran.err.contains("state.db") && ran.err.contains("hint: "), "{line}: {}", ran.err);
    }
}
