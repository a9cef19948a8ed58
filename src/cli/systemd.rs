//! What the service manager is told, and the sockets that it hands over (sd_notify(3), sd_listen_fds(3)). Where there is none,
//! nothing here does anything.
//!
//! The variables are systemd's, not settings, and the crates that speak for us read them: `NOTIFY_SOCKET`, `WATCHDOG_USEC`,
//! `WATCHDOG_PID`, `LISTEN_FDS` and `LISTEN_PID`.

use std::{net::TcpListener, time::Duration};

use tokio::time::{Interval, MissedTickBehavior};

use crate::cli::exit::{Exit, Failure};

/// Who watches over the process.
pub(crate) struct Manager {
    /// Ticks when it is to be told that all is well, if it wants to know.
    watchdog: Option<Interval>,
}

/// What it is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told<'a> {
    /// Requests are served.
    Ready(&'a str),
    /// Settings are being read again.
    Reloading,
    /// The process ends.
    Stopping(&'a str),
    /// It still runs.
    Alive,
}

impl Manager {
    /// The manager that has started this process. It needs a runtime around it.
    pub(crate) fn find() -> Self {
        let watchdog = native::watchdog().filter(|every| !every.is_zero()).map(|every| {
            let mut ticks = tokio::time::interval((every / 2).max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        Self { watchdog }
    }

    /// Tells it something.
    pub(crate) fn tell(&self, told: Told<'_>) {
        if let Err(error) = native::tell(told) {
            tracing::warn!(%error, "the service manager cannot be told how this process is");
        }
    }

    /// Waits until it is to be told that all is well, and tells it so. Cancel safe.
    pub(crate) async fn keep_content(&mut self) {
        match &mut self.watchdog {
            Some(ticks) => {
                ticks.tick().await;
                self.tell(Told::Alive);
            }
            None => std::future::pending().await,
        }
    }
}

/// The sockets that were handed over to listen on, in order.
///
/// # Errors
/// When one of them is no TCP socket.
pub(crate) fn listeners() -> Result<Vec<TcpListener>, Failure> {
    let wrong = |error: std::io::Error| {
        let failure = Failure::new(Exit::Usage, format!("a socket that was handed over cannot be served: {error}"));
        failure.hint("the first socket is for the public API, a second one for the bridge; both are ListenStream= with an address and a port")
    };
    let listeners = native::listeners().map_err(wrong)?;
    for listener in &listeners {
        listener.set_nonblocking(true).map_err(wrong)?;
    }
    Ok(listeners)
}

#[cfg(target_os = "linux")]
mod native {
    use std::{io, net::TcpListener, time::Duration};

    use listenfd::ListenFd;
    use sd_notify::NotifyState;

    use crate::cli::systemd::Told;

    pub(super) fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    pub(super) fn tell(told: Told<'_>) -> io::Result<()> {
        match told {
            Told::Ready(status) => sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)]),
            Told::Reloading => sd_notify::notify(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?]),
            Told::Stopping(status) => sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status(status)]),
            Told::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        }
    }

    pub(super) fn listeners() -> io::Result<Vec<TcpListener>> {
        let mut handed = ListenFd::from_env();
        (0..handed.len()).filter_map(|place| handed.take_tcp_listener(place).transpose()).collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod native {
    use std::{io, net::TcpListener, time::Duration};

    use crate::cli::systemd::Told;

    pub(super) fn watchdog() -> Option<Duration> {
        None
    }

    pub(super) fn tell(_: Told<'_>) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn listeners() -> io::Result<Vec<TcpListener>> {
        Ok(Vec::new())
    }
}
