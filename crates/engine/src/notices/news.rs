//! What is news to the person: a pure function of what was told before and what is seen now. Decides what
//! is told, in which words and where it leads; reads and shows nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Notice;
use crate::ledger::alert;
use crate::view::near::QUIET;
use crate::view::{KeyState, PageName, Place};

/// At most so many caps are told one by one; more are one notice.
const ONE_BY_ONE: usize = 3;

/// What was told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The newest alert.
    pub(super) alert: i64,
    /// Providers whose key failed and has not worked since.
    pub(super) keys: BTreeSet<String>,
    /// Clients that are in trouble. A program may be writing its file just now, so one look is not enough.
    pub(super) clients: BTreeMap<String, Look>,
}

/// How often a client's trouble was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Look {
    /// Once, and not told.
    Once,
    /// Told, or there before anything was.
    Told,
}

/// What there is now.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) newest_alert: i64,
    pub(super) alerts: Vec<AlertSeen>,
    pub(super) keys: Vec<KeySeen>,
    pub(super) clients: Vec<ClientSeen>,
}

/// An alert with where its cap stands.
#[derive(Clone, Debug)]
pub(super) struct AlertSeen {
    pub(super) row: alert::Row,
    /// While its window is open: how much is used and what that does to calls.
    pub(super) now: Option<String>,
    /// When it was reached, for one whose window has ended: "18:02 on 24 November".
    pub(super) at: String,
}

#[derive(Clone, Debug)]
pub(super) struct KeySeen {
    pub(super) provider: String,
    pub(super) title: String,
    pub(super) state: KeyState,
    pub(super) message: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct ClientSeen {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) detail: String,
}

/// What is to be told of what is seen, after what was told before; and what was told then. Without a
/// before, nothing: it is the first look of all.
pub(super) fn news(before: Option<&Told>, seen: &Seen) -> (Vec<Notice>, Told) {
    let failing = |key: &KeySeen| match key.state {
        KeyState::Refused | KeyState::NoCredit => true,
        KeyState::Valid
        | KeyState::RateLimited
        | KeyState::Unreachable
        | KeyState::NotChecked
        | KeyState::Missing
        | KeyState::Locked
        | KeyState::OtherOrigin => false,
    };
    let Some(before) = before else {
        let keys = seen.keys.iter().filter(|key| failing(key)).map(|key| key.provider.clone()).collect();
        let clients = seen.clients.iter().map(|client| (client.id.clone(), Look::Told)).collect();
        return (Vec::new(), Told { alert: seen.newest_alert, keys, clients });
    };
    let mut notices = of_caps(&seen.alerts);
    let mut told =
        Told { alert: seen.alerts.iter().map(|alert| alert.row.seq).fold(before.alert, i64::max), ..Told::default() };
    for key in &seen.keys {
        let known = before.keys.contains(&key.provider);
        if failing(key) && !known {
            notices.push(of_key(key));
        }
        // One that could not be asked since has not worked since.
        let works = matches!(key.state, KeyState::Valid | KeyState::RateLimited);
        if failing(key) || (known && !works) {
            told.keys.insert(key.provider.clone());
        }
    }
    for client in &seen.clients {
        let look = before.clients.get(&client.id).map_or(Look::Once, |_| Look::Told);
        if before.clients.get(&client.id) == Some(&Look::Once) {
            let place = Place::at(PageName::Clients, &client.id);
            notices.push(Notice { title: client.title.clone(), text: client.detail.clone(), place });
        }
        told.clients.insert(client.id.clone(), look);
    }
    (notices, told)
}

/// One notice for each account of a cap, of its highest alert; quiet ones are not told.
fn of_caps(alerts: &[AlertSeen]) -> Vec<Notice> {
    let mut highest: Vec<&AlertSeen> = Vec::new();
    for alert in alerts.iter().filter(|alert| alert.row.percent > QUIET) {
        let same = |other: &&mut &AlertSeen| {
            (&other.row.cap, &other.row.account, &other.row.window_key)
                == (&alert.row.cap, &alert.row.account, &alert.row.window_key)
        };
        match highest.iter_mut().find(same) {
            Some(known) if known.row.percent < alert.row.percent => *known = alert,
            Some(_) => {}
            None => highest.push(alert),
        }
    }
    highest.sort_by_key(|alert| (std::cmp::Reverse(alert.row.percent), alert.row.seq));
    let more = highest.split_off(highest.len().min(ONE_BY_ONE)).len();
    let mut notices: Vec<_> = highest.into_iter().map(of_cap).collect();
    if more > 0 {
        let caps = if more == 1 { "1 more cap".to_owned() } else { format!("{more} more caps") };
        notices.push(Notice {
            title: format!("{caps} came to an alert"),
            text: "Spend shows how much of each is used.".to_owned(),
            place: Place::page(PageName::Spend),
        });
    }
    notices
}

fn of_cap(alert: &AlertSeen) -> Notice {
    let alert::Row { title, percent, cap, account, .. } = &alert.row;
    let verb = if alert.now.is_some() { "is" } else { "was" };
    Notice {
        title: match percent {
            100.. => format!("{} {verb} reached", upper_first(title)),
            _ => format!("{percent} % of {title} {verb} used"),
        },
        text: alert.now.clone().unwrap_or_else(|| format!("That was at {}. It does not count any more.", alert.at)),
        place: Place::cap(cap, account),
    }
}

fn of_key(key: &KeySeen) -> Notice {
    let title = match key.state {
        KeyState::NoCredit => format!("The account at {} has no credit", key.title),
        KeyState::Refused
        | KeyState::Valid
        | KeyState::RateLimited
        | KeyState::Unreachable
        | KeyState::NotChecked
        | KeyState::Missing
        | KeyState::Locked
        | KeyState::OtherOrigin => format!("{} refuses the key", key.title),
    };
    let text = key.message.clone().unwrap_or_else(|| "Calls go to their fallback, or fail.".to_owned());
    Notice { title, text, place: Place::at(PageName::Keys, &key.provider) }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(seq: i64, cap: &str, percent: u8) -> AlertSeen {
        let row = alert::Row {
            seq,
            cap: cap.to_owned(),
            account: String::new(),
            window_key: "2026-11-21".to_owned(),
            title: format!("the day cap of {cap}"),
            percent,
            at_ms: 0,
        };
        AlertSeen { row, now: Some("$1.62 of $2.00 used. It resets at 00:00.".to_owned()), at: String::new() }
    }

    fn key(state: KeyState) -> KeySeen {
        let message = Some("xAI refused the key (401). Replace it.".to_owned());
        KeySeen { provider: "xai".to_owned(), title: "xAI".to_owned(), state, message }
    }

    fn client() -> ClientSeen {
        let (title, detail) = ("Our entry in Claude Desktop is gone".to_owned(), "File: ~/x".to_owned());
        ClientSeen { id: "claude-desktop".to_owned(), title, detail }
    }

    /// The titles told at each of these looks, one after the other.
    fn titles(looks: &[Seen]) -> Vec<Vec<String>> {
        let mut told: Option<Told> = None;
        let one = |seen: &Seen| {
            let (notices, now) = news(told.as_ref(), seen);
            // As a restart reads it.
            let kept = serde_json::to_string(&now).unwrap();
            told = Some(serde_json::from_str(&kept).unwrap());
            notices.into_iter().map(|notice| notice.title).collect()
        };
        looks.iter().map(one).collect()
    }

    #[test]
    fn what_was_there_before_the_first_look_is_not_told() {
        let before =
            Seen { newest_alert: 7, keys: vec![key(KeyState::Refused)], clients: vec![client()], ..Seen::default() };
        let later = Seen { alerts: vec![alert(8, "$2.00", 80)], ..before.clone() };
        assert_eq!(
            titles(&[before.clone(), before, later]),
            [vec![], vec![], vec!["80 % of the day cap of $2.00 is used"]]
        );
        assert_eq!(news(None, &Seen { newest_alert: 7, ..Seen::default() }).1.alert, 7);
    }

    #[test]
    fn a_cap_is_told_by_its_highest_alert_and_half_is_quiet() {
        let told = Told { alert: 4, ..Told::default() };
        let of = |alerts: Vec<AlertSeen>| news(Some(&told), &Seen { alerts, ..Seen::default() });
        let (notices, now) = of(vec![alert(5, "$2.00", 50), alert(6, "$9.00", 50)]);
        assert_eq!((notices, now.alert), (vec![], 6), "quiet, and not looked at again");
        let (notices, now) = of(vec![alert(5, "$2.00", 50), alert(6, "$2.00", 80), alert(7, "$2.00", 100)]);
        let wanted = Notice {
            title: "The day cap of $2.00 is reached".to_owned(),
            text: "$1.62 of $2.00 used. It resets at 00:00.".to_owned(),
            place: Place::at(PageName::Spend, "cap-$2.00-"),
        };
        assert_eq!((notices, now.alert), (vec![wanted], 7));
    }

    #[test]
    fn an_alert_of_a_window_that_has_ended_is_told_as_past() {
        let gone = AlertSeen { now: None, at: "18:02 on 24 November".to_owned(), ..alert(5, "$2.00", 80) };
        let notice = of_cap(&gone);
        assert_eq!(notice.title, "80 % of the day cap of $2.00 was used");
        assert_eq!(notice.text, "That was at 18:02 on 24 November. It does not count any more.");
    }

    #[test]
    fn many_caps_at_once_are_few_notices() {
        let caps = ["$1.00", "$2.00", "$3.00", "$4.00", "$5.00"];
        let alerts: Vec<_> = caps.iter().zip(1..).map(|(cap, seq)| alert(seq, cap, 80)).collect();
        let titles: Vec<_> = of_caps(&alerts).into_iter().map(|notice| notice.title).collect();
        assert_eq!(titles.len(), 4);
        assert_eq!(titles[3], "2 more caps came to an alert");
        assert_eq!(of_caps(&alerts[..4])[3].title, "1 more cap came to an alert");
    }

    #[test]
    fn a_failing_key_is_told_once_until_it_works_again() {
        let at = |state| Seen { keys: vec![key(state)], ..Seen::default() };
        let told = titles(&[
            at(KeyState::Valid),
            at(KeyState::Refused),
            at(KeyState::NoCredit),
            at(KeyState::Unreachable),
            at(KeyState::Refused),
            at(KeyState::Valid),
            at(KeyState::NoCredit),
            Seen::default(),
            at(KeyState::Refused),
        ]);
        let (refused, credit) = ("xAI refuses the key".to_owned(), "The account at xAI has no credit".to_owned());
        let none = Vec::new();
        let wanted = [&none, &vec![refused.clone()], &none, &none, &none, &none, &vec![credit], &none, &vec![refused]];
        assert_eq!(told.iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn an_entry_that_is_gone_is_told_at_the_second_look_and_once() {
        let (whole, gone) = (Seen::default(), Seen { clients: vec![client()], ..Seen::default() });
        let told = titles(&[whole.clone(), gone.clone(), whole, gone.clone(), gone.clone(), gone]);
        let counts: Vec<_> = told.iter().map(Vec::len).collect();
        assert_eq!(counts, [0, 0, 0, 0, 1, 0], "a file that is just being written is nothing to tell");
    }
}
