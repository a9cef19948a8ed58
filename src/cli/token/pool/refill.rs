//! `warp2api token pool refill`: another chance for every account, and a look at which of them take it.

use serde_json::json;

use crate::{
    cli::{
        exit::{Exit, Failure},
        output::Output,
        settings::Settings,
        token::{desk, pool::names},
    },
    credential::{CredentialError, Login, LoginError, Pool, Store},
};

/// What became of one account: whose it is, or why it cannot serve.
type Tried = (String, Result<String, String>);

/// Forgets what stands against accounts and tries each of them.
pub(super) async fn run(as_json: bool, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let address = desk::address(settings)?;
    let store = desk::store(settings).await?;
    let login = desk::login(&address)?;
    store.run(|store| store.forgive()).await?;
    let pool = desk::pool(settings, &address, store.clone())?;
    let tried = try_all(&pool, &login, &store).await;
    desk::close(&pool).await;
    let tried = tried?;
    show(&tried, as_json, output)?;
    match tried.iter().any(|(_, outcome)| outcome.is_ok()) {
        true => Ok(()),
        false if tried.is_empty() => Err(CredentialError::NoneConfigured.into()),
        false => Err(Failure::new(Exit::Credential, "no account can serve").hint("sign in: `warp2api token login`")),
    }
}

async fn try_all(pool: &Pool, login: &Login, store: &Store) -> Result<Vec<Tried>, Failure> {
    let names = names(pool);
    let trying = names.iter().map(|name| async { (name.clone(), try_one(pool, login, name).await) });
    let mut tried = futures_util::future::join_all(trying).await;
    // The pool leaves out whose session is known to have ended.
    let stored = store.run(|store| store.accounts()).await?;
    let ended = stored.into_iter().filter(|account| !names.contains(&account.name));
    tried.extend(ended.filter_map(|account| {
        let code = account.ended?;
        Some((account.name, Err(format!("its session has ended ({code})"))))
    }));
    Ok(tried)
}

/// Asks whose the account is; with a renewed token where the one in hand is refused.
async fn try_one(pool: &Pool, login: &Login, name: &str) -> Result<String, String> {
    let lease = pool.lease_of(name).await.ok_or("it is gone")?.map_err(|error| error.to_string())?;
    let asked = match login.identify(lease.bearer()).await {
        Err(LoginError::NotAccepted) => {
            let renewed = pool.renew(&lease).await.map_err(|error| error.to_string())?;
            login.identify(renewed.bearer()).await
        }
        asked => asked,
    };
    asked.map(|principal| principal.shown().to_owned()).map_err(|error| error.to_string())
}

fn show(tried: &[Tried], as_json: bool, output: &mut Output) -> Result<(), Failure> {
    if as_json {
        let one = |(name, outcome): &Tried| {
            json!({"account": name, "good": outcome.is_ok(), "owner": outcome.as_ref().ok(),
                "problem": outcome.as_ref().err()})
        };
        output.json(&json!({"accounts": tried.iter().map(one).collect::<Vec<_>>()}))?;
    } else {
        for (name, outcome) in tried {
            let told = match outcome {
                Ok(owner) => format!("{name}: good ({owner})\n"),
                Err(problem) => format!("{name}: {problem}\n"),
            };
            output.text(&told)?;
        }
    }
    Ok(output.flush()?)
}
