//! I10 and acceptance 29 and 35: whatever is wrong, stdout carries only JSON-RPC, the handshake and the
//! list of tools are answered, each call says in a sentence what is wrong, and nothing listens.

use serde_json::{Value, json};

use crate::child::{Server, command};
use crate::ground::{Ground, summarize};
use crate::replies::{names, texts, validate};

/// All tools against a home that is broken: each call is an error envelope with this code whose
/// sentence has this part.
fn all_refuse(mut server: Server, code: &str, part: &str) {
    let hello = server.initialize("2025-11-25");
    assert_eq!(hello["result"]["serverInfo"]["name"], "pointsman", "{hello}");
    let listed = server.exchange("tools/list", json!({}));
    assert_eq!(names(&listed["result"]).len(), 6, "{listed}");
    for (tool, arguments) in [
        ("chat_completion", json!({ "messages": [{ "role": "user", "content": "x" }] })),
        ("llm_route", summarize()),
        ("llm_routing_info", json!({})),
        ("estimate_cost", json!({ "prompt": "x" })),
        ("spend_report", json!({})),
    ] {
        let result = server.call(tool, arguments);
        validate(&listed["result"], tool, &result);
        assert_eq!(result["structuredContent"]["code"], code, "{tool}: {result}");
        let text = texts(&result).join("\n");
        assert!(text.contains(part), "{tool}: {text}");
    }
    let (_, status, _, _) = server.end();
    assert!(status.success());
}

#[test]
fn i10_a_corrupt_database() {
    let ground = Ground::new();
    std::fs::write(ground.home().join("ledger.db"), "this is no database".repeat(1000)).expect("written");
    all_refuse(Server::start(&ground.home()), "ledger_unavailable", "ledger");
}

#[cfg(unix)]
#[test]
fn i10_a_home_that_must_not_be_trusted() {
    let ground = Ground::new();
    let link = ground.folder().join("link");
    std::os::unix::fs::symlink(ground.home(), &link).expect("a link");
    all_refuse(Server::start(&link), "ledger_unavailable", "symbolic link");
}

#[test]
fn a_home_that_is_repaired_works_without_a_restart() {
    let ground = Ground::new();
    let ledger = ground.home().join("ledger.db");
    std::fs::write(&ledger, "this is no database".repeat(1000)).expect("written");
    let mut server = ground.server();
    assert_eq!(server.call("llm_route", summarize())["isError"], true);
    std::fs::remove_file(&ledger).expect("removed");
    let result = server.call("llm_route", summarize());
    assert_eq!(result["structuredContent"]["status"], "success", "{result}");
}

#[test]
fn i10_a_broken_policy_and_none() {
    let ground = Ground::new();
    let file = ground.home().join("routing.yaml");
    std::fs::write(&file, "defaults: [\n").expect("written");
    let mut server = ground.server();
    let result = server.call("llm_route", summarize());
    assert_eq!(result["structuredContent"]["code"], "policy_invalid", "{result}");
    std::fs::remove_file(&file).expect("removed");
    let result = ground.server().call("llm_route", summarize());
    assert_eq!(result["isError"], true, "{result}");
    assert!(!file.exists(), "a server never writes routing.yaml");
}

#[test]
fn i10_a_missing_keychain() {
    let ground = Ground::new();
    let policy = "version: \"1\"\ndefaults:\n  summarize: { provider: openai, model: gpt-5-mini, max_tokens: 50 }\n\
        models:\n  openai/gpt-5-mini: { price: { input: 0.25, output: 2.00 } }\n";
    std::fs::write(ground.home().join("routing.yaml"), policy).expect("written");
    let mut command = command(&ground.home());
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    let mut server = Server::spawn(command);
    server.initialize("2025-11-25");
    let result = server.call("llm_route", summarize());
    let code = result["structuredContent"]["code"].as_str().unwrap_or_default();
    assert!(["no_key", "keychain_locked"].contains(&code), "{result}");
    let info = server.call("llm_routing_info", json!({}));
    assert_eq!(info["structuredContent"]["providers"][0]["usable"], false, "{info}");
    assert!(texts(&info).join("\n").contains("Not usable: openai"), "{info}");
}

#[test]
fn i10_nonsense_on_stdin_is_survived() {
    let ground = Ground::new();
    let mut server = ground.server();
    for line in [
        "",
        "   ",
        "hello",
        "{",
        "}{",
        "[]",
        "null",
        "5",
        "\"text\"",
        "{}",
        "{\"jsonrpc\":\"2.0\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":null}",
        "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/nobody/knows\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":99}}",
        "Content-Length: 52\r",
        "\u{feff}",
    ] {
        server.line(line);
    }
    let unknown = server.exchange("tools/nonsense", json!({}));
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    let result = server.call("llm_route", summarize());
    assert_eq!(result["structuredContent"]["status"], "success", "{result}");
    assert!(server.end().1.success());
}

#[test]
fn i10_a_line_without_end_is_dropped_and_the_next_is_answered() {
    let ground = Ground::new();
    let mut server = ground.server();
    server.line(&"x".repeat(65 * 1024 * 1024));
    let result = server.call("llm_route", summarize());
    assert_eq!(result["structuredContent"]["status"], "success", "{result}");
    let (_, status, _, stderr) = server.end();
    assert!(status.success());
    assert!(stderr.contains("maximum line length"), "what was dropped is told on stderr: {stderr}");
}

#[test]
fn i10_messages_before_the_session_do_not_end_it() {
    let ground = Ground::new();
    let mut server = Server::start(&ground.home());
    server.notify("notifications/cancelled", json!({ "requestId": 0 }));
    server.notify("notifications/initialized", json!({}));
    server.line("{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
    let reply = server.exchange("tools/list", json!({}));
    assert!(reply["error"]["message"].as_str().is_some(), "a request without a session gets a JSON-RPC error: {reply}");
    assert_eq!(server.initialize("2025-11-25")["result"]["serverInfo"]["name"], "pointsman");
    assert_eq!(server.call("llm_route", summarize())["structuredContent"]["status"], "success");
    let (_, status, rest, _) = server.end();
    assert!(rest.is_empty() && status.success(), "{rest:?} {status}");
}

/// Acceptance 35.
#[cfg(target_os = "linux")]
#[test]
fn nothing_listens() {
    let ground = Ground::new();
    let mut server = ground.server();
    let result = server.call("llm_route", summarize());
    assert_eq!(result["structuredContent"]["status"], "success", "{result}");
    let pid = server.child.id();
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("the descriptors")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut connections = 0;
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        for line in std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default().lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            let (state, inode) = (fields[3], fields[9]);
            if !sockets.iter().any(|socket| socket == inode) {
                continue;
            }
            connections += 1;
            // 0A is LISTEN; a bound UDP socket (07) hears too.
            let hears = state == "0A" || table.starts_with("udp");
            assert!(!hears, "the server listens: {table} {line}");
        }
    }
    assert!(connections > 0, "the connection to the provider is kept and must be seen, or this test sees nothing");
}

/// The tools say the same whichever way they are reached.
#[test]
fn the_list_is_the_same_each_time() {
    let ground = Ground::new();
    let list = |mut server: Server| -> Value { server.exchange("tools/list", json!({}))["result"]["tools"].clone() };
    let (first, second) = (list(ground.server()), list(ground.server()));
    assert_eq!(first.to_string(), second.to_string());
    let description = first[0]["description"].as_str().expect("a description");
    assert!(
        description.contains("practice/gpt-5: Strong at code."),
        "the person's descriptions are in it: {description}"
    );
    assert!(first[1]["description"].as_str().expect("a description").contains("summarize: Summaries"), "{first}");
}
