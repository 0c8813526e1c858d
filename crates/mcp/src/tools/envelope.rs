//! The output schema of the tools that ask a model: the envelope of product.md §3, as far as a caller
//! reads it. Each part it names is one the envelope really has; a test compares the two.

use std::sync::{Arc, LazyLock};

use rmcp::model::JsonObject;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(|| {
    let text = json!({ "type": "string" });
    let schema = json!({
        "type": "object",
        "required": ["status", "meta"],
        "properties": {
            "status": { "enum": ["success", "running", "error"] },
            "data": { "type": "object" },
            "error": text,
            "code": text,
            "job_id": text,
            "meta": { "type": "object" }
        }
    });
    let Value::Object(object) = schema else { return Arc::default() };
    Arc::new(object)
});

/// The schema, built once.
pub(super) fn schema() -> Arc<JsonObject> {
    Arc::clone(&SCHEMA)
}
