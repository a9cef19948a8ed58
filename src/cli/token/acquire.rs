//! `warp2api token acquire`: one fresh token on standard output, for a script.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::{
    cli::{
        args::{AcquireArguments, AcquiredForm},
        exit::{Exit, Failure},
        output::Output,
        settings::Settings,
        token::desk,
        values, when,
    },
    credential::{CredentialError, Kind, Lease, Pool},
};

/// How long a token is to last where the user does not say.
const USUAL: Duration = Duration::from_secs(300);

/// Prints a token.
pub(super) async fn run(arguments: &AcquireArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let least = arguments.min_ttl.as_deref().map(values::duration).transpose();
    let least = least.map_err(|expected| Failure::usage(format!("--min-ttl: {expected}")))?;
    let address = desk::address(settings)?;
    let pool = desk::pool(settings, &address, desk::store(settings).await?)?;
    let acquired = acquire(&pool, arguments.account.as_deref(), least).await;
    let shown = match &acquired {
        Ok(lease) => show(&pool, lease, arguments.format, output),
        Err(_) => Ok(()),
    };
    let result = acquired.map(drop).and(shown);
    desk::close(&pool).await;
    result
}

async fn acquire(pool: &Pool, account: Option<&str>, least: Option<Duration>) -> Result<Lease, Failure> {
    let lease = match account {
        None => pool.lease().await?,
        Some(name) => pool.lease_of(name).await.ok_or_else(|| unknown(pool, name))??,
    };
    if lasts(&lease, least.unwrap_or(USUAL)) {
        return Ok(lease);
    }
    match (pool.renew(&lease).await, least) {
        (Ok(renewed), Some(least)) if !lasts(&renewed, least) => Err(too_short(&renewed, least)),
        (Ok(renewed), _) => Ok(renewed),
        (Err(_), None) => Ok(lease),
        (Err(error), Some(_)) => Err(error.into()),
    }
}

fn lasts(lease: &Lease, least: Duration) -> bool {
    lease.expires().is_none_or(|end| end.duration_since(SystemTime::now()).is_ok_and(|left| left >= least))
}

fn unknown(pool: &Pool, name: &str) -> Failure {
    let names: Vec<_> = pool.status().into_iter().map(|status| status.account).collect();
    let failure = Failure::new(Exit::Credential, format!("there is no account {name} that could serve"));
    match names.is_empty() {
        true => failure.hint(CredentialError::NoneConfigured.hint()),
        false => failure.hint(format!("there is {}; `warp2api token list` tells of all", names.join(", "))),
    }
}

fn too_short(lease: &Lease, least: Duration) -> Failure {
    let message = format!("no token of {} lasts {}", lease.account(), when::span(least));
    Failure::new(Exit::Credential, message).hint("ask for less: Warp's own tokens last an hour")
}

fn show(pool: &Pool, lease: &Lease, format: AcquiredForm, output: &mut Output) -> Result<(), Failure> {
    let token = lease.bearer().expose();
    let status = pool.status().into_iter().find(|status| status.id == lease.account_id());
    let kind = status.map_or(Kind::Token, |status| status.kind);
    match format {
        AcquiredForm::Token => output.text(&format!("{token}\n"))?,
        AcquiredForm::Header => output.text(&format!("Authorization: Bearer {token}\n"))?,
        AcquiredForm::Env => {
            let variable = if kind == Kind::ApiKey { "WARP_API_KEY" } else { "WARP_JWT" };
            output.text(&format!("{variable}={token}\n"))?;
        }
        AcquiredForm::Json => {
            let expires = lease.expires().and_then(when::rfc3339);
            output.json(&json!({
                "token": token, "account": lease.account(), "kind": kind.name(), "expires": expires,
            }))?;
        }
    }
    Ok(output.flush()?)
}
