//! How many files the process may have open: every connection is one, and every answer may take another.
//!
//! The usual limit is a low one for the sake of old programs, and a process may raise it as far as the system lets it. It must
//! not know what is opened.

use crate::server::Limits;

/// Files that are open whatever happens: the state, the log, the connections of those who look after accounts.
const OTHERS: usize = 64;

/// Raises the limit as far as it goes, and says when `limits` promise more than that.
pub(crate) fn raise(limits: &Limits) {
    let Some(files) = raised() else { return };
    let wanted = limits.connections.saturating_add(limits.turns).saturating_add(OTHERS);
    if u64::try_from(wanted).is_ok_and(|wanted| wanted > files) {
        tracing::warn!(
            files,
            wanted,
            "the system lets this process open fewer files than `max_connections` and `max_turns` may need"
        );
    }
}

/// How many files may be open now, where there is such a limit.
#[cfg(unix)]
fn raised() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn raised() -> Option<u64> {
    None
}
