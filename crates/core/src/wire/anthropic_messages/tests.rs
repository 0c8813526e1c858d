//! What the matrix (`wire::tests`) does not show: which model takes what, where marks go, and streams
//! that count in odd ways. Shapes: docs.anthropic.com/en/api/messages.

use serde_json::{Value, json};

use crate::chat::{
    Chat, Decimal, FinishReason, Image, Message, Params, Part, PrefixCache, ResponseFormat, Role, StreamEvent,
};
use crate::failure::{Billing, Failure, FailureKind, Verdict};
use crate::id::ModelName;
use crate::money::Usage;
use crate::wire::{Dialect, Encoded, Head, StreamDecoder, Wire, decode, encode};

fn sent(chat: &Chat, model: &str) -> (Value, Vec<String>) {
    let model = ModelName::parse(model).expect("a model name");
    let Encoded { body, dropped, .. } = encode(Wire::AnthropicMessages, Dialect::default(), chat, &model, true);
    (serde_json::from_slice(&body).expect("JSON"), dropped)
}

fn chat(params: Params) -> Chat {
    Chat { messages: vec![Message::text(Role::User, "Hi")], params }
}

fn number(text: &str) -> Option<Decimal> {
    Some(Decimal(text.parse().expect("a number")))
}

#[test]
fn a_model_gets_the_sampling_parameters_it_takes_and_the_rest_is_told() {
    let params = |temperature: &str, top_p: &str| Params {
        temperature: if temperature.is_empty() { None } else { number(temperature) },
        top_p: if top_p.is_empty() { None } else { number(top_p) },
        ..Params::default()
    };
    for (model, temperature, top_p, taken, told) in [
        ("claude-opus-4-20250514", "0.5", "0.9", json!([0.5, 0.9]), 0),
        ("claude-3-5-haiku-latest", "1", "1", json!([1, 1]), 0),
        ("claude-opus-4-1", "0.5", "0.9", json!([0.5, null]), 1),
        ("claude-sonnet-4-6", "0", "0.9", json!([0, null]), 1),
        ("claude-sonnet-4-6", "", "0.9", json!([null, 0.9]), 0),
        ("claude-sonnet-4-6", "2", "", json!([1, null]), 1),
        ("claude-opus-4-7", "0.5", "0.9", json!([null, null]), 2),
        ("claude-sonnet-5", "0.5", "", json!([null, null]), 1),
        ("claude-mythos-preview", "", "0.5", json!([null, null]), 1),
        // platform.moonshot.ai, api-docs.deepseek.com/guides/anthropic_api: other models in the same format
        ("kimi-k2", "0.5", "0.9", json!([0.5, 0.9]), 0),
    ] {
        let (body, dropped) = sent(&chat(params(temperature, top_p)), model);
        assert_eq!(json!([body["temperature"], body["top_p"]]), taken, "{model} {temperature} {top_p}");
        assert_eq!(dropped.len(), told, "{model} {temperature} {top_p}: {dropped:?}");
    }
}

#[test]
fn a_schema_is_native_where_it_is_to_be_enforced_and_can_be() {
    let format = |strict| ResponseFormat::JsonSchema { name: "x".into(), schema: json!({ "type": "object" }), strict };
    for (model, strict, native) in [
        ("claude-haiku-4-5", true, true),
        ("claude-opus-5", true, true),
        ("claude-haiku-4-5", false, false),
        ("claude-opus-4-1", true, false),
        ("claude-3-7-sonnet-latest", true, false),
        ("deepseek-chat", true, false),
    ] {
        let (body, dropped) = sent(&chat(Params { response_format: Some(format(strict)), ..Params::default() }), model);
        assert_eq!(body["output_config"]["format"]["schema"].is_object(), native, "{model} {strict}");
        let system = body["system"].as_str().unwrap_or_default();
        assert_eq!(system.contains(r#"{"type":"object"}"#), !native, "{model} {strict}: {system}");
        assert!(dropped.is_empty(), "{dropped:?}");
    }
}

#[test]
fn the_marks_stand_at_the_end_of_what_the_next_call_may_begin_with() {
    let marked = |messages: Vec<Message>| {
        let params = Params { prefix_cache: Some(PrefixCache::FiveMinutes), ..Params::default() };
        let (body, _) = sent(&Chat { messages, params }, "claude-haiku-4-5");
        body.to_string().split(r#","cache_control":{"type":"ephemeral"}"#).map(str::to_owned).collect::<Vec<_>>()
    };
    let (system, user) = (Message::text(Role::System, "S"), |text: &str| Message::text(Role::User, text));
    let assistant = Message::text(Role::Assistant, "A");
    assert_eq!(marked(vec![user("1")]).len(), 1, "a first message without system texts begins nothing");
    let parts = marked(vec![system.clone(), user("1")]);
    assert_eq!(parts.len(), 2);
    assert!(parts[0].ends_with(r#""text":"S""#), "{parts:?}");
    let parts = marked(vec![user("1"), assistant.clone(), user("2")]);
    assert_eq!(parts.len(), 2);
    assert!(parts[0].ends_with(r#""text":"A""#), "{parts:?}");
    assert_eq!(marked(vec![system, user("1"), assistant, user("2")]).len(), 3);
}

#[test]
fn a_picture_among_system_texts_is_left_out_and_told() {
    let image = Part::Image(Image { media_type: "image/png".into(), base64: "AAAA".into() });
    let messages = vec![
        Message { role: Role::System, parts: vec![Part::Text("Look.".into()), image] },
        Message::text(Role::User, "Hi"),
    ];
    let (body, dropped) = sent(&Chat { messages, params: Params::default() }, "claude-haiku-4-5");
    assert_eq!(body["system"], "Look.");
    assert!(dropped.len() == 1 && dropped[0].contains("picture"), "{dropped:?}");
}

#[test]
fn every_reason_to_stop_has_its_meaning() {
    use FinishReason::{ContentFilter, Length, Other, Stop};
    for (said, meant) in [
        ("end_turn", Stop),
        ("stop_sequence", Stop),
        ("max_tokens", Length),
        ("model_context_window_exceeded", Length),
        ("refusal", ContentFilter),
        ("pause_turn", Other("pause_turn".into())),
    ] {
        let body = json!({ "content": [{ "type": "text", "text": "Yes" }], "stop_reason": said });
        let answer =
            decode(Wire::AnthropicMessages, &Head { status: 200, ..Head::default() }, body.to_string().as_bytes());
        assert_eq!(answer.expect("an answer").finish, Some(meant), "{said}");
    }
}

fn read(events: &[Value]) -> (Vec<StreamEvent>, Result<(), Failure>) {
    let mut decoder = StreamDecoder::new(Wire::AnthropicMessages);
    let mut said = Vec::new();
    for event in events {
        if let Err(failure) = decoder.push(format!("data: {event}\n\n").as_bytes(), &mut said) {
            return (said, Err(failure));
        }
    }
    let closed = decoder.close();
    said.retain(|event| *event != StreamEvent::Alive);
    (said, closed)
}

fn start(usage: &Value) -> Value {
    json!({ "type": "message_start", "message": { "usage": usage } })
}

fn words() -> Value {
    json!({ "type": "content_block_delta", "delta": { "type": "text_delta", "text": "Yes" } })
}

fn delta(usage: &Value) -> Value {
    json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": usage })
}

fn stop() -> Value {
    json!({ "type": "message_stop" })
}

#[test]
fn a_stream_is_charged_by_its_final_count_on_top_of_its_first() {
    let first = json!({
        "input_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 5,
        "cache_creation": { "ephemeral_1h_input_tokens": 5 }, "output_tokens": 1,
    });
    let usage = |input, cached_input, cache_write, output| {
        Some(Usage { input, cached_input, cache_write, cache_write_1h: cache_write, output, ..Usage::default() })
    };
    for (last, counted) in [
        (json!({ "output_tokens": 9 }), usage(10, 3, 5, 9)),
        (json!({ "input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 9 }), usage(10, 3, 5, 9)),
        (json!({ "input_tokens": null, "cache_read_input_tokens": null, "output_tokens": 9 }), usage(10, 3, 5, 9)),
        (json!({ "input_tokens": 7, "cache_read_input_tokens": 4, "output_tokens": 9 }), usage(16, 4, 5, 9)),
        // The first token of output alone is never taken for the whole.
        (json!({}), None),
        (json!(null), None),
    ] {
        let (said, closed) = read(&[start(&first), words(), delta(&last), stop()]);
        assert_eq!(closed, Ok(()), "{last}");
        let last_count =
            said.iter().rev().find_map(|event| if let StreamEvent::Usage(usage) = event { Some(*usage) } else { None });
        assert_eq!(last_count, counted, "{last}");
    }
    let (said, _) = read(&[start(&first), words(), stop()]);
    assert!(!said.iter().any(|event| matches!(event, StreamEvent::Usage(_))), "{said:?}");
}

#[test]
fn text_at_the_start_of_a_block_is_text() {
    let block = json!({ "type": "content_block_start", "content_block": { "type": "text", "text": "Well, " } });
    let (said, closed) = read(&[block, words(), stop()]);
    assert_eq!(closed, Ok(()));
    assert_eq!(said, [StreamEvent::Text("Well, ".into()), StreamEvent::Text("Yes".into()), StreamEvent::End]);
}

#[test]
fn an_overload_in_the_midst_of_an_answer_is_not_tried_again() {
    let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
    let failure = read(std::slice::from_ref(&error)).1.expect_err("an error");
    assert_eq!((failure.kind, failure.verdict()), (FailureKind::Overloaded, Verdict::Retry));
    let thought = json!({ "type": "content_block_delta", "delta": { "type": "thinking_delta", "thinking": "Hm" } });
    for begun in [words(), thought] {
        let failure = read(&[start(&json!({})), begun, error.clone()]).1.expect_err("an error");
        assert_eq!((failure.kind, failure.verdict()), (FailureKind::Overloaded, Verdict::NextTarget));
    }
}

#[test]
fn an_answer_of_thought_alone_is_a_failure_that_keeps_what_was_billed() {
    let thought = json!({ "type": "content_block_delta", "delta": { "type": "thinking_delta", "thinking": "Hm" } });
    let end =
        json!({ "type": "message_delta", "delta": { "stop_reason": "max_tokens" }, "usage": { "output_tokens": 256 } });
    let failure = read(&[start(&json!({ "input_tokens": 9 })), thought.clone(), end, stop()]).1.expect_err("empty");
    assert_eq!(failure.usage, Some(Usage { input: 9, output: 256, ..Usage::default() }));
    assert!(failure.begun && failure.sentence.contains("max_tokens"), "{}", failure.sentence);
    // Without a final count nobody knows what it cost; the first token of output is not it.
    let first = start(&json!({ "input_tokens": 9, "output_tokens": 1 }));
    for rest in [vec![stop()], vec![delta(&json!({})), stop()], vec![delta(&json!(null)), stop()]] {
        let failure = read(&[vec![first.clone(), thought.clone()], rest].concat()).1.expect_err("empty");
        assert_eq!((failure.usage, failure.billing()), (None, Billing::Unknown));
    }
}

#[test]
fn the_end_mark_counts_without_its_blank_line_and_no_other_event_does() {
    let closed = |last: &str| {
        let mut decoder = StreamDecoder::new(Wire::AnthropicMessages);
        decoder.push(format!("data: {}\n\ndata: {last}", words()).as_bytes(), &mut Vec::new()).expect("a piece");
        decoder.close().map_err(|failure| failure.kind)
    };
    assert_eq!(closed(&stop().to_string()), Ok(()));
    assert_eq!(closed(r#"{"type":"message_delta"}"#), Err(FailureKind::NetworkAfterSend));
    assert_eq!(closed(r#"{"type":"message_st"#), Err(FailureKind::NetworkAfterSend));
}
