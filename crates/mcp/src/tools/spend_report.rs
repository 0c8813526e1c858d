//! `spend_report`: fixed, read-only questions to the ledger. No prompt, no answer, no free query.

use std::sync::{Arc, LazyLock};

use pointsman_engine::report::{CapLine, GroupBy, SpendQuery, SpendReport};
use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nature, ToolNotes, schema_of, tool};
use crate::calling::Calling;
use crate::{arguments, reply};

/// The most rows a reply carries, so that it stays far below 8,000 tokens. The dearest come first.
const ROWS: usize = 40;

const DESCRIPTION: &str = "Shows what was spent through Pointsman between two days (default: this month), the dearest \
group first, with what is held by calls under way and what is left of each cap. Costs nothing.";

/// What a call may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// First day, as 2026-11-01.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
    /// Default: model.
    group_by: Option<Grouping>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Grouping {
    Model,
    Provider,
    Client,
    Class,
    Project,
    Day,
}

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(schema_of::<Arguments>);

static OUTPUT: LazyLock<Arc<JsonObject>> = LazyLock::new(|| {
    let (number, list) = (json!({ "type": "number" }), json!({ "type": "array" }));
    let schema = json!({
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": { "enum": ["success", "error"] },
            "rows": list, "total_usd": number, "caps": list
        }
    });
    let Value::Object(object) = schema else { return Arc::default() };
    Arc::new(object)
});

pub(super) fn definition(_notes: &ToolNotes) -> Tool {
    let mut tool = tool("spend_report", "Show what was spent", DESCRIPTION.to_owned(), Nature::Reads);
    tool.input_schema = Arc::clone(&SCHEMA);
    tool.with_raw_output_schema(Arc::clone(&OUTPUT))
}

pub(super) async fn call(mut calling: Calling<'_>) -> CallToolResult {
    let Arguments { from, to, group_by } = match arguments::read(calling.arguments.take(), &SCHEMA) {
        Ok(arguments) => arguments,
        Err(denial) => return reply::refused(&denial),
    };
    let group_by = group_by.map(|grouping| match grouping {
        Grouping::Model => GroupBy::Model,
        Grouping::Provider => GroupBy::Provider,
        Grouping::Client => GroupBy::Client,
        Grouping::Class => GroupBy::Class,
        Grouping::Project => GroupBy::Project,
        Grouping::Day => GroupBy::Day,
    });
    let report = match calling.door.gateway().await {
        Ok(gateway) => gateway.spend_report(SpendQuery { from, to, group_by }).await,
        Err(denial) => Err(denial),
    };
    match report {
        Ok(mut report) => {
            let left_out = report.rows.len().saturating_sub(ROWS);
            report.rows.truncate(ROWS);
            reply::report(&report, text(&report, left_out))
        }
        Err(denial) => reply::refused(&denial),
    }
}

fn text(report: &SpendReport, left_out: usize) -> String {
    let simulated = if report.simulated { " (simulated)" } else { "" };
    let mut lines = vec![format!(
        "{} to {}: ${}{simulated} charged for {} requests, ${} held by calls under way.",
        report.from, report.to, report.total_usd, report.requests, report.held_usd
    )];
    for row in &report.rows {
        let mut line = format!(
            "- {}: ${}, {} requests, {} + {} tokens",
            row.name, row.cost_usd, row.requests, row.input_tokens, row.output_tokens
        );
        if row.assumed_usd.to_string() != "0" {
            line.push_str(&format!(", ${} of it assumed", row.assumed_usd));
        }
        lines.push(line);
    }
    if left_out > 0 {
        lines.push(format!("- and {left_out} more. Ask for fewer days or another group_by."));
    }
    lines.extend(report.caps.iter().map(CapLine::line));
    lines.join("\n")
}
