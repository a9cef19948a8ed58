//! Builds what turns run on: the upstream's configuration, the user's credential, the gateway, and the simulator where it
//! is the upstream.

use std::{path::Path, sync::Arc, time::Duration};

use crate::{
    capture::{
        record::{self, RecordError, Recorder},
        replay::{self, Player, ReplayError},
    },
    cli::{
        exit::{Exit, Failure},
        output::Output,
        settings::{Recording, Settings, SharedState, Wire},
        values::Upstream,
    },
    credential::{self, CredentialError, Pool, Store},
    gateway::{Durable, Gateway, Observer, Patience},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, Simulator},
    state::{Shared, SharedConfig, Shelves, State, StateError},
    upstream,
};

/// A gateway that is ready for turns, with what it needs to stay so.
pub(crate) struct Backend {
    pub(crate) gateway: Gateway,
    /// Whose account pays, for a person to read.
    pub(crate) credential: String,
    /// What is kept over a restart, where the state can be used.
    pub(crate) shelves: Option<Shelves>,
    /// Where state is shared with other replicas, if it is.
    pub(crate) shared: Option<Shared>,
    /// What lends out the accounts.
    pub(crate) pool: Pool,
    /// Records exchanges, where that is wanted.
    recorder: Option<Recorder>,
    /// Lives as long as the gateway that talks to it.
    stand_in: Option<StandIn>,
}

/// What answers in the place of the service.
enum StandIn {
    Simulator(#[expect(dead_code, reason = "it is held so that it runs")] Simulator),
    Player(#[expect(dead_code, reason = "it is held so that it runs")] Player),
}

impl Backend {
    /// Builds what `settings` ask for, on what is `shared` where anything is; `observers` see its turns. Nothing is sent
    /// yet.
    ///
    /// # Errors
    /// When there is no usable credential, the simulator cannot start, or a file that is named cannot be used.
    pub(crate) async fn start(
        settings: &Settings,
        schema: Schema,
        observers: Vec<Arc<dyn Observer>>,
        shared: Option<Shared>,
        output: &mut Output,
    ) -> Result<Self, Failure> {
        let (mut accounts, stand_in) = accounts(settings, &schema)?;
        if let Some((reason, shared)) = shared.as_ref().and_then(|shared| Some((shared.trouble()?, shared))) {
            let without = "what is in memory serves, and it is tried again";
            output.warn(&format!("the shared state at {} is away: {reason}: {without}", shared.server()));
        }
        let (store, shelves) = match (&stand_in, &shared) {
            // What a stand-in has told ends with it.
            (Some(_), _) => (None, None),
            (None, Some(shared)) => (Some(Store::shared(shared)), Some(Shelves::shared(shared))),
            (None, None) => open_state(settings, output).await.unzip(),
        };
        accounts.store = store.clone();
        let root = accounts.address.root.clone();
        let upstream = upstream_configuration(&settings.wire, accounts.address.clone());
        let pool = Pool::from_config(accounts)?;
        if pool.is_empty() {
            return Err(nobody(store.as_ref()).into());
        }
        if pool.awaits_anonymous() {
            output.note(ANONYMOUS);
        }
        let credential = match stand_in {
            Some(StandIn::Simulator(_)) => "the simulator's own".to_owned(),
            Some(StandIn::Player(_)) => "none is needed".to_owned(),
            None => pool.describe(),
        };
        let recorder = recorder(&settings.recording, &schema)?;
        let upstream = upstream::Upstream::new(schema, &upstream)?;
        let gateway = Gateway::new(upstream, Arc::new(pool.clone()), Patience::default());
        let gateway = match &shelves {
            Some(shelves) => gateway.with_conversations(Box::new(Durable::new(shelves, &root))),
            None => gateway,
        };
        let recording = recorder.iter().map(|recorder| Arc::new(recorder.clone()) as Arc<dyn Observer>);
        let gateway = gateway.observed_by(observers.into_iter().chain(recording).collect());
        Ok(Self { gateway, credential, shelves, shared, pool, recorder, stand_in })
    }

    /// Gives back what was lent, and waits until all that is to be kept over a restart is on the disk. Everyone who has
    /// started one ends with this, however the work went.
    pub(crate) async fn close(&self, output: &mut Output) {
        if tokio::time::timeout(CLOSING, self.pool.close()).await.is_err() {
            output.warn("a renewal under way did not end in time, or a lender of accounts does not take them back");
        }
        if let Some(recorder) = self.recorder.clone() {
            let flushed = tokio::task::spawn_blocking(move || recorder.flush(SETTLING)).await;
            if !flushed.unwrap_or(false) {
                output.warn("the disk cannot keep up: some recordings are not whole");
            }
        }
        let settling = async {
            if let Some(shelves) = &self.shelves {
                shelves.flush().await;
            }
            if let Some(shared) = &self.shared {
                shared.flush().await;
            }
        };
        if tokio::time::timeout(SETTLING, settling).await.is_err() {
            output.warn("the disk or the server cannot keep up: some conversations are not kept");
        }
    }

    /// True when captures answer: they know turns, and nothing of any account.
    pub(crate) fn is_played(&self) -> bool {
        matches!(self.stand_in, Some(StandIn::Player(_)))
    }

    /// Reads the account's own list of models; until that is done the built-in table serves. What keeps it from being
    /// read is told and stops nothing: a list is not worth a service that does not start.
    pub(crate) async fn learn_models(&self, output: &mut Output) {
        if self.is_played() {
            return;
        }
        let read = tokio::time::timeout(MODELS_PATIENCE, self.gateway.load_catalogue()).await;
        let reason = match read {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", MODELS_PATIENCE.as_secs()),
        };
        output.warn(&format!("the account's list of models cannot be read, the built-in one serves: {reason}"));
    }
}

/// How long the list of models may keep a verb waiting.
const MODELS_PATIENCE: Duration = Duration::from_secs(5);

/// How long renewals under way and lenders of accounts have at the end.
const CLOSING: Duration = Duration::from_secs(10);

/// What is told before an anonymous account is asked for.
const ANONYMOUS: &str = "nobody has signed in, so Warp is asked for one anonymous account with few credits; sign in with \
                         `warp2api token login`, or forbid it with WARP2API_ANONYMOUS=false";

/// How long the disk has at the end.
const SETTLING: Duration = Duration::from_secs(5);

/// The state in the state directory. What keeps it from being used is told and stops nothing: without, accounts come
/// from settings only, and conversations are in memory.
async fn open_state(settings: &Settings, output: &mut Output) -> Option<(Store, Shelves)> {
    let without = "conversations are kept in memory only, and no stored account is used";
    let Some(directory) = settings.state_directory.clone() else {
        output.warn(&format!("no state directory is known: {without}; set WARP2API_HOME to one"));
        return None;
    };
    let kind = settings.state_key;
    let opening = tokio::task::spawn_blocking(move || {
        let state = State::open(&directory, kind)?;
        let shelves = Shelves::open(&state)?;
        Ok((Store::new(state), shelves))
    });
    match opening.await.unwrap_or(Err(StateError::Stopped)) {
        Ok(opened) => Some(opened),
        Err(error) => {
            output.warn(&format!("{error}: {without}; {}", error.hint()));
            None
        }
    }
}

/// What replicas share, where the settings ask for that. That the server is away now is no error.
///
/// # Errors
/// When the server refuses us, or what it has was sealed with another secret.
pub(crate) async fn open_shared(settings: &Settings) -> Result<Option<Shared>, Failure> {
    let Some(SharedState { address, password, secret, prefix }) = settings.shared_state.clone() else {
        return Ok(None);
    };
    let extra_ca_pem = certificates(&settings.wire)?;
    Ok(Some(Shared::open(SharedConfig { address, password, secret, prefix, extra_ca_pem }).await?))
}

/// Refuses to go on without the server of what is shared.
///
/// # Errors
/// When it is away.
pub(crate) fn insist(shared: &Shared) -> Result<(), Failure> {
    match shared.trouble() {
        Some(reason) => Err(StateError::Away { server: shared.server().to_owned(), reason }.into()),
        None => Ok(()),
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let exit = match &error {
            StateError::Refused { .. } | StateError::SecretWrong { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, &error).hint(error.hint())
    }
}

/// Why there is no account to use: one whose session has ended is worth naming.
fn nobody(store: Option<&Store>) -> CredentialError {
    let stored = store.and_then(|store| store.accounts().ok()).unwrap_or_default();
    let ended = stored.into_iter().find_map(|account| account.ended.map(|code| (account.name, code)));
    ended.map_or(CredentialError::NoneConfigured, |(account, code)| CredentialError::SignInNeeded { account, code })
}

/// What records the exchanges, if anything is to.
fn recorder(recording: &Recording, schema: &Schema) -> Result<Option<Recorder>, Failure> {
    let Some(directory) = recording.directory.clone() else { return Ok(None) };
    let options = record::Options {
        directory,
        sensitive: recording.sensitive,
        max_files: recording.max_files,
        max_bytes: recording.max_bytes as u64,
    };
    Ok(Some(Recorder::start(options, schema)?))
}

/// The credentials to use, and what stands in for the service if that is where they go. The user's own never go there.
fn accounts(settings: &Settings, schema: &Schema) -> Result<(credential::Config, Option<StandIn>), Failure> {
    match &settings.upstream {
        Upstream::Service { root, http2_prior_knowledge } => {
            Ok((own_accounts(settings, service_address(settings, root, *http2_prior_knowledge)?), None))
        }
        Upstream::Simulator { scenario } => {
            let simulator = start_simulator(scenario, schema)?;
            let accounts = stand_in(settings, simulator.url(), simulator::API_KEY);
            Ok((accounts, Some(StandIn::Simulator(simulator))))
        }
        Upstream::Replay(options) => {
            let player = Player::start(options.clone(), schema)?;
            Ok((stand_in(settings, player.url(), replay::API_KEY), Some(StandIn::Player(player))))
        }
    }
}

/// The credentials of the settings, for the service at `address`.
pub(crate) fn own_accounts(settings: &Settings, address: Address) -> credential::Config {
    let own = settings.credentials.clone();
    credential::Config {
        api_key: own.api_key,
        jwt: own.jwt,
        refresh_token: own.refresh_token,
        pool_service: own.pool_service,
        broker: own.broker,
        anonymous: own.anonymous,
        size: own.pool_size,
        longest_rest: own.longest_rest,
        ..credential::Config::new(address)
    }
}

/// The account with what stands in for the service at `url`.
fn stand_in(settings: &Settings, url: &str, api_key: &str) -> credential::Config {
    let address = Address { http2_prior_knowledge: true, ..Address::new(url) };
    let longest_rest = settings.credentials.longest_rest;
    credential::Config { api_key: Some(Secret::new(api_key)), longest_rest, ..credential::Config::new(address) }
}

/// Where the user's own upstream is; `None` when something stands in for it, which is nowhere until it runs.
pub(crate) fn address(settings: &Settings) -> Result<Option<Address>, Failure> {
    match &settings.upstream {
        Upstream::Service { root, http2_prior_knowledge } => {
            service_address(settings, root, *http2_prior_knowledge).map(Some)
        }
        Upstream::Simulator { .. } | Upstream::Replay(_) => Ok(None),
    }
}

fn service_address(settings: &Settings, root: &str, http2_prior_knowledge: bool) -> Result<Address, Failure> {
    Ok(Address {
        official: settings.upstream.is_official(),
        http2_prior_knowledge,
        connect_timeout: settings.wire.connect_timeout,
        extra_ca_pem: certificates(&settings.wire)?,
        client_version: settings.wire.client_version.clone(),
        ..Address::new(root)
    })
}

fn start_simulator(scenario: &str, schema: &Schema) -> Result<Simulator, Failure> {
    let configuration = simulator::Config::parse(scenario).map_err(Failure::usage)?;
    let started = Simulator::start(configuration, schema.clone());
    started.map_err(|error| Failure::new(Exit::Failed, format!("cannot start the simulator: {error}")))
}

fn upstream_configuration(wire: &Wire, address: Address) -> upstream::Config {
    upstream::Config {
        address,
        idle_timeout: wire.idle_timeout,
        history: wire.history_carrier,
        system_prompt: wire.system_prompt_carrier,
        mcp_form: wire.mcp_form,
    }
}

/// The further certificates to trust, if any are named.
pub(crate) fn certificates(wire: &Wire) -> Result<Option<Vec<u8>>, Failure> {
    let unreadable =
        |path: &Path, error| Failure::usage(format!("cannot read the CA file {}: {error}", path.display()));
    wire.ca_file.as_deref().map(|path| std::fs::read(path).map_err(|error| unreadable(path, error))).transpose()
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::usage(&error).hint("--record wants a directory that can be written to")
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Unreadable { .. } | ReplayError::Empty { .. } | ReplayError::TooLarge { .. } => {
                Self::usage(&error).hint("a response stream, a HAR or a recording of warp2api can be played")
            }
            ReplayError::Schema(_) => Self::usage(&error),
            ReplayError::Listen(_) => Self::new(Exit::Failed, &error),
        }
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        let exit = match &error {
            CredentialError::Unavailable { .. } => Exit::Upstream,
            _ => Exit::Credential,
        };
        Self::new(exit, &error).hint(error.hint())
    }
}
