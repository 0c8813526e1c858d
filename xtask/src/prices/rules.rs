//! The rules by which a model of the source is recognised, in the few forms the table has:
//! `=x` is x, `^x` begins with x, `*x` contains x, `$x` ends with x, `!x` does not contain x; `#` is
//! any digit, and `&` joins parts that must all hold. A model is recognised by any of its rules.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The one look-ahead of the source: not a text-to-speech model.
const NOT_SPEECH: &str = "^(?!.*-[tT][tT][sS](?:$|-))";

/// All rules of a model, without the one that its own id is its name.
pub(super) fn rules(matcher: &Value, id: &str) -> Result<Vec<String>> {
    let mut all = any_of(matcher)?;
    all.retain(|rule| rule.strip_prefix('=') != Some(&id.to_lowercase()));
    Ok(all)
}

fn any_of(matcher: &Value) -> Result<Vec<String>> {
    let (kind, value) = only(matcher)?;
    match kind {
        "or" => {
            let all = value.as_array().context("or is no list")?.iter().map(any_of);
            Ok(all.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        }
        "and" => {
            let mut parts = Vec::new();
            for part in value.as_array().context("and is no list")? {
                match any_of(part)?.as_slice() {
                    [one] => parts.push(one.clone()),
                    _ => bail!("a choice inside and: {part}"),
                }
            }
            Ok(vec![parts.join("&")])
        }
        "regex" => expression(value.as_str().context("regex is no text")?),
        "equals" | "starts_with" | "contains" | "ends_with" => {
            let mark = match kind {
                "equals" => '=',
                "starts_with" => '^',
                "contains" => '*',
                _ => '$',
            };
            let text = value.as_str().with_context(|| format!("{kind} is no text"))?;
            Ok(vec![format!("{mark}{}", plain(text)?)])
        }
        other => bail!("an unknown rule {other}"),
    }
}

fn only(matcher: &Value) -> Result<(&str, &Value)> {
    let object = matcher.as_object().context("a rule is no object")?;
    match object.iter().collect::<Vec<_>>().as_slice() {
        [(kind, value)] => Ok((kind.as_str(), value)),
        _ => bail!("a rule of several kinds: {matcher}"),
    }
}

/// Letters of any case are the same to the source; the table has lower ones.
fn plain(text: &str) -> Result<String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control() || "=^*$!&#".contains(c)) {
        bail!("a rule with a mark in it: {text:?}");
    }
    Ok(text.to_lowercase())
}

/// `^text\d{8}$`, `^text\d{4}-\d{2}-\d{2}$`, `^text\d`, and `[-@]` for either of its characters.
fn expression(text: &str) -> Result<Vec<String>> {
    if text == NOT_SPEECH {
        return Ok(vec!["!-tts".to_owned()]);
    }
    if let Some((before, rest)) = text.split_once('[') {
        let (choice, after) = rest.split_once(']').context("an open bracket")?;
        let all = choice.chars().map(|c| expression(&format!("{before}{c}{after}")));
        return Ok(all.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect());
    }
    let body = text.strip_prefix('^').with_context(|| format!("an unknown expression {text}"))?;
    let (mark, body) = body.strip_suffix('$').map_or(('^', body), |body| ('=', body));
    let mut out = String::from(mark);
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first != '\\' {
            out.push_str(&plain(&first.to_string())?);
            continue;
        }
        let escaped = rest.chars().next().context("an open escape")?;
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            '.' => out.push('.'),
            'd' => {
                let mut count = 1;
                if let Some((digits, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                    (count, rest) = (digits.parse()?, after);
                }
                out.push_str(&"#".repeat(count));
            }
            _ => bail!("an unknown expression {text}"),
        }
    }
    if out.contains(['(', ')', '|', '?', '+', '{', '}']) {
        bail!("an unknown expression {text}");
    }
    Ok(vec![out])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_the_source_has_one_of_ours() {
        for (matcher, expected) in [
            (json!({ "equals": "Gpt-5" }), vec!["=gpt-5"]),
            (
                json!({ "or": [{ "starts_with": "o1-" }, { "contains": "x" }, { "ends_with": "y" }] }),
                vec!["^o1-", "*x", "$y"],
            ),
            (
                json!({ "regex": r"^claude-opus-5[-@]\d{8}$" }),
                vec!["=claude-opus-5-########", "=claude-opus-5@########"],
            ),
            (json!({ "regex": r"^gpt-5\.6-sol-\d{4}-\d{2}-\d{2}$" }), vec!["=gpt-5.6-sol-####-##-##"]),
            (json!({ "regex": r"^gemini-3\.5-flash-\d" }), vec!["^gemini-3.5-flash-#"]),
            (json!({ "and": [{ "starts_with": "a" }, { "regex": NOT_SPEECH }] }), vec!["^a&!-tts"]),
        ] {
            assert_eq!(rules(&matcher, "other").unwrap(), expected, "{matcher}");
        }
        assert_eq!(rules(&json!({ "equals": "Own" }), "Own").unwrap(), Vec::<String>::new());
        for unknown in [json!({ "regex": "^a|b" }), json!({ "like": "a" }), json!({ "regex": "a" })] {
            assert!(rules(&unknown, "x").is_err(), "{unknown}");
        }
    }
}
