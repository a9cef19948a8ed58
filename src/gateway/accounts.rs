//! The accounts as those see them who look after a running gateway. It must not know who that is.

use serde_json::Value;

use crate::{
    gateway::{Gateway, no_credential},
    metrics::{Accounts, Credits},
    turn::TurnError,
};

impl Gateway {
    /// How the accounts stand, without anything secret.
    #[must_use]
    pub fn accounts(&self) -> Value {
        self.core.credentials.snapshot()
    }

    /// How the accounts stand, in numbers.
    #[must_use]
    pub fn readings(&self) -> Accounts {
        let pool = &self.core.credentials;
        let known = pool.status().into_iter().filter_map(|status| self.core.quotas.quota(&status.id)?.bounds());
        let credits = known.fold(None, |sum: Option<Credits>, (limit, remaining)| {
            let sum = sum.unwrap_or_default();
            Some(Credits { limit: sum.limit + limit, remaining: sum.remaining + remaining })
        });
        Accounts { credits, ..pool.readings() }
    }

    /// Has the bearer of the account that would serve next renewed.
    ///
    /// # Errors
    /// When there is no account, or its credential cannot be renewed.
    pub async fn renew_account(&self) -> Result<Renewal, TurnError> {
        let pool = &self.core.credentials;
        let lease = pool.lease().await.map_err(|error| no_credential(&error))?;
        if !lease.is_renewable() {
            return Ok(Renewal::NotNeeded(lease.account().to_owned()));
        }
        let renewed = pool.renew(&lease).await.map_err(|error| no_credential(&error))?;
        Ok(Renewal::Done(renewed.account().to_owned()))
    }
}

/// What came of a renewal, with the account's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// Its bearer is new.
    Done(String),
    /// It has an API key, which is never renewed.
    NotNeeded(String),
}
