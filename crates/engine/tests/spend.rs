//! The Spend page against the books: its sums are those of `spend_report`, the ledger and the audit; a cap's form
//! changes its own lines and no other; an export is its owner's and safe to open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod month;

use jiff::Timestamp;
use month::{CAPS, Month, Who, now};
use pointsman_core::code::Code;
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price};
use pointsman_engine::report::{GroupBy, SpendQuery};
use pointsman_engine::view::spend::{
    CapField, CapOnHit, CapScope, CapWindow, LedgerMark, SettledBy, with_cap, without_cap,
};
use pointsman_engine::view::{CapForm, ExportFormat, LedgerFilter, SaveState, SpendBy, SpendPeriod};
use pointsman_practice::{Counts, Script};

/// A few calls in November by several clients, one of which nobody counted.
async fn some_calls() -> Month {
    let month = Month::empty(CAPS).await;
    for (day, who, class) in [
        (3, Who::Code, "code_review"),
        (3, Who::Desktop, "summarize"),
        (17, Who::Desktop, "plan_change"),
        (18, Who::Terminal, "extract_json"),
        (20, Who::Code, "second_opinion"),
        (20, Who::Code, "translate"),
        (21, Who::Desktop, "notes"),
    ] {
        month.call(day, (who, class, 4_000, 900, (9, 30))).await;
    }
    month.server.script(Script::hang_up());
    month.ask(Who::Code, "summarize", "nobody counts this").await;
    month.moved(21, (10, 0));
    month
}

fn between(from: &str, to: &str) -> SpendPeriod {
    SpendPeriod::Between { from: from.into(), to: to.into() }
}

/// The caps with a class and a model they name, as a whole file.
fn file() -> String {
    format!(
        "version: \"1\"\n{CAPS}defaults:\n  plan_change: {{ provider: openai, model: gpt-6, max_tokens: 100 }}\nproviders:\n  anthropic: {{ key: {{ env: KEY }} }}\n"
    )
}

fn form(scope: CapScope, name: &str, window: CapWindow, limit: &str) -> CapForm {
    let (on_hit, alerts) = (CapOnHit::Block, "50, 80, 100".to_owned());
    CapForm { scope, name: name.into(), window, limit: limit.into(), on_hit, alerts }
}

/// The lines that only one of the two has, with − or +.
fn changed(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("-{line}"));
    gone.chain(new.iter().filter(|line| !old.contains(line)).map(|line| format!("+{line}"))).collect()
}

#[test]
fn editing_a_cap_changes_its_own_lines_in_a_flow_map_and_in_a_block() {
    let text = file();
    let edited = |identity: &str, form: &CapForm| with_cap(&text, Some(identity), form).unwrap().unwrap();
    let day = edited("all::day:1000000:block", &form(CapScope::All, "", CapWindow::Day, "$2.50"));
    assert_eq!(
        changed(&text, &day),
        ["-  - { scope: all, window: day, limit_usd: 1.00 }", "+  - { scope: all, window: day, limit_usd: 2.5 }"]
    );
    let month = edited("all::month:20000000:block", &form(CapScope::All, "", CapWindow::Month, "25"));
    assert_eq!(changed(&text, &month), ["-    limit_usd: 20.00", "+    limit_usd: 25"]);
    assert!(month.contains("# Rent of the month."));
    let local = CapForm { on_hit: CapOnHit::LocalOnly, ..form(CapScope::All, "", CapWindow::Month, "20") };
    let local = edited("all::month:20000000:block", &local);
    assert_eq!(changed(&text, &local), ["+    on_hit: local_only"]);
    let same = edited("all::month:20000000:block", &form(CapScope::All, "", CapWindow::Month, "20.00"));
    assert_eq!(same, text, "what is the same is not written");
}

#[test]
fn a_cap_is_added_at_the_end_and_taken_out_with_its_own_lines() {
    let text = file();
    let wanted = CapForm {
        on_hit: CapOnHit::Warn,
        alerts: "90".into(),
        ..form(CapScope::Project, "site", CapWindow::Week, "0.5")
    };
    let added = with_cap(&text, None, &wanted).unwrap().unwrap();
    let policy = pointsman_core::policy::read(&added).policy.unwrap();
    let last = policy.caps.last().unwrap();
    assert_eq!((policy.caps.len(), last.identity().as_str()), (7, "project:site:week:500000:warn"));
    assert_eq!(last.alerts, [90]);
    assert!(changed(&text, &added).iter().all(|line| line.starts_with('+')), "{added}");
    assert_eq!(without_cap(&added, "project:site:week:500000:warn").unwrap(), text, "and is gone without a trace");

    let without = without_cap(&text, "all::month:20000000:block").unwrap();
    let removed = ["-  # Rent of the month.", "-  - scope: all", "-    window: month", "-    limit_usd: 20.00"];
    assert_eq!(changed(&text, &without), removed);
    let bare = "version: \"1\"\ndefaults:\n  ask: { provider: openai, model: gpt-6, max_tokens: 9 }\n";
    let one = with_cap(bare, None, &form(CapScope::All, "", CapWindow::Day, "2")).unwrap().unwrap();
    assert_eq!(pointsman_core::policy::read(&one).policy.unwrap().caps.len(), 1, "a file without caps: {one}");
    assert_eq!(without_cap(&one, "all::day:2000000:block").unwrap(), bare, "the last one takes the list with it");
}

#[test]
fn a_cap_that_changed_meanwhile_is_never_taken_for_another() {
    let text = file().replace("limit_usd: 1.00", "limit_usd: 1.10");
    for identity in ["all::day:1000000:block", "", "all::day:1100000:warn"] {
        let put = with_cap(&text, Some(identity), &form(CapScope::All, "", CapWindow::Day, "2"));
        assert_eq!(put.unwrap_err().code, Code::NotFound, "{identity}");
        assert_eq!(without_cap(&text, identity).unwrap_err().code, Code::NotFound, "{identity}");
    }
    let broken = text.replace("window: day", "window: dya");
    assert_eq!(without_cap(&broken, "all::day:1100000:block").unwrap_err().code, Code::PolicyInvalid);
}

#[test]
fn what_is_wrong_with_a_form_is_told_at_its_field() {
    let text = file();
    let told = |form: &CapForm| {
        let faults = with_cap(&text, None, form).unwrap().unwrap_err();
        faults.into_iter().map(|fault| (fault.field, fault.sentence)).collect::<Vec<_>>()
    };
    for (limit, says) in
        [("five", "such as 2 or 0.50"), ("", "such as 2"), ("0", "above zero"), ("1.1234567", "six digits")]
    {
        let told = told(&form(CapScope::All, "", CapWindow::Hour, limit));
        assert!(told.len() == 1 && told[0].0 == CapField::Limit && told[0].1.contains(says), "{limit}: {told:?}");
    }
    let alerts = CapForm { alerts: "50, 101".into(), ..form(CapScope::All, "", CapWindow::Hour, "1") };
    assert_eq!(told(&alerts)[0].0, CapField::Alerts);
    assert!(told(&form(CapScope::All, "", CapWindow::Day, "1"))[0].1.contains("such a cap already"));
}

#[tokio::test]
async fn a_cap_is_saved_at_once_where_it_narrows_and_waits_where_it_widens() {
    let month = Month::empty(CAPS).await;
    let caps = async || {
        let page = month.gateway.spend_page(SpendPeriod::Month, SpendBy::Model).await.unwrap();
        page.caps.iter().map(|card| card.identity.clone()).collect::<Vec<_>>()
    };
    assert_eq!(caps().await[0], "all::day:1000000:block");
    let put = async |identity: &str, limit: &str| {
        let form = form(CapScope::All, "", CapWindow::Day, limit);
        month.gateway.cap_put(Some(identity), &form).await.map(|edited| edited.saved.unwrap())
    };
    let lower = put("all::day:1000000:block", "0.80").await.unwrap();
    assert_eq!((lower.state, caps().await[0].as_str()), (SaveState::Acts, "all::day:800000:block"));
    let text = std::fs::read_to_string(month.gateway.home().policy_path()).unwrap();
    assert!(text.contains("  - { scope: all, window: day, limit_usd: 0.8 }\n  # Rent of the month."), "{text}");
    assert_eq!(put("all::day:1000000:block", "0.50").await.unwrap_err().code, Code::NotFound, "it is another cap now");

    let higher = put("all::day:800000:block", "9").await.unwrap();
    assert_eq!(higher.state, SaveState::Waits);
    assert_eq!(caps().await[0], "all::day:800000:block", "what rules is what is shown");
    assert!(month.gateway.draft().await.is_some_and(|draft| draft.hash == higher.hash));
}

#[tokio::test]
async fn the_bars_come_to_what_spend_report_and_the_ledger_come_to() {
    let month = some_calls().await;
    for (from, to) in [("2026-11-01", "2026-11-30"), ("2026-11-03", "2026-11-03"), ("2026-09-01", "2026-11-20")] {
        for (by, group) in [
            (SpendBy::Model, GroupBy::Model),
            (SpendBy::Provider, GroupBy::Provider),
            (SpendBy::Client, GroupBy::Client),
            (SpendBy::Class, GroupBy::Class),
            (SpendBy::Project, GroupBy::Project),
        ] {
            let query = SpendQuery { from: Some(from.into()), to: Some(to.into()), group_by: Some(group) };
            let report = month.gateway.spend_report(query).await.unwrap();
            let page = month.gateway.spend_page_at(between(from, to), by, now()).await.unwrap();
            let total = MicroUsd::parse(&report.total_usd.to_string()).unwrap().micros();
            assert!(total > 0);
            assert_eq!(page.total.micros, total, "{by:?} {from}");
            assert_eq!(u64::from(page.requests), report.requests);
            assert_eq!(page.buckets.iter().map(|bucket| bucket.total.micros).sum::<i64>(), total);
            for one in &page.series {
                assert_eq!(one.amounts.iter().map(|amount| amount.micros).sum::<i64>(), one.total.micros);
            }
            assert_eq!(page.series.iter().map(|one| one.total.micros).sum::<i64>(), total);
            let filter = LedgerFilter { period: between(from, to), ..LedgerFilter::default() };
            let ledger = month.gateway.ledger_page_at(filter, None, now()).await.unwrap();
            assert_eq!(ledger.sums.charged.micros, total);
        }
    }
    month.books_are_right().await;
}

#[tokio::test]
async fn a_cap_card_shows_what_a_call_is_checked_against() {
    let month = Month::empty(CAPS).await;
    month.server.default_script(Script::text("yes").usage(Counts { input: 4_000, output: 900, ..Counts::default() }));
    month.ask(Who::Code, "plan_change", "one").await;
    let page = month.gateway.spend_page(SpendPeriod::Month, SpendBy::Model).await.unwrap();
    let card = |identity: &str, account: &str| {
        page.caps.iter().find(|card| card.identity == identity && card.account == account).unwrap()
    };
    // $10 and $40 a million.
    assert_eq!(card("all::day:1000000:block", "").used.as_ref().unwrap().micros, 76_000);
    let week = card("task_class:plan_change:week:2200000:block", "plan_change");
    assert_eq!((week.left.micros, week.used_bp), (2_124_000, 345));
    let each = card("client::day:800000:warn", "claude-code");
    assert_eq!((each.used.as_ref().unwrap().micros, &each.raise), (76_000, &None), "a warning cannot be raised");
    assert_eq!(card("all::call:750000:block", "").used, None);
    assert_eq!(card("provider:anthropic:month:8000000:local_only", "anthropic").used.as_ref().unwrap().micros, 0);
}

#[tokio::test]
async fn what_is_asked_before_a_raise_names_cap_amount_and_end() {
    let month = Month::empty(CAPS).await;
    let ask = async |cap: &str, cents: i64| {
        let amount = MicroUsd::from_micros(cents * 10_000);
        month.gateway.raise_question(cap, "", amount).await.map_err(|denial| denial.code)
    };
    assert_eq!(
        ask("all::day:1000000:block", 50).await.unwrap(),
        "Let the day cap of $1.00 have $0.50 more?\n\n$0.00 of $1.00 is used. The extra amount counts until the day ends. routing.yaml stays as it is."
    );
    assert_eq!(ask("all::day:9000000:block", 50).await, Err(Code::NotFound), "another limit is another cap");
    assert_eq!(ask("all::day:1000000:block", 0).await, Err(Code::InvalidRequest));
    assert_eq!(ask("all::call:750000:block", 50).await, Err(Code::InvalidRequest), "a call has no window");
}

#[tokio::test]
async fn the_same_tokens_at_another_model_are_reckoned_from_each_call() {
    let month = some_calls().await;
    let compared = month.gateway.spend_compared_at(SpendPeriod::Month, "openai/gpt-6", now()).await.unwrap();
    // Seven calls of 4,000 and 900 tokens at $10 and $40 a million.
    assert_eq!((compared.would.micros, compared.counted, compared.uncounted), (7 * 76_000, 7, 1));
    let sums = month.gateway.ledger_page_at(LedgerFilter::default(), None, now()).await.unwrap().sums;
    let assumed = LedgerFilter { mark: Some(LedgerMark::Assumed), ..LedgerFilter::default() };
    let assumed = month.gateway.ledger_page_at(assumed, None, now()).await.unwrap().sums;
    assert_eq!(compared.was.micros, sums.charged.micros - assumed.charged.micros, "what nobody counted is left out");
    assert!(compared.dearer);
    let free = month.gateway.spend_compared_at(SpendPeriod::Month, "ollama/qwen4-coder:14b", now()).await.unwrap();
    assert_eq!((free.would.micros, free.dearer), (0, false));
    let none = month.gateway.spend_compared_at(SpendPeriod::Month, "openai/never-heard-of", now()).await;
    assert_eq!(none.unwrap_err().code, Code::Unpriced);
}

#[tokio::test]
async fn the_ledger_is_filtered_by_what_a_row_says() {
    let month = some_calls().await;
    let (model, at) =
        (ModelId::parse("xai/grok-5-fast").unwrap(), "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap());
    let price = Price::flat(MicroUsd::from_micros(3_000_000), MicroUsd::from_micros(10_000_000));
    assert_eq!(month.gateway.reprice(model, price, at, now()).await.unwrap().corrected, 1);
    let page = async |filter: LedgerFilter| month.gateway.ledger_page_at(filter, None, now()).await.unwrap();
    let rows =
        async |filter: LedgerFilter| page(filter).await.rows.into_iter().map(|row| row.class).collect::<Vec<_>>();
    let all = LedgerFilter::default();
    let by = |text: &str| Some(text.to_owned());
    assert_eq!(rows(LedgerFilter { text: " GROK ".into(), ..all.clone() }).await, ["second_opinion"]);
    assert_eq!(rows(LedgerFilter { client: by(""), ..all.clone() }).await, ["extract_json"]);
    assert_eq!(rows(LedgerFilter { model: by("openai/gpt-6"), ..all.clone() }).await, ["plan_change"]);
    assert_eq!(rows(LedgerFilter { class: by("notes"), ..all.clone() }).await, ["notes"]);
    assert_eq!(rows(LedgerFilter { mark: Some(LedgerMark::Assumed), ..all.clone() }).await, ["summarize"]);
    assert_eq!(rows(LedgerFilter { mark: Some(LedgerMark::Adjusted), ..all.clone() }).await, ["second_opinion"]);
    assert_eq!(rows(LedgerFilter { text: "zzz".into(), ..all.clone() }).await, [""; 0]);
    let found = page(LedgerFilter { mark: Some(LedgerMark::Adjusted), ..all }).await;
    let row = &found.rows[0];
    assert_eq!((row.settled_by, row.adjusted.as_ref().map(|money| money.micros)), (SettledBy::Measured, Some(4_000)));
    assert_eq!(row.charged.as_ref().map(|money| money.micros), Some(21_000), "with what was corrected");
    assert_eq!(found.sums.charged.micros, 21_000);
    assert!(row.held.micros >= 17_000 && row.price_source.starts_with("routing.yaml line"));
}

#[tokio::test]
async fn the_ledger_is_read_in_pages_without_a_row_twice_or_left_out() {
    let month = Month::empty(CAPS).await;
    month.call(20, (Who::Code, "summarize", 4_000, 900, (9, 30))).await;
    // More attempts of one time, as a burst would write them.
    month.sql(
        "WITH RECURSIVE more (value) AS (VALUES (2) UNION ALL SELECT value + 1 FROM more WHERE value < 230)
         INSERT INTO attempt (request_id, nth, provider, model, price_input_micro, price_output_micro, worst_micro, sent_ms,
            made_ms, ended_ms, charge, charge_micro)
         SELECT request_id, value, provider, model, 0, 0, 0, sent_ms, made_ms, ended_ms, 'measured', 0
         FROM attempt, more",
    );
    let page = async |after: Option<String>| {
        month.gateway.ledger_page_at(LedgerFilter::default(), after, now()).await.unwrap()
    };
    let first = page(None).await;
    assert_eq!((first.rows.len(), first.sums.rows), (200, 230));
    let second = page(first.next.clone()).await;
    assert_eq!((second.rows.len(), second.next), (30, None));
    let mut ids: Vec<i64> = first.rows.iter().chain(&second.rows).map(|row| row.id).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first");
    ids.dedup();
    assert_eq!(ids.len(), 230);
    let nowhere = month.gateway.ledger_page_at(LedgerFilter::default(), Some("x".into()), now()).await;
    assert_eq!(nowhere.unwrap_err().code, Code::InvalidRequest);
}

#[tokio::test]
async fn an_export_is_the_owners_only_and_no_cell_of_it_is_a_formula() {
    let month = some_calls().await;
    month.sql("UPDATE request SET project = '=HYPERLINK(1)' WHERE class = 'notes'");
    let folder = tempfile::tempdir().unwrap();
    let filter = LedgerFilter { period: between("2026-11-01", "2026-11-30"), ..LedgerFilter::default() };
    let path = folder.path().join("ledger.csv");
    let done = month.gateway.ledger_export(filter.clone(), ExportFormat::Csv, &path).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!((done.rows, text.lines().count()), (8, 9));
    let notes = text.lines().find(|line| line.contains(",notes,")).unwrap();
    assert!(notes.contains(",'=HYPERLINK(1),notes,"), "{notes}");
    assert!(text.starts_with("time,request,attempt,client,"));
    assert!(text.contains("2026-11-03T09:30:07+01:00,r-"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let path = folder.path().join("ledger.json");
    month.gateway.ledger_export(filter.clone(), ExportFormat::Json, &path).await.unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let sum = rows.iter().map(|row| MicroUsd::parse(&row["charged_usd"].to_string()).unwrap().micros()).sum::<i64>();
    assert_eq!((rows.len(), MicroUsd::from_micros(sum).total()), (8, done.charged.text));
    let nowhere = folder.path().join("no-such-folder/ledger.csv");
    let refused = month.gateway.ledger_export(filter, ExportFormat::Csv, &nowhere).await.unwrap_err();
    assert!(refused.sentence.contains("was not written"), "{}", refused.sentence);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half is left");
}

#[tokio::test]
async fn what_a_kept_answer_would_have_cost_again_is_saved() {
    let month = Month::empty(CAPS).await;
    month.server.default_script(Script::text("oui").usage(Counts { input: 2_000, output: 500, ..Counts::default() }));
    for _ in 0..3 {
        month.ask(Who::Desktop, "translate", "the very same").await;
    }
    let cache = month.gateway.spend_page(SpendPeriod::Month, SpendBy::Model).await.unwrap().cache;
    // $2 and $8 a million, twice.
    assert_eq!((cache.answers, cache.saved.micros), (2, 2 * 8_000));
    month.books_are_right().await;
}

#[tokio::test]
async fn a_forecast_is_of_this_month_and_says_what_it_is_from() {
    let month = Month::empty(CAPS).await;
    let page = async || month.gateway.spend_page_at(SpendPeriod::Today, SpendBy::Model, now()).await.unwrap().forecast;
    assert!(page().await.method.ends_with("There is none so far."));
    month.call(20, (Who::Code, "plan_change", 4_000, 900, (9, 30))).await;
    let one = page().await;
    assert_eq!((one.range, one.method.ends_with("There is one so far.")), (None, true));
    month.call(18, (Who::Code, "plan_change", 4_000, 900, (9, 30))).await;
    let range = page().await.range.unwrap();
    // From the 18th: $0.076, nothing, $0.076. Today and nine days more.
    assert_eq!((range.from_days, range.day_low.micros, range.day_high.micros), (3, 38_000, 76_000));
    assert_eq!(range.text, "$0.53 to $0.92");
}
