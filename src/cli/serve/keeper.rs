//! Looks after a server while it runs: reads settings again when a file changes or SIGHUP comes, and keeps the service
//! manager content. It must not know how requests are served.

use std::{convert::Infallible, io::IsTerminal as _, net::SocketAddr};

use tokio::sync::watch;

use crate::{
    cli::{
        exit::Failure,
        layers::Problem,
        output::Output,
        reload::{Reloaded, Reloader, Watcher},
        serve::Ground,
        settings::Settings,
        signals::Hangups,
        systemd::{Manager, Told},
    },
    server,
};

/// Looks after one server.
pub(super) struct Keeper<'a> {
    reloader: Reloader<'a>,
    watcher: Watcher,
    /// True when changed files are read again by themselves.
    watches: bool,
    hangups: Hangups,
    manager: Manager,
    ground: Ground<'a>,
    address: SocketAddr,
    change: watch::Sender<server::Config>,
    /// True when the process was started by a person who watches it.
    on_terminal: bool,
}

impl<'a> Keeper<'a> {
    /// For the server at `address`, whose configuration goes through `change`.
    pub(super) fn new(
        settings: &Settings,
        reloader: Reloader<'a>,
        address: SocketAddr,
        ground: Ground<'a>,
        change: watch::Sender<server::Config>,
        output: &Output,
    ) -> Result<Self, Failure> {
        Ok(Self {
            watcher: reloader.watcher(),
            reloader,
            watches: settings.serving.watch,
            hangups: Hangups::listen()?,
            manager: Manager::find(),
            ground,
            address,
            change,
            on_terminal: output.manner().talk_terminal,
        })
    }

    /// The server takes requests.
    pub(super) fn begin(&self) {
        self.manager.tell(Told::Ready(&self.status("")));
    }

    /// Reads settings again whenever it is time. It is over when the terminal has gone that the server was started from:
    /// then nobody could stop it any more.
    pub(super) async fn keep(&mut self) {
        loop {
            tokio::select! {
                () = self.hangups.next() => {
                    if self.on_terminal && !std::io::stderr().is_terminal() {
                        return;
                    }
                    self.reload("SIGHUP");
                }
                () = self.watcher.changed() => {
                    if self.watches {
                        self.reload("a file has changed");
                    }
                }
                () = self.manager.keep_content() => {}
            }
        }
    }

    /// The server has been told to stop.
    pub(super) fn stop(&self) {
        self.manager.tell(Told::Stopping("answers in progress may end"));
    }

    /// Keeps the service manager content until the server has stopped. Nothing is read any more.
    pub(super) async fn last(&mut self) -> Infallible {
        loop {
            tokio::select! {
                () = self.hangups.next() => {}
                () = self.manager.keep_content() => {}
            }
        }
    }

    fn reload(&mut self, why: &str) {
        self.manager.tell(Told::Reloading);
        let has_keys = self.ground.clients.is_some_and(|clients| clients.in_force() > 0);
        let failed = match self.reloader.read(self.address, has_keys) {
            Ok(reloaded) => {
                self.take(reloaded, why);
                ""
            }
            Err(problems) => {
                refuse(&problems, why);
                "; the last change of its settings is wrong and was not taken"
            }
        };
        self.manager.tell(Told::Ready(&self.status(failed)));
    }

    fn take(&mut self, reloaded: Reloaded, why: &str) {
        let Reloaded { settings, changed, waiting } = reloaded;
        self.reloader.refilter(&settings);
        self.ground.backend.gateway.set_idle_timeout(settings.wire.idle_timeout);
        self.change.send_replace(self.ground.configuration(&settings.serving, self.address));
        self.watches = settings.serving.watch;
        self.watcher.follow(&self.reloader);
        tracing::info!(why, changed = changed.join(", "), "settings were read again");
        if !waiting.is_empty() {
            tracing::warn!(settings = waiting.join(", "), "these settings have changed, too, and hold after a restart");
        }
    }

    fn status(&self, more: &str) -> String {
        format!("Serving on http://{}{more}", self.address)
    }
}

/// Says everything that is wrong, so that it can be put right in one go.
fn refuse(problems: &[Problem], why: &str) {
    for problem in problems {
        tracing::error!(why, "{problem}");
    }
    tracing::error!(why, problems = problems.len(), "settings were read again and are wrong; those from before hold");
}
