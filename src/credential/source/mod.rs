//! Where accounts come from: one file a source, behind one trait.
//!
//! A new source is one file and one arm in [`from_config`]. A source must not know who borrows what its accounts yield.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{
    FutureExt,
    future::{self, BoxFuture},
};

use crate::credential::{Clock, Config, CredentialError, Tier, account::Account};

mod anonymous;
mod broker;
mod given;
mod lender;
mod pool_service;
mod renewal;
mod stored;

pub use pool_service::PoolService;

/// A place that accounts come from.
pub(crate) trait Source: Send + Sync {
    /// Which of the tiers it is.
    fn tier(&self) -> Tier;

    /// The accounts that are known without asking anyone.
    fn at_hand(&self) -> Vec<Arc<dyn Account>> {
        Vec::new()
    }

    /// Up to `wanted` further accounts, none of whose ids is in `held`; fewer when there are no more. It may take long
    /// and fail.
    fn acquire<'a>(&'a self, wanted: usize, held: &'a BTreeSet<String>) -> BoxFuture<'a, Acquired> {
        let _ = (wanted, held);
        future::ready(Ok(Vec::new())).boxed()
    }

    /// Whether [`Source::acquire`] may ever give any.
    fn can_acquire(&self) -> bool {
        false
    }

    /// The source itself, for a person to read.
    fn describe(&self) -> String {
        self.tier().name().to_owned()
    }

    /// Whether the account that has `id` is still one of this source's.
    fn has(&self, id: &str) -> bool {
        let _ = id;
        true
    }
}

/// What asking a source yields.
pub(crate) type Acquired = Result<Vec<Arc<dyn Account>>, CredentialError>;

/// The sources that `config` names, in the order of their tiers.
pub(crate) fn from_config(config: &Config, clock: &Clock) -> Result<Vec<Box<dyn Source>>, CredentialError> {
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    if let Some(service) = &config.pool_service {
        let lent = pool_service::LentAccounts::new(service, &config.address, config.store.clone(), clock)?;
        sources.push(Box::new(lent));
    }
    if let Some(broker) = &config.broker {
        sources.push(Box::new(broker::Broker::new(broker, &config.address, Arc::clone(clock))?));
    }
    if let Some(given) = given::Given::from_config(config, clock)? {
        sources.push(Box::new(given));
    }
    let nothing_is_configured = sources.is_empty();
    if let Some(store) = &config.store {
        let stored = stored::StoredAccounts::new(store.clone(), config.address.clone(), Arc::clone(clock));
        sources.push(Box::new(stored));
        if config.anonymous && nothing_is_configured {
            sources.push(Box::new(anonymous::Anonymous::new(store.clone(), &config.address, clock)?));
        }
    }
    if sources.is_empty() {
        return Err(CredentialError::NoneConfigured);
    }
    Ok(sources)
}
