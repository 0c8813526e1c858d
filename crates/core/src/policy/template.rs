//! The files that are written for a person: the first routing.yaml of a home, whose comments teach
//! it, and that of a practice home. Both read without a problem (tested).

const FIRST: &str = include_str!("template/first.yaml");
const PRACTICE: &str = include_str!("template/practice.yaml");

/// The first routing.yaml of a home: classes for the built-in providers, whose models have list prices, and
/// caps of 10 USD a month, 2 USD a day and 1 USD a flow.
pub fn first_file() -> String {
    FIRST.to_owned()
}

/// The routing.yaml of a practice home, whose two providers are the practice server at `base_url`,
/// such as `http://127.0.0.1:41234/v1`. Classes: `summarize` (cheap), `code_review` (dearer) and
/// `huge`, whose worst case passes the call cap.
pub fn practice_file(base_url: &str) -> String {
    let quoted = serde_json::Value::from(base_url).to_string();
    PRACTICE.replace("{base_url}", &quoted)
}

#[cfg(test)]
mod tests {
    use crate::plan::tier;
    use std::collections::BTreeMap;

    use super::*;
    use crate::budget::Window;
    use crate::chat::{Chat, Message, Role};
    use crate::estimate;
    use crate::id::TaskClass;
    use crate::policy::{Policy, PriceSource, read};

    fn policy(text: &str) -> Policy {
        let reading = read(text);
        assert_eq!(reading.problems, [], "a file that teaches must be without a problem");
        reading.policy.expect("no problem, so a policy")
    }

    #[test]
    fn the_first_file_reads_without_a_problem_and_every_model_in_it_has_a_price() {
        let policy = policy(&first_file());
        assert_eq!(policy.classes.len(), 3);
        let limits: Vec<_> = policy.caps.iter().map(|cap| (cap.window, cap.limit.total())).collect();
        let asked = [(Window::Month, "$10.00"), (Window::Day, "$2.00"), (Window::Flow, "$1.00")];
        assert_eq!(limits, asked.map(|(window, limit)| (window, limit.to_owned())));
        for id in policy.callable() {
            let priced = policy.priced(&id).unwrap_or_else(|| panic!("{id} has a price"));
            assert!(matches!(priced.source, PriceSource::Catalogue { .. }), "{id}: {}", priced.source);
            let (labelled, by_price) =
                (tier(&policy, &id), tier(&Policy { models: BTreeMap::new(), ..policy.clone() }, &id));
            assert_eq!(labelled, by_price, "{id}: the label is that of its price");
        }
        assert!(policy.refused.is_empty());
    }

    #[test]
    fn what_the_first_file_comments_out_reads_too() {
        let mut text = String::new();
        for line in first_file().lines() {
            let bare = line.trim_start();
            let code = bare.strip_prefix("# ").filter(|rest| {
                rest.starts_with("  ")
                    || rest.ends_with(':')
                    || rest.starts_with("timeouts:")
                    || rest.starts_with("retry:")
            });
            let prose = bare.contains(" | ")
                || bare.contains("tier:") && bare.contains("L0 free")
                || bare.starts_with("#   price: ");
            match code.filter(|_| !prose) {
                Some(code) => {
                    text.push_str(&line[..line.len() - bare.len()]);
                    text.push_str(code);
                }
                None => text.push_str(line),
            }
            text.push('\n');
        }
        let with = policy(&text);
        assert!(with.class(&TaskClass::parse("private").expect("a name")).is_some(), "the Ollama class");
        assert!(with.providers.keys().any(|id| id.as_str() == "my-server"), "the provider of one's own");
    }

    #[test]
    fn the_practice_file_has_a_class_that_a_cap_denies() {
        let policy = policy(&practice_file("http://127.0.0.1:41234/v1"));
        let chat = Chat { messages: vec![Message::text(Role::User, "hello")], ..Chat::default() };
        let call_cap = policy.caps.iter().find(|cap| cap.window == Window::Call).expect("a call cap").limit;
        let worst = |class: &str| {
            let rule = policy.class(&TaskClass::parse(class).expect("a name")).expect("a class");
            let price = policy.price(&rule.primary).expect("a price");
            let wire = policy.providers[&rule.primary.provider].wire;
            estimate::worst_cost(wire, &chat, rule.max_tokens.expect("a limit"), &price)
        };
        assert!(worst("summarize") < worst("code_review"));
        assert!(worst("code_review") < call_cap);
        assert!(worst("huge") > call_cap);
    }
}
