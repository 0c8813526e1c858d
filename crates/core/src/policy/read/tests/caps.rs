//! `caps`: what is read, and what a slip in a name says.

use super::*;
use crate::budget::OnHit;

/// Every scope, window and thing that may happen, as the documentation lists them.
#[test]
fn every_documented_cap_is_read() {
    let names = [
        ("all", None),
        ("provider", Some("openai")),
        ("model", Some("openai/m")),
        ("client", Some("claude-desktop")),
        ("task_class", Some("a")),
        ("project", Some("site")),
    ];
    let windows = ["call", "flow", "hour", "day", "week", "month", "total"];
    let on_hit = ["block", "warn", "local_only", "ask"];
    for (scope, name) in names {
        for window in windows {
            for on_hit in on_hit {
                for name in [None, name] {
                    let named = name.map_or_else(String::new, |name| format!("name: {name}, "));
                    let text = format!(
                        "{GOOD}caps: [{{ scope: {scope}, {named}window: {window}, limit_usd: 1, on_hit: {on_hit}, alerts: [100, 80, 80] }}]\n"
                    );
                    let policy = good(&text);
                    let [cap] = policy.caps.as_slice() else { panic!("{text}") };
                    assert_eq!((cap.scope.as_str(), cap.scope.name().as_deref()), (scope, name), "{text}");
                    assert_eq!((cap.window.as_str(), cap.on_hit.as_str()), (window, on_hit), "{text}");
                    assert_eq!(cap.alerts, [80, 100]);
                }
            }
        }
    }
    let plain = good(&format!("{GOOD}caps: [{{ window: day, limit_usd: 1 }}]\n"));
    assert_eq!((plain.caps[0].on_hit, plain.caps[0].alerts.as_slice()), (OnHit::Block, [50, 80, 100].as_slice()));
    for own in ["chat", "orchestrate"] {
        good(&format!("{GOOD}caps: [{{ scope: task_class, name: {own}, window: day, limit_usd: 1 }}]\n"));
    }
}

#[test]
fn a_slip_in_the_name_of_a_cap_is_an_error_because_it_would_guard_nothing() {
    let cap = |body: &str| format!("caps: [{{ {body}, window: day, limit_usd: 1 }}]\n");
    for (body, told) in [
        (
            "scope: task_clas",
            "error line 5, column 17: scope must be one of all, provider, model, client, task_class, project; it is \"task_clas\". The nearest is task_class.",
        ),
        (
            "scope: provider, name: opnai",
            "error line 5, column 33: There is no provider \"opnai\". Add it under providers with its base_url. The nearest is openai.",
        ),
        (
            "scope: model, name: openai/mm",
            "error line 5, column 30: No class uses the model \"openai/mm\" and models does not list it, so this cap would count nothing. The nearest is openai/m. List it under models or remove the cap.",
        ),
        ("scope: model, name: m", "error line 5, column 30: name must be provider/model; it is \"m\"."),
        ("scope: task_class, name: aa", "error line 5, column 35: There is no task class \"aa\". The nearest is a."),
        (
            "scope: client, name: Claude Desktop",
            "error line 5, column 31: The client \"Claude Desktop\" has a character that is not allowed. Use letters, digits, - _ and .",
        ),
        (
            "scope: project, name: a/b",
            "error line 5, column 32: The project \"a/b\" has a character that is not allowed. Use letters, digits, - _ and .",
        ),
        (
            "on_hit: blok",
            "error line 5, column 18: on_hit must be one of block, warn, local_only, ask; it is \"blok\". The nearest is block.",
        ),
        (
            "alerts: [0]",
            "error line 5, column 19: An alert must be a whole number of percent from 1 to 100; it is \"0\".",
        ),
    ] {
        check_more(&cap(body), &[told]);
    }
}
