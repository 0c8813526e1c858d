//! What a caller reads of the person's models: the window's preview is the very text, and after the edit
//! is written the next list of tools says it. Also the fixture of that preview, see `written`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../engine/tests/written/mod.rs"]
mod written;

use pointsman_engine::view::{ModelForm, ModelLook, SaveState};
use pointsman_engine::{Caller, Gateway, Home};
use pointsman_mcp::chat_description;
use serde_json::{Value, json};
use written::written;

const ID: &str = "anthropic/claude-sonnet-5-5";

fn gateway() -> (tempfile::TempDir, Gateway) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let text = include_str!("../../engine/tests/written/models.yaml").replace("SERVER", "http://127.0.0.1:11434");
    std::fs::write(home.path().join("routing.yaml"), text).unwrap();
    (folder, Gateway::open(home, Caller::app()).unwrap())
}

async fn form(gateway: &Gateway, id: &str) -> ModelForm {
    gateway.model_card(id).await.unwrap().form
}

async fn look(gateway: &Gateway, id: &str, form: &ModelForm) -> ModelLook {
    gateway.model_look(id, form, chat_description).await.unwrap()
}

#[tokio::test]
async fn the_preview_is_what_the_next_list_of_tools_says() {
    let (_folder, gateway) = gateway();
    let before = chat_description(&gateway.tool_notes().await);
    let as_written = form(&gateway, ID).await;
    assert_eq!(look(&gateway, ID, &as_written).await.text, before, "without an edit it is what is said now");
    let typed = ModelForm { use_for: "money and \"quoted\" words".into(), avoid_for: String::new(), ..as_written };
    let seen = look(&gateway, ID, &typed).await;
    assert_ne!(seen.text, before);
    assert!(seen.text.contains("Use for: money and \"quoted\" words\n"), "{}", seen.text);
    let saved = gateway.policy_apply(&seen.edits).await.unwrap();
    assert_eq!(saved.state, SaveState::Acts, "{saved:?}");
    assert_eq!(chat_description(&gateway.tool_notes().await), seen.text);
    assert_eq!(form(&gateway, ID).await, typed, "and the file says what was typed");
    assert!(look(&gateway, ID, &typed).await.edits.is_empty());
}

#[tokio::test]
async fn a_model_that_is_added_can_be_named_and_its_price_is_what_was_typed() {
    let (_folder, gateway) = gateway();
    let id = "anthropic/claude-haiku-5-5";
    let bare = form(&gateway, id).await;
    let saved = gateway.policy_apply(&look(&gateway, id, &bare).await.edits).await.unwrap();
    assert_eq!(saved.state, SaveState::Acts, "{saved:?}");
    assert!(chat_description(&gateway.tool_notes().await).contains(&format!("- {id}\n")));
    let dear = ModelForm { input: "$400".into(), output: "2,000".into(), ..bare.clone() };
    let wrong = look(&gateway, id, &dear).await;
    assert_eq!(wrong.problems[0].field, "output", "an amount has no groups: {wrong:?}");
    let dear = ModelForm { output: "2000.50".into(), ..dear };
    let saved = gateway.policy_apply(&look(&gateway, id, &dear).await.edits).await.unwrap();
    assert_eq!(saved.state, SaveState::Acts, "a dearer price allows nothing more: {saved:?}");
    let card = gateway.model_card(id).await.unwrap();
    assert_eq!(card.price.as_ref().unwrap().steps[0].output.text, "$2,000.50");
    let saved = gateway.policy_apply(&look(&gateway, id, &bare).await.edits).await.unwrap();
    assert_eq!(saved.state, SaveState::Waits, "back to a lower price is the person's to allow: {saved:?}");
}

#[tokio::test]
async fn the_preview_of_the_models_page() {
    let (_folder, gateway) = gateway();
    let mut looks: Vec<Value> = Vec::new();
    let mut add = async |id: &str, change: fn(&mut ModelForm)| {
        let mut form = form(&gateway, id).await;
        change(&mut form);
        let look = look(&gateway, id, &form).await;
        looks.push(json!({ "id": id, "form": form, "look": look }));
    };
    add(ID, |_| ()).await;
    add(ID, |form| form.description = "Careful review of Rust.".into()).await;
    add(ID, |form| form.description = "word ".repeat(250)).await;
    add(ID, |form| (form.input, form.output) = ("2".into(), "10".into())).await;
    add(ID, |form| form.input = "1e3".into()).await;
    add(ID, |form| form.enabled = false).await;
    add("openai/gpt-7-preview", |_| ()).await;
    add("openai/gpt-7-preview", |form| (form.input, form.output) = ("3".into(), "15".into())).await;
    add("openai/gpt-6-sol", |_| ()).await;
    add("anthropic/claude-opus-5-5", |_| ()).await;
    written("model-look", &looks, &[]);
}
