//! A server as a user runs it, over HTTP on loopback: before an upstream of the test's choosing, or before a simulator.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinSet,
};
use warp2api::{
    credential,
    gateway::{Gateway, Observer, Patience},
    schema::Schema,
    secret::Secret,
    server::{self, Config, Controls, Need},
    service::Address,
    simulator::{self, Scenario, Simulator},
    upstream,
};

/// How a server is set up.
pub(crate) struct Setup {
    pub(crate) server: Config,
    pub(crate) patience: Patience,
    /// How long the upstream may be silent.
    pub(crate) idle_timeout: Duration,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Default for Setup {
    /// As users have it, but for pauses between attempts that no test has time for.
    fn default() -> Self {
        let patience = Patience { first_pause: Duration::from_millis(1), ..Patience::default() };
        Self { server: Config::default(), patience, idle_timeout: Duration::from_secs(300), observers: Vec::new() }
    }
}

/// A running server. It ends with the value.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) gateway: Gateway,
    pool: credential::Pool,
    /// Changes how it serves.
    pub(crate) config: watch::Sender<Config>,
    /// Tells the server to stop.
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) serving: JoinSet<std::io::Result<()>>,
}

impl Front {
    /// Serves what the upstream at `root` answers.
    pub(crate) async fn start(root: &str, setup: Setup) -> Self {
        Self::start_with(root, setup, Vec::new()).await
    }

    /// The same with further things that have to be there.
    pub(crate) async fn start_with(root: &str, setup: Setup, needs: Vec<Arc<dyn Need>>) -> Self {
        let credentials = credential::Config {
            api_key: Some(Secret::new(simulator::API_KEY)),
            ..credential::Config::new(Address::new(root))
        };
        let pool = credential::Pool::from_config(credentials).unwrap();
        let mut config = upstream::Config::new(root);
        config.idle_timeout = setup.idle_timeout;
        let upstream = upstream::Upstream::new(Schema::embedded(), &config).unwrap();
        let gateway = Gateway::new(upstream, Arc::new(pool.clone()), setup.patience).observed_by(setup.observers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let mut serving = JoinSet::new();
        let (config, configuration) = watch::channel(setup.server);
        let controls = Controls { config: configuration, needs };
        serving.spawn(server::run_with(listener, controls, gateway.clone(), async {
            let _ = stopped.await;
        }));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address, client, gateway, pool, config, stop: Some(stop), serving }
    }

    /// A request that no earlier one stands in the way of: the account has another chance, whatever became of it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.pool.forgive();
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).body(body.to_string()).send().await.unwrap()
    }
}

/// A simulator that plays the exchanges of a scenario.
pub(crate) fn playing(exchanges: &Value) -> Simulator {
    let scenario = Scenario::parse(&json!({"exchanges": exchanges}).to_string(), Path::new("in the test")).unwrap();
    Simulator::start(simulator::Config::of_scenario(scenario), Schema::embedded()).unwrap()
}

/// A simulator that talks by itself, without pauses.
pub(crate) fn talking() -> Simulator {
    let config = simulator::Config { fast: true, ..simulator::Config::default() };
    Simulator::start(config, Schema::embedded()).unwrap()
}

/// A header's text; empty when there is none.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
