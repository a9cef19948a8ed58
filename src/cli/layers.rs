//! Finds the value of a setting: flags > environment > `.env` > configuration file.
//!
//! It keeps where each value came from, so that a complaint can name the place, and collects complaints instead of
//! stopping at the first. It must not know what any value means.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher as _, RandomState},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::{
    cli::{
        config::kinds::{self, Kind},
        env::{self, Setting, Strings},
        values,
    },
    secret::Secret,
};

/// Something wrong with one setting. It never shows a secret's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the value stands, such as `PORT in .env`.
    pub place: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Which of the places gave a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// `.env` in the current directory.
    Dotenv,
    /// The configuration file.
    File,
    /// Nobody: it is where the platform has a place for such things.
    Platform,
}

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) place: String,
    pub(crate) source: Source,
}

/// Where values came from, kept to tell what has changed. It holds no value, only what tells it from others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// A fingerprint of the value of every setting that has one; that of another process is another.
    pub(crate) values: BTreeMap<&'static str, u64>,
    /// The files that were looked for, and whether they were there.
    pub(crate) files: BTreeMap<PathBuf, bool>,
}

/// The places that can give a setting, besides flags.
pub(crate) struct Layers<'a> {
    strings: &'a dyn Strings,
    dotenv: BTreeMap<String, String>,
    file: BTreeMap<String, Spot>,
    file_name: String,
    files: BTreeMap<PathBuf, bool>,
    problems: Vec<Problem>,
    hidden: Vec<Problem>,
    taken: Vec<(Setting, Found)>,
}

/// A value of the configuration file, and the line it stands on.
struct Spot {
    value: toml::Value,
    line: usize,
}

impl<'a> Layers<'a> {
    /// Reads `.env` in `directory` and the configuration file: `config` if given, else `WARP2API_CONFIG`, else the usual
    /// place. A file that is asked for must be there; one in its usual place need not be.
    pub(crate) fn read(strings: &'a dyn Strings, directory: &Path, config: Option<&Path>) -> Self {
        let mut layers = Self {
            strings,
            dotenv: BTreeMap::new(),
            file: BTreeMap::new(),
            file_name: String::new(),
            files: BTreeMap::new(),
            problems: Vec::new(),
            hidden: Vec::new(),
            taken: Vec::new(),
        };
        layers.read_dotenv(&directory.join(".env"));
        let home = layers.home();
        let named = layers.path(config, &env::CONFIG);
        let usual = || home.map(|home| home.join("config.toml")).or_else(|| env::configuration_file(strings));
        match named {
            Some(path) => layers.read_file(&path, true),
            None => {
                if let Some(path) = usual() {
                    layers.note_usual(&env::CONFIG, &path);
                    layers.read_file(&path, false);
                }
            }
        }
        layers
    }

    fn home(&mut self) -> Option<PathBuf> {
        self.path(None, &env::HOME)
    }

    /// Where state is kept, if that can be told.
    pub(crate) fn state_directory(&mut self) -> Option<PathBuf> {
        self.home().or_else(|| {
            let usual = env::state_directory(self.strings)?;
            self.note_usual(&env::HOME, &usual);
            Some(usual)
        })
    }

    fn note_usual(&mut self, setting: &Setting, path: &Path) {
        let (text, place) = (path.display().to_string(), "default".to_owned());
        self.note(setting, Found { text, place, source: Source::Platform });
    }

    /// Where the values come from.
    pub(crate) fn sources(&self) -> Sources {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let value = |setting: &&Setting| Some((setting.name(), KEY.hash_one(self.find(None, setting)?.text)));
        Sources { values: env::ALL.iter().filter_map(value).collect(), files: self.files.clone() }
    }

    fn read_dotenv(&mut self, path: &Path) {
        self.files.insert(path.to_owned(), path.exists());
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.complain(".env".to_owned(), format!("cannot be read: {error}")),
        };
        // Some editors put a mark before UTF-8.
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
        let mut last = None;
        for line in dotenvy::from_read_iter(text) {
            match line {
                Ok((name, value)) => {
                    last = Some(name.clone());
                    self.dotenv.insert(name, value);
                }
                // The error shows the line, which may hold a secret, so the line is told by its neighbour.
                Err(_) => {
                    let after = last
                        .take()
                        .map_or_else(|| "its first entry".to_owned(), |name| format!("the entry after {name}"));
                    return self.complain(".env".to_owned(), format!("{after} is not NAME=value"));
                }
            }
        }
    }

    fn read_file(&mut self, path: &Path, required: bool) {
        self.file_name = path.display().to_string();
        self.files.insert(path.to_owned(), path.exists());
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return,
            Err(error) => return self.complain(self.file_name.clone(), format!("cannot be read: {error}")),
        };
        let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        match toml::from_str::<BTreeMap<String, toml::Spanned<toml::Value>>>(&text) {
            Ok(table) => {
                let spots = table.into_iter().map(|(key, value)| {
                    let line = line_of(value.span().start);
                    (key, Spot { value: value.into_inner(), line })
                });
                self.take_file(spots.collect());
            }
            // The error's own display quotes the line, which may hold a secret.
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(span.start));
                self.complain(format!("{} line {line}", self.file_name), error.message().to_owned());
            }
        }
    }

    fn take_file(&mut self, spots: BTreeMap<String, Spot>) {
        self.file = spots;
        let problem = |(key, spot): (&String, &Spot)| {
            let message = match &spot.value {
                toml::Value::Array(_) if is_one_value(key) => "expected one value, not a list".to_owned(),
                value if plain(value).is_none() => {
                    format!("expected text, a number or a switch, not a {}", value.type_str())
                }
                _ => return None,
            };
            Some((self.place_in_file(key, spot), message))
        };
        let problems: Vec<_> = self.file.iter().filter_map(problem).collect();
        problems.into_iter().for_each(|(place, message)| self.complain(place, message));
        // Joined, they could be taken for one.
        self.file.retain(|key, spot| !(spot.value.is_array() && is_one_value(key)));
    }

    fn place_in_file(&self, key: &str, spot: &Spot) -> String {
        format!("{key} in {} line {}", self.file_name, spot.line)
    }

    /// The configuration file that was looked for; none where there is no place for one.
    pub(crate) fn file(&self) -> Option<&Path> {
        (!self.file_name.is_empty()).then(|| Path::new(&self.file_name))
    }

    /// Complains about keys of the configuration file that mean nothing.
    pub(crate) fn check_keys(&mut self) {
        let known = || env::ALL.iter().map(|setting| setting.key).filter(|key| !key.is_empty());
        let unknown = self.file.iter().filter(|(key, _)| !known().any(|name| name == *key));
        let complaints: Vec<_> =
            unknown.map(|(key, spot)| (self.place_in_file(key, spot), no_such_setting(key, known()))).collect();
        for (place, message) in complaints {
            self.complain(place, message);
        }
    }

    /// The value of `setting`: the flag's if given, else that of the first place that has one. An empty variable is unset.
    pub(crate) fn find(&self, flag: Option<&str>, setting: &Setting) -> Option<Found> {
        match flag {
            Some(text) => {
                let place = setting.flag.to_owned();
                Some(Found { text: text.to_owned(), place, source: Source::Flag })
            }
            None => self.in_environment(setting).or_else(|| self.in_file(setting)),
        }
    }

    fn in_environment(&self, setting: &Setting) -> Option<Found> {
        self.in_variable(setting).or_else(|| self.in_dotenv(setting))
    }

    fn in_variable(&self, setting: &Setting) -> Option<Found> {
        let named = (!setting.variable.is_empty()).then_some(setting.variable)?;
        let text = self.strings.get(named)?.to_string_lossy().into_owned();
        let place = named.to_owned();
        (!text.trim().is_empty()).then_some(Found { text, place, source: Source::Variable })
    }

    fn in_dotenv(&self, setting: &Setting) -> Option<Found> {
        let text = self.dotenv.get(setting.variable)?.clone();
        let place = format!("{} in .env", setting.variable);
        (!text.trim().is_empty()).then_some(Found { text, place, source: Source::Dotenv })
    }

    fn in_file(&self, setting: &Setting) -> Option<Found> {
        let spot = self.file.get(setting.key)?;
        let place = self.place_in_file(setting.key, spot);
        Some(Found { text: plain(&spot.value)?, place, source: Source::File })
    }

    /// The value of `setting` as `parse` reads it; `None` when nobody gives one, or when it is wrong, which is noted.
    pub(crate) fn parsed<T>(
        &mut self,
        flag: Option<&str>,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.find(flag, setting)?;
        let wrong = |found: &Found| {
            let expected = parse(found.text.trim()).err()?;
            let message = match setting.secret {
                true => expected,
                false => format!("{:?}: {expected}", values::without_password(&found.text)),
            };
            Some(Problem { place: found.place.clone(), message })
        };
        let places = [self.in_variable(setting), self.in_dotenv(setting), self.in_file(setting)];
        let below = places.into_iter().flatten().filter(|other| other.place != found.place);
        self.hidden.extend(below.filter_map(|other| wrong(&other)));
        let value = parse(found.text.trim());
        self.problems.extend(wrong(&found));
        self.note(setting, found);
        value.ok()
    }

    /// The path that `setting` names. A flag need not be text.
    pub(crate) fn path(&mut self, flag: Option<&Path>, setting: &Setting) -> Option<PathBuf> {
        let Some(path) = flag else { return self.parsed(None, setting, |text| Ok(PathBuf::from(text))) };
        let (text, place) = (path.display().to_string(), setting.flag.to_owned());
        self.note(setting, Found { text, place, source: Source::Flag });
        Some(path.to_owned())
    }

    /// Notes that `setting` has been taken as `found`, in place of what was noted of it before.
    pub(crate) fn note(&mut self, setting: &Setting, found: Found) {
        self.taken.retain(|(known, _)| known != setting);
        self.taken.push((*setting, found));
    }

    /// What `setting` has been taken as; none when nobody gives it.
    pub(crate) fn taken(&self, setting: &Setting) -> Option<&Found> {
        self.taken.iter().find(|(known, _)| known == setting).map(|(_, found)| found)
    }

    /// The secret that `setting` names.
    pub(crate) fn secret(&mut self, setting: &Setting) -> Option<Secret> {
        let one_line = |text: &str| match text.chars().any(char::is_control) {
            true => Err("contains a line break or another control character".to_owned()),
            false => Ok(Secret::new(text)),
        };
        self.parsed(None, setting, one_line)
    }

    /// Notes a problem.
    pub(crate) fn complain(&mut self, place: String, message: String) {
        self.problems.push(Problem { place, message });
    }

    /// What is wrong so far.
    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What is wrong with values that another place has replaced. It does no harm until that place falls silent.
    pub(crate) fn hidden(&self) -> &[Problem] {
        &self.hidden
    }

    /// Variables of ours that mean nothing, here and in `.env`.
    pub(crate) fn unknown_variables(&self) -> Vec<Problem> {
        let known = || env::ALL.iter().map(|setting| setting.variable).filter(|name| !name.is_empty());
        let own = self.strings.names().into_iter().map(|name| (name.clone(), name));
        let dotenv = self.dotenv.keys().map(|name| (name.clone(), format!("{name} in .env")));
        let unknown = own.chain(dotenv).filter(|(name, _)| name.starts_with(env::OURS) && !known().any(|k| k == name));
        unknown.map(|(name, place)| Problem { place, message: no_such_setting(&name, known()) }).collect()
    }

    /// Everything that was wrong.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// That nothing is called `name`, and what may have been meant.
fn no_such_setting<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let likeness = |one: &&str| strsim::jaro_winkler(one, name);
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|one| likeness(one) > 0.8);
    let meant = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("no such setting{meant}")
}

/// Whether `key` is a setting that has one value only.
fn is_one_value(key: &str) -> bool {
    let kind = kinds::of_file().find(|(setting, _)| setting.key == key).map(|(_, kind)| kind);
    kind.is_some_and(|kind| !matches!(kind, Kind::List(_) | Kind::Secrets))
}

/// The text of a value that a setting can have; `None` for any other.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
