//! One account on loan. It is given back once, also when it is dropped.
//!
//! It must not know how a loan comes about.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        CredentialError, Kind,
        account::Account,
        exchange::ExchangeError,
        source::pool_service::{Desk, api::Allocated, ended_by},
        token::Credential,
    },
    secret::Secret,
};

/// How often giving it back is tried, and the pause between.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// An account on loan.
pub(super) struct Lent {
    desk: Arc<Desk>,
    id: String,
    name: String,
    email: Option<String>,
    session_id: String,
    end: Option<SystemTime>,
    first: Option<Credential>,
    is_back: AtomicBool,
}

impl Lent {
    /// The account of a session that was just allocated.
    pub(super) fn new(desk: Arc<Desk>, allocated: &Allocated) -> Self {
        let Allocated { session_id, end, email, local_id, .. } = allocated;
        let mark = local_id.as_ref().or(email.as_ref()).unwrap_or(session_id);
        let name = email.as_ref().or(local_id.as_ref());
        Self {
            desk,
            id: format!("pool-service/{mark}"),
            name: name.map_or_else(|| "an account of the pool service".to_owned(), Clone::clone),
            email: email.clone(),
            session_id: session_id.clone(),
            end: *end,
            first: None,
            is_back: AtomicBool::new(false),
        }
    }

    /// Gives it its first credential.
    pub(super) fn hold(&mut self, credential: Credential) {
        self.first = Some(credential);
    }

    /// It is of no use any more: the pool lets go of it at its next look.
    fn retire(&self) {
        self.desk.sessions().retain(|_, session| session.id != self.session_id);
    }

    async fn renewed(&self, refresh: &Secret) -> Result<Credential, CredentialError> {
        if !self.desk.has_time(self.end, (self.desk.clock)()) {
            return Err(self.desk.service.unusable(&format!("its session of {} ends", self.name)));
        }
        match self.desk.exchange.refresh(refresh).await {
            Ok(tokens) => {
                let refresh = tokens.refresh.unwrap_or_else(|| refresh.clone());
                Ok(Credential::Session { refresh, id: tokens.id, life: ended_by(tokens.life, self.end) })
            }
            Err(ExchangeError::Passing { reason }) => {
                Err(CredentialError::Unavailable { account: self.name.clone(), reason })
            }
            Err(error @ (ExchangeError::Dead { .. } | ExchangeError::Disabled { .. })) => {
                self.retire();
                Err(self.desk.service.unusable(&format!("its session of {} is over: {}", self.name, words(&error))))
            }
        }
    }
}

impl Account for Lent {
    fn kind(&self) -> Kind {
        match self.first {
            Some(Credential::Session { .. }) => Kind::Session,
            Some(Credential::ApiKey(_) | Credential::Bearer { .. }) | None => Kind::Token,
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn at_hand(&self) -> Option<Credential> {
        self.first.clone()
    }

    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async move {
            match held.or(self.first.as_ref()) {
                Some(Credential::Session { refresh, .. }) => self.renewed(refresh).await,
                Some(Credential::ApiKey(_) | Credential::Bearer { .. }) | None => {
                    self.retire();
                    Err(self
                        .desk
                        .service
                        .unusable(&format!("its token of {} is over, and nothing renews it", self.name)))
                }
            }
        }
        .boxed()
    }

    fn blocked(&self) -> BoxFuture<'_, ()> {
        async move {
            self.retire();
            let bearer = self.first.as_ref().map(Credential::bearer);
            if let Err(error) = self.desk.service.mark_blocked(self.email.as_deref(), bearer).await {
                tracing::warn!(account = self.name, %error, "the pool service was not told that the account is blocked");
            }
        }
        .boxed()
    }

    fn release(&self) -> BoxFuture<'_, ()> {
        if self.is_back.swap(true, Ordering::Relaxed) {
            return async {}.boxed();
        }
        self.retire();
        give_back(Arc::clone(&self.desk), self.session_id.clone()).boxed()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_back.swap(true, Ordering::Relaxed) {
            return;
        }
        // Without a runtime the process is ending; the next one gives it back.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let giving_back = give_back(Arc::clone(&self.desk), self.session_id.clone());
            self.desk.tasks.spawn_on(giving_back, &runtime);
        }
    }
}

async fn give_back(desk: Arc<Desk>, session_id: String) {
    for attempt in 1.. {
        match desk.give_back(&session_id).await {
            Ok(()) => return,
            Err(error) if error.is_passing() && attempt < ATTEMPTS => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(%error, "a loan was not given back; the next start tries again");
                return;
            }
        }
    }
}

/// Why an exchange failed, in its own words.
pub(super) fn words(error: &ExchangeError) -> &str {
    match error {
        ExchangeError::Dead { code } | ExchangeError::Disabled { code } => code,
        ExchangeError::Passing { reason } => reason,
    }
}
