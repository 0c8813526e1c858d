//! Gemini's API below `/v1beta`: `models/{model}:generateContent`, `:streamGenerateContent?alt=sse`
//! and the model list, with the words of Google's front end when it refuses. A key is taken from
//! `x-goog-api-key` only: one in the address would be written into logs, so here it opens nothing.

use http::Method;
use serde_json::{Value, json};

use crate::model::Model;
use crate::play::{self, Reply};
use crate::script::{Endpoint, Script};
use crate::serve::Arrived;

mod check;
mod contents;
mod refusal;
mod say;

use refusal::Refusal;

/// What the list has where every name is answered.
const LISTED: &[&str] = &["gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"];

/// The reply to a request.
pub(crate) fn reply(call: &Arrived<'_>) -> Reply {
    answered(call).unwrap_or_else(|refusal| Reply::plain(refusal.status, &refusal.body()))
}

fn answered(call: &Arrived<'_>) -> Result<Reply, Refusal> {
    authorised(call)?;
    let route = call.path.strip_prefix("/v1beta/").unwrap_or_default();
    if (call.method, route) == (&Method::GET, "models") {
        return Ok(models(&call.listed(LISTED), &call.script(Endpoint::Models)));
    }
    let streamed = match (call.method, route.rsplit_once(':')) {
        (&Method::POST, Some((_, "generateContent"))) => false,
        (&Method::POST, Some((_, "streamGenerateContent"))) => true,
        _ => return Err(Refusal::new(404, "The requested URL was not found on this server.")),
    };
    if streamed && !call.query.split('&').any(|pair| pair == "alt=sse") {
        return Err(Refusal::invalid("The practice server does not play streamGenerateContent without alt=sse."));
    }
    let named = route.rsplit_once(':').map_or(route, |(named, _)| named);
    let model = model(named, call.models)?;
    let body = call.body.ok_or_else(|| Refusal::new(413, "Request payload size exceeds the limit."))?;
    let mut asked = check::check(body, &model)?;
    asked.stream = streamed;
    Ok(say::reply(&asked, &call.script(Endpoint::Chat), call.stamp))
}

fn authorised(call: &Arrived<'_>) -> Result<(), Refusal> {
    let Some(key) = call.key else { return Ok(()) };
    match call.header("x-goog-api-key") {
        Some(given) if given == key => Ok(()),
        Some(_) => Err(Refusal::invalid("API key not valid. Please pass a valid API key.").because("API_KEY_INVALID")),
        None => Err(Refusal::new(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
        )),
    }
}

/// The model of `models/{name}`.
fn model(named: &str, models: &[Model]) -> Result<Model, Refusal> {
    let name = named.strip_prefix("models/").filter(|name| !name.is_empty() && !name.contains('/'));
    let name =
        name.ok_or_else(|| Refusal::invalid("* GenerateContentRequest.model: unexpected model name format\n"))?;
    if models.is_empty() {
        return Ok(Model::from(name));
    }
    let known = models.iter().find(|model| model.name == name).cloned();
    known.ok_or_else(|| {
        let text = format!(
            "models/{name} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods."
        );
        Refusal::new(404, text)
    })
}

/// The answer to `GET /models` (<https://ai.google.dev/api/models#Model>).
fn models(models: &[Model], script: &Script) -> Reply {
    play::scripted(script, 429, |status| refusal::of_script(script, status)).unwrap_or_else(|| {
        let list: Vec<Value> = models.iter().map(entry).collect();
        Reply::json(script, 200, &json!({ "models": list }))
    })
}

fn entry(model: &Model) -> Value {
    let mut entry = json!({
        "name": format!("models/{}", model.name), "version": "001", "displayName": model.name,
        "description": "Played for practice.",
    });
    for (name, limit) in [("inputTokenLimit", model.context), ("outputTokenLimit", model.output)] {
        if let Some(limit) = limit {
            entry[name] = limit.into();
        }
    }
    entry["supportedGenerationMethods"] = json!(["generateContent", "countTokens"]);
    entry["temperature"] = json!(1);
    entry["topP"] = json!(0.95);
    entry["topK"] = json!(64);
    entry["maxTemperature"] = json!(2);
    entry
}
