//! The rules by which a model of the source is recognised, in the few forms the table has:
//! `=x` is x, `^x` begins with x, `*x` contains x, `$x` ends with x, `!x` does not contain x; `#` is
//! any digit, and `&` joins parts that must all hold. A model is recognised by any of its rules.

use serde_json::Value;

use super::{Read, Strange};

/// The one look-ahead of the source: not a text-to-speech model.
const NOT_SPEECH: &str = "^(?!.*-[tT][tT][sS](?:$|-))";

/// The most digits in a row, and the most rules of a model; the source has 8 of each.
const MOST_DIGITS: usize = 16;
const MOST_RULES: usize = 64;
/// The longest expression with a choice of characters in it.
const LONGEST: usize = 200;

/// All rules of a model, without the one that its own id is its name.
pub(super) fn rules(matcher: &Value, id: &str) -> Read<Vec<String>> {
    let mut all = any_of(matcher)?;
    if all.len() > MOST_RULES {
        return Err(Strange::new("more rules than a model can need"));
    }
    all.retain(|rule| rule.strip_prefix('=') != Some(&id.to_lowercase()));
    Ok(all)
}

fn any_of(matcher: &Value) -> Read<Vec<String>> {
    let (kind, value) = only(matcher)?;
    match kind {
        "or" => {
            let all = value.as_array().ok_or_else(|| Strange::new("or is no list"))?.iter().map(any_of);
            Ok(all.collect::<Read<Vec<_>>>()?.into_iter().flatten().collect())
        }
        "and" => {
            let mut parts = Vec::new();
            for part in value.as_array().ok_or_else(|| Strange::new("and is no list"))? {
                match any_of(part)?.as_slice() {
                    [one] => parts.push(one.clone()),
                    _ => return Err(Strange(format!("a choice inside and: {part}"))),
                }
            }
            Ok(vec![parts.join("&")])
        }
        "regex" => expression(value.as_str().ok_or_else(|| Strange::new("regex is no text"))?),
        "equals" | "starts_with" | "contains" | "ends_with" => {
            let mark = match kind {
                "equals" => '=',
                "starts_with" => '^',
                "contains" => '*',
                _ => '$',
            };
            let text = value.as_str().ok_or_else(|| Strange(format!("{kind} is no text")))?;
            Ok(vec![format!("{mark}{}", plain(text)?)])
        }
        other => Err(Strange(format!("an unknown rule {other}"))),
    }
}

fn only(matcher: &Value) -> Read<(&str, &Value)> {
    let object = matcher.as_object().ok_or_else(|| Strange::new("a rule is no object"))?;
    match object.iter().collect::<Vec<_>>().as_slice() {
        [(kind, value)] => Ok((kind.as_str(), value)),
        _ => Err(Strange(format!("a rule of several kinds: {matcher}"))),
    }
}

/// Letters of any case are the same to the source; the table has lower ones.
fn plain(text: &str) -> Read<String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control() || "=^*$!&#".contains(c)) {
        return Err(Strange(format!("a rule with a mark in it: {text:?}")));
    }
    Ok(text.to_lowercase())
}

/// `^text\d{8}$`, `^text\d{4}-\d{2}-\d{2}$`, `^text\d`, and `[-@]` for either of its characters.
fn expression(text: &str) -> Read<Vec<String>> {
    let unknown = || Strange(format!("an unknown expression {text}"));
    if text == NOT_SPEECH {
        return Ok(vec!["!-tts".to_owned()]);
    }
    if let Some((before, rest)) = text.split_once('[') {
        let (choice, after) = rest.split_once(']').ok_or_else(|| Strange::new("an open bracket"))?;
        if text.len() > LONGEST || after.matches('[').count() > 1 {
            return Err(unknown());
        }
        let all = choice.chars().map(|c| expression(&format!("{before}{c}{after}")));
        return Ok(all.collect::<Read<Vec<_>>>()?.into_iter().flatten().collect());
    }
    let body = text.strip_prefix('^').ok_or_else(unknown)?;
    let (mark, body) = body.strip_suffix('$').map_or(('^', body), |body| ('=', body));
    let mut out = String::from(mark);
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first != '\\' {
            out.push_str(&plain(&first.to_string())?);
            continue;
        }
        let escaped = rest.chars().next().ok_or_else(|| Strange::new("an open escape"))?;
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            '.' => out.push('.'),
            'd' => {
                let mut count = 1;
                if let Some((digits, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                    (count, rest) = (digits.parse().map_err(|_| unknown())?, after);
                }
                if count > MOST_DIGITS {
                    return Err(unknown());
                }
                out.push_str(&"#".repeat(count));
            }
            _ => return Err(unknown()),
        }
    }
    if out.contains(['(', ')', '|', '?', '+', '{', '}']) {
        return Err(unknown());
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
