//! Holds what `deploy/` says of the program against the program: names of variables, of secrets, of verbs, and versions.

use std::{collections::BTreeSet, fs, path::PathBuf};

use warp2api::cli::env::ALL;

use crate::common::{Place, root, sources};

/// Every file below `deploy`, with its path from there.
fn files() -> Vec<(String, String)> {
    let (mut files, mut directories) = (Vec::new(), vec![root().join("deploy")]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(root().join("deploy")).unwrap().display().to_string();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 20, "only {} files", files.len());
    files
}

/// The words of `text` that look like variables of ours.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("WARP2API_") && word.len() > 9).map(str::to_owned).collect()
}

#[test]
fn every_variable_that_is_named_is_a_setting() {
    let known: BTreeSet<_> = ALL.iter().map(|setting| setting.variable).collect();
    let mut seen = 0;
    for (file, text) in files() {
        for name in variables(&text) {
            assert!(known.contains(&*name), "{file} names {name}, which is no setting");
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} names");
}

#[test]
fn the_chart_takes_no_secret_for_a_setting() {
    let helpers = fs::read_to_string(root().join("deploy/helm/warp2api/templates/_helpers.tpl")).unwrap();
    for setting in ALL.iter().filter(|setting| setting.secret && !setting.key.is_empty()) {
        let key = setting.key;
        assert!(helpers.contains(&format!("\"{key}\"")), "_helpers.tpl must refuse {key} among `config`");
    }
}

#[test]
fn versions_are_those_of_the_crate() {
    let chart = fs::read_to_string(root().join("deploy/helm/warp2api/Chart.yaml")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(chart.contains(&format!("\nappVersion: {version}\n")), "{chart}");
}

#[test]
fn the_verbs_that_are_run_are_there() {
    let dockerfile = fs::read_to_string(root().join("deploy/docker/Dockerfile")).unwrap();
    assert!(dockerfile.contains("CMD [\"/usr/local/bin/warp2api\", \"--quiet\", \"healthcheck\"]"));
    assert!(dockerfile.contains("\nCMD [\"serve\"]\n"));
    let unit = fs::read_to_string(root().join("deploy/systemd/warp2api.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/bin/warp2api serve\n"));
    for verb in ["serve", "--quiet healthcheck"] {
        Place::new().run(&format!("{verb} --help"), b"").ended(0);
    }
}

#[test]
fn the_image_is_built_from_all_that_the_source_includes() {
    let ignored = fs::read_to_string(root().join("deploy/docker/Dockerfile.dockerignore")).unwrap();
    let taken: Vec<PathBuf> = ignored.lines().filter_map(|line| line.strip_prefix('!')).map(PathBuf::from).collect();
    let mut seen = 0;
    for (file, source) in sources() {
        let pieces = ["include_str!(\"", "include_bytes!(\""].iter().flat_map(|start| source.split(*start).skip(1));
        for named in pieces.filter_map(|rest| rest.split('"').next()) {
            let path = root().join("src").join(&file).parent().unwrap().join(named).canonicalize().unwrap();
            let path = path.strip_prefix(root().canonicalize().unwrap()).unwrap().to_owned();
            assert!(taken.iter().any(|one| path.starts_with(one)), "{file} includes {}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 3, "only {seen} files are included");
    for needed in ["Cargo.toml", "Cargo.lock", "src", "deploy/build-static"] {
        assert!(taken.iter().any(|one| one == &PathBuf::from(needed)), "{needed}");
    }
}
