//! What a client key is made of: `w2a-ID-SECRET`, in hexadecimal digits. The id is public and finds the key; the secret
//! proves it.
//!
//! Only the SHA-256 of the secret is kept. A slow hash guards passwords, which people choose and others guess; this
//! secret has 160 random bits, so that nobody finds it by trying, however fast the hash is, and each request can be
//! checked at once. It must not know where keys are kept.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{clients::ClientsError, secret::Secret, state::StateError};

/// How every key begins, so that people and scanners know one when they see it.
pub const PREFIX: &str = "w2a-";

/// Bytes of the id and of the secret.
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 20;

/// The public part of a key: tells it from every other one, for ever. It is made of hexadecimal digits alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// The id that `text` is, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_hex(text, ID_BYTES).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 of a key's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

/// A key as a client sends it.
pub struct Presented {
    id: KeyId,
    digest: Digest,
}

impl Presented {
    /// The key that `bytes` are, if they look like one of ours.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (id, secret) = std::str::from_utf8(bytes).ok()?.strip_prefix(PREFIX)?.split_once('-')?;
        is_hex(secret, SECRET_BYTES).then_some(())?;
        Some(Self { id: KeyId::parse(id)?, digest: Digest::of(secret) })
    }

    /// Which key it claims to be.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// True when it is the key whose digest is `kept`. It takes the same time wherever they differ.
    #[must_use]
    pub fn is(&self, kept: &Digest) -> bool {
        self.digest.0.ct_eq(&kept.0).into()
    }
}

/// A new secret for the key `id`, or for a new key: the key as its client sends it, its id, and what to keep of it.
///
/// # Errors
/// When the system has no random numbers.
pub fn generate(id: Option<&KeyId>) -> Result<(Secret, KeyId, Digest), ClientsError> {
    let id = match id {
        Some(id) => id.clone(),
        None => KeyId(random::<ID_BYTES>()?),
    };
    let secret = random::<SECRET_BYTES>()?;
    Ok((Secret::new(&format!("{PREFIX}{id}-{secret}")), id, Digest::of(&secret)))
}

/// `N` random bytes as hexadecimal digits.
fn random<const N: usize>() -> Result<String, ClientsError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StateError::File { path: "the system's random numbers".into(), reason: error.to_string() })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// True when `text` is `bytes` bytes as this module writes them.
fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Presented, generate};

    #[test]
    fn a_key_proves_itself_and_no_other_does() {
        let (key, id, digest) = generate(None).unwrap();
        let presented = Presented::parse(key.expose().as_bytes()).unwrap();
        assert_eq!(presented.id(), &id);
        assert!(presented.is(&digest));
        let (other, same, renewed) = generate(Some(&id)).unwrap();
        assert_eq!(same, id, "a key that gets another secret stays the same key");
        assert!(!presented.is(&renewed) && !Presented::parse(other.expose().as_bytes()).unwrap().is(&digest));
        assert_ne!(generate(None).unwrap().1, id);
    }

    #[test]
    fn what_is_no_key_is_none() {
        let (key, ..) = generate(None).unwrap();
        let key = key.expose();
        assert_eq!(key.len(), 57);
        let (shorter, upper) = (&key[..key.len() - 1], key.to_uppercase());
        for wrong in ["", "w2a-", "any", shorter, &upper, &format!("{key}0"), &key.replace('-', "_"), &key[4..]] {
            assert!(Presented::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(Presented::parse(&[0xff; 57]).is_none());
    }
}
