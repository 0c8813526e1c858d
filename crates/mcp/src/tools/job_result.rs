//! `job_result`: the answer of a call that went on as a job, how far it is, or its end.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Nature, ToolNotes, envelope, schema_of, tool};
use crate::calling::Calling;
use crate::{arguments, reply};

/// How long is waited where the caller does not say.
const WAIT_S: u64 = 30;

const DESCRIPTION: &str = "Waits up to wait_s for the answer of a job (a call with status running). Call it again while the \
status is running. cancel ends the job; its cost so far stays.";

/// What a call may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    job_id: String,
    /// Default 30.
    #[schemars(range(max = 45))]
    wait_s: Option<u64>,
    cancel: Option<bool>,
}

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(schema_of::<Arguments>);

pub(super) fn definition(_notes: &ToolNotes) -> Tool {
    let mut tool = tool("job_result", "Fetch a job", DESCRIPTION.to_owned(), Nature::Reads);
    // It may end a job, and asking again changes nothing.
    tool.annotations =
        Some(ToolAnnotations::new().read_only(false).destructive(true).idempotent(true).open_world(false));
    tool.input_schema = Arc::clone(&SCHEMA);
    tool.with_raw_output_schema(envelope::schema())
}

pub(super) async fn call(mut calling: Calling<'_>) -> CallToolResult {
    let Arguments { job_id, wait_s, cancel } = match arguments::read(calling.arguments.take(), &SCHEMA) {
        Ok(arguments) => arguments,
        Err(denial) => return reply::refused(&denial),
    };
    let gateway = match calling.door.gateway().await {
        Ok(gateway) => gateway,
        Err(denial) => return reply::refused(&denial),
    };
    let wait = Duration::from_secs(wait_s.unwrap_or(WAIT_S)).min(calling.patience);
    tokio::select! {
        answered = gateway.job_result(&job_id, wait, cancel.unwrap_or(false)) => reply::answered(answered),
        // Nobody reads this reply; the job goes on, or is let go of.
        () = calling.context.ct.cancelled() => reply::cancelled(),
        () = calling.gone.cancelled() => reply::cancelled(),
    }
}
