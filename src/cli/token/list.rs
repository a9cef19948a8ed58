//! `warp2api token list`: the accounts of the settings and of the store. Nothing is asked of the service.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{
    cli::{
        args::TokenListArguments,
        exit::{Exit, Failure},
        output::Output,
        settings::Settings,
        table::Table,
        token::desk,
        when,
    },
    credential::{Status, Store, Stored, Tier},
};

/// What is told of one account.
struct Line {
    name: String,
    kind: &'static str,
    owner: Option<String>,
    source: &'static str,
    state: String,
    broken: bool,
    active: bool,
    since: Option<SystemTime>,
    expires: Option<SystemTime>,
}

/// Lists them.
pub(super) async fn run(
    arguments: &TokenListArguments,
    settings: &Settings,
    output: &mut Output,
) -> Result<(), Failure> {
    let store = desk::store(settings).await?;
    let lines = lines(settings, &store).await?;
    match arguments.json {
        true => output.json(&json!({"accounts": lines.iter().map(Line::json).collect::<Vec<_>>()}))?,
        false if lines.is_empty() => output.note("there is no account; sign in with `warp2api token login`"),
        false => output.text(&table(&lines))?,
    }
    output.flush()?;
    let broken: Vec<_> =
        lines.iter().filter(|line| line.broken).map(|line| format!("{} ({})", line.name, line.state)).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(Exit::Failed, format!("cannot be used any more: {}", broken.join(", ")));
    Err(failure.hint("sign in again with `warp2api token login`, or forget it with `warp2api token remove NAME`"))
}

async fn lines(settings: &Settings, store: &Store) -> Result<Vec<Line>, Failure> {
    let stored = store.run(|store| store.accounts()).await?;
    let Ok(address) = desk::address(settings) else {
        // The simulator uses none of them.
        return Ok(stored.iter().map(|stored| Line::of_stored(stored, None, None)).collect());
    };
    let pool = desk::pool(settings, &address, store.clone())?;
    let (statuses, next) = (pool.status(), pool.next_up());
    let given = statuses.iter().filter(|status| status.tier == Tier::Given);
    let mut lines: Vec<Line> = given.map(|status| Line::of_given(status, next.as_deref())).collect();
    lines.extend(stored.iter().map(|stored| {
        let status = statuses.iter().find(|status| status.id == stored.id);
        Line::of_stored(stored, status, next.as_deref())
    }));
    Ok(lines)
}

fn table(lines: &[Line]) -> String {
    let now = SystemTime::now();
    let mut table = Table::new(&["", "NAME", "KIND", "OWNER", "STATE", "SINCE", "TOKEN ENDS"], 34);
    for line in lines {
        let mark = match (line.broken, line.active) {
            (true, _) => "!",
            (false, true) => "*",
            (false, false) => " ",
        };
        let since = line.since.and_then(when::rfc3339).map(|time| time.chars().take(10).collect());
        table.row(vec![
            mark.to_owned(),
            line.name.clone(),
            line.kind.to_owned(),
            line.owner.clone().unwrap_or_default(),
            line.state.clone(),
            since.unwrap_or_default(),
            line.expires.map(|end| when::relative(end, now)).unwrap_or_default(),
        ]);
    }
    table.text()
}

impl Line {
    fn of_given(status: &Status, next: Option<&str>) -> Self {
        Self {
            name: status.account.clone(),
            kind: status.kind.name(),
            owner: None,
            source: status.tier.name(),
            state: status.state().to_owned(),
            broken: status.standing.is_out(),
            active: next == Some(&status.id),
            since: None,
            expires: status.expires.as_deref().and_then(when::parse),
        }
    }

    /// A stored account, which the pool leaves out when its session has ended.
    fn of_stored(stored: &Stored, status: Option<&Status>, next: Option<&str>) -> Self {
        let state = match (&stored.ended, status) {
            (Some(_), _) => "needs sign-in".to_owned(),
            (None, Some(status)) => status.state().to_owned(),
            (None, None) => "not used".to_owned(),
        };
        let identity = &stored.identity;
        Self {
            name: stored.name.clone(),
            kind: stored.kind.name(),
            owner: [&identity.email, &identity.display_name, &identity.uid].into_iter().flatten().next().cloned(),
            source: Tier::Stored.name(),
            state,
            broken: stored.ended.is_some() || status.is_some_and(|status| status.standing.is_out()),
            active: next == Some(&stored.id),
            since: Some(stored.added_at),
            expires: stored.expires,
        }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "kind": self.kind,
            "owner": self.owner,
            "source": self.source,
            "state": self.state,
            "broken": self.broken,
            "active": self.active,
            "since": self.since.and_then(when::rfc3339),
            "expires": self.expires.and_then(when::rfc3339),
        })
    }
}
