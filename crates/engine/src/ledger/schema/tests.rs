use jiff::Timestamp;
use pointsman_core::budget::{Scope, Window};
use rusqlite::params;

use super::*;
use crate::ledger::audit::audit;
use crate::ledger::{Ledger, account, setting};

/// A ledger as version 1 left it: two days of calls, one of them made while the clock had been set back, a
/// late answer, a hold under way.
fn first_version(path: &Path) {
    let old = super::super::connect(path).unwrap();
    old.execute_batch("CREATE TABLE schema (version INTEGER NOT NULL, min_reader INTEGER NOT NULL) STRICT").unwrap();
    for sql in STEPS[0] {
        old.execute_batch(sql).unwrap();
    }
    old.execute_batch("INSERT INTO schema VALUES (1, 1); INSERT INTO setting VALUES ('zone', 'UTC');").unwrap();
    // id, made, state, provider, model, client, charge, worst
    let calls = [
        ("a", "2026-11-20T10:00:00Z", "settled", "p", "m", "cursor", 5, 9),
        ("b", "2026-11-21T10:00:00Z", "settled", "p", "m", "", 7, 9),
        // Its clock said yesterday, and its booking today.
        ("c", "2026-11-20T23:00:00Z", "settled", "q", "x/y", "cursor", 11, 11),
        ("d", "2026-11-21T11:00:00Z", "lapsed", "p", "n", "", 20, 20),
        ("e", "2026-11-21T12:00:00Z", "open", "q", "x/y", "", 0, 30),
    ];
    let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
    old.execute(
        "INSERT INTO account (id, scope, name, window, window_key, start_ms, end_ms, charged_micro, held_micro) VALUES
            (1, 'all', '', 'day', '2026-11-20', ?1, ?2, 5, 0), (2, 'all', '', 'day', '2026-11-21', ?2, ?3, 28, 40)",
        params![ms("2026-11-20T00:00:00Z"), ms("2026-11-21T00:00:00Z"), ms("2026-11-22T00:00:00Z")],
    )
    .unwrap();
    for (id, made, state, provider, model, client, charge, worst) in calls {
        let open = state == "open";
        let ended = (!open).then(|| ms(made));
        let total = if id == "d" { 10 } else { charge };
        old.execute(
            "INSERT INTO request (id, flow_id, surface, client, project, tool, class, provider, model, reason, state, started_ms,
                ended_ms, charged_micro) VALUES (?1, ?1, 'mcp', ?2, '', 't', 'sum', ?3, ?4, '', 'answered', ?5, ?6, ?7)",
            params![id, client, provider, model, ms(made), ended, total],
        )
        .unwrap();
        old.execute(
            "INSERT INTO reservation (id, flow_id, state, hold_micro, charged_micro, made_ms, lease_ms) VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6)",
            params![id, state, if open { 40 } else { 0 }, charge, ms(made), ms("2026-11-21T12:01:00Z")],
        )
        .unwrap();
        old.execute(
            "INSERT INTO attempt (request_id, nth, provider, model, price_input_micro, price_output_micro, worst_micro, sent_ms,
                made_ms, ended_ms, charge, charge_micro) VALUES (?1, 1, ?2, ?3, 1, 1, ?4, ?5, ?5, ?6, ?7, ?8)",
            params![id, provider, model, worst, ms(made), ended, ended.map(|_| "measured"), charge],
        )
        .unwrap();
        let account = if id == "a" { 1 } else { 2 };
        old.execute("INSERT INTO booking VALUES (?1, ?2, ?3)", params![id, account, if open { 40 } else { 0 }])
            .unwrap();
    }
    old.execute(
        "INSERT INTO adjustment (request_id, provider, amount_micro, reason, at_ms, made_ms) VALUES ('d', 'p', -10, 'late', 1, ?1)",
        [ms("2026-11-21T11:00:00Z")],
    )
    .unwrap();
    old.execute_batch("INSERT INTO change (seq, topic) VALUES (40, 'money'), (41, 'request')").unwrap();
    old.execute("INSERT INTO policy_version VALUES ('h', 'text', 'external', 1)", []).unwrap();
    old.execute("INSERT INTO activation (seq, kind, hash, at_ms) VALUES (1, 'first', 'h', 1)", []).unwrap();
}

#[tokio::test]
async fn what_was_spent_before_the_update_counts_for_caps_of_every_scope_and_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    first_version(&path);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.read(audit).await.unwrap(), Vec::<String>::new());
    let rows = [
        (Scope::All, "", Window::Day, (28, 40), "b, c as it was booked, d with its late answer; e is under way"),
        (Scope::All, "", Window::Total, (33, 40), "and a"),
        (Scope::Provider(None), "p", Window::Day, (17, 0), "b and d"),
        (Scope::Provider(None), "q", Window::Week, (11, 30), "c, and what e itself may cost"),
        (Scope::Model(None), "p/n", Window::Month, (10, 0), "d"),
        (Scope::Model(None), "q/x/y", Window::Total, (11, 30), "c and e"),
        (Scope::Client(None), "cursor", Window::Total, (16, 0), "a and c"),
        (Scope::Client(None), "", Window::Day, (17, 40), "b, d and e"),
        (Scope::Class(None), "sum", Window::Hour, (0, 40), "e: nothing was charged since noon"),
        (Scope::Project(None), "site", Window::Total, (0, 0), "nothing"),
    ];
    let now: Timestamp = "2026-11-21T12:00:30Z".parse().unwrap();
    for (scope, name, window, expected, why) in rows {
        let (words, zone) =
            (format!("{} {name} {}", scope.as_str(), window.as_str()), ledger.read(setting::zone).await.unwrap());
        let (shown, opened) = ledger
            .write(move |tx| {
                let shown = account::standing(tx, &scope, name, window, now, &zone)?.unwrap().1;
                let opened = account::open(tx, &scope, name, window, now, &zone)?.unwrap().balance;
                Ok((shown, opened))
            })
            .await
            .unwrap();
        assert_eq!(shown, opened, "what is shown before an account is opened is what it opens with: {words}");
        assert_eq!((opened.charged.micros(), opened.held.micros()), expected, "{words}: {why}");
    }
    assert_eq!(ledger.read(audit).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_update_keeps_a_backup_and_the_old_program_writes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    first_version(&path);
    drop(Ledger::open(&path).unwrap());
    let sqlite = Connection::open(&path).unwrap();
    let schema: (i64, i64) =
        sqlite.query_row("SELECT version, min_reader FROM schema", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(schema, (3, 2), "a program of version 1 compares min_reader with its own 1 and refuses");
    let backups: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("ledger.v1-"))
        .collect();
    let [backup] = backups.as_slice() else { panic!("{backups:?}") };
    let old = Connection::open(backup).unwrap();
    let bookings: i64 = old.query_row("SELECT count(*) FROM booking", [], |row| row.get(0)).unwrap();
    assert_eq!(bookings, 5, "the backup is what was there before");
}

#[tokio::test]
async fn a_window_that_watched_before_an_update_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    first_version(&path);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.read(|c| change::after(c, 41)).await.unwrap(), (41, Vec::new()));
    ledger.write(|tx| change::note(tx, change::Topic::Key)).await.unwrap();
    assert_eq!(ledger.read(|c| change::after(c, 41)).await.unwrap(), (42, vec![change::Topic::Key]));
}

/// A ledger that is made anew and one that was updated have the same tables.
#[test]
fn every_way_leads_to_the_same_schema() {
    let schema = |connection: &Connection| -> Vec<String> {
        let mut query = connection
            .prepare("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
            .unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let (new, updated) = (folder.path().join("new.db"), folder.path().join("ledger.db"));
    first_version(&updated);
    for path in [&new, &updated] {
        drop(Ledger::open(path).unwrap());
    }
    assert_eq!(schema(&Connection::open(new).unwrap()), schema(&Connection::open(updated).unwrap()));
}
