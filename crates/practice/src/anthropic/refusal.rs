//! Errors in the words and the shape of the Messages API
//! (<https://platform.claude.com/docs/en/api/errors>).

use serde_json::{Value, json};

use crate::script::Script;

/// What a request is refused with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// 400.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 400 about one value: `messages.0.role: Field required`.
    pub(super) fn at(path: &str, message: impl std::fmt::Display) -> Self {
        Self::invalid(format!("{path}: {message}"))
    }

    pub(super) fn body(&self, id: &str) -> Value {
        body(&json!({ "type": kind(self.status), "message": self.message }), id)
    }
}

/// The body around an `error` object.
fn body(error: &Value, id: &str) -> Value {
    json!({ "type": "error", "error": error, "request_id": id })
}

/// The body of a script's error: its own, that of an account without credit, or the one that fits the status.
pub(super) fn of_script(script: &Script, status: u16, id: &str) -> Value {
    if let Some(error) = &script.error {
        return body(error, id);
    }
    let message = match status {
        _ if script.no_credit => {
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."
        }
        401 => "invalid x-api-key",
        402 => "There is an issue with your billing or payment information.",
        403 => "Your API key does not have permission to use the specified resource.",
        404 => "model: practice",
        413 => "Request exceeds the maximum size",
        429 => "This request would exceed your organization's rate limit. Please try again later.",
        500 => "Internal server error",
        504 => "The request timed out while processing.",
        529 => "Overloaded",
        _ => "The practice server was told to fail.",
    };
    body(&json!({ "type": kind(status), "message": message }), id)
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        500..=599 => "api_error",
        _ => "invalid_request_error",
    }
}
