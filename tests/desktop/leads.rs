//! The tray and the notifications on a real desktop: profiles and a raise from the menu as its bus shows
//! it, and a click on a notification that opens the place it is about.

use std::fs;
use std::path::Path;

use pointsman_practice::{Counts, Options, Practice, Script};

use super::notices::Notices;
use super::screen::{Panel, Screen, Theme, wait};
use super::window::Window;
use super::{Side, claude, dialog, pictures, press_in, shown, tray, write_file};

/// $100 and $1000 a million: 200 tokens read and 400 made are $0.42, 84 % of the day.
const POLICY: &str = r#"version: tray

caps:
  - { scope: all, window: month, limit_usd: 10.00 }
  - { scope: all, window: day, limit_usd: 0.50 }

providers:
  near: { title: Near, base_url: "BASE", local: true }

defaults:
  summarize: { provider: near, model: walker, max_tokens: 400 }

profiles:
  travel: { defaults: { summarize: { provider: near, model: runner, max_tokens: 400 } } }

models:
  near/walker: { price: { input: 100.00, output: 1000.00 } }
  near/runner: { price: { input: 100.00, output: 1000.00 } }
"#;

const RAISE: &str = "Raise today's cap once by $0.50…";

pub(crate) async fn leads() {
    let provider = Practice::start(Options::default()).await.unwrap();
    let mut screen = Screen::up(Theme::Light, Panel::WithTray);
    let notices = Notices::serve(&screen).await;
    let claude_file = claude::settings(&screen.home());
    let home = screen.home().join(".local/share/pointsman");
    write_file(&home, &POLICY.replace("BASE", &provider.base_url()));
    let window = Window::open(&mut screen).await;
    let item = tray::Item::find(&screen);
    wait("the money in the tray", || item.first(&screen).contains("$0.00 of $0.50 today").then_some(()));

    profile(&screen, &window, &item, &provider).await;
    let running = item.picture(&screen);
    money(&screen, &item, &provider);
    wait("the tray's mark of attention", || (item.picture(&screen) != running).then_some(()));
    let told = notices.titled("80 % of the day cap of $0.50 is used");
    assert_eq!(
        (told.app.as_str(), told.actions.as_slice()),
        ("Pointsman", ["default", "Open"].map(String::from).as_slice())
    );
    assert!(told.text.starts_with("$0.42 of $0.50 used. It resets at "), "{}", told.text);

    // Nobody asked for the window: it stays where it was left, and a click brings it.
    window.page("Keys").await;
    hide(&screen);
    assert_eq!(shown(&screen), None, "a notification shows no window");
    notices.click(&told).await;
    wait("the window", || shown(&screen));
    led(&window, "spend", "Spend").await;

    raised(&screen, &item).await;
    let entry = "Our entry in Claude Desktop is gone";
    wiped(&screen, &claude_file);
    let told = notices.titled(entry);
    window.page("Activity").await;
    notices.click(&told).await;
    window.says("h1", "Clients").await;
    assert_eq!(focus(&window).await, "client-claude-desktop", "the exact place");
    for row in ["Claude Desktop · needs repair", "1 problem"] {
        window.page("Activity").await;
        item.choose(&screen, row);
        window.says("h1", "Clients").await;
        assert_eq!(focus(&window).await, "client-claude-desktop", "{row}");
    }

    let titles: Vec<_> = notices.all().into_iter().map(|shown| shown.title).collect();
    assert_eq!(titles, ["80 % of the day cap of $0.50 is used", entry], "each once and nothing else");
    window.close().await;
    provider.stop().await;
}

/// The profile is switched in the menu, and what routes next obeys it.
async fn profile(screen: &Screen, window: &Window, item: &tray::Item, provider: &Practice) {
    let checked = |label: &str| item.rows(screen).iter().any(|row| row.label == label && row.checked);
    wait("the profiles", || item.rows(screen).iter().any(|row| row.label == "travel").then_some(()));
    assert!(checked("As written") && !checked("travel"), "{:?}", item.rows(screen));
    let explained = || pointsman(screen, &["policy", "explain", "--class", "summarize", "Set the points."]);
    assert!(explained().contains("near/walker"), "{}", explained());
    let before = item.rows(screen);
    item.choose(screen, "travel");
    wait("the check to move", || (checked("travel") && !checked("As written")).then_some(()));
    let ids = |rows: &[tray::Row]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&item.rows(screen)), "the rows changed in place and are the same ones");
    assert!(explained().contains("near/runner"), "{}", explained());
    let shows = "return new Promise(done => { const look = () => { const now = document.querySelector('header select')?.value; \
                 now === 'travel' ? done(now) : requestAnimationFrame(look) }; look() })";
    assert_eq!(window.run(shows).await["ok"], "travel", "the header shows it too");
    // Chosen again, it stays: the row that was clicked has unchecked itself.
    item.choose(screen, "travel");
    wait("the check to stay", || checked("travel").then_some(()));
    assert_eq!(provider.chats().len(), 0, "nothing was sent so far");
}

/// A call that is dear for the day, by the profile that was chosen.
fn money(screen: &Screen, item: &tray::Item, provider: &Practice) {
    provider.script(Script::text("Set.").usage(Counts { input: 200, output: 400, ..Counts::default() }));
    pointsman(screen, &["route", "summarize", "Set the points."]);
    assert_eq!(provider.chats()[0].json()["model"], "runner", "the next call obeys the profile");
    wait("the money in the tray", || item.first(screen).contains("$0.42 of $0.50 today (84 %)").then_some(()));
    let rows = item.rows(screen);
    for label in ["Today $0.42 · This month $0.42 of $10.00", "runner · $0.42"] {
        let row = rows.iter().find(|row| row.label == label);
        assert!(row.is_some_and(|row| !row.enabled), "{label} is a fact and no button: {rows:?}");
    }
    assert!(rows.iter().any(|row| row.label == RAISE && row.enabled), "{rows:?}");
    assert!(rows.iter().filter(|row| row.depth == 1).count() <= 12, "the menu itself is short: {rows:?}");
}

/// A cap is raised from the tray after a native yes, and not after a no.
async fn raised(screen: &Screen, item: &tray::Item) {
    item.choose(screen, RAISE);
    let asked = dialog(screen, "Raise a cap once");
    pictures::whole_screen(screen, "raise-asked");
    press_in(screen, &asked, Side::Right);
    assert!(item.first(screen).contains("of $0.50 today"), "no means no");
    item.choose(screen, RAISE);
    press_in(screen, &dialog(screen, "Raise a cap once"), Side::Left);
    wait("the raised cap", || item.first(screen).contains("$0.42 of $1.00 today (42 %)").then_some(()));
    wait("the offer to go", || item.rows(screen).iter().all(|row| row.label != RAISE).then_some(()));
}

/// Our entry is written, and another program writes the file without it.
fn wiped(screen: &Screen, file: &Path) {
    let before = fs::read(file).unwrap();
    pointsman(screen, &["connect", "claude-desktop"]);
    assert!(fs::read(file).unwrap() != before, "the entry is there");
    fs::write(file, before).unwrap();
}

/// Runs the headless program on this desktop's home.
fn pointsman(screen: &Screen, arguments: &[&str]) -> String {
    screen.ask(env!("CARGO_BIN_EXE_pointsman"), arguments)
}

fn hide(screen: &Screen) {
    screen.ask("wmctrl", &["-c", "Pointsman"]);
    wait("the window to hide", || shown(screen).is_none().then_some(()));
}

/// The page is at this place; a window without that page shows the problems of Overview.
async fn led(window: &Window, page: &str, title: &str) {
    let has = window.run(&format!("return !!document.querySelector('nav a[href=\"#/{page}\"]')")).await;
    if has["ok"] == true {
        window.says("h1", title).await;
        assert!(window.address().await.contains(&format!("#/{page}/cap-all")), "the card of the cap is meant");
    } else {
        window.says("h1", "Overview").await;
        assert_eq!(focus(window).await, "problems");
    }
}

/// The id of what has the focus, once something has.
async fn focus(window: &Window) -> String {
    let script = "return new Promise(done => { const look = () => document.activeElement?.id && document.activeElement.id !== 'main' \
                  ? done(document.activeElement.id) : requestAnimationFrame(look); look() })";
    window.run(script).await["ok"].as_str().unwrap_or_default().to_owned()
}
