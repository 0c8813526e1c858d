//! Models that have failed, one row each: what [`core::breaker`](pointsman_core::breaker) goes by, shared by
//! all processes. A model without a row is well, so a healthy call finds nothing here and leaves nothing.
//!
//! A row is read and changed only in the transaction that holds money for an attempt or ends one, so one
//! try is claimed once whatever races for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::breaker::{self, Outcome, Record, Role};
use pointsman_core::code::Code;
use pointsman_core::id::{ModelId, ProviderId};
use pointsman_core::policy::Breaker;
use rusqlite::{Connection, Transaction, params};

use super::LedgerError;

pub(super) const SQL_3: &str = "CREATE TABLE breaker (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    failures INTEGER NOT NULL,
    until_ms INTEGER,
    probe_until_ms INTEGER,
    last TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (provider, model)
) STRICT, WITHOUT ROWID;";

/// How long a row is kept that nobody changed: a model that failed yesterday begins anew.
const KEPT_MS: i64 = 86_400_000;

/// Every model that has failed. A row that cannot be read, which a newer program may write, rests nobody.
pub(crate) fn all(connection: &Connection) -> Result<BTreeMap<ModelId, Record>, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT provider, model, failures, until_ms, probe_until_ms, last FROM breaker")?;
    let rows = query.query_map([], |row| {
        let id = ModelId::parse(&format!("{}/{}", row.get::<_, String>(0)?, row.get::<_, String>(1)?)).ok();
        let at = |column| -> Result<Option<Timestamp>, rusqlite::Error> {
            Ok(row.get::<_, Option<i64>>(column)?.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
        };
        let last = Code::from_text(&row.get::<_, String>(5)?).unwrap_or(Code::Internal);
        Ok(id.zip(Some(Record { failures: row.get(2)?, until: at(3)?, probe_until: at(4)?, last })))
    })?;
    rows.filter_map(Result::transpose).map(|row| Ok(row?)).collect()
}

/// Gives the one try of a model that has rested to a call, until its lease ends.
pub(crate) fn claim(
    tx: &Transaction<'_>,
    model: &ModelId,
    record: Record,
    lease: Timestamp,
    now: Timestamp,
) -> Result<(), LedgerError> {
    put(tx, model, &breaker::claimed(record, lease), now)
}

/// Takes down what a request found at a model. Writes only what changes.
pub(crate) fn note(
    tx: &Transaction<'_>,
    model: &ModelId,
    rules: Breaker,
    (role, outcome): (Role, Outcome),
    now: Timestamp,
) -> Result<(), LedgerError> {
    let was = match outcome {
        Outcome::Answered => {
            tx.prepare_cached("DELETE FROM breaker WHERE provider = ?1 AND model = ?2")?
                .execute([model.provider.as_str(), model.model.as_str()])?;
            return Ok(());
        }
        Outcome::Undecided | Outcome::Failed { .. } => all(tx)?.remove(model),
    };
    match breaker::after(was.clone(), rules, role, outcome, now) {
        Some(record) if Some(&record) != was.as_ref() => put(tx, model, &record, now),
        Some(_) | None => Ok(()),
    }
}

fn put(tx: &Transaction<'_>, model: &ModelId, record: &Record, now: Timestamp) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO breaker (provider, model, failures, until_ms, probe_until_ms, last, changed_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        model.provider.as_str(),
        model.model.as_str(),
        record.failures,
        record.until.map(Timestamp::as_millisecond),
        record.probe_until.map(Timestamp::as_millisecond),
        record.last.as_str(),
        now.as_millisecond(),
    ])?;
    Ok(())
}

/// Begins anew with a provider: its key was entered anew, or found to be taken.
pub(crate) fn forget(tx: &Transaction<'_>, provider: &ProviderId) -> Result<(), LedgerError> {
    tx.execute("DELETE FROM breaker WHERE provider = ?1", [provider.as_str()])?;
    Ok(())
}

/// Forgets what is too old to say anything.
pub(crate) fn prune(tx: &Transaction<'_>, now: Timestamp) -> Result<(), LedgerError> {
    tx.execute("DELETE FROM breaker WHERE changed_ms < ?1", [now.as_millisecond().saturating_sub(KEPT_MS)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ModelId {
        ModelId::parse(text).unwrap()
    }

    fn failed() -> (Role, Outcome) {
        (Role::Ordinary, Outcome::Failed { last: Code::Timeout, not_before: None })
    }

    #[tokio::test]
    async fn a_record_reads_back_and_one_that_is_well_leaves_no_row() {
        let (_folder, ledger) = super::super::tests::fresh();
        let now = Timestamp::from_millisecond(1_000_000).unwrap();
        let rules = Breaker { failures: 1, ..Breaker::default() };
        let records = ledger
            .write(move |tx| {
                for model in ["a/x/y", "a/z", "b/w"] {
                    note(tx, &id(model), rules, failed(), now)?;
                }
                claim(tx, &id("a/z"), all(tx)?[&id("a/z")].clone(), now, now)?;
                // What a newer program may write.
                tx.execute("INSERT INTO breaker VALUES ('c', 'new', 9, NULL, NULL, 'a_new_code', 1000000)", [])?;
                all(tx)
            })
            .await
            .unwrap();
        let until = now.checked_add(rules.cooldown).ok();
        let record = Record { failures: 1, until, probe_until: None, last: Code::Timeout };
        assert_eq!(records[&id("a/x/y")], record, "a name may have a slash");
        assert_eq!(records[&id("a/z")], Record { probe_until: Some(now), ..record });
        assert_eq!(records[&id("c/new")].last, Code::Internal);

        let left = ledger
            .write(move |tx| {
                note(tx, &id("a/z"), rules, (Role::Ordinary, Outcome::Answered), now)?;
                note(tx, &id("d/never"), rules, (Role::Ordinary, Outcome::Undecided), now)?;
                let one_left = all(tx)?.into_keys().collect::<Vec<_>>();
                forget(tx, &id("a/x").provider)?;
                let forgotten = all(tx)?.into_keys().collect::<Vec<_>>();
                prune(tx, Timestamp::from_millisecond(1_000_000 + KEPT_MS).unwrap())?;
                let kept = all(tx)?.len();
                prune(tx, Timestamp::from_millisecond(1_000_001 + KEPT_MS).unwrap())?;
                Ok((one_left, forgotten, kept, all(tx)?.len()))
            })
            .await
            .unwrap();
        assert_eq!(left, (vec![id("a/x/y"), id("b/w"), id("c/new")], vec![id("b/w"), id("c/new")], 2, 0));
    }
}
