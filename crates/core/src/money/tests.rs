//! Amounts, rates and steps.

use super::*;

#[test]
fn i4_amounts_are_parsed_from_digits_and_printed_from_the_integer() {
    for (text, micros) in [
        ("0", 0),
        ("2", 2_000_000),
        ("0.50", 500_000),
        (".5", 500_000),
        ("15.00", 15_000_000),
        ("0.000001", 1),
        ("0.1000000000", 100_000),
    ] {
        assert_eq!(MicroUsd::parse(text).map(MicroUsd::micros), Ok(micros), "{text}");
    }
    for (text, why) in [
        ("", NotMoney::Shape),
        ("1.", NotMoney::Shape),
        ("-1", NotMoney::Shape),
        ("1e3", NotMoney::Shape),
        ("$1", NotMoney::Shape),
        ("1,5", NotMoney::Shape),
        ("0.0000001", NotMoney::TooFine),
        ("1000000001", NotMoney::TooLarge),
        ("99999999999999999999", NotMoney::TooLarge),
    ] {
        assert_eq!(MicroUsd::parse(text), Err(why), "{text}");
    }
}

#[test]
fn a_figure_of_others_is_rounded_up_and_never_lost() {
    for (text, micros) in [
        ("0.00012345678", Some(124)),
        ("6.85e-06", Some(7)),
        ("1E-20", Some(1)),
        ("0", Some(0)),
        ("0.0", Some(0)),
        ("1.5e0", Some(1_500_000)),
        ("12", Some(12_000_000)),
        ("1e9", Some(1_000_000_000_000_000)),
        ("1e10", None),
        ("-0.1", None),
        ("NaN", None),
        ("", None),
        ("1e", None),
    ] {
        assert_eq!(MicroUsd::parse_up(text).map(MicroUsd::micros), micros, "{text}");
    }
}

#[test]
fn shows_the_digits_that_matter() {
    for (micros, shown) in [
        (0, "$0.00"),
        (42, "$0.000042"),
        (2_100, "$0.0021"),
        (12_345, "$0.0123"),
        (50_000, "$0.05"),
        (1_420_000, "$1.42"),
        (1_999_999, "$1.99"),
        (1_234_567_890_000, "$1,234,567.89"),
        (-1_500_000, "-$1.50"),
    ] {
        assert_eq!(MicroUsd(micros).to_string(), shown);
    }
    assert_eq!(MicroUsd(4_999_999).total(), "$4.99", "a total is never rounded up to a cap");
    assert_eq!(MicroUsd(12_300).decimal(), "0.0123");
    assert_eq!(MicroUsd(-2_000_000).decimal(), "-2");
}

#[test]
fn a_cost_is_rounded_once_and_up() {
    let mut price = Price::flat(MicroUsd(150_000), MicroUsd(600_000));
    price.base.cached_input = Some(MicroUsd(75_000));
    let usage = Usage { input: 3, cached_input: 1, output: 2, ..Usage::default() };
    // 2 × 0.15 + 1 × 0.075 + 2 × 0.6 = 1.575 µ$
    assert_eq!(price.cost(&usage), MicroUsd(2));
    assert_eq!(price.cost(&Usage::default()), MicroUsd::ZERO);
    let absurd = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
    assert_eq!(price.cost(&absurd), MicroUsd::MAX, "an absurd usage is dear, never free");
}

#[test]
fn writing_to_anthropics_cache_is_dearer_than_reading_where_the_price_does_not_say() {
    let written = |price: &Price, hour| {
        price.cost(&Usage { input: 1_000_000, cache_write: 1_000_000, cache_write_1h: hour, ..Usage::default() })
    };
    let mut price = Price::flat(MicroUsd(3_000_001), MicroUsd(0)).with_dearer_writes();
    assert_eq!((written(&price, 0), written(&price, 1_000_000)), (MicroUsd(3_750_002), MicroUsd(6_000_002)));
    price.base.cache_write = Some(MicroUsd(7_000_000));
    price.base.cache_write_1h = None;
    let price = price.with_dearer_writes();
    assert_eq!((written(&price, 0), written(&price, 1_000_000)), (MicroUsd(7_000_000), MicroUsd(7_000_000)));
}

#[test]
fn a_bar_is_full_only_at_the_limit() {
    let limit = MicroUsd(10_000_000);
    assert_eq!(MicroUsd(9_999_999).basis_points_of(limit), 9_999);
    assert_eq!(limit.basis_points_of(limit), 10_000);
    assert_eq!(MicroUsd::ZERO.basis_points_of(MicroUsd::ZERO), 10_000);
    assert_eq!(MicroUsd::ZERO.basis_points_of(limit), 0);
}

#[test]
fn each_kind_of_token_costs_its_own_price_and_a_step_holds_for_the_whole_call() {
    let mut price = Price::flat(MicroUsd(3_000_000), MicroUsd(15_000_000));
    price.base.cached_input = Some(MicroUsd(300_000));
    price.base.cache_write = Some(MicroUsd(3_750_000));
    price.base.cache_write_1h = Some(MicroUsd(6_000_000));
    price.base.image = Some(MicroUsd(4_000_000));
    price.base.reasoning = Some(MicroUsd(20_000_000));
    price.request = MicroUsd(5_000);
    let usage = Usage {
        input: 1_000,
        cached_input: 100,
        cache_write: 300,
        cache_write_1h: 200,
        image: 50,
        output: 40,
        reasoning: 10,
        cost: None,
    };
    // 550 × 3 + 100 × 0.3 + 100 × 3.75 + 200 × 6 + 50 × 4 + 30 × 15 + 10 × 20 = 4,105 µ$, and 5,000 for the call
    assert_eq!(price.cost(&usage), MicroUsd(9_105));
    let rates = Rates { input: MicroUsd(6_000_000), output: MicroUsd(22_500_000), ..Rates::default() };
    price.steps = vec![Step { above: 999, rates }];
    assert_eq!(price.cost(&usage), MicroUsd(1_000 * 6 + 40 * 45 / 2 + 5_000));
    assert_eq!(price.cost(&Usage { input: 999, ..Usage::default() }), MicroUsd(999 * 3 + 5_000));
    assert!(price.most(1_000, 40, Some(PrefixCache::Hour)) >= price.cost(&usage), "the bound knows the step");
    assert_eq!(price.cost(&Usage { cost: Some(MicroUsd(7)), ..usage }), MicroUsd(7), "the provider's own figure holds");
}
