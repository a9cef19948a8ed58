//! Settings that change while the server runs: when to look, what holds at once, what has to wait for a restart.
//!
//! Files are looked at once a second instead of being watched through the system: two calls of `stat` cost next to nothing,
//! and they see what notifications miss, a file that a link leads to and one on another machine. A change is taken when
//! the files have been at rest for one more look, so that a half-written one is not read. It must not know how a server
//! takes settings in.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{Interval, MissedTickBehavior};
use tracing_subscriber::filter::LevelFilter;

use crate::cli::{
    args::Arguments,
    env::{self, ProcessEnvironment, Setting},
    layers::{Problem, Sources},
    logging::{self, Verbosity},
    settings::Settings,
};

/// How often files are looked at.
const OFTEN: Duration = Duration::from_secs(1);

/// The settings that hold at once; all others hold from the next start on.
const LIVE: &[&Setting] = &[
    &env::API_TOKEN,
    &env::ALLOW_ANONYMOUS,
    &env::STRICT,
    &env::IDLE_TIMEOUT,
    &env::HEARTBEAT,
    &env::DRAIN_TIMEOUT,
    &env::DRAIN_PAUSE,
    &env::READY_INTERVAL,
    &env::MAX_TURNS,
    &env::MAX_QUEUE,
    &env::QUEUE_TIMEOUT,
    &env::TURN_TIMEOUT,
    &env::MAX_CONNECTIONS,
    &env::MAX_HEAD,
    &env::MAX_HEADERS,
    &env::HEAD_TIMEOUT,
    &env::CLIENT_TIMEOUT,
    &env::STREAM_BUFFER,
    &env::WATCH,
    &env::MAX_BODY,
    &env::CORS,
    &env::ALLOWED_HOSTS,
    &env::LOG,
];

/// Reads settings again.
pub(crate) struct Reloader<'a> {
    arguments: &'a Arguments,
    /// Those that the process has started with.
    started: Sources,
    /// Those that were read last.
    current: Sources,
    /// How the files looked then.
    seen: Stamps,
}

/// Settings that were read again.
pub(crate) struct Reloaded {
    pub(crate) settings: Settings,
    /// What has changed and holds now.
    pub(crate) changed: Vec<&'static str>,
    /// What is other than it was at the start, and holds from the next one on.
    pub(crate) waiting: Vec<&'static str>,
}

impl<'a> Reloader<'a> {
    /// For a process that was started with `arguments` and found `sources`.
    pub(crate) fn new(arguments: &'a Arguments, sources: Sources) -> Self {
        let seen = stamps(sources.files.keys());
        Self { arguments, started: sources.clone(), current: sources, seen }
    }

    /// A watcher of the files that settings come from, or would if they were there. It needs a runtime around it.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher::new(self.seen.clone())
    }

    /// Reads everything again, for a server that listens on `address`; `has_keys` says that it knows client keys besides
    /// those of the settings.
    ///
    /// # Errors
    /// Everything that is wrong with it; then nothing has changed.
    pub(crate) fn read(&mut self, address: SocketAddr, has_keys: bool) -> Result<Reloaded, Vec<Problem>> {
        let seen = stamps(self.current.files.keys());
        let (settings, sources) = Settings::resolve_with_sources(self.arguments, &ProcessEnvironment, Path::new("."));
        let mut problems = self.gone(&sources);
        // Whatever the settings say of it, that is the address that others reach.
        problems.extend(settings.as_ref().ok().and_then(|settings| settings.serving.exposure(address, has_keys)));
        match settings {
            Ok(settings) if problems.is_empty() => {
                let differs = |from: &Sources, setting: &&&Setting| {
                    let name = setting.name();
                    from.values.get(name) != sources.values.get(name) && !is_given(setting)
                };
                let named = |from: &Sources, live: bool| -> Vec<&'static str> {
                    let wanted = env::ALL.iter().filter(|setting| is_live(setting) == live);
                    wanted.filter(|setting| differs(from, setting)).map(|setting| setting.name()).collect()
                };
                let (changed, waiting) = (named(&self.current, true), named(&self.started, false));
                let known = |path: &PathBuf| seen.get(path).copied().unwrap_or_else(|| stamp(path));
                self.seen = sources.files.keys().map(|path| (path.clone(), known(path))).collect();
                self.current = sources;
                Ok(Reloaded { settings, changed, waiting })
            }
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    }

    /// Has the log follow `settings`.
    pub(crate) fn refilter(&self, settings: &Settings) {
        logging::change(&settings.common, Verbosity::asked(self.arguments, LevelFilter::INFO));
    }

    /// The files that were there and are no more. Whoever removes one would fall back to defaults, open to all, without
    /// having said so.
    fn gone(&self, found: &Sources) -> Vec<Problem> {
        let missing = found.files.iter().filter(|(_, is_there)| !**is_there).map(|(path, _)| path);
        let gone = missing.filter(|path| self.current.files.get(*path) == Some(&true));
        let message = "is gone; what it said holds until a restart";
        gone.map(|path| Problem { place: path.display().to_string(), message: message.to_owned() }).collect()
    }
}

fn is_live(setting: &Setting) -> bool {
    LIVE.iter().any(|live| live.name() == setting.name())
}

/// True when a flag gives the setting, so that no file can change it.
fn is_given(setting: &Setting) -> bool {
    let names = |argument: String| {
        argument.strip_prefix(setting.flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    !setting.flag.is_empty() && std::env::args().any(names)
}

/// Looks at files.
pub(crate) struct Watcher {
    looks: Interval,
    seen: Stamps,
    /// What was seen at the last look, when it differed.
    restless: Option<Stamps>,
}

/// What changes with a file; `None` where there is none.
type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

impl Watcher {
    /// Looks for files that are other than they were `seen`.
    fn new(seen: Stamps) -> Self {
        let mut looks = tokio::time::interval(OFTEN);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { looks, seen, restless: None }
    }

    /// Goes by what `reloader` has read from now on.
    pub(crate) fn follow(&mut self, reloader: &Reloader<'_>) {
        self.seen.clone_from(&reloader.seen);
        self.restless = None;
    }

    /// Waits until a file has changed and come to rest. Cancel safe.
    pub(crate) async fn changed(&mut self) {
        loop {
            self.looks.tick().await;
            if self.look() {
                return;
            }
        }
    }

    fn look(&mut self) -> bool {
        let now = stamps(self.seen.keys());
        if now == self.seen {
            self.restless = None;
        } else if self.restless.as_ref() == Some(&now) {
            self.seen = now;
            self.restless = None;
            return true;
        } else {
            self.restless = Some(now);
        }
        false
    }
}

fn stamps<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Stamps {
    files.map(|path| (path.clone(), stamp(path))).collect()
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::{LIVE, Watcher, is_live, stamps};
    use crate::cli::env::ALL;

    #[test]
    fn what_holds_at_once_is_a_part_of_all_settings() {
        let all: BTreeSet<_> = ALL.iter().map(|setting| setting.name()).collect();
        let live: BTreeSet<_> = LIVE.iter().map(|setting| setting.name()).collect();
        assert_eq!(live.len(), LIVE.len());
        assert!(live.is_subset(&all));
        for fixed in ["listen", "upstream", "api_key", "state_key", "log_format"] {
            assert!(ALL.iter().any(|setting| setting.name() == fixed && !is_live(setting)), "{fixed}");
        }
    }

    #[tokio::test]
    async fn a_change_is_taken_when_the_file_is_at_rest() {
        let place = tempfile::tempdir().unwrap();
        let (old, new) = (place.path().join("old"), place.path().join("new"));
        fs::write(&old, "1").unwrap();
        let mut watcher = Watcher::new(stamps([&old, &new].into_iter()));
        assert!(!watcher.look());
        fs::write(&old, "12").unwrap();
        assert!(!watcher.look(), "it may still be written");
        fs::write(&old, "123").unwrap();
        assert!(!watcher.look());
        assert_eq!((watcher.look(), watcher.look()), (true, false));
        fs::write(&new, "").unwrap();
        assert_eq!((watcher.look(), watcher.look(), watcher.look()), (false, true, false), "one that was not there");
        fs::remove_file(&old).unwrap();
        assert_eq!((watcher.look(), watcher.look(), watcher.look()), (false, true, false));
        fs::write(&old, "x").unwrap();
        assert!(!watcher.look());
        fs::remove_file(&old).unwrap();
        assert_eq!((watcher.look(), watcher.look()), (false, false), "it is as it was");
    }
}
