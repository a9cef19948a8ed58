//! `config example`: a configuration file with every setting in it, explained and commented out.

use crate::cli::{
    config::kinds::{self, GROUPS, Kind},
    env::Setting,
};

/// How long a comment's line may be.
const WIDTH: usize = 100;

/// The file.
pub(super) fn file() -> String {
    let head = "#:schema config.schema.json\n\
                # Configuration of warp2api. Every setting is here, commented out, with what holds without it or, where \
                nothing does,\n# with an example. A flag beats an environment variable, which beats .env in the current \
                directory, which beats this file.\n# `warp2api config check FILE` tells what is wrong with it, \
                `warp2api config show` what holds and why.\n#\n\
                # Times are written 90, \"90s\", \"500ms\" or \"5m\", sizes 1048576 or \"64MiB\".\n";
    let groups = GROUPS.iter().map(|(title, settings)| {
        let entries = settings.iter().filter(|(setting, _)| !setting.key.is_empty());
        let entries: String = entries.map(|&(setting, kind)| entry(setting, kind)).collect();
        format!("\n{rule}\n# {title}\n{rule}\n{entries}", rule = "#".repeat(80))
    });
    format!("{head}{}", groups.collect::<String>())
}

/// One setting: what it does, what else it is called, and a line to use.
fn entry(setting: &Setting, kind: Kind) -> String {
    let mut about = format!("{}.", setting.about.trim_end_matches('.'));
    let names = [setting.flag, setting.variable].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>();
    let advice = if setting.secret { "Better given as " } else { "Also " };
    if !names.is_empty() {
        about += &format!(" {advice}{}.", names.join(", "));
    }
    let default = kinds::default(setting);
    if default.is_none() && !setting.secret {
        about += &format!(" Without: {}.", setting.default);
    }
    let value = kind.value(default.unwrap_or_else(|| kind.sample()));
    format!("\n{}#{} = {value}\n", wrapped(&about), setting.key)
}

/// `text` as comment lines.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut();
        match last {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!(" {word}")),
        }
    }
    lines.iter().map(|line| format!("#{line}\n")).collect()
}
