//! Caps through the whole journey: what leaves, what is said, what is denied.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pointsman_core::budget::Window;
use pointsman_core::chat::{Chat, Message, Role};
use pointsman_core::code::Code;
use pointsman_core::id::{ClientId, ModelId, ProjectName};
use pointsman_core::money::{MicroUsd, Price};
use pointsman_core::plan::Wanted;
use pointsman_core::policy;
use pointsman_engine::reply::Status;
use pointsman_engine::report::SpendQuery;
use pointsman_engine::{CallContext, Caller, ChatCall, Envelope, ExplainCall, Gateway, Home, RouteCall};
use pointsman_practice::{Counts, Options, Practice, Script};

struct Room {
    _folder: tempfile::TempDir,
    server: Practice,
    gateway: Gateway,
}

/// A class whose first choice is billed and whose fallback runs here, under these caps.
///
/// "hello" is at most 38 tokens in and 100 out: at $1 and $2 a million, 238 µ$ at the most.
async fn room(caps: &str) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let server = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let text = format!(
        r#"version: "1"
caps:
{caps}
defaults:
  ask: {{ provider: away, model: practice-small, max_tokens: 100 }}
  only: {{ provider: away, model: practice-small, max_tokens: 100 }}
fallback:
  ask: [{{ provider: here, model: practice-large }}]
providers:
  away: {{ wire: openai_chat, base_url: "{base}", key: {{ env: CARGO_MANIFEST_DIR }} }}
  here: {{ wire: openai_chat, base_url: "{base}", local: true }}
models:
  away/practice-small: {{ price: {{ input: 1, output: 2 }} }}
retry: {{ delays_s: [], jitter: 0 }}
"#,
        base = server.base_url()
    );
    std::fs::write(home.path().join("routing.yaml"), text).unwrap();
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, server, gateway }
}

impl Room {
    async fn route(&self, class: &str) -> Envelope {
        self.route_as(&self.gateway, class).await
    }

    async fn route_as(&self, gateway: &Gateway, class: &str) -> Envelope {
        let call = RouteCall { task_class: class.into(), prompt: "hello".into(), ..RouteCall::default() };
        gateway.route(call, CallContext::quiet("llm_route")).await
    }

    /// The same home as a client's server of this name and project.
    fn server_of(&self, client: &str, project: Option<&str>) -> Gateway {
        let caller = Caller {
            surface: pointsman_engine::Surface::Mcp,
            client: ClientId::parse(client).ok(),
            project: project.and_then(|name| ProjectName::parse(name).ok()),
            probe: false,
        };
        Gateway::open(self.gateway.home().clone(), caller).unwrap()
    }

    fn answers(&self, input: u64, output: u64) {
        self.server.default_script(Script::text("yes").usage(Counts { input, output, ..Counts::default() }));
    }

    async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
        let held = self.gateway.spend_report(SpendQuery::default()).await.unwrap().held_usd;
        assert_eq!(held.to_string(), "0", "nothing stays held");
    }
}

#[tokio::test]
async fn of_three_calls_at_once_that_do_not_fit_together_exactly_one_is_sent() {
    // Each may cost 238 µ$; the cap has room for one.
    let room = room("  - { window: day, limit_usd: 0.00026 }").await;
    room.server.default_script(Script::text("yes").held());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let gateway = Gateway::open(room.gateway.home().clone(), Caller::cli()).unwrap();
        let call = RouteCall { task_class: "only".into(), prompt: "hello".into(), ..RouteCall::default() };
        calls.spawn(async move { gateway.route(call, CallContext::quiet("llm_route")).await });
    }
    // The one that is sent cannot end before it is let go.
    for _ in 0..2 {
        assert_eq!(calls.join_next().await.unwrap().unwrap().code, Some(Code::CapExceeded));
    }
    room.server.arrived(1).await;
    room.server.release_all();
    assert_eq!(calls.join_next().await.unwrap().unwrap().status, Status::Success);
    assert_eq!(room.server.chats().len(), 1);
    room.books_are_right().await;
}

#[tokio::test]
async fn at_a_local_only_cap_the_next_model_of_this_machine_answers() {
    let room = room("  - { window: day, limit_usd: 0.0001, on_hit: local_only }").await;
    room.answers(10, 10);
    let got = room.route("ask").await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    assert_eq!((got.meta.provider.as_deref(), got.meta.cost_usd.to_string().as_str()), (Some("here"), "0"));
    assert_eq!(
        got.meta.warnings[0],
        "The day cap of $0.0001 has no room: $0.00 used, and this call may need $0.0002. here/practice-large of this machine was asked instead."
    );
    let route = got.meta.route.unwrap();
    assert_eq!(route.fallback_from.as_deref(), Some("away/practice-small"));
    assert!(
        route.reason.ends_with("A cap leaves only models of this machine; here/practice-large was asked."),
        "{}",
        route.reason
    );
    let models: Vec<_> = room.server.chats().iter().map(|chat| chat.json()["model"].clone()).collect();
    assert_eq!(models, ["practice-large"], "nothing went to the model that is billed");

    let none = room.route("only").await;
    assert_eq!(none.code, Some(Code::CapExceeded));
    assert!(
        none.error.unwrap().contains("It leaves only models of this machine, and this call has none that can answer.")
    );
    assert_eq!(room.server.chats().len(), 1);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_fallback_that_a_local_only_cap_has_no_room_for_is_passed_over() {
    let room = room("  - { window: day, limit_usd: 0.0003, on_hit: local_only }").await;
    // The first attempt is lost after it was sent, so all of it is charged; the retry has no room.
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap().replace("delays_s: []", "delays_s: [0.01]");
    std::fs::write(&path, text.replace("providers:\n", "providers:\n  # a retry\n")).unwrap();
    let usage = Counts { input: 38, output: 100, ..Counts::default() };
    room.server.script(Script::text("").usage(usage));
    room.answers(10, 10);
    let got = room.route("ask").await;
    assert_eq!((got.status, got.meta.provider.as_deref()), (Status::Success, Some("here")), "{got:?}");
    assert_eq!(got.meta.cost_usd.to_string(), "0.000238", "the empty answer is paid for");
    let sql = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    let rows: (i64, i64) = sql
        .query_row("SELECT count(*), sum(charge_micro) FROM attempt", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let sent = i64::try_from(room.server.chats().len()).unwrap();
    assert_eq!(rows, (sent, 238), "one row for each call that was sent, and their sum");
    room.books_are_right().await;
}

#[tokio::test]
async fn a_cap_that_warns_lets_the_call_go_and_says_so() {
    let room = room("  - { scope: model, window: total, limit_usd: 0.0001, on_hit: warn }").await;
    room.answers(10, 10);
    let got = room.route("only").await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    assert_eq!(
        got.meta.warnings,
        [
            "The total cap of $0.0001 for away/practice-small may be passed: $0.00 used, and this call may need $0.0002. It never resets."
        ]
    );
    room.books_are_right().await;
}

#[tokio::test]
async fn a_cap_that_asks_refuses_because_nothing_can_ask_yet() {
    let room = room("  - { window: week, limit_usd: 0.0001, on_hit: ask }").await;
    let got = room.route("ask").await;
    assert_eq!(got.code, Some(Code::NeedsApproval), "{got:?}");
    let sentence = got.error.unwrap();
    assert!(sentence.contains("It says ask, and this version cannot ask yet, so the call is refused."), "{sentence}");
    assert!(room.server.received().is_empty());
    room.books_are_right().await;
}

#[tokio::test]
async fn a_client_and_a_project_are_those_of_the_entry() {
    let caps = "  - { scope: client, name: cursor, window: day, limit_usd: 0.0003 }\n  - { scope: project, window: month, limit_usd: 0.0006 }";
    let room = room(caps).await;
    room.answers(38, 100);
    let (cursor, code) = (room.server_of("cursor", Some("site")), room.server_of("claude-code", Some("site")));
    assert_eq!(room.route_as(&cursor, "only").await.status, Status::Success);
    let full = room.route_as(&cursor, "only").await;
    assert_eq!(full.code, Some(Code::CapExceeded));
    assert!(full.error.unwrap().starts_with("The day cap of $0.0003 for the client cursor has no room: $0.0002 used"));
    assert_eq!(room.route_as(&code, "only").await.status, Status::Success, "another client");
    let project = room.route_as(&code, "only").await;
    assert!(project.error.unwrap().starts_with("The month cap of $0.0006 for the project site has no room"));
    assert_eq!(room.route("only").await.status, Status::Success, "a call without a project has an account of its own");
    let report = room.gateway.spend_report(SpendQuery::default()).await.unwrap();
    let lines: Vec<_> = report.caps.iter().map(|cap| cap.line()).collect();
    assert_eq!(
        lines,
        [
            "Cap $0.0003 a day (client cursor): $0.000062 left, $0.000238 used",
            "Cap $0.0006 a month (project site): $0.000124 left, $0.000476 used",
            "Cap $0.0006 a month (no project): $0.000362 left, $0.000238 used",
        ]
    );
    room.books_are_right().await;
}

#[tokio::test]
async fn a_call_with_a_named_model_counts_as_chat() {
    let room = room("  - { scope: task_class, name: chat, window: hour, limit_usd: 0.0001 }").await;
    room.answers(1, 1);
    let chat = pointsman_core::chat::Chat {
        messages: vec![pointsman_core::chat::Message::text(pointsman_core::chat::Role::User, "hello".to_owned())],
        ..Default::default()
    };
    let call = ChatCall { chat, model: Some("away/practice-small".into()) };
    let got = room.gateway.chat(call, CallContext::quiet("chat_completion")).await;
    assert_eq!(got.code, Some(Code::CapExceeded), "{got:?}");
    assert!(got.error.unwrap().starts_with("The hour cap of $0.0001 for the task class chat has no room"));
    assert_eq!(room.route("only").await.status, Status::Success);
}

#[tokio::test]
async fn a_raise_that_the_app_did_not_sign_raises_nothing() {
    let room = room("  - { window: day, limit_usd: 0.0001 }").await;
    room.answers(1, 1);
    let text = std::fs::read_to_string(room.gateway.home().policy_path()).unwrap();
    let cap = policy::read(&text).policy.unwrap().caps[0].clone();
    assert_eq!(cap.window, Window::Day);
    let asked = room.gateway.raise_once(&cap.identity(), "", MicroUsd::from_micros(1_000_000)).await;
    assert_eq!(asked.unwrap_err().code, Code::NeedsApproval, "only the app raises a cap");
    assert_eq!(room.route("only").await.code, Some(Code::CapExceeded));
    let sql = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    let key: String =
        sql.query_row("SELECT window_key FROM account WHERE window = 'day'", [], |row| row.get(0)).unwrap();
    sql.execute(
        "INSERT INTO exception (cap, account, window_key, end_ms, amount_micro, at_ms, mac) VALUES (?1, '', ?2, ?3, 1000000, 1, x'00')",
        rusqlite::params![cap.identity(), key, i64::MAX],
    )
    .unwrap();
    assert_eq!(room.route("only").await.code, Some(Code::CapExceeded), "a row from outside raises nothing");
    assert!(room.server.received().is_empty());
    let report = room.gateway.spend_report(SpendQuery::default()).await.unwrap();
    assert_eq!((report.caps[0].limit_usd.to_string().as_str(), &report.caps[0].raised_usd), ("0.0001", &None));
}

#[tokio::test]
async fn alerts_are_told_once_and_a_corrected_price_changes_what_was_spent() {
    let room = room("  - { window: month, limit_usd: 0.0004, alerts: [50, 100] }").await;
    room.answers(38, 100);
    assert_eq!(room.route("only").await.status, Status::Success);
    let told = room.gateway.alerts_after(0).await.unwrap();
    assert_eq!(
        told.iter().map(|alert| alert.sentence.as_str()).collect::<Vec<_>>(),
        ["50 % of the month cap of $0.0004 is used."]
    );
    assert!(room.gateway.alerts_after(told[0].seq).await.unwrap().is_empty());

    let price = Price::flat(MicroUsd::from_micros(1_000_000), MicroUsd::from_micros(1_000_000));
    let model = ModelId::parse("away/practice-small").unwrap();
    let (from, before) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
    let server = room.server_of("cursor", None);
    assert_eq!(server.reprice(model.clone(), price.clone(), from, before).await.unwrap_err().code, Code::NeedsApproval);
    let done = room.gateway.reprice(model, price.clone(), from, before).await.unwrap();
    assert_eq!((done.corrected, done.amount.micros()), (1, 138 - 238));
    let report = room.gateway.spend_report(SpendQuery::default()).await.unwrap();
    assert_eq!((report.total_usd.to_string().as_str(), report.rows.len()), ("0.000138", 1));
    assert_eq!(report.caps[0].line(), "Cap $0.0004 a month (all): $0.000262 left, $0.000138 used");
    room.books_are_right().await;
}

#[tokio::test]
async fn overview_says_which_caps_are_nearly_or_wholly_used() {
    let caps = "  - { window: day, limit_usd: 0.0001, on_hit: warn }\n  - { window: day, limit_usd: 0.00028 }\n  - { scope: model, window: total, limit_usd: 0.000238 }";
    let room = room(caps).await;
    room.answers(38, 100);
    assert_eq!(room.route("only").await.status, Status::Success);
    let overview = room.gateway.overview().await.unwrap();
    let problems: Vec<_> = overview.problems.iter().filter(|row| row.id.starts_with("cap-")).collect();
    let told: Vec<_> = problems.iter().map(|row| (format!("{:?}", row.lamp), row.title.as_str())).collect();
    let row = |lamp: &str, title| (lamp.to_owned(), title);
    assert_eq!(
        told,
        [
            row("Stop", "The total cap for away/practice-small is reached"),
            row("Caution", "The day cap is reached"),
            row("Caution", "The day cap is 85 % used"),
        ]
    );
    assert!(problems[0].detail.ends_with("used. Such calls are refused until you raise it."), "{}", problems[0].detail);
    assert!(problems[0].id != problems[1].id && problems[1].id != problems[2].id);
    assert_eq!(overview.today.limit.unwrap().micros, 280, "a cap that only warns is no limit");
}

#[tokio::test]
async fn paused_without_preflight_and_max_tokens_nothing_is_sent() {
    let room = room("  - { window: day, limit_usd: 1 }\ncost_preflight: { enabled: false }").await;
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap().replace(", max_tokens: 100", "");
    std::fs::write(&path, text).unwrap();
    room.gateway.pause(pointsman_engine::PauseSpan::Hour).await.unwrap();
    for class in ["ask", "only"] {
        assert_eq!(room.route(class).await.code, Some(Code::Paused));
    }
    assert!(room.server.received().is_empty());
    room.books_are_right().await;
}

#[tokio::test]
async fn what_is_explained_of_caps_is_what_then_happens() {
    let local_only = "  - { window: day, limit_usd: 0.0001, on_hit: local_only }";
    let ask = "  - { window: day, limit_usd: 0.0001, on_hit: ask }";
    let warn = "  - { window: day, limit_usd: 0.0001, on_hit: warn }";
    // Less is left of the one that leaves local models than of the one that asks, which is stricter.
    let both = format!("{local_only}\n  - {{ window: month, limit_usd: 0.0002, on_hit: ask }}");
    for caps in [local_only, ask, warn, &both] {
        for class in ["ask", "only"] {
            let room = room(caps).await;
            room.answers(10, 10);
            let chat = Chat { messages: vec![Message::text(Role::User, "hello")], ..Chat::default() };
            let wanted = Wanted::Class { class: class.into(), override_model: None };
            let call = ExplainCall { wanted, chat, client: None, project: None };
            let said = room.gateway.explain(call).await.unwrap();
            assert!(room.server.received().is_empty(), "nothing is sent");
            room.books_are_right().await;
            let got = room.route(class).await;
            let answered =
                got.meta.model.as_ref().map(|model| format!("{}/{model}", got.meta.provider.clone().unwrap()));
            assert_eq!(said.code, got.code, "{caps} {class}: {said:?} {got:?}");
            assert_eq!(said.answers, answered.filter(|_| got.code.is_none()), "{caps} {class}: {said:?} {got:?}");
            if let Some(error) = got.error {
                assert_eq!(said.reason, error, "{caps} {class}");
            }
        }
    }
}
