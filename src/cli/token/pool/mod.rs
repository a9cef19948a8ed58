//! `warp2api token pool …`: how accounts are shared out. One file a verb.
//!
//! Running servers tell the store how their pools stand; what is read there is theirs, not this process's.

use std::time::SystemTime;

use serde_json::Value;

use crate::{
    cli::{
        args::{PoolArguments, PoolCommand},
        exit::Failure,
        output::Output,
        settings::Settings,
        when,
    },
    credential::Pool,
};

mod credits;
mod refill;
mod status;
mod why;

/// Does what `arguments` say.
pub(super) async fn run(arguments: &PoolArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    match arguments.command {
        PoolCommand::Status { json, watch, no_quota } => {
            status::run(status::Manner { json, watch, quota: !no_quota }, settings, output).await
        }
        PoolCommand::Why { json } => why::run(json, settings, output).await,
        PoolCommand::Refill { json } => refill::run(json, settings, output).await,
    }
}

/// The text of a field of a snapshot; empty where there is none.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// How far the time in a field is from `now`.
fn distance(value: &Value, field: &str, now: SystemTime) -> Option<String> {
    value[field].as_str().and_then(when::parse).map(|time| when::relative(time, now))
}

/// The objects of a field that is a list.
fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// The names of a pool's accounts.
fn names(pool: &Pool) -> Vec<String> {
    pool.status().into_iter().map(|status| status.account).collect()
}
