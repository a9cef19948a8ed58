//! Who may do what alone among all replicas. A lease lapses by itself when its holder ends without letting it go.
//!
//! A holder that was cut off for longer than a lease lives may find that another has it. What is done under a lease must
//! bear that: tables take a change only from who has read their last version.

use std::time::Duration;

use tokio::time::Instant;

use crate::state::{
    StateError,
    redis::{
        Shared,
        link::{LEASE, Link},
        read,
        scripts::{Call, LEASE_DROP, LEASE_TAKE},
    },
    vault,
};

/// The first and the longest pause before another look.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A lease that is held for as long as this lives.
pub(crate) struct Lease {
    link: Link,
    key: Vec<u8>,
    mark: Vec<u8>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("key", &String::from_utf8_lossy(&self.key)).finish_non_exhaustive()
    }
}

impl Shared {
    /// Waits for the lease `name`, no longer than `patience`.
    ///
    /// # Errors
    /// When it is not free in time, or the server is away.
    pub(crate) async fn lease(&self, name: &str, patience: Duration) -> Result<Lease, StateError> {
        let (key, mark) = (self.lease_key(name), vault::random::<16>()?);
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let taken = self.core.link.ask(take(&key, &mark)).await?;
            if read::is_yes(&taken) {
                return Ok(self.held(key, &mark));
            }
            if Instant::now() >= deadline {
                return Err(StateError::Busy { what: format!("the lease {name}"), seconds: patience.as_secs() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Takes the lease `name` if nobody holds it; this may block.
    ///
    /// # Errors
    /// When the server is away.
    pub(crate) fn try_lease(&self, name: &str) -> Result<Option<Lease>, StateError> {
        let (key, mark) = (self.lease_key(name), vault::random::<16>()?);
        let taken = self.core.link.ask_blocking(take(&key, &mark))?;
        Ok(read::is_yes(&taken).then(|| self.held(key, &mark)))
    }

    fn held(&self, key: Vec<u8>, mark: &[u8]) -> Lease {
        let link = self.core.link.clone();
        // With the queue full it lapses earlier, which its holder must bear anyway.
        link.hold_lease(&key, mark);
        Lease { link, key, mark: mark.to_vec() }
    }

    fn lease_key(&self, name: &str) -> Vec<u8> {
        self.key(&["lease", &self.core.vault.pseudonym(name.as_bytes())])
    }
}

fn take(key: &[u8], mark: &[u8]) -> Call {
    Call::new(&LEASE_TAKE, &[key]).arg(mark).number(LEASE.as_millis() as u64)
}

impl Drop for Lease {
    fn drop(&mut self) {
        let call = Call::new(&LEASE_DROP, &[&self.key]).arg(&self.mark);
        self.link.drop_lease(&self.key, &self.mark, call);
    }
}
