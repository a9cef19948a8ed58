//! A bearer on loan: what the borrower may see of it, and what the lender hears at the end.
//!
//! It must not know how a bearer is renewed.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    credential::{Kind, slot::Slot, token::Credential},
    secret::Secret,
};

/// How the upstream took a lent bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It served.
    Done,
    /// It was not accepted, and renewing it did not help.
    Unauthorized,
    /// Too many requests for now.
    RateLimited {
        /// How long the upstream asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// The account has no credits left.
    OutOfCredits {
        /// How long until it gets new ones, where that is known.
        refresh_in: Option<Duration>,
    },
    /// The account may not do this.
    Forbidden,
    /// Something failed that says nothing about the credential.
    Failed,
}

/// A bearer on loan. One that is dropped unsettled, because its borrower went away, says nothing about the account.
pub struct Lease {
    bearer: Secret,
    expires: Option<SystemTime>,
    generation: u64,
    model: String,
    slot: Arc<Slot>,
}

impl Lease {
    /// Lends the bearer of `credential`, the `generation`-th of the slot's account, for a request of `model`. The slot
    /// has counted it.
    pub(crate) fn new(credential: &Credential, generation: u64, model: &str, slot: Arc<Slot>) -> Self {
        let (expires, _) = credential.life().times();
        Self { bearer: credential.bearer().clone(), expires, generation, model: model.to_owned(), slot }
    }

    /// The text for the `Authorization` header.
    #[must_use]
    pub fn bearer(&self) -> &Secret {
        &self.bearer
    }

    /// When the bearer ends, where that is known.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The name of the account that pays.
    #[must_use]
    pub fn account(&self) -> &str {
        self.slot.account()
    }

    /// What tells the account from every other, also from one that takes its name later.
    #[must_use]
    pub fn account_id(&self) -> &str {
        self.slot.id()
    }

    /// False for a credential that stays as it is for as long as it lives: there is nothing to renew it with.
    #[must_use]
    pub fn is_renewable(&self) -> bool {
        self.slot.kind() != Kind::ApiKey
    }

    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Which of the account's successive credentials this is.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.slot.returned();
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("account", &self.account()).finish_non_exhaustive()
    }
}
