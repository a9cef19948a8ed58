//! What seals secrets at rest: XChaCha20-Poly1305 under the state's key, each value bound to its place, so that none can
//! be read, changed, or put where another was.
//!
//! It must not know what it seals.

use std::path::Path;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};

use sha2::{Digest as _, Sha256};

use crate::state::{
    Database, KeyKind, StateError,
    key::{self, Key},
};

/// How a sealed value begins: the form it has.
const FORM: u8 = 1;

/// How long a nonce is. At this length random ones never meet.
const NONCE: usize = 24;

/// Seals and opens.
#[derive(Clone)]
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
    /// What pseudonyms are made with; the key cannot be told from it.
    naming: [u8; 32],
}

impl Vault {
    /// The vault of `database` in `directory`. A new database gets a key of `kind`; another's key is found where it was
    /// put, and must be the one.
    pub(super) fn open(database: &Database, directory: &Path, kind: KeyKind) -> Result<Self, StateError> {
        key::open(database, directory, kind).map(|key| Self::new(&key))
    }

    /// The vault that `key` opens.
    pub(super) fn new(key: &Key) -> Self {
        let naming = Sha256::new().chain_update(b"pseudonyms").chain_update(key.0).finalize().into();
        Self { cipher: XChaCha20Poly1305::new((&key.0).into()), naming }
    }

    /// A name for `text` that nobody without the key can link to it.
    pub(crate) fn pseudonym(&self, text: &[u8]) -> String {
        self.digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A digest of `text` that nobody without the key can link to it.
    pub(super) fn digest(&self, text: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.naming).chain_update(text).finalize().into()
    }

    /// Seals `plain` for `place`.
    pub(crate) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StateError> {
        let nonce = random::<NONCE>()?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        // Only what is longer than memory can hold is refused.
        let sealed = sealed.map_err(|_| StateError::Sealed { place: place.to_owned() })?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for `place`.
    pub(crate) fn open_sealed(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StateError> {
        let opened = || {
            let rest = sealed.strip_prefix(&[FORM])?;
            let (nonce, text) = rest.split_first_chunk::<NONCE>()?;
            self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: place.as_bytes() }).ok()
        };
        opened().ok_or_else(|| StateError::Sealed { place: place.to_owned() })
    }
}

/// Random bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StateError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StateError::File { path: "the system's random numbers".into(), reason: error.to_string() })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Key, Vault};

    #[test]
    fn what_is_sealed_opens_in_its_place_with_its_key_and_nowhere_else() {
        let vault = Vault::new(&Key([7; 32]));
        let sealed = vault.seal("secrets/a", b"refresh").unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"refresh"));
        assert_eq!(vault.open_sealed("secrets/a", &sealed).unwrap(), b"refresh");
        assert!(vault.open_sealed("secrets/b", &sealed).is_err(), "moved");
        assert!(Vault::new(&Key([8; 32])).open_sealed("secrets/a", &sealed).is_err(), "another key");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(vault.open_sealed("secrets/a", &changed).is_err(), "byte {place}");
            assert!(vault.open_sealed("secrets/a", &sealed[..place]).is_err(), "cut at {place}");
        }
        assert_ne!(vault.seal("secrets/a", b"refresh").unwrap(), sealed, "each sealing is its own");
    }

    #[test]
    fn a_pseudonym_stays_the_same_with_the_key() {
        let name = |key, text: &[u8]| Vault::new(&Key([key; 32])).pseudonym(text);
        assert_eq!(name(7, b"key"), name(7, b"key"));
        assert!(name(7, b"key") != name(7, b"other") && name(7, b"key") != name(8, b"key"));
    }
}
