//! What the matrix (`wire::tests`) does not show: refusals, ends that say it all at once, and errors
//! inside a stream. Shapes: platform.openai.com/docs/api-reference/responses-streaming.

use serde_json::{Value, json};

use crate::chat::{Chat, Decimal, FinishReason, Image, Message, Params, Part, Role, StreamEvent};
use crate::failure::{Failure, FailureKind};
use crate::id::ModelName;
use crate::wire::{Dialect, StreamDecoder, Wire, encode};

fn read(events: &[Value]) -> (Vec<StreamEvent>, Result<(), Failure>) {
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    read_text(&stream)
}

fn read_text(stream: &str) -> (Vec<StreamEvent>, Result<(), Failure>) {
    let mut decoder = StreamDecoder::new(Wire::OpenAiResponses);
    let mut said = Vec::new();
    let pushed = decoder.push(stream.as_bytes(), &mut said);
    let end = pushed.and_then(|()| decoder.close());
    said.retain(|event| *event != StreamEvent::Alive);
    (said, end)
}

fn words(text: &str) -> Value {
    json!({ "type": "response.output_text.delta", "delta": text })
}

fn completed() -> Value {
    json!({ "type": "response.completed", "response": { "status": "completed" } })
}

fn text(text: &str) -> StreamEvent {
    StreamEvent::Text(text.into())
}

#[test]
fn a_refusal_is_what_the_model_said() {
    let (said, end) = read(&[json!({ "type": "response.refusal.delta", "delta": "I cannot." }), completed()]);
    assert_eq!(
        (said, end),
        (vec![text("I cannot."), StreamEvent::Finish(FinishReason::Stop), StreamEvent::End], Ok(()))
    );
}

#[test]
fn a_stream_that_says_all_at_its_end_is_understood_and_nothing_is_said_twice() {
    let output = json!([{ "type": "message", "content": [{ "type": "output_text", "text": "Yes" }] }]);
    let whole = json!({ "type": "response.completed", "response": { "status": "completed", "output": output } });
    let told = vec![text("Yes"), StreamEvent::Finish(FinishReason::Stop), StreamEvent::End];
    assert_eq!(read(std::slice::from_ref(&whole)), (told.clone(), Ok(())));
    assert_eq!(read(&[words("Yes"), whole]), (told, Ok(())));
}

#[test]
fn only_the_finished_response_ends_a_stream() {
    for (stream, kind) in [
        (format!("data: {}\n\n", words("Yes")), FailureKind::NetworkAfterSend),
        (format!("data: {}\n\ndata: [DONE]\n\n", words("Yes")), FailureKind::NetworkAfterSend),
        (format!("data: {}\n\ndata: {}", words("Yes"), completed()), FailureKind::NetworkAfterSend),
        (format!("data: {}\n\n", completed()), FailureKind::BadResponse),
    ] {
        assert_eq!(read_text(&stream).1.expect_err(&stream).kind, kind, "{stream}");
    }
    // openrouter.ai/docs, Responses API: closes with it all the same
    let done = format!("data: {}\n\ndata: {}\n\ndata: [DONE]\n\n", words("Yes"), completed());
    assert_eq!(read_text(&done).1, Ok(()));
}

#[test]
fn an_error_in_a_stream_is_classified_however_it_is_wrapped() {
    use FailureKind as K;
    let failed = |code: &str| json!({ "type": "response.failed", "response": { "status": "failed", "error": { "code": code, "message": "Words." } } });
    for (event, kind) in [
        (failed("server_error"), K::Provider5xx),
        (failed("rate_limit_exceeded"), K::RateLimit),
        (failed("invalid_prompt"), K::InvalidRequest),
        (failed("image_content_policy_violation"), K::ContentFilter),
        (
            json!({ "type": "error", "code": "context_length_exceeded", "message": "Words.", "param": null }),
            K::ContextTooLong,
        ),
        // What the API was seen to send in place of the documented flat form: github.com/openai/openai-dotnet/issues/881
        (
            json!({ "type": "error", "error": { "type": "invalid_request_error", "code": "insufficient_quota", "message": "Words." } }),
            K::Quota,
        ),
        (
            json!({ "type": "error", "error": { "type": "too_many_requests", "code": "too_many_requests", "message": "Words." } }),
            K::RateLimit,
        ),
        (
            json!({ "type": "error", "error": { "type": "service_unavailable_error", "code": null, "message": "Words." } }),
            K::Overloaded,
        ),
        (json!({ "type": "response.failed", "response": { "status": "failed", "error": null } }), K::BadResponse),
    ] {
        let failure = read(std::slice::from_ref(&event)).1.expect_err("an error");
        assert_eq!((failure.kind, failure.begun), (kind, false), "{event}");
        let failure =
            read(&[json!({ "type": "response.output_item.added", "item": { "type": "reasoning" } }), event.clone()]);
        let failure = failure.1.expect_err("an error");
        assert_eq!((failure.kind, failure.begun), (kind, true), "thought costs money: {event}");
    }
}

#[test]
fn what_a_failed_response_counted_is_billed() {
    let usage = json!({ "input_tokens": 90, "output_tokens": 40, "output_tokens_details": { "reasoning_tokens": 40 }, "total_tokens": 130 });
    for error in [json!({ "code": "server_error", "message": "Words." }), Value::Null] {
        let response = json!({ "status": "failed", "error": error, "usage": usage });
        let failure = read(&[json!({ "type": "response.failed", "response": response })]).1.expect_err("an error");
        assert_eq!(failure.usage.map(|usage| (usage.input, usage.output)), Some((90, 40)), "{failure:?}");
    }
}

#[test]
fn why_it_ended_is_the_reason_before_the_status() {
    use FinishReason::{ContentFilter, Length, Other, Stop};
    for (response, meant) in [
        (json!({ "status": "completed", "incomplete_details": null }), Some(Stop)),
        (json!({ "status": "incomplete", "incomplete_details": { "reason": "max_output_tokens" } }), Some(Length)),
        (json!({ "status": "incomplete", "incomplete_details": { "reason": "content_filter" } }), Some(ContentFilter)),
        (json!({ "status": "incomplete", "incomplete_details": null }), Some(Other("incomplete".into()))),
        (json!({ "status": "incomplete", "incomplete_details": { "reason": "new" } }), Some(Other("new".into()))),
        (json!({ "status": "" }), None),
    ] {
        let (said, _) = read(&[words("Yes"), json!({ "type": "response.incomplete", "response": response })]);
        let finish = said
            .into_iter()
            .find_map(|event| if let StreamEvent::Finish(finish) = event { Some(finish) } else { None });
        assert_eq!(finish, meant, "{response}");
    }
}

#[test]
fn a_reasoning_model_is_told_apart_by_name_and_a_reseller_takes_everything() {
    let params = Params { temperature: Some(Decimal(1.into())), ..Params::default() };
    let chat = Chat { messages: vec![Message::text(Role::User, "Hi")], params };
    for (model, taken) in [
        ("gpt-4.1", true),
        ("gpt-5-chat-latest", true),
        ("openai/gpt-5-mini", true),
        ("gpt-oss-120b", true),
        ("gpt-5.6-luna", false),
        ("o3", false),
        ("ft:o4-mini-2025-04-16:me::x", false),
    ] {
        let encoded =
            encode(Wire::OpenAiResponses, Dialect::default(), &chat, &ModelName::parse(model).expect("a name"), false);
        let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
        assert_eq!(body["temperature"].is_number(), taken, "{model}");
        assert_eq!(encoded.dropped.is_empty(), taken, "{model}: {:?}", encoded.dropped);
    }
}

#[test]
fn what_the_model_said_before_goes_back_as_output() {
    let image = Part::Image(Image { media_type: "image/png".into(), base64: "AAAA".into() });
    let said = Message { role: Role::Assistant, parts: vec![Part::Text("This:".into()), image] };
    let chat = Chat { messages: vec![said], params: Params::default() };
    let encoded =
        encode(Wire::OpenAiResponses, Dialect::default(), &chat, &ModelName::parse("gpt-4.1").expect("a name"), false);
    let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
    assert_eq!(body["input"][0]["content"][0], json!({ "type": "output_text", "text": "This:" }));
    assert!(!encoded.streamed && body.get("stream").is_none());
}
