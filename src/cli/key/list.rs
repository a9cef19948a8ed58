//! `warp2api key list`: what each key may do, what it has used today, and whether it is in force.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{
    cli::{
        exit::Failure,
        key::{
            desk::{self, millis, time},
            terms,
        },
        output::Output,
        settings::Settings,
        table::Table,
        when,
    },
    clients::{Key, Standing, Used},
};

/// The widest that a cell is shown.
const WIDEST: usize = 34;

/// Lists them, those in force first.
pub(super) async fn run(json: bool, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let (keys, counter) = desk::needed(settings).await?;
    let now = SystemTime::now();
    let mut lines = Vec::new();
    for key in keys.list().await? {
        let used = counter.used(&key.id, millis(now)).await?;
        lines.push((key, used));
    }
    lines.sort_by_key(|(key, _)| key.standing(millis(now)) == Standing::Revoked);
    match json {
        true => {
            let lines: Vec<Value> = lines.iter().map(|(key, used)| for_programs(key, used, now)).collect();
            output.json(&json!({"keys": lines}))?;
        }
        false if lines.is_empty() => output.note("there is no client key; make one with `warp2api key create NAME`"),
        false => output.text(&table(&lines, now))?,
    }
    Ok(())
}

fn for_programs(key: &Key, used: &Used, now: SystemTime) -> Value {
    let mut line = terms::json(key, now);
    line["used_today"] = json!({"requests": used.requests, "tokens": used.spent.tokens, "credits": used.spent.credits});
    line["streams_now"] = json!(used.streams);
    line["last_used"] = json!(used.last_used.and_then(|millis| when::rfc3339(time(millis))));
    line
}

fn table(lines: &[(Key, Used)], now: SystemTime) -> String {
    let heads = ["NAME", "STATE", "MODELS", "APIS", "REQUESTS", "TOKENS", "CREDITS", "AT ONCE", "ENDS", "LAST USED"];
    let mut table = Table::new(&heads, WIDEST);
    for (key, used) in lines {
        let limits = &key.terms.limits;
        let minute = limits.requests_per_minute.map(|limit| format!(", {limit}/min")).unwrap_or_default();
        let relative = |millis: u64| when::relative(time(millis), now);
        let list = |names: &[String]| if names.is_empty() { "all".to_owned() } else { names.join(",") };
        table.row(vec![
            key.name.clone(),
            key.standing(millis(now)).name().to_owned(),
            list(&key.terms.models),
            list(&key.terms.dialects),
            format!("{}{minute}", used.requests),
            of(&used.spent.tokens.to_string(), limits.tokens_per_day),
            of(&rounded(used.spent.credits), limits.credits_per_day),
            of(&used.streams.to_string(), limits.streams),
            key.terms.expires.map(relative).unwrap_or_default(),
            used.last_used.map(relative).unwrap_or_default(),
        ]);
    }
    table.text()
}

/// What is used, of its limit where there is one.
fn of(used: &str, limit: Option<impl std::fmt::Display>) -> String {
    limit.map_or_else(|| used.to_owned(), |limit| format!("{used}/{limit}"))
}

/// Credits without the dust of their parts.
fn rounded(credits: f64) -> String {
    ((credits * 1000.0).round() / 1000.0).to_string()
}
