//! A reservation as it stands, with all that is needed to post what becomes of it.

use jiff::Timestamp;
use pointsman_core::money::MicroUsd;
use rusqlite::{OptionalExtension, Transaction};

use super::super::LedgerError;
use super::super::counts::Names;

/// A reservation with the attempt of it that has no end.
pub(super) struct Row {
    pub(super) flow: String,
    pub(super) state: String,
    pub(super) made_ms: i64,
    pub(super) hold: MicroUsd,
    pub(super) client: String,
    pub(super) class: String,
    pub(super) project: String,
    pub(super) open: Option<Open>,
}

pub(super) struct Open {
    pub(super) nth: u32,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) worst: MicroUsd,
}

impl Row {
    pub(super) fn made(&self) -> Timestamp {
        Timestamp::from_millisecond(self.made_ms).unwrap_or(Timestamp::MAX)
    }

    /// The names an attempt of it is counted under.
    pub(super) fn names(&self, provider: &str, model: &str) -> Names {
        Names {
            provider: provider.to_owned(),
            model: format!("{provider}/{model}"),
            client: self.client.clone(),
            class: self.class.clone(),
            project: self.project.clone(),
        }
    }
}

pub(super) fn row(tx: &Transaction<'_>, id: &str) -> Result<Option<Row>, LedgerError> {
    let mut query = tx.prepare_cached(
        "SELECT r.flow_id, r.state, r.made_ms, r.hold_micro, q.client, q.class, q.project,
                t.nth, t.provider, t.model, t.worst_micro
         FROM reservation r JOIN request q ON q.id = r.id
         LEFT JOIN attempt t ON t.request_id = r.id AND t.ended_ms IS NULL WHERE r.id = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        let open = match row.get::<_, Option<u32>>(7)? {
            Some(nth) => {
                let worst = MicroUsd::from_micros(row.get(10)?);
                Some(Open { nth, provider: row.get(8)?, model: row.get(9)?, worst })
            }
            None => None,
        };
        Ok(Row {
            flow: row.get(0)?,
            state: row.get(1)?,
            made_ms: row.get(2)?,
            hold: MicroUsd::from_micros(row.get(3)?),
            client: row.get(4)?,
            class: row.get(5)?,
            project: row.get(6)?,
            open,
        })
    };
    Ok(query.query_row([id], read).optional()?)
}
