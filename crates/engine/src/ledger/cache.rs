//! Answers that may be given again for exactly the same call. Whether a call may be kept, and what its
//! key covers, is decided by the caller; here a row lives by its age and by how much room all may take.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::LedgerError;

pub(super) const SQL: &str = "CREATE TABLE cache (
    key TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    model TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX cache_used ON cache (used_ms);";

/// An answer that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// `provider/model` that gave it.
    pub(crate) model: String,
    pub(crate) created_ms: i64,
    pub(crate) body: Vec<u8>,
}

/// The answer kept under a key since `oldest_ms` or later.
pub(crate) fn get(connection: &Connection, key: &str, oldest_ms: i64) -> Result<Option<Kept>, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT model, created_ms, body FROM cache WHERE key = ?1 AND created_ms >= ?2")?;
    Ok(query
        .query_row(params![key, oldest_ms], |row| {
            Ok(Kept { model: row.get(0)?, created_ms: row.get(1)?, body: row.get(2)? })
        })
        .optional()?)
}

/// Keeps an answer under a key, in place of an older one.
pub(crate) fn put(tx: &Transaction<'_>, key: &str, kept: &Kept) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO cache (key, created_ms, used_ms, model, bytes, body) VALUES (?1, ?2, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        key,
        kept.created_ms,
        kept.model,
        i64::try_from(kept.body.len() + key.len()).unwrap_or(i64::MAX),
        kept.body
    ])?;
    Ok(())
}

/// Notes that an answer was given again: what was used last goes last.
pub(crate) fn used(tx: &Transaction<'_>, key: &str, now_ms: i64) -> Result<(), LedgerError> {
    tx.prepare_cached("UPDATE cache SET used_ms = ?2 WHERE key = ?1")?.execute(params![key, now_ms])?;
    Ok(())
}

/// Takes out what is older than `oldest_ms`, then what was not used for longest until the rest has at
/// most `most_bytes`.
pub(crate) fn prune(tx: &Transaction<'_>, oldest_ms: i64, most_bytes: i64) -> Result<(), LedgerError> {
    tx.prepare_cached("DELETE FROM cache WHERE created_ms < ?1")?.execute([oldest_ms])?;
    tx.prepare_cached(
        "DELETE FROM cache WHERE key IN (SELECT key FROM
            (SELECT key, sum(bytes) OVER (ORDER BY used_ms DESC, key) AS so_far FROM cache) WHERE so_far > ?1)",
    )?
    .execute([most_bytes])?;
    Ok(())
}

/// Forgets every kept answer; says how many there were.
pub(crate) fn forget(tx: &Transaction<'_>) -> Result<usize, LedgerError> {
    Ok(tx.execute("DELETE FROM cache", [])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_kept_by_its_age_and_by_the_room_there_is() {
        let (_folder, ledger) = super::super::tests::fresh();
        ledger
            .write(|tx| {
                let kept = |created_ms, body: &[u8]| Kept { model: "p/m".into(), created_ms, body: body.to_vec() };
                for (key, created_ms) in [("a", 10), ("b", 20), ("c", 30)] {
                    put(tx, key, &kept(created_ms, &[1; 99]))?;
                }
                assert_eq!(get(tx, "a", 11)?, None, "too old");
                assert_eq!(get(tx, "b", 20)?, Some(kept(20, &[1; 99])));
                put(tx, "b", &kept(40, b"new"))?;
                assert_eq!(get(tx, "b", 0)?.map(|kept| kept.body), Some(b"new".to_vec()));
                used(tx, "a", 50)?;
                // a: 100 bytes, used at 50; b: 4, at 40; c: 100, at 30.
                prune(tx, 0, 150)?;
                let left = |key| Ok::<_, LedgerError>(get(tx, key, 0)?.is_some());
                assert_eq!((left("a")?, left("b")?, left("c")?), (true, true, false), "what was used last stays");
                prune(tx, 20, 150)?;
                assert_eq!((left("a")?, left("b")?), (false, true));
                Ok(())
            })
            .await
            .unwrap();
    }
}
