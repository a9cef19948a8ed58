//! Where client keys are kept and counted, by the settings; and times as `clients` has them.
//!
//! It must not know any verb.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    cli::{
        backend,
        exit::{Exit, Failure},
        settings::Settings,
    },
    clients::{ClientsError, Counter, Key, Keys, SharedCounter, SharedKeys, StoredCounter, StoredKeys},
    state::Shared,
};

/// Where keys are kept, and who counts what they use.
pub(crate) type Stores = (Box<dyn Keys>, Box<dyn Counter>);

/// The stores of the settings, which are in `shared` where replicas share them; none where no place for them is known.
///
/// # Errors
/// When they cannot be had.
pub(crate) fn stores(settings: &Settings, shared: Option<&Shared>) -> Result<Option<Stores>, Failure> {
    if let Some(shared) = shared {
        return Ok(Some((Box::new(SharedKeys::new(shared)), Box::new(SharedCounter::new(shared)))));
    }
    let Some(directory) = &settings.state_directory else { return Ok(None) };
    Ok(Some((Box::new(StoredKeys::of(directory)), Box::new(StoredCounter::start(directory)?))))
}

/// The stores, for a verb that is about nothing else.
///
/// # Errors
/// When there are none.
pub(super) async fn needed(settings: &Settings) -> Result<Stores, Failure> {
    let shared = backend::open_shared(settings).await?;
    if let Some(shared) = &shared {
        backend::insist(shared)?;
    }
    let stores = stores(settings, shared.as_ref())?;
    stores.ok_or_else(|| Failure::usage("no state directory is known").hint("set WARP2API_HOME to one"))
}

/// The key in force that is called `name`.
///
/// # Errors
/// When there is none.
pub(super) async fn in_force(keys: &dyn Keys, name: &str) -> Result<Key, ClientsError> {
    let (revoked, in_force): (Vec<Key>, Vec<Key>) =
        keys.list().await?.into_iter().filter(|key| key.name == name).partition(|key| key.revoked.is_some());
    let name = name.to_owned();
    in_force.into_iter().next().ok_or(match revoked.is_empty() {
        true => ClientsError::Unknown { name },
        false => ClientsError::Revoked { name },
    })
}

/// The time in milliseconds since the Unix epoch.
pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The time that is so many milliseconds since the Unix epoch.
pub(super) fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

impl From<ClientsError> for Failure {
    fn from(error: ClientsError) -> Self {
        let exit = match &error {
            ClientsError::State(_) | ClientsError::Away { .. } => Exit::Failed,
            ClientsError::NameTaken { .. }
            | ClientsError::NameMalformed { .. }
            | ClientsError::Revoked { .. }
            | ClientsError::Unknown { .. } => Exit::Usage,
        };
        Self::new(exit, &error).hint(error.hint())
    }
}
