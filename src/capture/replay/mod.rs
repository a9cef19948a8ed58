//! An upstream over real HTTP that answers with captures: in order or by what is asked, at their own pace or at once, with
//! faults where they are wanted.
//!
//! It must not know who asks.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::schema::{Schema, SchemaError};

mod asked;
mod joined;
mod load;
mod options;
mod script;
mod serve;

pub use options::{Match, Options, Speed};

/// What authorises a request to a player; it takes anything.
pub const API_KEY: &str = "wk-replay";

/// Why nothing can be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file cannot be read.
    #[error("cannot read the capture {}: {problem}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// There is nothing to play.
    #[error("{} holds no recorded answers", path.display())]
    Empty {
        /// The file or directory.
        path: PathBuf,
    },
    /// The captures are larger than what is held in memory.
    #[error("the captures in {} are larger than {limit} MiB", path.display())]
    TooLarge {
        /// The file or directory.
        path: PathBuf,
        /// The limit, in MiB.
        limit: usize,
    },
    /// The schema is not one of this protocol.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// No port can be had.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// A running player. It ends when it is dropped.
#[derive(Debug)]
pub struct Player {
    url: String,
    shutdown: CancellationToken,
    _tasks: TaskTracker,
}

impl Player {
    /// Loads the captures and answers with them on a free port of the loopback address. It needs a tokio runtime around
    /// it.
    ///
    /// # Errors
    /// When the captures cannot be read or there are none, or no port can be had.
    pub fn start(options: Options, schema: &Schema) -> Result<Self, ReplayError> {
        let event = schema.message("ResponseEvent")?;
        let loaded = load::load(&options.path)?.into_iter();
        let exchanges = loaded.flat_map(|exchange| joined::apart(exchange, &event)).collect();
        let shelf = asked::Shelf::new(exchanges, options.order, schema)?;
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let url = format!("http://{}", listener.local_addr()?);
        let shutdown = CancellationToken::new();
        let router = serve::router(Arc::new(serve::Shared { options, shelf, shutdown: shutdown.clone() }));
        let tasks = TaskTracker::new();
        let ended = shutdown.clone();
        tasks.spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(ended.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the player of captures has ended");
            }
        });
        tasks.close();
        Ok(Self { url, shutdown, _tasks: tasks })
    }

    /// Where it listens: `http://127.0.0.1:PORT`. It speaks HTTP/1.1 and HTTP/2 with prior knowledge.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
