//! Scopes, windows, and what happens at a cap.

use pointsman_core::budget::{OnHit, Raise};
use pointsman_core::id::{ClientId, ProjectName, ProviderId};

use super::*;
use crate::ledger::alert;

/// A call of some client, class and project.
#[derive(Clone, Copy)]
struct By {
    model: &'static str,
    client: &'static str,
    class: &'static str,
    project: &'static str,
}

const BY: By = By { model: "p/m", client: "", class: "summarize", project: "" };

impl By {
    fn start(self, id: &str, when: &str) -> request::Start {
        let caller = Caller {
            client: ClientId::parse(self.client).ok(),
            project: ProjectName::parse(self.project).ok(),
            ..Caller::cli()
        };
        request::Start { caller, class: self.class.into(), ..start(id, id, when) }
    }

    fn next(self, hold: i64, when: &str) -> Next {
        let mut next = cover(1, self.model, hold, hold, when);
        let counted = &mut next.first.attempt.counted;
        counted.client = ClientId::parse(self.client).ok();
        counted.class = TaskClass::parse(self.class).unwrap();
        counted.project = ProjectName::parse(self.project).ok();
        next
    }

    /// Whether a call of this hold gets through.
    fn fits(self, tx: &Transaction<'_>, id: &str, when: &str, hold: i64, caps: &[Cap]) -> bool {
        let lease = at(when) + jiff::SignedDuration::from_secs(60);
        reserve(tx, &self.start(id, when), &limits(caps), &self.next(hold, when), lease).unwrap().is_ok()
    }
}

#[tokio::test]
async fn each_scope_counts_its_own_and_nothing_else() {
    let one = |scope| cap(scope, Window::Day, 100);
    let client = ClientId::parse("cursor").unwrap();
    let class = TaskClass::parse("review").unwrap();
    let project = ProjectName::parse("site").unwrap();
    let rows: Vec<(Cap, By, By)> = vec![
        // A cap, a call that counts on the same account as one of BY, and one that does not.
        (one(Scope::Provider(ProviderId::parse("p").ok())), By { model: "p/other", ..BY }, By { model: "q/m", ..BY }),
        (one(Scope::Provider(None)), By { model: "p/other", ..BY }, By { model: "q/m", ..BY }),
        (one(Scope::Model(ModelId::parse("p/m").ok())), BY, By { model: "p/other", ..BY }),
        (one(Scope::Model(None)), By { client: "cursor", ..BY }, By { model: "p/other", ..BY }),
        (one(Scope::Client(None)), BY, By { client: "cursor", ..BY }),
        (one(Scope::Class(None)), By { model: "q/m", ..BY }, By { class: "review", ..BY }),
        (one(Scope::Project(None)), BY, By { project: "site", ..BY }),
    ];
    for (cap, same, other) in rows {
        let (_folder, ledger) = fresh();
        in_utc(&ledger).await;
        let title = format!("{:?}", cap.scope);
        ledger
            .write(move |tx| {
                let caps = [cap];
                assert!(BY.fits(tx, "a", NOON, 100, &caps), "{title}: the first fits");
                assert!(!same.fits(tx, "b", NOON, 1, &caps), "{title}: the account is full");
                assert!(other.fits(tx, "c", NOON, 100, &caps), "{title}: another account");
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(books(&ledger).await, Vec::<String>::new());
    }
    // A cap with a name counts no call without one; a cap on each does.
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let named = [Scope::Client(Some(client)), Scope::Class(Some(class)), Scope::Project(Some(project))].map(one);
    ledger
        .write(move |tx| {
            assert!(BY.fits(tx, "a", NOON, 1_000, &named), "no client, another class, no project");
            for (id, by) in [("c", By { client: "cursor", ..BY }), ("d", By { class: "review", ..BY })] {
                assert!(!by.fits(tx, id, NOON, 101, &named), "{id}");
            }
            assert!(!By { project: "site", ..BY }.fits(tx, "e", NOON, 101, &named));
            Ok(())
        })
        .await
        .unwrap();
}

/// A cap is full until its window ends, to the second, and names that instant.
#[tokio::test]
async fn each_window_ends_when_it_ends_and_says_so() {
    let rows = [
        (Window::Hour, "2026-10-25T00:10:00Z", "2026-10-25T00:59:59Z", Some("2026-10-25T01:00:00Z")),
        // The hour that is repeated when the clocks go back has a limit of its own.
        (Window::Hour, "2026-10-25T01:10:00Z", "2026-10-25T01:59:59Z", Some("2026-10-25T02:00:00Z")),
        (Window::Day, "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", Some("2026-10-25T23:00:00Z")),
        (Window::Week, "2026-12-27T23:00:00Z", "2027-01-03T22:59:59Z", Some("2027-01-03T23:00:00Z")),
        (Window::Month, "2026-10-31T23:00:00Z", "2026-11-30T22:59:59Z", Some("2026-11-30T23:00:00Z")),
        (Window::Total, "2026-10-31T23:00:00Z", "2027-11-30T22:59:59Z", None),
    ];
    for (window, first, last, next) in rows {
        let (_folder, ledger) = fresh();
        ledger.write(|tx| setting::set(tx, setting::ZONE, "Europe/Berlin")).await.unwrap();
        ledger
            .write(move |tx| {
                let caps = [cap(Scope::All, window, 100)];
                assert!(BY.fits(tx, "a", first, 100, &caps));
                close(
                    tx,
                    &RequestId::parse("a").unwrap(),
                    Some(&ended(1, measured(100), first)),
                    &answered(first),
                    &[],
                )?;
                let got = reserve(tx, &BY.start("b", last), &limits(&caps), &BY.next(1, last), at(last))?;
                let no_room = cap_of(got.unwrap_err());
                assert_eq!(no_room.resets.map(|end| end.timestamp()), next.map(at), "{window:?}");
                if let Some(next) = next {
                    assert!(BY.fits(tx, "c", next, 100, &caps), "{window:?} begins anew at {next}");
                }
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(books(&ledger).await, Vec::<String>::new(), "{window:?}");
    }
}

#[tokio::test]
async fn a_clock_set_back_reopens_no_hour_no_week_and_no_month() {
    for (window, forward, back) in [
        (Window::Hour, "2026-11-21T13:00:00Z", "2026-11-21T12:59:00Z"),
        (Window::Week, "2026-11-23T00:00:00Z", "2026-11-22T23:00:00Z"),
        (Window::Month, "2026-12-01T00:00:00Z", "2026-11-01T00:00:00Z"),
    ] {
        for scope in [Scope::All, Scope::Client(None)] {
            let (_folder, ledger) = fresh();
            in_utc(&ledger).await;
            ledger
                .write(move |tx| {
                    let caps = [cap(scope, window, 100)];
                    assert!(BY.fits(tx, "a", back, 60, &caps), "{window:?}");
                    assert!(BY.fits(tx, "b", forward, 100, &caps), "the next window");
                    assert!(
                        !BY.fits(tx, "c", back, 1, &caps),
                        "{window:?} has ended, and the one that is open is full"
                    );
                    Ok(())
                })
                .await
                .unwrap();
            assert_eq!(books(&ledger).await, Vec::<String>::new());
        }
    }
}

/// Who travels west has a longer day, never a second one; who travels east a new one when the old ends.
#[tokio::test]
async fn another_zone_never_gives_a_day_twice() {
    let (_folder, ledger) = fresh();
    let zone = |name: &'static str| move |tx: &Transaction<'_>| setting::set(tx, setting::ZONE, name);
    ledger.write(zone("Europe/Berlin")).await.unwrap();
    let caps = || [cap(Scope::All, Window::Day, 100)];
    // 21 November in Berlin ends at 23:00Z; in New York, at 05:00Z on the 22nd.
    ledger
        .write(move |tx| {
            assert!(BY.fits(tx, "a", "2026-11-21T12:00:00Z", 100, &caps()));
            setting::set(tx, setting::ZONE, "America/New_York")?;
            assert!(!BY.fits(tx, "b", "2026-11-21T23:30:00Z", 1, &caps()), "the same day goes on");
            assert!(!BY.fits(tx, "c", "2026-11-22T04:59:59Z", 1, &caps()));
            assert!(BY.fits(tx, "d", "2026-11-22T05:00:00Z", 100, &caps()), "the 22nd in New York");
            setting::set(tx, setting::ZONE, "Europe/Berlin")?;
            assert!(!BY.fits(tx, "e", "2026-11-22T23:30:00Z", 1, &caps()), "what has begun runs to its end");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cap_added_today_counts_what_was_spent_and_is_held_already() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(move |tx| {
            let by = By { client: "cursor", ..BY };
            assert!(by.fits(tx, "a", NOON, 50, &[]));
            close(tx, &RequestId::parse("a").unwrap(), Some(&ended(1, measured(40), NOON)), &answered(NOON), &[])?;
            assert!(by.fits(tx, "b", NOON, 30, &[]), "under way while the cap is added");
            let caps = [cap(Scope::Client(None), Window::Week, 100)];
            let got = reserve(tx, &by.start("c", NOON), &limits(&caps), &by.next(31, NOON), at(LEASE))?;
            let no_room = cap_of(got.unwrap_err());
            assert_eq!((no_room.balance.charged, no_room.balance.held), (usd(40), usd(30)));
            assert!(by.fits(tx, "d", NOON, 30, &caps));
            // A process that does not know the cap posts to its account all the same.
            close(tx, &RequestId::parse("b").unwrap(), Some(&ended(1, measured(1), NOON)), &answered(NOON), &[])?;
            assert!(by.fits(tx, "e", NOON, 29, &[]));
            assert!(!by.fits(tx, "f", NOON, 1, &caps), "41 charged, 30 and 29 held");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn of_several_caps_the_strictest_decides_and_of_these_the_tightest_is_named() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = |on_hits: &[OnHit]| -> Vec<Cap> {
        on_hits
            .iter()
            .zip([10, 20, 5, 30])
            .map(|(on_hit, limit)| Cap { on_hit: *on_hit, ..cap(Scope::All, Window::Day, limit) })
            .collect()
    };
    type Row<'a> = (&'a [OnHit], Option<(OnHit, i64)>);
    let rows: [Row<'_>; 6] = [
        (&[OnHit::Warn, OnHit::LocalOnly], Some((OnHit::LocalOnly, 20))),
        (&[OnHit::Ask, OnHit::LocalOnly, OnHit::Warn], Some((OnHit::Ask, 10))),
        (&[OnHit::Ask, OnHit::Block, OnHit::LocalOnly], Some((OnHit::Block, 20))),
        (&[OnHit::Block, OnHit::Block, OnHit::Block], Some((OnHit::Block, 5))),
        (&[OnHit::Block, OnHit::Ask, OnHit::Warn, OnHit::LocalOnly], Some((OnHit::Block, 10))),
        (&[OnHit::Warn], None),
    ];
    for (nth, (on_hits, expected)) in rows.into_iter().enumerate() {
        let limits = limits(&caps(on_hits));
        let id = format!("r{nth}");
        let got = ledger
            .write(move |tx| reserve(tx, &BY.start(&id, NOON), &limits, &BY.next(100, NOON), at(LEASE)))
            .await
            .unwrap();
        match (got, expected) {
            (Ok(covered), None) => {
                assert_eq!(covered.warnings.len(), 1, "it is sent, and warns");
                assert_eq!(covered.warnings[0].needed, usd(100));
            }
            (Err(stopped), Some(expected)) => {
                let no_room = cap_of(stopped);
                assert_eq!((no_room.cap.on_hit, no_room.cap.limit.micros()), expected, "{on_hits:?}");
            }
            (got, expected) => panic!("{on_hits:?}: {got:?} instead of {expected:?}"),
        }
    }
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn local_only_goes_on_with_a_model_of_this_machine_and_holds_what_that_may_cost() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let next = |nth| Next {
        first: covering(nth, "p/m", Place::Away, 60, 60, NOON),
        local: Some(covering(nth, "near/z", Place::Here, 0, 0, NOON)),
    };
    let local_only = Cap { on_hit: OnHit::LocalOnly, ..cap(Scope::All, Window::Day, 100) };
    ledger
        .write(move |tx| {
            let only = limits(std::slice::from_ref(&local_only));
            let first = reserve(tx, &start("a", "a", NOON), &only, &next(1), at(LEASE))?.unwrap();
            assert_eq!((first.went, first.warnings), (Went::First, Vec::new()), "there is room");
            let second = reserve(tx, &start("b", "b", NOON), &only, &next(1), at(LEASE))?.unwrap();
            assert_eq!((second.went, second.warnings.len()), (Went::Local, 1));
            let to: (String, i64) = tx.query_row(
                "SELECT q.provider || ' ' || t.provider, r.hold_micro FROM request q JOIN attempt t ON t.request_id = q.id
                 JOIN reservation r ON r.id = q.id WHERE q.id = 'b'",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            assert_eq!(to, ("near near".to_owned(), 0));
            // The first fails; its fallback would be away again, and now only a model from here fits.
            let failed = ended(1, Charge::Assumed(usd(60)), NOON);
            let Advance::Covered(covered) =
                advance(tx, &RequestId::parse("a").unwrap(), &failed, &only, &next(2))?
            else {
                panic!("a model of this machine may go on")
            };
            assert_eq!(covered.went, Went::Local);
            // Another cap that blocks is not got around by it.
            let both = limits(&[local_only.clone(), cap(Scope::All, Window::Day, 50)]);
            let got = reserve(tx, &start("c", "c", NOON), &both, &next(1), at(LEASE))?;
            assert_eq!(cap_of(got.unwrap_err()).cap.on_hit, OnHit::Block);
            let nobody = Next { local: None, ..next(1) };
            let got = reserve(tx, &start("d", "d", NOON), &only, &nobody, at(LEASE))?;
            assert_eq!(cap_of(got.unwrap_err()).cap.on_hit, OnHit::LocalOnly);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_raise_gives_one_cap_more_room_in_one_window() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(move |tx| {
            let (day, week) = (cap(Scope::All, Window::Day, 100), cap(Scope::All, Window::Week, 200));
            let raise = Raise {
                cap: day.identity(),
                account: String::new(),
                window_key: "2026-11-21".to_owned(),
                amount: usd(50),
            };
            let raised = |caps: &[Cap]| Limits { raises: vec![raise.clone()], ..limits(caps) };
            let both = [day.clone(), week];
            assert!(
                reserve(tx, &start("a", "a", NOON), &limits(&both), &cover(1, "p/m", 150, 150, NOON), at(LEASE))?
                    .is_err()
            );
            reserve(tx, &start("b", "b", NOON), &raised(&both), &cover(1, "p/m", 150, 150, NOON), at(LEASE))?.unwrap();
            let full = reserve(tx, &start("c", "c", NOON), &raised(&both), &cover(1, "p/m", 1, 1, NOON), at(LEASE))?;
            let no_room = cap_of(full.unwrap_err());
            assert_eq!((no_room.limit, no_room.cap.limit), (usd(150), usd(100)));
            let tomorrow = "2026-11-22T00:00:00Z";
            let next = reserve(
                tx,
                &start("d", "d", tomorrow),
                &raised(&[day]),
                &cover(1, "p/m", 101, 101, tomorrow),
                at(tomorrow),
            )?;
            assert!(next.is_err(), "tomorrow has its own limit");
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn an_alert_comes_once_in_a_window_whoever_settles() {
    let (folder, ledger) = fresh();
    in_utc(&ledger).await;
    let other = Ledger::open(&folder.path().join("ledger.db")).unwrap();
    let caps =
        vec![cap(Scope::Provider(None), Window::Day, 100), Cap { alerts: vec![], ..cap(Scope::All, Window::Day, 10) }];
    let settle = |ledger: Ledger, id: &'static str, when: &'static str, micros: i64| {
        let caps = caps.clone();
        async move {
            ledger
                .write(move |tx| {
                    let warn: Vec<Cap> = caps.iter().map(|cap| Cap { on_hit: OnHit::Warn, ..cap.clone() }).collect();
                    let lease = at("2026-11-30T00:00:00Z");
                    reserve(tx, &start(id, id, when), &limits(&warn), &cover(1, "p/m", 60, 60, when), lease)?.unwrap();
                    close(
                        tx,
                        &RequestId::parse(id).unwrap(),
                        Some(&ended(1, measured(micros), when)),
                        &answered(when),
                        &warn,
                    )
                })
                .await
                .unwrap();
        }
    };
    let told = || async {
        ledger.read(|c| alert::after(c, 0)).await.unwrap().into_iter().map(|row| row.percent).collect::<Vec<_>>()
    };
    settle(ledger.clone(), "a", NOON, 49).await;
    assert_eq!(told().await, [0u8; 0]);
    settle(other.clone(), "b", NOON, 1).await;
    assert_eq!(told().await, [50]);
    settle(ledger.clone(), "c", NOON, 10).await;
    settle(other.clone(), "d", NOON, 60).await;
    settle(ledger.clone(), "e", NOON, 1).await;
    assert_eq!(told().await, [50, 80, 100], "each once, by whichever process");
    settle(other, "f", "2026-11-22T00:00:00Z", 55).await;
    assert_eq!(told().await, [50, 80, 100, 50], "the next day tells anew");
    let rows = ledger.read(|c| alert::after(c, 2)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 4], "a look begins after the last one");
    assert_eq!(rows[0].title, "the day cap of $0.0001 for p");
}

#[tokio::test]
async fn a_lapsed_hold_may_raise_an_alert_too() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let caps = [cap(Scope::All, Window::Day, 100)];
            assert!(BY.fits(tx, "a", NOON, 90, &caps));
            assert!(BY.fits(tx, "b", "2026-11-21T13:00:00Z", 10, &caps), "its sweep ends the first");
            assert_eq!(alert::after(tx, 0)?.iter().map(|row| row.percent).collect::<Vec<_>>(), [50, 80]);
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_call_and_a_flow_are_counted_by_scope_over_their_attempts_and_steps() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let id = RequestId::parse("a").unwrap();
            let call = limits(&[cap(Scope::All, Window::Call, 100), cap(Scope::Provider(None), Window::Call, 70)]);
            reserve(tx, &start("a", "f", NOON), &call, &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            let lost = |nth, micros| ended(nth, Charge::Assumed(usd(micros)), NOON);
            // 30 were charged at p. 60 more at q are within both, and then 15 at p are beyond the call's 100.
            let moved = advance(tx, &id, &lost(1, 30), &call, &cover(2, "q/m", 60, 60, NOON))?;
            assert!(matches!(moved, Advance::Covered(_)), "{moved:?}");
            let stopped = advance(tx, &id, &lost(2, 60), &call, &cover(3, "p/m", 15, 15, NOON))?;
            let Advance::Stopped(stopped, charged) = stopped else { panic!("{stopped:?}") };
            let no_room = cap_of(stopped);
            assert_eq!((no_room.cap.window, no_room.balance.charged, charged), (Window::Call, usd(90), usd(90)));
            assert_eq!(no_room.resets, None);

            // Steps of one flow: 90 charged by the first; the model's own cap counts what is held too.
            let model = ModelId::parse("p/m").unwrap();
            let flow = limits(&[cap(Scope::All, Window::Flow, 200), cap(Scope::Model(Some(model)), Window::Flow, 80)]);
            reserve(tx, &start("b", "f", NOON), &flow, &cover(1, "p/m", 50, 50, NOON), at(LEASE))?.unwrap();
            let third = reserve(tx, &start("c", "f", NOON), &flow, &cover(1, "p/m", 1, 1, NOON), at(LEASE))?;
            let no_room = cap_of(third.unwrap_err());
            assert_eq!((no_room.balance.charged, no_room.balance.held), (usd(30), usd(50)), "at p/m, not at q/m");
            reserve(tx, &start("d", "f", NOON), &flow, &cover(1, "q/m", 60, 60, NOON), at(LEASE))?.unwrap();
            let over = reserve(tx, &start("e", "f", NOON), &flow, &cover(1, "q/m", 1, 1, NOON), at(LEASE))?;
            assert_eq!(cap_of(over.unwrap_err()).cap.scope, Scope::All, "90 charged, 50 and 60 held");
            reserve(tx, &start("g", "g", NOON), &flow, &cover(1, "q/m", 200, 200, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}
