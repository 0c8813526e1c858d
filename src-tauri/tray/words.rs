//! What the tray says: every row of its menu and its tooltip, made from what the gateway knows. Words only;
//! amounts come with their text, and nothing is decided here.

use pointsman_engine::view::{ClientLine, ClientState, MoneyBar, PauseView, RaiseOffer, Running, Status, TrayView};

/// Before the name of a profile in the id of its row; the row of no profile has nothing behind it.
pub(super) const PROFILE: &str = "profile:";

/// Before the name of a client in the id of its row.
pub(super) const CLIENT: &str = "client:";

/// What the tray says; compared with what it said before, to change only what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) mark: Running,
    pub(super) tooltip: String,
    pub(super) money: String,
    pub(super) problems: Option<String>,
    /// Empty where the file has no profiles.
    pub(super) profiles: Vec<Line>,
    /// The id of the profile's row that is checked.
    pub(super) chosen: String,
    pub(super) clients: Vec<Line>,
    pub(super) sums: String,
    /// Today's dearest models, at most three.
    pub(super) models: Vec<String>,
    pub(super) paused: bool,
    pub(super) raise: Option<String>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) label: String,
}

impl Words {
    /// Nothing is known, and no call can be answered: the same fault stops both.
    pub(super) fn unknown(sentence: &str) -> Self {
        Self {
            mark: Running::Stopped,
            tooltip: format!("Pointsman - not routing. {sentence}"),
            money: "Not routing".to_owned(),
            problems: Some("1 problem".to_owned()),
            profiles: Vec::new(),
            chosen: String::new(),
            clients: Vec::new(),
            sums: "Today – · This month –".to_owned(),
            models: Vec::new(),
            paused: false,
            raise: None,
        }
    }

    pub(super) fn of(view: &TrayView) -> Self {
        let status = &view.status;
        let state = match status.running {
            Running::Running | Running::Attention => "Running".to_owned(),
            Running::Paused => status.paused.as_ref().map_or_else(|| "Paused".to_owned(), paused),
            Running::Stopped => "Not routing".to_owned(),
        };
        let state = if status.practice { format!("Practice: {}", lower_first(&state)) } else { state };
        let today = &status.today.text;
        let (money, tip) = match &status.day_limit {
            Some(limit) => {
                let of = format!("{today} of {} today", limit.text);
                (format!("{of} ({} %)", status.day_used_bp / 100), of)
            }
            None => (format!("{today} today"), format!("{today} today")),
        };
        Self {
            mark: status.running,
            tooltip: format!("Pointsman - {}, {tip}", lower_first(&state)),
            money: format!("{state} · {money}"),
            problems: match status.problems {
                0 => None,
                1 => Some("1 problem".to_owned()),
                more => Some(format!("{more} problems")),
            },
            profiles: profiles(status),
            chosen: format!("{PROFILE}{}", status.profile.as_deref().unwrap_or_default()),
            clients: view.clients.iter().map(client).collect(),
            sums: format!("Today {today} · This month {}", month(&view.month)),
            models: view.top.iter().map(|of| format!("{} · {}", of.model, of.amount.text)).collect(),
            paused: status.paused.is_some(),
            raise: view.raise.as_ref().map(raise),
        }
    }
}

fn profiles(status: &Status) -> Vec<Line> {
    if status.profiles.is_empty() {
        return Vec::new();
    }
    let line = |name: &str, label: &str| Line { id: format!("{PROFILE}{name}"), label: label.to_owned() };
    let none = line("", "As written");
    [none].into_iter().chain(status.profiles.iter().map(|name| line(name, name))).collect()
}

fn client(client: &ClientLine) -> Line {
    let state = match client.state {
        ClientState::Connected => "connected",
        ClientState::Waiting => "waiting for hello",
        ClientState::NotConnected => "not connected",
        ClientState::Drifted => "needs repair",
        ClientState::Unreadable => "file cannot be read",
        ClientState::ReadOnly => "file cannot be written",
        ClientState::NotInstalled => "not installed",
    };
    Line { id: format!("{CLIENT}{}", client.id), label: format!("{} · {state}", client.title) }
}

/// `$23.10 of $50.00`.
fn month(bar: &MoneyBar) -> String {
    match &bar.limit {
        Some(limit) => format!("{} of {}", bar.used.text, limit.text),
        None => bar.used.text.clone(),
    }
}

fn raise(offer: &RaiseOffer) -> String {
    format!("Raise today's cap once by {}…", offer.amount.exact())
}

/// What is asked before today's cap is raised.
pub(super) fn question(offer: &RaiseOffer) -> String {
    let RaiseOffer { title, amount, used, limit, .. } = offer;
    format!(
        "Let {title} have {} more?\n\n{} of {} is used. The extra amount counts until the day ends. \
         routing.yaml stays as it is.",
        amount.exact(),
        used.text,
        limit.text
    )
}

/// `Paused until 18:00`, in the zone of this desktop; the day too where it is not today.
fn paused(view: &PauseView) -> String {
    let Some(until) = view.until_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) else {
        return "Paused".to_owned();
    };
    let until = until.to_zoned(jiff::tz::TimeZone::system());
    let shape = if until.date() == jiff::Zoned::now().date() { "%H:%M" } else { "%-d %b %H:%M" };
    format!("Paused until {}", until.strftime(shape))
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use pointsman_core::money::MicroUsd;
    use pointsman_engine::view::{ModelSpend, Money};

    use super::*;

    fn status() -> Status {
        Status {
            running: Running::Running,
            problems: 0,
            key_problems: 0,
            client_problems: 0,
            paused: None,
            practice: false,
            today: Money { micros: 1_420_000, text: "$1.42".to_owned() },
            day_limit: Some(Money { micros: 5_000_000, text: "$5.00".to_owned() }),
            day_used_bp: 2840,
            profiles: Vec::new(),
            profile: None,
            store_name: "GNOME Keyring".to_owned(),
            version: "0.1.0".to_owned(),
        }
    }

    fn money(text: &str) -> Money {
        Money { micros: 0, text: text.to_owned() }
    }

    fn view(status: Status) -> TrayView {
        let month = MoneyBar {
            used: money("$23.10"),
            held: money("$0.00"),
            left: None,
            limit: Some(money("$50.00")),
            raised: None,
            warns_at: None,
            used_bp: 0,
            held_bp: 0,
            resets_ms: 0,
        };
        TrayView { status, month, top: Vec::new(), raise: None, clients: Vec::new(), problems: Vec::new() }
    }

    #[test]
    fn the_first_row_is_the_money() {
        let words = Words::of(&view(status()));
        assert_eq!(words.money, "Running · $1.42 of $5.00 today (28 %)");
        assert_eq!(words.tooltip, "Pointsman - running, $1.42 of $5.00 today");
        assert_eq!(words.problems, None);
    }

    #[test]
    fn without_a_day_cap_there_is_no_share() {
        let words = Words::of(&view(Status { day_limit: None, ..status() }));
        assert_eq!(words.money, "Running · $1.42 today");
        assert_eq!(words.tooltip, "Pointsman - running, $1.42 today");
    }

    #[test]
    fn a_cap_is_never_shown_as_reached_before_it_is() {
        let today = Money::total(MicroUsd::ZERO);
        let words = Words::of(&view(Status { day_used_bp: 9_999, today, ..status() }));
        assert!(words.money.ends_with("(99 %)"), "{}", words.money);
    }

    #[test]
    fn problems_are_counted_and_a_pause_says_until_when() {
        let words = Words::of(&view(Status { problems: 1, running: Running::Attention, ..status() }));
        assert_eq!((words.problems.as_deref(), words.paused), (Some("1 problem"), false));
        let words = Words::of(&view(Status { problems: 2, ..status() }));
        assert_eq!(words.problems.as_deref(), Some("2 problems"));
        let paused = Status { running: Running::Paused, paused: Some(PauseView { until_ms: None }), ..status() };
        let words = Words::of(&view(paused.clone()));
        assert!(words.paused && words.money.starts_with("Paused · $1.42"), "{}", words.money);
        let until_ms = Some(jiff::Timestamp::now().as_millisecond() + 60_000);
        let words = Words::of(&view(Status { paused: Some(PauseView { until_ms }), ..paused }));
        assert!(words.money.starts_with("Paused until ") && words.tooltip.contains("- paused until "), "{words:?}");
    }

    #[test]
    fn what_is_not_known_is_not_shown_as_money() {
        let words = Words::unknown("The ledger cannot be read.");
        assert_eq!((words.mark, words.money.as_str()), (Running::Stopped, "Not routing"));
        assert!(words.tooltip.ends_with("The ledger cannot be read."), "{}", words.tooltip);
    }

    #[test]
    fn practice_is_named_and_a_stop_is_no_running() {
        let words = Words::of(&view(Status { practice: true, running: Running::Stopped, ..status() }));
        assert!(words.money.starts_with("Practice: not routing · "), "{}", words.money);
    }

    #[test]
    fn the_sums_and_models_of_the_day_are_rows() {
        let of = |model: &str, text: &str| ModelSpend { model: model.to_owned(), amount: money(text) };
        let top = vec![of("claude-sonnet-5-5", "$0.88"), of("gpt-6-mini", "$0.31")];
        let words = Words::of(&TrayView { top, ..view(status()) });
        assert_eq!(words.sums, "Today $1.42 · This month $23.10 of $50.00");
        assert_eq!(words.models, ["claude-sonnet-5-5 · $0.88", "gpt-6-mini · $0.31"]);
        let month = MoneyBar { limit: None, ..view(status()).month };
        assert_eq!(Words::of(&TrayView { month, ..view(status()) }).sums, "Today $1.42 · This month $23.10");
    }

    #[test]
    fn the_profiles_are_those_of_the_file_and_none() {
        assert_eq!(Words::of(&view(status())).profiles, [], "a file without profiles has no row for them");
        let profiles = vec!["cheap".to_owned(), "travel".to_owned()];
        let words = Words::of(&view(Status { profiles: profiles.clone(), ..status() }));
        let labels: Vec<_> = words.profiles.iter().map(|line| line.label.as_str()).collect();
        assert_eq!((labels, words.chosen.as_str()), (vec!["As written", "cheap", "travel"], "profile:"));
        assert_eq!(words.profiles[0].id, words.chosen, "as written is the one that is checked");
        let words = Words::of(&view(Status { profiles, profile: Some("travel".to_owned()), ..status() }));
        assert_eq!(words.profiles[2].id, words.chosen);
    }

    #[test]
    fn a_client_is_named_with_its_state_in_words() {
        let line =
            |state| ClientLine { id: "x".to_owned(), title: "Claude Desktop".to_owned(), state, last_call_ms: None };
        let clients = vec![line(ClientState::Connected), line(ClientState::Drifted)];
        let words = Words::of(&TrayView { clients, ..view(status()) });
        let labels: Vec<_> = words.clients.iter().map(|line| line.label.as_str()).collect();
        assert_eq!(labels, ["Claude Desktop · connected", "Claude Desktop · needs repair"]);
        assert_eq!(words.clients[0].id, "client:x");
    }

    #[test]
    fn a_raise_says_the_amount_and_the_question_says_what_it_does() {
        let offer = RaiseOffer {
            cap: "all::day:5000000:block".to_owned(),
            title: "the day cap of $5.00".to_owned(),
            amount: MicroUsd::from_micros(5_000_000),
            used: money("$4.12"),
            limit: money("$5.00"),
        };
        assert_eq!(
            question(&offer),
            "Let the day cap of $5.00 have $5.00 more?\n\n$4.12 of $5.00 is used. The extra amount counts until the \
             day ends. routing.yaml stays as it is."
        );
        let words = Words::of(&TrayView { raise: Some(offer), ..view(status()) });
        assert_eq!(words.raise.as_deref(), Some("Raise today's cap once by $5.00…"));
        assert_eq!(Words::of(&view(status())).raise, None, "nothing is offered while there is room");
    }
}
