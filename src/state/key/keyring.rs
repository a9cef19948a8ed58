//! The key in the system's keyring: the Secret Service on Linux, the keychain on macOS, the credential manager on
//! Windows.
//!
//! A keyring may be away, or wait for a person who is; so each call has a thread of its own, which is left behind when
//! the time is up.

use std::{
    sync::mpsc::{RecvTimeoutError, sync_channel},
    time::Duration,
};

use crate::state::{StateError, key::Key};

#[cfg_attr(target_os = "linux", path = "keyring/secret_service.rs")]
#[cfg_attr(any(target_os = "macos", windows), path = "keyring/native.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "macos", windows)), path = "keyring/no_keyring.rs")]
mod system;

/// What our entries are found by, besides the database's own id.
const SERVICE: &str = "warp2api";

/// The key of `store`, if the keyring has one.
pub(super) fn read(store: &str, patience: Duration) -> Result<Option<Key>, StateError> {
    let store = store.to_owned();
    let found = within(patience, move || system::read(SERVICE, &store))?;
    Ok(found.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(Key))
}

/// Puts the key of `store` into the keyring.
pub(super) fn write(store: &str, key: &Key, patience: Duration) -> Result<(), StateError> {
    let (store, bytes) = (store.to_owned(), key.0);
    within(patience, move || system::write(SERVICE, &store, &bytes))
}

fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, StateError> {
    let (sender, receiver) = sync_channel(1);
    let keyring = |reason: String| StateError::Keyring { reason };
    let thread = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        // Nobody listens any more once the time is up.
        drop(sender.send(work()));
    });
    thread.map_err(|error| keyring(error.to_string()))?;
    match receiver.recv_timeout(patience) {
        Ok(done) => done.map_err(keyring),
        Err(RecvTimeoutError::Timeout) => Err(keyring(format!("no answer within {} s", patience.as_secs()))),
        Err(RecvTimeoutError::Disconnected) => Err(keyring("it gave no answer".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::within;

    #[test]
    fn a_keyring_that_never_answers_is_given_up() {
        let (_held, never) = std::sync::mpsc::channel::<()>();
        let stuck = within(Duration::from_millis(20), move || Ok(never.recv().is_ok()));
        assert!(stuck.unwrap_err().to_string().contains("no answer within"));
        assert!(matches!(within(Duration::from_secs(60), || Ok(1)), Ok(1)));
    }
}
