//! The list of tools: complete, small, in order, and valid JSON Schema.

use super::*;

fn full_notes() -> ToolNotes {
    let models = (0..12)
        .map(|n| format!("- provider/model-{n}: \"good\" at all kinds of long and short tasks, cheap and quick\n"));
    let classes =
        (0..20).map(|n| format!("- class_{n}: for the kind of work that nobody else in the \"house\" wants\n"));
    ToolNotes { models: models.collect(), classes: classes.collect() }
}

#[test]
fn every_tool_has_a_title_all_annotations_and_both_schemas() {
    let tools = list(&full_notes());
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, NAMES, "the order is that of the list");
    for tool in &tools {
        let name = &tool.name;
        assert!(tool.title.as_ref().is_some_and(|title| !title.is_empty()), "{name}: title");
        let hints = tool.annotations.as_ref().expect("annotations");
        let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
        assert!(all.iter().all(Option::is_some), "{name}: all four annotations");
        for schema in [&tool.input_schema, tool.output_schema.as_ref().expect("output schema")] {
            let schema = Value::Object(schema.as_ref().clone());
            assert_eq!(schema["type"], "object", "{name}");
            jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert_eq!(
            tool.input_schema.get("additionalProperties"),
            Some(&Value::Bool(false)),
            "{name}: wrong names are told"
        );
        assert!(tool.input_schema.contains_key("properties"), "{name}: clients expect properties");
    }
}

#[test]
fn the_list_stays_below_8_kb_whatever_the_notes_are() {
    let size = |notes: &ToolNotes| serde_json::to_string(&list(notes)).unwrap().len();
    let bare = size(&ToolNotes::default());
    assert!(bare <= 6850, "the list without notes leaves room for them: {bare}");
    let escapes = "- \"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n".repeat(200);
    for notes in [
        full_notes(),
        ToolNotes { models: escapes.clone(), classes: escapes },
        ToolNotes { models: "x".repeat(99_999), classes: String::new() },
    ] {
        let length = size(&notes);
        assert!(length <= 8192, "{length}");
        for tool in list(&notes) {
            let description = tool.description.unwrap_or_default();
            assert!(description.len() <= 1900, "{}: {}", tool.name, description.len());
        }
    }
}

#[test]
fn notes_are_cut_at_a_line_and_say_where_the_rest_is() {
    let tools = list(&full_notes());
    let description = tools[0].description.as_deref().unwrap_or_default();
    assert!(description.contains("Models:\n- provider/model-0:"), "{description}");
    let last = description.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("- provider/model-") && last.ends_with("quick") || last.contains("llm_routing_info"),
        "{last}"
    );
}

/// A keyword the checker does not read would be a promise nobody keeps.
#[test]
fn the_input_schemas_use_only_what_the_checker_reads() {
    const READ: &[&str] = &[
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "anyOf",
        "enum",
        "description",
        "minLength",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
    ];
    fn walk(name: &str, schema: &Value) {
        let Value::Object(object) = schema else { return };
        for (keyword, value) in object {
            assert!(READ.contains(&keyword.as_str()), "{name}: {keyword} in {schema}");
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => properties.values().for_each(|schema| walk(name, schema)),
                ("anyOf", Value::Array(branches)) => branches.iter().for_each(|schema| walk(name, schema)),
                ("items", schema) => walk(name, schema),
                ("additionalProperties", value) => assert!(value.is_boolean(), "{name}: {schema}"),
                _ => {}
            }
        }
    }
    for tool in list(&ToolNotes::default()) {
        walk(&tool.name, &Value::Object(tool.input_schema.as_ref().clone()));
    }
}
