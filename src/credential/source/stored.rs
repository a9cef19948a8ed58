//! The accounts of the store: what was logged in or added.
//!
//! The store is shared with other processes, so what is there is asked anew each time.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        Clock, CredentialError, Kind, Tier,
        account::Account,
        exchange::{Exchange, ExchangeError},
        source::{
            Acquired, Source,
            renewal::{Renewal, RenewalError},
        },
        store::{Store, StoreError, Stored},
        token::Credential,
    },
    secret::Secret,
    service::Address,
};

/// The accounts of one store.
pub(super) struct StoredAccounts {
    store: Store,
    address: Address,
    clock: Clock,
}

impl StoredAccounts {
    /// The accounts of `store`, for the service at `address`.
    pub(super) fn new(store: Store, address: Address, clock: Clock) -> Self {
        Self { store, address, clock }
    }

    /// The account of an entry of the store.
    pub(super) fn account(&self, stored: Stored) -> Result<Arc<dyn Account>, CredentialError> {
        Ok(match stored.kind {
            Kind::ApiKey => Arc::new(StoredKey { stored, store: self.store.clone() }),
            Kind::Session | Kind::Anonymous | Kind::Token => {
                let exchange = Exchange::new(&self.address, Arc::clone(&self.clock))?;
                let renewal = Renewal::new(self.store.clone(), stored.id.clone(), exchange, Arc::clone(&self.clock));
                Arc::new(StoredSession { stored, renewal })
            }
        })
    }

    fn accounts(&self, listed: Vec<Stored>, held: &BTreeSet<String>) -> Acquired {
        // What has to be signed in again is of no use to anyone.
        let usable = listed.into_iter().filter(|stored| stored.ended.is_none() && !held.contains(&stored.id));
        usable.map(|stored| self.account(stored)).collect()
    }
}

impl Source for StoredAccounts {
    fn tier(&self) -> Tier {
        Tier::Stored
    }

    fn at_hand(&self) -> Vec<Arc<dyn Account>> {
        let listed = self.store.accounts().map_err(unreadable);
        listed.and_then(|listed| self.accounts(listed, &BTreeSet::new())).unwrap_or_else(|error| {
            tracing::warn!(%error, "the stored accounts cannot be used");
            Vec::new()
        })
    }

    fn acquire<'a>(&'a self, wanted: usize, held: &'a BTreeSet<String>) -> BoxFuture<'a, Acquired> {
        async move {
            let listed = self.store.run(|store| store.accounts()).await.map_err(unreadable)?;
            let mut accounts = self.accounts(listed, held)?;
            accounts.truncate(wanted);
            Ok(accounts)
        }
        .boxed()
    }

    fn has(&self, id: &str) -> bool {
        self.store.has(id).unwrap_or_else(|error| {
            tracing::warn!(%error, "the store cannot be read");
            true
        })
    }
}

fn unreadable(error: StoreError) -> CredentialError {
    CredentialError::Unavailable { account: "the store".to_owned(), reason: error.to_string() }
}

/// A stored API key.
struct StoredKey {
    stored: Stored,
    store: Store,
}

impl StoredKey {
    /// The key that the store has now, which may be another than at first.
    fn key(store: &Store, id: &str) -> Result<Option<Secret>, StoreError> {
        Ok(store.session(id)?.map(|session| session.secret))
    }
}

impl Account for StoredKey {
    fn kind(&self) -> Kind {
        Kind::ApiKey
    }

    fn name(&self) -> &str {
        &self.stored.name
    }

    fn id(&self) -> &str {
        &self.stored.id
    }

    fn at_hand(&self) -> Option<Credential> {
        let key = Self::key(&self.store, &self.stored.id).unwrap_or_else(|error| {
            tracing::warn!(account = self.name(), %error, "a stored key cannot be read");
            None
        });
        key.map(Credential::ApiKey)
    }

    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async move {
            let account = self.stored.name.clone();
            let id = self.stored.id.clone();
            match self.store.run(move |store| Self::key(store, &id)).await {
                Ok(Some(key)) if held.is_none_or(|held| *held.bearer() != key) => Ok(Credential::ApiKey(key)),
                Ok(Some(_) | None) => Err(CredentialError::Refused { account }),
                Err(error) => Err(CredentialError::Unavailable { account, reason: error.to_string() }),
            }
        }
        .boxed()
    }
}

/// A stored session.
struct StoredSession {
    stored: Stored,
    renewal: Renewal,
}

impl Account for StoredSession {
    fn kind(&self) -> Kind {
        self.stored.kind
    }

    fn name(&self) -> &str {
        &self.stored.name
    }

    fn id(&self) -> &str {
        &self.stored.id
    }

    fn at_hand(&self) -> Option<Credential> {
        self.renewal.at_hand()
    }

    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async move {
            let renewed = self.renewal.renew(held.map(Credential::bearer)).await;
            if let Err(RenewalError::Exchange(ExchangeError::Dead { code }, generation)) = &renewed {
                self.renewal.ended(*generation, code).await;
            }
            renewed.map_err(|error| error.of(self.name()))
        }
        .boxed()
    }
}
