//! What the tray shows and what a person is told outside the window, from a real gateway.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use pointsman_engine::view::{PageName, Place, Running, TrayView};
use pointsman_engine::{Caller, Gateway, Home, Notice};
use pointsman_practice::{Counts, Script};
use room::{Room, ask, room};

/// Such a call may need $0.0003 at most: one model and no fallback.
const DAY: &str = "caps:
  - { window: month, limit_usd: 0.01 }
  - { window: day, limit_usd: 0.0003 }
profiles:
  travel: { defaults: { ask: { provider: here, model: practice-large } } }
  cheap: { defaults: { ask: { provider: here, model: practice-small } } }
";

/// The room with a key, no fallback and no second try, so that a call is one attempt at $0.0003 at most.
async fn bare(more: &str) -> Room {
    let room = room("").await;
    write(&room, more);
    room
}

fn write(room: &Room, more: &str) {
    let base = room.server.base_url();
    let text = format!(
        r#"version: "1"
defaults:
  ask: {{ provider: here, model: practice-small, max_tokens: 100 }}
providers:
  here: {{ title: Here, wire: openai_chat, base_url: "{base}", key: {{ env: CARGO_MANIFEST_DIR }} }}
models:
  here/practice-small: {{ price: {{ input: 1, output: 2 }} }}
  here/practice-large: {{ price: {{ input: 1, output: 2 }} }}
retry: {{ delays_s: [] }}
{more}"#
    );
    std::fs::write(room.gateway.home().policy_path(), text).unwrap();
}

async fn tray(gateway: &Gateway) -> TrayView {
    gateway.tray().await.unwrap()
}

/// 45 tokens read and 100 made at $1 and $2 a million are $0.000245.
async fn spend(room: &Room) {
    room.server.script(Script::text("done").usage(Counts { input: 45, output: 100, ..Counts::default() }));
    let got = room.route(ask("hello")).await;
    assert!(got.error.is_none(), "{got:?}");
}

/// The provider says no to the key.
async fn refused(room: &Room) {
    room.server.script(Script::status(401));
    assert!(room.route(ask("hello")).await.error.is_some());
}

/// What is told now, remembered as the app does after it was shown.
async fn told(gateway: &Gateway) -> Vec<Notice> {
    // Behind all that was written without being waited for.
    gateway.tidy().await.unwrap();
    let view = tray(gateway).await;
    let news = gateway.notices(&view.problems).await.unwrap();
    if news.moved() {
        gateway.note_told(&news).await.unwrap();
    }
    news.notices
}

#[tokio::test]
async fn a_cap_that_is_four_fifths_used_asks_for_attention_and_offers_a_raise() {
    let room = bare(DAY).await;
    let before = tray(&room.gateway).await;
    assert_eq!((before.status.running, before.problems.len(), before.raise), (Running::Running, 0, None));
    assert_eq!(before.top, []);
    spend(&room).await;
    let view = tray(&room.gateway).await;
    assert_eq!(view.status.running, Running::Attention, "82 % of the day cap");
    assert!(
        matches!(&view.first_problem(), Place { page: PageName::Spend, anchor: Some(cap) } if cap.starts_with("cap-all::day:"))
    );
    let offer = view.raise.unwrap();
    assert_eq!((offer.title.as_str(), offer.amount.exact().as_str()), ("the day cap of $0.0003", "$0.0003"));
    let top: Vec<_> = view.top.iter().map(|line| (line.model.as_str(), line.amount.text.as_str())).collect();
    assert_eq!(top, [("practice-small", "$0.0002")]);
    assert_eq!(view.month.limit.unwrap().text, "$0.01");
}

#[tokio::test]
async fn the_tray_names_the_profiles_and_the_chosen_one() {
    let room = bare(DAY).await;
    let status = tray(&room.gateway).await.status;
    assert_eq!((status.profiles, status.profile), (vec!["cheap".to_owned(), "travel".to_owned()], None));
    room.gateway.set_profile(Some("travel")).await.unwrap();
    assert_eq!(tray(&room.gateway).await.status.profile.as_deref(), Some("travel"));
    room.route(ask("hello")).await;
    assert_eq!(room.server.chats()[0].json()["model"], "practice-large", "the next call obeys it");
    let sql = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    sql.execute("UPDATE setting SET value = 'gone' WHERE name = 'profile'", []).unwrap();
    let status = tray(&room.gateway).await.status;
    assert_eq!((status.profiles.len(), status.profile), (2, None), "a choice the file does not have is none");
}

#[tokio::test]
async fn an_alert_is_told_once_over_a_restart_and_not_what_was_before_the_first_start() {
    let room = bare(&DAY.replace("0.0003", "0.0006, alerts: [30, 60, 70]")).await;
    spend(&room).await;
    assert_eq!(told(&room.gateway).await, [], "the app was never there before");
    let restarted =
        || Gateway::open(Home::at(Some(room.gateway.home().path().into())).unwrap(), Caller::app()).unwrap();
    spend(&room).await;
    let notices = told(&restarted()).await;
    assert_eq!(notices.len(), 1, "60 and 70 at once are one: {notices:?}");
    assert_eq!(notices[0].title, "70 % of the day cap of $0.0006 is used");
    assert!(notices[0].text.starts_with("$0.0004 of $0.0006 used. It resets at "), "{}", notices[0].text);
    assert_eq!(told(&restarted()).await, [], "a restart repeats nothing");
}

#[tokio::test]
async fn what_was_not_shown_is_told_again() {
    let room = bare(&DAY.replace("0.0003", "0.0006, alerts: [70]")).await;
    told(&room.gateway).await;
    spend(&room).await;
    spend(&room).await;
    let news = room.gateway.notices(&[]).await.unwrap();
    assert_eq!((news.notices.len(), news.moved()), (1, true));
    assert_eq!(told(&room.gateway).await.len(), 1, "nobody said that it was shown");
}

#[tokio::test]
async fn a_practice_home_says_so_in_the_title() {
    let room = bare("").await;
    told(&room.gateway).await;
    std::fs::write(room.gateway.home().path().join("PRACTICE"), "").unwrap();
    refused(&room).await;
    let titles: Vec<_> = told(&room.gateway).await.into_iter().map(|notice| notice.title).collect();
    assert_eq!(titles, ["Practice: Here refuses the key"]);
}

#[tokio::test]
async fn a_refused_key_is_told_once_and_leads_to_its_row() {
    let room = bare("").await;
    told(&room.gateway).await;
    refused(&room).await;
    let notices = told(&room.gateway).await;
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0].place, Place::at(PageName::Keys, "here"));
    assert_eq!(notices[0].title, "Here refuses the key");
    refused(&room).await;
    assert_eq!(told(&room.gateway).await, [], "once, until it works again");
    spend(&room).await;
    assert_eq!(told(&room.gateway).await, []);
    refused(&room).await;
    assert_eq!(told(&room.gateway).await.len(), 1, "it had worked in between");
}
