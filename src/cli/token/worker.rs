//! `warp2api token worker deploy|status|remove`: a broker of the user's own at Cloudflare, which hands out short-lived
//! tokens of the user's sessions.

use std::future::Future;

use serde_json::{Value, json};

use crate::{
    cli::{
        args::{BrokerArguments, WorkerArguments, WorkerCommand, WorkerDeployArguments},
        backend,
        exit::{Exit, Failure},
        output::Output,
        settings::Settings,
        signals::Signals,
        token::desk,
    },
    credential::broker::{Broker, BrokerError, CloudflareError, Config, Deployed, Session, Standing},
    secret::Secret,
    service::{Address, is_loopback},
};

/// What the session of the setting is called.
const GIVEN: &str = "WARP_REFRESH_TOKEN";

/// Does what `arguments` say.
pub(crate) async fn run(arguments: &WorkerArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        WorkerCommand::Deploy(verb) => deploy(verb, settings, output).await,
        WorkerCommand::Status(verb) => status(verb, settings, output).await,
        WorkerCommand::Remove(verb) => remove(verb, settings, output).await,
    }
}

async fn deploy(arguments: &WorkerDeployArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let broker = broker(&arguments.broker, settings)?;
    let address = backend::address(settings)?.ok_or_else(|| {
        Failure::usage("the built-in simulator cannot be reached from Cloudflare; a broker needs another upstream")
    })?;
    let sessions = chosen(sessions(settings).await?, &arguments.accounts)?;
    warn(settings, &address, output);
    let deploying = broker.deploy(&sessions, &address, arguments.rotate_key);
    let deployed = to_its_end(deploying, output).await??;
    show_deployed(&deployed, &sessions, arguments, output)
}

async fn status(arguments: &BrokerArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let standing = broker(arguments, settings)?.status().await?;
    let Standing { url, enabled, accounts, token_urls } = &standing;
    if arguments.json {
        let known = json!({
            "name": arguments.name, "url": url, "enabled": enabled, "accounts": accounts, "token_urls": token_urls,
        });
        return Ok(output.json(&known)?);
    }
    let reachable = if *enabled { "" } else { " (switched off)" };
    let text = format!("{url}{reachable}\naccounts: {}\ntokens from: {}\n", accounts.join(", "), token_urls.join(", "));
    Ok(output.text(&text)?)
}

async fn remove(arguments: &BrokerArguments, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let removed = broker(arguments, settings)?.remove().await?;
    if arguments.json {
        output.json(&json!({"name": arguments.name, "removed": removed}))?;
    }
    output.note(&match removed {
        true => format!("{} is removed, with its secrets; tokens it has lent end within the hour", arguments.name),
        false => format!("there is no broker {}; nothing was removed", arguments.name),
    });
    Ok(())
}

/// The broker that flags and settings name.
fn broker(arguments: &BrokerArguments, settings: &Settings) -> Result<Broker, Failure> {
    let own = &settings.cloudflare;
    let (Some(api_token), Some(account_id)) = (own.api_token.clone(), own.account_id.clone()) else {
        let missing =
            [("CLOUDFLARE_API_TOKEN", own.api_token.is_none()), ("CLOUDFLARE_ACCOUNT_ID", own.account_id.is_none())];
        let missing: Vec<_> = missing.iter().filter(|(_, missing)| *missing).map(|(name, _)| *name).collect();
        let failure = Failure::usage(format!("{} must be set", missing.join(" and ")));
        return Err(failure.hint(
            "the token needs the permission Account, Workers Scripts, Edit; the dashboard shows the account's id under \
             Workers & Pages",
        ));
    };
    let config = Config {
        api_root: own.api_root.clone(),
        api_token,
        account_id,
        name: arguments.name.clone(),
        connect_timeout: settings.wire.connect_timeout,
        extra_ca_pem: backend::certificates(&settings.wire)?,
    };
    Ok(Broker::new(&config)?)
}

/// The sessions of the settings and of the store.
async fn sessions(settings: &Settings) -> Result<Vec<Session>, Failure> {
    let given = settings.credentials.refresh_token.iter().map(|refresh| (GIVEN.to_owned(), refresh.clone()));
    let stored = desk::store(settings).await?.run(|store| store.sessions()).await?;
    Ok(given.chain(stored).map(|(name, refresh)| Session { name, refresh }).collect())
}

/// Those of `sessions` that are named; all when none is.
fn chosen(sessions: Vec<Session>, names: &[String]) -> Result<Vec<Session>, Failure> {
    let known = |name: &String| sessions.iter().any(|session| session.name == *name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let failure = Failure::usage(format!("there is no session {unknown}"));
        let all: Vec<_> = sessions.iter().map(|session| session.name.as_str()).collect();
        return Err(if all.is_empty() { failure } else { failure.hint(format!("there is {}", all.join(", "))) });
    }
    let wanted = |session: &Session| names.is_empty() || names.contains(&session.name);
    Ok(sessions.into_iter().filter(wanted).collect())
}

/// Says what the broker will not do although the settings may look so.
fn warn(settings: &Settings, address: &Address, output: &mut Output) {
    if is_loopback(&address.root) {
        output.warn(&format!("{} is this machine; a Worker at Cloudflare cannot reach it", address.root));
    }
    if settings.credentials.api_key.is_some() && settings.credentials.refresh_token.is_some() {
        output.warn("WARP_API_KEY is not handed out: it does not end by itself, so it cannot be lent");
    }
}

/// Waits for `deploying`, which a signal does not break off: it would leave half a Worker. It ends by itself in a
/// minute or two at most.
async fn to_its_end<T>(deploying: impl Future<Output = T>, output: &mut Output) -> Result<T, Failure> {
    let mut signals = Signals::listen()?;
    let mut deploying = std::pin::pin!(deploying);
    tokio::select! {
        done = &mut deploying => return Ok(done),
        () = signals.next() => output.warn("finishing the deployment first; interrupt again to leave it as it is"),
    }
    tokio::select! {
        done = &mut deploying => Ok(done),
        () = signals.next() => Err(Failure::new(Exit::Interrupted, "the deployment was left as it was")
            .hint("warp2api token worker status tells what is there, remove takes it down")),
    }
}

/// Prints what others need: the settings on standard output, to be kept, and what they mean.
fn show_deployed(
    deployed: &Deployed,
    sessions: &[Session],
    arguments: &WorkerDeployArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let Deployed { url, key, created } = deployed;
    let key = key.as_ref().map(Secret::expose);
    let names: Vec<_> = sessions.iter().map(|session| session.name.as_str()).collect();
    if arguments.broker.json {
        let name = &arguments.broker.name;
        let known = json!({"name": name, "url": url, "key": key.map_or(Value::Null, Value::from), "created": created,
            "accounts": names});
        output.json(&known)?;
    } else {
        output.text(&format!("WARP2API_BROKER_URL={url}\n"))?;
        if let Some(key) = key {
            output.text(&format!("WARP2API_BROKER_KEY={key}\n"))?;
        }
    }
    output.flush()?;
    let done = if *created { "is deployed" } else { "is replaced" };
    output.note(&format!("{} {done}; it hands out tokens of {}", arguments.broker.name, names.join(", ")));
    output.note(match key {
        Some(_) => {
            "who sets these two lets warp2api take its tokens from there; whoever has the key spends your credits. The key \
             is not shown again"
        }
        None => "its key is the one that was printed before; --rotate-key makes a new one",
    });
    output.note("a new address can take a minute until it answers");
    Ok(())
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        let exit = match &error {
            BrokerError::BadName { .. } | BrokerError::TooManySessions { .. } | BrokerError::Unencrypted { .. } => {
                Exit::Usage
            }
            BrokerError::NoSession => Exit::Credential,
            BrokerError::Foreign { .. } | BrokerError::NotDeployed { .. } | BrokerError::NoSubdomain => Exit::Failed,
            BrokerError::Cloudflare(cause) | BrokerError::LeftBehind { cause, .. } => exit_of(cause),
        };
        Self::new(exit, &error).hint(error.hint())
    }
}

fn exit_of(error: &CloudflareError) -> Exit {
    match error {
        CloudflareError::Client { .. } => Exit::Usage,
        CloudflareError::Unauthorized { .. } => Exit::Credential,
        CloudflareError::Refused { status: 429, .. } => Exit::Quota,
        CloudflareError::Refused { status: 500.., .. }
        | CloudflareError::Unreachable { .. }
        | CloudflareError::Unreadable { .. } => Exit::Upstream,
        CloudflareError::Refused { .. } => Exit::Failed,
    }
}
