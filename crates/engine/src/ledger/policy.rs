//! Versions of routing.yaml, and the chain of activations that says which one is active.
//!
//! A row here claims, it does not decide: `policy_file::chain` checks each claim when it is read, so a
//! row written by another program activates nothing. Activations are only ever appended; the triggers
//! refuse to change one, to take one away, and to put one before another.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(crate) const SQL: &str = "
CREATE TABLE IF NOT EXISTS policy_version (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    author TEXT NOT NULL CHECK (author IN ('form', 'text', 'external', 'tournament')),
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS activation (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('first', 'narrowing', 'activated')),
    hash TEXT NOT NULL,
    previous TEXT,
    at_ms INTEGER NOT NULL,
    mac BLOB
) STRICT;
CREATE TRIGGER IF NOT EXISTS activation_only_at_the_end BEFORE INSERT ON activation
    WHEN NEW.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM activation)
    BEGIN SELECT raise(ABORT, 'activations are only appended'); END;
CREATE TRIGGER IF NOT EXISTS activation_never_changed BEFORE UPDATE ON activation
    BEGIN SELECT raise(ABORT, 'activations are never changed'); END;
CREATE TRIGGER IF NOT EXISTS activation_never_removed BEFORE DELETE ON activation
    BEGIN SELECT raise(ABORT, 'activations are never removed'); END;
CREATE TABLE IF NOT EXISTS policy_draft (
    hash TEXT PRIMARY KEY,
    seen_ms INTEGER NOT NULL,
    answer TEXT CHECK (answer IN ('activated', 'discarded')),
    answered_ms INTEGER
) STRICT, WITHOUT ROWID;
";

/// Who wrote a version: of its text, when it was first kept, and of each activation. Also by the app
/// itself, and as the first file; unknown for what is older. And the text that was being edited when the
/// window closed: one, never active.
pub(super) const SQL_2: &str = "
CREATE TABLE policy_text (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    author TEXT CHECK (author IN ('form', 'text', 'external', 'tournament', 'app', 'first')),
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO policy_text SELECT hash, text, author, at_ms FROM policy_version;
DROP TABLE policy_version;
ALTER TABLE policy_text RENAME TO policy_version;
ALTER TABLE activation ADD COLUMN author TEXT
    CHECK (author IN ('form', 'text', 'external', 'tournament', 'app', 'first'));
CREATE TABLE policy_kept (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    text TEXT NOT NULL,
    base TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
";

/// On what ground a version became active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first valid file of a home.
    First,
    /// An edit that only narrows or reroutes.
    Narrowing,
    /// The person said yes in the app; signed.
    Activated,
}

impl Kind {
    const ALL: &'static [Self] = &[Self::First, Self::Narrowing, Self::Activated];

    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Narrowing => "narrowing",
            Self::Activated => "activated",
        }
    }
}

/// One claim that a version became active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Activation {
    /// Its place in the chain, from 1 without gaps.
    pub(crate) seq: i64,
    pub(crate) kind: Kind,
    pub(crate) hash: String,
    /// The version that was active before.
    pub(crate) previous: Option<String>,
    pub(crate) at_ms: i64,
    /// The signature, where the person said yes.
    pub(crate) mac: Option<Vec<u8>>,
}

impl Activation {
    /// What is signed: all of it, so that a signature is good at one place of one chain only.
    pub(crate) fn message(&self) -> Vec<u8> {
        let previous = self.previous.as_deref().unwrap_or("-");
        format!("{}\n{}\n{}\n{previous}\n{}", self.seq, self.kind.as_str(), self.hash, self.at_ms).into_bytes()
    }
}

/// The place of the last activation; 0 where there is none.
pub(crate) fn last(connection: &Connection) -> Result<i64, LedgerError> {
    let mut query = connection.prepare_cached("SELECT ifnull(max(seq), 0) FROM activation")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// The activations after a place, each with the text of its version where that is kept.
pub(crate) fn after(connection: &Connection, seq: i64) -> Result<Vec<(Activation, Option<String>)>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT a.seq, a.kind, a.hash, a.previous, a.at_ms, a.mac, v.text
         FROM activation a LEFT JOIN policy_version v ON v.hash = a.hash WHERE a.seq > ?1 ORDER BY a.seq",
    )?;
    let rows = query.query_map([seq], |row| {
        let word: String = row.get(1)?;
        let kind = Kind::ALL.iter().copied().find(|kind| kind.as_str() == word).unwrap_or(Kind::Narrowing);
        let activation = Activation {
            seq: row.get(0)?,
            kind,
            hash: row.get(2)?,
            previous: row.get(3)?,
            at_ms: row.get(4)?,
            mac: row.get(5)?,
        };
        Ok((activation, row.get(6)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Appends an activation of a text. `false`, and nothing written, where the chain has moved on since
/// it was looked at.
pub(crate) fn append(tx: &Transaction<'_>, activation: &Activation, text: &str) -> Result<bool, LedgerError> {
    if last(tx)? != activation.seq - 1 {
        return Ok(false);
    }
    keep(tx, &activation.hash, text, activation.at_ms)?;
    tx.execute(
        "INSERT INTO activation (seq, kind, hash, previous, at_ms, mac, author)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT author FROM policy_version WHERE hash = ?3))",
        params![
            activation.seq,
            activation.kind.as_str(),
            activation.hash,
            activation.previous,
            activation.at_ms,
            activation.mac
        ],
    )?;
    tx.execute(
        "UPDATE policy_draft SET answer = 'activated', answered_ms = ?2 WHERE hash = ?1 AND answer IS NULL",
        params![activation.hash, activation.at_ms],
    )?;
    change::note(tx, Topic::Policy)?;
    Ok(true)
}

/// A version as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) hash: String,
    pub(crate) text: String,
    /// `form`, `text`, `external` or `tournament`.
    pub(crate) author: String,
    pub(crate) at_ms: i64,
    /// Whether it claims to have been active.
    pub(crate) was_active: bool,
    /// Whether it claims to be the first of this home.
    pub(crate) was_first: bool,
}

/// Every kept version, newest first.
pub(crate) fn versions(connection: &Connection) -> Result<Vec<Kept>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT v.hash, v.text, v.author, v.at_ms, EXISTS (SELECT 1 FROM activation a WHERE a.hash = v.hash),
                EXISTS (SELECT 1 FROM activation a WHERE a.hash = v.hash AND a.kind = 'first')
         FROM policy_version v ORDER BY v.at_ms DESC, v.hash",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Kept {
            hash: row.get(0)?,
            text: row.get(1)?,
            author: row.get(2)?,
            at_ms: row.get(3)?,
            was_active: row.get(4)?,
            was_first: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps the text of a version. A text another program put under this hash is not the one: replaced.
fn keep(tx: &Transaction<'_>, hash: &str, text: &str, at_ms: i64) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO policy_version (hash, text, author, at_ms) VALUES (?1, ?2, 'external', ?3) ON CONFLICT (hash) DO UPDATE SET text = excluded.text",
        params![hash, text, at_ms],
    )?;
    Ok(())
}

/// Keeps the text of a version about to be saved, with who wrote it. Whoever finds it on disk keeps the
/// author that is there. Whether it is new.
pub(crate) fn written(
    tx: &Transaction<'_>,
    hash: &str,
    text: &str,
    author: &str,
    at_ms: i64,
) -> Result<bool, LedgerError> {
    let known = "SELECT EXISTS (SELECT 1 FROM policy_version WHERE hash = ?1)";
    let is_new: bool = !tx.prepare_cached(known)?.query_row([hash], |row| row.get(0))?;
    if is_new {
        tx.execute(
            "INSERT INTO policy_version (hash, text, author, at_ms) VALUES (?1, ?2, ?3, ?4)",
            params![hash, text, author, at_ms],
        )?;
    }
    Ok(is_new)
}

/// Forgets a version that was about to be saved and was not.
pub(crate) fn unwritten(tx: &Transaction<'_>, hash: &str) -> Result<(), LedgerError> {
    tx.execute(
        "DELETE FROM policy_version WHERE hash = ?1
         AND NOT EXISTS (SELECT 1 FROM activation WHERE hash = ?1)
         AND NOT EXISTS (SELECT 1 FROM policy_draft WHERE hash = ?1)",
        [hash],
    )?;
    Ok(())
}

/// The place of a version among the activations, the last one; and who wrote it.
pub(crate) fn standing(connection: &Connection, hash: &str) -> Result<(i64, Option<String>), LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT (SELECT ifnull(max(seq), 0) FROM activation WHERE hash = ?1),
                CASE WHEN EXISTS (SELECT 1 FROM activation WHERE hash = ?1 AND kind = 'first') THEN 'first'
                ELSE (SELECT author FROM policy_version WHERE hash = ?1) END",
    )?;
    Ok(query.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// The text that was being edited: itself, the hash it was made from, and when it was kept.
pub(crate) fn being_edited(connection: &Connection) -> Result<Option<(String, String, i64)>, LedgerError> {
    let mut query = connection.prepare_cached("SELECT text, base, at_ms FROM policy_kept")?;
    Ok(query.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
}

/// Keeps a text that is being edited, in the place of the one before.
pub(crate) fn keep_edited(tx: &Transaction<'_>, text: &str, base: &str, at_ms: i64) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT OR REPLACE INTO policy_kept (one, text, base, at_ms) VALUES (1, ?1, ?2, ?3)",
        params![text, base, at_ms],
    )?;
    Ok(())
}

/// Forgets the text that was being edited.
pub(crate) fn forget_edited(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    tx.execute("DELETE FROM policy_kept", [])?;
    Ok(())
}

/// An edit that waits was seen: when first, since it was last answered.
pub(crate) fn draft_seen(tx: &Transaction<'_>, hash: &str, text: &str, now_ms: i64) -> Result<i64, LedgerError> {
    let waiting: Option<i64> = tx
        .prepare_cached("SELECT seen_ms FROM policy_draft WHERE hash = ?1 AND answer IS NULL")?
        .query_row([hash], |row| row.get(0))
        .optional()?;
    if let Some(seen_ms) = waiting {
        return Ok(seen_ms);
    }
    keep(tx, hash, text, now_ms)?;
    tx.execute("INSERT OR REPLACE INTO policy_draft (hash, seen_ms) VALUES (?1, ?2)", params![hash, now_ms])?;
    change::note(tx, Topic::Policy)?;
    Ok(now_ms)
}

/// The person discarded an edit.
pub(crate) fn draft_discarded(tx: &Transaction<'_>, hash: &str, now_ms: i64) -> Result<(), LedgerError> {
    tx.execute(
        "UPDATE policy_draft SET answer = 'discarded', answered_ms = ?2 WHERE hash = ?1 AND answer IS NULL",
        params![hash, now_ms],
    )?;
    change::note(tx, Topic::Policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(seq: i64, hash: &str) -> Activation {
        Activation { seq, kind: Kind::First, hash: hash.into(), previous: None, at_ms: 7, mac: None }
    }

    #[tokio::test]
    async fn activations_are_only_appended() {
        let (_folder, ledger) = super::super::tests::fresh();
        assert!(ledger.write(|tx| append(tx, &claim(1, "a"), "text a")).await.unwrap());
        assert!(!ledger.write(|tx| append(tx, &claim(1, "b"), "text b")).await.unwrap(), "the chain has moved on");
        for forgery in [
            "INSERT INTO activation (seq, kind, hash, at_ms) VALUES (0, 'first', 'b', 1)",
            "INSERT INTO activation (seq, kind, hash, at_ms) VALUES (9, 'first', 'b', 1)",
            "INSERT OR REPLACE INTO activation (seq, kind, hash, at_ms) VALUES (1, 'first', 'b', 1)",
            "UPDATE activation SET hash = 'b'",
            "DELETE FROM activation",
        ] {
            let refused = ledger.write(move |tx| Ok(tx.execute(forgery, [])?)).await;
            assert!(refused.is_err(), "{forgery}");
        }
        let rows = ledger.read(|c| after(c, 0)).await.unwrap();
        assert_eq!(rows, [(claim(1, "a"), Some("text a".to_owned()))]);
    }

    #[tokio::test]
    async fn whoever_finds_a_saved_text_keeps_who_wrote_it() {
        let (_folder, ledger) = super::super::tests::fresh();
        assert!(ledger.write(|tx| written(tx, "a", "text a", "form", 5)).await.unwrap());
        assert!(ledger.write(|tx| append(tx, &claim(1, "a"), "text a")).await.unwrap());
        let next = Activation { kind: Kind::Narrowing, ..claim(2, "b") };
        ledger.write(|tx| written(tx, "b", "text b", "form", 6)).await.unwrap();
        ledger.write(move |tx| append(tx, &next, "text b")).await.unwrap();
        assert_eq!(ledger.read(|c| standing(c, "b")).await.unwrap(), (2, Some("form".to_owned())));
        assert_eq!(ledger.read(|c| standing(c, "a")).await.unwrap(), (1, Some("first".to_owned())));
        let authors: Vec<String> = ledger
            .read(|c| {
                Ok(c.prepare("SELECT author FROM activation")?
                    .query_map([], |row| row.get(0))?
                    .collect::<Result<_, _>>()?)
            })
            .await
            .unwrap();
        assert_eq!(authors, ["form", "form"]);
        ledger.write(|tx| unwritten(tx, "b")).await.unwrap();
        assert_eq!(ledger.read(versions).await.unwrap().len(), 2, "what ruled is never forgotten");
    }

    #[tokio::test]
    async fn a_draft_keeps_when_it_was_first_seen_until_it_is_answered() {
        let (_folder, ledger) = super::super::tests::fresh();
        assert_eq!(ledger.write(|tx| draft_seen(tx, "a", "text", 10)).await.unwrap(), 10);
        assert_eq!(ledger.write(|tx| draft_seen(tx, "a", "text", 20)).await.unwrap(), 10);
        ledger.write(|tx| draft_discarded(tx, "a", 30)).await.unwrap();
        assert_eq!(ledger.write(|tx| draft_seen(tx, "a", "text", 40)).await.unwrap(), 40, "it came back");
    }
}
