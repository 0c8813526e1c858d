//! What a call can cost at most, before it is made. The bound is true, not likely: it is what is
//! held, so a cap can never be passed by a call that was let through.
//!
//! Why bytes bound tokens: a token of a byte-level tokeniser (OpenAI's) is one byte or more, and one with
//! byte fallback (SentencePiece: Gemma, whose vocabulary is Gemini's; Llama; Mistral) writes what it does not
//! know as one token for each byte of UTF-8. None of these rewrites a text before it counts it, so none makes
//! more tokens than bytes; the mark some put before a text is within [`PER_MESSAGE`]. Claude's tokeniser is
//! not public: that it is alike is an assumption, and a charge above its hold is marked `over_hold`.

use crate::chat::{Chat, Part, PrefixCache, ResponseFormat};
use crate::money::{MicroUsd, Price, Usage};
use crate::policy::Preflight;
use crate::wire::Wire;

/// Tokens a message may add around its text: role marks, separators, names.
const PER_MESSAGE: u64 = 16;
/// Tokens a request may add around its messages: the primer of the answer.
const PER_REQUEST: u64 = 16;
/// Tokens a wish for JSON may add around its schema: an instruction of ours where a format has no field for
/// it (about 100 bytes), or the provider's own, which nobody publishes for schemas; the dearest published of
/// the same kind is 530, Anthropic's for a tool (docs.anthropic.com, "Tool use system prompt token count").
const PER_FORMAT: u64 = 1_024;
/// Tokens of a picture in the likely cost: between gpt-4o's 765 and Claude's 1,398 for 1,024 px squared.
const LIKELY_PER_IMAGE: u64 = 1_000;

/// The most tokens one picture may cost, by the dearest published rule of the format.
///
/// - OpenAI: gpt-4o-mini is billed 2,833 tokens and 5,667 for each of at most 8 tiles of 512 px after its
///   own scaling; others by patches of 32 px, at most 10,000 of them, times 2.46 at most
///   (platform.openai.com/docs/guides/images-vision, "Calculating costs"). A later model that counts patches
///   without a limit, at 1.2 tokens each, stays below this up to 41 megapixels.
/// - Gemini: 258 tokens for each tile, whose edge is 2/3 of the picture's shorter edge, within 256 and 768;
///   the picture is scaled to at most 3,072 px, so there are at most 24 tiles and the whole
///   (ai.google.dev/gemini-api/docs/image-understanding). Gemini 3 is billed 1,120, and 2,240 where
///   `ultra_high` is asked for (ai.google.dev/gemini-api/docs/media-resolution), which we never do.
/// - Anthropic: a picture is scaled until it has at most 4,784 tokens on the models that see finest, 1,568 on
///   the others (platform.claude.com/docs/en/build-with-claude/vision, "Evaluate image size").
const fn most_image_tokens(wire: Wire) -> u64 {
    match wire {
        Wire::OpenAiChat | Wire::OpenAiResponses => 2_833 + 8 * 5_667,
        Wire::AnthropicMessages => 4_784,
        Wire::Gemini => (24 + 1) * 258,
    }
}

/// The most input tokens a conversation can be in a format: the bytes of all that is said, and what the
/// format adds.
pub fn most_input_tokens(wire: Wire, chat: &Chat) -> u64 {
    let messages: u64 = chat.messages.iter().map(|message| PER_MESSAGE + parts(wire, &message.parts)).sum();
    let format = match &chat.params.response_format {
        Some(ResponseFormat::JsonSchema { name, schema, .. }) => PER_FORMAT + bytes(name) + bytes(&schema.to_string()),
        Some(ResponseFormat::JsonObject) => PER_FORMAT,
        Some(ResponseFormat::Text) | None => 0,
    };
    PER_REQUEST + messages + format
}

fn parts(wire: Wire, parts: &[Part]) -> u64 {
    // Several texts of one message may be joined by a line end each.
    let joints = parts.len() as u64;
    joints
        + parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => bytes(text),
                Part::Image(_) => most_image_tokens(wire),
            })
            .sum::<u64>()
}

fn bytes(text: &str) -> u64 {
    text.len() as u64
}

/// The most a call can cost: every input token at the dearest input price, and `max_tokens` of output,
/// which is sent on the wire in every format.
pub fn worst_cost(wire: Wire, chat: &Chat, max_tokens: u64, price: &Price) -> MicroUsd {
    price.most(most_input_tokens(wire, chat), max_tokens, chat.params.prefix_cache)
}

/// What an answer that was given up midway has cost at most, by what was delivered of it: every input token at
/// the dearest input price, and of output one token for each byte, but no more than `max_tokens`. What a model
/// thought and did not say is not in it, so it holds for models that do not.
pub fn delivered_cost(
    input: u64,
    asked: Option<PrefixCache>,
    delivered_bytes: u64,
    max_tokens: u64,
    price: &Price,
) -> MicroUsd {
    price.most(input, delivered_bytes.min(max_tokens), asked)
}

/// What a person should know about [`likely_tokens`] with four characters to a token.
pub const LIKELY_ERROR: &str = "The token count is characters divided by 4: near the truth for English, up to 40 % too low for other European languages and for code, about a third of the truth for Chinese, Japanese and Korean.";

/// How many input tokens a conversation probably has: characters divided by `chars_per_token`, and a round
/// figure for each picture.
///
/// With four characters to a token it finds, of 100 tokens of OpenAI's o200k_base over the texts the bound
/// is tested with (in brackets the language with fewest and the one with most):
///
/// - English: 110
/// - ten other languages in Latin letters: 85 (62 to 104)
/// - Cyrillic and Greek: 68 (62 to 80)
/// - Arabic and Hebrew letters: 59 (48 to 72)
/// - letters of India: 69 (59 to 76)
/// - Thai, Burmese and Khmer: 48 (37 to 57)
/// - Georgian and Armenian: 65 (62 to 68)
/// - Amharic: 14
/// - Chinese, Japanese and Korean: 31 (25 to 38)
/// - code: 60
/// - base64 and digits: 41
/// - emoji: 18
/// - white space: 229
///
/// Other tokenisers make more of the scripts they were trained less on: cl100k_base up to four times as many.
pub fn likely_tokens(chat: &Chat, preflight: &Preflight) -> u64 {
    let parts = || chat.messages.iter().flat_map(|message| &message.parts);
    let characters: u64 = parts()
        .map(|part| match part {
            Part::Text(text) => text.chars().count() as u64,
            Part::Image(_) => 0,
        })
        .sum();
    let pictures = parts().filter(|part| matches!(part, Part::Image(_))).count() as u64;
    (characters * 100).div_ceil(u64::from(preflight.chars_per_token_x100.max(1))) + pictures * LIKELY_PER_IMAGE
}

/// What a call probably costs: [`likely_tokens`], and all of `max_tokens`. For warnings and the preflight
/// gate, never for a cap.
pub fn likely_cost(chat: &Chat, max_tokens: u64, price: &Price, preflight: &Preflight) -> MicroUsd {
    price.cost(&Usage { input: likely_tokens(chat, preflight), output: max_tokens, ..Usage::default() })
}

#[cfg(test)]
mod tests;
