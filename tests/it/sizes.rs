//! Holds the code to its budget and its rules: no over-long file or function, a module doc on every file, the
//! environment read in one place, no silenced lint.

use crate::common::{before_tests, sources};

/// Code lines of a file, before its tests, without blank lines and comments.
const FILE_LIMIT: usize = 500;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION_LIMIT: usize = 80;

/// `source` with the inside of comments, strings and character literals blanked, line by line the same.
fn blanked(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + literal_length(&bytes[at..], at.checked_sub(1).map(|before| bytes[before]));
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }));
            at = end;
        }
    }
    String::from_utf8(out).unwrap()
}

/// How long the comment or literal is that `rest` begins with; 0 when it begins with neither.
fn literal_length(rest: &[u8], before: Option<u8>) -> usize {
    let find = |from: usize, what: &[u8]| {
        rest[from..]
            .windows(what.len())
            .position(|window| window == what)
            .map_or(rest.len(), |at| from + at + what.len())
    };
    if rest.starts_with(b"//") {
        return rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return find(2, b"*/");
    }
    let in_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if rest[0] == b'r' && (!in_word || before == Some(b'b')) {
        let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            return find(2 + hashes, format!("\"{}", "#".repeat(hashes)).as_bytes());
        }
    }
    match rest[0] {
        b'"' => quoted(rest, b'"').unwrap_or(rest.len()),
        // A lifetime has no closing quote where a character literal has it.
        b'\'' => quoted(rest, b'\'').filter(|&length| length <= 12 && is_character(&rest[..length])).unwrap_or(0),
        _ => 0,
    }
}

fn is_character(literal: &[u8]) -> bool {
    let inside = &literal[1..literal.len() - 1];
    inside.starts_with(b"\\") || std::str::from_utf8(inside).is_ok_and(|text| text.chars().count() == 1)
}

fn quoted(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Every function of `source` with the line it begins on and how many lines it has.
fn functions(source: &str) -> Vec<(usize, usize)> {
    let code = blanked(source);
    let lines: Vec<&str> = code.lines().collect();
    let begins = |line: &str| {
        let words = line.trim_start();
        words.starts_with("fn ") || (words.contains(" fn ") && !words.contains('='))
    };
    let length = |start: usize| {
        let mut depth = 0_usize;
        for (offset, line) in lines[start..].iter().enumerate() {
            for c in line.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 1 => return Some(offset + 1),
                    '}' => depth = depth.saturating_sub(1),
                    ';' if depth == 0 => return None,
                    _ => {}
                }
            }
        }
        None
    };
    let starts = lines.iter().enumerate().filter(|(_, line)| begins(line)).map(|(number, _)| number);
    starts.filter_map(|start| Some((start + 1, length(start)?))).collect()
}

fn code_lines(source: &str) -> usize {
    blanked(source).lines().filter(|line| !line.trim().is_empty()).count()
}

/// Holds every source file against `fault`, which says what is wrong with it.
fn check(fault: impl Fn(&str, &str) -> Vec<String>) {
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|(file, _)| !file.ends_with("_tests.rs"))
        .flat_map(|(file, source)| {
            fault(file, before_tests(source)).into_iter().map(move |what| format!("{file}: {what}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    check(|_, source| {
        let lines = code_lines(source);
        if lines > FILE_LIMIT { vec![format!("{lines} code lines")] } else { Vec::new() }
    });
}

#[test]
fn no_function_is_too_long() {
    check(|_, source| {
        let long = functions(source).into_iter().filter(|&(_, lines)| lines > FUNCTION_LIMIT);
        long.map(|(start, lines)| format!("the function on line {start} has {lines} lines")).collect()
    });
}

#[test]
fn every_file_says_what_it_is() {
    check(|_, source| if source.starts_with("//!") { Vec::new() } else { vec!["no module doc".to_owned()] });
}

#[test]
fn only_one_file_reads_the_environment() {
    check(|file, source| {
        let code = blanked(source);
        let reads =
            ["env::var", "env::set_var", "env::remove_var", "option_env!"].iter().any(|name| code.contains(name));
        if reads && file != "cli/env.rs" { vec!["reads the environment".to_owned()] } else { Vec::new() }
    });
}

#[test]
fn no_lint_is_silenced_and_nothing_is_put_off() {
    check(|_, source| {
        let code = blanked(source);
        let silenced = ["#[allow(", "#![allow("].into_iter().filter(|text| code.contains(text));
        // Put together here, so that this file does not hold the words itself.
        let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
        let put_off = words.into_iter().filter(|word| source.contains(word));
        silenced.chain(put_off).map(|text| format!("holds {text}")).collect()
    });
}

#[test]
fn the_measures_measure() {
    let source = "//! doc\nfn a() {\n    let s = \"}\"; // }\n    let c = '{';\n    let r = r#\"\"}\"#;\n}\n\
                  trait T {\n    fn b(&self);\n    fn c<'a>(x: &'a str) -> &'a str {\n        x\n    }\n}\n";
    assert_eq!(functions(source), vec![(2, 5), (9, 3)]);
    assert_eq!(code_lines(source), 11);
}
