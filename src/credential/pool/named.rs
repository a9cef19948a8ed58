//! What a person asks of one account by its name, or before anything is lent.
//!
//! It must not weigh accounts against one another: that is `choose`'s affair.

use std::sync::Arc;

use crate::credential::{
    CredentialError, Lease,
    pool::{Pool, Wish, choose},
    slot::Slot,
};

impl Pool {
    /// Lends a bearer of the account `name`, even while it rests: whoever names an account wants that one. None when the
    /// pool has no such account.
    ///
    /// # Errors
    /// When its credential cannot be used or renewed.
    pub async fn lease_of(&self, name: &str) -> Option<Result<Lease, CredentialError>> {
        let slot = self.slots().iter().find(|slot| slot.account() == name).cloned()?;
        Some(self.lend_of(&slot).await)
    }

    /// The id of the account that would serve the next request of a conversation that has none yet.
    #[must_use]
    pub fn next_up(&self) -> Option<String> {
        let slots = self.slots();
        let candidates: Vec<_> =
            slots.iter().map(|slot| choose::Candidate { id: slot.id(), view: slot.view("") }).collect();
        let (able, _) = choose::order(&candidates, Wish::default());
        able.first().map(|place| slots[*place].id().to_owned())
    }

    async fn lend_of(&self, slot: &Arc<Slot>) -> Result<Lease, CredentialError> {
        if let Some(lease) = slot.lend("") {
            return Ok(lease);
        }
        self.renewal(slot, slot.attempts()).await?;
        slot.lend("").ok_or_else(|| self.unavailable(slot, "the new token has already expired"))
    }
}
