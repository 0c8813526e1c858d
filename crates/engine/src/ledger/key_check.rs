//! What the last check of each key found. Never a key: its last four characters and 32 bits of its
//! hash, so that the Keys page can name it while the keychain is locked.

use rusqlite::{Connection, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};
use crate::view::KeyState;

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS key_check (
    provider TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    checked_ms INTEGER NOT NULL,
    models INTEGER,
    message TEXT,
    last4 TEXT,
    fingerprint TEXT
) STRICT, WITHOUT ROWID;";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyCheck {
    pub(crate) provider: String,
    pub(crate) state: KeyState,
    pub(crate) checked_ms: i64,
    pub(crate) models: Option<u32>,
    pub(crate) message: Option<String>,
    pub(crate) last4: Option<String>,
    /// The check says nothing about a key with another fingerprint.
    pub(crate) fingerprint: Option<String>,
}

/// All states with their words in the table.
const STATES: &[(KeyState, &str)] = &[
    (KeyState::Valid, "valid"),
    (KeyState::Refused, "refused"),
    (KeyState::NoCredit, "no_credit"),
    (KeyState::RateLimited, "rate_limited"),
    (KeyState::Unreachable, "unreachable"),
    (KeyState::NotChecked, "not_checked"),
    (KeyState::Missing, "missing"),
    (KeyState::Locked, "locked"),
    (KeyState::OtherOrigin, "other_origin"),
];

fn word(state: KeyState) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).map_or("not_checked", |(_, word)| word)
}

fn state(word: &str) -> KeyState {
    STATES.iter().find(|(_, known)| *known == word).map_or(KeyState::NotChecked, |(state, _)| *state)
}

/// Writes what a check found, over what the one before found.
pub(crate) fn put(tx: &Transaction<'_>, row: &KeyCheck) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO key_check (provider, state, checked_ms, models, message, last4, fingerprint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        row.provider,
        word(row.state),
        row.checked_ms,
        row.models,
        row.message,
        row.last4,
        row.fingerprint
    ])?;
    Ok(())
}

/// Learns from a call that the provider takes the key again; what a check found otherwise stays.
pub(crate) fn works(tx: &Transaction<'_>, provider: &str, at_ms: i64) -> Result<(), LedgerError> {
    let changed = tx
        .prepare_cached(
            "UPDATE key_check SET state = 'valid', message = NULL, checked_ms = ?2
             WHERE provider = ?1 AND state IN ('refused', 'no_credit')",
        )?
        .execute(params![provider, at_ms])?;
    if changed == 1 { change::note(tx, Topic::Key) } else { Ok(()) }
}

/// Learns from a call that the provider refuses the key or its account.
pub(crate) fn fails(tx: &Transaction<'_>, row: &KeyCheck) -> Result<(), LedgerError> {
    put(tx, row)?;
    change::note(tx, Topic::Key)
}

/// Forgets what is known about a provider's key.
pub(crate) fn forget(tx: &Transaction<'_>, provider: &str) -> Result<(), LedgerError> {
    tx.execute("DELETE FROM key_check WHERE provider = ?1", [provider])?;
    Ok(())
}

/// All rows, by provider.
pub(crate) fn all(connection: &Connection) -> Result<Vec<KeyCheck>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT provider, state, checked_ms, models, message, last4, fingerprint FROM key_check ORDER BY provider",
    )?;
    let rows = query.query_map([], |row| {
        Ok(KeyCheck {
            provider: row.get(0)?,
            state: state(&row.get::<_, String>(1)?),
            checked_ms: row.get(2)?,
            models: row.get(3)?,
            message: row.get(4)?,
            last4: row.get(5)?,
            fingerprint: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_replaces_the_one_before_and_every_state_reads_back() {
        let (_folder, ledger) = super::super::tests::fresh();
        for (known, _) in STATES {
            let row = KeyCheck {
                provider: "openai".into(),
                state: *known,
                checked_ms: 7,
                models: Some(42),
                message: Some("said".into()),
                last4: Some("a1b2".into()),
                fingerprint: Some("3fa1 09bc".into()),
            };
            let written = row.clone();
            ledger.write(move |tx| put(tx, &written)).await.expect("written");
            assert_eq!(ledger.read(all).await.expect("read"), [row]);
            assert_eq!(serde_json::to_value(known).ok(), Some(word(*known).into()), "the contract's word");
        }
        ledger.write(|tx| forget(tx, "openai")).await.expect("written");
        assert!(ledger.read(all).await.expect("read").is_empty());
    }
}
