use super::*;

const RULES: Breaker = Breaker { failures: 3, cooldown: Duration::from_secs(60) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000 + second).unwrap()
}

fn failed() -> Outcome {
    Outcome::Failed { last: Code::Overloaded, not_before: None }
}

/// A record after outcomes of ordinary requests, one each second from second 1 on.
fn record(outcomes: &[Outcome]) -> Option<Record> {
    (1..)
        .zip(outcomes)
        .fold(None, |record, (second, outcome)| after(record, RULES, Role::Ordinary, *outcome, at(second)))
}

fn open(record: Option<&Record>, second: i64) -> Option<(Timestamp, Why)> {
    match gate(record, RULES, at(second)) {
        Gate::Open(rest) => Some((rest.until, rest.why)),
        Gate::Closed | Gate::HalfOpen => None,
    }
}

#[test]
fn it_opens_after_so_many_failed_requests_in_a_row() {
    let (ok, no, bad) = (Outcome::Answered, Outcome::Undecided, failed());
    let rows: &[(&[Outcome], Option<i64>, &str)] = &[
        (&[], None, "nothing happened"),
        (&[bad, bad], None, "two of three"),
        (&[bad, bad, bad], Some(63), "the third rests it for 60 s"),
        (&[bad, bad, ok, bad, bad], None, "an answer begins anew"),
        (&[bad, no, bad, no, bad], Some(65), "what says nothing neither counts nor begins anew"),
        (&[no; 9], None, "what says nothing never counts"),
        (&[bad, bad, bad, bad], Some(63), "one that was under way does not rest it longer"),
        (&[bad, bad, bad, ok], None, "one that was under way and is answered ends it"),
    ];
    for (outcomes, until, why) in rows {
        let record = record(outcomes);
        assert_eq!(open(record.as_ref(), 10).map(|(until, _)| until), until.map(at), "{why}: {record:?}");
    }
    assert_eq!(open(record(&[bad; 3]).as_ref(), 10).map(|(_, why)| why), Some(Why::Failed(3)));
}

#[test]
fn after_the_rest_one_call_asks_and_the_others_wait_for_it() {
    let rested = record(&[failed(); 3]);
    assert_eq!(gate(rested.as_ref(), RULES, at(62)), open_gate(63, Why::Failed(3)));
    assert_eq!(gate(rested.as_ref(), RULES, at(63)), Gate::HalfOpen);
    let asking = rested.map(|record| claimed(record, at(100)));
    assert_eq!(gate(asking.as_ref(), RULES, at(64)), open_gate(100, Why::Probing));
    assert_eq!(gate(asking.as_ref(), RULES, at(100)), Gate::HalfOpen, "the one that asked died on the way");

    let ended = |role, outcome| after(asking.clone(), RULES, role, outcome, at(70));
    assert_eq!(ended(Role::Probe, Outcome::Answered), None, "it works again");
    assert_eq!(gate(ended(Role::Probe, failed()).as_ref(), RULES, at(71)), open_gate(130, Why::Failed(4)));
    assert_eq!(gate(ended(Role::Probe, failed()).as_ref(), RULES, at(130)), Gate::HalfOpen);
    let undecided = ended(Role::Probe, Outcome::Undecided);
    assert_eq!(gate(undecided.as_ref(), RULES, at(71)), Gate::HalfOpen, "the next call asks instead");
    // A request from before that ends only now takes the try from nobody.
    for outcome in [Outcome::Undecided, failed()] {
        let straggler = ended(Role::Ordinary, outcome);
        assert_eq!(straggler.as_ref().and_then(|record| record.probe_until), Some(at(100)), "{outcome:?}");
        assert!(matches!(gate(straggler.as_ref(), RULES, at(71)), Gate::Open(_)), "{outcome:?}");
    }
}

fn open_gate(until: i64, why: Why) -> Gate {
    Gate::Open(Rest { until: at(until), why, last: Code::Overloaded })
}

#[test]
fn what_a_provider_asks_for_beyond_the_deadline_is_kept_and_bounded() {
    let left = Duration::from_secs(30);
    let of = |kind, after: Option<u64>| {
        let retry_after = after.map(Duration::from_secs);
        Outcome::of(&Failure { retry_after, ..Failure::new(kind, "") }, at(0), left)
    };
    let failed = |last, not_before: Option<i64>| Outcome::Failed { last, not_before: not_before.map(at) };
    assert_eq!(of(FailureKind::RateLimit, Some(90)), failed(Code::RateLimit, Some(90)));
    assert_eq!(of(FailureKind::RateLimit, Some(30)), failed(Code::RateLimit, Some(30)), "that is the deadline");
    assert_eq!(of(FailureKind::RateLimit, Some(29)), failed(Code::RateLimit, None), "it was waited for in place");
    assert_eq!(of(FailureKind::Overloaded, Some(u64::MAX)), failed(Code::Overloaded, Some(3600)), "an hour at most");
    assert_eq!(of(FailureKind::Quota, Some(90)), failed(Code::Quota, None), "no waiting helps");
    let asked = after(None, RULES, Role::Ordinary, of(FailureKind::RateLimit, Some(90)), at(0));
    assert_eq!(open(asked.as_ref(), 1), Some((at(90), Why::Asked)));
    assert_eq!(gate(asked.as_ref(), RULES, at(90)), Gate::Closed, "one failure is not three");
    let longer = after(
        record(&[failed(Code::RateLimit, None); 2]),
        RULES,
        Role::Ordinary,
        failed(Code::RateLimit, Some(500)),
        at(3),
    );
    assert_eq!(open(longer.as_ref(), 4), Some((at(500), Why::Failed(3))), "the later of the two holds");
}

/// Acceptance 16, and product.md §5.8.
#[test]
fn what_says_something_about_the_call_never_counts() {
    for kind in FailureKind::ALL {
        let outcome = Outcome::of(&Failure::new(*kind, ""), at(0), LONGEST);
        let about_the_call =
            matches!(kind, FailureKind::InvalidRequest | FailureKind::ContextTooLong | FailureKind::ContentFilter);
        assert_eq!(outcome == Outcome::Undecided, about_the_call, "{kind:?}");
    }
    let cut_short = Failure { cut_short: true, ..Failure::new(FailureKind::Timeout, "") };
    assert_eq!(Outcome::of(&cut_short, at(0), LONGEST), Outcome::Undecided);
}

#[test]
fn an_instant_of_a_wrong_clock_rests_nobody() {
    let mut wrong = record(&[failed(); 3]).unwrap();
    wrong.until = Some(at(999_999));
    assert_eq!(gate(Some(&wrong), RULES, at(10)), Gate::HalfOpen);
    let wrong = claimed(wrong, at(999_999));
    assert_eq!(gate(Some(&wrong), RULES, at(10)), Gate::HalfOpen);
}

#[test]
fn other_numbers_in_the_file_hold_from_the_next_call_on() {
    let twice = record(&[failed(); 2]);
    assert_eq!(gate(twice.as_ref(), RULES, at(10)), Gate::Closed);
    assert_eq!(gate(twice.as_ref(), Breaker { failures: 2, ..RULES }, at(10)), Gate::HalfOpen);
}
