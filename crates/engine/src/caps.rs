//! What a person does about caps and charges: let a cap have more once, correct a price, hear what a cap
//! was used to. Nothing here can be called by a model; a raise is an answer, so it is signed, and a row
//! written by another program raises nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pointsman_core::budget::{Cap, Raise, Window};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price};
use serde::{Deserialize, Serialize};

use crate::ledger::adjustment::{self, Marked};
use crate::ledger::exception::{self, Row};
use crate::ledger::{account, alert, setting};
use crate::{Gateway, Inner, Surface};

pub use crate::ledger::adjustment::Repriced;

/// What a raise is signed as.
const PURPOSE: &str = "raise";

/// A cap was used to a share at which the person wants to be told; once for each cap, window and share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its place in the order of all; the next look begins after it.
    pub seq: i64,
    /// What happened, as a sentence: "80 % of the day cap of $2.00 is used."
    pub sentence: String,
    /// The share.
    pub percent: u8,
    /// When, in ms since 1970.
    pub at_ms: i64,
}

impl Gateway {
    /// Lets one cap have more, for one account and in its current window only. The app asks the person by a
    /// native dialog first; only the app can.
    ///
    /// `cap` is [`Cap::identity`], `account` the name of its account: empty for a cap over all.
    ///
    /// # Errors
    /// Where the cap is not in the active policy, counts in no window, or the keychain cannot sign.
    pub async fn raise_once(&self, cap: &str, account: &str, amount: MicroUsd) -> Result<String, Denial> {
        let inner = self.inner();
        if inner.caller.surface != Surface::App {
            return Err(Denial::new(Code::NeedsApproval, "A cap is raised in the Pointsman app."));
        }
        if amount <= MicroUsd::ZERO {
            return Err(Denial::new(Code::InvalidRequest, "A cap is raised by an amount above zero."));
        }
        let active = inner.policy.snapshot(inner).await?;
        let found =
            active.policy.caps.iter().find(|found| found.identity() == cap).filter(|found| counts(found, account));
        let Some(found) = found.cloned() else { return Err(gone()) };
        let now = Timestamp::now();
        let (scope, name) = (found.scope.clone(), account.to_owned());
        let standing =
            inner.ledger.read(move |c| account::standing(c, &scope, &name, found.window, now, &setting::zone(c)?));
        let Some((span, _)) = standing.await? else {
            return Err(Denial::new(
                Code::InvalidRequest,
                format!(
                    "A {} cap counts in no window, so it cannot be raised once. Change it in routing.yaml.",
                    found.window.as_str()
                ),
            ));
        };
        let mut row = Row {
            cap: cap.to_owned(),
            account: account.to_owned(),
            window_key: span.key,
            end_ms: span.end.as_millisecond(),
            amount_micro: amount.micros(),
            at_ms: now.as_millisecond(),
            mac: Vec::new(),
        };
        let mac = inner.secrets.sign(PURPOSE, &row.message()).await.map_err(|denial| {
            Denial::new(denial.code, format!("A raise is signed with a key in the keychain. {}", denial.sentence))
        })?;
        row.mac = mac.to_vec();
        inner.ledger.write(move |tx| exception::put(tx, &row)).await?;
        Ok(format!("{amount} more {}.", until(found.window)))
    }

    /// What the person is asked before a cap is raised once: which cap, by how much, until when. Names what is
    /// enforced now, not what a page showed.
    ///
    /// # Errors
    /// Where the cap is not in the active policy or cannot be raised.
    pub async fn raise_question(&self, cap: &str, account: &str, amount: MicroUsd) -> Result<String, Denial> {
        let active = self.inner().policy.snapshot(self.inner()).await?;
        let found = active.policy.caps.iter().find(|found| found.identity() == cap && counts(found, account));
        let card = self.cap_card(cap, account).await?;
        let (Some(found), Some(card)) = (found, card) else { return Err(gone()) };
        let Some(used) = card.used.filter(|_| amount > MicroUsd::ZERO) else {
            return Err(Denial::new(
                Code::InvalidRequest,
                "A cap is raised once by an amount above zero, in its window.",
            ));
        };
        Ok(format!(
            "Let {} have {} more?\n\n{} of {} is used. The extra amount counts {}. routing.yaml stays as it is.",
            found.title(account),
            amount.exact(),
            used.text,
            card.limit.text,
            until(found.window),
        ))
    }

    /// Alerts after a place in their order, oldest first, at most 100.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn alerts_after(&self, seq: i64) -> Result<Vec<Alert>, Denial> {
        let rows = self.inner().ledger.read(move |c| alert::after(c, seq)).await?;
        let told = |alert::Row { seq, title, percent, at_ms, .. }| Alert {
            seq,
            sentence: format!("{percent} % of {title} is used."),
            percent,
            at_ms,
        };
        Ok(rows.into_iter().map(told).collect())
    }

    /// Reckons the calls of a model anew at a corrected price, of those counted from an instant on and
    /// before another. Posts adjustments for these and nothing else. For a person: no server does it.
    ///
    /// # Errors
    /// From a server, or where the ledger cannot be written.
    pub async fn reprice(
        &self,
        model: ModelId,
        price: Price,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Repriced, Denial> {
        if self.inner().caller.surface == Surface::Mcp {
            return Err(Denial::new(Code::NeedsApproval, "A price is corrected in the Pointsman app."));
        }
        let marked = Marked { model, from, before };
        let now = Timestamp::now();
        Ok(self.inner().ledger.write(move |tx| adjustment::reprice(tx, &marked, &price, now)).await?)
    }
}

fn gone() -> Denial {
    Denial::new(Code::NotFound, "There is no such cap any more: routing.yaml has changed. Look at the caps again.")
}

/// Whether a name is one of the cap's accounts.
fn counts(cap: &Cap, account: &str) -> bool {
    match cap.scope.name() {
        Some(name) => name == account,
        None => cap.scope.is_each() || account.is_empty(),
    }
}

const fn until(window: Window) -> &'static str {
    match window {
        Window::Call | Window::Flow => "for this call",
        Window::Hour => "until the hour ends",
        Window::Day => "until the day ends",
        Window::Week => "until the week ends",
        Window::Month => "until the month ends",
        Window::Total => "from now on",
    }
}

/// The raises among these rows that the person really gave. One whose signature cannot be checked now
/// counts for nothing, and a copy of a row is the same answer, given once.
pub(crate) async fn signed(inner: &Inner, rows: Vec<Row>) -> Vec<Raise> {
    let (mut raises, mut seen) = (Vec::new(), BTreeSet::new());
    for row in rows {
        if inner.secrets.verify(PURPOSE, &row.message(), &row.mac).await.unwrap_or(false) {
            if seen.insert(row.mac) {
                let amount = MicroUsd::from_micros(row.amount_micro);
                raises.push(Raise { cap: row.cap, account: row.account, window_key: row.window_key, amount });
            }
        } else {
            tracing::warn!(cap = row.cap, "a raise of a cap is not signed by the app and does not count");
        }
    }
    raises
}
