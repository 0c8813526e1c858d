//! Pausing spending. A pause needs no proof: it only restrains. Ending one early is an answer only a
//! person gives, so it is signed; a row written by another program ends nothing.

use jiff::{Timestamp, ToSpan, Zoned};
use pointsman_core::budget::Raise;
use pointsman_core::code::{Code, Denial};
use serde::{Deserialize, Serialize};

use crate::ledger::{LedgerError, exception, pause, setting};
use crate::view::PauseView;
use crate::{Gateway, Inner, caps};

/// What a resume is signed as.
const PURPOSE: &str = "resume";

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum PauseSpan {
    /// One hour.
    Hour,
    /// Until the next day begins.
    Tomorrow,
    /// Until the person resumes.
    UntilResumed,
}

impl Gateway {
    /// Pauses spending for every process on this home.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub async fn pause(&self, span: PauseSpan) -> Result<(), Denial> {
        let now = Timestamp::now();
        Ok(self
            .inner()
            .ledger
            .write(move |tx| {
                let until = match span {
                    PauseSpan::Hour => Some(now.as_millisecond() + 3_600_000),
                    PauseSpan::Tomorrow => Some(tomorrow(&now.to_zoned(setting::zone(tx)?))?),
                    PauseSpan::UntilResumed => None,
                };
                pause::begin(tx, now.as_millisecond(), until)
            })
            .await?)
    }

    /// Pauses for a person who looks at it now: a pause without an end is refused where no keychain
    /// could sign its resume, since it would never end.
    ///
    /// # Errors
    /// As above, and where the ledger cannot be written.
    pub async fn pause_with_a_way_back(&self, span: PauseSpan) -> Result<(), Denial> {
        if span == PauseSpan::UntilResumed
            && let Err(denial) = self.can_sign().await
            && denial.code == Code::NoKey
        {
            return Err(Denial::new(
                Code::NoKey,
                "A pause until you resume needs a password store to resume with, and none is running. Pause for an hour or until tomorrow.",
            ));
        }
        self.pause(span).await
    }

    /// Ends the pause.
    ///
    /// # Errors
    /// Where there is no keychain to sign with, or the ledger cannot be written.
    pub async fn resume(&self) -> Result<(), Denial> {
        let inner = self.inner();
        let now = Timestamp::now().as_millisecond();
        let mut signed = Vec::new();
        for row in inner.ledger.glance(move |c| pause::unended(c, now)).await? {
            let mac = inner.secrets.sign(PURPOSE, &message(row.id, row.made_ms)).await.map_err(|denial| {
                Denial::new(
                    denial.code,
                    format!(
                        "Resuming is signed with a key of the keychain, and that failed: {} A pause with an end ends by itself.",
                        denial.sentence
                    ),
                )
            })?;
            signed.push((row.id, mac));
        }
        let resume =
            move |tx: &rusqlite::Transaction<'_>| signed.iter().try_for_each(|(id, mac)| pause::end(tx, *id, now, mac));
        Ok(inner.ledger.write(resume).await?)
    }

    /// The pause under way.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn paused(&self) -> Result<Option<PauseView>, Denial> {
        under_way(self.inner()).await
    }
}

/// Of the pauses that have not ended: those still under way, and the ids of those that were resumed
/// with a signature. A signature that cannot be checked resumes nothing.
async fn unended(inner: &Inner, rows: Vec<pause::Row>) -> (Vec<pause::Row>, Vec<i64>) {
    let (mut under_way, mut resumed) = (Vec::new(), Vec::new());
    for row in rows {
        let signed = match &row.resume_mac {
            Some(mac) => inner.secrets.verify(PURPOSE, &message(row.id, row.made_ms), mac).await.unwrap_or(false),
            None => false,
        };
        if signed { resumed.push(row.id) } else { under_way.push(row) }
    }
    (under_way, resumed)
}

/// The longest pause under way.
async fn under_way(inner: &Inner) -> Result<Option<PauseView>, Denial> {
    let now = Timestamp::now().as_millisecond();
    let rows = inner.ledger.glance(move |c| pause::unended(c, now)).await?;
    Ok(longest(&unended(inner, rows).await.0))
}

fn longest(rows: &[pause::Row]) -> Option<PauseView> {
    let until = rows.iter().map(|row| row.until_ms.unwrap_or(i64::MAX)).max();
    until.map(|until_ms| PauseView { until_ms: (until_ms != i64::MAX).then_some(until_ms) })
}

/// What a call may rely on that a person answered: signatures are checked, so the ledger need not ask a
/// keychain inside a transaction.
pub(crate) struct Clearance {
    /// Pauses that were resumed.
    pub(crate) resumed: Vec<i64>,
    /// Caps that may have more, once.
    pub(crate) raises: Vec<Raise>,
}

/// Lets a call through where no pause is under way, with the resumed pauses it knows of: the ledger
/// asks again, in the same transaction as each hold, whether there is another one by then.
pub(crate) async fn clearance(inner: &Inner) -> Result<Clearance, Denial> {
    let now = Timestamp::now().as_millisecond();
    let look = inner.ledger.glance(move |c| Ok((pause::unended(c, now)?, exception::current(c, now)?)));
    let (pauses, exceptions) = look.await?;
    let (rows, resumed) = unended(inner, pauses).await;
    match longest(&rows) {
        Some(view) => Err(told(inner, &view).await?),
        None => Ok(Clearance { resumed, raises: caps::signed(inner, exceptions).await }),
    }
}

/// The denial of a call while a pause is under way.
pub(crate) async fn denial(inner: &Inner) -> Result<Option<Denial>, Denial> {
    match under_way(inner).await? {
        Some(view) => told(inner, &view).await.map(Some),
        None => Ok(None),
    }
}

async fn told(inner: &Inner, view: &PauseView) -> Result<Denial, Denial> {
    let zone = inner.ledger.read(setting::zone).await?;
    let until = view.until_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|at| {
        let (at, now) = (at.to_zoned(zone.clone()), Timestamp::now().to_zoned(zone));
        if at.date() == now.date() { at.strftime("%H:%M").to_string() } else { at.strftime("%-d %b %H:%M").to_string() }
    });
    let sentence = match until {
        Some(until) => format!("Spending is paused until {until} by the user."),
        None => "Spending is paused by the user until they resume it in Pointsman.".to_owned(),
    };
    Ok(Denial::new(Code::Paused, sentence))
}

fn message(id: i64, made_ms: i64) -> Vec<u8> {
    format!("resume:{id}:{made_ms}").into_bytes()
}

fn tomorrow(now: &Zoned) -> Result<i64, LedgerError> {
    let next = now.date().checked_add(1.day()).and_then(|date| date.to_zoned(now.time_zone().clone()));
    next.map(|at| at.timestamp().as_millisecond()).map_err(|error| LedgerError::Broken(error.to_string()))
}
