//! What must not leave, or not as it is: the rules of `data_policy`, and what they say of a conversation.
//!
//! [`screen`] looks at all text that would be sent and says which rules it meets; [`Screened::for_provider`]
//! says what that means for one provider: nothing, a conversation with the places replaced, or a denial.
//! Pictures are not looked at. A rule is a guard against slips, not against a caller that disguises what it
//! sends. Nothing here ever repeats the text that was found, but in the answer that it is put back into.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::catalog::Provider;
use crate::chat::{Chat, Part, ResponseFormat};
use crate::code::{Code, Denial};
use crate::id::ProviderId;

mod detect;
mod redact;

pub use detect::Detector;
pub use redact::{Form, Redacted, Restorer};

/// How large a compiled pattern may be, in bytes: the crate's own default is 10 MB, which a file with many
/// rules must not take.
const PATTERN_BYTES: usize = 1 << 20;

/// One rule of `data_policy`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Where it stands, from 1.
    pub line: usize,
    /// Texts, whatever their case; spaces and line ends between their words count alike.
    pub keywords: Vec<Pattern>,
    /// Regular expressions.
    pub patterns: Vec<Pattern>,
    /// What is known by its shape.
    pub detectors: Vec<Detector>,
    /// What happens to text that meets it.
    pub then: Then,
    /// Providers that may have it all the same.
    pub allow_providers: Vec<ProviderId>,
    /// Providers with one of these `trust` labels may have it all the same.
    pub allow_trust: Vec<String>,
    /// Providers with one of these `region` labels may have it all the same.
    pub allow_regions: Vec<String>,
}

/// What happens to text that meets a rule, from the mildest to the strictest: where several apply, the
/// strictest holds (product.md §9.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Then {
    /// Each place is replaced by a name, and put back into the answer.
    Redact,
    /// Only a model of this machine may have it.
    LocalOnly,
    /// The person is asked.
    Ask,
    /// It is not sent.
    Block,
}

impl Then {
    /// Every word with its meaning, for the reader.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("block", Self::Block), ("local_only", Self::LocalOnly), ("redact", Self::Redact), ("ask", Self::Ask)];
}

/// A regular expression with the text it was made from, by which two are compared.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// From a regular expression in the syntax of the crate `regex`: no look-around and no back-references,
    /// so that none takes longer than the text is long.
    ///
    /// # Errors
    /// Why it cannot be used, as the end of a sentence.
    pub fn parse(source: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(source).size_limit(PATTERN_BYTES).build().map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "is too large when compiled; make it shorter".to_owned(),
            regex::Error::Syntax(why) => {
                let last = why.lines().last().unwrap_or_default();
                format!("is not a regular expression: {}", last.trim_start_matches("error: "))
            }
            other => format!("cannot be used: {other}"),
        })?;
        if regex.is_match("") {
            return Err("matches everything, also nothing at all; write at least one letter".to_owned());
        }
        Ok(Self { source: source.to_owned(), regex })
    }

    /// From a text that is looked for as it is, but for case and the length of its spaces.
    ///
    /// # Errors
    /// Where there is nothing in it, or it is too long.
    pub fn keyword(text: &str) -> Result<Self, String> {
        let words: Vec<_> = text.split_whitespace().map(regex::escape).collect();
        if words.is_empty() {
            return Err("is empty".to_owned());
        }
        let found = Self::parse(&format!("(?i){}", words.join(r"\s+")))?;
        Ok(Self { source: text.to_owned(), ..found })
    }

    /// As it stands in the file.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

/// One place in a text: its bytes, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    start: usize,
    end: usize,
    what: What,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Keyword,
    Pattern,
    Shape(Detector),
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Keyword => "a keyword",
            Self::Pattern => "a pattern",
            Self::Shape(detector) => detector.name(),
        }
    }

    /// The word in its place.
    const fn stand_in(self) -> &'static str {
        match self {
            Self::Keyword | Self::Pattern => "TEXT",
            Self::Shape(detector) => detector.stand_in(),
        }
    }
}

/// The rules that a conversation meets.
#[derive(Clone, Debug, PartialEq)]
pub struct Screened {
    chat: Chat,
    hits: Vec<Hit>,
}

/// One rule that a conversation meets.
#[derive(Clone, Debug, PartialEq)]
struct Hit {
    rule: Rule,
    /// What was found, each once.
    found: Vec<What>,
    /// It is also in a place that cannot be replaced: a stop text or the schema of the answer.
    fixed: bool,
}

/// Which rules a conversation meets; `None` where it meets none. Takes as long as the text is long, for
/// each rule.
pub fn screen<'r>(rules: impl IntoIterator<Item = &'r Rule>, chat: &Chat) -> Option<Screened> {
    let mut hits = Vec::new();
    for rule in rules {
        let mut found: Vec<_> = texts(chat).flat_map(|text| rule.places(text)).map(|place| place.what).collect();
        let elsewhere: Vec<_> = fixed_texts(chat).iter().flat_map(|text| rule.places(text)).collect();
        let fixed = !elsewhere.is_empty();
        found.extend(elsewhere.into_iter().map(|place| place.what));
        found.sort();
        found.dedup();
        if !found.is_empty() {
            hits.push(Hit { rule: rule.clone(), found, fixed });
        }
    }
    (!hits.is_empty()).then(|| Screened { chat: chat.clone(), hits })
}

impl Screened {
    /// What the conversation may be for one provider: as it is (`None`), or with places replaced.
    ///
    /// # Errors
    /// `data_policy` where it may not have it, `needs_approval` where the person would have to be asked;
    /// the sentence names the rule with its line, and what was found, never the text.
    pub fn for_provider(&self, provider: &Provider) -> Result<Option<Redacted>, Denial> {
        let met: Vec<_> = self.hits.iter().filter(|hit| !hit.rule.allows(provider)).collect();
        let strictest = met
            .iter()
            .filter(|hit| hit.rule.then != Then::LocalOnly || !provider.local)
            .max_by_key(|hit| if hit.fixed { Then::Block } else { hit.rule.then });
        let Some(strictest) = strictest else { return Ok(None) };
        let Rule { name, line, then, .. } = &strictest.rule;
        let found = list(&strictest.found);
        let (title, met_at) = (&provider.title, format!("the rule {name} of data_policy (line {line})"));
        match then {
            Then::Block => Err(Denial::new(
                Code::DataPolicy,
                format!("The text holds {found}, and {met_at} keeps that from {title}. Take it out of the text."),
            )),
            Then::Ask => Err(Denial::new(
                Code::NeedsApproval,
                format!("The text holds {found}, and {met_at} asks the person before it goes to {title}."),
            )),
            Then::LocalOnly => Err(Denial::new(
                Code::DataPolicy,
                format!("The text holds {found}, and by {met_at} it stays on this machine; {title} is elsewhere."),
            )),
            Then::Redact if strictest.fixed => Err(Denial::new(
                Code::DataPolicy,
                format!(
                    "A stop text or the schema of the answer holds {found}; {met_at} would replace it, and there it cannot be. Take it out."
                ),
            )),
            Then::Redact => {
                let rules: Vec<_> = met.iter().map(|hit| &hit.rule).filter(|rule| rule.then == Then::Redact).collect();
                Ok(Some(Redacted::make(&self.chat, &rules)))
            }
        }
    }

    /// Each rule that is met, as one sentence without the text, for the dry run.
    pub fn sentences(&self) -> Vec<String> {
        let told = |hit: &Hit| {
            let Rule { name, line, then, allow_providers, allow_trust, allow_regions, .. } = &hit.rule;
            let does = match then {
                Then::Block => "it is not sent",
                Then::Ask => "the person is asked",
                Then::LocalOnly => "it stays on this machine",
                Then::Redact => "it is replaced, and put back into the answer",
            };
            let labels = allow_trust.iter().chain(allow_regions).cloned();
            let allowed: Vec<_> = allow_providers.iter().map(ToString::to_string).chain(labels).collect();
            let but = if allowed.is_empty() { String::new() } else { format!(", except to {}", allowed.join(", ")) };
            format!("{name} (line {line}) found {}: {does}{but}.", list(&hit.found))
        };
        self.hits.iter().map(told).collect()
    }
}

impl Rule {
    /// Whether a provider may have the text in spite of the rule.
    fn allows(&self, provider: &Provider) -> bool {
        let labelled = |label: &Option<String>, list: &[String]| label.as_ref().is_some_and(|one| list.contains(one));
        self.allow_providers.contains(&provider.id)
            || labelled(&provider.trust, &self.allow_trust)
            || labelled(&provider.region, &self.allow_regions)
    }

    /// Every place of a text that meets the rule, in no order; they may overlap.
    fn places(&self, text: &str) -> Vec<Place> {
        let by = |patterns: &[Pattern], what: What| {
            let all = patterns.iter().flat_map(|pattern| pattern.regex.find_iter(text));
            all.filter(|m| !m.is_empty()).map(|m| Place { start: m.start(), end: m.end(), what }).collect::<Vec<_>>()
        };
        let shapes = self.detectors.iter().flat_map(|detector| {
            detector.find(text).into_iter().map(|(start, end)| Place { start, end, what: What::Shape(*detector) })
        });
        let mut places = by(&self.keywords, What::Keyword);
        places.extend(by(&self.patterns, What::Pattern));
        places.extend(shapes);
        places
    }
}

/// The texts of the messages.
fn texts(chat: &Chat) -> impl Iterator<Item = &str> {
    chat.messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image(_) => None,
    })
}

/// The texts beside the messages, which are sent as they are or not at all.
fn fixed_texts(chat: &Chat) -> Vec<String> {
    let mut all = chat.params.stop.clone();
    if let Some(ResponseFormat::JsonSchema { name, schema, strict: _ }) = &chat.params.response_format {
        all.extend([name.clone(), schema.to_string()]);
    }
    all
}

/// "a keyword and an e-mail address".
fn list(found: &[What]) -> String {
    let names: Vec<_> = found.iter().map(|what| what.name()).collect();
    match names.as_slice() {
        [] => "something".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests;
