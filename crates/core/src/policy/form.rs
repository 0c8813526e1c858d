//! The file as a form: values as they are written, also where another part of the file has errors. What is
//! not written stays empty; no default is put in its place.

use super::yaml::{Entry, Kind, Node};
use super::{Problem, Refusal};

/// The parts of the file that a form shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// `defaults.chat_default`.
    pub chat_default: Option<String>,
    /// In the order of the file.
    pub classes: Vec<ClassCard>,
    /// `cost_preflight.warn_usd`.
    pub warn_usd: Option<String>,
    /// `cost_preflight.block_usd`.
    pub block_usd: Option<String>,
    /// Names of profiles.
    pub profiles: Vec<String>,
    /// Ids under `providers`.
    pub providers: Vec<String>,
}

/// One task class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassCard {
    /// Its name.
    pub name: String,
    /// From 1.
    pub line: usize,
    /// Whether a single model answers.
    pub single: bool,
    /// What it is for.
    pub rationale: Option<String>,
    /// `provider/model`; empty where it is not whole.
    pub model: String,
    /// Tried next, `provider/model`.
    pub fallback: Vec<String>,
    /// `provider/model` and percent.
    pub split: Vec<(String, String)>,
    /// As written.
    pub strategy: Option<String>,
    /// As written.
    pub max_tokens: Option<String>,
    /// As written.
    pub tier: Option<String>,
    /// As written.
    pub temperature: Option<String>,
    /// As written.
    pub timeout_s: Option<String>,
    /// Whether answers may be kept.
    pub cache: bool,
    /// As written.
    pub too_long: Option<String>,
    /// Whether the oldest turns may be left out.
    pub truncate_oldest: bool,
    /// Why its calls are refused.
    pub refused: Option<String>,
}

/// The form of a file; `None` where the file is not a map.
pub(super) fn form(root: &Node, refused: &[Refusal], problems: &[Problem]) -> Option<Form> {
    let Kind::Map(top) = &root.kind else { return None };
    let preflight = entries(top, "cost_preflight");
    let names = |key: &str| entries(top, key).iter().map(|entry| entry.key.clone()).collect();
    let (defaults, fallback) = (entries(top, "defaults"), entries(top, "fallback"));
    let classes = defaults.iter().filter(|entry| entry.key != "chat_default");
    Some(Form {
        chat_default: text(defaults, "chat_default"),
        classes: classes.map(|entry| card(entry, fallback, refused, problems)).collect(),
        warn_usd: text(preflight, "warn_usd"),
        block_usd: text(preflight, "block_usd"),
        profiles: names("profiles"),
        providers: names("providers"),
    })
}

fn card(entry: &Entry, fallback: &[Entry], refused: &[Refusal], problems: &[Problem]) -> ClassCard {
    let own = match &entry.value.kind {
        Kind::Map(entries) => entries.as_slice(),
        Kind::Null | Kind::Text(_) | Kind::List(_) => &[],
    };
    let shares = items(own, "split");
    let split: Vec<_> = shares.iter().map(|share| (model(share), text(share, "share").unwrap_or_default())).collect();
    let first = split.first().map(|(model, _)| model.clone());
    let is_map = matches!(entry.value.kind, Kind::Map(_) | Kind::Null);
    let whole = refused.iter().filter(|refusal| refusal.class.as_ref().is_some_and(|c| c.as_str() == entry.key));
    // What the class itself says comes before what another section says of it.
    let because = whole.min_by_key(|refusal| (!refusal.key.starts_with("defaults."), refusal.line));
    ClassCard {
        name: entry.key.clone(),
        line: entry.line,
        single: is_map && own.iter().all(|entry| entry.key != "members"),
        rationale: text(own, "rationale").map(|text| text.trim_end().to_owned()),
        model: first.unwrap_or_else(|| model(own)),
        fallback: items(fallback, &entry.key).into_iter().map(model).collect(),
        split,
        strategy: text(own, "strategy"),
        max_tokens: text(own, "max_tokens"),
        tier: text(own, "tier"),
        temperature: text(own, "temperature"),
        timeout_s: text(own, "timeout_s"),
        cache: is_on(own, "cache"),
        too_long: text(own, "too_long"),
        truncate_oldest: is_on(own, "truncate_oldest"),
        refused: because.map(|refusal| why(refusal, problems)),
    }
}

/// The sentence of the problem that a refusal was told with.
fn why(refusal: &Refusal, problems: &[Problem]) -> String {
    let told = problems.iter().find(|problem| problem.line == refusal.line && problem.sentence.contains("refused"));
    told.map_or_else(
        || format!("{}, line {}, is not built in this version.", refusal.key, refusal.line),
        |problem| problem.sentence.clone(),
    )
}

fn get<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

fn entries<'a>(of: &'a [Entry], key: &str) -> &'a [Entry] {
    match get(of, key).map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries,
        Some(Kind::Null | Kind::Text(_) | Kind::List(_)) | None => &[],
    }
}

/// The maps of a list.
fn items<'a>(of: &'a [Entry], key: &str) -> Vec<&'a [Entry]> {
    let Some(Kind::List(items)) = get(of, key).map(|node| &node.kind) else { return Vec::new() };
    let map = |item: &'a Node| match &item.kind {
        Kind::Map(entries) => entries.as_slice(),
        Kind::Null | Kind::Text(_) | Kind::List(_) => &[],
    };
    items.iter().map(map).collect()
}

fn text(of: &[Entry], key: &str) -> Option<String> {
    match get(of, key).map(|node| &node.kind) {
        Some(Kind::Text(text)) => Some(text.clone()),
        Some(Kind::Null | Kind::List(_) | Kind::Map(_)) | None => None,
    }
}

fn is_on(of: &[Entry], key: &str) -> bool {
    text(of, key).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on"))
}

/// `provider/model`, or nothing where one of the two is missing.
fn model(of: &[Entry]) -> String {
    match (text(of, "provider"), text(of, "model")) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        (Some(_) | None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::read_with_form;

    #[test]
    fn the_form_shows_what_is_written_also_beside_errors() {
        let file = include_str!("fixtures/commented.yaml").replace("limit_usd: 10", "limit_usd: ten");
        let (reading, form) = read_with_form(&file);
        assert!(reading.policy.is_none());
        let form = form.expect("a map");
        assert_eq!(form.chat_default.as_deref(), Some("summarize"));
        assert_eq!((form.warn_usd.as_deref(), form.block_usd.as_deref()), (Some("0.50"), Some("15.00")));
        assert_eq!((form.profiles.len(), form.providers.as_slice()), (2, ["here".to_owned()].as_slice()));
        let names: Vec<_> = form.classes.iter().map(|class| class.name.as_str()).collect();
        assert_eq!(names, ["summarize", "draft", "formal", "code", "quick", "chat", "long", "local"]);
        let summarize = &form.classes[0];
        assert_eq!((summarize.line, summarize.model.as_str(), summarize.cache), (11, "openai/gpt-4o-mini", true));
        assert_eq!(summarize.fallback, ["anthropic/claude-haiku-4-5", "here/small"]);
        assert_eq!(form.classes[2].max_tokens.as_deref(), Some("4000"), "merged in");
        assert_eq!(form.classes[5].split[1], ("openai/gpt-4o".to_owned(), "30".to_owned()));
        assert_eq!(form.classes[5].model, "anthropic/claude-sonnet-4-5");
    }

    #[test]
    fn a_panel_is_no_single_class_and_says_why_it_is_refused() {
        let (_, form) = read_with_form(include_str!("fixtures/whole.yaml"));
        let form = form.expect("a map");
        let review = form.classes.iter().find(|class| class.name == "review").expect("the panel");
        assert!(!review.single);
        assert!(review.refused.as_ref().is_some_and(|why| why.contains("asks for several models")), "{review:?}");
        assert_eq!(read_with_form("- a\n").1, None);
        assert_eq!(read_with_form("# nothing\n").1, Some(super::Form::default()));
    }
}
