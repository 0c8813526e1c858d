//! What is answered: both eras, schemas, malformed calls, progress.

use std::collections::BTreeSet;

use pointsman_practice::Script;
use serde_json::{Value, json};

use crate::child::Server;
use crate::ground::{Ground, stateless, summarize};
use crate::jobs::hasty;

#[test]
fn the_handshake_of_every_older_revision_works() {
    let ground = Ground::new();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut server = Server::start(&ground.home());
        let reply = server.initialize(version);
        assert_eq!(reply["result"]["protocolVersion"], version, "{reply}");
        assert_eq!(reply["result"]["serverInfo"]["name"], "pointsman");
        assert!(reply["result"]["capabilities"]["tools"].is_object());
        let result = server.call("llm_route", summarize());
        assert_eq!(result["structuredContent"]["status"], "success", "{version}: {result}");
        assert!(result.get("resultType").is_none(), "{version}: an older client does not know resultType");
    }
}

#[test]
fn the_stateless_era_works_without_a_handshake() {
    let ground = Ground::new();
    let mut server = Server::start(&ground.home());
    let found = server.exchange("server/discover", stateless(json!({})));
    let versions = found["result"]["supportedVersions"].as_array().expect("versions");
    assert!(versions.contains(&json!("2026-07-28")), "{found}");
    assert!(versions.contains(&json!("2025-11-25")), "the older era is offered too: {found}");
    let listed = server.exchange("tools/list", stateless(json!({})));
    assert_eq!(
        names(&listed["result"]),
        ["chat_completion", "llm_route", "llm_routing_info", "job_result", "estimate_cost", "spend_report"]
    );
    let call = stateless(json!({ "name": "llm_route", "arguments": summarize() }));
    let reply = server.exchange("tools/call", call);
    assert_eq!(reply["result"]["resultType"], "complete", "{reply}");
    assert_eq!(reply["result"]["structuredContent"]["status"], "success", "{reply}");
}

#[test]
fn the_first_message_of_the_stateless_era_may_be_a_call() {
    let ground = Ground::new();
    let mut server = Server::start(&ground.home());
    let reply = server.exchange("tools/call", stateless(json!({ "name": "llm_routing_info", "arguments": {} })));
    assert_eq!(reply["result"]["structuredContent"]["status"], "success", "{reply}");
}

#[test]
fn every_reply_validates_against_its_output_schema_and_its_text_says_it_all() {
    let ground = Ground::new();
    let mut server = hasty(&ground.home());
    let listed = server.exchange("tools/list", json!({}));
    assert!(listed.to_string().len() <= 8192, "tools/list has {} bytes", listed.to_string().len());
    let hello = json!([{ "role": "user", "content": "Hello" }]);
    let mut seen = BTreeSet::new();
    for (tool, arguments, code) in [
        ("llm_route", summarize(), None),
        ("chat_completion", json!({ "messages": hello }), None),
        ("chat_completion", json!({ "messages": hello, "model": "practice/gpt-5", "max_tokens": 50 }), None),
        ("llm_routing_info", json!({}), None),
        ("estimate_cost", json!({ "prompt": "Hello", "max_tokens": 50 }), None),
        ("estimate_cost", json!({ "prompt": "Hello", "models": ["practice/gpt-5"] }), None),
        ("spend_report", json!({ "group_by": "day" }), None),
        ("llm_route", json!({ "task_class": "sumarize", "prompt": "x" }), Some("invalid_request")),
        ("llm_route", json!({ "task_class": "huge", "prompt": "x" }), Some("cap_exceeded")),
        ("llm_route", json!({ "task_class": "summarize" }), Some("invalid_request")),
        ("chat_completion", json!({ "messages": hello, "model": "practice/gpt-6" }), Some("unknown_model")),
        ("estimate_cost", json!({ "prompt": "" }), Some("invalid_request")),
        ("spend_report", json!({ "from": "yesterday" }), Some("invalid_request")),
    ] {
        let result = server.call(tool, arguments);
        validate(&listed["result"], tool, &result);
        let structured = &result["structuredContent"];
        assert_eq!(structured.get("code").and_then(Value::as_str), code, "{tool}: {result}");
        assert_eq!(result["isError"], code.is_some(), "{tool}: {result}");
        assert_eq!(structured["status"], if code.is_some() { "error" } else { "success" }, "{tool}");
        let text = texts(&result).join("\n");
        if let Some(code) = code {
            assert!(text.contains(structured["error"].as_str().expect("a sentence")) && text.contains(code), "{text}");
        } else if let Some(answer) = structured["data"]["text"].as_str() {
            let meta = &structured["meta"];
            assert_eq!(result["content"][0]["text"], answer, "the first block is the answer and nothing else");
            for part in [
                &format!("${}", meta["cost_usd"]),
                meta["model"].as_str().expect("a model"),
                meta["route"]["reason"].as_str().expect("why"),
            ] {
                assert!(text.contains(part), "the text does not say {part}: {text}");
            }
        }
        collect(structured, tool, &mut seen);
    }
    late_replies(&ground, &mut server, &listed["result"], &mut seen);
    for tool in listed["result"]["tools"].as_array().expect("tools") {
        named(&tool["outputSchema"], tool["name"].as_str().expect("a name"), &mut |place| {
            assert!(seen.contains(&place), "the schema names {place}, which no reply has");
        });
    }
}

/// The replies of calls that take longer than the client waits, and those of the tool that fetches them.
fn late_replies(ground: &Ground, server: &mut Server, listed: &Value, seen: &mut BTreeSet<String>) {
    let hello = json!([{ "role": "user", "content": "Hello" }]);
    let mut take = |server: &mut Server, tool: &str, arguments: Value, status: &str| {
        let result = server.call(tool, arguments);
        validate(listed, tool, &result);
        let structured = result["structuredContent"].clone();
        assert_eq!(structured["status"], status, "{tool}: {result}");
        collect(&structured, tool, seen);
        structured["job_id"].clone()
    };
    for (tool, arguments) in [("llm_route", summarize()), ("chat_completion", json!({ "messages": hello }))] {
        ground.provider.script(Script::text("Late.").held());
        let job = take(server, tool, arguments, "running");
        take(server, "job_result", json!({ "job_id": job, "wait_s": 0 }), "running");
        ground.provider.release(1);
        take(server, "job_result", json!({ "job_id": job, "wait_s": 45 }), "success");
    }
    take(server, "job_result", json!({ "job_id": "j-nobody" }), "error");
}

#[test]
fn what_is_wrong_with_a_call_is_a_result_that_names_the_argument() {
    let ground = Ground::new();
    let mut server = ground.server();
    for (arguments, said) in [
        (
            json!({ "task_clas": "summarize", "prompt": "x" }),
            "There is no argument \"task_clas\". Did you mean task_class?",
        ),
        (json!({ "task_class": "summarize", "prompt": 5 }), "prompt must be text, not 5."),
        (json!({ "task_class": "sumarize", "prompt": "x" }), "summarize"),
        (json!(["summarize"]), "arguments must be an object, not a list."),
        (json!("summarize"), "arguments must be an object"),
        (json!(7), "arguments must be an object"),
    ] {
        let result = server.call("llm_route", arguments);
        assert_eq!(result["isError"], true, "{result}");
        assert_eq!(result["structuredContent"]["code"], "invalid_request");
        let text = texts(&result).join("\n");
        assert!(text.contains(said), "{text}");
    }
    let missing = server.exchange("tools/call", json!({ "name": "llm_route" }));
    assert!(texts(&missing["result"]).join("\n").contains("task_class is missing."), "{missing}");
    let unknown = server.exchange("tools/call", json!({ "name": "llm_rout", "arguments": {} }));
    assert_eq!(unknown["error"]["code"], -32602, "an unknown tool is the protocol's own error: {unknown}");
    assert!(unknown["error"]["message"].as_str().expect("a message").contains("llm_route"), "{unknown}");
    assert_eq!(ground.provider.chats().len(), 0, "nothing malformed is sent");
}

#[test]
fn progress_arrives_in_order_and_before_the_reply() {
    let ground = Ground::new();
    ground.provider.script(Script { pace_ms: 2, ..Script::default() });
    let mut server = ground.server();
    let arguments =
        json!({ "messages": [{ "role": "user", "content": "Hello" }], "model": "practice/gpt-5", "stream": true });
    let id = server.ask(
        "tools/call",
        json!({ "name": "chat_completion", "arguments": arguments, "_meta": { "progressToken": "p" } }),
    );
    let (reply, before) = server.reply(id);
    let steps: Vec<_> = before.iter().filter(|message| message["method"] == "notifications/progress").collect();
    assert_eq!(steps.len(), before.len(), "{before:?}");
    assert!(steps.iter().all(|step| step["params"]["progressToken"] == "p"));
    let counts: Vec<_> = steps.iter().map(|step| step["params"]["progress"].as_f64().expect("a number")).collect();
    assert!(counts.windows(2).all(|pair| pair[0] < pair[1]), "{counts:?}");
    let said: Vec<_> = steps.iter().map(|step| step["params"]["message"].as_str().expect("a message")).collect();
    assert_eq!(said[0], "Asking practice/gpt-5");
    assert!(said.len() > 5, "the answer comes in pieces: {said:?}");
    assert_eq!(said[1..].concat(), reply["result"]["structuredContent"]["data"]["text"].as_str().expect("a text"));
    let quiet = server.call("llm_route", summarize());
    assert_eq!(
        quiet["structuredContent"]["status"], "success",
        "without a token there is no progress, and the reply comes first"
    );
}

#[test]
fn two_servers_of_one_home_answer_at_once() {
    let ground = Ground::new();
    let (mut one, mut two) = (ground.server(), ground.server());
    let first: Vec<_> =
        (0..4).map(|_| one.ask("tools/call", json!({ "name": "llm_route", "arguments": summarize() }))).collect();
    let second: Vec<_> =
        (0..4).map(|_| two.ask("tools/call", json!({ "name": "llm_route", "arguments": summarize() }))).collect();
    for (server, ids) in [(&mut one, first), (&mut two, second)] {
        let mut open: BTreeSet<_> = ids.into_iter().collect();
        while !open.is_empty() {
            let reply = server.next();
            assert_eq!(reply["result"]["structuredContent"]["status"], "success", "{reply}");
            assert!(open.remove(&reply["id"].as_u64().expect("an id")), "answered twice: {reply}");
        }
    }
    let report = ground.spent();
    assert_eq!(report["requests"], 8, "each call is in the ledger once: {report}");
    ground.audit();
}

/// The names of the listed tools.
pub(crate) fn names(listed: &Value) -> Vec<&str> {
    listed["tools"].as_array().expect("tools").iter().filter_map(|tool| tool["name"].as_str()).collect()
}

/// Fails where the structured content of a result does not fit the schema that was listed.
pub(crate) fn validate(listed: &Value, tool: &str, result: &Value) {
    let tools = listed["tools"].as_array().expect("tools");
    let schema = &tools.iter().find(|one| one["name"] == tool).expect("listed")["outputSchema"];
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let problems: Vec<_> = validator.iter_errors(&result["structuredContent"]).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{tool}: {problems:?}: {result}");
}

pub(crate) fn texts(result: &Value) -> Vec<&str> {
    result["content"].as_array().expect("content").iter().filter_map(|block| block["text"].as_str()).collect()
}

/// The places of a value: `llm_route.meta.route`.
fn collect(value: &Value, place: &str, seen: &mut BTreeSet<String>) {
    seen.insert(place.to_owned());
    for (name, value) in value.as_object().into_iter().flatten() {
        collect(value, &format!("{place}.{name}"), seen);
    }
}

/// The places a schema names.
fn named(schema: &Value, place: &str, found: &mut dyn FnMut(String)) {
    found(place.to_owned());
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        named(schema, &format!("{place}.{name}"), found);
    }
}
