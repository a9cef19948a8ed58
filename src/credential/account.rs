//! One account: its name, what kind of credential it has, and how that is renewed.
//!
//! It must not know who borrows what it yields, nor keep what it has yielded: the pool's slot holds that, and asks again
//! in time.

use futures_util::{
    FutureExt,
    future::{self, BoxFuture},
};

use crate::credential::{CredentialError, token::Credential};

/// What kind of credential an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Warp API key.
    ApiKey,
    /// A signed-in session that renews itself.
    Session,
    /// A bearer token that ends when it ends.
    Token,
    /// The identity of an installation that has not signed in.
    Anonymous,
}

impl Kind {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::Session => "session",
            Self::Token => "token",
            Self::Anonymous => "anonymous",
        }
    }
}

/// Where accounts come from, in the order in which they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// A team's pool service.
    Service,
    /// A broker that the user has deployed.
    Broker,
    /// Settings: the environment or the configuration file.
    Given,
    /// The store: what was logged in or added.
    Stored,
    /// The identity that an installation gets which has nothing else.
    Anonymous,
}

impl Tier {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "pool service",
            Self::Broker => "broker",
            Self::Given => "settings",
            Self::Stored => "store",
            Self::Anonymous => "anonymous",
        }
    }
}

/// One account.
pub(crate) trait Account: Send + Sync {
    /// What kind of credential it has.
    fn kind(&self) -> Kind;

    /// Its name in logs, errors and tables: the setting or the stored name that it comes from.
    fn name(&self) -> &str;

    /// What tells it from every other account, also from one that takes its name later; not secret.
    fn id(&self) -> &str {
        self.name()
    }

    /// The credential that is there without any call, if there is one.
    fn at_hand(&self) -> Option<Credential>;

    /// Another credential in place of `held`, which is ending, has ended or was refused.
    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>>;

    /// The upstream has blocked the account: whoever lent it hears of that.
    fn blocked(&self) -> BoxFuture<'_, ()> {
        future::ready(()).boxed()
    }

    /// The pool lets go of the account: whoever lent it gets it back.
    fn release(&self) -> BoxFuture<'_, ()> {
        future::ready(()).boxed()
    }
}
