//! The official MCP client for Node, the one Claude's own programs are built on, against our server:
//! it shakes hands, lists the tools and routes a prompt, and checks every reply against the schemas.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use pointsman_practice::{Options, Practice, Script};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_routes_a_prompt() {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    assert!(oracle.join("node_modules").is_dir(), "run `cargo xtask test`, or `npm ci` in tests/npm, first");
    let provider = Practice::start(Options::default()).await.expect("a port");
    provider.script(Script { pace_ms: 2, ..Script::text("A pointsman sets the points.") });
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    std::fs::create_dir(&home).expect("a home");
    let policy = pointsman_core::policy::practice_file(&provider.base_url());
    std::fs::write(home.join("routing.yaml"), policy).expect("a policy");

    let request = json!({
        "command": env!("CARGO_BIN_EXE_pointsman"),
        "args": ["--home", home, "mcp", "--client", "claude-desktop"],
        "calls": [
            { "name": "chat_completion", "progress": true, "arguments": {
                "messages": [{ "role": "user", "content": [{ "type": "text", "text": "What is a pointsman?" }] }], "stream": true } },
            { "name": "llm_route", "arguments": { "task_class": "summarize", "prompt": "Summarize: points." } },
            { "name": "llm_route", "arguments": { "task_class": "huge", "prompt": "Write a book." } },
            { "name": "llm_route", "arguments": { "task_class": "summarize", "prompt": 5 } },
            { "name": "llm_routing_info", "arguments": {} },
            { "name": "spend_report", "arguments": { "group_by": "client" } },
        ],
    });
    let said = client(&oracle, folder.path(), &request).await;

    assert_eq!(said["server"]["name"], "pointsman", "{said}");
    assert_eq!(said["protocol"], "2025-11-25", "the newest revision this client knows");
    assert_eq!(said["tools"].as_array().map(Vec::len), Some(6));
    assert_eq!(said["strays"], 0, "the client complained about nothing on stdout");
    let result = |nth: usize| &said["results"][nth]["result"];
    assert_eq!(result(0)["structuredContent"]["data"]["text"], "A pointsman sets the points.");
    let pieces: Vec<_> = said["results"][0]["progress"]
        .as_array()
        .expect("progress")
        .iter()
        .skip(1)
        .map(|step| step["message"].as_str().expect("a piece"))
        .collect();
    assert_eq!(pieces.concat(), "A pointsman sets the points.");
    assert_eq!(result(1)["structuredContent"]["meta"]["model"], "gpt-5-mini", "{said}");
    let cost = result(1)["structuredContent"]["meta"]["cost_usd"].as_f64().expect("a cost");
    assert!(cost > 0.0, "the practice file has prices: {said}");
    assert_eq!(
        (&result(2)["isError"], &result(2)["structuredContent"]["code"]),
        (&json!(true), &json!("cap_exceeded"))
    );
    assert_eq!(result(3)["structuredContent"]["error"], "prompt must be text, not 5.");
    assert_eq!(result(4)["structuredContent"]["status"], "success");
    assert_eq!(
        result(5)["structuredContent"]["rows"][0]["name"],
        "claude-desktop",
        "by the entry's id, not by what the client calls itself"
    );
    assert_eq!(provider.chats().len(), 2, "what was denied or malformed was not sent");
}

async fn client(oracle: &Path, home: &Path, request: &Value) -> Value {
    let mut node = Command::new("node");
    node.arg("client.mjs").arg(request.to_string()).current_dir(oracle).env("HOME", home);
    let output = tokio::task::spawn_blocking(move || node.output()).await.expect("joined").expect("node runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}
