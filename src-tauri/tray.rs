//! The tray: an icon in four states told apart by shape, and a menu whose first row is the money.
//! The menu is made once; its labels change in place, and only the rows that come and go are put in
//! and taken out. On Linux the item speaks D-Bus itself; where no desktop listens, `build` says so.
//! What it says is in `words`, what a row does in `deeds`.

mod deeds;
mod rows;
mod words;

use std::sync::Mutex;

use pointsman_core::code::Denial;
use pointsman_engine::view::{Running, TrayView};
use tauri::menu::{CheckMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use self::rows::{Row, settle};
use self::words::{Line, Words};
use crate::desk::Desk;
use crate::{marks, windows};

/// The icon with its menu.
pub(crate) struct Tray {
    icon: TrayIcon,
    menu: Menu<Wry>,
    rows: Rows,
    shown: Mutex<Shown>,
}

/// The rows of the menu, each made once.
struct Rows {
    money: MenuItem<Wry>,
    problems: MenuItem<Wry>,
    first: PredefinedMenuItem<Wry>,
    open: MenuItem<Wry>,
    profile: Submenu<Wry>,
    clients: Submenu<Wry>,
    spend: Submenu<Wry>,
    sums: MenuItem<Wry>,
    models: [MenuItem<Wry>; 3],
    line: PredefinedMenuItem<Wry>,
    pause: Submenu<Wry>,
    resume: MenuItem<Wry>,
    raise: MenuItem<Wry>,
    second: PredefinedMenuItem<Wry>,
    leave: MenuItem<Wry>,
}

/// What stands there now.
#[derive(Default)]
struct Shown {
    words: Option<Words>,
    dark: bool,
    profiles: Vec<(String, CheckMenuItem<Wry>)>,
    clients: Vec<(String, MenuItem<Wry>)>,
}

/// Whether the rows that check themselves when they are clicked may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    /// As they were shown last.
    Stand,
    /// One was clicked.
    Moved,
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
    let rows = Rows::make(app)?;
    let menu = Menu::with_items(app, &[&rows.money, &rows.first, &rows.open, &rows.spend, &rows.second, &rows.leave])?;
    let icon = TrayIconBuilder::with_id("pointsman")
        .icon(marks::image(Running::Running, marks::size(app), marks::panel_is_dark(app))?)
        .icon_as_template(true)
        .title("Pointsman")
        .tooltip("Pointsman")
        .menu(&menu)
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(deeds::chosen)
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event
                && cfg!(not(target_os = "macos"))
            {
                windows::toggle(icon.app_handle());
            }
        })
        .build(app)?;
    Ok(Tray { icon, menu, rows, shown: Mutex::default() })
}

impl Rows {
    /// With no row in the menus yet that comes and goes.
    fn make(app: &AppHandle) -> tauri::Result<Self> {
        let row = |id: &str, label: &str| MenuItem::with_id(app, id, label, true, None::<&str>);
        let fact = |id: &str| MenuItem::with_id(app, id, "", false, None::<&str>);
        let (hour, tomorrow) = (row("pause-hour", "1 hour")?, row("pause-tomorrow", "Until tomorrow")?);
        let until = row("pause-until", "Until I resume")?;
        let pause = Submenu::with_id_and_items(app, "pause", "Pause spending", true, &[&hour, &tomorrow, &until])?;
        let (sums, line) = (fact("sums")?, PredefinedMenuItem::separator(app)?);
        Ok(Self {
            money: row("money", "Pointsman")?,
            problems: row("problems", "")?,
            first: PredefinedMenuItem::separator(app)?,
            open: row("open", "Open Pointsman")?,
            profile: Submenu::with_id(app, "profile", "Profile", true)?,
            clients: Submenu::with_id(app, "clients", "Clients", true)?,
            spend: Submenu::with_id_and_items(app, "spend", "Spend", true, &[&sums, &line, &pause])?,
            sums,
            models: [fact("model-1")?, fact("model-2")?, fact("model-3")?],
            line,
            pause,
            resume: row("resume", "Resume spending")?,
            raise: row("raise", "")?,
            second: PredefinedMenuItem::separator(app)?,
            leave: row("quit", "Quit Pointsman")?,
        })
    }
}

impl Tray {
    /// Makes the tray say how things stand, or why that is not known; touches only what differs.
    pub(crate) fn show(&self, view: Result<&TrayView, &Denial>, checks: Checks) {
        let words = match view {
            Ok(view) => Words::of(view),
            Err(denial) => Words::unknown(&denial.sentence),
        };
        let dark = marks::panel_is_dark(self.icon.app_handle());
        let Ok(mut shown) = self.shown.lock() else { return };
        if shown.words.as_ref() == Some(&words) && shown.dark == dark && checks == Checks::Stand {
            return;
        }
        if let Err(error) = self.change(&mut shown, &words, dark) {
            return tracing::warn!("the tray could not be changed: {error}");
        }
        (shown.words, shown.dark) = (Some(words), dark);
    }

    fn change(&self, shown: &mut Shown, words: &Words, dark: bool) -> tauri::Result<()> {
        let before = shown.words.as_ref();
        if before.is_none_or(|was| was.mark != words.mark) || shown.dark != dark {
            let app = self.icon.app_handle();
            self.icon.set_icon_with_as_template(Some(marks::image(words.mark, marks::size(app), dark)?), true)?;
        }
        self.icon.set_tooltip(Some(&words.tooltip))?;
        self.say(words)?;
        self.list_profiles(&mut shown.profiles, words)?;
        self.list_clients(&mut shown.clients, &words.clients)?;
        self.settle(shown.words.as_ref(), words)
    }

    /// The labels of the rows that are made once.
    fn say(&self, words: &Words) -> tauri::Result<()> {
        let rows = &self.rows;
        rows.money.set_text(plain(&words.money))?;
        rows.sums.set_text(plain(&words.sums))?;
        if let Some(problems) = &words.problems {
            rows.problems.set_text(plain(problems))?;
        }
        if let Some(raise) = &words.raise {
            rows.raise.set_text(plain(raise))?;
        }
        rows.models.iter().zip(&words.models).try_for_each(|(row, label)| row.set_text(plain(label)))
    }

    /// Puts in and takes out the rows that come and go.
    fn settle(&self, before: Option<&Words>, words: &Words) -> tauri::Result<()> {
        let was = |is: fn(&Words) -> bool| before.is_some_and(is);
        let moving = |item, is: fn(&Words) -> bool| Row::moving(item, was(is), is(words));
        let rows = &self.rows;
        let [first, second, third] = &rows.models;
        settle(
            &rows.spend,
            &[
                Row::fixed(&rows.sums),
                moving(first, |words| !words.models.is_empty()),
                moving(second, |words| words.models.len() > 1),
                moving(third, |words| words.models.len() > 2),
                Row::fixed(&rows.line),
                Row::moving(&rows.pause, before.is_none_or(|was| !was.paused), !words.paused),
                moving(&rows.resume, |words| words.paused),
                moving(&rows.raise, |words| words.raise.is_some()),
            ],
        )?;
        settle(
            &self.menu,
            &[
                Row::fixed(&rows.money),
                moving(&rows.problems, |words| words.problems.is_some()),
                Row::fixed(&rows.first),
                Row::fixed(&rows.open),
                moving(&rows.profile, |words| !words.profiles.is_empty()),
                moving(&rows.clients, |words| !words.clients.is_empty()),
                Row::fixed(&rows.spend),
                Row::fixed(&rows.second),
                Row::fixed(&rows.leave),
            ],
        )
    }

    /// The rows of Profile: made anew only where the file has others. A row checks itself when it is
    /// clicked, so each is told what it is.
    fn list_profiles(&self, rows: &mut Vec<(String, CheckMenuItem<Wry>)>, words: &Words) -> tauri::Result<()> {
        if differ(rows, &words.profiles) {
            for (_, row) in rows.drain(..) {
                self.rows.profile.remove(&row)?;
            }
            for Line { id, label } in &words.profiles {
                let app = self.icon.app_handle();
                let row = CheckMenuItem::with_id(app, id, plain(label), true, *id == words.chosen, None::<&str>)?;
                self.rows.profile.append(&row)?;
                rows.push((id.clone(), row));
            }
        }
        rows.iter().try_for_each(|(id, row)| row.set_checked(*id == words.chosen))
    }

    /// The rows of Clients: made anew only where there are others.
    fn list_clients(&self, rows: &mut Vec<(String, MenuItem<Wry>)>, lines: &[Line]) -> tauri::Result<()> {
        if differ(rows, lines) {
            for (_, row) in rows.drain(..) {
                self.rows.clients.remove(&row)?;
            }
            for Line { id, label } in lines {
                let row = MenuItem::with_id(self.icon.app_handle(), id, plain(label), true, None::<&str>)?;
                self.rows.clients.append(&row)?;
                rows.push((id.clone(), row));
            }
        }
        rows.iter().zip(lines).try_for_each(|((_, row), line)| row.set_text(plain(&line.label)))
    }
}

/// Whether these are not the rows of these lines.
fn differ<T>(rows: &[(String, T)], lines: &[Line]) -> bool {
    rows.iter().map(|(id, _)| id).ne(lines.iter().map(|line| &line.id))
}

/// A label as it is: a single `&` would underline the letter behind it.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}
