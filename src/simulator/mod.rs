//! A fake upstream over real HTTP: the agent endpoint with its event stream, sign-in, GraphQL. It stands in for the
//! Warp service in tests, and for a person who wants to see the gateway at work without an account. It is the
//! simulator's own reading of the protocol: it must not know `turn` or `upstream`, so that no mapping bug can hide in
//! both.
//!
//! # What it answers
//! Without a scenario it quotes the question back, word by word, in the sequence of a real answer
//! (`WARP-PROTOCOL.md` §3.2). A line of the last user query that begins with one of these words asks for something else;
//! the last such line counts:
//!
//! | words | what happens |
//! | --- | --- |
//! | `help` | this list |
//! | `use the NAME tool`, `call NAME`, `call NAME {…}` | calls the offered tool whose name is or contains NAME; plausible arguments by its schema, or those given; after `for`, `in`, `with` or `about` stands what its first text argument gets |
//! | `call 3 tools`, `call NAME twice`, `call A and B in parallel` | several calls, if the request allows it |
//! | `call unlisted`, `call builtin` | a tool that was not offered, a tool of Warp's own |
//! | `think`, `think, then …` | reasoning, then the rest of the line |
//! | `slow …` | the rest of the line, slowly |
//! | `long`, `long 500` | so many words |
//! | `repeat exactly: …` | all that follows, also over lines |
//! | `say json …` | the rest of the line |
//! | `describe the image` | how many images came, of which types and sizes |
//! | `instructions` | the project rules and attachments that came |
//! | `recall` | all that the user has said before, by the history that came |
//! | `search …`, `todo a, b`, `subtask …`, `server tool` | web search, to-do list, subagent, opaque server tool |
//! | `rollback`, `update` | text taken back, text replaced |
//! | `fail quota`, `overload`, `model` or a status | an HTTP error of §1.7 |
//! | `fail context`, `limit`, `internal`, `unavailable`, `key`, `other` | a `finished` with that reason; also `quota late` and the like, after some text |
//! | `cut`, `abort`, `stall` | end without `finished`, broken connection, silence |
//!
//! A request that brings tool results and no query gets them quoted. A scenario file instead says, request by request,
//! what is answered: its form is described in `tests/fixtures/scenarios/README.md`.
//!
//! # Whose account
//! Without further words there is one account, whose credits never run out; [`API_KEY`] and every key that begins with
//! it, and every refresh token that begins with [`REFRESH_TOKEN_PREFIX`] is its. Where accounts are listed, keys and
//! tokens name one of them, and others are refused. Each has credits of its own (a turn costs what the end of its answer
//! says), its own faults, and its own sessions. Refresh tokens rotate as strictly as a client can survive: an exchanged
//! token is refused from the moment that what it bought is first used, be it the new refresh token or the id token.
//! Anonymous accounts are made as they are asked for, with few credits, and counted.
//!
//! # What it checks
//! A bearer (a good API key, or an id token it issued); an account that has not ended, has credits and no fault; the content type; a body that decodes;
//! an input; `supported_tools` exactly `[CALL_MCP_TOOL]`; a model of its catalogue; tool schemas of type object; images
//! of a known type in base64; tasks with one root, with ids of their own, with every call answered once, in history or
//! input, by a result of its kind. A conversation id without tasks gets an empty 200. Known refusals use the service's
//! words; the others are the simulator's own, for there the service's behaviour is not known.

mod account;
mod arguments;
mod auth;
mod catalogue;
mod check;
mod conversation;
mod count;
mod event;
mod graphql;
mod log;
mod play;
mod refusal;
mod request;
mod scenario;
mod server;
mod spoken;
mod stream;
mod token;
mod tree;
mod usage;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::schema::Schema;
pub use crate::simulator::account::{Account, Counts, Fault, Owner};
pub use crate::simulator::conversation::Replay;
pub use crate::simulator::log::Received;
use crate::simulator::play::Pace;
pub use crate::simulator::scenario::{Scenario, ScenarioError};
use crate::simulator::server::Shared;
pub use crate::simulator::token::{API_KEY, REFRESH_TOKEN_PREFIX};

/// How long the real service lets a token live.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3_600);
/// How long [`Simulator::shutdown`] waits for connections.
const DRAIN: Duration = Duration::from_secs(5);

/// What a simulator does.
#[derive(Debug, Clone)]
pub struct Config {
    /// Leaves out the pauses of a model at work; those a scenario or a trigger asks for stay.
    pub fast: bool,
    /// Refuses a continued request that does not carry, byte for byte, what was sent.
    pub strict: bool,
    /// What to answer, instead of quoting the question.
    pub scenario: Option<Scenario>,
    /// How long an id token lives.
    pub token_lifetime: Duration,
    /// The accounts there are, beside the plain one; a scenario may add to them.
    pub accounts: Vec<Account>,
}

impl Default for Config {
    fn default() -> Self {
        Self { fast: false, strict: false, scenario: None, token_lifetime: TOKEN_LIFETIME, accounts: Vec::new() }
    }
}

impl Config {
    /// The configuration for the text after `simulator:`: `fast`, `strict`, both with a comma, or the path of a
    /// scenario file (which is played without a model's pauses); nothing for a realistic pace.
    ///
    /// # Errors
    /// When the file cannot be read or is not a scenario.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let mut config = Self::default();
        if text.is_empty() {
            return Ok(config);
        }
        for word in text.split(',') {
            match word {
                "fast" => config.fast = true,
                "strict" => config.strict = true,
                _ => return Ok(Self::of_scenario(Scenario::read(Path::new(text))?)),
            }
        }
        Ok(config)
    }

    /// Plays a scenario.
    #[must_use]
    pub fn of_scenario(scenario: Scenario) -> Self {
        Self { fast: true, scenario: Some(scenario), ..Self::default() }
    }

    fn pace(&self) -> Pace {
        if self.fast {
            return Pace { first: Duration::ZERO, word: Duration::ZERO };
        }
        Pace { first: Duration::from_millis(300), word: Duration::from_millis(25) }
    }
}

/// A running simulator. It ends when it is dropped, or better with [`Simulator::shutdown`].
pub struct Simulator {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts a simulator on a free port of the loopback address. It needs a tokio runtime around it.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(config: Config, schema: Schema) -> io::Result<Self> {
        Self::start_on(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?, config, schema)
    }

    /// Starts a simulator on a listener.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start_on(listener: TcpListener, config: Config, schema: Schema) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::new(url, schema, config));
        let router = server::router(shared.clone());
        let shutdown = shared.shutdown.clone();
        let tasks = TaskTracker::new();
        tasks.spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the simulator has ended");
            }
        });
        tasks.close();
        Ok(Self { shared, tasks })
    }

    /// Where it listens: `http://127.0.0.1:PORT`. It speaks HTTP/1.1 and HTTP/2 with prior knowledge.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The last requests to the agent endpoints, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.log.all()
    }

    /// How many well-formed requests were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.shared.answered()
    }

    /// How many clients went away before the end of their answer.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        self.shared.cancelled()
    }

    /// What has been asked of an account; of the plain one under the empty name.
    #[must_use]
    pub fn counts(&self, account: &str) -> Option<Counts> {
        self.shared.authority.accounts().counts(account)
    }

    /// How many anonymous accounts were made.
    #[must_use]
    pub fn anonymous_users(&self) -> usize {
        self.shared.authority.accounts().anonymous()
    }

    /// Has the holder of `account` approve devices from now on. At first it is the first account that is listed.
    pub fn sign_in_as(&self, account: &str) {
        self.shared.set_person(account);
    }

    /// Expectations of the scenario that were not met, and steps that were not possible.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        self.shared.failures()
    }

    /// Ends what is being answered, and waits a little for the connections to close.
    pub async fn shutdown(self) {
        self.shared.shutdown.cancel();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("connections to the simulator are still open");
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.shutdown.cancel();
    }
}
