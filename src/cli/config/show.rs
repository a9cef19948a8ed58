//! `config show`: every setting, what it is, and where that stands. Of a secret it tells only whether there is one.

use serde_json::{Value, json};

use crate::cli::{
    self,
    config::kinds::{self, Kind},
    env::Setting,
    exit::{Exit, Failure},
    layers::{Layers, Source},
    output::Output,
    table::Table,
    values,
};

/// How wide a value may be in the table.
const WIDEST: usize = 110;

/// Shows them; fails when one is wrong, after all have been shown.
pub(super) fn run(layers: Layers<'_>, json: bool, output: &mut Output) -> Result<(), Failure> {
    let rows: Vec<Row> = kinds::all().map(|(setting, kind)| Row::of(setting, kind, &layers)).collect();
    match json {
        true => output.json(&document(&rows, &layers))?,
        false => output.text(&table(&rows))?,
    }
    match layers.problems() {
        [] => Ok(()),
        // The object holds them already.
        [..] if json => Err(Failure::new(Exit::Usage, "some settings are wrong, see \"problems\"")),
        [..] => Err(cli::refuse(layers.into_problems())),
    }
}

/// One setting as it stands.
struct Row {
    setting: &'static Setting,
    kind: Kind,
    /// As text; none of a secret, and where nothing fixed holds.
    value: Option<String>,
    /// Where it was given, and in which place; none when nobody gave it.
    given: Option<(Source, String)>,
}

impl Row {
    fn of(setting: &'static Setting, kind: Kind, layers: &Layers<'_>) -> Self {
        let found = layers.taken(setting);
        let given = found.filter(|found| found.source != Source::Platform);
        let given = given.map(|found| (found.source, found.place.clone()));
        let value = match found {
            _ if setting.secret => None,
            Some(found) => Some(values::without_password(found.text.trim())),
            None => kinds::default(setting).map(str::to_owned),
        };
        Self { setting, kind, value, given }
    }

    /// What it is called where it is best given.
    fn name(&self) -> &'static str {
        if self.setting.key.is_empty() { self.setting.variable } else { self.setting.key }
    }

    fn source(&self) -> &'static str {
        match self.given {
            None | Some((Source::Platform, _)) => "default",
            Some((Source::Flag, _)) => "flag",
            Some((Source::Variable, _)) => "variable",
            Some((Source::Dotenv, _)) => ".env",
            Some((Source::File, _)) => "file",
        }
    }

    /// The value for a person.
    fn shown(&self) -> String {
        match &self.value {
            _ if self.setting.secret => if self.given.is_some() { "set" } else { "not set" }.to_owned(),
            Some(value) => value.clone(),
            None => self.setting.default.to_owned(),
        }
    }

    fn as_json(&self) -> Value {
        let Setting { flag, variable, key, secret, .. } = self.setting;
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        json!({
            "name": self.name(),
            "flag": name(flag),
            "variable": name(variable),
            "key": name(key),
            "kind": self.kind.name(),
            "secret": secret,
            "set": self.given.is_some(),
            "value": self.value,
            "source": self.source(),
            "place": self.given.as_ref().map(|(_, place)| place),
        })
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"], WIDEST);
    for row in rows {
        let from = row.given.as_ref().map_or_else(|| row.source().to_owned(), |(_, place)| place.clone());
        table.row(vec![row.name().to_owned(), row.shown(), from]);
    }
    table.text()
}

fn document(rows: &[Row], layers: &Layers<'_>) -> Value {
    let settings: Vec<_> = rows.iter().map(Row::as_json).collect();
    json!({
        "file": layers.file().map(|file| file.display().to_string()),
        "settings": settings,
        "problems": super::check::listed(layers.problems()),
    })
}
