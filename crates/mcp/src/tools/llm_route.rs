//! `llm_route`: a prompt of a task class, answered by the model the person's policy names.

use std::sync::{Arc, LazyLock};

use pointsman_engine::{Ask, RouteCall};
use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Nature, ToolNotes, described, envelope, schema_of, tool};
use crate::calling::{Calling, Pieces};
use crate::{arguments, reply};

const DESCRIPTION: &str = "Answers a prompt with the model the person chose for this kind of task, with their \
fallbacks and within their spend caps. Use it to delegate work that fits a class below; to name a model, or for \
several messages or images, use chat_completion. The model sees only `prompt` and `system`: put all it needs into them. With \
isError, `code` says why: invalid_request names the nearest valid name; rate_limit, overloaded, network and timeout \
may work later; most others need the person.";

/// What a call may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// One of those above.
    task_class: String,
    #[schemars(length(min = 1))]
    prompt: String,
    system: Option<String>,
    /// The longest answer, within the class's limit.
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
    /// `provider/model` for the first choice.
    override_model: Option<String>,
}

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(schema_of::<Arguments>);

pub(super) fn definition(notes: &ToolNotes) -> Tool {
    let description = described(DESCRIPTION, "Classes:", &notes.classes);
    let mut tool = tool("llm_route", "Route a prompt", description, Nature::Asks);
    tool.input_schema = Arc::clone(&SCHEMA);
    tool.with_raw_output_schema(envelope::schema())
}

pub(super) async fn call(mut calling: Calling<'_>) -> CallToolResult {
    let arguments: Arguments = match arguments::read(calling.arguments.take(), &SCHEMA) {
        Ok(arguments) => arguments,
        Err(denial) => return reply::refused(&denial),
    };
    let Arguments { task_class, prompt, system, max_tokens, override_model } = arguments;
    let call = RouteCall { task_class, prompt, system, max_tokens, override_model };
    reply::answered(calling.drive("llm_route", Pieces::Counted, Ask::Route(call)).await)
}
