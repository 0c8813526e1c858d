use pointsman_core::budget::{Counted, Scope, Window};
use pointsman_core::failure::FailureKind;
use pointsman_core::id::{FlowId, ModelId, TaskClass};
use pointsman_core::money::{Price, Usage};

use super::*;
use crate::Caller;
use crate::ledger::audit::audit;
use crate::ledger::tests::fresh;
use crate::ledger::{Ledger, pause, setting};

mod books;
mod caps;

const NOON: &str = "2026-11-21T12:00:00Z";

fn usd(micros: i64) -> MicroUsd {
    MicroUsd::from_micros(micros)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn start(id: &str, flow: &str, when: &str) -> request::Start {
    request::Start {
        id: RequestId::parse(id).unwrap(),
        flow: FlowId::parse(flow).unwrap(),
        caller: Caller::cli(),
        tool: "test",
        class: "summarize".into(),
        target: None,
        reason: String::new(),
        trace: None,
        checked: Vec::new(),
        at: at(when),
    }
}

/// A model of somewhere else, with nothing that could take its place.
fn cover(nth: u32, model: &str, worst: i64, dearest: i64, when: &str) -> Next {
    Next { first: covering(nth, model, Place::Away, worst, dearest, when), local: None }
}

fn covering(nth: u32, model: &str, place: Place, worst: i64, dearest: i64, when: &str) -> Cover {
    let counted = Counted {
        model: ModelId::parse(model).unwrap(),
        client: None,
        class: TaskClass::parse("summarize").unwrap(),
        project: None,
    };
    let price_source = "a test".to_owned();
    let attempt = attempt::Start { nth, counted, price: Price::FREE, price_source, worst: usd(worst), at: at(when) };
    Cover { attempt, dearest: usd(dearest), place }
}

fn cap(scope: Scope, window: Window, limit: i64) -> Cap {
    Cap::new(scope, window, usd(limit))
}

fn limits(caps: &[Cap]) -> Limits {
    Limits { caps: caps.to_vec(), ..Limits::default() }
}

/// The cap that stopped a hold.
fn cap_of(stopped: Stopped) -> NoRoom {
    match stopped {
        Stopped::NoRoom(no_room) => *no_room,
        Stopped::Paused | Stopped::Resting(_) => panic!("nothing is paused and nobody rests"),
    }
}

fn ended(nth: u32, charge: Charge, when: &str) -> attempt::End {
    attempt::End { nth, charge, failure: None, status: None, first: None, words: None, retry_after: None, at: at(when) }
}

fn answered(when: &str) -> request::End {
    request::End { state: RequestState::Answered, code: None, reason: String::new(), usage: None, at: at(when) }
}

fn measured(micros: i64) -> Charge {
    Charge::Measured(Usage { input: 1, output: 1, ..Usage::default() }, usd(micros))
}

const LEASE: &str = "2026-11-21T12:01:00Z";

async fn in_utc(ledger: &Ledger) {
    ledger.write(|tx| setting::set(tx, setting::ZONE, "UTC")).await.unwrap();
}

async fn books(ledger: &Ledger) -> Vec<String> {
    ledger.read(audit).await.unwrap()
}

/// Charged and held of the account for all calls of a day.
async fn day(ledger: &Ledger, key: &'static str) -> (i64, i64) {
    ledger
        .read(move |c| {
            Ok(c.query_row(
                "SELECT charged_micro, held_micro FROM account WHERE scope = 'all' AND window = 'day' AND window_key = ?1",
                [key],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap_or((0, 0)))
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn i2_a_second_hold_that_does_not_fit_is_refused_and_changes_nothing() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = vec![cap(Scope::All, Window::Day, 100)];
    for (id, fits) in [("a", true), ("b", false)] {
        let caps = caps.clone();
        let got = ledger
            .write(move |tx| {
                reserve(tx, &start(id, id, NOON), &limits(&caps), &cover(1, "p/m", 60, 60, NOON), at(LEASE))
            })
            .await
            .unwrap();
        assert_eq!(got.is_ok(), fits, "{id}");
        if let Err(no_room) = got.map_err(cap_of) {
            assert_eq!((no_room.balance.held, no_room.needed), (usd(60), usd(60)));
        }
    }
    assert_eq!(day(&ledger, "2026-11-21").await, (0, 60));
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn i2_charges_are_never_clamped_also_over_the_hold() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            let (total, assumed) =
                close(tx, &RequestId::parse("a").unwrap(), Some(&ended(1, measured(75), NOON)), &answered(NOON), &[])?;
            assert_eq!((total, assumed), (usd(75), false));
            let over: bool = tx.query_row("SELECT over_hold FROM attempt", [], |row| row.get(0))?;
            assert!(over, "a charge over its hold is marked");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-21").await, (75, 0));
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_fallback_is_covered_anew_and_denied_where_it_does_not_fit() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = vec![cap(Scope::All, Window::Day, 100)];
    ledger
        .write(move |tx| {
            let id = RequestId::parse("a").unwrap();
            reserve(tx, &start("a", "a", NOON), &limits(&caps), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            // The first attempt cost 50 (assumed); a second of 60 would make 110.
            let first = ended(1, Charge::Assumed(usd(50)), NOON);
            let got = advance(tx, &id, &first, &limits(&caps), &cover(2, "q/m", 60, 60, NOON))?;
            let Advance::Stopped(stopped, charged) = got else { panic!("{got:?}") };
            let no_room = cap_of(stopped);
            assert_eq!((no_room.balance.charged, charged), (usd(50), usd(50)));
            let state: String = tx.query_row("SELECT state FROM reservation", [], |row| row.get(0))?;
            assert_eq!(state, "settled");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-21").await, (50, 0));
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_provider_cap_counts_only_its_provider() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = vec![cap(Scope::Provider(None), Window::Day, 100)];
    ledger
        .write(move |tx| {
            let id = RequestId::parse("a").unwrap();
            reserve(tx, &start("a", "a", NOON), &limits(&caps), &cover(1, "p/m", 90, 90, NOON), at(LEASE))?.unwrap();
            let moved = advance(
                tx,
                &id,
                &ended(1, Charge::Assumed(usd(90)), NOON),
                &limits(&caps),
                &cover(2, "q/m", 90, 90, NOON),
            )?;
            assert!(matches!(moved, Advance::Covered(_)), "another provider has its own account");
            close(tx, &id, Some(&ended(2, measured(10), NOON)), &answered(NOON), &[])?;
            let again = reserve(tx, &start("b", "b", NOON), &limits(&caps), &cover(1, "p/m", 20, 20, NOON), at(LEASE))?;
            assert!(again.is_err(), "p has 10 left");
            reserve(tx, &start("c", "c", NOON), &limits(&caps), &cover(1, "q/m", 20, 20, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn call_and_flow_caps_count_within_their_call_and_flow() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(move |tx| {
            let call = [cap(Scope::All, Window::Call, 50)];
            assert!(
                reserve(tx, &start("a", "f", NOON), &limits(&call), &cover(1, "p/m", 51, 51, NOON), at(LEASE))?
                    .is_err()
            );
            let flow = [cap(Scope::All, Window::Flow, 100)];
            reserve(tx, &start("b", "f", NOON), &limits(&flow), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            assert!(
                reserve(tx, &start("c", "f", NOON), &limits(&flow), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?
                    .is_err()
            );
            reserve(tx, &start("d", "g", NOON), &limits(&flow), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            close(tx, &RequestId::parse("b").unwrap(), Some(&ended(1, measured(10), NOON)), &answered(NOON), &[])?;
            reserve(tx, &start("e", "f", NOON), &limits(&flow), &cover(1, "p/m", 90, 90, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn i3_a_lapsed_hold_becomes_a_charge_and_a_late_answer_an_adjustment() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let id = RequestId::parse("a").unwrap();
    let late = "2026-11-21T12:02:00Z";
    ledger
        .write(move |tx| {
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            sweep(tx, at(LEASE), &[])?;
            let held: i64 = tx.query_row("SELECT hold_micro FROM reservation", [], |row| row.get(0))?;
            assert_eq!(held, 60, "until its lease has ended the hold counts");
            sweep(tx, at(late), &[])
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-21").await, (60, 0));
    ledger
        .write(move |tx| {
            close(tx, &id, Some(&ended(1, measured(12), late)), &answered(late), &[])?;
            close(tx, &id, None, &answered(late), &[])?;
            let (charge, amount): (String, i64) =
                tx.query_row("SELECT charge, charge_micro FROM attempt", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            assert_eq!((charge.as_str(), amount), ("assumed", 60), "I5: the closed row stays");
            let state: String = tx.query_row("SELECT state FROM request", [], |row| row.get(0))?;
            assert_eq!(state, "interrupted", "I5: the closed request stays");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-21").await, (12, 0), "charged is charges plus adjustments");
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn i5_an_attempt_that_has_ended_is_never_edited() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let id = RequestId::parse("a").unwrap();
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            close(tx, &id, Some(&ended(1, measured(10), NOON)), &answered(NOON), &[])?;
            assert!(!attempt::end(tx, &id, &ended(1, measured(1), NOON))?, "a second end changes no row");
            let amount: i64 = tx.query_row("SELECT charge_micro FROM attempt", [], |row| row.get(0))?;
            assert_eq!(amount, 10);
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn i6_a_state_change_and_its_change_row_are_one_transaction() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let changes = |ledger: Ledger| async move { ledger.read(|c| change::after(c, 0)).await.unwrap().0 };
    let before = changes(ledger.clone()).await;
    let undone: Result<(), _> = ledger
        .write(|tx| {
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            Err(LedgerError::Broken("the process dies here".into()))
        })
        .await;
    assert!(undone.is_err());
    assert_eq!(changes(ledger.clone()).await, before, "no change row without its change");
    ledger
        .write(|tx| {
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
    let reserved = changes(ledger.clone()).await;
    assert!(reserved > before, "a reservation is noted");
    ledger
        .write(|tx| {
            close(tx, &RequestId::parse("a").unwrap(), Some(&ended(1, measured(1), NOON)), &answered(NOON), &[])
        })
        .await
        .unwrap();
    assert!(changes(ledger.clone()).await > reserved, "a settlement is noted");
}

#[tokio::test]
async fn a_call_over_midnight_counts_where_it_was_made() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let before = "2026-11-21T23:59:59Z";
            let lease = at("2026-11-22T00:10:00Z");
            reserve(tx, &start("a", "a", before), &limits(&[]), &cover(1, "p/m", 60, 60, before), lease)?.unwrap();
            close(
                tx,
                &RequestId::parse("a").unwrap(),
                Some(&ended(1, measured(10), "2026-11-22T00:00:05Z")),
                &answered("2026-11-22T00:00:05Z"),
                &[],
            )?;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-21").await, (10, 0));
    assert_eq!(day(&ledger, "2026-11-22").await, (0, 0));
}

#[tokio::test]
async fn a_clock_that_is_set_back_reopens_no_window() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = vec![cap(Scope::All, Window::Day, 100)];
    ledger
        .write(move |tx| {
            reserve(tx, &start("a", "a", NOON), &limits(&caps), &cover(1, "p/m", 100, 100, NOON), at(LEASE))?.unwrap();
            let yesterday = "2026-11-20T12:00:00Z";
            let back =
                reserve(tx, &start("b", "b", yesterday), &limits(&caps), &cover(1, "p/m", 1, 1, yesterday), at(LEASE))?;
            assert!(back.is_err(), "yesterday's window is closed");
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_failure_that_costs_nothing_gives_the_hold_back() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let id = RequestId::parse("a").unwrap();
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            let failed = attempt::End { failure: Some(FailureKind::Auth), ..ended(1, Charge::None, NOON) };
            assert_eq!(close(tx, &id, Some(&failed), &answered(NOON), &[])?, (MicroUsd::ZERO, false));
            let state: String = tx.query_row("SELECT state FROM reservation", [], |row| row.get(0))?;
            assert_eq!(state, "released");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-21").await, (0, 0));
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_pause_that_comes_between_the_check_and_the_hold_stops_it() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let id = RequestId::parse("a").unwrap();
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            pause::begin(tx, at(NOON).as_millisecond(), None)?;
            // A newer pause that is over ends no older one.
            pause::begin(tx, 1, Some(2))?;
            let retry = advance(tx, &id, &ended(1, Charge::None, NOON), &limits(&[]), &cover(2, "p/m", 60, 60, NOON))?;
            assert_eq!(retry, Advance::Stopped(Stopped::Paused, MicroUsd::ZERO), "retries and fallbacks stop too");
            let next = reserve(tx, &start("b", "b", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?;
            assert_eq!(next, Err(Stopped::Paused));
            let known = Limits { resumed: vec![1], ..Limits::default() };
            reserve(tx, &start("c", "c", NOON), &known, &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
    for sql in ["UPDATE pause SET until_ms = 1", "DELETE FROM pause"] {
        let edited = ledger.write(move |tx| Ok(tx.execute(sql, [])?)).await;
        assert!(edited.is_err(), "{sql}");
    }
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_window_opened_by_a_wrong_clock_is_left_aside() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = vec![cap(Scope::All, Window::Day, 100)];
    ledger
        .write(move |tx| {
            let wrong = "2036-01-01T00:00:00Z";
            reserve(
                tx,
                &start("a", "a", wrong),
                &limits(&caps),
                &cover(1, "p/m", 100, 100, wrong),
                at("2036-01-02T00:00:00Z"),
            )?
            .unwrap();
            reserve(tx, &start("b", "b", NOON), &limits(&caps), &cover(1, "p/m", 100, 100, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hold_that_cannot_be_ended_stops_no_other_call() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            // Its charge no longer fits the account.
            tx.execute("UPDATE account SET charged_micro = 9223372036854775807", [])?;
            let later = "2026-11-21T13:00:00Z";
            reserve(
                tx,
                &start("b", "b", later),
                &limits(&[]),
                &cover(1, "p/m", 60, 60, later),
                at("2026-11-21T13:01:00Z"),
            )?
            .unwrap();
            Ok(())
        })
        .await
        .unwrap();
}
