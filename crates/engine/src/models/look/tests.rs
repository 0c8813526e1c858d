//! A form that is typed: its edits, its problems, and what a caller would read.

use pointsman_core::policy::read;
use serde_json::{Value, json};

use super::*;

const FILE: &str = r#"
defaults:
  ask: { provider: google, model: gemini-3-argon }
models:
  google/gemini-3-argon: { description: fast, use_for: [bulk, lists], price: { input: 1, output: 2, cached_input: 0.1 }, aliases: [quick] }
  openai/gpt-6-sol: { description: careful }
"#;

fn policy() -> Policy {
    let reading = read(FILE);
    reading.policy.unwrap_or_else(|| panic!("{:?}", reading.problems))
}

fn id(text: &str) -> ModelId {
    ModelId::parse(text).unwrap()
}

fn written(of: &str) -> ModelForm {
    form(&policy().model(&id(of)))
}

/// The edits of a form, as the window sends them.
fn sent(of: &str, typed: &ModelForm) -> Value {
    let look = look(policy(), &id(of), typed, |notes| notes.models.clone());
    assert_eq!(look.problems, [], "{typed:?}");
    serde_json::to_value(look.edits).unwrap()
}

#[test]
fn a_form_as_it_is_written_changes_nothing() {
    for model in ["gemini/gemini-3-argon", "openai/gpt-6-sol"] {
        assert_eq!(sent(model, &written(model)), json!([]), "{model}");
    }
    let spaced = ModelForm { description: "  careful\n".into(), ..written("openai/gpt-6-sol") };
    assert_eq!(sent("openai/gpt-6-sol", &spaced), json!([]), "blanks say nothing");
}

#[test]
fn each_field_writes_its_own_place_under_the_name_the_file_has_for_the_model() {
    let model = "gemini/gemini-3-argon";
    let typed = ModelForm {
        description: "fast and\ncheap".into(),
        use_for: String::new(),
        aliases: "quick, light".into(),
        tier: "L1".into(),
        context: "200,000".into(),
        input: "$1.50".into(),
        cached_input: String::new(),
        enabled: false,
        ..written(model)
    };
    let at = |field: &str| json!(["models", "google/gemini-3-argon", field]);
    let price = |field: &str| json!(["models", "google/gemini-3-argon", "price", field]);
    assert_eq!(
        sent(model, &typed),
        json!([
            { "kind": "set", "path": at("description"), "value": { "kind": "text", "text": "fast and cheap" } },
            { "kind": "remove", "path": at("use_for") },
            { "kind": "set", "path": at("tier"), "value": { "kind": "text", "text": "L1" } },
            { "kind": "set", "path": at("aliases"), "value": { "kind": "list", "items": [
                { "kind": "text", "text": "quick" }, { "kind": "text", "text": "light" }] } },
            { "kind": "set", "path": at("context"), "value": { "kind": "plain", "text": "200000" } },
            { "kind": "set", "path": price("input"), "value": { "kind": "plain", "text": "1.5" } },
            { "kind": "remove", "path": price("cached_input") },
            { "kind": "set", "path": at("enabled"), "value": { "kind": "plain", "text": "false" } },
        ])
    );
}

#[test]
fn a_first_price_is_written_whole_and_an_emptied_one_goes_whole() {
    let model = "openai/gpt-6-sol";
    let first = ModelForm { input: "2".into(), output: ".5".into(), ..written(model) };
    let path = json!(["models", model, "price"]);
    let entry = |key: &str, text: &str| json!({ "key": key, "value": { "kind": "plain", "text": text } });
    let map = json!({ "kind": "map", "entries": [entry("input", "2"), entry("output", "0.5")] });
    assert_eq!(sent(model, &first), json!([{ "kind": "set", "path": path, "value": map }]));
    let model = "gemini/gemini-3-argon";
    let (input, output, cached_input) = (String::new(), String::new(), String::new());
    let none = ModelForm { input, output, cached_input, ..written(model) };
    let path = json!(["models", "google/gemini-3-argon", "price"]);
    assert_eq!(sent(model, &none), json!([{ "kind": "remove", "path": path }]));
}

#[test]
fn a_model_the_file_does_not_know_is_named_by_its_switch() {
    let path = json!(["models", "openai/gpt-6-luna", "enabled"]);
    let on = json!([{ "kind": "set", "path": path, "value": { "kind": "plain", "text": "true" } }]);
    assert_eq!(sent("openai/gpt-6-luna", &written("openai/gpt-6-luna")), on);
}

#[test]
fn what_cannot_be_written_is_told_at_its_field_and_nothing_is_edited() {
    let typed = ModelForm {
        context: "many".into(),
        max_output: "0".into(),
        input: "1e3".into(),
        cache_write: "0.0000001".into(),
        aliases: "two words".into(),
        tier: "L9".into(),
        ..written("openai/gpt-6-sol")
    };
    let look = look(policy(), &id("openai/gpt-6-sol"), &typed, |notes| notes.models.clone());
    let fields: Vec<_> = look.problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["context", "max_output", "input", "cache_write", "output", "tier", "aliases"]);
    assert_eq!(look.problems[2].sentence, "The price must be an amount in US dollars such as 2 or 0.50.");
    assert_eq!(look.edits, []);
}

#[test]
fn the_text_is_what_the_tool_says_after_the_edit() {
    let typed = ModelForm { avoid_for: "poems".into(), ..written("openai/gpt-6-sol") };
    let seen = look(policy(), &id("openai/gpt-6-sol"), &typed, |notes| format!("Asks.\n{}", notes.models));
    assert_eq!(
        seen.text,
        "Asks.\n- gemini/gemini-3-argon: fast Use for: bulk, lists\n- openai/gpt-6-sol: careful Not for: poems\n"
    );
    assert_eq!((seen.shown, seen.left_out, seen.budget), (true, 0, 300));
    assert_eq!(seen.cut_at, None);
    let long = ModelForm { description: "word ".repeat(100), ..typed.clone() };
    let cut = look(policy(), &id("openai/gpt-6-sol"), &long, |notes| notes.models.clone());
    assert_eq!(cut.cut_at, Some(400), "and the window says that the rest is not read");
    assert!(!cut.text.contains("Not for: poems"), "{}", cut.text);
    let off = ModelForm { enabled: false, ..typed };
    let gone = look(policy(), &id("openai/gpt-6-sol"), &off, |notes| notes.models.clone());
    assert!(!gone.shown && gone.tokens < seen.tokens, "{gone:?}");
}
