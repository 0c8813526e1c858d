//! OpenAI's API: `/chat/completions`, `/responses` and `/models`, with its headers, its key and its
//! words when it refuses. The key may also come in `api-key`, as Azure's v1 API takes it
//! (<https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>). OpenRouter's additions (prices in the list, `usage.cost`) are played where
//! a model has prices or a script names a cost.

use http::{Method, header};
use serde_json::{Value, json};

use crate::model::Model;
use crate::play::{self, Reply, Stamp};
use crate::script::{Endpoint, Script};
use crate::serve::Arrived;

mod chat;
mod check;
mod refusal;
mod responses;

pub(crate) use refusal::Refusal;

/// What `/models` lists where every name is answered.
const LISTED: &[&str] = &[
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "o3",
    "o4-mini",
];

/// The reply to a request on `route`, the path below the prefix.
pub(crate) fn reply(call: &Arrived<'_>, route: &str) -> Reply {
    let reply = answered(call, route).unwrap_or_else(|refusal| Reply::plain(refusal.status, &refusal.body()));
    reply.header("x-request-id", format!("req_practice{:06}", call.stamp.nth)).header("openai-version", "2020-10-01")
}

fn answered(call: &Arrived<'_>, route: &str) -> Result<Reply, Refusal> {
    authorised(call)?;
    match (call.method, route) {
        (&Method::POST, "/chat/completions") => {
            let asked = check::check(body(call)?, call.models, call.company)?;
            Ok(chat::reply(&asked, &call.script(Endpoint::Chat), call.stamp))
        }
        (&Method::POST, "/responses") => {
            let asked = check::responses::check(body(call)?, call.models)?;
            Ok(responses::reply(&asked, &call.script(Endpoint::Chat), call.stamp))
        }
        (&Method::GET, "/models") => Ok(models(&call.listed(LISTED), &call.script(Endpoint::Models), call.stamp)),
        (_, "/chat/completions" | "/responses" | "/models") => {
            let right = if route == "/models" { "GET" } else { "POST" };
            let text = format!(
                "Not allowed to {} on {}. (HINT: Perhaps you meant to make a {right} request?)",
                call.method, call.path
            );
            Err(Refusal::coded(405, Some("method_not_supported"), text))
        }
        _ => Err(Refusal::coded(404, None, format!("Invalid URL ({} {})", call.method, call.path))),
    }
}

fn body<'a>(call: &Arrived<'a>) -> Result<&'a [u8], Refusal> {
    let body = call.body.ok_or_else(|| Refusal::coded(413, None, "Request too large."))?;
    if call.is_json() { Ok(body) } else { Err(Refusal::plain("you must provide a model parameter")) }
}

/// The answer to `GET /models`.
fn models(models: &[Model], script: &Script, stamp: Stamp) -> Reply {
    let error = |status| json!({ "error": refusal::of_script(script, status) });
    play::scripted(script, 429, error).unwrap_or_else(|| {
        let list: Vec<Value> = models.iter().map(|model| entry(model, stamp)).collect();
        Reply::json(script, 200, &json!({ "object": "list", "data": list }))
    })
}

/// One entry of `/models`. Only OpenRouter gives more than the name (its shape:
/// <https://openrouter.ai/docs/api-reference/list-available-models>).
fn entry(model: &Model, stamp: Stamp) -> Value {
    let mut entry = json!({ "id": model.name, "object": "model", "created": stamp.unix_s, "owned_by": "practice" });
    if let Some(prices) = &model.prices {
        entry["name"] = model.name.as_str().into();
        entry["context_length"] = model.context.into();
        entry["top_provider"] = json!({
            "context_length": model.context, "max_completion_tokens": model.output, "is_moderated": false
        });
        entry["pricing"] = json!({
            "prompt": prices.input, "completion": prices.output, "request": "0", "image": "0",
            "input_cache_read": prices.cache_read, "input_cache_write": prices.cache_write
        });
    }
    entry
}

fn authorised(call: &Arrived<'_>) -> Result<(), Refusal> {
    let Some(key) = call.key else { return Ok(()) };
    let bearer = call.header(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    match bearer.or_else(|| call.header("api-key")) {
        Some(given) if given == key => Ok(()),
        Some(given) if !given.is_empty() => {
            let text = format!(
                "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys.",
                masked(given)
            );
            Err(Refusal::coded(401, Some("invalid_api_key"), text))
        }
        _ => Err(Refusal::coded(
            401,
            None,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys.",
        )),
    }
}

/// A key as the real API repeats it: its ends.
fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    if chars.len() <= 12 {
        return "*".repeat(chars.len());
    }
    let (start, end): (String, String) = (chars[..8].iter().collect(), chars[chars.len() - 4..].iter().collect());
    format!("{start}{}{end}", "*".repeat(chars.len() - 12))
}
