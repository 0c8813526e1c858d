//! `llm_routing_info`: what the policy says now, who can answer, and what is left of the caps.

use std::sync::{Arc, LazyLock};

use pointsman_engine::report::{CapLine, RoutingInfo};
use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Nature, ToolNotes, schema_of, tool};
use crate::calling::Calling;
use crate::{arguments, reply};

const DESCRIPTION: &str = "Shows the person's rules as they are now: task classes, models, what cannot be used and why, \
and what is left of each cap. Costs nothing. Use it before larger work, or after an error.";

/// It takes none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {}

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(schema_of::<Arguments>);

static OUTPUT: LazyLock<Arc<JsonObject>> = LazyLock::new(|| {
    let list = json!({ "type": "array" });
    let schema = json!({
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": { "enum": ["success", "error"] },
            "classes": list, "models": list, "caps": list, "breakers": list
        }
    });
    let Value::Object(object) = schema else { return Arc::default() };
    Arc::new(object)
});

pub(super) fn definition(_notes: &ToolNotes) -> Tool {
    let mut tool = tool("llm_routing_info", "Show the routing rules", DESCRIPTION.to_owned(), Nature::Reads);
    tool.input_schema = Arc::clone(&SCHEMA);
    tool.with_raw_output_schema(Arc::clone(&OUTPUT))
}

pub(super) async fn call(mut calling: Calling<'_>) -> CallToolResult {
    if let Err(denial) = arguments::read::<Arguments>(calling.arguments.take(), &SCHEMA) {
        return reply::refused(&denial);
    }
    let info = match calling.door.gateway().await {
        Ok(gateway) => gateway.routing_info().await,
        Err(denial) => Err(denial),
    };
    match info {
        Ok(info) => reply::report(&info, text(&info)),
        Err(denial) => reply::refused(&denial),
    }
}

fn text(info: &RoutingInfo) -> String {
    let mut lines = vec![format!("Routing policy {}.", info.policy_version)];
    lines.extend(info.profile.as_ref().map(|name| format!("The profile {name} is laid over it.")));
    lines.extend(info.paused.clone());
    lines.extend(info.notices.iter().map(|notice| format!("Notice: {notice}")));
    lines.push("Task classes:".to_owned());
    for class in &info.classes {
        let first = if class.split.is_empty() { class.model.clone() } else { class.split.join(", ") };
        let mut line = format!("- {}: {first} ({})", class.class, class.tier);
        if !class.fallback.is_empty() {
            line.push_str(&format!(", then {}", class.fallback.join(", ")));
        }
        if class.strategy != "fixed" {
            line.push_str(&format!(", {} first", class.strategy));
        }
        if let Some(most) = &class.max_tier {
            line.push_str(&format!(", {most} at most"));
        }
        if let Some(most) = class.max_tokens {
            line.push_str(&format!(", at most {most} tokens"));
        }
        if let Some(rationale) = &class.rationale {
            line.push_str(&format!(". {rationale}"));
        }
        lines.push(line);
    }
    lines.push(format!("Models: {}", info.models.join(", ")));
    for provider in info.providers.iter().filter(|provider| !provider.usable) {
        let why = provider.why_not.as_deref().unwrap_or("It cannot be used now.");
        lines.push(format!("Not usable: {}. {why}", provider.provider));
    }
    for breaker in &info.breakers {
        match (&breaker.why_not, breaker.state.as_str()) {
            (Some(why), _) => lines.push(format!("Resting: {why}")),
            (None, "half_open") => lines.push(format!("{} failed lately; the next call tries it.", breaker.model)),
            (None, _) => {}
        }
    }
    lines.extend(info.caps.iter().map(CapLine::line));
    lines.join("\n")
}
