//! Refreshed list prices at the process boundary, under a real keychain: what a newer list changes, what it
//! cannot, who may fetch it, and that a row another program wrote has no effect.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use pointsman_engine::models::{ModelLine, Models, ModelsQuery};
use pointsman_engine::{Caller, EstimateQuery, Gateway, Home, Surface};
use pointsman_practice::{Endpoint, Options, Practice, Script};
use rusqlite::Connection;

mod support;

use support::Session;

/// In the environment of a test that runs inside a session: the folder of its home.
const INSIDE: &str = "POINTSMAN_TEST_INSIDE";

/// In the shape of genai-prices' `prices/new_data/v2/data.json`: gpt-4o dearer, o3 cheaper, gpt-5 out of all
/// proportion, a model our own table has not, and one of a shape nobody here knows.
const LIST: &str = r#"[{"id": "openai", "name": "OpenAI", "models": [
    {"id": "gpt-4o", "match": {"equals": "gpt-4o"}, "prices": {"input_mtok": 3, "output_mtok": 12, "cache_read_mtok": 1.5}},
    {"id": "o3", "match": {"equals": "o3"}, "prices": {"input_mtok": 1, "output_mtok": 4, "cache_read_mtok": 0.25}},
    {"id": "gpt-5", "match": {"equals": "gpt-5"}, "prices": {"input_mtok": 0.01, "output_mtok": 10}},
    {"id": "gpt-next-99", "match": {"equals": "gpt-next-99"}, "context_window": 64000, "prices": {"input_mtok": 1, "output_mtok": 2}},
    {"id": "odd", "match": {"equals": "odd"}, "prices": {"input_smell": 1, "output_mtok": 2}}]}]"#;

/// Runs the test of this name again as a process of a session with an unlocked keychain; the keychain of the
/// machine is never touched. `None` outside, once that is done.
fn inside(name: &str) -> Option<PathBuf> {
    if let Some(home) = std::env::var_os(INSIDE) {
        return Some(PathBuf::from(home));
    }
    let session = Session::start();
    let mut command = session.command(std::env::current_exe().expect("a path"));
    let status = command.args(["--exact", name, "--nocapture"]).env(INSIDE, session.folder().join("prices")).status();
    assert!(status.expect("it starts").success(), "{name} failed inside the session");
    None
}

fn open(home: &Path, caller: Caller) -> Gateway {
    Gateway::open(Home::at(Some(home.to_owned())).expect("a home"), caller).expect("a gateway")
}

fn policy(server: &Practice, refresh: &str) -> String {
    let url = server.base_url();
    format!(
        "defaults:\n  ask: {{ provider: openai, model: gpt-4o, max_tokens: 1000 }}\nproviders:\n  openai: {{ key: {{ env: POINTSMAN_TEST_NOT_SET }} }}\nprices: {{ refresh: {refresh}, url: \"{url}/models\" }}\n"
    )
}

/// The practice server answers the next question for its models with this.
fn answer(server: &Practice, body: &str) {
    server.script(Script { body: Some(body.into()), ..Script::default() }.on(Endpoint::Models));
}

async fn models(gateway: &Gateway) -> Models {
    gateway.models(ModelsQuery { provider: Some("openai".into()), live: false }).await.expect("models")
}

fn of<'a>(models: &'a Models, name: &str) -> &'a ModelLine {
    let id = format!("openai/{name}");
    models.models.iter().find(|line| line.model == id).unwrap_or_else(|| panic!("{id}: {:#?}", models.notices))
}

fn asks(models: &Models, name: &str) -> (String, String) {
    let line = of(models, name);
    let shown = |amount: &Option<serde_json::Number>| amount.as_ref().expect("a price").to_string();
    (shown(&line.input_usd), shown(&line.output_usd))
}

async fn most(gateway: &Gateway) -> String {
    let query = EstimateQuery { prompt: "four".repeat(1000), max_tokens: Some(1000), models: vec!["gpt-4o".into()] };
    let estimate = gateway.estimate(query).await.expect("an estimate");
    estimate.models[0].worst_usd.as_ref().expect("a price").to_string()
}

#[tokio::test]
async fn a_refreshed_list_makes_a_model_dearer_never_cheaper_and_is_signed() {
    let Some(home) = inside("a_refreshed_list_makes_a_model_dearer_never_cheaper_and_is_signed") else { return };
    let server = Practice::start(Options::default()).await.expect("a server");
    let gateway = open(&home, Caller::app());
    std::fs::write(gateway.home().policy_path(), policy(&server, "daily")).expect("saved");
    let before = models(&gateway).await;
    assert_eq!(before.prices_from, "genai-prices 0.2.1 of 2026-10-30; no newer list was fetched yet");
    assert_eq!(asks(&before, "gpt-4o"), ("2.5".into(), "10".into()));
    let held = most(&gateway).await;

    answer(&server, LIST);
    let said = gateway.refresh_prices().await.expect("refreshed");
    assert_eq!(
        said,
        "The list of prices was fetched: 3 prices differ from those of this program, 1 was left alone as too far off, 1 could not be read."
    );
    let request = &server.received()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/v1/models"));
    assert!(request.header("authorization").is_none(), "a list is public: no key goes with it");

    let server_of_a_client = Caller { surface: Surface::Mcp, ..Caller::cli() };
    let other = open(&home, server_of_a_client);
    for process in [&gateway, &other] {
        let after = models(process).await;
        assert_eq!(asks(&after, "gpt-4o"), ("3".into(), "12".into()), "dearer");
        let source = of(&after, "gpt-4o").price_source.clone().expect("a source");
        assert!(source.starts_with("refreshed list of 20"), "{source}");
        assert_eq!(asks(&after, "o3"), ("2".into(), "8".into()), "cheaper is not counted by");
        let fell = of(&after, "o3").other_price.clone().expect("but told");
        assert!(fell.starts_with("refreshed list of 20") && fell.ends_with(": $1.00 in, $4.00 out"), "{fell}");
        assert_eq!(asks(&after, "gpt-5"), ("1.25".into(), "10".into()), "out of all proportion");
        assert_eq!(asks(&after, "gpt-next-99"), ("1".into(), "2".into()), "known since");
        assert_eq!(of(&after, "gpt-next-99").context, Some(64_000));
        assert!(
            after.prices_from.starts_with("genai-prices 0.2.1 of 2026-10-30, refreshed on 20"),
            "{}",
            after.prices_from
        );
        let alone = "openai/gpt-5: $0.01 for a million input tokens in the refreshed list, $1.25 here: left alone.";
        assert_eq!(after.notices, [alone]);
    }
    assert_ne!(most(&other).await, held, "what would be held is reckoned by the dearer price");
    let refused = other.refresh_prices().await.expect_err("a server fetches nothing");
    assert!(refused.sentence.contains("pointsman models --refresh-prices"), "{refused:?}");

    // Another program may write the row; it then says nothing at all.
    let sqlite = Connection::open(gateway.home().ledger_path()).expect("sqlite3");
    for forged in [
        "fetched_ms = fetched_ms + 1",
        "fetched_ms = fetched_ms - 1, list = replace(list, 'input=3 ', 'input=2.6 ')",
        "fetched_ms = fetched_ms + 1, url = 'https://other.example'",
    ] {
        assert_eq!(sqlite.execute(&format!("UPDATE price_list SET {forged}"), []), Ok(1), "any program can");
        for process in [&gateway, &other] {
            let after = models(process).await;
            assert_eq!(asks(&after, "gpt-4o"), ("2.5".into(), "10".into()), "{forged}");
            assert!(after.notices[0].contains("was not fetched by Pointsman"), "{:?}", after.notices);
        }
        answer(&server, LIST);
        gateway.refresh_prices().await.expect("and the next refresh mends it");
        assert_eq!(asks(&models(&other).await, "gpt-4o"), ("3".into(), "12".into()));
    }

    // Switched off, it has no effect.
    std::fs::write(gateway.home().policy_path(), policy(&server, "off")).expect("saved");
    let off = models(&other).await;
    assert_eq!(asks(&off, "gpt-4o"), ("2.5".into(), "10".into()));
    assert_eq!((off.prices_from.as_str(), off.notices.len()), ("genai-prices 0.2.1 of 2026-10-30", 0));
}

#[tokio::test]
async fn a_refresh_that_fails_is_shown_and_the_list_before_it_stays() {
    let Some(home) = inside("a_refresh_that_fails_is_shown_and_the_list_before_it_stays") else { return };
    let server = Practice::start(Options::default()).await.expect("a server");
    let gateway = open(&home, Caller::app());
    std::fs::write(gateway.home().policy_path(), policy(&server, "daily")).expect("saved");
    answer(&server, LIST);
    let long_running = Duration::from_secs(3_600);
    gateway.refresh_prices_when_due(Duration::ZERO).await.expect("not at once");
    assert!(server.received().is_empty(), "the start is put off");
    gateway.refresh_prices_when_due(long_running).await.expect("fetched");
    gateway.refresh_prices_when_due(long_running).await.expect("not due");
    assert_eq!(server.received().len(), 1, "once a day");

    for (script, why) in [
        (Script::status(500), "was answered with HTTP 500."),
        (Script::redirect("http://127.0.0.1:1/"), "was answered with HTTP 30"),
        (
            Script { body: Some("{}".into()), ..Script::default() },
            "is not one that can be read: the data is no list of providers.",
        ),
        (Script { body: Some("[]".into()), ..Script::default() }, "it has no price of a provider that is known here."),
        (Script { body: Some(" ".repeat(5 << 20)), ..Script::default() }, "is longer than 4 MiB."),
        (Script::hang_up(), ""),
    ] {
        server.script(script.on(Endpoint::Models));
        let denial = gateway.refresh_prices().await.expect_err("it fails");
        assert!(denial.sentence.contains(why), "{denial:?}");
        let after = models(&gateway).await;
        let told = &after.notices[0];
        assert!(
            told.starts_with("Last refresh of list prices failed, on 20") && told.ends_with(&denial.sentence),
            "{told}"
        );
        assert_eq!(asks(&after, "gpt-4o"), ("3".into(), "12".into()), "the list before stays");
    }
    let asked = server.received().len();
    gateway.refresh_prices_when_due(long_running).await.expect("not within the hour");
    assert_eq!(server.received().len(), asked);
    let sqlite = Connection::open(gateway.home().ledger_path()).expect("sqlite3");
    let back = "UPDATE setting SET value = '1000 ' || substr(value, instr(value, ' ') + 1) WHERE name = 'prices_tried'";
    assert_eq!(sqlite.execute(back, []), Ok(1), "as if the last try were long ago");
    answer(&server, LIST);
    gateway.refresh_prices_when_due(long_running).await.expect("due again");
    assert!(!models(&gateway).await.notices[0].contains("failed"), "a list that was had ends the complaint");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_refreshes_prices_at_a_terminal_where_the_file_wants_them() {
    let (session, server) = (Session::start(), Practice::start(Options::default()).await.expect("a server"));
    let run = |arguments: &[&str]| tokio::task::block_in_place(|| session.pointsman(arguments, ""));
    session.policy(&policy(&server, "off"));
    let off = run(&["models", "--refresh-prices"]);
    assert_eq!(off.code(), 1, "{off:?}");
    assert!(off.stderr.contains("prices: { refresh: daily }"), "{off:?}");
    assert!(server.received().is_empty(), "nobody was asked");

    let on = (Session::start(), policy(&server, "daily"));
    on.0.policy(&on.1);
    answer(&server, LIST);
    let said =
        tokio::task::block_in_place(|| on.0.pointsman(&["models", "--refresh-prices", "--provider", "openai"], ""));
    assert_eq!(said.code(), 0, "{said:?}");
    assert!(said.stderr.starts_with("The list of prices was fetched: 3 prices differ"), "{said:?}");
    let line = said.stdout.lines().find(|line| line.starts_with("openai/gpt-4o ")).expect("a line of it");
    assert!(line.contains("$3 ") && line.contains("$12 "), "{line}");
    assert!(said.stdout.contains("genai-prices 0.2.1 of 2026-10-30, refreshed on 20"), "{said:?}");
    let later = tokio::task::block_in_place(|| on.0.pointsman(&["models", "--provider", "openai"], ""));
    assert!(later.stdout.contains("refreshed on 20") && server.received().len() == 1, "the list stays: {later:?}");
}
