//! The simulator as a process of its own, so that several gateways can share it.
//!
//! It says its address in the first line of standard output, then each request that it has answered in a line, and what
//! was asked of its accounts for every line of standard input. It ends with its standard input.
//!
//! Arguments: the names of its accounts with a comma, and how many seconds their tokens live.

use std::{
    collections::HashSet,
    error::Error,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, BufRead as _, Write as _},
    time::Duration,
};

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use warp2api::{
    schema::Schema,
    simulator::{Account, Config, Simulator},
};

/// How often it is looked for new requests.
const LOOKING: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [names, seconds] = arguments.as_slice() else { return Err("usage: simulator NAME,… SECONDS".into()) };
    let names: Vec<&str> = names.split(',').collect();
    let lifetime = seconds.parse()?;
    let account = |name: &&str| Account { token_lifetime_s: Some(lifetime), ..Account::named(name) };
    let config = Config { accounts: names.iter().map(account).collect(), ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config, &names))
}

async fn serve(config: Config, names: &[&str]) -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::start(config, Schema::embedded())?;
    say(&json!({"url": simulator.url()}))?;
    let (asks, mut asked) = mpsc::channel(1);
    std::thread::spawn(move || {
        for _ in io::stdin().lock().lines().map_while(Result::ok) {
            if asks.blocking_send(()).is_err() {
                return;
            }
        }
    });
    let mut seen = HashSet::new();
    loop {
        tokio::select! {
            ask = asked.recv() => match ask {
                Some(()) => {
                    tell_requests(&simulator, &mut seen)?;
                    say(&json!({"accounts": accounts(&simulator, names), "failures": simulator.failures()}))?;
                }
                None => return Ok(()),
            },
            () = tokio::time::sleep(LOOKING) => tell_requests(&simulator, &mut seen)?,
        }
    }
}

fn accounts(simulator: &Simulator, names: &[&str]) -> Map<String, Value> {
    let counts = |name: &&str| {
        let counts = simulator.counts(name)?;
        let told = json!({"turns": counts.turns, "exchanges": counts.exchanges, "repeated": counts.repeated});
        Some(((*name).to_owned(), told))
    };
    names.iter().filter_map(counts).collect()
}

/// Tells the requests that are new. Each has ids of its own, so that no two have the same body.
fn tell_requests(simulator: &Simulator, seen: &mut HashSet<u64>) -> io::Result<()> {
    for request in simulator.requests() {
        let mut hasher = DefaultHasher::new();
        request.body.hash(&mut hasher);
        if seen.insert(hasher.finish()) {
            say(&json!({
                "input": request.json["input"].to_string(),
                "metadata": request.json["metadata"],
                "account": request.account,
                "replay": format!("{:?}", request.replay),
                "status": request.status,
            }))?;
        }
    }
    Ok(())
}

fn say(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
