//! `warp2api token pool status`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};

use crate::{
    cli::{
        exit::Failure,
        output::Output,
        settings::Settings,
        signals::Signals,
        table::{Table, cut},
        token::{
            desk,
            pool::{credits, distance, items, text},
        },
        when,
    },
    credential::{Pool, Store},
    service::Address,
};

/// How often a watched pool is looked at, and how often the service is asked meanwhile.
const ROUND: Duration = Duration::from_secs(2);
const ASKING: Duration = Duration::from_secs(60);

/// The widest that a cell is shown, and that a name is: the whole must fit 80 columns.
const WIDEST: usize = 21;
const WIDEST_NAME: usize = 16;

/// Clears the terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// How it is told.
pub(super) struct Manner {
    pub(super) json: bool,
    pub(super) watch: bool,
    /// Whether the service is asked what the accounts may still spend.
    pub(super) quota: bool,
}

/// What is looked at.
struct View {
    store: Store,
    pool: Pool,
    address: Address,
    /// What the accounts may still spend, and when that was asked.
    credits: Option<(BTreeMap<String, Value>, Instant)>,
}

/// Tells how every account stands.
pub(super) async fn run(manner: Manner, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let address = desk::address(settings)?;
    let store = desk::store(settings).await?;
    let pool = desk::pool(settings, &address, store.clone())?;
    let mut view = View { store, pool, address, credits: None };
    let told = view.tell(&manner, output).await;
    desk::close(&view.pool).await;
    told
}

impl View {
    async fn tell(&mut self, manner: &Manner, output: &mut Output) -> Result<(), Failure> {
        if !manner.watch {
            let picture = self.picture(manner.quota).await?;
            return show(&picture, manner, output);
        }
        let mut signals = Signals::listen()?;
        loop {
            let round = async {
                let picture = self.picture(manner.quota).await?;
                show(&picture, manner, output)?;
                tokio::time::sleep(ROUND).await;
                Ok::<_, Failure>(())
            };
            tokio::select! {
                round = round => round?,
                () = signals.next() => return Ok(()),
            }
        }
    }

    /// Everything there is to tell: running servers' pools, else this one; and what was counted in all times.
    async fn picture(&mut self, quota: bool) -> Result<Value, Failure> {
        let (servers, counted) = self.store.run(|store| Ok((store.pools()?, store.counters()?))).await?;
        let own = servers.is_empty().then(|| self.pool.snapshot());
        let is_due = self.credits.as_ref().is_none_or(|(_, asked)| asked.elapsed() > ASKING);
        if quota && is_due {
            self.credits = Some((credits::ask(&self.pool, &self.address).await?, Instant::now()));
        }
        let credits = self.credits.as_ref().map(|(credits, _)| credits);
        Ok(json!({"servers": servers, "idle": own, "all_time": counted, "credits": credits}))
    }
}

fn show(picture: &Value, manner: &Manner, output: &mut Output) -> Result<(), Failure> {
    if manner.json {
        output.json(picture)?;
    } else {
        if manner.watch && output.manner().data_terminal {
            output.data(CLEAR.as_bytes())?;
        }
        output.text(&page(picture, SystemTime::now()))?;
    }
    Ok(output.flush()?)
}

/// The whole of it for a person.
fn page(picture: &Value, now: SystemTime) -> String {
    let mut page = String::new();
    for server in items(picture, "servers") {
        // Writing to text cannot fail.
        let _ = writeln!(page, "A server's pool, as it told {}:", distance(server, "at", now).unwrap_or_default());
        page += &block(server, &picture["credits"], now);
        page.push('\n');
    }
    if picture["idle"].is_object() {
        page += "No server runs with this state; one would begin with:\n";
        page += &block(&picture["idle"], &picture["credits"], now);
        page.push('\n');
    }
    let counted = counters(&picture["all_time"]);
    page += &format!("in all times: {}\n", if counted.is_empty() { "nothing yet" } else { &counted });
    page
}

fn block(snapshot: &Value, credits: &Value, now: SystemTime) -> String {
    let accounts = items(snapshot, "accounts");
    if accounts.is_empty() {
        return "no account; sign in with `warp2api token login`\n".to_owned();
    }
    let mut table = Table::new(&["ACCOUNT", "SOURCE", "STATE", "ASKED", "CREDITS", "ENDS IN"], WIDEST);
    for account in accounts {
        let name = text(account, "account");
        table.row(vec![
            cut(name, WIDEST_NAME),
            text(account, "source").to_owned(),
            state(account, now),
            account["requests"].to_string(),
            credits::short(credits.get(name)),
            ends_in(account, now).unwrap_or_default(),
        ]);
    }
    let mut block = table.text();
    block += &format!("{} ready, {} wanted; ", snapshot["ready"], snapshot["size"]);
    block += &counters(&snapshot["counters"]);
    block.push('\n');
    for account in accounts.iter().filter(|account| account["problem"].is_string()) {
        block += &format!("{}: {}\n", text(account, "account"), text(account, "problem"));
    }
    block
}

fn ends_in(account: &Value, now: SystemTime) -> Option<String> {
    let end = account["expires"].as_str().and_then(when::parse)?;
    Some(end.duration_since(now).map_or_else(|_| "over".to_owned(), when::span))
}

/// An account's state, with how long its rest is to last.
fn state(account: &Value, now: SystemTime) -> String {
    let state = text(account, "state");
    let rests = items(account, "rests").iter().filter(|rest| rest["model"].is_null());
    let ends = rests.filter_map(|rest| rest["until"].as_str().and_then(when::parse)).max();
    match ends.and_then(|end| end.duration_since(now).ok()) {
        Some(left) => format!("{state} {}", when::span(left)),
        None => state.to_owned(),
    }
}

/// What was counted, without what is nought.
fn counters(counters: &Value) -> String {
    let counters = counters.as_object().into_iter().flatten().filter(|(_, count)| count.as_i64() != Some(0));
    let told: Vec<_> = counters.map(|(name, count)| format!("{} {count}", name.replace('_', " "))).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_fits_a_terminal_and_says_what_keeps_accounts() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_263_050);
        let at = |seconds| when::rfc3339(now + Duration::from_secs(seconds));
        let account = |name: &str, state: &str, rests: Value| {
            json!({"account": name, "id": name, "source": "pool service", "kind": "anonymous", "state": state,
                "rests": rests, "requests": 12345, "expires": at(3500), "problem": null})
        };
        let resting = json!([{"reason": "out of credits", "model": null, "until": at(900)}]);
        let snapshot = json!({"at": at(0), "size": 3, "ready": 1, "counters": {"requests": 7, "renewals": 0}, "accounts": [
            account("somebody.with.a.long.name", "ready", json!([])),
            account("spare", "out of credits", resting),
        ]});
        let credits = json!({"spare": {"remaining": 0, "limit": 300}});
        let page = page(&json!({"servers": [snapshot], "all_time": {}, "credits": credits}), now);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        for told in ["out of credits 15 min", "0/300", "58 min", "1 ready, 3 wanted; requests 7\n", "nothing yet"] {
            assert!(page.contains(told), "{told}:\n{page}");
        }
    }
}
