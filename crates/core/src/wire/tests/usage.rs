//! Every way to count tokens × every format.

use serde_json::Value;

use super::fixtures::json;
use crate::money::Usage;
use crate::wire::{Head, Wire, decode};

/// What every format must have: a plain count, and what is not to be believed.
const EVERYWHERE: &[&str] = &[
    "whole",
    "cached",
    "thought",
    "whole_fractions",
    "null_details",
    "empty",
    "null",
    "list",
    "text",
    "zeros",
    "no_input",
    "negative",
    "in_quotes",
    "fraction",
    "absurd",
];

#[test]
fn every_usage_is_read_to_the_same_convention_or_not_believed() {
    for wire in Wire::ALL.iter().copied() {
        let file = json(wire.name(), "usage.json");
        let place = file["place"].as_str().expect("where it stands");
        let cases = file["cases"].as_object().expect("cases");
        for name in EVERYWHERE {
            assert!(cases.contains_key(*name), "{}/usage.json has no {name}", wire.name());
        }
        for (name, case) in cases {
            let mut body = json(wire.name(), "answers/plain.json");
            body[place] = case["said"].clone();
            let head = Head { status: 200, ..Head::default() };
            let answer = decode(wire, &head, body.to_string().as_bytes()).expect("an answer");
            assert_eq!(answer.usage, expected(&case["read"]), "{}/usage.json, {name}", wire.name());
        }
    }
}

/// In the order the files say.
fn expected(read: &Value) -> Option<Usage> {
    let counts: Vec<u64> = read.as_array()?.iter().map(|count| count.as_u64().expect("a count")).collect();
    let [input, cached_input, cache_write, cache_write_1h, output, reasoning] = counts[..] else {
        panic!("six counts, not {read}")
    };
    Some(Usage { input, cached_input, cache_write, cache_write_1h, output, reasoning, ..Usage::default() })
}
