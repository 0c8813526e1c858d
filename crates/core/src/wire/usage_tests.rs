//! The golden set of usage bodies: what servers count, what we read, and what it costs. Each body names its
//! public source, and its cost was summed by hand beside it (`sum`). Every format has its share, so a format
//! whose reader is wrong about one convention fails here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Head, Wire, decode};
use crate::money::{MicroUsd, Price, Usage};

/// Formats with bodies whose codec is not here yet. An entry of any other unknown format is a slip of the pen.
const NOT_YET: &[&str] = &[];
/// Fewer bodies prove nothing about a format.
const FEWEST_OF_A_FORMAT: usize = 8;
const FEWEST: usize = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    /// In µ$ per million tokens.
    prices: BTreeMap<String, Price>,
    bodies: Vec<Body>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    wire: String,
    /// Whose server, which kind of model, and what is odd about the body.
    what: String,
    source: String,
    price: String,
    usage: Value,
    /// `null` where nothing can be read: the charge is then assumed.
    expected: Option<Usage>,
    /// In µ$; `null` with `expected`.
    cost: Option<i64>,
    /// How a person got to the cost: tokens times dollars per million, and what that is rounded up.
    sum: String,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("fixtures/usages.json")).expect("the fixture reads")
}

/// The smallest answer of a format that carries a usage.
fn answer(wire: &str, usage: &Value) -> Value {
    match wire {
        "openai_chat" => {
            json!({ "choices": [{ "message": { "content": "Yes" }, "finish_reason": "stop" }], "usage": usage })
        }
        "gemini" => {
            let candidate = json!({ "content": { "parts": [{ "text": "Yes" }] }, "finishReason": "STOP" });
            json!({ "candidates": [candidate], "usageMetadata": usage })
        }
        "anthropic_messages" => json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{ "type": "text", "text": "Yes" }], "stop_reason": "end_turn", "usage": usage
        }),
        "openai_responses" => {
            let text = json!({ "type": "output_text", "text": "Yes", "annotations": [] });
            let message = json!({ "type": "message", "role": "assistant", "status": "completed", "content": [text] });
            json!({ "id": "resp_1", "object": "response", "status": "completed", "output": [message], "usage": usage })
        }
        other => panic!("{other} is no format"),
    }
}

#[test]
fn every_golden_usage_is_read_and_costs_what_was_summed_by_hand() {
    let golden = golden();
    let head = Head { status: 200, content_type: "application/json".into(), retry_after: None };
    let mut findings = Vec::new();
    for body in &golden.bodies {
        let whole = answer(&body.wire, &body.usage).to_string();
        let Some(wire) = Wire::from_name(&body.wire) else { continue };
        let read = decode(wire, &head, whole.as_bytes()).map(|answer| answer.usage);
        let cost = body.expected.map(|usage| golden.prices[&body.price].cost(&usage).micros());
        if read.as_ref() != Ok(&body.expected) || cost != body.cost {
            findings.push(format!(
                "{}: {}\n    read {read:?}\n    cost {cost:?}, by hand {:?}",
                body.wire, body.what, body.cost
            ));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_golden_set_leaves_no_format_and_no_kind_of_token_out() {
    let golden = golden();
    assert!(golden.bodies.len() >= FEWEST, "{} bodies", golden.bodies.len());
    let mut of = BTreeMap::<&str, usize>::new();
    for body in &golden.bodies {
        *of.entry(&body.wire).or_default() += 1;
    }
    let unknown: BTreeSet<&str> = of.keys().copied().filter(|name| Wire::from_name(name).is_none()).collect();
    assert_eq!(unknown, NOT_YET.iter().copied().collect(), "every other format is decoded here");
    for name in Wire::ALL.iter().map(|wire| wire.name()).chain(NOT_YET.iter().copied()) {
        let bodies = of.get(name).copied().unwrap_or(0);
        assert!(bodies >= FEWEST_OF_A_FORMAT, "{name} has {bodies} bodies");
    }
    let used: BTreeSet<&str> = golden.bodies.iter().map(|body| body.price.as_str()).collect();
    assert_eq!(used, golden.prices.keys().map(String::as_str).collect(), "every price is used");
    let counts: Vec<Usage> = golden.bodies.iter().filter_map(|body| body.expected).collect();
    for (kind, of) in [
        ("cached", (|usage| usage.cached_input) as fn(&Usage) -> u64),
        ("cache write of five minutes", |usage| usage.cache_write - usage.cache_write_1h),
        ("cache write of an hour", |usage| usage.cache_write_1h),
        ("image", |usage| usage.image),
        ("reasoning", |usage| usage.reasoning),
    ] {
        assert!(counts.iter().any(|usage| of(usage) > 0), "{kind}");
    }
}

#[test]
fn a_golden_body_says_where_it_is_from_and_how_its_cost_was_summed() {
    let golden = golden();
    let mut seen = BTreeSet::new();
    for body in &golden.bodies {
        assert!(seen.insert((&body.wire, &body.what)), "{} stands twice", body.what);
        assert!(body.source.contains('.') && body.source.contains('/'), "{}: {}", body.what, body.source);
        assert_eq!(body.cost.is_some(), body.expected.is_some(), "{}", body.what);
        let Some(cost) = body.cost else { continue };
        let figure = MicroUsd::from_micros(cost).micros().to_string();
        assert!(body.sum.ends_with(&format!("= {figure}")), "{}: {} is not {figure}", body.what, body.sum);
        assert!(cost > 0 || body.price == "free", "{} is free", body.what);
    }
}
