//! `config check`: everything that is wrong with the settings, told at once.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{
    self,
    exit::{Exit, Failure},
    layers::{Layers, Problem},
    output::Output,
};

/// Tells what is wrong, with values that another place replaces too, and warns of variables that mean nothing.
pub(super) fn run(layers: Layers<'_>, json: bool, output: &mut Output) -> Result<(), Failure> {
    let (file, warnings) = (layers.file().map(|file| file.display().to_string()), layers.unknown_variables());
    let hidden = layers.hidden().to_vec();
    let problems = [layers.into_problems(), hidden].concat();
    if json {
        let (wrong, odd) = (listed(&problems), listed(&warnings));
        output.json(&json!({"ok": problems.is_empty(), "file": file, "problems": wrong, "warnings": odd}))?;
    } else {
        warnings.iter().for_each(|warning| output.warn(&warning.to_string()));
    }
    match problems.len() {
        0 if json => Ok(()),
        0 => {
            let of_file = match &file {
                Some(file) if Path::new(file).exists() => format!("; the file is {file}"),
                Some(file) => format!("; there is no file {file}"),
                None => String::new(),
            };
            output.note(&format!("nothing is wrong with the settings{of_file}"));
            Ok(())
        }
        // The object holds them already.
        _ if json => Err(Failure::new(Exit::Usage, "some settings are wrong, see \"problems\"")),
        _ => Err(cli::refuse(problems)),
    }
}

/// Problems for a program.
pub(super) fn listed(problems: &[Problem]) -> Vec<Value> {
    problems.iter().map(|problem| json!({"place": problem.place, "message": problem.message})).collect()
}
