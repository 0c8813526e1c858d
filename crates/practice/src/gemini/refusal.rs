//! Errors in the words and the shape of Google's APIs (`google.rpc.Status` as JSON:
//! <https://cloud.google.com/apis/design/errors#http_mapping>, and the codes Gemini sends:
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>).

use serde_json::{Value, json};

use crate::script::Script;

/// What a request is refused with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    message: String,
    details: Vec<Value>,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), details: Vec::new() }
    }

    /// 400.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 400 about a field, as the front end finds it before any model is asked. The path is in the
    /// names of the protocol: `generation_config.top_p`.
    pub(super) fn field(path: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut violation = json!({ "description": message });
        if !path.is_empty() {
            violation["field"] = path.into();
        }
        let details = json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation] });
        Self { details: vec![details], ..Self::invalid(message) }
    }

    /// With a reason for machines.
    pub(super) fn because(mut self, reason: &str) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
            "metadata": { "service": "generativelanguage.googleapis.com" }
        }));
        self
    }

    pub(super) fn body(&self) -> Value {
        body(self.status, &self.message, &self.details)
    }
}

fn body(status: u16, message: &str, details: &[Value]) -> Value {
    let mut error = json!({ "code": status, "message": message, "status": word(status) });
    if !details.is_empty() {
        error["details"] = details.into();
    }
    json!({ "error": error })
}

/// The body of a script's error: its own, that of an account without credit, or the one that fits the
/// status. A wait the script asks for in `retry-after` is repeated in the body, where Google has it.
pub(super) fn of_script(script: &Script, status: u16) -> Value {
    if let Some(error) = &script.error {
        return json!({ "error": error });
    }
    let message = match status {
        _ if script.no_credit => {
            "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
        }
        400 => "Request contains an invalid argument.",
        401 => "Request had invalid authentication credentials.",
        403 => "The caller does not have permission",
        404 => "Requested entity was not found.",
        429 => "Resource has been exhausted (e.g. check quota).",
        500 => {
            "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
        }
        503 => "The model is overloaded. Please try again later.",
        504 => "Deadline expired before operation could complete.",
        _ => "The practice server was told to fail.",
    };
    let mut details = Vec::new();
    if script.no_credit {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
            }]
        }));
    }
    let wait = script.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    if let Some(seconds) = wait.and_then(|(_, value)| value.parse::<u64>().ok()) {
        let delay = format!("{seconds}s");
        details.push(json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }));
    }
    body(status, message, &details)
}

fn word(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        502 | 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500..=599 => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}
