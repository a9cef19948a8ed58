//! Systems on which no keyring is known.

const NONE: &str = "none is known on this system";

pub(super) fn read(_service: &str, _store: &str) -> Result<Option<Vec<u8>>, String> {
    Err(NONE.to_owned())
}

pub(super) fn write(_service: &str, _store: &str, _key: &[u8]) -> Result<(), String> {
    Err(NONE.to_owned())
}
