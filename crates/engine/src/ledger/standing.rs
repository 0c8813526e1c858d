//! Where caps stand now, for showing: what is shown is what is enforced. Opens no account.

use jiff::Timestamp;
use pointsman_core::budget::{Balance, Cap, Span};
use rusqlite::Connection;

use super::{LedgerError, account, setting};

/// The most accounts that are shown of a cap on each, where there is little room.
const MOST: usize = 5;

/// One account of a cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The name of the account; empty for all, and for calls without a client or project.
    pub(crate) account: String,
    /// The window that is open now, and what counts in it; `None` for call and flow.
    pub(crate) at: Option<(Span, Balance)>,
}

/// The accounts of a cap: the one it names, or of a cap on each those in use, the fullest first and at
/// most five. Empty where none is in use.
pub(crate) fn standings(connection: &Connection, cap: &Cap, now: Timestamp) -> Result<Vec<Standing>, LedgerError> {
    standings_up_to(connection, cap, now, MOST)
}

/// The same with at most so many accounts of a cap on each.
pub(crate) fn standings_up_to(
    connection: &Connection,
    cap: &Cap,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Standing>, LedgerError> {
    let zone = setting::zone(connection)?;
    let names = if cap.scope.is_each() {
        account::names_of(connection, &cap.scope, cap.window, now)?
    } else {
        vec![cap.scope.name().unwrap_or_default()]
    };
    let mut found = Vec::new();
    for account in names {
        let at = account::standing(connection, &cap.scope, &account, cap.window, now, &zone)?;
        found.push(Standing { account, at });
    }
    let used = |standing: &Standing| standing.at.as_ref().map(|(_, balance)| balance.charged.plus(balance.held));
    if cap.scope.is_each() {
        found.retain(|standing| used(standing).is_some_and(|used| used.micros() > 0));
        found.sort_by(|a, b| used(b).cmp(&used(a)).then_with(|| a.account.cmp(&b.account)));
        found.truncate(most);
    }
    Ok(found)
}
