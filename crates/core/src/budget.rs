//! Caps, whose money they count and the windows they count in. Pure: the instant and the time zone are
//! parameters. Whether a hold fits (I2) is decided here; the ledger only keeps the sums.

use crate::id::{ClientId, ModelId, ProjectName, ProviderId, TaskClass};
use crate::money::MicroUsd;

mod span;

pub use span::{Span, span};

/// What a cap counts. Without a name, each provider, model, client, class or project has an account of
/// its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every call.
    All,
    /// Attempts at one provider.
    Provider(Option<ProviderId>),
    /// Attempts at one model.
    Model(Option<ModelId>),
    /// Calls of one client, by the `--client` of its entry.
    Client(Option<ClientId>),
    /// Calls of one task class; `chat` is a call that named its model.
    Class(Option<TaskClass>),
    /// Calls of one project, by the `--project` of the entry.
    Project(Option<ProjectName>),
}

impl Scope {
    /// The word in routing.yaml and in the ledger.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Provider(_) => "provider",
            Self::Model(_) => "model",
            Self::Client(_) => "client",
            Self::Class(_) => "task_class",
            Self::Project(_) => "project",
        }
    }

    /// The name it was given; `None` for all, and where each has its own account.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Provider(name) => name.as_ref().map(ToString::to_string),
            Self::Model(name) => name.as_ref().map(ToString::to_string),
            Self::Client(name) => name.as_ref().map(ToString::to_string),
            Self::Class(name) => name.as_ref().map(ToString::to_string),
            Self::Project(name) => name.as_ref().map(ToString::to_string),
        }
    }

    /// Whether it stands for one account each.
    pub fn is_each(&self) -> bool {
        *self != Self::All && self.name().is_none()
    }

    /// Whether an attempt of one call may be at a place this scope does not count, while another one of
    /// the same call is. Then only the attempt itself is held there, not what may follow it.
    pub const fn counts_attempts(&self) -> bool {
        match self {
            Self::Provider(_) | Self::Model(_) => true,
            Self::All | Self::Client(_) | Self::Class(_) | Self::Project(_) => false,
        }
    }
}

/// Whose an attempt is, as far as caps ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What is asked.
    pub model: ModelId,
    /// Who asks, as our own entry says; `None` at a terminal, in the app, or without `--client`.
    pub client: Option<ClientId>,
    /// Under which class it is recorded.
    pub class: TaskClass,
    /// For what, as our own entry says.
    pub project: Option<ProjectName>,
}

impl Counted {
    /// The name under which a scope counts it: empty for all, and for calls without a client or project.
    pub fn name_in(&self, scope: &Scope) -> String {
        match scope {
            Scope::All => String::new(),
            Scope::Provider(_) => self.model.provider.to_string(),
            Scope::Model(_) => self.model.to_string(),
            Scope::Client(_) => self.client.as_ref().map(ToString::to_string).unwrap_or_default(),
            Scope::Class(_) => self.class.to_string(),
            Scope::Project(_) => self.project.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Over which span a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// One model call with its retries.
    Call,
    /// One tool call with all its steps.
    Flow,
    /// An hour of the clock in the ledger's zone.
    Hour,
    /// A calendar day in the ledger's zone.
    Day,
    /// Monday to Sunday in the ledger's zone.
    Week,
    /// A calendar month in the ledger's zone.
    Month,
    /// For ever.
    Total,
}

impl Window {
    /// The word in routing.yaml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Flow => "flow",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Total => "total",
        }
    }
}

/// What happens when a call does not fit. In the order of strictness: of several that are hit, the last
/// one here decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnHit {
    /// It is sent all the same, with a warning: such a cap is outside I2.
    Warn,
    /// Only a model of this machine may answer.
    LocalOnly,
    /// The person is asked.
    Ask,
    /// It is denied.
    #[default]
    Block,
}

impl OnHit {
    /// The word in routing.yaml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::LocalOnly => "local_only",
            Self::Ask => "ask",
            Self::Block => "block",
        }
    }
}

/// Where a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Here,
    /// Anywhere else.
    Away,
}

/// Shares of a limit, in percent, at which the person is told, where the file does not say.
pub const ALERTS: [u8; 3] = [50, 80, 100];

/// A limit the person set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// What it counts.
    pub scope: Scope,
    /// Over which span.
    pub window: Window,
    /// Charged plus held never passes this, unless it only warns.
    pub limit: MicroUsd,
    /// What happens at it.
    pub on_hit: OnHit,
    /// In percent of the limit, rising: 1 to 100.
    pub alerts: Vec<u8>,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

impl Cap {
    /// A cap that blocks and tells at the usual shares.
    pub fn new(scope: Scope, window: Window, limit: MicroUsd) -> Self {
        Self { scope, window, limit, on_hit: OnHit::Block, alerts: ALERTS.to_vec(), line: 0 }
    }

    /// The name of the account an attempt counts on; `None` where the cap does not count it. A cap with a
    /// name never counts a call that has none. A cap on each does, on one account with an empty name: else
    /// leaving `--client` away would be a way around it.
    pub fn account_of(&self, counted: &Counted) -> Option<String> {
        let name = counted.name_in(&self.scope);
        match self.scope.name() {
            Some(only) => (only == name).then_some(name),
            None => Some(name),
        }
    }

    /// Whether it stops an attempt that does not fit. A warning stops nothing, and local_only nothing
    /// that runs here.
    pub fn stops(&self, place: Place) -> bool {
        match (self.on_hit, place) {
            (OnHit::Warn, _) | (OnHit::LocalOnly, Place::Here) => false,
            (OnHit::Block | OnHit::Ask, _) | (OnHit::LocalOnly, Place::Away) => true,
        }
    }

    /// What an alert or a raise is tied to: another limit, or another thing that happens at it, is another
    /// cap. Its place in the file is not part of it.
    pub fn identity(&self) -> String {
        let name = self.scope.name().unwrap_or_default();
        format!(
            "{}:{name}:{}:{}:{}",
            self.scope.as_str(),
            self.window.as_str(),
            self.limit.micros(),
            self.on_hit.as_str()
        )
    }

    /// The cap in a person's words, with the account that is meant: "the day cap of $2.00", "the month cap
    /// of $5.00 for openai".
    pub fn title(&self, account: &str) -> String {
        format!("the {} cap of {}{}", self.window.as_str(), amount(self.limit), self.whom(account))
    }

    /// Whom an account of it counts: "", " for openai", " for calls without a client".
    pub fn whom(&self, account: &str) -> String {
        match (&self.scope, account) {
            (Scope::All, _) => String::new(),
            (Scope::Client(_), "") => " for calls without a client".to_owned(),
            (Scope::Project(_), "") => " for calls without a project".to_owned(),
            (Scope::Provider(_) | Scope::Model(_), name) => format!(" for {name}"),
            (Scope::Client(_), name) => format!(" for the client {name}"),
            (Scope::Class(_), name) => format!(" for the task class {name}"),
            (Scope::Project(_), name) => format!(" for the project {name}"),
        }
    }

    /// The alerts that a charge has reached, in percent. Nothing charged reaches none.
    pub fn alerts_reached(&self, charged: MicroUsd) -> impl Iterator<Item = u8> {
        let part = i128::from(charged.micros()) * 100;
        let whole = i128::from(self.limit.micros());
        self.alerts.iter().copied().filter(move |percent| part > 0 && part >= whole * i128::from(*percent))
    }
}

/// Two digits, more only where they matter: two limits never look alike by cutting.
fn amount(limit: MicroUsd) -> String {
    if limit.micros() % 10_000 == 0 { limit.total() } else { format!("${}", limit.decimal()) }
}

/// Where an account of a cap stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Settled.
    pub charged: MicroUsd,
    /// Reserved by calls that are under way.
    pub held: MicroUsd,
}

impl Balance {
    /// What a new hold may take.
    pub fn left(&self, limit: MicroUsd) -> MicroUsd {
        limit.minus(self.charged).minus(self.held).or_zero()
    }

    /// I2: whether a hold fits.
    pub fn admits(&self, limit: MicroUsd, hold: MicroUsd) -> bool {
        self.charged.plus(self.held).plus(hold) <= limit
    }
}

/// Once more money than a cap has, for one account in one window: an answer of the person. The signature
/// is checked where it is read; a raise that got here counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raise {
    /// [`Cap::identity`].
    pub cap: String,
    /// The account.
    pub account: String,
    /// [`Span::key`].
    pub window_key: String,
    /// By how much.
    pub amount: MicroUsd,
}

/// The limit of a cap for one account in one window, with all raises of exactly that.
pub fn raised(cap: &Cap, account: &str, window_key: &str, raises: &[Raise]) -> MicroUsd {
    if raises.is_empty() {
        return cap.limit;
    }
    let identity = cap.identity();
    raises
        .iter()
        .filter(|raise| raise.cap == identity && raise.account == account && raise.window_key == window_key)
        .fold(cap.limit, |limit, raise| limit.plus(raise.amount.or_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(micros: i64) -> MicroUsd {
        MicroUsd::from_micros(micros)
    }

    fn counted(client: Option<&str>, project: Option<&str>) -> Counted {
        Counted {
            model: ModelId::parse("openai/gpt-5-mini").expect("a model"),
            client: client.map(|text| ClientId::parse(text).expect("a client")),
            class: TaskClass::parse("summarize").expect("a class"),
            project: project.map(|text| ProjectName::parse(text).expect("a project")),
        }
    }

    #[test]
    fn i2_a_hold_fits_only_whole() {
        let balance = Balance { charged: usd(40), held: usd(30) };
        assert!(balance.admits(usd(100), usd(30)));
        assert!(!balance.admits(usd(100), usd(31)));
        assert_eq!(balance.left(usd(100)), usd(30));
        assert!(!balance.admits(usd(100), MicroUsd::MAX), "an overflowing hold does not fit");
    }

    #[test]
    fn a_cap_counts_what_its_scope_says() {
        let here = counted(Some("claude-desktop"), None);
        let model = |text| ModelId::parse(text).ok();
        let rows = [
            (Scope::All, Some(""), "the day cap of $2.00"),
            (Scope::Provider(None), Some("openai"), "the day cap of $2.00 for openai"),
            (Scope::Provider(ProviderId::parse("openai").ok()), Some("openai"), "the day cap of $2.00 for openai"),
            (Scope::Provider(ProviderId::parse("groq").ok()), None, ""),
            (Scope::Model(None), Some("openai/gpt-5-mini"), "the day cap of $2.00 for openai/gpt-5-mini"),
            (
                Scope::Model(model("openai/gpt-5-mini")),
                Some("openai/gpt-5-mini"),
                "the day cap of $2.00 for openai/gpt-5-mini",
            ),
            (Scope::Model(model("openai/gpt-5")), None, ""),
            (Scope::Client(None), Some("claude-desktop"), "the day cap of $2.00 for the client claude-desktop"),
            (Scope::Client(ClientId::parse("cursor").ok()), None, ""),
            (Scope::Class(None), Some("summarize"), "the day cap of $2.00 for the task class summarize"),
            (Scope::Class(TaskClass::parse("review").ok()), None, ""),
            (Scope::Project(ProjectName::parse("site").ok()), None, ""),
            (Scope::Project(None), Some(""), "the day cap of $2.00 for calls without a project"),
        ];
        for (scope, account, title) in rows {
            let cap = Cap::new(scope, Window::Day, usd(2_000_000));
            let got = cap.account_of(&here);
            assert_eq!(got.as_deref(), account, "{:?}", cap.scope);
            if let Some(got) = got {
                assert_eq!(cap.title(&got), title);
            }
        }
        let nobody = Cap::new(Scope::Client(None), Window::Total, usd(10_000));
        let account = nobody.account_of(&counted(None, None)).expect("counted on one account");
        assert_eq!(nobody.title(&account), "the total cap of $0.01 for calls without a client");
    }

    #[test]
    fn a_warning_stops_nothing_and_local_only_nothing_that_runs_here() {
        for (on_hit, away, here) in [
            (OnHit::Warn, false, false),
            (OnHit::LocalOnly, true, false),
            (OnHit::Ask, true, true),
            (OnHit::Block, true, true),
        ] {
            let cap = Cap { on_hit, ..Cap::new(Scope::All, Window::Day, usd(1)) };
            assert_eq!((cap.stops(Place::Away), cap.stops(Place::Here)), (away, here), "{on_hit:?}");
        }
        let mut several = [OnHit::LocalOnly, OnHit::Block, OnHit::Warn, OnHit::Ask];
        several.sort();
        assert_eq!(
            several,
            [OnHit::Warn, OnHit::LocalOnly, OnHit::Ask, OnHit::Block],
            "block > ask > local_only > warn"
        );
    }

    #[test]
    fn an_alert_is_reached_at_its_share_and_not_before() {
        let cap = Cap::new(Scope::All, Window::Day, usd(1_001));
        let reached = |micros| cap.alerts_reached(usd(micros)).collect::<Vec<_>>();
        assert_eq!(reached(500), [0; 0]);
        assert_eq!(reached(501), [50]);
        assert_eq!(reached(800), [50], "80 % of 1,001 is 800.8");
        assert_eq!(reached(801), [50, 80]);
        assert_eq!(reached(5_000), [50, 80, 100]);
        let zero = Cap::new(Scope::All, Window::Day, usd(0));
        assert_eq!(zero.alerts_reached(usd(0)).count(), 0, "nothing was spent");
        assert_eq!(zero.alerts_reached(usd(1)).count(), 3);
    }

    #[test]
    fn a_raise_is_for_one_cap_one_account_and_one_window() {
        let cap = Cap::new(Scope::Provider(None), Window::Day, usd(100));
        let raise = Raise {
            cap: cap.identity(),
            account: "openai".to_owned(),
            window_key: "2026-11-21".to_owned(),
            amount: usd(50),
        };
        let one = [raise.clone()];
        assert_eq!(raised(&cap, "openai", "2026-11-21", &one), usd(150));
        assert_eq!(raised(&cap, "openai", "2026-11-21", &[raise.clone(), raise.clone()]), usd(200));
        assert_eq!(raised(&cap, "groq", "2026-11-21", &one), usd(100), "another account");
        assert_eq!(raised(&cap, "openai", "2026-11-22", &one), usd(100), "another window");
        let others = [
            Cap { limit: usd(99), ..cap.clone() },
            Cap { on_hit: OnHit::Warn, ..cap.clone() },
            Cap { window: Window::Month, ..cap.clone() },
            Cap { scope: Scope::All, ..cap.clone() },
        ];
        for other in others {
            assert_eq!(raised(&other, "openai", "2026-11-21", &one), other.limit, "{other:?}");
        }
        let moved = Cap { line: 9, alerts: Vec::new(), ..cap };
        assert_eq!(raised(&moved, "openai", "2026-11-21", &one), usd(150), "its place in the file is not part of it");
        let less = [Raise { amount: usd(-50), ..raise }];
        assert_eq!(raised(&moved, "openai", "2026-11-21", &less), usd(100), "a raise lowers nothing");
    }
}
