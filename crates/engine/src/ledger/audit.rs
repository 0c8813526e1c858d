//! The books, checked: what every sum must equal. `pointsman audit` and the race tests read this.

use rusqlite::Connection;

use super::LedgerError;
use super::counts::counts;

/// Whether the account `a` counts the row `t` of the request `q`.
macro_rules! counted {
    () => {
        counts!("a.scope", "a.name", "t.provider", "t.provider || '/' || t.model", "q.client", "q.class", "q.project")
    };
}

/// One rule with the rows that break it. Each query gives one text per broken row.
const RULES: &[(&str, &str)] = &[
    (
        "an account's charge is the sum of its calls",
        concat!(
            "SELECT a.scope || ' ' || a.name || ' ' || a.window_key || ': ' || a.charged_micro || ' instead of ' || s.sum
             FROM account a JOIN (
                SELECT a.id, coalesce((SELECT sum(t.charge_micro) FROM attempt t JOIN request q ON q.id = t.request_id
                    WHERE t.made_ms >= a.start_ms AND t.made_ms < a.end_ms AND ",
            counted!(),
            "), 0) + coalesce((SELECT sum(t.amount_micro) FROM adjustment t JOIN request q ON q.id = t.request_id
                    WHERE t.made_ms >= a.start_ms AND t.made_ms < a.end_ms AND ",
            counted!(),
            "), 0) AS sum FROM account a) s ON s.id = a.id
             WHERE a.charged_micro <> s.sum"
        ),
    ),
    (
        "what an account holds is the sum of open reservations",
        concat!(
            "SELECT a.scope || ' ' || a.name || ' ' || a.window_key || ': ' || a.held_micro
             FROM account a WHERE a.held_micro <> coalesce((
                SELECT sum(iif(a.scope IN ('provider', 'model'), t.worst_micro, r.hold_micro))
                FROM reservation r JOIN request q ON q.id = r.id
                JOIN attempt t ON t.request_id = r.id AND t.ended_ms IS NULL
                WHERE r.state = 'open' AND r.made_ms >= a.start_ms AND r.made_ms < a.end_ms AND ",
            counted!(),
            "), 0)"
        ),
    ),
    (
        "a closed reservation holds nothing",
        "SELECT r.id FROM reservation r WHERE r.state <> 'open' AND r.hold_micro <> 0",
    ),
    (
        "an open reservation has one open attempt, a closed one none",
        "SELECT r.id FROM reservation r WHERE (r.state = 'open') <>
            (SELECT count(*) FROM attempt t WHERE t.request_id = r.id AND t.ended_ms IS NULL)",
    ),
    (
        "an attempt belongs to a reservation and counts when that was made",
        "SELECT t.request_id FROM attempt t LEFT JOIN reservation r ON r.id = t.request_id
         WHERE r.id IS NULL OR t.made_ms <> r.made_ms",
    ),
    (
        "an adjustment is of an attempt and counts when that did",
        "SELECT j.request_id FROM adjustment j LEFT JOIN attempt t ON t.request_id = j.request_id AND t.nth = j.nth
         WHERE t.id IS NULL OR t.made_ms <> j.made_ms OR t.provider <> j.provider OR t.model <> j.model",
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
