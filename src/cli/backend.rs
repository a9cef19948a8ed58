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
    credential::{self, CredentialError, Pool},
    gateway::{Gateway, Patience},
    schema::Schema,
    secret::Secret,
    simulator::{self, Simulator},
    upstream,
};

/// A gateway that is ready for turns, with what it needs to stay so.
pub(crate) struct Backend {
    pub(crate) gateway: Gateway,
    /// Whose account pays, for a person to read.
    pub(crate) credential: String,
    /// Lives as long as the gateway that talks to it.
    _simulator: Option<Simulator>,
}

impl Backend {
    /// Builds what `settings` ask for. Nothing is sent yet.
    ///
    /// # Errors
    /// When there is no usable credential, the simulator cannot start, or a file that is named cannot be used.
    pub(crate) async fn start(settings: &Settings, schema: Schema) -> Result<Self, Failure> {
        let extra_ca_pem = settings.wire.ca_file.as_deref().map(read_certificates).transpose()?;
        let (accounts, simulator) = accounts(settings, &schema, extra_ca_pem.clone())?;
        let upstream = upstream_configuration(&settings.wire, &accounts, extra_ca_pem);
        let pool = Pool::from_config(accounts)?;
        let credential = match simulator {
            Some(_) => "the simulator's own".to_owned(),
            None => pool.describe(),
        };
        let upstream = upstream::Upstream::new(schema, &upstream)?;
        let gateway = Gateway::new(upstream, Arc::new(pool), Patience::default());
        Ok(Self { gateway, credential, _simulator: simulator })
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

/// The credentials to use, and the simulator if that is where they go. The user's own never go to the simulator.
fn accounts(
    settings: &Settings,
    schema: &Schema,
    extra_ca_pem: Option<Vec<u8>>,
) -> Result<(credential::Config, Option<Simulator>), Failure> {
    match &settings.upstream {
        Upstream::Service { root, http2_prior_knowledge } => {
            let own = settings.credentials.clone();
            let accounts = credential::Config {
                root: root.clone(),
                official: settings.upstream.is_official(),
                http2_prior_knowledge: *http2_prior_knowledge,
                api_key: own.api_key,
                jwt: own.jwt,
                refresh_token: own.refresh_token,
                extra_ca_pem,
            };
            Ok((accounts, None))
        }
        Upstream::Simulator { scenario } => {
            let simulator = start_simulator(scenario, schema)?;
            let accounts = credential::Config {
                root: simulator.url().to_owned(),
                official: false,
                http2_prior_knowledge: true,
                api_key: Some(Secret::new(simulator::API_KEY)),
                jwt: None,
                refresh_token: None,
                extra_ca_pem: None,
            };
            Ok((accounts, Some(simulator)))
        }
    }
}

fn start_simulator(scenario: &str, schema: &Schema) -> Result<Simulator, Failure> {
    let configuration = simulator::Config::parse(scenario).map_err(Failure::usage)?;
    let started = Simulator::start(configuration, schema.clone());
    started.map_err(|error| Failure::new(Exit::Failed, format!("cannot start the simulator: {error}")))
}

fn upstream_configuration(
    wire: &Wire,
    accounts: &credential::Config,
    extra_ca_pem: Option<Vec<u8>>,
) -> upstream::Config {
    upstream::Config {
        root: accounts.root.clone(),
        http2_prior_knowledge: accounts.http2_prior_knowledge,
        connect_timeout: wire.connect_timeout,
        idle_timeout: wire.idle_timeout,
        extra_ca_pem,
        client_version: wire.client_version.clone(),
        history: wire.history_carrier,
        system_prompt: wire.system_prompt_carrier,
        mcp_form: wire.mcp_form,
    }
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("cannot read the CA file {}: {error}", path.display())))
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        Self::new(Exit::Credential, &error).hint(error.hint())
    }
}
