//! What moved, for windows that watch: written in the same transaction as the change itself (I6).

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use super::LedgerError;

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL
) STRICT;";

/// Numbers that are never given twice cost a second row at each change. Without them a number is given again
/// only where the newest change is gone, and that one is never pruned.
pub(super) const SQL_3: &str = "CREATE TABLE change_3 (seq INTEGER PRIMARY KEY, topic TEXT NOT NULL) STRICT;
INSERT INTO change_3 (seq, topic) SELECT seq, topic FROM change;
DROP TABLE change;
ALTER TABLE change_3 RENAME TO change;";

/// What a window refetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A request began, moved or ended; money moved with it.
    Request,
    /// Money moved without a request: a hold lapsed, an adjustment was posted.
    Money,
    /// A key was stored, checked or deleted.
    Key,
    /// Another policy is active, or an edit waits.
    Policy,
    /// Spending was paused or resumed.
    Pause,
    /// A client was connected, disconnected or said hello.
    Client,
}

impl Topic {
    const ALL: &'static [Self] = &[Self::Request, Self::Money, Self::Key, Self::Policy, Self::Pause, Self::Client];

    /// The word in the ledger and in the web view.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Money => "money",
            Self::Key => "key",
            Self::Policy => "policy",
            Self::Pause => "pause",
            Self::Client => "client",
        }
    }
}

/// Notes a change.
pub(crate) fn note(tx: &Transaction<'_>, topic: Topic) -> Result<(), LedgerError> {
    tx.prepare_cached("INSERT INTO change (topic) VALUES (?1)")?.execute([topic.as_str()])?;
    Ok(())
}

/// The newest change and the topics after `cursor`, each once.
pub(crate) fn after(connection: &Connection, cursor: i64) -> Result<(i64, Vec<Topic>), LedgerError> {
    let mut query = connection.prepare_cached("SELECT topic, max(seq) FROM change WHERE seq > ?1 GROUP BY topic")?;
    let mut newest = cursor;
    let mut topics = Vec::new();
    let mut rows = query.query([cursor])?;
    while let Some(row) = rows.next()? {
        let word: String = row.get(0)?;
        newest = newest.max(row.get(1)?);
        topics.extend(Topic::ALL.iter().copied().find(|topic| topic.as_str() == word));
    }
    topics.sort();
    Ok((newest, topics))
}

/// Forgets changes every window has seen; the tray does this when idle.
pub(crate) fn prune(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    tx.execute("DELETE FROM change WHERE seq <= (SELECT max(seq) - 10000 FROM change)", [])?;
    Ok(())
}
