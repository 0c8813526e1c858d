//! `estimate_cost`: what a prompt would cost with each model, before it is sent.

use std::sync::{Arc, LazyLock};

use pointsman_engine::{Estimate, EstimateLine, EstimateQuery};
use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nature, ToolNotes, schema_of, tool};
use crate::calling::Calling;
use crate::{arguments, reply};

const DESCRIPTION: &str = "Says what a prompt would cost with each model, cheapest first: the likely and the highest \
cost, where the price is from, and what would stop the call now. Sends nothing; costs nothing.";

/// What a call may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    #[schemars(length(min = 1))]
    prompt: String,
    /// `provider/model`; default: all.
    #[schemars(length(min = 1, max = 40))]
    models: Option<Vec<String>>,
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
}

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(schema_of::<Arguments>);

static OUTPUT: LazyLock<Arc<JsonObject>> = LazyLock::new(|| {
    let schema = json!({
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": { "enum": ["success", "error"] },
            "models": { "type": "array" }
        }
    });
    let Value::Object(object) = schema else { return Arc::default() };
    Arc::new(object)
});

pub(super) fn definition(_notes: &ToolNotes) -> Tool {
    let mut tool = tool("estimate_cost", "Estimate a cost", DESCRIPTION.to_owned(), Nature::Reads);
    tool.input_schema = Arc::clone(&SCHEMA);
    tool.with_raw_output_schema(Arc::clone(&OUTPUT))
}

pub(super) async fn call(mut calling: Calling<'_>) -> CallToolResult {
    let Arguments { prompt, models, max_tokens } = match arguments::read(calling.arguments.take(), &SCHEMA) {
        Ok(arguments) => arguments,
        Err(denial) => return reply::refused(&denial),
    };
    let query = EstimateQuery { prompt, models: models.unwrap_or_default(), max_tokens };
    let estimate = match calling.door.gateway().await {
        Ok(gateway) => gateway.estimate(query).await,
        Err(denial) => Err(denial),
    };
    match estimate {
        Ok(estimate) => reply::report(&estimate, text(&estimate)),
        Err(denial) => reply::refused(&denial),
    }
}

fn text(estimate: &Estimate) -> String {
    let mut lines: Vec<String> = estimate.models.iter().map(line).collect();
    if estimate.simulated {
        lines.push("All amounts are simulated.".to_owned());
    }
    lines.push(estimate.token_error.clone());
    lines.extend(estimate.notices.iter().map(|notice| format!("Notice: {notice}")));
    lines.join("\n")
}

fn line(line: &EstimateLine) -> String {
    let mut text = format!("- {} ({})", line.model, if line.tier.is_empty() { "unknown" } else { line.tier.as_str() });
    if let (Some(likely), Some(worst)) = (&line.likely_usd, &line.worst_usd) {
        text.push_str(&format!(": likely ${likely}, at most ${worst}"));
    }
    if let Some(most) = line.max_tokens {
        text.push_str(&format!(" for about {} tokens in and {most} out", line.input_tokens));
    }
    if let Some(source) = &line.price_source {
        text.push_str(&format!("; price: {source}"));
    }
    if let Some(why) = &line.why_not {
        text.push_str(&format!(". Would not be sent: {why}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_all_that_the_figures_say() {
        let estimate: Estimate = serde_json::from_value(json!({
            "models": [
                { "model": "a/small", "likely_usd": 0.0005, "worst_usd": 0.0025, "input_tokens": 100, "max_tokens": 200,
                  "tier": "L1", "price_source": "genai-prices 0.2.1 of 2026-10-30", "price_date": "2026-10-30",
                  "would_be_sent": true },
                { "model": "b/x", "input_tokens": 100, "tier": "", "would_be_sent": false, "why_not": "It is not there." }
            ],
            "token_error": "Tokens are reckoned from characters.", "notices": ["An edit waits."], "simulated": true
        }))
        .unwrap();
        assert_eq!(
            text(&estimate),
            "\
- a/small (L1): likely $0.0005, at most $0.0025 for about 100 tokens in and 200 out; price: genai-prices 0.2.1 of 2026-10-30
- b/x (unknown). Would not be sent: It is not there.
All amounts are simulated.
Tokens are reckoned from characters.
Notice: An edit waits."
        );
    }

    #[test]
    fn what_is_wrong_with_the_arguments_is_named() {
        let sentence = |arguments: Value| match arguments::read::<Arguments>(arguments, &SCHEMA) {
            Ok(_) => panic!("read without a problem"),
            Err(denial) => denial.sentence,
        };
        assert_eq!(sentence(json!({})), "prompt is missing.");
        assert_eq!(sentence(json!({ "prompt": "" })), "prompt is empty.");
        assert_eq!(sentence(json!({ "prompt": "x", "models": [] })), "models is an empty list.");
        assert_eq!(
            sentence(json!({ "prompt": "x", "model": "y" })),
            "There is no argument \"model\". Did you mean models?"
        );
    }
}
