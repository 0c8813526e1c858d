//! Whatever happens, in whatever order: every account is what the rows come to, no cap is passed, nothing
//! stays held.

use pointsman_core::budget::{Raise, span};
use pointsman_core::id::{ClientId, ProjectName, ProviderId};

use rusqlite::OptionalExtension;

use super::*;

/// A generator of numbers that are the same in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()].clone()
    }
}

/// A call as the test itself keeps it, apart from the ledger.
#[derive(Clone)]
struct Kept {
    id: String,
    counted: Counted,
    made: Timestamp,
    /// What was charged, by the model that was asked.
    charged: Vec<(ModelId, i64)>,
    /// What is held for the whole call and for the attempt under way.
    open: Option<(i64, i64)>,
    nth: u32,
}

const MODELS: [&str; 4] = ["p/a", "p/b", "q/a", "r/x/y"];

fn caps() -> Vec<Cap> {
    let provider = |name| Scope::Provider(ProviderId::parse(name).ok());
    vec![
        cap(Scope::All, Window::Day, 4_000),
        cap(Scope::All, Window::Hour, 900),
        cap(provider("p"), Window::Week, 9_000),
        cap(Scope::Provider(None), Window::Total, 20_000),
        cap(Scope::Model(None), Window::Month, 12_000),
        cap(Scope::Client(None), Window::Day, 3_000),
        cap(Scope::Class(TaskClass::parse("review").ok()), Window::Hour, 500),
        cap(Scope::Project(ProjectName::parse("site").ok()), Window::Total, 9_000),
    ]
}

/// What a cap's account should say of the window an instant lies in.
fn expected(cap: &Cap, account: &str, at: Timestamp, calls: &[Kept]) -> (i64, i64) {
    let window = span(cap.window, at, &jiff::tz::TimeZone::UTC).unwrap();
    let (mut charged, mut held) = (0, 0);
    for call in calls.iter().filter(|call| call.made >= window.start && call.made < window.end) {
        let names = |model: &ModelId| {
            let counted = Counted { model: model.clone(), ..call.counted.clone() };
            counted.name_in(&cap.scope) == account
        };
        charged += call.charged.iter().filter(|(model, _)| names(model)).map(|(_, amount)| amount).sum::<i64>();
        if let Some((whole, attempt)) = call.open.filter(|_| names(&call.counted.model)) {
            held += if cap.scope.counts_attempts() { attempt } else { whole };
        }
    }
    (charged, held)
}

/// The account of a cap as the ledger has it, if it has been opened.
fn actual(tx: &Transaction<'_>, cap: &Cap, account: &str, at: Timestamp) -> Option<(i64, i64)> {
    tx.query_row(
        "SELECT charged_micro, held_micro FROM account
         WHERE scope = ?1 AND name = ?2 AND window = ?3 AND start_ms <= ?4 AND end_ms > ?4",
        params![cap.scope.as_str(), account, cap.window.as_str(), at.as_millisecond()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .optional()
    .unwrap()
}

struct World {
    dice: Dice,
    now: Timestamp,
    calls: Vec<Kept>,
    admitted: u32,
    refused: u32,
}

impl World {
    fn step(&mut self, tx: &Transaction<'_>, nth: usize, caps: &[Cap]) {
        // Minutes to hours pass, and now and then the clock is set back.
        self.now += jiff::SignedDuration::from_secs(i64::try_from(self.dice.roll(4_000)).unwrap());
        if self.dice.roll(12) == 0 {
            self.now -= jiff::SignedDuration::from_hours(i64::try_from(self.dice.roll(5)).unwrap());
        }
        let open: Vec<usize> = (0..self.calls.len()).filter(|at| self.calls[*at].open.is_some()).collect();
        match self.dice.roll(6) {
            0..=2 => self.reserve(tx, nth, caps),
            3 if !open.is_empty() => {
                let at = self.dice.pick(&open);
                self.advance(tx, at, caps);
            }
            4 if !open.is_empty() => {
                let at = self.dice.pick(&open);
                let amount = i64::try_from(self.dice.roll(300)).unwrap();
                let call = &mut self.calls[at];
                let end = ended(call.nth, measured(amount), NOON);
                close(tx, &RequestId::parse(&call.id).unwrap(), Some(&end), &answered(NOON), caps).unwrap();
                call.charged.push((call.counted.model.clone(), amount));
                call.open = None;
            }
            _ if !open.is_empty() => {
                let at = self.dice.pick(&open);
                let call = &mut self.calls[at];
                lapse(tx, &RequestId::parse(&call.id).unwrap(), None, self.now, caps).unwrap();
                let (_, worst) = call.open.take().unwrap();
                call.charged.push((call.counted.model.clone(), worst));
            }
            _ => {}
        }
    }

    fn reserve(&mut self, tx: &Transaction<'_>, nth: usize, caps: &[Cap]) {
        let counted = Counted {
            model: ModelId::parse(self.dice.pick(&MODELS)).unwrap(),
            client: self.dice.pick(&[None, ClientId::parse("cursor").ok(), ClientId::parse("code").ok()]),
            class: TaskClass::parse(self.dice.pick(&["review", "summarize", "chat"])).unwrap(),
            project: self.dice.pick(&[None, ProjectName::parse("site").ok()]),
        };
        let worst = i64::try_from(self.dice.roll(200)).unwrap();
        let dearest = worst + i64::try_from(self.dice.roll(100)).unwrap();
        let id = format!("r{nth}");
        let mut start = start(&id, &id, NOON);
        start.at = self.now;
        start.class = counted.class.to_string();
        start.caller = Caller { client: counted.client.clone(), project: counted.project.clone(), ..Caller::cli() };
        let mut next = cover(1, MODELS[0], worst, dearest, NOON);
        next.first.attempt.counted = counted.clone();
        let lease = self.now + jiff::SignedDuration::from_hours(1_000_000);
        if reserve(tx, &start, &limits(caps), &next, lease).unwrap().is_err() {
            self.refused += 1;
            return;
        }
        self.admitted += 1;
        // The ledger's clock never goes back.
        let made = self.calls.iter().map(|call| call.made).max().map_or(self.now, |last| last.max(self.now));
        let made = Timestamp::from_millisecond(made.as_millisecond()).unwrap();
        self.calls.push(Kept { id, counted, made, charged: Vec::new(), open: Some((dearest, worst)), nth: 1 });
    }

    fn advance(&mut self, tx: &Transaction<'_>, at: usize, caps: &[Cap]) {
        let worst = i64::try_from(self.dice.roll(200)).unwrap();
        let amount = i64::try_from(self.dice.roll(100)).unwrap();
        let model = ModelId::parse(self.dice.pick(&MODELS)).unwrap();
        let call = &mut self.calls[at];
        let mut next = cover(call.nth + 1, MODELS[0], worst, worst, NOON);
        next.first.attempt.counted = Counted { model: model.clone(), ..call.counted.clone() };
        let end = ended(call.nth, Charge::Assumed(usd(amount)), NOON);
        let got = advance(tx, &RequestId::parse(&call.id).unwrap(), &end, &limits(caps), &next).unwrap();
        call.charged.push((call.counted.model.clone(), amount));
        match got {
            Advance::Covered(_) => {
                call.open = Some((worst, worst));
                call.counted.model = model;
                call.nth += 1;
            }
            Advance::Stopped(..) => call.open = None,
            Advance::Lapsed => panic!("its lease is long"),
        }
    }
}

#[tokio::test]
async fn accounts_are_the_sums_of_their_calls_whatever_happens() {
    for seed in 1..=4u64 {
        let (_folder, ledger) = fresh();
        in_utc(&ledger).await;
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut world = World { dice, now: at(NOON), calls: Vec::new(), admitted: 0, refused: 0 };
        let (admitted, refused) = ledger
            .write(move |tx| {
                let all = caps();
                for nth in 0..300 {
                    // Caps come and go, as when a file is edited and two processes know different ones.
                    let known: Vec<Cap> = all.iter().filter(|_| world.dice.roll(8) > 0).cloned().collect();
                    world.step(tx, nth, &known);
                    let latest = world.calls.iter().map(|call| call.made).max().unwrap_or(world.now);
                    for cap in &all {
                        for name in ["", "p", "q", "p/a", "r/x/y", "cursor", "review", "site"] {
                            if let Some(got) = actual(tx, cap, name, latest) {
                                assert_eq!(
                                    got,
                                    expected(cap, name, latest, &world.calls),
                                    "seed {seed}, step {nth}: {cap:?} {name}"
                                );
                            }
                        }
                    }
                }
                Ok((world.admitted, world.refused))
            })
            .await
            .unwrap();
        assert!(
            admitted > 40 && refused > 10,
            "seed {seed}: {admitted} went, {refused} were refused: both must happen"
        );
        assert_eq!(books(&ledger).await, Vec::<String>::new(), "seed {seed}");
    }
}

/// One call of a client, at a model by its number: `true` where it was let through, and then it is over.
async fn call(ledger: &Ledger, caps: &[Cap], id: &str, client: &str) -> bool {
    let (caps, id, client) = (caps.to_vec(), id.to_owned(), ClientId::parse(client).ok());
    let model = if id.ends_with(['0', '2', '4', '6', '8']) { "p/m" } else { "q/m" };
    let go = move |tx: &Transaction<'_>| {
        let mut start = start(&id, &id, NOON);
        start.caller.client.clone_from(&client);
        let mut next = cover(1, model, 90, 90, NOON);
        next.first.attempt.counted.client = client;
        if reserve(tx, &start, &limits(&caps), &next, at(LEASE))?.is_err() {
            return Ok(None);
        }
        Ok(RequestId::parse(&id).ok())
    };
    let Some(id) = ledger.write(go).await.unwrap() else { return false };
    let end = ended(1, measured(30), NOON);
    ledger.write(move |tx| close(tx, &id, Some(&end), &answered(NOON), &[])).await.unwrap();
    true
}

/// Three caps at once, several connections, each with calls that fit one by one and not together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_racing_connections_never_pass_any_of_three_caps() {
    let (folder, ledger) = fresh();
    in_utc(&ledger).await;
    let caps = vec![
        cap(Scope::All, Window::Day, 1_000),
        cap(Scope::Client(None), Window::Hour, 450),
        cap(Scope::Model(ModelId::parse("p/m").ok()), Window::Total, 700),
    ];
    let mut racers = Vec::new();
    for racer in 0..6 {
        let (ledger, caps) = (Ledger::open(&folder.path().join("ledger.db")).unwrap(), caps.clone());
        racers.push(tokio::spawn(async move {
            let mut sent = 0;
            for nth in 0..20 {
                sent += i64::from(call(&ledger, &caps, &format!("r{racer}-{nth}"), ["a", "b", "c"][racer % 3]).await);
            }
            sent
        }));
    }
    let mut sent = 0;
    for racer in racers {
        sent += racer.await.unwrap();
    }
    // Nobody holds anything any more, so what is refused now is refused by what was charged.
    for nth in 0..60 {
        sent += i64::from(call(&ledger, &caps, &format!("after-{nth}"), ["a", "b", "c"][nth % 3]).await);
    }
    let rows: Vec<(String, i64, i64)> = ledger
        .read(|c| {
            let mut query =
                c.prepare("SELECT scope || name || window, charged_micro, held_micro FROM account ORDER BY id")?;
            let rows =
                query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
            Ok(rows)
        })
        .await
        .unwrap();
    let charged = |name: &str| rows.iter().find(|row| row.0 == name).map_or(0, |row| row.1);
    assert!(charged("allday") <= 1_000 && charged("modelp/mtotal") <= 700, "{rows:?}");
    assert!(["clientahour", "clientbhour", "clientchour"].iter().all(|name| charged(name) <= 450), "{rows:?}");
    assert!(rows.iter().all(|row| row.2 == 0), "nothing stays held: {rows:?}");
    assert_eq!(charged("allday"), sent * 30, "each call that was sent is charged once");
    assert!(charged("allday") > 1_000 - 90, "no room is given away: {rows:?}");
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_corrected_price_adjusts_the_marked_rows_of_its_model_and_nothing_else() {
    use crate::ledger::adjustment::{Marked, Repriced, reprice};

    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    let price = |micros| Price::flat(usd(micros), usd(micros));
    ledger
        .write(move |tx| {
            let calls = [
                ("a", "p/m", "2026-11-20T10:00:00Z", Some(10)),
                ("b", "p/m", "2026-11-21T10:00:00Z", Some(10)),
                ("c", "p/other", "2026-11-21T10:00:00Z", Some(10)),
                ("d", "p/m", "2026-11-21T11:00:00Z", None),
                ("e", "p/m", "2026-11-21T12:00:00Z", Some(4)),
            ];
            let caps = [cap(Scope::Model(None), Window::Day, 1_000_000)];
            for (id, model, when, charge) in calls {
                let lease = at("2026-11-30T00:00:00Z");
                reserve(tx, &start(id, id, when), &limits(&caps), &cover(1, model, 60, 60, when), lease)?.unwrap();
                // A million tokens read and none made: the charge is the price.
                let usage = Usage { input: 1_000_000, ..Usage::default() };
                let charge = charge.map_or(Charge::Assumed(usd(60)), |micros| Charge::Measured(usage, usd(micros)));
                close(tx, &RequestId::parse(id).unwrap(), Some(&ended(1, charge, when)), &answered(when), &[])?;
            }
            let before: Vec<String> = attempts(tx);
            let model = ModelId::parse("p/m").unwrap();
            let marked = Marked { model, from: at("2026-11-21T00:00:00Z"), before: at("2026-11-22T00:00:00Z") };
            let done = reprice(tx, &marked, &price(4), at(NOON))?;
            assert_eq!(done, Repriced { corrected: 1, unchanged: 1, uncounted: 1, amount: usd(-6) });
            assert_eq!(attempts(tx), before, "I5: the attempts stay as they are");
            let again = reprice(tx, &marked, &price(4), at(NOON))?;
            assert_eq!((again.corrected, again.amount), (0, usd(0)), "doing it twice changes nothing more");
            let back = reprice(tx, &marked, &price(10), at(NOON))?;
            assert_eq!((back.corrected, back.amount), (2, usd(6 + 6)), "b is back, e was cheaper than that");
            let total = |id: &str| -> i64 {
                tx.query_row("SELECT charged_micro FROM request WHERE id = ?1", [id], |row| row.get(0)).unwrap()
            };
            assert_eq!(["a", "b", "c", "d", "e"].map(total), [10, 10, 10, 60, 10]);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(day(&ledger, "2026-11-20").await, (10, 0));
    assert_eq!(day(&ledger, "2026-11-21").await, (10 + 10 + 60 + 10, 0), "totals are charges and adjustments");
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_corrected_price_counts_each_kind_of_token_at_its_own() {
    use crate::ledger::adjustment::{Marked, reprice};

    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let million = 1_000_000;
            let usage = Usage {
                input: 10 * million,
                cached_input: million,
                cache_write: 4 * million,
                cache_write_1h: 3 * million,
                image: 2 * million,
                output: 5 * million,
                reasoning: 2 * million,
                cost: None,
            };
            let mut price = Price::flat(usd(100), usd(1_000));
            price.base.cached_input = Some(usd(10));
            price.base.cache_write = Some(usd(200));
            price.base.cache_write_1h = Some(usd(300));
            price.base.image = Some(usd(7));
            price.base.reasoning = Some(usd(2_000));
            let cost = price.cost(&usage);
            assert_eq!(cost, usd(3 * 100 + 10 + 200 + 3 * 300 + 2 * 7 + 3 * 1_000 + 2 * 2_000));
            reserve(tx, &start("a", "a", NOON), &limits(&[]), &cover(1, "p/m", 60, 60, NOON), at(LEASE))?.unwrap();
            let ended = ended(1, Charge::Measured(usage, cost), NOON);
            close(tx, &RequestId::parse("a").unwrap(), Some(&ended), &answered(NOON), &[])?;
            let day = (at("2026-11-21T00:00:00Z"), at("2026-11-22T00:00:00Z"));
            let marked = Marked { model: ModelId::parse("p/m").unwrap(), from: day.0, before: day.1 };
            let done = reprice(tx, &marked, &price, at(NOON))?;
            assert_eq!((done.corrected, done.unchanged), (0, 1), "the same price is the same cost: {done:?}");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(books(&ledger).await, Vec::<String>::new());
}

fn attempts(tx: &Transaction<'_>) -> Vec<String> {
    let mut query = tx.prepare("SELECT json_array(id, price_input_micro, charge, charge_micro) FROM attempt").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// What a raise is for is compared, not only its sum.
#[tokio::test]
async fn a_raise_for_another_cap_or_account_opens_nothing() {
    let (_folder, ledger) = fresh();
    in_utc(&ledger).await;
    ledger
        .write(|tx| {
            let full = cap(Scope::Provider(None), Window::Day, 100);
            let raise = |cap: &Cap, account: &str| Raise {
                cap: cap.identity(),
                account: account.to_owned(),
                window_key: "2026-11-21".to_owned(),
                amount: usd(1_000),
            };
            let others = vec![raise(&full, "q"), raise(&cap(Scope::All, Window::Day, 100), "")];
            let limits = Limits { raises: others, ..limits(std::slice::from_ref(&full)) };
            let got = reserve(tx, &start("a", "a", NOON), &limits, &cover(1, "p/m", 101, 101, NOON), at(LEASE))?;
            assert!(got.is_err());
            let limits = Limits { raises: vec![raise(&full, "p")], ..limits };
            reserve(tx, &start("b", "b", NOON), &limits, &cover(1, "p/m", 101, 101, NOON), at(LEASE))?.unwrap();
            Ok(())
        })
        .await
        .unwrap();
}
