//! The tools, one file each: what `tools/list` says of it, and what a call of it does.
//!
//! A tool is a file with `definition(&ToolNotes) -> Tool` and `call(Calling) -> CallToolResult`, and its
//! name in the list below. Each definition has a title, all four annotations, both schemas, and a
//! description of at most 1.9 KB; the whole list stays below 8 KB whatever the person's notes are.

use std::sync::Arc;

use pointsman_engine::report::ToolNotes;
use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::calling::Calling;

mod envelope;

/// The longest description in bytes: clients cut at 2 KB.
const LONGEST_DESCRIPTION: usize = 1900;
/// The longest list in bytes.
const LONGEST_LIST: usize = 8000;

macro_rules! tools {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// The names, in the order of the list.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

        fn definitions(notes: &ToolNotes) -> Vec<Tool> {
            vec![$($name::definition(notes)),+]
        }

        /// Calls a tool by name; `None` where there is none.
        pub(crate) async fn call(name: &str, calling: Calling<'_>) -> Option<CallToolResult> {
            match name {
                $(stringify!($name) => Some($name::call(calling).await),)+
                _ => None,
            }
        }
    };
}

tools!(chat_completion, llm_route, llm_routing_info, job_result, estimate_cost, spend_report);

/// What `tools/list` answers, always in the same order. Where the notes would make it too long they
/// are shortened at a line.
pub(crate) fn list(notes: &ToolNotes) -> Vec<Tool> {
    let size = |tools: &[Tool]| serde_json::to_vec(tools).map_or(usize::MAX, |bytes| bytes.len());
    let tools = definitions(notes);
    if size(&tools) <= LONGEST_LIST {
        return tools;
    }
    let bare = definitions(&ToolNotes::default());
    let mut room = LONGEST_LIST.saturating_sub(size(&bare));
    // JSON escapes make a note longer than it is; each round leaves more for them. At most 25 rounds.
    while room > 60 {
        let classes = shortened(&notes.classes, room / 2);
        let models = shortened(&notes.models, room.saturating_sub(classes.len()));
        let tools = definitions(&ToolNotes { models, classes });
        if size(&tools) <= LONGEST_LIST {
            return tools;
        }
        room = room * 4 / 5;
    }
    bare
}

/// What `tools/list` says of `chat_completion` with these notes: the very text a caller reads, for the window
/// that shows what an edit of a description would come to.
pub fn chat_description(notes: &ToolNotes) -> String {
    let tool = list(notes).into_iter().find(|tool| tool.name == "chat_completion");
    tool.and_then(|tool| tool.description).unwrap_or_default().into_owned()
}

/// A text with a heading and the notes below it, cut at a line where it would be too long.
fn described(text: &str, heading: &str, notes: &str) -> String {
    let notes = notes.trim();
    if notes.is_empty() {
        return text.to_owned();
    }
    let room = LONGEST_DESCRIPTION.saturating_sub(text.len() + heading.len() + 3);
    format!("{text}\n\n{heading}\n{}", shortened(notes, room))
}

/// The lines that fit, and where to see the rest.
fn shortened(notes: &str, room: usize) -> String {
    const REST: &str = "… llm_routing_info lists the rest.";
    if notes.len() <= room {
        return notes.to_owned();
    }
    let mut kept = String::new();
    for line in notes.lines() {
        if kept.len() + line.len() + 1 + REST.len() > room {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept + REST
}

/// Whether a tool spends money at a provider; it decides all four annotations.
#[derive(Clone, Copy)]
enum Nature {
    /// It asks a model.
    Asks,
    /// It only reads the ledger and the policy.
    Reads,
}

fn tool(name: &'static str, title: &str, description: String, nature: Nature) -> Tool {
    let annotations = match nature {
        Nature::Asks => ToolAnnotations::new().read_only(false).destructive(false).idempotent(false).open_world(true),
        Nature::Reads => ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false),
    };
    Tool::new(name, description, JsonObject::new()).with_title(title).with_annotations(annotations)
}

/// The schema of a tool's arguments, made from the type they are read into, without what costs tokens
/// and tells a caller nothing: formats, titles, null as another way to be absent. Only the outermost
/// object says that it takes no other names; the inner ones take none either.
fn schema_of<T: JsonSchema>() -> Arc<JsonObject> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = serde_json::to_value(settings.into_generator().into_root_schema_for::<T>()).unwrap_or_default();
    shrink(&mut schema);
    let Value::Object(mut object) = schema else { return Arc::default() };
    object.remove("description");
    object.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()));
    object.insert("additionalProperties".to_owned(), Value::Bool(false));
    Arc::new(object)
}

fn shrink(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let is_schema = ["type", "anyOf", "oneOf", "enum"].iter().any(|keyword| object.contains_key(*keyword));
            if is_schema {
                for noise in ["format", "title", "default", "additionalProperties"] {
                    // A property may have such a name; then its value is a schema.
                    if !object.get(noise).is_some_and(Value::is_object) {
                        object.remove(noise);
                    }
                }
                one_kind(object);
            }
            object.values_mut().for_each(shrink);
        }
        Value::Array(items) => items.iter_mut().for_each(shrink),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `["string", "null"]` becomes `"string"`, a choice between a schema and null the schema, and an
/// `enum` of words says by itself that they are words.
fn one_kind(object: &mut JsonObject) {
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            object.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
        object.remove("type");
    }
    if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(branch)] = branches.as_slice() {
            let branch = branch.clone();
            object.remove("anyOf");
            for (key, value) in branch {
                object.entry(key).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
