//! Builds what turns run on: the upstream's configuration, the user's credential, the gateway, and the simulator where it
//! is the upstream.

use std::{path::Path, sync::Arc, time::Duration};

use crate::{
    cli::{
        exit::{Exit, Failure},
        output::Output,
        settings::{Settings, Wire},
        values::Upstream,
    },
    credential::{self, CredentialError, Pool, Store},
    gateway::{Durable, Gateway, Observer, Patience},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, Simulator},
    state::{Shelves, State, StateError},
    upstream,
};

/// A gateway that is ready for turns, with what it needs to stay so.
pub(crate) struct Backend {
    pub(crate) gateway: Gateway,
    /// Whose account pays, for a person to read.
    pub(crate) credential: String,
    /// What is kept over a restart, where the state can be used.
    pub(crate) shelves: Option<Shelves>,
    /// Lives as long as the gateway that talks to it.
    _simulator: Option<Simulator>,
}

impl Backend {
    /// Builds what `settings` ask for; `observers` see its turns. Nothing is sent yet.
    ///
    /// # Errors
    /// When there is no usable credential, the simulator cannot start, or a file that is named cannot be used.
    pub(crate) async fn start(
        settings: &Settings,
        schema: Schema,
        observers: Vec<Arc<dyn Observer>>,
        output: &mut Output,
    ) -> Result<Self, Failure> {
        let (mut accounts, simulator) = accounts(settings, &schema)?;
        let (state, shelves) = match simulator {
            // What the simulator has told ends with it.
            Some(_) => (None, None),
            None => open_state(settings, output).await.unzip(),
        };
        accounts.store = state.map(Store::new);
        let root = accounts.address.root.clone();
        let upstream = upstream_configuration(&settings.wire, accounts.address.clone());
        let pool = Pool::from_config(accounts)?;
        let credential = match simulator {
            Some(_) => "the simulator's own".to_owned(),
            None => pool.describe(),
        };
        let upstream = upstream::Upstream::new(schema, &upstream)?;
        let gateway = Gateway::new(upstream, Arc::new(pool), Patience::default()).observed_by(observers);
        let gateway = match &shelves {
            Some(shelves) => gateway.with_conversations(Box::new(Durable::new(shelves, &root))),
            None => gateway,
        };
        Ok(Self { gateway, credential, shelves, _simulator: simulator })
    }

    /// Waits until all that is to be kept over a restart is on the disk.
    pub(crate) async fn settle(&self, output: &mut Output) {
        let Some(shelves) = &self.shelves else { return };
        if tokio::time::timeout(SETTLING, shelves.flush()).await.is_err() {
            output.warn("the disk cannot keep up: some conversations are not kept over a restart");
        }
    }

    /// Reads the account's own list of models; until that is done the built-in table serves. What keeps it from being
    /// read is told and stops nothing: a list is not worth a service that does not start.
    pub(crate) async fn learn_models(&self, output: &mut Output) {
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

/// How long the disk has at the end.
const SETTLING: Duration = Duration::from_secs(5);

/// The state in the state directory. What keeps it from being used is told and stops nothing: without, accounts come
/// from settings only, and conversations are in memory.
async fn open_state(settings: &Settings, output: &mut Output) -> Option<(State, Shelves)> {
    let without = "conversations are kept in memory only, and no stored account is used";
    let Some(directory) = settings.state_directory.clone() else {
        output.warn(&format!("no state directory is known: {without}; set WARP2API_HOME to one"));
        return None;
    };
    let kind = settings.state_key;
    let opening = tokio::task::spawn_blocking(move || {
        let state = State::open(&directory, kind)?;
        let shelves = Shelves::open(&state)?;
        Ok((state, shelves))
    });
    match opening.await.unwrap_or(Err(StateError::Stopped)) {
        Ok(opened) => Some(opened),
        Err(error) => {
            output.warn(&format!("{error}: {without}; {}", error.hint()));
            None
        }
    }
}

/// The credentials to use, and the simulator if that is where they go. The user's own never go to the simulator.
fn accounts(settings: &Settings, schema: &Schema) -> Result<(credential::Config, Option<Simulator>), Failure> {
    match &settings.upstream {
        Upstream::Service { root, http2_prior_knowledge } => {
            let own = settings.credentials.clone();
            let address = service_address(settings, root, *http2_prior_knowledge)?;
            let accounts = credential::Config {
                api_key: own.api_key,
                jwt: own.jwt,
                refresh_token: own.refresh_token,
                ..credential::Config::new(address)
            };
            Ok((accounts, None))
        }
        Upstream::Simulator { scenario } => {
            let simulator = start_simulator(scenario, schema)?;
            let address = Address { http2_prior_knowledge: true, ..Address::new(simulator.url()) };
            let api_key = Some(Secret::new(simulator::API_KEY));
            Ok((credential::Config { api_key, ..credential::Config::new(address) }, Some(simulator)))
        }
    }
}

/// Where the user's own upstream is; `None` when that is the simulator, which is nowhere until it runs.
pub(crate) fn address(settings: &Settings) -> Result<Option<Address>, Failure> {
    match &settings.upstream {
        Upstream::Service { root, http2_prior_knowledge } => {
            service_address(settings, root, *http2_prior_knowledge).map(Some)
        }
        Upstream::Simulator { .. } => Ok(None),
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

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        Self::new(Exit::Credential, &error).hint(error.hint())
    }
}
