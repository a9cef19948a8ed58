//! What the verbs about accounts work on: the store, the service that the accounts are for, and the pool of both.
//!
//! It must not know any verb.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    cli::{
        backend,
        exit::{Exit, Failure},
        settings::Settings,
    },
    credential::{Added, Config, Identity, Login, LoginError, New, Pool, Principal, Store, StoreError, Stored},
    service::Address,
    state::StateError,
};

/// How many names are tried for an account whose own is taken.
const NAMES: usize = 100;

/// How long renewals under way have when a verb ends.
const CLOSING: Duration = Duration::from_secs(10);

/// The user's store, which may be the one that replicas share.
///
/// # Errors
/// When it cannot be opened: then there is nothing to manage.
pub(crate) async fn store(settings: &Settings) -> Result<Store, Failure> {
    if let Some(shared) = backend::open_shared(settings).await? {
        backend::insist(&shared)?;
        return Ok(Store::shared(&shared));
    }
    let Some(directory) = settings.state_directory.clone() else {
        return Err(Failure::usage("no state directory is known").hint("set WARP2API_HOME to one"));
    };
    let kind = settings.state_key;
    let opened = tokio::task::spawn_blocking(move || Store::open(&directory, kind)).await;
    Ok(opened.unwrap_or(Err(StateError::Stopped.into()))?)
}

/// The service that accounts are for.
///
/// # Errors
/// When it is the simulator in this process: its accounts end with it.
pub(crate) fn address(settings: &Settings) -> Result<Address, Failure> {
    backend::address(settings)?.ok_or_else(|| {
        Failure::usage("the built-in simulator keeps no accounts: what it gives out ends with this command")
            .hint("leave --upstream out, or name a service that goes on: --upstream https://HOST")
    })
}

/// Sign-ins at that service.
pub(super) fn login(address: &Address) -> Result<Login, Failure> {
    Ok(Login::new(address, Arc::new(SystemTime::now))?)
}

/// The pool of the settings and `store`. No anonymous account is made for a verb that only looks.
pub(crate) fn pool(settings: &Settings, address: &Address, store: Store) -> Result<Pool, Failure> {
    let accounts = backend::own_accounts(settings, address.clone());
    Ok(Pool::from_config(Config { anonymous: false, store: Some(store), ..accounts })?)
}

/// Ends `pool`: gives back what was lent. One that does not end in time is left to its lenders, who take it back.
pub(crate) async fn close(pool: &Pool) {
    if tokio::time::timeout(CLOSING, pool.close()).await.is_err() {
        tracing::warn!("a renewal under way did not end in time");
    }
}

/// Keeps the account that `new` makes of a name, under `wanted` or, where that is another's, under one like it.
pub(super) async fn keep(store: &Store, wanted: &str, new: impl Fn(&str) -> New + Send) -> Result<Added, StoreError> {
    let mut taken = StoreError::NameTaken { name: wanted.to_owned() };
    for number in 1..=NAMES {
        let name = if number == 1 { wanted.to_owned() } else { format!("{wanted}-{number}") };
        let new = new(&name);
        match store.run(move |store| store.add(&new)).await {
            Err(error @ StoreError::NameTaken { .. }) => taken = error,
            other => return other,
        }
    }
    Err(taken)
}

/// The account that was kept.
pub(super) fn account(added: &Added) -> &Stored {
    match added {
        Added::New(stored) | Added::Replaced(stored) => stored,
    }
}

/// What the store remembers of whose an account is.
pub(super) fn identity(principal: &Principal) -> Identity {
    Identity {
        uid: Some(principal.uid.clone()),
        email: principal.email.clone(),
        display_name: principal.display_name.clone(),
    }
}

/// What an account is called whose user does not say: the first part of its address.
pub(super) fn usual_name(principal: &Principal) -> String {
    let first = principal.shown().split('@').next().unwrap_or_default();
    let name: String = first.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(40).collect();
    if name.is_empty() { "account".to_owned() } else { name }
}

/// What to tell of an account that was kept, which was to be called `wanted`.
pub(super) fn told(added: &Added, wanted: &str) -> String {
    let name = &account(added).name;
    match added {
        Added::New(_) if name != wanted => format!("it is kept as `{name}`, for another account is called `{wanted}`"),
        Added::New(_) => format!("it is kept as `{name}`"),
        Added::Replaced(_) => format!("it was here already; `{name}` has the new credential now"),
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::State(_) => Exit::Failed,
            StoreError::NameTaken { .. } | StoreError::NameMalformed { .. } | StoreError::Unknown { .. } => Exit::Usage,
        };
        Self::new(exit, &error).hint(error.hint())
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        let exit = match &error {
            LoginError::Client { .. } => Exit::Usage,
            LoginError::NotKept { .. } => Exit::Failed,
            LoginError::Denied
            | LoginError::Expired
            | LoginError::Refused { .. }
            | LoginError::Malformed { .. }
            | LoginError::NotAccepted
            | LoginError::Ended { .. }
            | LoginError::Disabled { .. } => Exit::Credential,
            LoginError::Unavailable { .. } => Exit::Upstream,
        };
        Self::new(exit, &error).hint(error.hint())
    }
}
