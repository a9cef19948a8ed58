//! macOS and Windows: the keychain, and the credential manager.

use keyring::{Entry, Error};

pub(super) fn read(service: &str, store: &str) -> Result<Option<Vec<u8>>, String> {
    match Entry::new(service, store).and_then(|entry| entry.get_secret()) {
        Ok(key) => Ok(Some(key)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn write(service: &str, store: &str, key: &[u8]) -> Result<(), String> {
    Entry::new(service, store).and_then(|entry| entry.set_secret(key)).map_err(|error| error.to_string())
}
