//! Checks of a chat completion request, as strict as the real API's and in its words. A request that
//! passes here but not there would let a bug of the codec through, so what the practice server does
//! not play (tools, several choices, audio) is refused, never ignored. Those of a Responses request
//! are in `responses`; both share the words for wrong types, ranges, pictures and schemas.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::Company;
use crate::asked::Asked;
use crate::model::Model;

mod messages;
pub(super) mod responses;
mod shape;
mod value;

use messages::messages;
use value::{decimal, flag, only, parse, tokens, wrong_type};

/// Parameters that are played.
const PLAYED: &[&str] = &[
    "messages",
    "model",
    "frequency_penalty",
    "max_completion_tokens",
    "max_tokens",
    "presence_penalty",
    "response_format",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
];

/// Parameters of the API that change nothing a practice answer shows.
const WITHOUT_EFFECT: &[&str] = &[
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "user",
    "verbosity",
];

/// Parameters of the API that are not played.
const NOT_PLAYED: &[&str] = &[
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "tool_choice",
    "tools",
    "top_logprobs",
    "web_search_options",
];

/// Checks a body. Without `models` every model name is known, and none reasons unless its name says so.
pub(crate) fn check(body: &[u8], models: &[Model], company: Company) -> Result<Asked, Refusal> {
    let body = parse(body)?;
    arguments(&body)?;
    of_company(&body, company)?;
    let model = model(&body, models)?;
    let mut asked = Asked { model: model.name.clone(), ..Asked::default() };
    messages(&body, &mut asked)?;
    for (name, least, most) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("frequency_penalty", -2.0, 2.0),
        ("presence_penalty", -2.0, 2.0),
    ] {
        decimal(&body, name, least, most)?;
    }
    asked.max_tokens = most_tokens(&body, &model)?;
    if model.reasons {
        reasoning(&body)?;
    }
    asked.stop = stop(&body)?;
    asked.json = shape::of_chat(&body, &asked)?;
    asked.stream = flag(&body, "stream", "stream")?;
    asked.include_usage = stream_options(&body, asked.stream)? || company == Company::Mistral;
    Ok(asked)
}

fn arguments(body: &Map<String, Value>) -> Result<(), Refusal> {
    let known = |name: &str| [PLAYED, WITHOUT_EFFECT, NOT_PLAYED].iter().any(|list| list.contains(&name));
    let unknown: Vec<&str> = body.keys().map(String::as_str).filter(|name| !known(name)).collect();
    match unknown.as_slice() {
        [] => {}
        [one] => return Err(Refusal::plain(format!("Unrecognized request argument supplied: {one}"))),
        several => {
            return Err(Refusal::plain(format!("Unrecognized request arguments supplied: {}", several.join(", "))));
        }
    }
    match body.keys().find(|name| NOT_PLAYED.contains(&name.as_str())) {
        Some(name) => Err(Refusal::plain(format!("The practice server does not play '{name}'."))),
        None => Ok(()),
    }
}

/// What OpenAI takes and another company refuses, in its words (github.com/dnakov/anon-kode/issues/53,
/// github.com/UKGovernmentBEIS/inspect_ai/issues/4916, github.com/lmstudio-ai/lmstudio-bug-tracker/issues/307,
/// github.com/n8n-io/n8n/issues/14581); the shape of the error is OpenAI's.
fn of_company(body: &Map<String, Value>, company: Company) -> Result<(), Refusal> {
    let format = body.get("response_format").and_then(|format| format["type"].as_str());
    let refused = |name: &str| body.contains_key(name);
    match company {
        Company::Mistral if refused("stream_options") => {
            Err(Refusal::coded(422, Some("extra_forbidden"), "Extra inputs are not permitted: stream_options"))
        }
        Company::DeepSeek if format == Some("json_schema") => {
            Err(Refusal::plain("This response_format type is unavailable now"))
        }
        Company::LmStudio if format == Some("json_object") => {
            Err(Refusal::plain("'response_format.type' must be 'json_schema' or 'text'"))
        }
        Company::Xai => {
            match ["presence_penalty", "frequency_penalty", "stop"].into_iter().find(|name| refused(name)) {
                Some(name) => Err(Refusal::plain(format!("Argument not supported on this model: {name}"))),
                None => Ok(()),
            }
        }
        Company::OpenAi | Company::Mistral | Company::DeepSeek | Company::LmStudio => Ok(()),
    }
}

fn model(body: &Map<String, Value>, models: &[Model]) -> Result<Model, Refusal> {
    let name = match body.get("model") {
        None | Some(Value::Null) => return Err(Refusal::plain("you must provide a model parameter")),
        Some(Value::String(name)) if name.is_empty() => {
            return Err(Refusal::plain("you must provide a model parameter"));
        }
        Some(Value::String(name)) => name,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    if models.is_empty() {
        return Ok(Model::from(name.as_str()));
    }
    models.iter().find(|model| model.name == *name).cloned().ok_or_else(|| {
        let message = format!("The model `{name}` does not exist or you do not have access to it.");
        Refusal::coded(404, Some("model_not_found"), message)
    })
}

fn most_tokens(body: &Map<String, Value>, model: &Model) -> Result<Option<u64>, Refusal> {
    let (old, new) = (tokens(body, "max_tokens", 1)?, tokens(body, "max_completion_tokens", 1)?);
    if old.is_some() && model.reasons {
        let text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(Refusal::of("max_tokens", "unsupported_parameter", text));
    }
    if old.is_some() && new.is_some() {
        let text = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Refusal::of("max_tokens", "invalid_parameter_combination", text));
    }
    Ok(old.or(new))
}

/// What a reasoning model does not take.
fn reasoning(body: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(value) = body.get("temperature").filter(|value| !value.is_null() && value.as_f64() != Some(1.0)) {
        let text = format!(
            "Unsupported value: 'temperature' does not support {value} with this model. Only the default (1) value is supported."
        );
        return Err(Refusal::of("temperature", "unsupported_value", text));
    }
    for name in ["top_p", "frequency_penalty", "presence_penalty", "stop"] {
        if body.get(name).is_some_and(|value| !value.is_null()) {
            let text = format!("Unsupported parameter: '{name}' is not supported with this model.");
            return Err(Refusal::of(name, "unsupported_parameter", text));
        }
    }
    Ok(())
}

fn stop(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    match body.get("stop") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if list.len() > 4 => {
            let text = format!(
                "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length {} instead.",
                list.len()
            );
            Err(Refusal::of("stop", "array_above_max_length", text))
        }
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(at, text)| {
                let word = text.as_str().map(str::to_owned);
                word.ok_or_else(|| wrong_type(&format!("stop[{at}]"), "a string", text))
            })
            .collect(),
        Some(other) => Err(wrong_type("stop", "one of a string or array of strings", other)),
    }
}

fn stream_options(body: &Map<String, Value>, stream: bool) -> Result<bool, Refusal> {
    let options = match body.get("stream_options") {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Object(options)) => options,
        Some(other) => return Err(wrong_type("stream_options", "an object", other)),
    };
    if !stream {
        let text = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Refusal { param: Some("stream_options".into()), ..Refusal::plain(text) });
    }
    only(options, &["include_usage", "include_obfuscation"], "stream_options")?;
    flag(options, "include_usage", "stream_options.include_usage")
}
