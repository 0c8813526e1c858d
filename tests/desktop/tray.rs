//! The tray as a desktop sees it: the item's menu and icon over D-Bus, and the icon on the panel.

use super::screen::{Screen, wait};

/// Our item.
pub(crate) struct Item {
    service: String,
    path: String,
}

/// One row of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its number, for choosing it.
    pub(crate) id: u32,
    /// What it says.
    pub(crate) label: String,
    /// 1 in the menu itself, 2 in a submenu of it.
    pub(crate) depth: usize,
    /// Whether it can be chosen.
    pub(crate) enabled: bool,
    /// Whether it is checked.
    pub(crate) checked: bool,
}

impl Item {
    /// Waits until exactly our item stands in the tray.
    pub(crate) fn find(screen: &Screen) -> Self {
        wait("our item in the tray", || {
            let all = property(
                screen,
                "org.kde.StatusNotifierWatcher",
                "/StatusNotifierWatcher",
                ["org.kde.StatusNotifierWatcher", "RegisteredStatusNotifierItems"],
            )?;
            let quoted: Vec<&str> = all.split('\'').skip(1).step_by(2).collect();
            quoted.into_iter().find_map(|entry| {
                let (service, path) = entry.split_once('/')?;
                let item = Self { service: service.to_owned(), path: format!("/{path}") };
                item.property(screen, "Id")?.contains("pointsman").then_some(item)
            })
        })
    }

    fn property(&self, screen: &Screen, name: &str) -> Option<String> {
        property(screen, &self.service, &self.path, ["org.kde.StatusNotifierItem", name])
    }

    /// What is shown, and spoken, for the icon.
    pub(crate) fn tooltip(&self, screen: &Screen) -> String {
        self.property(screen, "ToolTip").unwrap_or_default()
    }

    /// The picture, as the bus carries it: equal pictures are equal texts.
    pub(crate) fn picture(&self, screen: &Screen) -> String {
        self.property(screen, "IconPixmap").unwrap_or_default()
    }

    /// The rows of the menu and its submenus, in their order.
    pub(crate) fn rows(&self, screen: &Screen) -> Vec<Row> {
        let menu = self.menu(screen);
        let layout = screen.ask(
            "gdbus",
            &[
                "call",
                "--session",
                "-d",
                &self.service,
                "-o",
                &menu,
                "-m",
                "com.canonical.dbusmenu.GetLayout",
                "--",
                "0",
                "-1",
                "[]",
            ],
        );
        rows(&layout)
    }

    /// The label of the first row.
    pub(crate) fn first(&self, screen: &Screen) -> String {
        self.rows(screen).first().map(|row| row.label.clone()).unwrap_or_default()
    }

    /// Chooses the row with this label. Whether that did anything is for the caller to see: an app that
    /// quits may be gone before it has answered the click.
    pub(crate) fn choose(&self, screen: &Screen, label: &str) {
        let all = self.rows(screen);
        let row = all.iter().find(|row| row.label == label).unwrap_or_else(|| panic!("no row {label} in {all:?}"));
        screen.try_ask(
            "gdbus",
            &[
                "call",
                "--session",
                "-d",
                &self.service,
                "-o",
                &self.menu(screen),
                "-m",
                "com.canonical.dbusmenu.Event",
                &row.id.to_string(),
                "clicked",
                "<0>",
                "0",
            ],
        );
    }

    fn menu(&self, screen: &Screen) -> String {
        let path = self.property(screen, "Menu").expect("the item has a menu");
        path.split('\'').nth(1).expect("the menu is a path").to_owned()
    }
}

fn property(screen: &Screen, service: &str, path: &str, of: [&str; 2]) -> Option<String> {
    let get = "org.freedesktop.DBus.Properties.Get";
    screen.try_ask("gdbus", &["call", "--session", "-d", service, "-o", path, "-m", get, of[0], of[1]])
}

/// Reads `(3, {'enabled': <false>, 'label': <'Open'>, 'toggle-state': <1>}, [...])` wherever it stands. A text
/// with an apostrophe stands in the other quotes.
fn rows(layout: &str) -> Vec<Row> {
    const LABEL: &str = "'label': <";
    let mut rows = Vec::new();
    for (at, _) in layout.match_indices(LABEL) {
        let text = &layout[at + LABEL.len()..];
        let Some(quote) = text.chars().next() else { continue };
        let label = text[1..].split(&format!("{quote}>")).next().unwrap_or_default();
        let before = &layout[..at];
        let Some(open) = before.rfind('(') else { continue };
        let Ok(id) = before[open + 1..].split(',').next().unwrap_or_default().trim().parse() else { continue };
        let facts = format!("{}{}", &before[open..], text[1 + label.len()..].split('}').next().unwrap_or_default());
        rows.push(Row {
            id,
            label: label.replace("__", "_"),
            depth: before.matches('[').count() - before.matches(']').count(),
            enabled: !facts.contains("'enabled': <false>"),
            checked: facts.contains("'toggle-state': <1>"),
        });
    }
    rows
}

#[test]
fn a_layout_is_read() {
    let text = "(uint32 2, (0, {'children-display': <'submenu'>}, [<(1, {'label': <'Running · $1.42'>}, @av [])>, \
                <(2, {'type': <'separator'>}, @av [])>, <(3, {'children-display': <'submenu'>, 'label': <'Pause'>}, \
                [<(4, {'label': <\"Today's\">, 'enabled': <false>}, @av [])>, <(5, {'toggle-state': <1>, 'label': <'travel'>}, \
                @av [])>])>]))";
    let read: Vec<_> =
        rows(text).into_iter().map(|row| (row.id, row.label, row.depth, row.enabled, row.checked)).collect();
    let wanted = [
        (1, "Running · $1.42", 1, true, false),
        (3, "Pause", 1, true, false),
        (4, "Today's", 2, false, false),
        (5, "travel", 2, true, true),
    ];
    assert_eq!(
        read,
        wanted.map(|(id, label, depth, enabled, checked)| (id, label.to_owned(), depth, enabled, checked))
    );
}
