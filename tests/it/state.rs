//! The state directory: its files, its versions, its key, and what may be forgotten.

use std::{fs, path::Path, sync::Barrier, time::Duration};

use rusqlite::Connection;
use warp2api::state::{KeyKind, Limits, Shelf, Shelves, State, StateError};

use crate::common::root;

const LIMITS: Limits = Limits { rows: 100, bytes: 1_000_000, parts: 4, lifetime: Duration::from_secs(3600) };

fn open(directory: &Path) -> Result<State, StateError> {
    State::open(directory, KeyKind::File)
}

fn database(directory: &Path) -> Connection {
    Connection::open(directory.join("state.db")).unwrap()
}

fn shelf(state: &State) -> (Shelves, Shelf) {
    let shelves = Shelves::open(state).unwrap();
    let shelf = shelves.shelf("things", LIMITS);
    (shelves, shelf)
}

/// Puts `value` under `key`, as its only part, and waits until it is on the disk.
async fn put((shelves, shelf): &(Shelves, Shelf), key: u8, value: &'static [u8]) {
    shelf.put([key; 32], [0; 32], || value.to_vec());
    shelves.flush().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("a/state");
    fs::create_dir(place.path().join("a")).unwrap();
    let state = open(&directory).unwrap();
    put(&shelf(&state), 1, b"one").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in ["state.db", "state.db-wal", "state.db-shm", "key"] {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&directory.join("locks")), 0o700);
    drop(state);
    fs::set_permissions(directory.join("state.db"), fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&directory).unwrap());
    assert_eq!(mode(&directory.join("state.db")), 0o600, "what was opened up is closed again");
}

/// What one column of one row holds.
fn cell(directory: &Path, sql: &str) -> String {
    let text = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
    format!("{:?}", database(directory).query_row(sql, [], text).unwrap())
}

fn tables(directory: &Path) -> Vec<(String, String)> {
    let database = database(directory);
    let sql = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_database_of_every_older_version_is_brought_up_to_date_with_all_that_is_in_it() {
    let new = tempfile::tempdir().unwrap();
    open(new.path()).unwrap();
    let latest: i64 = database(new.path()).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    for version in 1..latest {
        let old = tempfile::tempdir().unwrap();
        let script = fs::read_to_string(root().join(format!("tests/fixtures/state/{version}.sql")))
            .expect("each version but the last has a fixture");
        database(old.path()).execute_batch(&script).unwrap();
        assert_eq!(cell(old.path(), "PRAGMA user_version"), format!("Integer({version})"));
        open(old.path()).unwrap();
        assert_eq!(tables(old.path()), tables(new.path()), "from version {version}");
        assert_eq!(cell(old.path(), "PRAGMA user_version"), format!("Integer({latest})"));
        let secret = "SELECT hex(secret) FROM secrets JOIN accounts USING (id) WHERE name = 'work'";
        assert_eq!(cell(old.path(), secret), r#"Text("0102")"#);
        assert_eq!(cell(old.path(), "SELECT reason FROM standings"), r#"Text("out of credits")"#);
        assert_eq!(cell(old.path(), "SELECT value FROM counters"), "Integer(42)");
    }
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let future = "CREATE TABLE of_the_future (x); PRAGMA user_version = 999;";
    database(place.path()).execute_batch(future).unwrap();
    let before = fs::read(place.path().join("state.db")).unwrap();
    let refused = open(place.path()).unwrap_err();
    assert!(matches!(refused, StateError::Newer { found: 999, .. }), "{refused:?}");
    assert!(refused.to_string().contains("state.db has version 999"), "{refused}");
    assert!(refused.hint().contains("newer warp2api"), "{}", refused.hint());
    assert_eq!(fs::read(place.path().join("state.db")).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let text = "this is no database, however long it is ".repeat(100);
    fs::write(place.path().join("state.db"), &text).unwrap();
    let refused = open(place.path()).unwrap_err();
    assert!(matches!(refused, StateError::Corrupt { .. }), "{refused:?}");
    assert_eq!(fs::read_to_string(place.path().join("state.db")).unwrap(), text);
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = open(&file.join("state")).unwrap_err();
    assert!(matches!(refused, StateError::File { .. }), "{refused:?}");
}

#[test]
fn a_key_that_is_gone_or_another_one_is_never_replaced() {
    let place = tempfile::tempdir().unwrap();
    open(place.path()).unwrap();
    let key = place.path().join("key");
    let right = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let refused = open(place.path()).unwrap_err();
    assert!(matches!(&refused, StateError::KeyMissing { .. }), "{refused:?}");
    assert!(!key.exists(), "no other key is made");
    fs::write(&key, "00".repeat(32)).unwrap();
    let refused = open(place.path()).unwrap_err();
    assert!(matches!(refused, StateError::KeyWrong { .. }), "{refused:?}");
    fs::write(&key, right).unwrap();
    open(place.path()).expect("the key is back");
    let refused = State::open(place.path(), KeyKind::Keyring).unwrap_err();
    assert!(matches!(refused, StateError::KeyKind { stored: "file", wanted: "keyring", .. }), "{refused:?}");
    State::open(place.path(), KeyKind::Auto).expect("it is found where it was put");
}

#[tokio::test]
async fn many_who_make_the_state_at_once_agree_on_one_key() {
    let place = tempfile::tempdir().unwrap();
    let start = Barrier::new(8);
    let states: Vec<State> = std::thread::scope(|scope| {
        let open_one = || {
            start.wait();
            open(place.path()).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open_one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    put(&shelf(&states[0]), 1, b"one").await;
    for state in &states {
        assert_eq!(shelf(state).1.get(&[1; 32]).await, [b"one"]);
    }
}

#[tokio::test]
async fn what_is_kept_outlives_its_process_and_is_not_to_be_read_without_the_key() {
    let place = tempfile::tempdir().unwrap();
    put(&shelf(&open(place.path()).unwrap()), 1, b"a word nobody else may read").await;
    let state = open(place.path()).unwrap();
    assert_eq!(shelf(&state).1.get(&[1; 32]).await, [b"a word nobody else may read"]);
    for entry in fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(11).any(|window| window == b"nobody else"), "{}", path.display());
    }
    let moved = database(place.path()).execute("UPDATE shelves SET key = ?1", [[2_u8; 32]]).unwrap();
    assert_eq!(moved, 1);
    assert!(shelf(&state).1.get(&[2; 32]).await.is_empty(), "a value that was moved does not open");
}

#[tokio::test]
async fn a_shelf_forgets_what_is_removed_and_the_oldest_of_what_is_too_much() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path()).unwrap();
    let things = shelf(&state);
    put(&things, 1, b"one").await;
    put(&things, 1, b"two").await;
    assert_eq!(things.1.get(&[1; 32]).await, [b"two"], "the same part is replaced");
    for part in 1..=5 {
        things.1.put([1; 32], [part; 32], move || vec![part]);
    }
    things.0.flush().await;
    assert_eq!(things.1.get(&[1; 32]).await, [[2], [3], [4], [5]], "the oldest parts are forgotten");
    things.1.remove([1; 32], [3; 32]);
    things.0.flush().await;
    assert_eq!(things.1.get(&[1; 32]).await, [[2], [4], [5]]);
    let large = things.0.shelf("things", Limits { bytes: 10, ..LIMITS });
    large.put([9; 32], [0; 32], || vec![0; 11]);
    things.0.flush().await;
    assert!(large.get(&[9; 32]).await.is_empty(), "what is larger than the shelf is not kept");
}

#[tokio::test]
async fn a_shelf_that_is_too_full_or_too_old_is_cleared_when_it_is_next_opened_and_written() {
    for (limits, left) in [
        (Limits { rows: 3, ..LIMITS }, 3),
        (Limits { bytes: 400, ..LIMITS }, 2),
        (Limits { lifetime: Duration::ZERO, ..LIMITS }, 0),
    ] {
        let place = tempfile::tempdir().unwrap();
        let state = open(place.path()).unwrap();
        for keys in [0..9, 9..10] {
            let shelves = Shelves::open(&state).unwrap();
            for key in keys {
                shelves.shelf("things", limits).put([key; 32], [0; 32], || vec![0; 100]);
            }
            shelves.flush().await;
            // The first write after a start clears, and the second flush comes after that.
            shelves.flush().await;
        }
        let shelf = Shelves::open(&state).unwrap().shelf("things", limits);
        let mut kept = Vec::new();
        for key in 0..10 {
            if !shelf.get(&[key; 32]).await.is_empty() {
                kept.push(key);
            }
        }
        assert_eq!(kept, (10 - left..10).collect::<Vec<_>>(), "{limits:?}");
    }
}
