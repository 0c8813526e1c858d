//! Whether a pasted text is a key at all, and whose it looks like. Decided before anything is sent.

use pointsman_core::catalog::{Provider, built_in};

use crate::secrets::Secret;

/// The longest key, in bytes: the largest header common servers take, halved.
const LONGEST: usize = 4096;

/// How keys of companies that are not built in begin, so that one pasted in the wrong place is not
/// sent to somebody else.
const ELSEWHERE: &[(&str, &str)] = &[
    ("hf_", "Hugging Face"),
    ("pplx-", "Perplexity"),
    ("nvapi-", "NVIDIA"),
    ("csk-", "Cerebras"),
    ("ghp_", "GitHub"),
    ("github_pat_", "GitHub"),
];

/// The key in a pasted text, without the space around it.
///
/// # Errors
/// A sentence that says what is wrong, without any of the text.
pub(crate) fn clean(text: &str) -> Result<Secret, &'static str> {
    let key = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if key.is_empty() {
        return Err("There is no key in it. Copy the key again and paste it.");
    }
    let assignments = key.lines().filter(|line| is_assignment(line)).count();
    if assignments > 0 && key.lines().count() > 1 {
        return Err("This is a whole .env file, not one key. Paste only the key of this provider.");
    }
    if assignments > 0 {
        return Err("This begins with the name of a variable. Paste only what stands after the =.");
    }
    if key.starts_with(['"', '\'', '`']) {
        return Err("There are quotation marks around it. Paste the key without them.");
    }
    if key.len() > LONGEST {
        return Err("This is longer than any key. Paste only the key.");
    }
    if key.chars().any(char::is_whitespace) {
        return Err("There is a space or a line break inside it. Paste only the key, in one piece.");
    }
    if key.chars().any(|c| !c.is_ascii_graphic()) {
        return Err("There is a character in it that no key has. Copy the key again from the provider's page.");
    }
    Ok(Secret::new(key.to_owned()))
}

/// `NAME=value`, as in a .env file. A key may hold `=` itself, but not after a name in capitals.
fn is_assignment(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end();
        name.len() >= 3
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.contains('_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// The company a key looks like, where that is another than the built-in provider it was given for: its
/// mark is longer than any of the provider's own that fits. A mark that several companies share names
/// none of them. Of a custom provider nothing is known, so nothing is said.
pub(crate) fn looks_like(key: &Secret, provider: &Provider) -> Option<&'static str> {
    let own = built_in().get(&provider.id).filter(|own| own.base_url.origin() == provider.base_url.origin())?;
    let fits = |mark: &str| key.expose().starts_with(mark);
    let marks =
        |provider: &'static Provider| provider.key_prefixes.iter().map(|mark| (mark.as_str(), provider.title.as_str()));
    let mine = marks(own).filter(|(mark, _)| fits(mark)).map(|(mark, _)| mark.len()).max().unwrap_or(0);
    let others = built_in().values().filter(|other| other.id != own.id).flat_map(marks);
    let found: Vec<_> = others.chain(ELSEWHERE.iter().copied()).filter(|(mark, _)| fits(mark)).collect();
    let longest = found.iter().map(|(mark, _)| mark.len()).max().filter(|longest| *longest > mine)?;
    let mut named = found.into_iter().filter(|(mark, _)| mark.len() == longest).map(|(_, title)| title);
    named.next().filter(|_| named.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_with_the_reason() {
        let long = "k".repeat(LONGEST + 1);
        let bad: &[(&str, &str)] = &[
            ("", "no key"),
            (" \n\t", "no key"),
            ("OPENAI_API_KEY=sk-proj-1\nDEEPSEEK_API_KEY=sk-2\n", "whole .env"),
            ("# keys\nexport OPENAI_API_KEY=\"sk-proj-1\"", "whole .env"),
            ("OPENAI_API_KEY=sk-proj-1", "name of a variable"),
            ("\"sk-proj-1\"", "quotation marks"),
            ("Bearer sk-proj-1", "space"),
            ("sk-proj-1\nsk-proj-2", "line break"),
            ("sk-\u{7}1", "character"),
            ("sk-ключ", "character"),
            (&long, "longer"),
        ];
        for (text, reason) in bad {
            let why = clean(text).expect_err(text);
            assert!(why.contains(reason), "{text:?}: {why}");
        }
    }

    #[test]
    fn space_around_a_key_is_taken_off_and_an_equals_sign_inside_is_fine() {
        for text in [" sk-proj-1\r\n", "\u{feff}sk-proj-1", "sk-proj-1"] {
            assert_eq!(clean(text).expect("a key").expose(), "sk-proj-1");
        }
        assert_eq!(clean("abcDEF123==").expect("a key").expose(), "abcDEF123==");
        assert_eq!(
            clean("ABC_DEF==").map(|key| key.last4()),
            Err("This begins with the name of a variable. Paste only what stands after the =.")
        );
    }

    #[test]
    fn a_key_of_another_company_is_recognised_before_it_is_sent() {
        let provider = |id: &str| built_in().iter().find(|(key, _)| key.as_str() == id).expect("built in").1.clone();
        let seen = |key: &str, id: &str| looks_like(&Secret::new(key.into()), &provider(id));
        assert_eq!(seen("sk-or-v1-1", "openai"), Some("OpenRouter"));
        assert_eq!(seen("sk-proj-1", "deepseek"), Some("OpenAI"));
        assert_eq!(seen("sk-ant-1", "openai"), Some("Anthropic"));
        assert_eq!(seen("gsk_1", "xai"), Some("Groq"));
        assert_eq!(seen("AIzaSy1", "anthropic"), Some("Google Gemini"));
        assert_eq!(seen("pplx-1", "mistral"), Some("Perplexity"));
        for (key, own) in [
            ("sk-or-v1-1", "openrouter"),
            ("sk-ant-1", "anthropic"),
            ("xai-1", "xai"),
            ("AIza1", "gemini"),
            ("gsk_1", "groq"),
        ] {
            assert_eq!(seen(key, own), None, "{own}");
        }
        assert_eq!(seen("sk-1", "deepseek"), None);
        assert_eq!(seen("sk-1", "mistral"), None, "two companies have this mark, so it names neither");
        assert_eq!(seen("sk-1", "openai"), None, "the old form of OpenAI has the mark of others too");
        let mut moved = provider("openai");
        moved.base_url = pointsman_core::catalog::BaseUrl::parse("http://127.0.0.1:1/v1").expect("valid");
        assert_eq!(looks_like(&Secret::new("sk-or-v1-1".into()), &moved), None, "another place, other keys");
    }
}
