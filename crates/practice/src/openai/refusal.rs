//! Errors in the words and the shape of the real API.

use serde_json::{Value, json};

use crate::script::Script;

/// What a request is refused with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) kind: &'static str,
    pub(crate) param: Option<String>,
    pub(crate) code: Option<&'static str>,
}

impl Refusal {
    /// 400 without param and code.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into(), kind: "invalid_request_error", param: None, code: None }
    }

    /// 400 about one parameter.
    pub(crate) fn of(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), code: Some(code), ..Self::plain(message) }
    }

    /// With another status and code.
    pub(crate) fn coded(status: u16, code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { status, code, ..Self::plain(message) }
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code } })
    }
}

/// The error of a script: its own, that of an account without credit, or the one that fits the status.
pub(crate) fn of_script(script: &Script, status: u16) -> Value {
    match &script.error {
        Some(error) => error.clone(),
        None if script.no_credit => json!({
            "message": "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
            "type": "insufficient_quota", "param": null, "code": "insufficient_quota"
        }),
        None => of_status(status),
    }
}

/// The error the real API sends with a status, for scripts that only name the status.
fn of_status(status: u16) -> Value {
    let (message, kind, code) = match status {
        401 => (
            "Incorrect API key provided: practice. You can find your API key at https://platform.openai.com/account/api-keys.",
            "invalid_request_error",
            json!("invalid_api_key"),
        ),
        402 => ("Insufficient Balance", "unknown_error", json!("invalid_request_error")),
        403 => ("You are not allowed to sample from this model", "invalid_request_error", Value::Null),
        404 => (
            "The model `practice` does not exist or you do not have access to it.",
            "invalid_request_error",
            json!("model_not_found"),
        ),
        408 => ("Request timed out.", "timeout", Value::Null),
        413 => ("Request too large.", "invalid_request_error", Value::Null),
        429 => ("Rate limit reached for requests. Please try again in 1s.", "requests", json!("rate_limit_exceeded")),
        500 => {
            ("The server had an error while processing your request. Sorry about that!", "server_error", Value::Null)
        }
        502 | 504 => ("Bad gateway.", "cf_bad_gateway", Value::Null),
        503 => ("The engine is currently overloaded, please try again later.", "server_error", Value::Null),
        _ => ("The practice server was told to fail.", "invalid_request_error", Value::Null),
    };
    json!({ "message": message, "type": kind, "param": null, "code": code })
}
