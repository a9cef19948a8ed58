//! Log lines: where they go, how they look, how many there are. Standard error always; data never shares their channel.

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt};

use crate::cli::settings::{Common, LogFormat};

/// How much is said, by `-q` and `-v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verbosity {
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
    /// What this verb logs when nobody asks for more or less.
    pub(crate) usual: LevelFilter,
}

impl Verbosity {
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

/// Begins to log. A second call in one process changes nothing.
pub(crate) fn begin(common: &Common, verbosity: Verbosity, colour: bool) {
    let filter = verbosity.filter(common.log_filter.as_deref());
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let begun = match common.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // Only a test that runs two verbs in one process begins twice.
    drop(begun);
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
