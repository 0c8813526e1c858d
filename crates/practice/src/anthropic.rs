//! Anthropic's Messages API: `/messages` and `/models`, its required headers and its words when it
//! refuses. Both current versions are played: `2023-06-01`, and `2026-10-21`, which takes no sampling
//! parameter (<https://platform.claude.com/docs/en/api/versioning>). A key is taken from `x-api-key`,
//! or else from `authorization: Bearer`.

use http::Method;
use serde_json::{Value, json};

use crate::model::Model;
use crate::play::{self, Reply};
use crate::script::{Endpoint, Script};
use crate::serve::Arrived;

mod check;
mod messages;
mod refusal;
mod say;

use refusal::Refusal;

/// What `/models` lists where every name is answered.
const LISTED: &[&str] = &["claude-opus-4-7", "claude-sonnet-4-5", "claude-haiku-4-5"];

/// The version a request names in `anthropic-version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V2023,
    V2026,
}

/// The reply to a request on `route`, the path below the prefix.
pub(crate) fn reply(call: &Arrived<'_>, route: &str) -> Reply {
    let id = format!("req_practice{:06}", call.stamp.nth);
    let reply = answered(call, route, &id).unwrap_or_else(|refusal| Reply::plain(refusal.status, &refusal.body(&id)));
    reply.header("request-id", id).header("anthropic-organization-id", "practice")
}

fn answered(call: &Arrived<'_>, route: &str, id: &str) -> Result<Reply, Refusal> {
    authorised(call)?;
    let version = version(call)?;
    match (call.method, route) {
        (&Method::POST, "/messages") => {
            let body = call.body.ok_or_else(|| Refusal::new(413, "Request exceeds the maximum size"))?;
            if !call.is_json() {
                return Err(Refusal::invalid("Content-Type: must be application/json"));
            }
            let asked = check::check(body, call.models, version)?;
            Ok(say::reply(&asked, &call.script(Endpoint::Chat), call.stamp, id))
        }
        (&Method::GET, "/models") => Ok(models(&call.listed(LISTED), &call.script(Endpoint::Models), id)),
        (_, "/messages" | "/models") => Err(Refusal::new(405, "Method Not Allowed")),
        _ => Err(Refusal::new(404, "Not Found")),
    }
}

fn authorised(call: &Arrived<'_>) -> Result<(), Refusal> {
    let Some(key) = call.key else { return Ok(()) };
    let bearer = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match (call.header("x-api-key"), bearer) {
        (Some(given), _) if given == key => Ok(()),
        (Some(_), _) => Err(Refusal::new(401, "invalid x-api-key")),
        (None, Some(given)) if given == key => Ok(()),
        (None, Some(_)) => Err(Refusal::new(401, "Invalid bearer token")),
        (None, None) => Err(Refusal::new(401, "x-api-key header is required")),
    }
}

fn version(call: &Arrived<'_>) -> Result<Version, Refusal> {
    match call.header("anthropic-version") {
        Some("2023-06-01") => Ok(Version::V2023),
        Some("2026-10-21") => Ok(Version::V2026),
        Some(other) => Err(Refusal::invalid(format!("anthropic-version: \"{other}\" is not a valid version"))),
        None => Err(Refusal::invalid("anthropic-version: header is required")),
    }
}

/// The answer to `GET /models` (<https://platform.claude.com/docs/en/api/models/list>).
fn models(models: &[Model], script: &Script, id: &str) -> Reply {
    play::scripted(script, 400, |status| refusal::of_script(script, status, id)).unwrap_or_else(|| {
        let list: Vec<Value> = models.iter().map(entry).collect();
        let ends = [models.first(), models.last()].map(|model| model.map(|model| model.name.as_str()));
        let body = json!({ "data": list, "has_more": false, "first_id": ends[0], "last_id": ends[1] });
        Reply::json(script, 200, &body)
    })
}

fn entry(model: &Model) -> Value {
    json!({
        "type": "model", "id": model.name, "display_name": model.name, "created_at": "2025-01-01T00:00:00Z",
        "max_input_tokens": model.context, "max_tokens": model.output,
    })
}
