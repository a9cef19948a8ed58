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
    cli::env::{self, Setting, Strings},
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

/// A value, and where it stands.
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) place: String,
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
    file: toml::Table,
    file_name: String,
    files: BTreeMap<PathBuf, bool>,
    problems: Vec<Problem>,
}

impl<'a> Layers<'a> {
    /// Reads `.env` in `directory` and the configuration file: `config` if given, else `WARP2API_CONFIG`, else the usual
    /// place. A file that is asked for must be there; one in its usual place need not be.
    pub(crate) fn read(strings: &'a dyn Strings, directory: &Path, config: Option<&Path>) -> Self {
        let mut layers = Self {
            strings,
            dotenv: BTreeMap::new(),
            file: toml::Table::new(),
            file_name: String::new(),
            files: BTreeMap::new(),
            problems: Vec::new(),
        };
        layers.read_dotenv(&directory.join(".env"));
        let named =
            config.map(Path::to_owned).or_else(|| layers.find(None, &env::CONFIG).map(|found| found.text.into()));
        let usual = || layers.home().map(|home| home.join("config.toml")).or_else(|| env::configuration_file(strings));
        match named {
            Some(path) => layers.read_file(&path, true),
            None => {
                if let Some(path) = usual() {
                    layers.read_file(&path, false);
                }
            }
        }
        layers
    }

    fn home(&self) -> Option<PathBuf> {
        self.find(None, &env::HOME).map(|found| PathBuf::from(found.text))
    }

    /// Where state is kept, if that can be told.
    pub(crate) fn state_directory(&self) -> Option<PathBuf> {
        self.home().or_else(|| env::state_directory(self.strings))
    }

    /// Where the values come from.
    pub(crate) fn sources(&self) -> Sources {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let value = |setting: &&Setting| Some((setting.name(), KEY.hash_one(self.find(None, setting)?.text)));
        Sources { values: env::ALL.iter().filter_map(value).collect(), files: self.files.clone() }
    }

    fn read_dotenv(&mut self, path: &Path) {
        self.files.insert(path.to_owned(), path.exists());
        let lines = match dotenvy::from_path_iter(path) {
            Ok(lines) => lines,
            Err(error) if error.not_found() => return,
            Err(_) => return self.complain(".env".to_owned(), "cannot be read".to_owned()),
        };
        let mut last = None;
        for line in lines {
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
        match text.parse::<toml::Table>() {
            Ok(table) => self.take_file(table),
            // The error's own display quotes the line, which may hold a secret.
            Err(error) => {
                let line =
                    error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
                self.complain(format!("{} line {line}", self.file_name), error.message().to_owned());
            }
        }
    }

    fn take_file(&mut self, table: toml::Table) {
        for (key, value) in &table {
            if plain(value).is_none() {
                let place = format!("{key} in {}", self.file_name);
                self.complain(place, format!("expected text, a number or a switch, not a {}", value.type_str()));
            }
        }
        self.file = table;
    }

    /// Complains about keys of the configuration file that mean nothing.
    pub(crate) fn check_keys(&mut self) {
        let known = || env::ALL.iter().map(|setting| setting.key).filter(|key| !key.is_empty());
        let unknown = self.file.keys().filter(|key| !known().any(|name| name == *key));
        let complaints: Vec<_> = unknown
            .map(|key| {
                let nearest =
                    known().max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
                let near = nearest.filter(|name| strsim::jaro_winkler(name, key) > 0.8);
                let meant = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
                (format!("{key} in {}", self.file_name), format!("no such setting{meant}"))
            })
            .collect();
        for (place, message) in complaints {
            self.complain(place, message);
        }
    }

    /// The value of `setting`: the flag's if given, else that of the first place that has one. An empty variable is unset.
    pub(crate) fn find(&self, flag: Option<&str>, setting: &Setting) -> Option<Found> {
        match flag {
            Some(text) => Some(Found { text: text.to_owned(), place: setting.flag.to_owned() }),
            None => self.in_environment(setting).or_else(|| self.in_file(setting)),
        }
    }

    fn in_environment(&self, setting: &Setting) -> Option<Found> {
        if setting.variable.is_empty() {
            return None;
        }
        let own = self.strings.get(setting.variable).map(|text| text.to_string_lossy().into_owned());
        let found = |text: String, place: String| (!text.trim().is_empty()).then_some(Found { text, place });
        own.and_then(|text| found(text, setting.variable.to_owned())).or_else(|| {
            let text = self.dotenv.get(setting.variable)?.clone();
            found(text, format!("{} in .env", setting.variable))
        })
    }

    fn in_file(&self, setting: &Setting) -> Option<Found> {
        let text = plain(self.file.get(setting.key)?)?;
        Some(Found { text, place: format!("{} in {}", setting.key, self.file_name) })
    }

    /// The value of `setting` as `parse` reads it; `None` when nobody gives one, or when it is wrong, which is noted.
    pub(crate) fn parsed<T>(
        &mut self,
        flag: Option<&str>,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.find(flag, setting)?;
        match parse(found.text.trim()) {
            Ok(value) => Some(value),
            Err(expected) if setting.secret => {
                self.complain(found.place, expected);
                None
            }
            Err(expected) => {
                self.complain(found.place, format!("{:?}: {expected}", found.text));
                None
            }
        }
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

    /// Everything that was wrong.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
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
