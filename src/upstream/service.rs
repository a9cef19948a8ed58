//! One upstream, ready to use: its requests, its calls, its answers and its models behind one handle.
//!
//! It must not know which credential is spent or how often something is tried.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    models::Catalogue,
    schema::Schema,
    secret::Secret,
    service::{Address, GraphqlError},
    turn::{ErrorKind, Quota, Turn, TurnError},
    upstream::{
        assemble::Assembler,
        catalogue,
        client::{Client, Events},
        config::Config,
        entry::Call,
        event::{EventError, Reader},
        failure::Failure,
        quota,
        reach::Reach,
        request::{Builder, Built, Continued, Given, Past},
        tap::Taps,
    },
};

/// One upstream. Everything in it is resolved once and shared by all turns.
#[derive(Debug)]
pub struct Upstream {
    client: Client,
    builder: Builder,
    reader: Arc<Reader>,
    address: Address,
    catalogue: RwLock<Arc<Catalogue>>,
}

impl Upstream {
    /// The upstream that `config` names, speaking in messages of `schema`.
    ///
    /// # Errors
    /// When the schema is not one of Warp's protocol, or no HTTP client can be made.
    pub fn new(schema: Schema, config: &Config) -> Result<Self, TurnError> {
        let reader = Reader::new(&schema).map_err(|error| TurnError::new(ErrorKind::Internal, error.to_string()))?;
        Ok(Self {
            client: Client::new(config)?,
            builder: Builder::new(schema, config),
            reader: Arc::new(reader),
            address: config.address.clone(),
            catalogue: RwLock::default(),
        })
    }

    /// See [`Builder::build`].
    ///
    /// # Errors
    /// When something in the turn has no place on the wire.
    pub fn build(&self, turn: &Turn, past: &Past, given: Given<'_>) -> Result<Built, TurnError> {
        self.builder.build(turn, past, given)
    }

    /// See [`Builder::refuse`].
    ///
    /// # Errors
    /// When something in the turn has no place on the wire.
    pub fn refuse(&self, turn: &Turn, past: Continued, calls: &[Call], now: &str) -> Result<Built, TurnError> {
        self.builder.refuse(turn, past, calls, now)
    }

    /// See [`Builder::insist`].
    ///
    /// # Errors
    /// When something in the turn has no place on the wire.
    pub fn insist(&self, turn: &Turn, past: Continued, wish: String, now: &str) -> Result<Built, TurnError> {
        self.builder.insist(turn, past, wish, now)
    }

    /// See [`Client::call`].
    ///
    /// # Errors
    /// When no stream of events comes.
    pub async fn call(&self, body: Bytes, bearer: &Secret, taps: Taps) -> Result<Events, Failure> {
        self.client.call(body, bearer, taps).await
    }

    /// An assembler for the answer to a request that sent `tasks`.
    ///
    /// # Errors
    /// When a task is not well-formed.
    pub fn assembler(&self, tasks: &[Bytes]) -> Result<Assembler, EventError> {
        Assembler::with_reader(Arc::clone(&self.reader)).with_sent(tasks)
    }

    /// The models there are, as far as is known now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the list of models of the account that `bearer` belongs to; until then the built-in table serves.
    ///
    /// # Errors
    /// When the upstream does not give the list.
    pub async fn load_catalogue(&self, bearer: &Secret) -> Result<(), GraphqlError> {
        let read = self.seen(catalogue::fetch(self.client.http(), &self.address, bearer).await)?;
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }

    /// Reads what the account that `bearer` belongs to may still spend.
    ///
    /// # Errors
    /// When the upstream does not tell.
    pub async fn quota(&self, bearer: &Secret) -> Result<Quota, GraphqlError> {
        self.seen(quota::fetch(self.client.http(), &self.address, bearer).await)
    }

    /// Whether the upstream can be reached.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        self.client.reach()
    }

    /// See [`Client::set_idle_timeout`].
    pub fn set_idle_timeout(&self, timeout: Duration) {
        self.client.set_idle_timeout(timeout);
    }

    /// Notes what the answer to a question shows of the upstream.
    fn seen<T>(&self, answer: Result<T, GraphqlError>) -> Result<T, GraphqlError> {
        match &answer {
            Err(GraphqlError::Unreachable { reason, .. }) => self.reach().missed(reason.as_str()),
            Ok(_)
            | Err(
                GraphqlError::Unauthorized { .. }
                | GraphqlError::Status { .. }
                | GraphqlError::Refused { .. }
                | GraphqlError::Unreadable { .. },
            ) => self.reach().answered(),
        }
        answer
    }
}
