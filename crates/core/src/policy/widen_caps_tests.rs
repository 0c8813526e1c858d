//! Caps: every pair of scopes, windows, limits and things that may happen.

use super::*;

/// What a cap counts, over which span, how much and what happens at it: each alone.
#[test]
fn a_cap_may_be_tightened_and_not_loosened() {
    const SCOPES: [&str; 11] = [
        "scope: all",
        "scope: provider",
        "scope: provider, name: openai",
        "scope: model",
        "scope: model, name: openai/cheap",
        "scope: client",
        "scope: client, name: cursor",
        "scope: task_class",
        "scope: task_class, name: review",
        "scope: project",
        "scope: project, name: site",
    ];
    // The scopes that count at least what the row counts, on one account.
    const HOLDS: [&[usize]; 11] = [
        &[0],
        &[0, 1],
        &[0, 1, 2],
        &[0, 1, 3],
        &[0, 1, 2, 3, 4],
        &[0, 5],
        &[0, 5, 6],
        &[0, 7],
        &[0, 7, 8],
        &[0, 9],
        &[0, 9, 10],
    ];
    const WINDOWS: [&str; 7] = ["call", "flow", "hour", "day", "week", "month", "total"];
    const ON_HIT: [&str; 4] = ["warn", "local_only", "ask", "block"];
    let caps = |scope: &str, window: &str, limit: &str, on_hit: &str| {
        let cap = format!("caps:\n  - {{ {scope}, window: {window}, limit_usd: {limit}, on_hit: {on_hit} }}\n");
        policy(&edited(
            "caps:\n  - { scope: all, window: day, limit_usd: 2.00, on_hit: block, alerts: [50] }\n  - { scope: provider, name: openai, window: month, limit_usd: 5.00 }\n",
            &cap,
        ))
    };
    for (old, from) in SCOPES.iter().enumerate() {
        for (new, to) in SCOPES.iter().enumerate() {
            let widens = !widens(&caps(from, "week", "2", "ask"), &caps(to, "week", "2", "ask")).is_empty();
            assert_eq!(widens, !HOLDS[old].contains(&new), "{from} -> {to}");
        }
    }
    for from in WINDOWS {
        for to in WINDOWS {
            let widens =
                !widens(&caps("scope: all", from, "2", "block"), &caps("scope: all", to, "2", "block")).is_empty();
            assert_eq!(widens, from != to, "{from} -> {to}: no span takes the place of another");
        }
    }
    for (old, from) in ON_HIT.iter().enumerate() {
        for (new, to) in ON_HIT.iter().enumerate() {
            for (limit, more) in [("1.999999", false), ("2", false), ("2.000001", true)] {
                let before = caps("scope: client", "hour", "2", from);
                let widens = !widens(&before, &caps("scope: client", "hour", limit, to)).is_empty();
                assert_eq!(widens, new < old || more, "{from} -> {to} at {limit}");
            }
        }
    }
    let said = |from: &Policy, to: &Policy| widens(from, to).remove(0).sentence;
    let local = caps("scope: client", "hour", "2", "local_only");
    assert_eq!(
        said(&local, &caps("scope: client", "hour", "2", "warn")),
        "The hour cap of each client of $2.00 only warns instead of leaving only models of this machine."
    );
    assert_eq!(
        said(&caps("scope: model, name: openai/cheap", "total", "2", "warn"), &policy(BASE)),
        "The total cap for openai/cheap of $2.00 is removed."
    );
    assert_eq!(
        said(
            &caps("scope: project, name: site", "week", "2", "block"),
            &caps("scope: project, name: site", "week", "3", "block")
        ),
        "The week cap for the project site goes from $2.00 to $3.00."
    );
}
