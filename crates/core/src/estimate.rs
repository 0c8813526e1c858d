//! What a call can cost at most, before it is made. The bound is true, not likely: it is what is
//! held, so a cap can never be passed by a call that was let through.

use crate::chat::{Chat, Part, ResponseFormat};
use crate::money::{MicroUsd, Price, Usage};
use crate::policy::Preflight;

/// Tokens a message may add around its text: role marks, separators, names.
const PER_MESSAGE: u64 = 16;
/// Tokens a request may add around its messages: the primer of the answer.
const PER_REQUEST: u64 = 16;
/// Tokens one image may cost. The dearest published rule of the formats built so far: OpenAI bills
/// gpt-4o-mini 2,833 tokens and 5,667 for each of at most 8 tiles of 512 px after its own scaling
/// (platform.openai.com/docs/guides/images-vision, "Calculating costs").
const PER_IMAGE: u64 = 2_833 + 8 * 5_667;

/// The most input tokens a conversation can be: a token is at least one byte of UTF-8 in every
/// tokeniser with byte fallback, so the bytes bound the tokens.
pub fn most_input_tokens(chat: &Chat) -> u64 {
    let messages: u64 = chat.messages.iter().map(|message| PER_MESSAGE + parts(&message.parts)).sum();
    let format = match &chat.params.response_format {
        Some(ResponseFormat::JsonSchema { name, schema, .. }) => PER_MESSAGE + bytes(name) + bytes(&schema.to_string()),
        Some(ResponseFormat::JsonObject | ResponseFormat::Text) | None => 0,
    };
    PER_REQUEST + messages + format
}

fn parts(parts: &[Part]) -> u64 {
    // Several texts of one message may be joined by a line end each.
    let joints = parts.len() as u64;
    joints
        + parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => bytes(text),
                Part::Image(_) => PER_IMAGE,
            })
            .sum::<u64>()
}

fn bytes(text: &str) -> u64 {
    text.len() as u64
}

/// The most a call can cost: every input token at the dearest input price, and `max_tokens` of output,
/// which is sent on the wire in every format.
pub fn worst_cost(chat: &Chat, max_tokens: u64, price: &Price) -> MicroUsd {
    price.most(most_input_tokens(chat), max_tokens, chat.params.prefix_cache)
}

/// What a call probably costs: its likely input, and all of `max_tokens`. For warnings and the preflight
/// gate, never for a cap.
pub fn likely_cost(chat: &Chat, max_tokens: u64, price: &Price, preflight: &Preflight) -> MicroUsd {
    price.cost(&Usage { input: likely_tokens(chat, preflight), output: max_tokens, ..Usage::default() })
}

/// The input tokens a conversation probably is: characters divided by `chars_per_token`. Never for a cap.
pub fn likely_tokens(chat: &Chat, preflight: &Preflight) -> u64 {
    let characters: u64 = chat
        .messages
        .iter()
        .flat_map(|message| &message.parts)
        .map(|part| match part {
            Part::Text(text) => text.chars().count() as u64,
            Part::Image(_) => 4 * 1_000,
        })
        .sum();
    (characters * 100).div_ceil(u64::from(preflight.chars_per_token_x100.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Image, Message, Role};

    fn chat(parts: Vec<Part>) -> Chat {
        Chat { messages: vec![Message { role: Role::User, parts }], ..Chat::default() }
    }

    fn price() -> Price {
        let mut price = Price::flat(MicroUsd::from_micros(1_000_000), MicroUsd::from_micros(2_000_000));
        price.base.cached_input = Some(MicroUsd::from_micros(100_000));
        price.base.cache_write = Some(MicroUsd::from_micros(1_250_000));
        price
    }

    #[test]
    fn the_bound_counts_bytes_not_characters() {
        let thumbs = chat(vec![Part::Text("👍🏽".into())]);
        assert_eq!(
            most_input_tokens(&thumbs),
            16 + 16 + 1 + 8,
            "an emoji with a skin tone is 8 bytes and may be 8 tokens"
        );
        let picture = Part::Image(Image { media_type: "image/png".into(), base64: "AAAA".into() });
        assert!(most_input_tokens(&chat(vec![picture])) >= 48_169, "the dearest image rule of the format");
    }

    #[test]
    fn the_worst_case_uses_the_dearest_input_price_and_all_of_max_tokens() {
        let hello = chat(vec![Part::Text("hello".into())]);
        // 38 tokens at 1.25 µ$ (a cache write may be billed), 100 at 2 µ$.
        assert_eq!(worst_cost(&hello, 100, &price()), MicroUsd::from_micros(248));
        assert!(likely_cost(&hello, 100, &price(), &Preflight::default()) <= worst_cost(&hello, 100, &price()));
    }

    #[test]
    fn a_schema_is_part_of_the_prompt() {
        let mut with = chat(vec![Part::Text("x".into())]);
        let without = most_input_tokens(&with);
        with.params.response_format = Some(ResponseFormat::JsonSchema {
            name: "answer".into(),
            schema: serde_json::json!({"type": "object"}),
            strict: true,
        });
        assert!(most_input_tokens(&with) >= without + 17);
    }
}
