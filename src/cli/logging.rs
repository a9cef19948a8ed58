//! Log lines: where they go, how they look, how many there are. Standard error always; data never shares their channel.

use std::sync::OnceLock;

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt};

use crate::cli::{
    args::Arguments,
    settings::{Common, LogFormat},
};

/// How much is said, by `-q` and `-v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verbosity {
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
    /// What this verb logs when nobody asks for more or less.
    pub(crate) usual: LevelFilter,
}

impl Verbosity {
    /// What `arguments` ask for.
    pub(crate) fn asked(arguments: &Arguments, usual: LevelFilter) -> Self {
        Self { quiet: arguments.global.quiet, verbose: arguments.global.verbose, usual }
    }

    fn level(self) -> LevelFilter {
        match (self.quiet, self.verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0) => self.usual,
            (false, 1) => LevelFilter::DEBUG,
            (false, _) => LevelFilter::TRACE,
        }
    }

    /// Our own lines by the flags; of the libraries only their warnings, for theirs may hold anything.
    fn filter(self, asked: Option<&str>) -> EnvFilter {
        let all = if self.quiet { "error".to_owned() } else { format!("warn,warp2api={}", self.level()) };
        // What it finds wrong with a certificate is told with the failure that comes of it.
        let usual = format!("{all},rustls_platform_verifier=off");
        EnvFilter::builder().parse_lossy(asked.unwrap_or(&usual))
    }
}

/// Puts another filter in the place of the one that this process logs by.
type Refilter = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// There is one log a process, and so is this.
static REFILTER: OnceLock<Refilter> = OnceLock::new();

/// Begins to log. A second call in one process changes nothing.
pub(crate) fn begin(common: &Common, verbosity: Verbosity, colour: bool) {
    let filter = verbosity.filter(common.log_filter.as_deref());
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    // Only a test that runs two verbs in one process begins twice.
    match common.log_format {
        LogFormat::Text => {
            let lines = lines.with_target(false).with_filter_reloading();
            let handle = lines.reload_handle();
            drop(lines.try_init().map(|()| REFILTER.set(Box::new(move |filter| drop(handle.reload(filter))))));
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_filter_reloading();
            let handle = lines.reload_handle();
            drop(lines.try_init().map(|()| REFILTER.set(Box::new(move |filter| drop(handle.reload(filter))))));
        }
    }
}

/// Logs by another filter from now on.
pub(crate) fn change(common: &Common, verbosity: Verbosity) {
    if let Some(refilter) = REFILTER.get() {
        refilter(verbosity.filter(common.log_filter.as_deref()));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::Verbosity;

    #[test]
    fn flags_set_our_own_level_and_the_setting_replaces_it() {
        let of = |quiet, verbose| Verbosity { quiet, verbose, usual: LevelFilter::INFO };
        let shown = |verbosity: Verbosity| {
            let mut parts: Vec<_> = verbosity.filter(None).to_string().split(',').map(str::to_owned).collect();
            parts.sort();
            parts.join(",")
        };
        assert_eq!(shown(of(false, 0)), "rustls_platform_verifier=off,warn,warp2api=info");
        assert_eq!(shown(of(false, 1)), "rustls_platform_verifier=off,warn,warp2api=debug");
        assert_eq!(shown(of(false, 2)), "rustls_platform_verifier=off,warn,warp2api=trace");
        assert_eq!(shown(of(true, 0)), "error,rustls_platform_verifier=off");
        assert_eq!(of(false, 0).filter(Some("hyper=trace")).to_string(), "hyper=trace");
    }
}
