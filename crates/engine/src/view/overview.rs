//! Overview, and the status that every page's header and the tray show.

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::budget::{Cap, Raise};
use pointsman_core::code::Denial;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::activity::ActivityQuery;
use super::money::{MoneyNow, by_hour, money_now};
use super::{ClientState, DiffLine, Money, RequestRow, unreadable};
use crate::Gateway;

/// What the header chip, the pause button, the sidebar counts and the tray show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Status {
    /// The one word.
    pub running: Running,
    /// How many problems Overview lists.
    pub problems: u32,
    /// Of these, on Keys.
    pub key_problems: u32,
    /// Of these, on Clients.
    pub client_problems: u32,
    /// While spending is paused.
    pub paused: Option<PauseView>,
    /// A practice home: every amount is simulated.
    pub practice: bool,
    /// Charged today.
    pub today: Money,
    /// The day cap, where one is set for all.
    pub day_limit: Option<Money>,
    /// How full the day cap is, in basis points.
    pub day_used_bp: u16,
    /// The profiles of routing.yaml, by name; empty where it has none.
    pub profiles: Vec<String>,
    /// The one of them that is laid over the file; `None`: the file applies as it is written.
    pub profile: Option<String>,
    /// Where keys are kept, for sentences: "GNOME Keyring", "macOS Keychain".
    pub store_name: String,
    /// `0.1.0`.
    pub version: String,
}

/// The state of the whole, by the worst of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// Calls are answered.
    Running,
    /// Calls are answered and something should be looked at.
    Attention,
    /// The person paused spending.
    Paused,
    /// No call can be answered.
    Stopped,
}

/// A pause under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PauseView {
    /// When it ends by itself (ms since 1970), or never.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
}

/// The first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Overview {
    /// Whether the ledger can be read. Where not, no amount is known and no request is listed.
    pub readable: bool,
    /// Today's money.
    pub today: MoneyBar,
    /// This month's money.
    pub month: MoneyBar,
    /// Requests of the last 24 hours, by hour, oldest first; 24 numbers, or none while not readable.
    pub hours: Vec<u32>,
    /// Their sum.
    pub requests_24h: u32,
    /// What should be looked at, worst first.
    pub problems: Vec<ProblemRow>,
    /// The last five requests.
    pub recent: Vec<RequestRow>,
    /// Known clients.
    pub clients: Vec<ClientLine>,
    /// An edit of routing.yaml from outside that widens and waits for an answer.
    pub draft: Option<Draft>,
    /// Where routing.yaml is.
    pub policy_path: String,
}

/// Money of one window against the cap for all calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MoneyBar {
    /// Settled.
    pub used: Money,
    /// Reserved by calls under way.
    pub held: Money,
    /// Cap − used − held.
    pub left: Option<Money>,
    /// The cap, where one is set, with what it was raised by once.
    pub limit: Option<Money>,
    /// Of that, raised once for this window.
    pub raised: Option<Money>,
    /// Where no cap stops calls: the lowest one at which they go on with a warning.
    pub warns_at: Option<Money>,
    /// Used, in basis points of the cap.
    pub used_bp: u16,
    /// Held, in basis points of the cap.
    pub held_bp: u16,
    /// When the window ends, in ms since 1970.
    #[ts(type = "number")]
    pub resets_ms: i64,
}

/// How bad something is; drawn as a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Lamp {
    /// Does not work.
    Stop,
    /// Works; look at it.
    Caution,
    /// Works.
    Clear,
    /// Not in use.
    Off,
}

/// One row of Problems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProblemRow {
    /// Stable while the problem lasts.
    pub id: String,
    /// How bad.
    pub lamp: Lamp,
    /// What happened.
    pub title: String,
    /// What it means.
    pub detail: String,
    /// The one thing to do.
    pub action: Option<Action>,
}

/// A button of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Action {
    /// What it does.
    pub kind: ActionKind,
    /// What it says.
    pub label: String,
    /// Which provider or client it is about.
    pub target: Option<String>,
}

/// What a problem's button does in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Opens Keys at the provider.
    OpenKeys,
    /// Opens Clients at the client.
    OpenClients,
    /// Opens Spend at the cap.
    OpenSpend,
    /// Opens routing.yaml in the editor of the system.
    OpenPolicyFile,
    /// Ends the pause.
    Resume,
    /// Asks the keychain to unlock, once.
    UnlockKeychain,
}

/// A client in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientLine {
    /// `claude-desktop`.
    pub id: String,
    /// `Claude Desktop`.
    pub title: String,
    /// Its state.
    pub state: ClientState,
    /// Its last call, in ms since 1970.
    #[ts(type = "number | null")]
    pub last_call_ms: Option<i64>,
}

/// An edit that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// Of its text; Activate and Discard name it, so that they act on what was shown.
    pub hash: String,
    /// When it was first seen, in ms since 1970.
    #[ts(type = "number")]
    pub seen_ms: i64,
    /// What it would widen, a plain sentence each.
    pub widens: Vec<String>,
    /// Against the active version.
    pub diff: Vec<DiffLine>,
}

/// The status with what it was made of.
pub(super) struct Seen {
    pub(super) status: Status,
    pub(super) month: MoneyBar,
    /// Worst first.
    pub(super) problems: Vec<ProblemRow>,
    pub(super) clients: Vec<ClientLine>,
    /// What the amounts were measured by.
    pub(super) limits: Arc<Limits>,
}

/// The caps of the active policy and what the person let them have once: asked for once a look, since each
/// raise is a question to the keychain.
pub(super) struct Limits {
    pub(super) caps: Vec<Cap>,
    pub(super) raises: Vec<Raise>,
}

impl Gateway {
    /// What every page's header shows. A ledger that cannot be read is one stopped problem and amounts
    /// that say "–".
    ///
    /// # Errors
    /// None; a result because callers treat every command alike.
    pub async fn status(&self) -> Result<Status, Denial> {
        let seen = self.seen().await;
        Ok(seen.map_or_else(|_| unreadable::status(self.home().is_practice()), |seen| seen.status))
    }

    /// The status with what it was made of.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub(super) async fn seen(&self) -> Result<Seen, Denial> {
        let limits = self.limits().await?;
        let money = self.money(&limits).await?;
        let paused = self.paused().await?;
        let draft = u32::from(self.draft().await.is_some());
        let mut problems: Vec<ProblemRow> = self.ledger_problem().await.into_iter().collect();
        problems.extend(self.policy_problem().await);
        let key = self.key_problems().await;
        let (clients, client) = self.clients_seen().await;
        let stopped = problems.iter().chain(&key).any(|row| row.lamp == Lamp::Stop);
        let rests = self.resting_problems().await;
        let (key_problems, client_problems) = (count(&key), count(&client));
        problems.extend(money.problems.into_iter().chain(key).chain(client).chain(rests));
        problems.sort_by_key(|row| row.lamp);
        let all = count(&problems) + draft;
        let running = match (&paused, stopped, all) {
            (Some(_), _, _) => Running::Paused,
            (None, true, _) => Running::Stopped,
            (None, false, 0) => Running::Running,
            (None, false, _) => Running::Attention,
        };
        // Without a policy there is no profile, and that has its own problem row.
        let (profiles, chosen) = self.profiles().await.map_or_else(|_| (Vec::new(), None), |of| (of.names, of.chosen));
        let status = Status {
            running,
            problems: all,
            key_problems,
            client_problems,
            paused,
            practice: self.home().is_practice(),
            today: money.today.used,
            day_limit: money.today.limit,
            day_used_bp: money.today.used_bp,
            profile: chosen.filter(|chosen| profiles.contains(chosen)),
            profiles,
            store_name: crate::secrets::store_name().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(Seen { status, month: money.month, problems, clients, limits })
    }

    /// The first page. A ledger that cannot be read is its one problem, with the sentence.
    ///
    /// # Errors
    /// None; a result because callers treat every command alike.
    pub async fn overview(&self) -> Result<Overview, Denial> {
        let known = async {
            let money = self.money(&self.limits().await?).await?;
            let hours = self.inner().ledger.read(|c| by_hour(c, Timestamp::now())).await?;
            let recent = self.activity(ActivityQuery { limit: 5, ..ActivityQuery::default() }).await?.rows;
            Ok::<_, Denial>((money, hours, recent))
        };
        let policy_path = crate::clients::shown_path(&self.home().policy_path());
        let (money, hours, recent) = match known.await {
            Ok(known) => known,
            Err(denial) => return Ok(unreadable::overview(denial.sentence, policy_path)),
        };
        let mut problems: Vec<ProblemRow> = self.ledger_problem().await.into_iter().collect();
        problems.extend(self.policy_problem().await);
        problems.extend(money.problems);
        problems.extend(self.key_problems().await);
        let (clients, client) = self.clients_seen().await;
        problems.extend(client);
        problems.extend(self.resting_problems().await);
        problems.sort_by_key(|row| row.lamp);
        Ok(Overview {
            readable: true,
            today: money.today,
            month: money.month,
            requests_24h: hours.iter().sum(),
            hours,
            problems,
            recent,
            clients,
            draft: self.draft().await,
            policy_path,
        })
    }

    /// A ledger that reads and takes no write: then no call can be answered either.
    async fn ledger_problem(&self) -> Option<ProblemRow> {
        self.inner().ledger.unwritable().await.map(unreadable::problem)
    }

    async fn policy_problem(&self) -> Option<ProblemRow> {
        let inner = self.inner();
        let snapshot = inner.policy.snapshot(inner).await;
        let (lamp, title, detail) = match (snapshot, inner.policy.file_problem()) {
            (Ok(_), None) => return None,
            (Ok(_), Some(why)) => {
                (Lamp::Caution, "routing.yaml is not in use", format!("{why} The last good version stays active."))
            }
            (Err(denial), _) => (Lamp::Stop, "There is no policy to route by", denial.sentence),
        };
        Some(ProblemRow {
            id: "policy".to_owned(),
            lamp,
            title: title.to_owned(),
            detail,
            action: Some(Action {
                kind: ActionKind::OpenPolicyFile,
                label: "Open routing.yaml".to_owned(),
                target: None,
            }),
        })
    }

    async fn limits(&self) -> Result<Arc<Limits>, Denial> {
        let inner = self.inner();
        let caps = inner.policy.snapshot(inner).await.map(|active| active.policy.caps.clone()).unwrap_or_default();
        Ok(Arc::new(Limits { caps, raises: crate::report::raises(inner).await? }))
    }

    async fn money(&self, limits: &Arc<Limits>) -> Result<MoneyNow, Denial> {
        let limits = limits.clone();
        Ok(self.inner().ledger.read(move |c| money_now(c, &limits.caps, &limits.raises, Timestamp::now())).await?)
    }
}

fn count(rows: &[ProblemRow]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}
