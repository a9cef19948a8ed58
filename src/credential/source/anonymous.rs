//! The identity that Warp gives an installation that has not signed in (`WARP-PROTOCOL.md` §5.5): made only when there
//! is nothing else, at most once for a store, and never replaced.
//!
//! Before Warp is asked, the store is told. Whoever finds that note and no account knows that an earlier process ended
//! in between, and that an identity may have been made and lost: none is asked for again in silence.
//! It must not know who uses the account, nor how it is renewed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use reqwest::Client;
use serde_json::{Map, Value, json};
use tokio_util::task::TaskTracker;

use crate::{
    credential::{
        Clock, CredentialError, Kind, Tier,
        exchange::{Exchange, ExchangeError, Tokens},
        source::{Acquired, Source, stored::StoredAccounts},
        store::{Added, Identity, New, Store, StoreError, Stored},
    },
    secret::Secret,
    service::{self, Address, Asked, GraphqlError},
};

/// What the account is called in the store.
const NAME: &str = "anonymous";

/// The lock of whoever makes the account, and how long others wait for them: longer than all calls take at most.
const LOCK: &str = "anonymous";
const PATIENCE: Duration = Duration::from_secs(90);

/// How often the sign-in is tried, for the identity is there already, and the pause between.
const SIGN_INS: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);

const MUTATION: &str = "\
mutation CreateAnonymousUser($input: CreateAnonymousUserInput!, $rc: RequestContext!) {
  createAnonymousUser(input: $input, requestContext: $rc) {
    __typename
    ... on CreateAnonymousUserOutput { anonymousUserType expiresAt firebaseUid idToken isInviteValid }
    ... on UserFacingError { error { __typename message } }
  }
}";

const ASKED: Asked<'_> = Asked {
    operation: "CreateAnonymousUser",
    query: MUTATION,
    field: "createAnonymousUser",
    what: "an anonymous account",
};

/// Makes the one anonymous account of a store.
pub(super) struct Anonymous {
    maker: Arc<Maker>,
    accounts: StoredAccounts,
    /// Owns the making under way.
    tasks: TaskTracker,
}

struct Maker {
    store: Store,
    address: Address,
    client: Client,
    exchange: Exchange,
}

impl Anonymous {
    /// The anonymous account of `store`, at the service at `address`.
    pub(super) fn new(store: Store, address: &Address, clock: &Clock) -> Result<Self, CredentialError> {
        let client = service::builder(address).and_then(reqwest::ClientBuilder::build);
        let client = client.map_err(|error| CredentialError::Client { reason: error.without_url().to_string() })?;
        let exchange = Exchange::new(address, Arc::clone(clock))?;
        let accounts = StoredAccounts::new(store.clone(), address.clone(), Arc::clone(clock));
        let maker = Arc::new(Maker { store, address: address.clone(), client, exchange });
        Ok(Self { maker, accounts, tasks: TaskTracker::new() })
    }
}

impl Source for Anonymous {
    fn tier(&self) -> Tier {
        Tier::Anonymous
    }

    fn can_acquire(&self) -> bool {
        true
    }

    fn acquire<'a>(&'a self, wanted: usize, held: &'a BTreeSet<String>) -> BoxFuture<'a, Acquired> {
        async move {
            if wanted == 0 {
                return Ok(Vec::new());
            }
            let maker = Arc::clone(&self.maker);
            // It goes on when whoever asked goes away: an identity that was made must not be lost.
            let making = self.tasks.spawn(async move { maker.account().await });
            let made = making.await.unwrap_or_else(|_| Err(passing("the program is ending")))?;
            let made = made.filter(|stored| !held.contains(&stored.id));
            made.map(|stored| self.accounts.account(stored)).into_iter().collect()
        }
        .boxed()
    }

    fn has(&self, id: &str) -> bool {
        self.accounts.has(id)
    }
}

impl Maker {
    /// The account that the store has, or a new one if it has none of any kind.
    async fn account(&self) -> Result<Option<Stored>, CredentialError> {
        let _alone = self.store.lock(LOCK, PATIENCE).await.map_err(unusable)?;
        let stored = self.store.run(|store| store.accounts()).await.map_err(unusable)?;
        match stored.iter().find(|account| account.kind == Kind::Anonymous) {
            Some(Stored { ended: Some(code), .. }) => {
                let problem = format!("the one of this installation has ended ({code}), and it gets no other");
                Err(CredentialError::Anonymous { problem, passing: false })
            }
            Some(account) => Ok(Some(account.clone())),
            None if stored.is_empty() => self.make().await.map(Some),
            None => Ok(None),
        }
    }

    async fn make(&self) -> Result<Stored, CredentialError> {
        if !self.store.run(|store| store.intend_anonymous()).await.map_err(unusable)? {
            let problem = "Warp was asked for one before, and it is not known what came of it; it is not asked again";
            return Err(CredentialError::Anonymous { problem: problem.to_owned(), passing: false });
        }
        let (custom, uid) = match self.create().await {
            Ok(made) => made,
            Err(error) => return Err(self.not_made(error).await),
        };
        let tokens = self.sign_in(&custom).await?;
        let refresh = tokens.refresh.ok_or_else(|| lost("the sign-in brought no refresh token"))?;
        let identity = Identity { uid, ..Identity::default() };
        let new = New::anonymous(NAME, refresh).identity(identity).bearer(tokens.id, tokens.life);
        let added = self.store.run(move |store| store.add(&new)).await.map_err(unusable)?;
        tracing::warn!(
            "nobody has signed in, so Warp has given this installation an anonymous account with few credits; \
             it is kept as `{NAME}` and gets no successor. Sign in with `warp2api token login`"
        );
        match added {
            Added::New(stored) | Added::Replaced(stored) => Ok(stored),
        }
    }

    /// Asks for an identity: its custom token, and its id.
    async fn create(&self) -> Result<(Secret, Option<String>), GraphqlError> {
        let input = json!({
            "anonymousUserType": "NATIVE_CLIENT_ANONYMOUS_USER_FEATURE_GATED",
            "expirationType": "NO_EXPIRATION",
            "referralCode": null,
        });
        let variables = Map::from_iter([("input".to_owned(), input)]);
        let made: Value = ASKED.send(&self.client, &self.address, None, variables).await?;
        let text = |name: &str| made[name].as_str().filter(|text| !text.is_empty());
        // The field's name is a misnomer: it holds a custom token.
        let custom = text("idToken").ok_or_else(|| ASKED.unreadable("it holds no token"))?;
        Ok((Secret::new(custom), text("firebaseUid").map(str::to_owned)))
    }

    /// Why none was made. The note in the store stays, unless it is sure that there was none.
    async fn not_made(&self, error: GraphqlError) -> CredentialError {
        let surely_none = match &error {
            GraphqlError::Unauthorized { .. } | GraphqlError::Refused { .. } => true,
            GraphqlError::Status { status, .. } => *status < 500,
            GraphqlError::Unreachable { sent, .. } => !sent,
            GraphqlError::Unreadable { .. } => false,
        };
        if !surely_none {
            return lost(&error.to_string());
        }
        if let Err(error) = self.store.run(|store| store.forget_anonymous_intent()).await {
            return unusable(error);
        }
        let passing = matches!(error, GraphqlError::Unreachable { .. } | GraphqlError::Status { status: 429, .. });
        CredentialError::Anonymous { problem: error.to_string(), passing }
    }

    async fn sign_in(&self, custom: &Secret) -> Result<Tokens, CredentialError> {
        let mut reason = String::new();
        for attempt in 0..SIGN_INS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            match self.exchange.sign_in(custom).await {
                Ok(tokens) => return Ok(tokens),
                Err(ExchangeError::Dead { code } | ExchangeError::Disabled { code }) => return Err(lost(&code)),
                Err(ExchangeError::Passing { reason: passing }) => reason = passing,
            }
        }
        Err(lost(&reason))
    }
}

/// One may have been made, but it cannot be used.
fn lost(reason: &str) -> CredentialError {
    let problem = format!("Warp was asked for one, and it went wrong half-way ({reason}); it is not asked again");
    CredentialError::Anonymous { problem, passing: false }
}

fn passing(reason: &str) -> CredentialError {
    CredentialError::Anonymous { problem: reason.to_owned(), passing: true }
}

fn unusable(error: StoreError) -> CredentialError {
    passing(&error.to_string())
}
