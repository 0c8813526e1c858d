//! The tray: an icon in four states told apart by shape, and a menu whose first row is the money.
//! The menu is made once; its labels change in place, and only the rows that come and go are put in
//! and taken out. On Linux the item speaks D-Bus itself; where no desktop listens, `build` says so.

use std::sync::Mutex;

use pointsman_core::code::Denial;
use pointsman_engine::PauseSpan;
use pointsman_engine::view::{PauseView, Running, Status};
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use crate::desk::Desk;
use crate::{marks, quit, windows};

/// Where the row of problems stands while there are any.
const PROBLEMS_AT: usize = 1;

/// What the tray says; made from the status, compared to change only what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words {
    mark: Running,
    tooltip: String,
    money: String,
    problems: Option<String>,
    paused: bool,
}

/// The icon with its menu.
pub(crate) struct Tray {
    icon: TrayIcon,
    menu: Menu<Wry>,
    money: MenuItem<Wry>,
    problems: MenuItem<Wry>,
    pause: Submenu<Wry>,
    resume: MenuItem<Wry>,
    shown: Mutex<Option<(Words, bool)>>,
}

/// Puts the icon into the tray. `None` where this desktop has none (now).
pub(crate) fn build(app: &AppHandle) -> Option<Tray> {
    match try_build(app) {
        Ok(tray) => {
            app.state::<Desk>().set_tray(true);
            Some(tray)
        }
        Err(error) => {
            tracing::debug!("no tray: {error}");
            None
        }
    }
}

/// Whether a desktop shows tray icons now. Elsewhere than on Linux each does.
#[cfg(target_os = "linux")]
pub(crate) fn is_watched() -> bool {
    use gtk::gio::{BusType, Cancellable, DBusCallFlags, bus_get_sync};
    use gtk::glib::prelude::ToVariant;
    const BUS: &str = "org.freedesktop.DBus";
    let Ok(bus) = bus_get_sync(BusType::Session, None::<&Cancellable>) else { return false };
    let name = ("org.kde.StatusNotifierWatcher",).to_variant();
    let (path, flags) = ("/org/freedesktop/DBus", DBusCallFlags::NONE);
    let owner =
        bus.call_sync(Some(BUS), path, BUS, "NameHasOwner", Some(&name), None, flags, 1000, None::<&Cancellable>);
    owner.ok().and_then(|answer| answer.child_value(0).get::<bool>()).unwrap_or(false)
}

/// Whether a desktop shows tray icons now. Elsewhere than on Linux each does.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_watched() -> bool {
    true
}

fn try_build(app: &AppHandle) -> tauri::Result<Tray> {
    let money = MenuItem::with_id(app, "money", "Pointsman", true, None::<&str>)?;
    let problems = MenuItem::with_id(app, "problems", "", true, None::<&str>)?;
    let open = MenuItem::with_id(app, "open", "Open Pointsman", true, None::<&str>)?;
    let hour = MenuItem::with_id(app, "pause-hour", "1 hour", true, None::<&str>)?;
    let tomorrow = MenuItem::with_id(app, "pause-tomorrow", "Until tomorrow", true, None::<&str>)?;
    let until = MenuItem::with_id(app, "pause-until", "Until I resume", true, None::<&str>)?;
    let pause = Submenu::with_id_and_items(app, "pause", "Pause spending", true, &[&hour, &tomorrow, &until])?;
    let resume = MenuItem::with_id(app, "resume", "Resume spending", true, None::<&str>)?;
    let leave = MenuItem::with_id(app, "quit", "Quit Pointsman", true, None::<&str>)?;
    let (first, second) = (PredefinedMenuItem::separator(app)?, PredefinedMenuItem::separator(app)?);
    let menu = Menu::with_items(app, &[&money, &first, &open, &pause, &second, &leave])?;
    let icon = TrayIconBuilder::with_id("pointsman")
        .icon(marks::image(Running::Running, marks::size(app), marks::panel_is_dark(app))?)
        .icon_as_template(true)
        .title("Pointsman")
        .tooltip("Pointsman")
        .menu(&menu)
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(chosen)
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event
                && cfg!(not(target_os = "macos"))
            {
                windows::toggle(icon.app_handle());
            }
        })
        .build(app)?;
    Ok(Tray { icon, menu, money, problems, pause, resume, shown: Mutex::new(None) })
}

fn chosen(app: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        "money" | "problems" | "open" => windows::show(app),
        "pause-hour" => pause(app, Some(PauseSpan::Hour)),
        "pause-tomorrow" => pause(app, Some(PauseSpan::Tomorrow)),
        "pause-until" => pause(app, Some(PauseSpan::UntilResumed)),
        "resume" => pause(app, None),
        "quit" => quit::ask(app),
        other => tracing::warn!("the tray menu has no row {other}"),
    }
}

/// Pauses for a span, or ends the pause. What cannot be done is said in a dialog: the tray has no
/// other place for a sentence.
fn pause(app: &AppHandle, span: Option<PauseSpan>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let gateway = app.state::<Desk>().gateway.clone();
        let done = match span {
            Some(span) => gateway.pause_with_a_way_back(span).await,
            None => gateway.resume().await,
        };
        if let Err(denial) = done {
            crate::dialogs::tell(&app, denial.sentence).await;
        }
    });
}

impl Tray {
    /// Makes the tray say how things stand, or why that is not known; touches only what differs.
    pub(crate) fn show(&self, status: Result<&Status, &Denial>) {
        let words = match status {
            Ok(status) => Words::of(status),
            Err(denial) => Words::unknown(&denial.sentence),
        };
        let dark = marks::panel_is_dark(self.icon.app_handle());
        let Ok(mut shown) = self.shown.lock() else { return };
        let before = shown.as_ref();
        if before == Some(&(words.clone(), dark)) {
            return;
        }
        if let Err(error) = self.change(before, &words, dark) {
            return tracing::warn!("the tray could not be changed: {error}");
        }
        *shown = Some((words, dark));
    }

    fn change(&self, before: Option<&(Words, bool)>, words: &Words, dark: bool) -> tauri::Result<()> {
        if before.is_none_or(|(was, was_dark)| was.mark != words.mark || *was_dark != dark) {
            let app = self.icon.app_handle();
            self.icon.set_icon_with_as_template(Some(marks::image(words.mark, marks::size(app), dark)?), true)?;
        }
        self.icon.set_tooltip(Some(&words.tooltip))?;
        self.money.set_text(&words.money)?;
        let had_problems = before.is_some_and(|(was, _)| was.problems.is_some());
        if let Some(problems) = &words.problems {
            self.problems.set_text(problems)?;
        }
        if words.problems.is_some() && !had_problems {
            self.menu.insert(&self.problems, PROBLEMS_AT)?;
        } else if words.problems.is_none() && had_problems {
            self.menu.remove(&self.problems)?;
        }
        let was_paused = before.is_some_and(|(was, _)| was.paused);
        // Behind the money, the separator, Open, and the problems where there are any.
        let at = 3 + usize::from(words.problems.is_some());
        if words.paused && !was_paused {
            self.menu.remove(&self.pause)?;
            self.menu.insert(&self.resume, at)?;
        } else if !words.paused && was_paused {
            self.menu.remove(&self.resume)?;
            self.menu.insert(&self.pause, at)?;
        }
        Ok(())
    }
}

impl Words {
    /// Nothing is known, and no call can be answered: the same fault stops both.
    fn unknown(sentence: &str) -> Self {
        Self {
            mark: Running::Stopped,
            tooltip: format!("Pointsman - not routing. {sentence}"),
            money: "Not routing".to_owned(),
            problems: Some("1 problem".to_owned()),
            paused: false,
        }
    }

    fn of(status: &Status) -> Self {
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
            paused: status.paused.is_some(),
        }
    }
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
    use pointsman_engine::view::Money;

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
            store_name: "GNOME Keyring".to_owned(),
            version: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn the_first_row_is_the_money() {
        let words = Words::of(&status());
        assert_eq!(words.money, "Running · $1.42 of $5.00 today (28 %)");
        assert_eq!(words.tooltip, "Pointsman - running, $1.42 of $5.00 today");
        assert_eq!(words.problems, None);
    }

    #[test]
    fn without_a_day_cap_there_is_no_share() {
        let words = Words::of(&Status { day_limit: None, ..status() });
        assert_eq!(words.money, "Running · $1.42 today");
        assert_eq!(words.tooltip, "Pointsman - running, $1.42 today");
    }

    #[test]
    fn a_cap_is_never_shown_as_reached_before_it_is() {
        let today = Money::total(MicroUsd::ZERO);
        let words = Words::of(&Status { day_used_bp: 9_999, today, ..status() });
        assert!(words.money.ends_with("(99 %)"), "{}", words.money);
    }

    #[test]
    fn problems_are_counted_and_a_pause_says_until_when() {
        let words = Words::of(&Status { problems: 1, running: Running::Attention, ..status() });
        assert_eq!((words.problems.as_deref(), words.paused), (Some("1 problem"), false));
        let words = Words::of(&Status { problems: 2, ..status() });
        assert_eq!(words.problems.as_deref(), Some("2 problems"));
        let paused = Status { running: Running::Paused, paused: Some(PauseView { until_ms: None }), ..status() };
        let words = Words::of(&paused);
        assert!(words.paused && words.money.starts_with("Paused · $1.42"), "{}", words.money);
        let until_ms = Some(jiff::Timestamp::now().as_millisecond() + 60_000);
        let words = Words::of(&Status { paused: Some(PauseView { until_ms }), ..paused });
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
        let words = Words::of(&Status { practice: true, running: Running::Stopped, ..status() });
        assert!(words.money.starts_with("Practice: not routing · "), "{}", words.money);
    }
}
