//! Holds the import table of the module map (`src/lib.rs`) against the code. Rust itself permits any module to import any
//! other, so without this the map would only be a wish.

use std::collections::BTreeSet;

use crate::common::{before_tests, sources};

/// Module, and what it may import. `*` is everything.
const TABLE: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("state", &["secret"]),
    ("clients", &["secret", "state"]),
    // What both who asks the service and who signs in there need: where it is, and who we say we are.
    ("service", &["secret"]),
    ("sse", &[]),
    ("give_way", &[]),
    ("schema", &[]),
    ("turn", &[]),
    ("models", &[]),
    ("metrics", &[]),
    ("monitor", &[]),
    ("dialect", &["turn", "sse", "models"]),
    ("upstream", &["turn", "sse", "schema", "secret", "models", "service", "give_way"]),
    // The pool says in numbers how it stands.
    ("credential", &["secret", "service", "state", "metrics"]),
    // It connects as all else does, and counts what it hands over.
    ("otlp", &["secret", "service", "metrics"]),
    ("simulator", &["sse", "schema"]),
    ("capture", &["sse", "schema", "secret"]),
    // Its callers ask it which models there are.
    // It counts what it asks of the upstream.
    ("gateway", &["turn", "upstream", "credential", "monitor", "capture", "models", "service", "state", "metrics"]),
    // It holds the clients' keys, which are secrets.
    (
        "server",
        &[
            "gateway", "dialect", "monitor", "schema", "models", "turn", "sse", "capture", "secret", "state",
            "clients", "metrics", "give_way",
        ],
    ),
    ("cli", &["*"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// The modules that the code of `source` imports by `crate::…` paths.
fn imports(source: &str) -> BTreeSet<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (start, path) in code.match_indices("crate::").chain(code.match_indices("warp2api::")) {
        let rest = &code[start + path.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_members(group)),
            None => found.extend(first_word(rest)),
        }
    }
    found
}

fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The first words of the members of `use crate::{…}`, after the opening brace.
fn group_members(group: &str) -> Vec<String> {
    let (mut depth, mut member, mut members) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            _ => {}
        }
        member.push(c);
    }
    members.push(member);
    members.iter().filter_map(|member| first_word(member.trim_start_matches(','))).collect()
}

fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn every_module_imports_only_what_the_map_allows() {
    let mut wrong = Vec::new();
    for (file, source) in sources() {
        let module = module_of(&file).trim_end_matches("_tests");
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{file}: the map has no module {module}"));
            continue;
        };
        for import in imports(before_tests(&source)) {
            // Constants and functions of the crate root would not be modules, but there are none.
            let fine = import == module || allowed.contains(&"*") || allowed.contains(&import.as_str());
            if !fine {
                wrong.push(format!("{file} imports crate::{import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_written_from_the_crate_root() {
    let crossing = |source: &str| before_tests(source).lines().any(|line| line.trim_start().starts_with("use super::"));
    let wrong: Vec<_> = sources().into_iter().filter(|(_, source)| crossing(source)).map(|(file, _)| file).collect();
    assert!(wrong.is_empty(), "`use super::` hides an import from the map: {wrong:?}");
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let source = "use crate::{\n    cli::{args::A, exit::B},\n    schema::Schema,\n    turn,\n};\n\
                  fn f() { crate::sse::put(); }\n// crate::server\nuse crate::models::Catalogue;";
    let expected = ["cli", "models", "schema", "sse", "turn"].map(str::to_owned);
    assert_eq!(imports(source), BTreeSet::from(expected));
}
