//! A home with three weeks of calls by several clients, for one test. Every call is really made; its rows
//! are then moved to the day they stand for, so what is summed is what a gateway wrote.
#![allow(dead_code, unreachable_pub)]

use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use pointsman_core::id::{ClientId, ProjectName};
use pointsman_engine::{CallContext, Caller, Envelope, Gateway, Home, RouteCall, Surface};
use pointsman_practice::{Counts, Options, Practice, Script};
use rusqlite::Connection;

pub struct Month {
    _folder: tempfile::TempDir,
    pub server: Practice,
    pub gateway: Gateway,
    desktop: Gateway,
    code: Gateway,
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum Who {
    Desktop,
    Code,
    Terminal,
}

/// One call of a day: who, which class, tokens in and out, and at which hour and minute.
type Call = (Who, &'static str, u64, u64, (i8, i8));

/// A Saturday in November, 14:24 in Berlin: what the page tests call now.
pub fn now() -> Timestamp {
    "2026-11-21T13:24:00Z".parse().unwrap()
}

/// The caps of the month, in the order of the file.
pub const CAPS: &str = r#"caps:
  - { scope: all, window: day, limit_usd: 1.00 }
  # Rent of the month.
  - scope: all
    window: month
    limit_usd: 20.00
  - { scope: task_class, name: plan_change, window: week, limit_usd: 2.20 }
  - { scope: provider, name: anthropic, window: month, limit_usd: 8.00, on_hit: local_only, alerts: [60, 90] }
  - { scope: client, window: day, limit_usd: 0.80, on_hit: warn }
  - { scope: all, window: call, limit_usd: 0.75 }
"#;

impl Month {
    /// A home with these caps and nothing asked yet.
    pub async fn empty(caps: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Practice::start(Options::default()).await.unwrap();
        let home = Home::at(Some(folder.path().join("home"))).unwrap();
        let base = server.base_url();
        let away = |id: &str| {
            format!("  {id}: {{ wire: openai_chat, base_url: \"{base}\", key: {{ env: CARGO_MANIFEST_DIR }} }}\n")
        };
        let providers: String = ["openai", "deepseek", "xai", "together"].map(away).concat();
        let text = format!(
            r#"version: "14"
{caps}defaults:
  code_review: {{ provider: anthropic, model: claude-opus-5, max_tokens: 2000 }}
  plan_change: {{ provider: openai, model: gpt-6, max_tokens: 2000 }}
  summarize: {{ provider: openai, model: gpt-6-mini, max_tokens: 2000 }}
  extract_json: {{ provider: deepseek, model: deepseek-v4, max_tokens: 2000 }}
  second_opinion: {{ provider: xai, model: grok-5-fast, max_tokens: 2000 }}
  translate: {{ provider: together, model: mistral-large-4, max_tokens: 2000, cache: true }}
  notes: {{ provider: ollama, model: "qwen4-coder:14b", max_tokens: 2000 }}
providers:
{providers}  anthropic: {{ base_url: "{base}", key: {{ env: CARGO_MANIFEST_DIR }} }}
  ollama: {{ base_url: "{base}" }}
models:
  anthropic/claude-opus-5: {{ price: {{ input: 15, output: 75, cached_input: 1.5 }} }}
  openai/gpt-6: {{ price: {{ input: 10, output: 40 }} }}
  openai/gpt-6-mini: {{ price: {{ input: 3, output: 12 }} }}
  deepseek/deepseek-v4: {{ price: {{ input: 1, output: 4 }} }}
  xai/grok-5-fast: {{ price: {{ input: 2, output: 10 }} }}
  together/mistral-large-4: {{ price: {{ input: 2, output: 8 }} }}
retry: {{ delays_s: [], jitter: 0 }}
"#
        );
        std::fs::write(home.path().join("routing.yaml"), text).unwrap();
        let gateway = Gateway::open(home, Caller::app()).unwrap();
        let month = Self {
            desktop: as_client(&gateway, "claude-desktop", None),
            code: as_client(&gateway, "claude-code", Some("pointsman")),
            _folder: folder,
            server,
            gateway,
        };
        month.sql("INSERT INTO setting (name, value) VALUES ('zone', 'Europe/Berlin') ON CONFLICT DO UPDATE SET value = 'Europe/Berlin'");
        month
    }

    /// The same with three weeks of calls.
    pub async fn full() -> Self {
        let month = Self::empty(CAPS).await;
        for day in 1..=20i8 {
            let quiet = [1, 7, 8, 14, 15].contains(&day);
            for (nth, call) in calls(day).into_iter().enumerate() {
                if !quiet || nth % 3 == 0 {
                    month.call(day, call).await;
                }
            }
        }
        for call in [
            (Who::Code, "code_review", 5_310, 1_592, (9, 12)),
            (Who::Code, "code_review", 4_480, 1_207, (10, 40)),
            (Who::Desktop, "plan_change", 5_120, 1_811, (11, 5)),
            (Who::Desktop, "extract_json", 1_402, 331, (12, 31)),
            (Who::Terminal, "second_opinion", 2_204, 398, (13, 10)),
            (Who::Code, "summarize", 3_790, 398, (14, 2)),
        ] {
            month.call(21, call).await;
        }
        month
    }

    /// Makes one call and moves it to its day in November.
    pub async fn call(&self, day: i8, (who, class, input, output, at): Call) {
        let cached_input = if class == "code_review" { input / 2 } else { 0 };
        let counts = Counts { input, cached: cached_input, output, reasoning: output / 3, ..Counts::default() };
        self.server.default_script(Script::text("yes").usage(counts));
        self.ask(who, class, &format!("{day} {at:?} {class}")).await;
        self.moved(day, at);
    }

    /// One call of 6 kB, whatever the server answers.
    pub async fn ask(&self, who: Who, class: &str, about: &str) -> Envelope {
        let prompt = format!("{about} {}", "read this ".repeat(600));
        let call = RouteCall { task_class: class.into(), prompt, ..RouteCall::default() };
        let terminal = as_terminal(&self.gateway);
        let gateway = match who {
            Who::Desktop => &self.desktop,
            Who::Code => &self.code,
            Who::Terminal => &terminal,
        };
        gateway.route(call, CallContext::quiet("llm_route")).await
    }

    /// Moves the newest request, which has not been moved yet, to an instant in November.
    pub fn moved(&self, day: i8, time: (i8, i8)) {
        self.moved_nth(0, day, time);
    }

    /// The same for the one that is so many before the newest.
    pub fn moved_nth(&self, back: u32, day: i8, (hour, minute): (i8, i8)) {
        let at = date(2026, 11, day).at(hour, minute, 7, 0).in_tz("Europe/Berlin").unwrap().timestamp();
        let (at, end) = (at.as_millisecond(), (at + 4.seconds()).as_millisecond());
        // An id begins with the time it was made at.
        let newest = "SELECT id FROM request ORDER BY id DESC LIMIT 1 OFFSET ?1";
        let id: String = self.ledger().query_row(newest, [back], |row| row.get(0)).unwrap();
        self.sql(&format!(
            "UPDATE request SET started_ms = {at}, ended_ms = iif(ended_ms IS NULL, NULL, {end}) WHERE id = '{id}';
             UPDATE reservation SET made_ms = {at} WHERE id = '{id}';
             UPDATE attempt SET made_ms = {at}, sent_ms = {at}, ended_ms = iif(ended_ms IS NULL, NULL, {end}) WHERE request_id = '{id}';
             UPDATE adjustment SET made_ms = {at} WHERE request_id = '{id}';
             DELETE FROM account;"
        ));
    }

    /// Opens today's account of each client, as their next call would.
    pub fn accounts_of_clients(&self) {
        let day = date(2026, 11, 21).in_tz("Europe/Berlin").unwrap();
        let (from, to) = (day.timestamp().as_millisecond(), day.tomorrow().unwrap().timestamp().as_millisecond());
        self.sql(&format!(
            "INSERT INTO account (scope, name, window, window_key, start_ms, end_ms, charged_micro, held_micro)
             SELECT 'client', q.client, 'day', '2026-11-21', {from}, {to},
                sum(t.charge_micro) + coalesce((SELECT sum(j.amount_micro) FROM adjustment j JOIN request p ON p.id = j.request_id
                    WHERE p.client = q.client AND j.made_ms >= {from} AND j.made_ms < {to}), 0),
                coalesce(sum((SELECT r.hold_micro FROM reservation r WHERE r.id = t.request_id AND r.state = 'open')), 0)
             FROM attempt t JOIN request q ON q.id = t.request_id WHERE t.made_ms >= {from} AND t.made_ms < {to} GROUP BY q.client"
        ));
    }

    pub fn sql(&self, text: &str) {
        self.ledger().execute_batch(text).unwrap();
    }

    fn ledger(&self) -> Connection {
        let connection = Connection::open(self.gateway.home().path().join("ledger.db")).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        connection
    }

    /// What of this run does not belong into a fixture, and what stands for it.
    pub fn swaps(&self) -> Vec<(String, &'static str)> {
        let home = self.gateway.home().path().display().to_string();
        vec![(home, "/home/ada/.local/share/pointsman"), (self.server.base_url(), "http://127.0.0.1:11434/v1")]
    }

    pub async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
    }
}

/// The calls of one day: more in the middle of the week, and dearer on some days.
fn calls(day: i8) -> Vec<Call> {
    let size = |base: u64, step: u64| base + step * u64::from(day.unsigned_abs() * 7 % 11);
    let mut calls = vec![
        (Who::Code, "code_review", size(2_900, 210), size(700, 80), (9, 20)),
        (Who::Desktop, "summarize", size(3_200, 120), size(300, 40), (10, 5)),
        (Who::Desktop, "extract_json", size(1_400, 90), size(200, 30), (11, 45)),
        (Who::Code, "code_review", size(3_100, 150), size(500, 90), (14, 10)),
        (Who::Terminal, "second_opinion", size(2_000, 100), size(350, 25), (15, 30)),
        (Who::Desktop, "plan_change", size(2_600, 230), size(900, 60), (16, 15)),
        (Who::Desktop, "translate", size(1_900, 80), size(400, 20), (17, 0)),
    ];
    if day % 3 == 1 {
        calls.push((Who::Code, "notes", 1_200, 300, (17, 40)));
        calls.push((Who::Code, "code_review", size(3_900, 90), size(1_100, 40), (18, 5)));
    }
    if day >= 16 {
        calls.push((Who::Desktop, "plan_change", 5_200, 1_900, (12, 20)));
        calls.push((Who::Desktop, "plan_change", 5_400, 1_950, (13, 20)));
    }
    calls
}

fn as_client(gateway: &Gateway, client: &str, project: Option<&str>) -> Gateway {
    let caller = Caller {
        surface: Surface::Mcp,
        client: ClientId::parse(client).ok(),
        project: project.and_then(|name| ProjectName::parse(name).ok()),
        probe: false,
    };
    Gateway::open(gateway.home().clone(), caller).unwrap()
}

fn as_terminal(gateway: &Gateway) -> Gateway {
    Gateway::open(gateway.home().clone(), Caller::cli()).unwrap()
}
