//! A cap that is nearly or wholly used, as a row of Problems: which cap, how much of it, and what happens
//! to calls now. Words only; the amounts are those that are enforced.

use jiff::tz::TimeZone;
use pointsman_core::budget::{Cap, OnHit, Span, Window};
use pointsman_core::money::MicroUsd;

use super::overview::{Action, ActionKind, Lamp, ProblemRow};

/// From this share of a cap on, in percent, the person should know, where its alerts do not say another.
const NEAR: u8 = 80;

/// An alert at this share or below, in percent, is a quiet one: no reason to call it a problem.
pub(crate) const QUIET: u8 = 50;

/// One account of a cap and what is used of it.
pub(crate) struct Near<'a> {
    pub(crate) cap: &'a Cap,
    pub(crate) account: &'a str,
    /// With what it was raised by once.
    pub(crate) limit: MicroUsd,
    pub(crate) span: &'a Span,
    pub(crate) charged: MicroUsd,
}

impl Near<'_> {
    /// The row, once the share is reached at which the person wants to know. `zone` is the ledger's.
    pub(super) fn row(&self, zone: &TimeZone) -> Option<ProblemRow> {
        let share = self.charged.basis_points_of(self.limit);
        if share < 100 * u16::from(told_from(self.cap)) {
            return None;
        }
        let (whom, window) = (self.cap.whom(self.account), self.cap.window.as_str());
        let full = share == 10_000;
        let title = if full {
            format!("The {window} cap{whom} is reached")
        } else {
            format!("The {window} cap{whom} is {} % used", share / 100)
        };
        // Where calls go on, if only some of them, nothing has stopped.
        let lamp = match (full, self.cap.on_hit) {
            (true, OnHit::Block | OnHit::Ask) => Lamp::Stop,
            (true, OnHit::LocalOnly | OnHit::Warn) | (false, _) => Lamp::Caution,
        };
        let then = if full { self.then(zone) } else { self.resets(zone) };
        let target = format!("{}-{}", self.cap.identity(), self.account);
        Some(ProblemRow {
            id: anchor(&self.cap.identity(), self.account),
            lamp,
            title,
            detail: format!("{}. {then}", self.used()),
            action: Some(Action {
                kind: ActionKind::OpenSpend,
                label: "Open the cap".to_owned(),
                target: Some(target),
            }),
        })
    }

    /// How much of it is used, and what that does to calls.
    pub(crate) fn detail(&self, zone: &TimeZone) -> String {
        let full = self.charged.basis_points_of(self.limit) == 10_000;
        let then = if full { self.then(zone) } else { self.resets(zone) };
        format!("{}. {then}", self.used())
    }

    /// "$1.62 of $3.00 used, with $1.00 that was added once"
    fn used(&self) -> String {
        let more = self.limit.minus(self.cap.limit);
        let added =
            if more > MicroUsd::ZERO { format!(", with {} that was added once", more.total()) } else { String::new() };
        format!("{} of {} used{added}", self.charged, self.limit.exact())
    }

    /// What happens to calls at a cap that is reached.
    fn then(&self, zone: &TimeZone) -> String {
        let until = self.end(zone).map(|end| format!(" until {end}")).unwrap_or_default();
        match (self.cap.on_hit, self.end(zone)) {
            (OnHit::Warn, _) => format!("Calls go on, each with a warning. {}", self.resets(zone)),
            (OnHit::LocalOnly, _) => format!("Only models of this machine answer{until}."),
            (OnHit::Ask, _) => {
                format!("It says ask, which this version cannot do yet, so such calls are refused{until}.")
            }
            (OnHit::Block, Some(end)) => format!("Such calls are refused until {end}."),
            (OnHit::Block, None) => "Such calls are refused until you raise it.".to_owned(),
        }
    }

    fn resets(&self, zone: &TimeZone) -> String {
        match (self.end(zone), self.cap.window) {
            (Some(end), Window::Hour | Window::Day) => format!("It resets at {end}."),
            (Some(end), Window::Week | Window::Month | Window::Call | Window::Flow | Window::Total) => {
                format!("It resets on {end}.")
            }
            (None, _) => "It never resets.".to_owned(),
        }
    }

    /// When the window ends: `14:00`, `1 December`. `None` for one that never does.
    fn end(&self, zone: &TimeZone) -> Option<String> {
        let at = self.span.end.to_zoned(zone.clone());
        match self.cap.window {
            Window::Hour | Window::Day => Some(at.strftime("%H:%M").to_string()),
            Window::Week | Window::Month | Window::Call | Window::Flow => Some(at.strftime("%-d %B").to_string()),
            Window::Total => None,
        }
    }
}

/// What names one account of a cap in a window: the row of Problems, and the card on Spend.
pub(crate) fn anchor(cap: &str, account: &str) -> String {
    format!("cap-{cap}-{account}")
}

/// The lowest alert that is not a quiet one, in percent.
fn told_from(cap: &Cap) -> u8 {
    cap.alerts.iter().copied().filter(|percent| *percent > QUIET).min().unwrap_or(NEAR)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use pointsman_core::budget::{Scope, span};
    use pointsman_core::id::{ClientId, ModelId, ProviderId};

    use super::*;

    /// Lamp, title and detail for so many cents of a cap of $2.00, on a Saturday in November at noon.
    fn told(cap: &Cap, account: &str, cents: i64, more: i64) -> Option<(Lamp, String, String)> {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let forever = Span { start: noon, end: Timestamp::MAX, key: "total".to_owned() };
        let span = span(cap.window, noon, &TimeZone::UTC).unwrap_or(forever);
        let near = Near {
            cap,
            account,
            limit: cap.limit.plus(MicroUsd::from_micros(more * 10_000)),
            span: &span,
            charged: MicroUsd::from_micros(cents * 10_000),
        };
        near.row(&TimeZone::UTC).map(|row| (row.lamp, row.title, row.detail))
    }

    fn cap(scope: Scope, window: Window) -> Cap {
        Cap::new(scope, window, MicroUsd::from_micros(2_000_000))
    }

    #[track_caller]
    fn says(cap: &Cap, account: &str, cents: i64, lamp: Lamp, title: &str, detail: &str) {
        assert_eq!(told(cap, account, cents, 0), Some((lamp, title.to_owned(), detail.to_owned())));
    }

    #[test]
    fn a_cap_of_any_scope_and_window_is_told_in_words() {
        let client = Scope::Client(ClientId::parse("cursor").ok());
        let model = Scope::Model(ModelId::parse("openai/gpt-5-mini").ok());
        let (near, reached) = (Lamp::Caution, Lamp::Stop);
        says(
            &cap(Scope::All, Window::Day),
            "",
            170,
            near,
            "The day cap is 85 % used",
            "$1.70 of $2.00 used. It resets at 00:00.",
        );
        says(
            &cap(Scope::Provider(ProviderId::parse("groq").ok()), Window::Week),
            "groq",
            160,
            near,
            "The week cap for groq is 80 % used",
            "$1.60 of $2.00 used. It resets on 23 November.",
        );
        says(
            &cap(client, Window::Hour),
            "cursor",
            200,
            reached,
            "The hour cap for the client cursor is reached",
            "$2.00 of $2.00 used. Such calls are refused until 13:00.",
        );
        says(
            &cap(Scope::Project(None), Window::Month),
            "",
            230,
            reached,
            "The month cap for calls without a project is reached",
            "$2.30 of $2.00 used. Such calls are refused until 1 December.",
        );
        says(
            &cap(model, Window::Total),
            "openai/gpt-5-mini",
            200,
            reached,
            "The total cap for openai/gpt-5-mini is reached",
            "$2.00 of $2.00 used. Such calls are refused until you raise it.",
        );
        assert_eq!(told(&cap(Scope::All, Window::Day), "", 159, 0), None, "79 % is no problem");
    }

    #[test]
    fn what_happens_at_a_cap_is_said_once_it_is_reached() {
        let (all, near) = (cap(Scope::All, Window::Day), Lamp::Caution);
        let on = |on_hit| Cap { on_hit, ..all.clone() };
        let title = "The day cap is reached";
        says(
            &on(OnHit::Warn),
            "",
            200,
            near,
            title,
            "$2.00 of $2.00 used. Calls go on, each with a warning. It resets at 00:00.",
        );
        says(
            &on(OnHit::LocalOnly),
            "",
            200,
            near,
            title,
            "$2.00 of $2.00 used. Only models of this machine answer until 00:00.",
        );
        says(
            &on(OnHit::Ask),
            "",
            200,
            Lamp::Stop,
            title,
            "$2.00 of $2.00 used. It says ask, which this version cannot do yet, so such calls are refused until 00:00.",
        );
        let forever = Cap { on_hit: OnHit::LocalOnly, ..cap(Scope::All, Window::Total) };
        says(
            &forever,
            "",
            200,
            near,
            "The total cap is reached",
            "$2.00 of $2.00 used. Only models of this machine answer.",
        );
    }

    #[test]
    fn a_raised_cap_is_measured_by_what_it_has_now() {
        let all = cap(Scope::All, Window::Day);
        assert_eq!(told(&all, "", 200, 100), None, "two thirds of $3.00");
        let (lamp, title, detail) = told(&all, "", 270, 100).unwrap();
        assert_eq!((lamp, title.as_str()), (Lamp::Caution, "The day cap is 90 % used"));
        assert_eq!(detail, "$2.70 of $3.00 used, with $1.00 that was added once. It resets at 00:00.");
    }

    #[test]
    fn the_alerts_of_the_file_say_from_where_a_cap_is_told_and_a_quiet_one_does_not() {
        let from = |alerts: &[u8]| told_from(&Cap { alerts: alerts.to_vec(), ..cap(Scope::All, Window::Day) });
        assert_eq!([from(&[50, 80, 100]), from(&[60, 90]), from(&[95]), from(&[50]), from(&[])], [80, 60, 95, 80, 80]);
    }
}
