//! Transactions, order, and files that are no ledger.

use super::*;

/// A ledger in a folder that goes with the returned guard.
pub(crate) fn fresh() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger.db")).unwrap();
    (folder, ledger)
}

#[tokio::test]
async fn a_look_at_a_busy_file_waits_on_the_reading_thread() {
    let (_folder, ledger) = fresh();
    let looks = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let looked = ledger.glance(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        // As SQLite says while it mends the log after a kill.
        0 => {
            Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY_RECOVERY), None)
                .into())
        }
        _ => Ok("there"),
    });
    assert_eq!(looked.await.unwrap(), "there");
    assert_eq!(looks.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn writes_keep_their_order_also_where_some_wait_for_another_process() {
    let (folder, ledger) = fresh();
    let other = Connection::open(folder.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |n: usize| {
        let order = Arc::clone(&order);
        move |_: &Transaction<'_>| {
            order.lock().unwrap().push(n);
            Ok(())
        }
    };
    ledger.post(note(1));
    let second = tokio::spawn({
        let (ledger, write) = (ledger.clone(), note(2));
        async move { ledger.write(write).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(order.lock().unwrap().len(), 0, "another process writes");
    let third = tokio::spawn({
        let (ledger, write) = (ledger.clone(), note(3));
        async move { ledger.write(write).await }
    });
    tokio::task::yield_now().await;
    other.execute_batch("COMMIT").unwrap();
    second.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
    ledger.write(note(4)).await.unwrap();
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn an_error_inside_undoes_the_whole_transaction() {
    let (_folder, ledger) = fresh();
    let failed: Result<(), _> = ledger
        .write(|tx| {
            setting::set(tx, "zone", "Europe/Berlin")?;
            Err(LedgerError::Broken("on purpose".into()))
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(ledger.read(|c| setting::get(c, "zone")).await.unwrap(), None);
}

#[tokio::test]
async fn an_old_program_refuses_to_write_after_an_update_it_cannot_honour() {
    let (_folder, ledger) = fresh();
    ledger.write(|tx| Ok(tx.execute("UPDATE schema SET version = 99, min_reader = 99", [])?)).await.unwrap();
    let error = ledger.write(|tx| setting::set(tx, "zone", "UTC")).await.unwrap_err();
    let denial = Denial::from(error);
    assert_eq!(denial.sentence, "Pointsman was updated. Restart Claude to continue.");
}

#[tokio::test]
async fn a_file_that_takes_no_write_is_remembered_until_it_takes_one() {
    let (_folder, ledger) = fresh();
    assert_eq!(ledger.unwritable().await, None);
    let broken: Result<(), _> = ledger.write(|_| Err(LedgerError::Broken("on purpose".into()))).await;
    assert!(broken.is_err());
    assert_eq!(ledger.unwritable().await, None, "a broken rule says nothing about the file");

    // As on a full disk.
    let pages = |limit: i64| move |tx: &Transaction<'_>| Ok(tx.pragma_update(None, "max_page_count", limit)?);
    ledger.write(pages(1)).await.unwrap();
    let full = ledger.write(|tx| setting::set(tx, "big", &"x".repeat(1 << 20))).await;
    assert!(full.is_err());
    let why = ledger.unwritable().await.expect("remembered");
    assert!(why.contains("The ledger cannot be used (database or disk is full)"), "{why}");
    assert!(ledger.read(|c| setting::get(c, "big")).await.unwrap().is_none(), "it still reads");

    assert_eq!(ledger.try_write().await, None, "there is room for little");
    assert_eq!(ledger.unwritable().await, None);
}

/// Without IMMEDIATE a transaction that reads before it writes fails at once when another process
/// wrote in between, in spite of the busy timeout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_processes_read_and_then_write_is_never_lost() {
    let (folder, first) = fresh();
    let second = Ledger::open(&folder.path().join("ledger.db")).unwrap();
    let count = |ledger: Ledger| async move {
        for _ in 0..200 {
            let add = |tx: &Transaction<'_>| {
                let so_far: u32 = setting::get(tx, "count")?.map_or(0, |text| text.parse().unwrap());
                setting::set(tx, "count", &(so_far + 1).to_string())
            };
            ledger.write(add).await.unwrap();
        }
    };
    let others = tokio::spawn(count(second));
    count(first.clone()).await;
    others.await.unwrap();
    assert_eq!(first.read(|c| setting::get(c, "count")).await.unwrap().as_deref(), Some("400"));
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, ledger) = fresh();
    ledger.write(|tx| setting::set(tx, "zone", "UTC")).await.unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_file_that_is_no_ledger_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    assert!(Ledger::open(&path).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), vec![b'x'; 8192]);
}
