//! Tables and notes on a real server: nothing is lost when many change the same, and nothing that was taken away comes
//! back with a server that has forgotten.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::state::{RedisServer, Shared, StateError, Table};

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn number(table: &Table, row: &str) -> u64 {
    table.rows().unwrap().get(row).map_or(0, |text| String::from_utf8_lossy(text).parse().unwrap())
}

fn add(table: &Table, row: &str) {
    let mut tries = 0;
    loop {
        let changed = table.change(|rows| {
            let before: u64 = rows.get(row).map_or(0, |text| String::from_utf8_lossy(text).parse().unwrap());
            rows.insert(row.to_owned(), (before + 1).to_string().into_bytes());
        });
        match changed {
            Ok(()) => return,
            // On a machine that is busy the server may seem away for a moment.
            Err(StateError::Away { .. } | StateError::Busy { .. }) if tries < 20 => tries += 1,
            Err(error) => panic!("{error}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn of_changes_that_many_make_to_one_row_none_is_lost() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let tables: Vec<Table> = (0..3).map(|_| Shared::for_test(&server).table("things")).collect();
    thread::scope(|scope| {
        for number in 0..64 {
            let table = &tables[number % 3];
            scope.spawn(move || add(table, "count"));
        }
    });
    let counts: Vec<u64> = tables.iter().map(|table| number(table, "count")).collect();
    assert_eq!(counts, [64, 64, 64]);
}

#[test]
fn what_a_server_has_forgotten_it_is_told_again_but_not_what_was_taken_away() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let (one, other) = (Shared::for_test(&server), Shared::for_test(&server));
    let (here, there) = (one.table("things"), other.table("things"));
    for row in ["kept", "removed", "changed alone"] {
        add(&here, row);
    }
    assert_eq!(there.rows().unwrap().len(), 3);
    // From here on the second knows less than the first.
    here.change(|rows| rows.remove("removed")).unwrap();
    server.kill();
    until("it is missed", || one.trouble().is_some() && other.trouble().is_some());
    assert!(matches!(here.change(|rows| rows.clear()), Err(StateError::Away { .. })));
    here.put_later("changed alone", b"77".to_vec()).unwrap();
    assert_eq!((number(&here, "changed alone"), number(&there, "changed alone")), (77, 1));
    server.restart();
    until("it is back", || one.trouble().is_none() && other.trouble().is_none());
    assert_eq!(there.rows().unwrap().len(), 3, "whoever comes first tells what it knows");
    assert_eq!(here.rows().unwrap().len(), 2, "and who knows better tells that");
    assert_eq!(there.rows().unwrap(), here.rows().unwrap());
    assert_eq!(number(&there, "changed alone"), 77);
}

#[test]
fn a_row_that_is_put_later_is_not_put_over_what_another_has_put() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let (one, other) = (Shared::for_test(&server), Shared::for_test(&server));
    let (here, there) = (one.table("things"), other.table("things"));
    for row in ["a", "b"] {
        add(&here, row);
    }
    there.change(|rows| rows.insert("a".to_owned(), b"5".to_vec())).unwrap();
    here.put_later("a", b"9".to_vec()).unwrap();
    here.put_later("b", b"9".to_vec()).unwrap();
    here.put_later("c", b"9".to_vec()).unwrap();
    let rows = here.rows().unwrap();
    assert_eq!((number(&here, "a"), number(&here, "b"), number(&here, "c")), (5, 9, 9));
    assert_eq!(there.rows().unwrap(), rows);
}

#[test]
fn notes_come_down_by_themselves_and_all_at_once() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let (one, other) = (Shared::for_test(&server).board("notes"), Shared::for_test(&server).board("notes"));
    one.put("brief", b"1".to_vec(), Duration::from_millis(200));
    one.put("long", b"2".to_vec(), PATIENCE);
    one.put("long", b"3".to_vec(), PATIENCE);
    let texts = || other.all().unwrap();
    until("they are up", || texts().iter().any(|(name, text)| name == "long" && text == b"3"));
    until("one is over", || texts().len() == 1);
    one.put("taken down", b"4".to_vec(), PATIENCE);
    one.take_down("taken down");
    one.put("other", b"5".to_vec(), PATIENCE);
    until("another is up", || texts().len() == 2);
    one.clear().unwrap();
    assert_eq!(texts(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_keeps_nobody_waiting_for_long() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let shared = Shared::for_test(&server);
    let table = shared.table("things");
    add(&table, "row");
    server.freeze();
    let begun = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..64 {
        let shared = shared.clone();
        asking.spawn(async move { shared.lease(&format!("lease {number}"), PATIENCE).await.map(drop) });
    }
    for asked in asking.join_all().await {
        assert!(matches!(asked, Err(StateError::Away { .. })), "{asked:?}");
    }
    assert!(shared.trouble().is_some());
    // From here on nobody waits at all. The bounds leave room for a machine that is busy.
    for _ in 0..100 {
        assert_eq!(number(&table, "row"), 1, "what is in memory answers");
    }
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    server.wake();
    until("it is back", || shared.trouble().is_none());
    add(&table, "row");
    assert_eq!(number(&table, "row"), 2);
}
