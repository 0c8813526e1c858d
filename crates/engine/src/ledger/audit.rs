//! The books, checked: what every sum must equal. `pointsman audit` and the race tests read this.

use rusqlite::Connection;

use super::LedgerError;

/// One rule with the rows that break it. Each query gives one text per broken row.
const RULES: &[(&str, &str)] = &[
    (
        "an account's charge is the sum of its calls",
        "SELECT a.scope || ' ' || a.name || ' ' || a.window_key || ': ' || a.charged_micro || ' instead of ' || s.sum
         FROM account a JOIN (
            SELECT a.id, coalesce((SELECT sum(t.charge_micro) FROM booking b JOIN attempt t ON t.request_id = b.request_id
                WHERE b.account_id = a.id AND (a.scope = 'all' OR t.provider = a.name)), 0)
              + coalesce((SELECT sum(j.amount_micro) FROM booking b JOIN adjustment j ON j.request_id = b.request_id
                WHERE b.account_id = a.id AND (a.scope = 'all' OR j.provider = a.name)), 0) AS sum
            FROM account a) s ON s.id = a.id
         WHERE a.charged_micro <> s.sum",
    ),
    (
        "what an account holds is the sum of open bookings",
        "SELECT a.scope || ' ' || a.name || ' ' || a.window_key || ': ' || a.held_micro
         FROM account a WHERE a.held_micro <> coalesce((SELECT sum(b.held_micro) FROM booking b
            JOIN reservation r ON r.id = b.request_id WHERE b.account_id = a.id AND r.state = 'open'), 0)",
    ),
    (
        "a closed reservation holds nothing",
        "SELECT r.id FROM reservation r WHERE r.state <> 'open'
         AND (r.hold_micro <> 0 OR EXISTS (SELECT 1 FROM booking b WHERE b.request_id = r.id AND b.held_micro <> 0))",
    ),
    (
        "a closed reservation has no open attempt",
        "SELECT t.request_id FROM attempt t JOIN reservation r ON r.id = t.request_id
         WHERE r.state <> 'open' AND t.ended_ms IS NULL",
    ),
    (
        "an attempt belongs to a reservation",
        "SELECT t.request_id FROM attempt t LEFT JOIN reservation r ON r.id = t.request_id WHERE r.id IS NULL",
    ),
    (
        "a request's charge is the sum of its attempts and adjustments",
        "SELECT q.id FROM request q WHERE q.charged_micro <>
            coalesce((SELECT sum(t.charge_micro) FROM attempt t WHERE t.request_id = q.id), 0)
          + coalesce((SELECT sum(j.amount_micro) FROM adjustment j WHERE j.request_id = q.id), 0)",
    ),
    ("the file is whole", "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
];

/// Every broken rule with its row, a sentence each; empty where the books are right.
pub(crate) fn audit(connection: &Connection) -> Result<Vec<String>, LedgerError> {
    let mut broken = Vec::new();
    for (rule, sql) in RULES {
        let mut query = connection.prepare(sql)?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        for row in rows {
            broken.push(format!("Broken: {rule} ({})", row?));
        }
    }
    Ok(broken)
}
