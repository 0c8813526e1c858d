//! A count of tokens in a provider's JSON. Where counts disagree the codecs take the larger one: a charge
//! may be too high by a provider's mistake, never too low by our reading.

use serde_json::Value;

/// More tokens than any call can have: a mistake of the provider, or an attack on the books.
const UNBELIEVABLE: u64 = 1_000_000_000;

/// A believable count, also where a server wrote it as `12.0`.
pub(super) fn count(value: &Value) -> Option<u64> {
    number(value).filter(|count| *count < UNBELIEVABLE)
}

fn number(value: &Value) -> Option<u64> {
    let Value::Number(number) = value else { return None };
    number.as_u64().or_else(|| {
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.')?;
        fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
    })
}
