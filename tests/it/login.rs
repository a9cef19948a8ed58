//! Signing in at the simulator: the device flow in every way it can go, and the check of keys and sessions.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::json;
use warp2api::{
    credential::{Login, LoginError, Owner, SignedIn, Timer},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{Account, Config, Scenario, Simulator},
};

/// Time that passes as soon as somebody waits for it, and is written down.
#[derive(Default)]
struct Quick(Mutex<Vec<u64>>);

impl Timer for Quick {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.lock().unwrap().iter().sum())
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.0.lock().unwrap().push(time.as_secs());
        tokio::task::yield_now().boxed()
    }
}

fn simulator(device: &[&str], accounts: Vec<Account>) -> Simulator {
    let scenario = json!({"device": device, "exchanges": [{"steps": [{"text": "Hello."}]}]});
    let scenario = Scenario::parse(&scenario.to_string(), Path::new("in the test")).unwrap();
    Simulator::start(Config { accounts, ..Config::of_scenario(scenario) }, Schema::embedded()).unwrap()
}

fn login_at(root: &str) -> Login {
    Login::new(&Address::new(root), Arc::new(SystemTime::now)).unwrap()
}

/// Signs in; returns also how long it waited each time.
async fn sign_in(simulator: &Simulator) -> (Result<SignedIn, LoginError>, Vec<u64>) {
    let login = login_at(simulator.url());
    let device = login.start().await.unwrap();
    let code = device.page.rsplit('=').next().unwrap();
    assert!(device.page.starts_with(simulator.url()) && code == device.user_code, "{device:?}");
    let timer = Quick::default();
    let outcome = login.finish(&device, &timer).await;
    (outcome, timer.0.into_inner().unwrap())
}

async fn never_kept(_: &warp2api::credential::Session) -> Result<(), String> {
    panic!("there is nothing to keep")
}

#[tokio::test]
async fn a_confirmed_device_is_a_session_that_works_and_knows_its_name() {
    let simulator = simulator(&["authorization_pending", "slow_down", "drop", "drop"], vec![Account::named("work")]);
    let (outcome, waits) = sign_in(&simulator).await;
    let signed_in = outcome.unwrap();
    assert_eq!(waits, [1, 1, 6, 10, 10], "pending keeps the interval, slow_down adds 5, a break doubles up to 10");
    assert_eq!(signed_in.principal.uid, "simulator-work");
    assert_eq!(signed_in.principal.shown(), "work@simulator.invalid");
    assert_eq!((signed_in.principal.owner, signed_in.principal.is_anonymous), (Owner::User, false));
    assert!(signed_in.session.expires().is_some());
    let again = login_at(simulator.url()).check_refresh(&signed_in.session.refresh, async |_| Ok(())).await.unwrap();
    assert_eq!(again.principal, signed_in.principal);
    assert_eq!(simulator.counts("work").unwrap().sign_ins, 1);
}

#[tokio::test]
async fn every_way_to_say_no_has_its_own_words() {
    for (answers, expected) in [
        (&["authorization_pending", "access_denied"][..], LoginError::Denied),
        (&["expired_token"], LoginError::Expired),
        (&["authorization_pending"; 700], LoginError::Expired),
        (&["invalid_scope"], LoginError::Refused { code: "invalid_scope".to_owned() }),
    ] {
        let simulator = simulator(answers, Vec::new());
        let (outcome, waits) = sign_in(&simulator).await;
        let error = outcome.unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.hint().is_empty() && waits.iter().sum::<u64>() < 600, "{waits:?}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_told_from_one_that_is_not_signed_in() {
    let ended = Account { ended: Some("USER_DISABLED".to_owned()), ..Account::named("gone") };
    let simulator = simulator(&[], vec![ended]);
    let disabled = LoginError::Disabled { code: "USER_DISABLED".to_owned() };
    assert_eq!(sign_in(&simulator).await.0.unwrap_err(), disabled);
    let login = login_at(simulator.url());
    let refresh = Secret::new("simulator-refresh-gone");
    assert_eq!(login.check_refresh(&refresh, never_kept).await.unwrap_err(), disabled);
    let key = login.check_key(&Secret::new("wk-simulator-gone")).await.unwrap_err();
    assert!(matches!(&key, LoginError::Disabled { code } if code.contains("User not in context")), "{key}");
}

#[tokio::test]
async fn a_key_is_checked_and_names_its_owner() {
    let team = Account { owner: warp2api::simulator::Owner::Team, ..Account::named("team") };
    let robot = Account { owner: warp2api::simulator::Owner::ServiceAccount, ..Account::named("robot") };
    let simulator = simulator(&[], vec![team, robot]);
    let login = login_at(simulator.url());
    let (key, principal) = login.check_key(&Secret::new("simulator-team")).await.unwrap();
    assert_eq!((key.expose(), principal.owner), ("wk-simulator-team", Owner::Team));
    let (_, principal) = login.check_key(&Secret::new("wk-simulator-robot")).await.unwrap();
    assert_eq!(principal.owner, Owner::ServiceAccount);
    for (text, expected) in [
        ("wk-canary-5d1f", LoginError::NotAccepted),
        ("", LoginError::Malformed { what: "an API key" }),
        ("wk-canary 5d1f", LoginError::Malformed { what: "an API key" }),
        ("eyJcanary.5d1f.x", LoginError::Malformed { what: "an API key" }),
    ] {
        let error = login.check_key(&Secret::new(text)).await.unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("canary"));
    }
}

#[tokio::test]
async fn a_session_is_kept_before_it_is_used() {
    let simulator = simulator(&[], vec![Account::named("work")]);
    let login = login_at(simulator.url());
    let given = Secret::new("simulator-refresh-work");
    let failed = login.check_refresh(&given, async |_| Err("the disk is full".to_owned())).await.unwrap_err();
    assert_eq!(failed, LoginError::NotKept { reason: "the disk is full".to_owned() });
    let kept = Mutex::new(None);
    let keep = async |session: &warp2api::credential::Session| {
        *kept.lock().unwrap() = Some(session.refresh.clone());
        Ok(())
    };
    let signed_in = login.check_refresh(&given, keep).await.expect("what was not kept was not used, so it lives");
    assert_eq!(kept.into_inner().unwrap(), Some(signed_in.session.refresh.clone()));
    assert_ne!(signed_in.session.refresh, given, "it rotates");
    let ended = login.check_refresh(&given, never_kept).await.unwrap_err();
    assert_eq!(ended, LoginError::Ended { code: "INVALID_REFRESH_TOKEN".to_owned() });
    let malformed = login.check_refresh(&Secret::new("two words"), never_kept).await.unwrap_err();
    assert_eq!(malformed, LoginError::Malformed { what: "a refresh token" });
}

#[tokio::test]
async fn nobody_there_is_said_so_at_every_step() {
    let login = login_at("http://127.0.0.1:9");
    assert!(matches!(login.start().await, Err(LoginError::Unavailable { .. })));
    let refreshed = login.check_refresh(&Secret::new("canary-5d1f"), never_kept).await.unwrap_err();
    assert!(matches!(refreshed, LoginError::Unavailable { .. }) && !format!("{refreshed:?}").contains("canary"));
    let checked = login.check_key(&Secret::new("wk-1")).await.unwrap_err();
    assert!(
        matches!(&checked, LoginError::Unavailable { reason } if reason.contains("cannot be reached")),
        "{checked}"
    );
}

#[tokio::test]
async fn what_is_signed_in_shows_no_secret() {
    let simulator = simulator(&[], Vec::new());
    let (outcome, _) = sign_in(&simulator).await;
    let signed_in = outcome.unwrap();
    let shown = format!("{signed_in:?}");
    for secret in [&signed_in.session.refresh, &signed_in.session.id] {
        assert!(!shown.contains(secret.expose()), "{shown}");
    }
}
