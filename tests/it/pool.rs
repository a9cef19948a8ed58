//! Turns of many clients over a pool of several accounts, each with troubles of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::task::JoinSet;
use warp2api::{
    credential::{self, Counter, New, Pool, Store},
    gateway::{Gateway, Patience, Scope},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, Account, Fault, Scenario, Simulator},
    state::KeyKind,
    turn::{Content, ErrorKind, Message, Turn, TurnError, TurnEvent},
    upstream,
};

/// How long the upstream takes for an answer.
const ROUND_TRIP: Duration = Duration::from_millis(100);

struct Bench {
    simulator: Simulator,
    pool: Pool,
    gateway: Gateway,
    _home: tempfile::TempDir,
}

/// A gateway that pays with what `store` holds, before a simulator that has `accounts`.
fn bench(accounts: Vec<Account>, fill: impl FnOnce(&Store)) -> Bench {
    let finish = json!({"finish": {"fields": {"request_cost": {"exact": 1.0}}}});
    let exchange = json!({"delay_ms": ROUND_TRIP.as_millis(), "steps": [{"text": "Served."}, finish]});
    let scenario = Scenario::parse(&json!({"exchanges": [exchange]}).to_string(), "in the test".as_ref()).unwrap();
    let config = simulator::Config { accounts, ..simulator::Config::of_scenario(scenario) };
    let simulator = Simulator::start(config, Schema::embedded()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path(), KeyKind::File).unwrap();
    fill(&store);
    let address = Address { http2_prior_knowledge: true, ..Address::new(simulator.url()) };
    let config = credential::Config { store: Some(store), ..credential::Config::new(address.clone()) };
    let pool = Pool::from_config(config).unwrap();
    let config = upstream::Config { address, ..upstream::Config::new(simulator.url()) };
    let upstream = upstream::Upstream::new(Schema::embedded(), &config).unwrap();
    let gateway = Gateway::new(upstream, Arc::new(pool.clone()), Patience::default());
    Bench { simulator, pool, gateway, _home: home }
}

fn key(store: &Store, name: &str) {
    store.add(&New::api_key(name, &Secret::new(&format!("wk-simulator-{name}")))).unwrap();
}

async fn ask(gateway: &Gateway, words: String) -> Result<String, TurnError> {
    let messages = vec![Message::User(vec![Content::Text(words)])];
    let turn = Turn { model: "auto".to_owned(), messages, ..Turn::default() };
    let mut answer = gateway.run(turn, Scope::default()).await?;
    let (mut events, mut text) = (Vec::new(), String::new());
    while answer.next(&mut events).await {}
    for event in events {
        match event {
            TurnEvent::Text(more) => text.push_str(&more),
            TurnEvent::Failed(error) => return Err(error),
            _ => {}
        }
    }
    Ok(text)
}

fn count(pool: &Pool, counter: Counter) -> u64 {
    pool.counters().into_iter().find(|(of, _)| *of == counter).unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_clients_are_served_by_whoever_still_can() {
    const CLIENTS: usize = 64;
    const TURNS: usize = 10;
    let accounts = vec![
        Account {
            faults: vec![Fault { after: 40, times: None, status: 429, retry_after: None }],
            ..Account::named("busy")
        },
        Account { credits: Some(60.0), ..Account::named("poor") },
        Account { token_lifetime_s: Some(2), ..Account::named("brief") },
    ];
    let bench = bench(accounts, |store| {
        key(store, "busy");
        key(store, "poor");
        store.add(&New::session("brief", Secret::new("simulator-refresh-brief"))).unwrap();
    });
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let gateway = bench.gateway.clone();
        clients.spawn(async move {
            let mut times = Vec::new();
            for turn in 0..TURNS {
                let begun = Instant::now();
                let text = ask(&gateway, format!("client {client}, turn {turn}")).await.unwrap();
                assert_eq!(text, "Served.");
                times.push(begun.elapsed());
            }
            times
        });
    }
    let mut times: Vec<Duration> = clients.join_all().await.into_iter().flatten().collect();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{} turns: p50 {:?}, p99 {:?}, longest {:?}", times.len(), at(0.5), at(0.99), at(1.0));
    // A wait for an account to recover would be five seconds; a round trip is a tenth of one.
    assert!(at(0.99) < Duration::from_secs(4), "{:?}", at(0.99));

    let counts = ["busy", "poor", "brief"].map(|name| bench.simulator.counts(name).unwrap());
    println!("{counts:?}");
    let served: usize = counts.iter().map(|counts| counts.turns - counts.refused).sum();
    assert_eq!(served, CLIENTS * TURNS, "every turn is served, and none twice");
    assert_eq!(counts[0].turns - counts[0].refused, 40);
    assert!(counts[1].spent >= 60.0 && counts[1].refused > 0, "what is under way when credits end is still served");
    assert!(counts[2].exchanges > 1, "its tokens ended on the way");
    assert_eq!(count(&bench.pool, Counter::Requests), (CLIENTS * TURNS) as u64);
    assert_eq!(count(&bench.pool, Counter::RateLimits), counts[0].refused as u64);
    // A turn that both refuse is one switch that worked.
    let switches = count(&bench.pool, Counter::Switches) as usize;
    let (both, most) = (counts[0].refused + counts[1].refused, counts[0].refused.max(counts[1].refused));
    assert!((most..=both).contains(&switches), "{switches} switches, {both} refusals");
    // The first exchange of each token is a renewal too.
    assert_eq!(count(&bench.pool, Counter::Renewals), counts[2].exchanges as u64);
    let states: Vec<_> = bench.pool.status().iter().map(|status| (status.account.clone(), status.state())).collect();
    assert_eq!(states[1], ("poor".to_owned(), "out of credits"));
    bench.simulator.shutdown().await;
}

#[tokio::test]
async fn when_nobody_can_serve_the_client_hears_when_and_why() {
    let limited = Fault { after: 0, times: None, status: 429, retry_after: Some(42) };
    let accounts = vec![
        Account { faults: vec![limited], ..Account::named("busy") },
        Account { credits: Some(0.0), ..Account::named("poor") },
        Account {
            faults: vec![Fault { after: 0, times: None, status: 403, retry_after: None }],
            ..Account::named("gone")
        },
    ];
    let bench = bench(accounts, |store| ["busy", "poor", "gone"].iter().for_each(|name| key(store, name)));
    ask(&bench.gateway, "hi".to_owned()).await.unwrap_err();
    let asked = ["busy", "poor", "gone"].map(|name| bench.simulator.counts(name).unwrap().turns);
    assert_eq!(asked, [1, 1, 1], "one pass over the pool");
    let error = ask(&bench.gateway, "hi again".to_owned()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    let wait = error.retry_after.unwrap();
    assert!(wait > Duration::from_secs(35) && wait <= Duration::from_secs(42), "{wait:?}");
    for reason in ["busy is rate limited for auto", "poor is out of credits", "gone: forbidden"] {
        assert!(error.message.contains(reason), "{}", error.message);
    }
    let asked = ["busy", "poor", "gone"].map(|name| bench.simulator.counts(name).unwrap().turns);
    assert_eq!(asked, [1, 1, 1], "nobody is asked again before it is time");
}

#[tokio::test]
async fn accounts_that_are_added_and_removed_come_and_go_while_the_pool_is_kept() {
    let accounts = ["one", "two"].map(Account::named).to_vec();
    let bench = bench(accounts, |store| key(store, "one"));
    assert_eq!(ask(&bench.gateway, "hi".to_owned()).await.unwrap(), "Served.");
    let names = || bench.pool.status().into_iter().map(|status| status.account).collect::<Vec<_>>();
    assert_eq!(names(), ["one"]);
    let store = Store::open(bench._home.path(), KeyKind::File).unwrap();
    key(&store, "two");
    store.remove("one").unwrap();
    bench.pool.look_after().await;
    assert_eq!(names(), ["two"]);
    assert_eq!(ask(&bench.gateway, "hi".to_owned()).await.unwrap(), "Served.");
    assert_eq!(bench.simulator.counts("two").unwrap().turns, 1);
}
