//! The fixtures of the Activity page: a day of real calls against practice servers that fail in the ways
//! providers do, with the detail of each. See `written`.
//! To renew: `POINTSMAN_UPDATE=1 cargo test -p pointsman-engine --test screens_activity`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod written;

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use pointsman_core::chat::{Chat, Message, Params, ResponseFormat, Role};
use pointsman_core::id::{ClientId, ModelId};
use pointsman_core::money::{MicroUsd, Price, Rates};
use pointsman_engine::reply::Status;
use pointsman_engine::view::{ActivityQuery, AttemptEnd, AttemptWhy, RequestDetail, RequestState, RequestStep};
use pointsman_engine::{CallContext, Caller, ChatCall, Envelope, Gateway, Home, RouteCall, Surface};
use pointsman_practice::{Counts, Options, Practice, Script};

use written::written;

const LONG: &str = "summarize_the_whole_thread_of_the_quarterly_report_for_the_board";

struct Day {
    _folder: tempfile::TempDir,
    openai: Practice,
    deepseek: Practice,
    ollama: Practice,
    terminal: Gateway,
    claude: Gateway,
}

/// Three providers, each a practice server of its own; the openai one is the fallback of the deepseek one.
async fn day() -> Day {
    let folder = tempfile::tempdir().unwrap();
    let [openai, deepseek, ollama] = [start().await, start().await, start().await];
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let key = "key: { env: CARGO_MANIFEST_DIR }";
    let text = format!(
        r#"version: "1"
defaults:
  code_review: {{ provider: openai, model: gpt-6, max_tokens: 400 }}
  plan_change: {{ provider: openai, model: gpt-6-pro, max_tokens: 400 }}
  extract_json: {{ provider: openai, model: gpt-6-mini, max_tokens: 400, cache: true }}
  summarize: {{ provider: deepseek, model: deepseek-v4, max_tokens: 400 }}
  translate: {{ provider: openai, model: gpt-6-mini, max_tokens: 400 }}
  draft_reply: {{ provider: openai, model: gpt-6-mini, max_tokens: 400 }}
  second_opinion: {{ provider: deepseek, model: deepseek-v4, max_tokens: 400 }}
  {LONG}: {{ provider: deepseek, model: deepseek-v4-reasoner-preview-with-a-very-long-name-20261101, max_tokens: 400 }}
fallback:
  summarize: [{{ provider: openai, model: gpt-6-mini }}]
  draft_reply: [{{ provider: ollama, model: "qwen4-coder:14b" }}]
  {LONG}: [{{ provider: ollama, model: "qwen4-coder:14b" }}]
providers:
  openai: {{ base_url: "{}", {key} }}
  deepseek: {{ base_url: "{}", {key} }}
  ollama: {{ base_url: "{}" }}
models:
  openai/gpt-6: {{ price: {{ input: 2, output: 14 }} }}
  openai/gpt-6-pro: {{ price: {{ input: 4, output: 28 }} }}
  openai/gpt-6-mini: {{ price: {{ input: 0.2, output: 0.8 }} }}
  deepseek/deepseek-v4: {{ price: {{ input: 0.3, output: 0.5 }} }}
  deepseek/deepseek-v4-reasoner-preview-with-a-very-long-name-20261101: {{ price: {{ input: 0.6, output: 2.2 }} }}
caps:
  - {{ scope: all, window: day, limit_usd: 5 }}
  - {{ scope: all, window: month, limit_usd: 50 }}
  - {{ scope: task_class, name: translate, window: day, limit_usd: 0.0001 }}
  - {{ scope: task_class, name: draft_reply, window: day, limit_usd: 0.0001, on_hit: local_only }}
retry: {{ delays_s: [0.4, 0.9], jitter: 0 }}
"#,
        openai.base_url(),
        deepseek.base_url(),
        ollama.base_url(),
    );
    std::fs::write(home.path().join("routing.yaml"), text).unwrap();
    let terminal = Gateway::open(home.clone(), Caller::cli()).unwrap();
    let caller =
        Caller { surface: Surface::Mcp, client: ClientId::parse("claude-desktop").ok(), project: None, probe: false };
    let claude = Gateway::open(home, caller).unwrap();
    Day { _folder: folder, openai, deepseek, ollama, terminal, claude }
}

async fn start() -> Practice {
    Practice::start(Options::default()).await.unwrap()
}

fn call(class: &str) -> RouteCall {
    let prompt = "A prompt that no row may keep. ".repeat(300);
    RouteCall { task_class: class.into(), prompt, ..RouteCall::default() }
}

fn answer(input: u64, output: u64) -> Script {
    let script = Script::text("An answer of a few words that comes in pieces.");
    Script { first_token_delay_ms: 180, pace_ms: 12, ..script }.usage(Counts { input, output, ..Counts::default() })
}

impl Day {
    async fn route(&self, class: &str) -> Envelope {
        self.claude.route(call(class), CallContext::quiet("llm_route")).await
    }

    async fn newest(&self) -> RequestDetail {
        let row = self.terminal.activity(ActivityQuery { limit: 1, ..ActivityQuery::default() }).await.unwrap();
        self.terminal.request(&row.rows[0].id).await.unwrap()
    }

    /// Writes the newest request down.
    async fn keep(&self, name: &str) -> RequestDetail {
        let detail = self.newest().await;
        written(&format!("request-{name}"), &detail, &self.swaps());
        detail
    }

    fn swaps(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.terminal.home().path().display().to_string(), "/home/ada/.local/share/pointsman"),
            (self.openai.base_url(), "https://api.openai.com/v1"),
            (self.deepseek.base_url(), "https://api.deepseek.com/v1"),
            (self.ollama.base_url(), "http://127.0.0.1:11434/v1"),
        ]
    }

    /// A conversation that wants JSON and gets it at the second try.
    async fn mended(&self) {
        self.openai.script(Script::text("Certainly. The age is three.").usage(Counts {
            input: 60,
            output: 9,
            ..Counts::default()
        }));
        self.openai.script(Script::text("{\"age\": 3}").usage(Counts { input: 90, output: 7, ..Counts::default() }));
        let schema = serde_json::json!({ "type": "object", "properties": { "age": { "type": "integer" } }, "required": ["age"], "additionalProperties": false });
        let format = ResponseFormat::JsonSchema { name: "age".into(), schema, strict: true };
        let params = Params { response_format: Some(format), max_tokens: Some(50), ..Params::default() };
        let chat = Chat { messages: vec![Message::text(Role::User, "How old?")], params };
        let call = ChatCall { chat, model: Some("openai/gpt-6-mini".into()) };
        let got = self.claude.chat(call, CallContext::quiet("chat_completion")).await;
        assert_eq!(got.status, Status::Success, "{got:?}");
    }

    /// A call whose provider has it and says nothing.
    async fn under_way(&self) -> tokio::task::JoinHandle<Envelope> {
        let before = self.openai.received().len();
        self.openai.script(answer(2_140, 90).held());
        let gateway = self.claude.clone();
        let going =
            tokio::spawn(async move { gateway.route(call("code_review"), CallContext::quiet("llm_route")).await });
        self.openai.arrived(before + 1).await;
        going
    }
}

fn attempts(detail: &RequestDetail) -> Vec<(AttemptWhy, u32, AttemptEnd)> {
    let pick = |step: &RequestStep| match step {
        RequestStep::Attempt { why, lane, end, .. } => Some((*why, *lane, *end)),
        _ => None,
    };
    detail.steps.iter().filter_map(pick).collect()
}

#[tokio::test]
async fn a_day_of_calls_and_the_way_each_of_them_went() {
    use AttemptEnd::{Answered, Failed};
    use AttemptWhy::{Fallback, First, Local, Mend, Retry};
    let day = day().await;

    day.openai.script(answer(6_512, 390));
    let got = day.route("plan_change").await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    let (from, before) = (Timestamp::now() - 1.hour(), Timestamp::now() + 1.hour());
    let usd = |dollars: i64| MicroUsd::from_micros(dollars * 1_000_000);
    let dearer = Price { base: Rates { input: usd(5), output: usd(30), ..Rates::default() }, ..Price::FREE };
    day.terminal.reprice(ModelId::parse("openai/gpt-6-pro").unwrap(), dearer, from, before).await.unwrap();
    let detail = day.keep("adjusted").await;
    assert_eq!(detail.adjusted.as_ref().unwrap().micros, 6_512 + 390 * 2);
    assert!(detail.policy.is_some(), "also of the call that activated it");
    assert!(matches!(detail.steps.last(), Some(RequestStep::Adjusted { nth: Some(1), .. })), "{detail:?}");

    day.openai.script(answer(820, 44));
    day.route("extract_json").await;
    assert!(matches!(day.newest().await.steps[1], RequestStep::NotKept { .. }));
    day.route("extract_json").await;
    let detail = day.keep("kept").await;
    assert!(matches!(detail.steps.last(), Some(RequestStep::Kept { since_ms: Some(_), .. })), "{detail:?}");
    assert_eq!((detail.row.state, detail.held_at_most.is_none()), (RequestState::Kept, true));

    day.mended().await;
    let detail = day.keep("mended").await;
    assert_eq!(attempts(&detail), [(First, 0, Failed), (Mend, 0, Answered)]);
    assert_eq!(detail.tokens.unwrap().input, 150, "of both");

    day.deepseek.script(Script { no_usage: true, ..Script::cut(3) });
    day.openai.script(answer(4_020, 300));
    day.route("summarize").await;
    let detail = day.keep("assumed").await;
    assert_eq!(attempts(&detail), [(First, 0, Failed), (Fallback, 1, Answered)]);
    assert!(detail.assumed.unwrap().micros > 0);

    day.deepseek.script(Script::status(503).times(3));
    day.route("second_opinion").await;
    let detail = day.keep("failed").await;
    assert_eq!(attempts(&detail), [(First, 0, Failed), (Retry, 0, Failed), (Retry, 0, Failed)]);
    assert!(matches!(detail.steps.last(), Some(RequestStep::Ended { state: RequestState::Failed, .. })), "{detail:?}");

    day.route("translate").await;
    let detail = day.keep("denied").await;
    let Some(RequestStep::Denied { caps, code, .. }) = detail.steps.last() else { panic!("{detail:?}") };
    assert_eq!((code.as_str(), caps.len()), ("cap_exceeded", 3));
    let hits: Vec<_> = caps.iter().filter_map(|cap| cap.hit.as_deref()).collect();
    assert_eq!(hits, ["block"], "and which one of them it was");
    assert!(day.ollama.received().is_empty());

    day.ollama.script(answer(1_733, 80));
    day.route("draft_reply").await;
    let detail = day.keep("local").await;
    assert_eq!(attempts(&detail), [(Local, 1, Answered)]);

    let words = "The model `deepseek-v4-reasoner-preview` is overloaded with requests of other accounts. ".repeat(6);
    let error = serde_json::json!({ "message": words, "type": "server_error", "code": null });
    day.deepseek.script(Script { error: Some(error), ..Script::status(500).times(3) });
    day.ollama.script(answer(5_014, 120));
    day.route(LONG).await;
    day.keep("long").await;

    stopped_early(&day).await;

    day.deepseek.script(Script::status(429).times(2));
    day.deepseek.script(Script::status(429).retry_after(Duration::from_secs(90)));
    day.openai.script(answer(3_790, 398));
    day.route("summarize").await;
    let detail = day.keep("fallback").await;
    assert_eq!(
        attempts(&detail),
        [(First, 0, Failed), (Retry, 0, Failed), (Retry, 0, Failed), (Fallback, 1, Answered)]
    );
    let RequestStep::Attempt { waited_ms: Some(waited), retry_after_ms: None, .. } = detail.steps[3] else {
        panic!("{detail:?}")
    };
    assert!(waited >= 400, "{waited} ms before the second try");
    assert!(matches!(detail.steps[4], RequestStep::Attempt { retry_after_ms: Some(90_000), .. }), "{detail:?}");

    day.openai.script(answer(6_512, 390));
    day.terminal.route(call("code_review"), CallContext::quiet("route")).await;
    let detail = day.keep("answered").await;
    assert!(detail.first_ms.unwrap() >= 180);
    assert_eq!(
        (detail.rule.as_str(), detail.policy.as_ref().map(|ruled| ruled.number)),
        ("defaults.code_review", Some(1))
    );
    let RequestStep::Held { caps, .. } = &detail.steps[1] else { panic!("{detail:?}") };
    assert_eq!(caps.len(), 2, "the two caps that count it");

    let going = day.under_way().await;
    let detail = day.keep("running").await;
    assert_eq!(attempts(&detail), [(First, 0, AttemptEnd::Running)]);
    let page = day.terminal.activity(ActivityQuery::default()).await.unwrap();
    written("activity-day", &page, &day.swaps());
    day.openai.release_all();
    assert_eq!(going.await.unwrap().status, Status::Success);

    assert_eq!(day.terminal.audit().await.unwrap(), Vec::<String>::new());
    no_row_keeps_the_prompt(&day).await;
    what_no_row_says_is_left_out(&day).await;
}

/// A call that its caller cancels, and one whose process goes away.
async fn stopped_early(day: &Day) {
    let before = day.openai.received().len();
    day.openai.script(Script::stall(1));
    let (ctx, gateway) = (CallContext::quiet("llm_route"), day.claude.clone());
    let cancel = ctx.cancel.clone();
    let going = tokio::spawn(async move { gateway.route(call("code_review"), ctx).await });
    day.openai.arrived(before + 1).await;
    cancel.cancel();
    going.await.unwrap();
    assert_eq!(attempts(&day.keep("cancelled").await), [(AttemptWhy::First, 0, AttemptEnd::Cancelled)]);

    let going = day.under_way().await;
    going.abort();
    assert!(going.await.unwrap_err().is_cancelled());
    day.terminal.tidy().await.unwrap();
    day.claude.tidy().await.unwrap();
    let detail = day.keep("interrupted").await;
    assert_eq!(attempts(&detail), [(AttemptWhy::First, 0, AttemptEnd::Lost)]);
    day.openai.release_all();
}

/// A call of a program that kept less, and one of a program that keeps what this one cannot read.
async fn what_no_row_says_is_left_out(day: &Day) {
    let id = day.newest().await.row.id;
    let ledger = rusqlite::Connection::open(day.terminal.home().ledger_path()).unwrap();
    for trace in [None, Some("{\"of\": \"a newer program\"}")] {
        ledger
            .execute("UPDATE request SET trace = ?2, checked = ?2 WHERE id = ?1", rusqlite::params![id, trace])
            .unwrap();
        let detail = day.terminal.request(&id).await.unwrap();
        assert_eq!((detail.rule.as_str(), &detail.policy), ("", &None));
        let [RequestStep::Held { caps, .. }, RequestStep::Attempt { why, .. }, RequestStep::Ended { .. }] =
            detail.steps.as_slice()
        else {
            panic!("{detail:?}")
        };
        assert!(caps.is_empty() && *why == AttemptWhy::First);
    }
}

async fn no_row_keeps_the_prompt(day: &Day) {
    let page = day.terminal.activity(ActivityQuery::default()).await.unwrap();
    for row in &page.rows {
        let text = serde_json::to_string(&day.terminal.request(&row.id).await.unwrap()).unwrap();
        assert!(!text.contains("no row may keep") && !text.contains("comes in pieces"), "{text}");
    }
    let missing = day.terminal.request("r-none").await.unwrap_err();
    assert_eq!(missing.code.as_str(), "not_found");
}

#[tokio::test]
async fn older_requests_follow_page_by_page_each_once() {
    let day = day().await;
    for _ in 0..7 {
        day.route("translate").await;
    }
    let (mut before, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = day.terminal.activity(ActivityQuery { limit: 3, before, ..ActivityQuery::default() }).await.unwrap();
        pages += 1;
        seen.extend(page.rows.into_iter().map(|row| row.id));
        before = page.older;
        if before.is_none() {
            break;
        }
        // What comes meanwhile is newer and moves nothing.
        day.route("translate").await;
    }
    assert_eq!((seen.len(), pages), (7, 3));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
    let refused = day.terminal.activity(ActivityQuery { before: Some("no place".into()), ..ActivityQuery::default() });
    assert_eq!(refused.await.unwrap_err().code.as_str(), "invalid_request");
}
