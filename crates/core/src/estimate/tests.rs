//! The bound against real tokenisers, over texts of thirty languages, code, emoji and noise.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

use super::*;
use crate::chat::{Image, Message, Role};

#[derive(Deserialize)]
struct Text {
    group: String,
    text: String,
}

/// At least 200 texts, written for this test.
fn texts() -> Vec<Text> {
    serde_json::from_str(include_str!("fixtures/texts.json")).expect("the fixture reads")
}

fn tokenisers() -> [(&'static str, &'static CoreBPE); 2] {
    [("o200k_base", o200k_base_singleton()), ("cl100k_base", cl100k_base_singleton())]
}

fn tokens(tokeniser: &CoreBPE, text: &str) -> u64 {
    tokeniser.encode_ordinary(text).len() as u64
}

fn chat(parts: Vec<Part>) -> Chat {
    Chat { messages: vec![Message { role: Role::User, parts }], ..Chat::default() }
}

fn text(text: &str) -> Chat {
    chat(vec![Part::Text(text.to_owned())])
}

fn picture() -> Part {
    Part::Image(Image { media_type: "image/png".into(), base64: "AAAA".into() })
}

fn price() -> Price {
    let mut price = Price::flat(MicroUsd::from_micros(1_000_000), MicroUsd::from_micros(2_000_000));
    price.base.cached_input = Some(MicroUsd::from_micros(100_000));
    price.base.cache_write = Some(MicroUsd::from_micros(1_250_000));
    price
}

/// What OpenAI counts for a conversation of texts: three tokens and the role for each message, three for
/// the answer's beginning (cookbook.openai.com, "How to count tokens with tiktoken").
fn counted(tokeniser: &CoreBPE, chat: &Chat) -> u64 {
    let of = |message: &Message| {
        let texts = message.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Image(_) => panic!("no tokeniser counts a picture"),
        });
        3 + 1 + tokens(tokeniser, &texts.collect::<Vec<_>>().join("\n"))
    };
    3 + chat.messages.iter().map(of).sum::<u64>()
}

#[test]
fn no_real_tokeniser_counts_more_than_the_bound() {
    let texts = texts();
    let groups: BTreeSet<&str> = texts.iter().map(|text| text.group.as_str()).collect();
    assert!(texts.len() >= 200 && groups.len() >= 30, "{} texts of {} groups", texts.len(), groups.len());
    for (name, tokeniser) in tokenisers() {
        let mut all = Chat::default();
        for Text { text: said, .. } in &texts {
            let count = tokens(tokeniser, said);
            assert!(count <= said.len() as u64, "{name}: {count} tokens of {} bytes: {said:?}", said.len());
            let parts = [said.as_str(), said, ""].map(|said| Part::Text(said.to_owned())).to_vec();
            for chat in [text(said), chat(parts)] {
                for wire in Wire::ALL {
                    assert!(counted(tokeniser, &chat) <= most_input_tokens(*wire, &chat), "{name}: {said:?}");
                }
                all.messages.extend(chat.messages);
            }
        }
        for wire in Wire::ALL {
            assert!(counted(tokeniser, &all) <= most_input_tokens(*wire, &all), "{name}: all of them as one");
        }
    }
}

#[test]
fn nothing_smaller_than_bytes_would_bound_the_tokens() {
    let texts = texts();
    let reaches = |of: fn(&str) -> usize| {
        texts.iter().any(|text| tokens(o200k_base_singleton(), &text.text) >= of(&text.text) as u64)
    };
    assert!(reaches(str::len), "some text has as many tokens as bytes, so the bound is as low as it can be");
    assert!(reaches(|text| text.chars().count() * 2), "some text has two tokens for each character");
}

#[test]
fn the_bound_of_an_empty_conversation_covers_what_the_format_adds() {
    let chat = Chat { messages: vec![Message::text(Role::User, ""); 50], ..Chat::default() };
    for (name, tokeniser) in tokenisers() {
        for wire in Wire::ALL {
            assert!(counted(tokeniser, &chat) <= most_input_tokens(*wire, &chat), "{name}");
        }
    }
}

#[test]
fn the_bound_counts_bytes_not_characters() {
    for wire in Wire::ALL {
        assert_eq!(
            most_input_tokens(*wire, &text("👍🏽")),
            16 + 16 + 1 + 8,
            "an emoji with a skin tone is 8 bytes and may be 8 tokens"
        );
    }
}

#[test]
fn a_picture_costs_by_the_dearest_rule_of_its_format() {
    for wire in Wire::ALL {
        let published = match wire {
            // gpt-4o-mini: 2 tiles by 4 after scaling; patches: 10,000 × 2.46
            Wire::OpenAiChat | Wire::OpenAiResponses => [2_833 + 8 * 5_667, 24_600],
            // 1,568 px on the older models, 2,576 px on the newer
            Wire::AnthropicMessages => [1_568, 4_784],
            // 3,072 × 385: tiles of 256, two rows of twelve; ultra_high
            Wire::Gemini => [24 * 258, 2_240],
        };
        let one = most_input_tokens(*wire, &chat(vec![picture()]));
        let two = most_input_tokens(*wire, &chat(vec![picture(), picture()]));
        assert!(published.into_iter().all(|tokens| one >= tokens && two >= 2 * tokens), "{}", wire.name());
    }
}

#[test]
fn a_wish_for_json_is_part_of_the_prompt() {
    let mut with = text("x");
    let schema = json!({"type": "object"});
    for wire in Wire::ALL {
        with.params.response_format = None;
        let without = most_input_tokens(*wire, &with);
        with.params.response_format = Some(ResponseFormat::JsonObject);
        assert!(most_input_tokens(*wire, &with) >= without + 530, "what codec or provider says about JSON");
        let format = ResponseFormat::JsonSchema { name: "answer".into(), schema: schema.clone(), strict: true };
        with.params.response_format = Some(format);
        assert!(most_input_tokens(*wire, &with) >= without + 530 + 6 + 17, "and the schema with its name");
    }
}

#[test]
fn the_worst_case_uses_the_dearest_input_price_and_all_of_max_tokens() {
    let hello = text("hello");
    for wire in Wire::ALL {
        // 38 tokens at 1.25 µ$ (a cache write may be billed), 100 at 2 µ$.
        assert_eq!(worst_cost(*wire, &hello, 100, &price()), MicroUsd::from_micros(248));
        let likely = likely_cost(&hello, 100, &price(), &Preflight::default());
        assert!(likely <= worst_cost(*wire, &hello, 100, &price()));
    }
}

#[test]
fn the_likely_count_is_characters_by_the_divisor_and_a_thousand_for_a_picture() {
    let preflight = Preflight { chars_per_token_x100: 250, ..Preflight::default() };
    assert_eq!(likely_tokens(&text("Grüße!"), &preflight), 3, "6 characters by 2.5, up");
    let shown = chat(vec![Part::Text("12345".into()), picture()]);
    assert_eq!(likely_tokens(&shown, &preflight), 2 + 1_000);
    assert_eq!(likely_cost(&shown, 10, &price(), &preflight), MicroUsd::from_micros(1_002 + 20));
}

/// Groups of the texts, and how many of a hundred real tokens the likely count finds: in all, in the group
/// of one language where it finds fewest, and where it finds most.
const FOUND: &[(&str, &[&str], [u64; 3])] = &[
    ("English", &["English"], [110, 110, 110]),
    (
        "ten other languages in Latin letters",
        &[
            "German",
            "French",
            "Spanish",
            "Portuguese",
            "Italian",
            "Polish",
            "Turkish",
            "Vietnamese",
            "Swahili",
            "Finnish",
        ],
        [85, 62, 104],
    ),
    ("Cyrillic and Greek", &["Russian", "Ukrainian", "Greek"], [68, 62, 80]),
    ("Arabic and Hebrew letters", &["Arabic", "Persian", "Urdu", "Hebrew"], [59, 48, 72]),
    ("letters of India", &["Hindi", "Bengali", "Tamil", "Telugu"], [69, 59, 76]),
    ("Thai, Burmese and Khmer", &["Thai", "Burmese", "Khmer"], [48, 37, 57]),
    ("Georgian and Armenian", &["Georgian", "Armenian"], [65, 62, 68]),
    ("Amharic", &["Amharic"], [14, 14, 14]),
    ("Chinese, Japanese and Korean", &["Chinese", "Japanese", "Korean"], [31, 25, 38]),
    ("code", &["code"], [60, 60, 60]),
    ("base64 and digits", &["base64 and digits"], [41, 41, 41]),
    ("emoji", &["emoji"], [18, 18, 18]),
    ("white space", &["white space"], [229, 229, 229]),
];

#[test]
fn how_far_the_likely_count_is_off_is_measured_and_said() {
    let mut sums = BTreeMap::<String, [u64; 2]>::new();
    for Text { group, text: said } in texts() {
        let [found, real] = sums.entry(group).or_default();
        *found += likely_tokens(&text(&said), &Preflight::default());
        *real += tokens(o200k_base_singleton(), &said);
    }
    let docs = include_str!("../estimate.rs").replace("\n/// ", " ");
    for (name, groups, expected) in FOUND {
        let of = |group: &&str| sums[*group];
        let all = groups.iter().map(of).fold([0, 0], |[a, b], [found, real]| [a + found, b + real]);
        let percent = |[found, real]: [u64; 2]| 100 * found / real;
        let each = || groups.iter().map(of).map(percent);
        let measured = [percent(all), each().min().expect("a group"), each().max().expect("a group")];
        assert_eq!(measured, *expected, "{name}");
        let [all, least, most] = measured;
        let line =
            if groups.len() == 1 { format!("{name}: {all}") } else { format!("{name}: {all} ({least} to {most})") };
        assert!(docs.contains(&line), "the doc comment says {line:?}");
    }
}
