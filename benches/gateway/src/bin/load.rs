//! The load generator: `load --target ADDRESS:PORT --dialect NAME --order ORDER [--streams N] [--seconds S]
//! [--requests N] [--hold SECONDS]`. Prints what came of it as one JSON object, and ends with 1 when an answer was not
//! whole.
//!
//! With `--hold` it opens as many answers as there are streams within so many seconds, prints `{"open":N}`, and waits for
//! lines on standard input: after the first it notes times, after the second it ends.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use bench::{
    dialect::Dialect,
    load::{self, Outcome, Plan},
    order::Order,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    task::LocalSet,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let (plan, patience) = arguments()?;
    let work = async {
        match patience {
            None => load::run(plan).await,
            Some(patience) => hold(plan, patience).await,
        }
    };
    let outcome = LocalSet::new().run_until(work).await?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(if outcome.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn arguments() -> anyhow::Result<(Plan, Option<Duration>)> {
    let mut plan = Plan {
        target: ([127, 0, 0, 1], 0).into(),
        dialect: Dialect::Raw,
        order: Order::default(),
        streams: 1,
        time: Duration::from_secs(3600),
        requests: u64::MAX,
    };
    let mut patience = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--target" => plan.target = value.parse()?,
            "--dialect" => plan.dialect = Dialect::named(&value)?,
            "--order" => plan.order = Order::parse(&value)?,
            "--streams" => plan.streams = value.parse()?,
            "--seconds" => plan.time = Duration::try_from_secs_f64(value.parse()?)?,
            "--requests" => plan.requests = value.parse()?,
            "--hold" => patience = Some(Duration::try_from_secs_f64(value.parse()?)?),
            _ => bail!("unknown argument {name:?}"),
        }
    }
    Ok((plan, patience))
}

async fn hold(plan: Plan, patience: Duration) -> anyhow::Result<Outcome> {
    let streams = plan.streams;
    let mut held = load::hold(plan, patience).await?;
    println!("{{\"open\":{streams}}}");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    lines.next_line().await?;
    held.note();
    lines.next_line().await?;
    Ok(held.end())
}
