//! The walk of a person through the real window on a real (virtual) desktop: panel, tray, unlocked
//! GNOME keyring, WebKit. Paste a key, connect Claude Desktop, let a real MCP client route a prompt,
//! see row and money, pause from the tray, be denied, disconnect. Each step is asserted and leaves a
//! picture in `artifacts/desktop/`. Programs that are missing fail the test and are named.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "desktop/canary.rs"]
mod canary;
#[path = "desktop/claude.rs"]
mod claude;
#[path = "desktop/leads.rs"]
mod leads;
#[path = "desktop/notices.rs"]
mod notices;
#[path = "desktop/pictures.rs"]
mod pictures;
#[path = "desktop/screen.rs"]
mod screen;
#[path = "desktop/tray.rs"]
mod tray;
#[path = "desktop/window.rs"]
mod window;

use std::fs;
use std::path::Path;
use std::time::Duration;

use pointsman_practice::{Counts, Options, Practice, Script};
use screen::{Panel, Screen, Theme, family, name_of, wait, wait_up_to};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use window::Window;

/// One desktop at a time: two would make each other slow, and slowness looks like a fault.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Nothing else looks like this, so finding it means that it leaked.
const KEY: &str = "pk-walk-7Qm2VtX9cLr4Bz8KjW3NfHs6Dy1Gp5Ea";

/// What the model answers.
const ANSWER: &str = "The points are set.";

/// $100 and $1000 a million: 200 tokens read and 400 made are $0.42.
const POLICY: &str = r#"version: walk

caps:
  - { scope: all, window: month, limit_usd: 10.00 }
  - { scope: all, window: day, limit_usd: 2.00 }

providers:
  walk:
    title: Walk
    base_url: "BASE"
    key: walk

defaults:
  summarize:
    provider: walk
    model: walker
    max_tokens: 400
    rationale: The one model of the walk.

models:
  walk/walker:
    description: Walks.
    tier: L2
    price: { input: 100.00, output: 1000.00 }
"#;

/// A driver that stops answering must not stop the tests.
const AT_MOST: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_pasted_key_to_a_file_put_back_byte_for_byte() {
    let _alone = ONE_AT_A_TIME.lock().await;
    tokio::time::timeout(AT_MOST, walk()).await.expect("the walk ends in time");
}

async fn walk() {
    let provider = Practice::start(Options { key: Some(KEY.to_owned()), ..Options::default() }).await.unwrap();
    let mut screen = Screen::up(Theme::Light, Panel::WithTray);
    let claude_file = claude::settings(&screen.home());
    let original = fs::read(&claude_file).unwrap();
    let home = screen.home().join(".local/share/pointsman");
    write_policy(&home, &provider.base_url());

    let window = Window::open(&mut screen).await;
    window.says("h1", "Overview").await;
    let item = tray::Item::find(&screen);
    wait("the money in the tray", || item.first(&screen).contains("$0.00 of $2.00 today (0 %)").then_some(()));
    window.picture("01-overview-empty").await;
    pictures::whole_screen(&screen, "02-desktop");

    paste_the_key(&screen, &window).await;
    assert_eq!(provider.chats().len(), 0, "a check asks for the models, not for an answer");
    let held = canary::places(KEY, screen.folder(), std::process::id());
    assert!(held.is_empty(), "the key is in the keyring and nowhere else, but also in: {held:#?}");
    assert!(!window.all_text().await.contains(KEY), "the page holds the key");

    connect(&screen, &window, &claude_file, &original).await;
    let entry = claude::our_entry(&claude_file);

    // Exactly the command that is written there, from the bare environment Claude gives it.
    let mut claude = claude::Claude::start(&screen, &entry);
    window.says(".state", "Connected").await;
    window.picture("07-connected").await;

    provider.script(Script::text(ANSWER).usage(Counts { input: 200, output: 400, ..Counts::default() }));
    let prompt = "Set the points for this train. ".repeat(20);
    let call = json!({"name": "llm_route", "arguments": {"task_class": "summarize", "prompt": prompt}});
    let answered = claude.call(&call);
    assert_eq!(answered["structuredContent"]["data"]["text"], ANSWER, "{answered}");
    let sent = &provider.chats()[0];
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()), "the key of the keyring was sent");

    window.page("Activity").await;
    window.says("table", "summarize").await;
    window.says("table", "Claude Desktop").await;
    window.says("table", "walker").await;
    window.says("table", "$0.42").await;
    window.says("table", "Answered").await;
    window.picture("08-activity").await;
    window.page("Overview").await;
    window.says(".figure", "$0.42").await;
    window.picture("09-overview-money").await;
    let money = "$0.42 of $2.00 today (21 %)";
    wait("the money in the tray", || item.first(&screen).contains(money).then_some(()));
    assert!(item.tooltip(&screen).contains("running, $0.42 of $2.00 today"), "{}", item.tooltip(&screen));

    pause_from_the_tray(&screen, &window, &item).await;
    let denied = claude.call(&call);
    assert_eq!(denied["structuredContent"]["code"], "paused", "{denied}");
    let sentence = denied["structuredContent"]["error"].as_str().unwrap_or_default();
    assert!(sentence.starts_with("Spending is paused until ") && sentence.ends_with(" by the user."), "{sentence}");
    assert_eq!(denied["isError"], true, "{denied}");
    assert_eq!(provider.chats().len(), 1, "a denied call sends nothing");
    window.page("Activity").await;
    window.says("table", "Refused").await;
    window.says("table", "Spending is paused until").await;
    window.picture("13-denied").await;

    item.choose(&screen, "Resume spending");
    wait("the tray to run again", || item.first(&screen).starts_with("Running").then_some(()));
    quitting_asks_while_a_request_runs(&screen, &window, &item, &provider, &mut claude, &call).await;
    claude.leave();

    disconnect(&window).await;
    assert!(fs::read(&claude_file).unwrap() == original, "Disconnect puts the file back byte for byte");

    let held = canary::places(KEY, screen.folder(), std::process::id());
    assert!(held.is_empty(), "after the walk the key is also in: {held:#?}");
    assert!(!window.all_text().await.contains(KEY), "the page holds the key");
    nothing_else_is_allowed(&window).await;
    window.close().await;
    provider.stop().await;
}

async fn paste_the_key(screen: &Screen, window: &Window) {
    window.page("Keys").await;
    let field = window.find("form input[type=password]").await;
    field.send_keys(KEY).await.unwrap();
    window.find("form select").await.select_by_value("walk").await.unwrap();
    window.picture("03-key-pasted").await;
    window.press("form button", "Check and store").await;
    // The host is one that only routing.yaml names: the person sees it in a dialog no page can answer.
    let dialog = dialog(screen, "Send a key to another host");
    assert!(stored(screen).is_none(), "nothing is stored before the person agreed");
    pictures::whole_screen(screen, "04-native-dialog");
    press_in(screen, &dialog, Side::Left);
    window.says("table", "Valid").await;
    window.says("table", &KEY[KEY.len() - 4..]).await;
    window.picture("05-key-stored").await;
    let item = stored(screen).expect("the key is in the keyring");
    let held: Value = serde_json::from_str(&item).unwrap_or_else(|error| panic!("{error}: the item is JSON"));
    assert_eq!(held["key"], KEY, "the keyring holds the key");
}

/// Waits for a native dialog and gives its window.
fn dialog(screen: &Screen, title: &str) -> String {
    wait(&format!("the dialog {title}"), || {
        let found = screen.try_ask("xdotool", &["search", "--onlyvisible", "--name", title])?;
        found.lines().last().map(str::to_owned)
    })
}

/// One of the two buttons of a dialog.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Presses a button with the pointer, as a person does, and waits until the dialog is gone.
fn press_in(screen: &Screen, dialog: &str, side: Side) {
    let (width, height) = screen.size_of(dialog);
    let x = match side {
        Side::Left => width / 4,
        Side::Right => width * 3 / 4,
    };
    // The buttons are a row at its foot.
    screen.ask("xdotool", &["mousemove", "--window", dialog, &x.to_string(), &(height - 20).to_string()]);
    screen.ask("xdotool", &["click", "1"]);
    wait("the dialog to go", || (screen.size_of(dialog) == (0, 0)).then_some(()));
}

/// The item of the keyring, as another program reads it.
fn stored(screen: &Screen) -> Option<String> {
    let found = screen.try_ask("secret-tool", &["lookup", "service", "app.pointsman", "username", "walk"]);
    found.filter(|text| !text.is_empty())
}

async fn connect(screen: &Screen, window: &Window, file: &Path, original: &[u8]) {
    window.page("Clients").await;
    window.says("h2", "Claude Desktop").await;
    window.says(".state", "Not connected").await;
    window.press("main button", "Connect").await;
    window.says("dialog", "We add one entry, keep a backup and change nothing else.").await;
    window.says("dialog", "pointsman").await;
    assert!(fs::read(file).unwrap() == original, "showing what would be written writes nothing");
    window.picture("06-connect-diff").await;
    window.press("dialog button", "Connect").await;
    window.says("dialog", "Written").await;
    let lines =
        |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let written = fs::read(file).unwrap();
    for line in lines(original) {
        let bare = line.trim_end_matches(',').to_owned();
        let kept = lines(&written).iter().any(|now| now.trim_end_matches(',') == bare);
        assert!(kept, "the line {line:?} was changed: {}", String::from_utf8_lossy(&written));
    }
    window.press("dialog button", "Done").await;
    window.gone("dialog").await;
    let backups = screen.home().join(".local/share/pointsman/backups");
    let kept = fs::read_dir(backups.join("claude-desktop")).map_or(0, Iterator::count);
    assert!(kept > 0, "a backup is in {}", backups.display());
}

async fn pause_from_the_tray(screen: &Screen, window: &Window, item: &tray::Item) {
    let running = item.picture(screen);
    let labels: Vec<String> = item.rows(screen).into_iter().map(|row| row.label).collect();
    for row in ["Open Pointsman", "Pause spending", "1 hour", "Until tomorrow", "Until I resume", "Quit Pointsman"] {
        assert!(labels.contains(&row.to_owned()), "{row} is in {labels:?}");
    }
    // The icon at the right end of the panel, opened as a person opens it, for the picture.
    screen.ask("xdotool", &["mousemove", "1424", "15", "click", "3"]);
    // Below the panel the screen is black until the menu is there.
    wait("the open menu", || {
        let below = ["-window", "root", "-crop", "60x30+1340+36", "-format", "%[fx:mean]", "info:-"];
        screen.ask("import", &below).parse::<f64>().is_ok_and(|light| light > 0.5).then_some(())
    });
    pictures::whole_screen(screen, "10-tray-menu");
    screen.ask("xdotool", &["key", "Escape"]);
    item.choose(screen, "1 hour");
    wait("the pause in the tray", || item.first(screen).starts_with("Paused until ").then_some(()));
    wait("the tray's mark of a pause", || (item.picture(screen) != running).then_some(()));
    let labels: Vec<String> = item.rows(screen).into_iter().map(|row| row.label).collect();
    assert!(labels.contains(&"Resume spending".to_owned()), "{labels:?}");
    assert!(!labels.contains(&"Pause spending".to_owned()), "while paused there is nothing to pause: {labels:?}");
    window.says(".side-foot", "Paused until").await;
    window.picture("11-paused").await;
    pictures::whole_screen(screen, "12-paused-desktop");
}

async fn quitting_asks_while_a_request_runs(
    screen: &Screen,
    window: &Window,
    item: &tray::Item,
    provider: &Practice,
    claude: &mut claude::Claude,
    call: &Value,
) {
    provider.script(Script::text(ANSWER).usage(Counts { input: 200, output: 100, ..Counts::default() }).held());
    let so_far = provider.received().len();
    claude.send(call);
    provider.arrived(so_far + 1).await;
    window.says("table", "Running").await;
    item.choose(screen, "Quit Pointsman");
    let asked = dialog(screen, "Quit Pointsman");
    pictures::whole_screen(screen, "14-quit-asks");
    screen.ask("xdotool", &["windowfocus", "--sync", &asked]);
    screen.ask("xdotool", &["key", "Escape"]);
    wait("the dialog to go", || (screen.size_of(&asked) == (0, 0)).then_some(()));
    provider.release_all();
    let answered = claude.answer();
    assert_eq!(answered["structuredContent"]["data"]["text"], ANSWER, "{answered}");
    window.says("table", "$0.12").await;
}

async fn disconnect(window: &Window) {
    window.page("Clients").await;
    window.press("main button", "Disconnect").await;
    window.says("dialog", "We remove our entry, keep a backup and change nothing else.").await;
    window.picture("15-disconnect-diff").await;
    window.press("dialog button", "Disconnect").await;
    window.press("dialog button", "Done").await;
    window.gone("dialog").await;
    window.says(".state", "Not connected").await;
    window.picture("16-disconnected").await;
}

/// What a page that was taken over would try.
async fn nothing_else_is_allowed(window: &Window) {
    let address = window.address().await;
    for command in [
        "plugin:shell|execute",
        "plugin:shell|open",
        "plugin:dialog|message",
        "plugin:dialog|open",
        "plugin:event|emit",
        "plugin:window|create",
        "plugin:webview|create_webview_window",
        "plugin:app|name",
        "plugin:path|resolve_directory",
        "plugin:notification|notify",
    ] {
        let tried = window.run(&format!("return window.__TAURI_INTERNALS__.invoke('{command}', {{}})")).await;
        assert!(tried.get("error").is_some(), "{command} was let through: {tried}");
    }
    let tried = window.run("return window.__TAURI_INTERNALS__.invoke('rpc', {cmd: 'secret_read', payload: {}})").await;
    assert!(tried["error"].as_str().is_some_and(|error| error.contains("does not know")), "{tried}");
    let tried = window.run("return fetch('http://127.0.0.1:9/').then(() => 'sent')").await;
    assert!(tried.get("error").is_some(), "the policy for content lets a page call out: {tried}");
    let tried = window.run("return (0, eval)('1 + 1')").await;
    assert!(tried.get("error").is_some(), "the policy for content lets a page run text: {tried}");
    let tried = window.run("const made = window.open('https://example.com/'); return made && 'opened'").await;
    assert_eq!(tried["ok"], Value::Null, "a page opened a window: {tried}");
    window.run("location.href = 'https://example.com/'; return new Promise(done => setTimeout(done, 300))").await;
    assert_eq!(window.address().await, address, "a page went elsewhere");
}

fn write_policy(home: &Path, base_url: &str) {
    write_file(home, &POLICY.replace("BASE", base_url));
}

fn write_file(home: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(home).unwrap();
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
    let file = home.join("routing.yaml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_stands_in_the_dark_too() {
    let _alone = ONE_AT_A_TIME.lock().await;
    tokio::time::timeout(AT_MOST, dark()).await.expect("the pages are drawn in time");
}

async fn dark() {
    let mut screen = Screen::up(Theme::Dark, Panel::WithTray);
    claude::settings(&screen.home());
    let window = Window::open(&mut screen).await;
    for page in ["Overview", "Keys", "Clients", "Activity"] {
        window.page(page).await;
        window.gone(".skel").await;
        window.picture(&format!("dark-{}", page.to_lowercase())).await;
    }
    let dark = window.run("return matchMedia('(prefers-color-scheme: dark)').matches").await;
    assert_eq!(dark["ok"], true, "the window follows the desktop");
    pictures::whole_screen(&screen, "dark-desktop");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_widens_acts_only_after_a_native_yes() {
    let _alone = ONE_AT_A_TIME.lock().await;
    tokio::time::timeout(AT_MOST, widen()).await.expect("the answers come in time");
}

async fn widen() {
    let mut screen = Screen::up(Theme::Light, Panel::WithTray);
    let home = screen.home().join(".local/share/pointsman");
    // No provider is asked here; the port is one that nobody may listen on.
    write_policy(&home, "http://127.0.0.1:1/v1");
    let window = Window::open(&mut screen).await;
    let item = tray::Item::find(&screen);
    wait("the cap in the tray", || item.first(&screen).contains("of $2.00 today").then_some(()));

    let file = home.join("routing.yaml");
    let before = fs::read_to_string(&file).unwrap();
    let wide = before.replace("limit_usd: 2.00", "limit_usd: 5.00");
    fs::write(&file, &wide).unwrap();
    window.says("main", "the edit widens what may be spent").await;
    window.picture("widening-waits").await;
    assert!(item.first(&screen).contains("of $2.00 today"), "the old cap holds while the edit waits");

    window.press("main button", "Activate").await;
    let asked = dialog(&screen, "Activate this edit of routing.yaml");
    pictures::whole_screen(&screen, "widening-asked");
    press_in(&screen, &asked, Side::Right);
    window.says("main", "The edit still waits").await;
    assert!(item.first(&screen).contains("of $2.00 today"), "not now means not now");

    window.press("main button", "Activate").await;
    press_in(&screen, &dialog(&screen, "Activate this edit of routing.yaml"), Side::Left);
    wait("the new cap in the tray", || item.first(&screen).contains("of $5.00 today").then_some(()));
    window.says(".figure", "of $5.00").await;

    fs::write(&file, wide.replace("limit_usd: 5.00", "limit_usd: 9.00")).unwrap();
    window.says("main", "the edit widens what may be spent").await;
    window.press("main button", "Discard").await;
    wait("the file as it was", || (fs::read_to_string(&file).ok()? == wide).then_some(()));
    wait("the cap as it was", || item.first(&screen).contains("of $5.00 today").then_some(()));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tray_and_a_notification_lead_to_the_exact_place() {
    let _alone = ONE_AT_A_TIME.lock().await;
    tokio::time::timeout(AT_MOST, leads::leads()).await.expect("each place is shown in time");
}

#[test]
fn a_hidden_start_makes_no_web_view_and_a_hidden_window_gives_its_own_back() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut screen = Screen::up(Theme::Light, Panel::WithTray);
    let app = start(&mut screen, "app", &["--hidden"]);
    let item = tray::Item::find(&screen);
    wait("the money in the tray", || item.first(&screen).contains("today").then_some(()));
    assert!(!has_web_view(app), "a hidden start makes no web view");
    assert_eq!(shown(&screen), None, "a hidden start shows no window");
    assert_eq!(listening(app), Vec::<String>::new(), "nothing listens");

    item.choose(&screen, "Open Pointsman");
    wait("the window", || shown(&screen));
    wait("the web view", || has_web_view(app).then_some(()));
    screen.ask("wmctrl", &["-c", "Pointsman"]);
    wait("the window to hide", || shown(&screen).is_none().then_some(()));
    assert_eq!(screen.ended(app), None, "closing the window leaves the app in the tray");
    wait_up_to(Duration::from_secs(60), "the web view to be given back", || (!has_web_view(app)).then_some(()));
    assert_eq!(screen.ended(app), None, "without its last window the app still runs");

    // What a second launch was told is ignored; it shows the window of the first and ends.
    let elsewhere = screen.folder().join("elsewhere");
    let second = start(&mut screen, "second", &["--hidden", "--home", &elsewhere.to_string_lossy()]);
    let code = wait("the second launch to end", || screen.ended(second));
    assert_eq!(code, Some(0), "{}", fs::read_to_string(screen.log("second")).unwrap_or_default());
    wait("the window again", || shown(&screen));
    assert!(!elsewhere.exists(), "the second launch opened no home of its own");
    item.choose(&screen, "Quit Pointsman");
    let code = wait("the app to quit", || screen.ended(app));
    assert_eq!(code, Some(0), "{}", fs::read_to_string(screen.log("app")).unwrap_or_default());
}

#[test]
fn a_tray_that_goes_leaves_a_window_and_one_that_comes_takes_the_icon() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut screen = Screen::up(Theme::Light, Panel::WithTray);
    let app = start(&mut screen, "app", &["--hidden"]);
    tray::Item::find(&screen);
    assert_eq!(shown(&screen), None);

    screen.drop_panel();
    wait("the window in place of the tray", || shown(&screen));
    screen.add_panel();
    tray::Item::find(&screen);
    let noticed =
        |screen: &Screen| fs::read_to_string(screen.log("app")).is_ok_and(|log| log.contains("a tray is here"));
    wait("the app to notice the tray", || noticed(&screen).then_some(()));
    screen.ask("wmctrl", &["-c", "Pointsman"]);
    wait("the window to hide", || shown(&screen).is_none().then_some(()));
    assert_eq!(screen.ended(app), None, "with a tray again, closing the window hides it");
}

#[test]
fn without_a_tray_it_stays_a_window_and_says_so() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut screen = Screen::up(Theme::Light, Panel::None);
    let app = start(&mut screen, "app", &["--hidden"]);
    wait("the window in spite of --hidden", || shown(&screen));
    assert_eq!(screen.ended(app), None);
    screen.ask("wmctrl", &["-c", "Pointsman"]);
    let code = wait("the app to quit with its window", || screen.ended(app));
    assert_eq!(code, Some(0), "{}", fs::read_to_string(screen.log("app")).unwrap_or_default());
}

fn start(screen: &mut Screen, name: &str, arguments: &[&str]) -> u32 {
    let mut command = screen.command(env!("CARGO_BIN_EXE_pointsman-app"));
    screen.run(name, command.args(arguments))
}

/// The window, where one is shown.
fn shown(screen: &Screen) -> Option<()> {
    let all = screen.try_ask("wmctrl", &["-l"])?;
    all.lines().any(|line| line.ends_with("Pointsman")).then_some(())
}

fn has_web_view(app: u32) -> bool {
    family(app).into_iter().any(|id| name_of(id).starts_with("WebKitWebProces"))
}

/// Sockets that a process and its children accept connections on, from the network.
fn listening(app: u32) -> Vec<String> {
    let mut found = Vec::new();
    for id in family(app) {
        let own: Vec<String> = fs::read_dir(format!("/proc/{id}/fd"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|fd| {
                Some(
                    fs::read_link(fd.path()).ok()?.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned(),
                )
            })
            .collect();
        for table in ["tcp", "tcp6", "udp", "udp6"] {
            let rows = fs::read_to_string(format!("/proc/{id}/net/{table}")).unwrap_or_default();
            for row in rows.lines().skip(1) {
                let part: Vec<&str> = row.split_whitespace().collect();
                // 0A is listening; a UDP socket that is bound and not connected is 07.
                let open =
                    matches!((table, part.get(3)), ("tcp" | "tcp6", Some(&"0A")) | ("udp" | "udp6", Some(&"07")));
                if open && part.get(9).is_some_and(|inode| own.iter().any(|mine| mine == inode)) {
                    found.push(format!("{table} {} of {}", part[1], name_of(id)));
                }
            }
        }
    }
    found
}
