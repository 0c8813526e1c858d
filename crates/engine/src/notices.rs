//! What a person is told outside the window, each thing once: a cap came to one of its alerts, a key
//! started to fail, our entry in a client's settings disappeared. What was told is a row of the ledger, so
//! that a restart repeats nothing and loses nothing; what was there before the app first ran is not told.
//! What is to be told is a pure function, in `news`; showing it is the app's.

mod news;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{Cap, Raise, raised};
use pointsman_core::code::Denial;
use pointsman_core::policy::Policy;
use rusqlite::Connection;

use self::news::{AlertSeen, ClientSeen, KeySeen, Seen, Told, news};
use crate::Gateway;
use crate::ledger::key_check::KeyCheck;
use crate::ledger::{LedgerError, account, alert, key_check, setting};
use crate::view::near::Near;
use crate::view::{ActionKind, Place, ProblemRow};

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub title: String,
    /// What it means.
    pub text: String,
    /// Where a click leads.
    pub place: Place,
}

/// What is to be told, and what is remembered as told once it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// In their order.
    pub notices: Vec<Notice>,
    before: Option<Told>,
    told: Told,
}

impl News {
    /// Whether there is anything to remember.
    pub fn moved(&self) -> bool {
        self.before.as_ref() != Some(&self.told)
    }
}

impl Gateway {
    /// What is to be told now. `problems` are those of the tray, of the same moment. Remember it with
    /// [`Self::note_told`] once it was shown.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn notices(&self, problems: &[ProblemRow]) -> Result<News, Denial> {
        let inner = self.inner();
        let policy = inner.policy.snapshot(inner).await.ok();
        let (before, newest_alert, rows, keys) = inner.ledger.read(look).await?;
        let caps = policy.as_ref().map(|active| active.policy.caps.clone()).unwrap_or_default();
        let alerts = if rows.is_empty() { Vec::new() } else { self.alerts_seen(rows, caps).await? };
        let seen = Seen {
            newest_alert,
            alerts,
            keys: keys.into_iter().map(|check| key_seen(policy.as_ref().map(|active| &active.policy), check)).collect(),
            clients: problems.iter().filter_map(client_seen).collect(),
        };
        let (mut notices, told) = news(before.as_ref(), &seen);
        if self.home().is_practice() {
            notices.iter_mut().for_each(|notice| notice.title = format!("Practice: {}", notice.title));
        }
        Ok(News { notices, before, told })
    }

    /// The alerts with where their caps stand. A raise is a question to the keychain, so this is only asked
    /// where there are any.
    async fn alerts_seen(&self, rows: Vec<alert::Row>, caps: Vec<Cap>) -> Result<Vec<AlertSeen>, Denial> {
        let inner = self.inner();
        let raises = crate::report::raises(inner).await?;
        Ok(inner.ledger.read(move |c| standing(c, rows, &caps, &raises, Timestamp::now())).await?)
    }

    /// Remembers that it was told.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub async fn note_told(&self, news: &News) -> Result<(), Denial> {
        let told = serde_json::to_string(&news.told)
            .map_err(|error| LedgerError::Broken(format!("what was told cannot be written: {error}")))?;
        Ok(self.inner().ledger.write(move |tx| setting::set(tx, setting::TOLD, &told)).await?)
    }
}

type Looked = (Option<Told>, i64, Vec<alert::Row>, Vec<KeyCheck>);

fn look(connection: &Connection) -> Result<Looked, LedgerError> {
    // One that cannot be read is written by nobody of ours: then it begins anew.
    let told: Option<Told> = setting::get(connection, setting::TOLD)?.and_then(|text| serde_json::from_str(&text).ok());
    let rows = alert::after(connection, told.as_ref().map_or(i64::MAX, |told| told.alert))?;
    Ok((told, alert::newest(connection)?, rows, key_check::all(connection)?))
}

fn standing(
    connection: &Connection,
    rows: Vec<alert::Row>,
    caps: &[Cap],
    raises: &[Raise],
    now: Timestamp,
) -> Result<Vec<AlertSeen>, LedgerError> {
    let zone = setting::zone(connection)?;
    let mut alerts = Vec::new();
    for row in rows {
        let at = Timestamp::from_millisecond(row.at_ms).unwrap_or(now).to_zoned(zone.clone());
        let at = at.strftime("%H:%M on %-d %B").to_string();
        let cap = caps.iter().find(|cap| cap.identity() == row.cap);
        let now = match cap {
            Some(cap) => used_now(connection, cap, raises, &row, (now, &zone))?,
            None => None,
        };
        alerts.push(AlertSeen { row, now, at });
    }
    Ok(alerts)
}

/// How much of an alert's cap is used now; `None` where its window has ended.
fn used_now(
    connection: &Connection,
    cap: &Cap,
    raises: &[Raise],
    row: &alert::Row,
    (now, zone): (Timestamp, &TimeZone),
) -> Result<Option<String>, LedgerError> {
    let found = account::standing(connection, &cap.scope, &row.account, cap.window, now, zone)?;
    let Some((span, balance)) = found.filter(|(span, _)| span.key == row.window_key) else { return Ok(None) };
    let limit = raised(cap, &row.account, &span.key, raises);
    let near = Near { cap, account: &row.account, limit, span: &span, charged: balance.charged };
    Ok(Some(near.detail(zone)))
}

fn key_seen(policy: Option<&Policy>, check: KeyCheck) -> KeySeen {
    let known = policy.and_then(|policy| policy.providers.values().find(|of| of.id.as_str() == check.provider));
    let title = known.map_or_else(|| check.provider.clone(), |provider| provider.title.clone());
    KeySeen { title, provider: check.provider, state: check.state, message: check.message }
}

fn client_seen(problem: &ProblemRow) -> Option<ClientSeen> {
    let action = problem.action.as_ref().filter(|action| action.kind == ActionKind::OpenClients)?;
    let id = action.target.clone()?;
    Some(ClientSeen { id, title: problem.title.clone(), detail: problem.detail.clone() })
}
