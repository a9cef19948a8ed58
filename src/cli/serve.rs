//! `warp2api serve`: binds, says how to reach it, serves until a signal, then lets answers in progress end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        backend::{self, Backend},
        exit::{Exit, Failure},
        key::desk,
        open_files,
        output::Output,
        reload::Reloader,
        settings::{self, Serving, Settings},
        signals::Signals,
        systemd,
        values::Upstream,
        watched::Watched,
    },
    clients::Clients,
    gateway::{Observer, Watcher},
    monitor::Monitor,
    schema::Schema,
    server,
    state::Shared,
};

mod keeper;

use keeper::Keeper;

/// How long the account's quota is left alone after it was read.
const QUOTA_REST: Duration = Duration::from_secs(5 * 60);

/// How long the disk has at the end to count what answers have cost.
const COUNTING: Duration = Duration::from_secs(5);
/// How long what is to be kept, and those who lend accounts, have at the end; and how long when it has to be at once.
const CLOSING: Duration = Duration::from_secs(20);
const HASTE: Duration = Duration::from_millis(500);

/// Serves until it is told to stop.
pub(crate) async fn run(
    settings: &Settings,
    reloader: Reloader<'_>,
    schema: Schema,
    output: &mut Output,
) -> Result<(), Failure> {
    open_files::raise(&settings.serving.limits);
    let shared = backend::open_shared(settings).await?;
    let mut handed = systemd::listeners()?.into_iter();
    let listener = match handed.next() {
        Some(listener) => TcpListener::from_std(listener)?,
        None => bind(settings.serving.listen).await?,
    };
    let address = listener.local_addr()?;
    let clients = clients(settings, address, shared.as_ref(), output).await?;
    let bridge = match handed.next() {
        Some(listener) => Some(TcpListener::from_std(listener)?),
        None => bind_bridge(&settings.serving.bridge, output).await?,
    };
    let mut watched = Watched::begin(settings).await?;
    let monitor = Monitor::default();
    let viewers = bridge.iter().map(|_| Arc::new(Watcher::new(monitor.clone())) as Arc<dyn Observer>);
    let observers = viewers.chain(watched.observers()).collect();
    let mut signals = Signals::listen()?;
    let backend = tokio::select! {
        started = Backend::start(settings, schema.clone(), observers, shared, output) => started?,
        () = signals.next() => return Err(Failure::new(Exit::Interrupted, "interrupted")),
    };
    let built = bridge.map(|listener| Bridge::build(listener, settings, schema, &backend, monitor)).transpose();
    let served = match built {
        Ok(bridge) => {
            let ground = Ground { backend: &backend, clients: clients.as_ref(), watched: &mut watched };
            serve(settings, reloader, listener, ground, bridge, &mut signals, output).await
        }
        Err(failure) => Err(failure),
    };
    let is_hasty = served.as_ref().is_err_and(|failure| failure.exit() == Exit::Interrupted);
    let patience = if is_hasty { HASTE } else { CLOSING };
    tokio::select! {
        () = close(&backend, clients, watched, output) => served,
        () = tokio::time::sleep(patience) => served,
        () = signals.next() => Err(at_once()),
    }
}

/// What a second signal comes to.
fn at_once() -> Failure {
    Failure::new(Exit::Interrupted, "stopped at once")
}

/// Sees to it that what is to outlive the process does.
async fn close(backend: &Backend, clients: Option<Clients>, watched: Watched, output: &mut Output) {
    if let Some(clients) = clients
        && tokio::time::timeout(COUNTING, clients.close()).await.is_err()
    {
        output.warn("the disk cannot keep up: what the last answers have cost is not counted");
    }
    backend.close(output).await;
    watched.end(output).await;
}

/// The clients with keys of their own, where there may be any. A server that others can reach does not start without a
/// key. On loopback, one that cannot read its keys lets nobody in until it can, for nobody knows who may come.
async fn clients(
    settings: &Settings,
    address: SocketAddr,
    shared: Option<&Shared>,
    output: &mut Output,
) -> Result<Option<Clients>, Failure> {
    let serving = &settings.serving;
    let exposed = |has_keys| serving.exposure(address, has_keys).map(Failure::usage);
    let Some((keys, counter)) = desk::stores(settings, shared)? else { return exposed(false).map_or(Ok(None), Err) };
    let clients = Clients::new(keys, counter);
    match clients.look().await {
        Ok(()) => {}
        Err(error) if serving.allow_anonymous => {
            output.warn(&format!("{error}: any key will do; {}", error.hint()));
            return Ok(None);
        }
        Err(error) if serving.client_keys.is_empty() => output.warn(&format!(
            "{error}: nobody knows which client keys there are, so nobody is let in; {}, set API_TOKEN, or pass \
             --allow-anonymous",
            error.hint()
        )),
        Err(error) => output.warn(&format!("{error}: only API_TOKEN is let in; {}", error.hint())),
    }
    // While what replicas share is away, nobody is let in before the keys are known.
    let is_unknown = shared.is_some_and(|shared| shared.trouble().is_some());
    exposed(clients.in_force() > 0 || is_unknown).map_or(Ok(Some(clients)), Err)
}

/// What replicas share, as a server needs it: without, it goes on with what it holds itself.
struct Replicas(Shared);

impl server::Need for Replicas {
    fn name(&self) -> &'static str {
        "state"
    }

    fn lack(&self) -> Option<String> {
        // The server's own words may name places that are nobody's business.
        self.0.trouble().map(|_| "what replicas share is away; this one serves from what it holds".to_owned())
    }

    fn is_vital(&self) -> bool {
        false
    }
}

/// What a server runs on.
struct Ground<'a> {
    backend: &'a Backend,
    clients: Option<&'a Clients>,
    watched: &'a mut Watched,
}

impl Ground<'_> {
    /// How the server at `address` serves clients as `serving` says.
    fn configuration(&self, serving: &Serving, address: SocketAddr) -> server::Config {
        self.watched.within(configuration(serving, address, self.backend, self.clients))
    }
}

async fn serve(
    settings: &Settings,
    reloader: Reloader<'_>,
    listener: TcpListener,
    ground: Ground<'_>,
    bridge: Option<Bridge>,
    signals: &mut Signals,
    output: &mut Output,
) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    let backend = ground.backend;
    tokio::select! {
        () = backend.learn_models(output) => {}
        () = signals.next() => return Err(Failure::new(Exit::Interrupted, "interrupted")),
    }
    backend.pool.keep();
    // Nobody waits for it: answers show it once it is there.
    if !backend.is_played() {
        drop(backend.gateway.watch_quota(QUOTA_REST));
    }
    let (change, configuration) = watch::channel(ground.configuration(&settings.serving, address));
    greet(settings, address, backend, ground.clients, output);
    ground.watched.start(&configuration.borrow(), &backend.gateway, output)?;
    let mut keeper = Keeper::new(settings, reloader, address, ground, change, output)?;
    let bridge = bridge.map(|bridge| bridge.start(output));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async {
        // The sender never goes away without sending.
        drop(stopped.await);
    };
    let shared = backend.shared.clone().map(|shared| Arc::new(Replicas(shared)) as Arc<dyn server::Need>);
    let controls = server::Controls { config: configuration, needs: shared.into_iter().collect() };
    let serving = server::run_with(listener, controls, backend.gateway.clone(), shutdown);
    tokio::pin!(serving);
    keeper.begin();
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        () = signals.next() => {}
        () = keeper.keep() => {}
    }
    output.note("stopping: answers in progress may end; a second signal stops at once");
    keeper.stop();
    let _ = stop.send(());
    tokio::select! {
        ended = &mut serving => {
            if let Some(bridge) = bridge {
                bridge.stop().await;
            }
            Ok(ended?)
        }
        () = signals.next() => Err(at_once()),
        never = keeper.last() => match never {},
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::new(Exit::Failed, format!("cannot listen on {address}: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => failure
                .hint("another program serves this address; stop it, or choose another with --listen ADDRESS:PORT"),
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("ports below 1024 need privileges; choose a higher one")
            }
            _ => failure,
        }
    })
}

/// The bridge's listener. A port that is taken keeps the bridge away, and nothing else, unless it was asked for.
async fn bind_bridge(bridge: &settings::Bridge, output: &mut Output) -> Result<Option<TcpListener>, Failure> {
    let Some(address) = bridge.listen else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if bridge.is_wanted => {
            let failure = Failure::new(Exit::Failed, format!("the bridge cannot listen on {address}: {error}"));
            Err(failure
                .hint("choose another address with --bridge-listen ADDRESS:PORT, or none with --bridge-listen off"))
        }
        Err(error) => {
            let hint = "--bridge-listen ADDRESS:PORT puts it elsewhere";
            output.warn(&format!("there is no bridge, for it cannot listen on {address}: {error}; {hint}"));
            Ok(None)
        }
    }
}

/// A bridge that is ready to serve.
struct Bridge {
    listener: TcpListener,
    address: SocketAddr,
    parts: server::bridge::Parts,
}

/// A bridge that serves.
struct RunningBridge {
    stop: CancellationToken,
    serving: JoinSet<std::io::Result<()>>,
}

impl Bridge {
    /// The bridge on `listener`, which shows the turns that are written down in `monitor`.
    fn build(
        listener: TcpListener,
        settings: &Settings,
        schema: Schema,
        backend: &Backend,
        monitor: Monitor,
    ) -> Result<Self, Failure> {
        let parts = server::bridge::Parts {
            gateway: backend.gateway.clone(),
            monitor,
            schema,
            sensitive: settings.serving.bridge.sensitive,
            max_body: settings.serving.max_body,
            allowed_hosts: settings.serving.allowed_hosts.clone(),
        };
        Ok(Self { address: listener.local_addr()?, listener, parts })
    }

    fn start(self, output: &mut Output) -> RunningBridge {
        output.note(&format!("The bridge listens on http://{0}, its page is http://{0}/gui", self.address));
        let stop = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(server::bridge::run(self.listener, self.parts, stop.clone().cancelled_owned()));
        RunningBridge { stop, serving }
    }
}

impl RunningBridge {
    async fn stop(mut self) {
        self.stop.cancel();
        // Whatever it met, the gateway has served its clients.
        if let Some(Ok(Err(error))) = self.serving.join_next().await {
            tracing::warn!(%error, "the bridge has failed");
        }
    }
}

fn configuration(
    serving: &Serving,
    address: SocketAddr,
    backend: &Backend,
    clients: Option<&Clients>,
) -> server::Config {
    server::Config {
        client_keys: serving.client_keys.clone(),
        clients: clients.cloned(),
        strict: serving.strict,
        max_body: serving.max_body,
        heartbeat: serving.heartbeat,
        drain_timeout: serving.drain_timeout,
        drain_pause: serving.drain_pause,
        limits: serving.limits,
        ready_rest: serving.ready_interval,
        cors: serving.cors.clone(),
        allowed_hosts: serving.allowed_hosts.clone(),
        loopback_only: address.ip().is_loopback(),
        shelves: backend.shelves.clone(),
        ..server::Config::default()
    }
}

/// Says what is served and how to reach it.
fn greet(settings: &Settings, address: SocketAddr, backend: &Backend, clients: Option<&Clients>, output: &mut Output) {
    let serving = &settings.serving;
    output.note(&format!("warp2api {} listens on http://{address}", env!("CARGO_PKG_VERSION")));
    output.note(&format!("  upstream    {}", settings.upstream));
    output.note(&format!("  credential  {}", backend.credential));
    if let Some(shared) = &backend.shared {
        output.note(&format!("  state       shared at {}", shared.server()));
    }
    if let Some(directory) = &settings.recording.directory {
        let what = if settings.recording.sensitive { "all of it, what people wrote too" } else { "redacted" };
        output.note(&format!("  recording   into {} ({what})", directory.display()));
    }
    let keys = clients.map_or(0, Clients::in_force);
    if keys > 0 {
        output.note(&format!("  client keys {keys}; see `warp2api key list`"));
    }
    output.note("Point a client at it:");
    let model = backend.gateway.catalogue().default_id().to_owned();
    let key = match (serving.client_keys.is_empty(), clients.is_some_and(Clients::were_any)) {
        (false, _) => ClientKey::Token,
        (true, true) => ClientKey::Stored,
        (true, false) => ClientKey::None,
    };
    for line in pointers(address, key, &model) {
        output.note(&format!("  {line}"));
    }
    if key == ClientKey::None && !address.ip().is_loopback() {
        output.warn("whoever reaches this address spends your account: no client key is set");
    }
    if let Upstream::Service { root, .. } = &settings.upstream
        && is_exposed(root)
    {
        output.warn("the upstream is reached without TLS: whoever is on the way can read your credential");
    }
}

/// Which key clients are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientKey {
    /// None.
    None,
    /// That of the settings.
    Token,
    /// One of those that are kept.
    Stored,
}

/// The three lines that point a client at `address`.
fn pointers(address: SocketAddr, key: ClientKey, model: &str) -> [String; 3] {
    let host = match address.ip() {
        ip if !ip.is_unspecified() => SocketAddr::new(ip, address.port()),
        _ => SocketAddr::from(([127, 0, 0, 1], address.port())),
    };
    let header = " -H \"Authorization: Bearer $OPENAI_API_KEY\"";
    let (key, header) = match key {
        ClientKey::Token => ("export OPENAI_API_KEY=\"$API_TOKEN\"    # the client key that you set", header),
        ClientKey::Stored => ("export OPENAI_API_KEY=w2a-…    # a key that `warp2api key create` has printed", header),
        ClientKey::None => ("export OPENAI_API_KEY=any    # none is asked for", ""),
    };
    let question = r#""stream":true,"messages":[{"role":"user","content":"Hello"}]"#;
    let body = format!("{{\"model\":\"{model}\",{question}}}");
    [
        format!("export OPENAI_BASE_URL=http://{host}/v1"),
        key.to_owned(),
        format!("curl -N http://{host}/v1/chat/completions{header} -H 'Content-Type: application/json' -d '{body}'"),
    ]
}

/// True when credentials would leave this machine in the clear.
fn is_exposed(root: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(root) else { return false };
    let local = url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    url.scheme() == "http" && !local
}

#[cfg(test)]
mod tests {
    use super::{ClientKey, is_exposed, pointers};

    #[test]
    fn the_lines_name_an_address_that_a_client_can_reach() {
        let lines = pointers("0.0.0.0:80".parse().unwrap(), ClientKey::Token, "auto");
        assert_eq!(lines[0], "export OPENAI_BASE_URL=http://127.0.0.1:80/v1");
        assert!(lines[2].contains("Bearer $OPENAI_API_KEY"), "{}", lines[2]);
        let lines = pointers("[::1]:8010".parse().unwrap(), ClientKey::None, "auto");
        assert_eq!(lines[0], "export OPENAI_BASE_URL=http://[::1]:8010/v1");
        assert!(!lines[2].contains("Authorization"), "{}", lines[2]);
    }

    #[test]
    fn only_plain_http_to_elsewhere_is_exposed() {
        for safe in ["https://app.warp.dev", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(!is_exposed(safe), "{safe}");
        }
        assert!(is_exposed("http://app.warp.dev"));
        assert!(is_exposed("http://localhost.example"));
    }
}
