//! `providers`: endpoints of one's own, and changes to built-in ones.

use super::field::{Section, near};
use super::{Because, Cover, KEY_IN_FILE, Reader, is_null, shown};
use crate::catalog::{self, BaseUrl, KeyRef, Provider, Route};
use crate::id::ProviderId;
use crate::policy::spill::is_key_not_name;
use crate::policy::yaml::{Entry, Kind};
use crate::wire::{Dialect, Wire};

/// Companies a file may name without an entry under `providers`, and that are not built in: their
/// classes refuse with the line instead of making the whole file an error.
pub(super) const OTHER_PROVIDERS: &[&str] = &[
    "azure",
    "bedrock",
    "cerebras",
    "cohere",
    "fireworks",
    "google",
    "huggingface",
    "kimi",
    "moonshot",
    "nvidia",
    "perplexity",
    "qwen",
    "vertex",
    "zhipu",
];

/// What a name of a provider stands for.
pub(super) enum Known {
    /// A provider in use.
    Yes(ProviderId),
    /// One that is known and out of use.
    Benched(ProviderId, Because),
    /// None; the problem is told.
    No,
}

impl Reader {
    pub(super) fn providers(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "providers", "providers") else { return };
        for entry in section.entries {
            match ProviderId::parse(&entry.key) {
                Ok(id) => self.provider(id, entry),
                Err(why) => {
                    let sentence =
                        format!("The provider {} {}. Use letters, digits, - _ and .", shown(&entry.key), why.why);
                    self.error(entry.line, entry.column, sentence);
                }
            }
        }
    }

    fn provider(&mut self, id: ProviderId, entry: &Entry) {
        let path = format!("providers.{id}");
        let cover = Cover::Provider(id.clone());
        let Some(section) = self.section(&entry.value, &path, "providers.*", &cover) else { return };
        let written = self.base_url(&section);
        let placed = || catalog::placed(&id, written.as_ref()?);
        let base = self.policy.providers.get(&id).cloned().or_else(placed);
        let wire = self.wire(&section, base.as_ref());
        let base_url = match (written, &base) {
            (Some(url), _) => Some(url),
            (None, _) if section.get("base_url").is_some() => None,
            (None, Some(provider)) => Some(provider.base_url.clone()),
            (None, None) => {
                let sentence = self.no_address(&id);
                self.error(entry.line, entry.column, sentence);
                None
            }
        };
        let title = self.prose(&section, "title");
        let local = self.switch(&section, "local");
        let key = self.key(&section);
        let (Some(wire), Some(base_url)) = (wire, base_url) else { return };
        let loopback = base_url.is_loopback();
        if local == Some(true) && !loopback {
            let place = section.get("local").unwrap_or(entry);
            let sentence = format!(
                "local is true, but {} is not this machine. Only 127.0.0.1, ::1 and localhost are.",
                base_url.origin()
            );
            self.error(place.value.line, place.value.column, sentence);
        }
        let local = local.unwrap_or_else(|| base.as_ref().is_some_and(|provider| provider.local)) && loopback;
        let inherited = base.as_ref().map(|provider| provider.key.clone());
        let default =
            if local { KeyRef::None } else { inherited.unwrap_or_else(|| KeyRef::Keychain(id.as_str().to_owned())) };
        let mut provider = base.unwrap_or_else(|| Provider {
            id: id.clone(),
            title: id.as_str().to_owned(),
            wire,
            dialect: Dialect::default(),
            base_url: base_url.clone(),
            key_header: wire.key_header(),
            key: KeyRef::None,
            env: Vec::new(),
            local,
            key_prefixes: Vec::new(),
            keys_page: None,
            check_path: "models".to_owned(),
            reports_cost: false,
            headers: Vec::new(),
            query: None,
            route: Route::System,
            timeout: None,
            models_path: "models".to_owned(),
            price_list: None,
        });
        provider.title = title.unwrap_or(provider.title);
        provider.key = key.unwrap_or(default);
        if provider.wire != wire {
            provider.key_header = wire.key_header();
        }
        // Another address is another company, whose figures nobody has looked at.
        provider.reports_cost &= provider.base_url == base_url;
        provider.price_list = catalog::price_list(&base_url);
        // Who is known at the address says how it is spoken to, whatever the entry is called; elsewhere the entry
        // stands for what it is named after, such as one's own LM Studio on another port. Anyone else is spoken to
        // like OpenAI.
        provider.dialect = catalog::dialect(&base_url).unwrap_or(provider.dialect);
        provider.wire = wire;
        provider.base_url = base_url;
        provider.local = local;
        self.extras(&section, &mut provider);
        self.policy.providers.insert(id, provider);
    }

    /// Why an entry needs a base_url.
    fn no_address(&self, id: &ProviderId) -> String {
        match catalog::unplaced(id) {
            Some(example) => format!("providers.{id} needs the base_url of your own resource, such as {example}."),
            None => {
                let near = near(id.as_str(), self.policy.providers.keys().map(ProviderId::as_str));
                format!("providers.{id} needs a base_url such as https://api.example.com/v1.{near}")
            }
        }
    }

    fn wire(&mut self, section: &Section<'_>, base: Option<&Provider>) -> Option<Wire> {
        let Some(entry) = section.get("wire") else {
            return Some(base.map_or(Wire::OpenAiChat, |provider| provider.wire));
        };
        let name = self.text(&entry.value, "wire")?;
        if let Some(wire) = Wire::from_name(name) {
            return Some(wire);
        }
        let ours = Wire::ALL.iter().map(|wire| wire.name());
        let near = near(name, ours.clone());
        let all: Vec<_> = ours.collect();
        let sentence = format!("wire must be {}; it is {}.{near}", all.join(" or "), shown(name));
        self.error(entry.value.line, entry.value.column, sentence);
        self.mended_by(near.word());
        None
    }

    fn base_url(&mut self, section: &Section<'_>) -> Option<BaseUrl> {
        let entry = section.get("base_url")?;
        let text = self.text(&entry.value, "base_url")?;
        match BaseUrl::parse(text) {
            Ok(url) => Some(url),
            Err(why) => {
                self.error(entry.value.line, entry.value.column, format!("base_url {} {why}.", shown(text)));
                None
            }
        }
    }

    /// `key: item` or `key: {env: NAME}`. The value is never repeated where it may be a key.
    fn key(&mut self, section: &Section<'_>) -> Option<KeyRef> {
        let entry = section.get("key")?;
        let node = &entry.value;
        if is_null(node) {
            self.error(node.line, node.column, "key is empty. Name a keychain item, or remove the key.".to_owned());
            return None;
        }
        if let Kind::Text(text) = &node.kind {
            if is_key_not_name(text) {
                self.key_in_file(node.line, node.column);
                return None;
            }
            if text.starts_with("pointsman") {
                let sentence = "key names the keychain item of Pointsman itself. Choose another name.".to_owned();
                self.error(node.line, node.column, sentence);
                return None;
            }
            return match ProviderId::parse(text) {
                Ok(item) => Some(KeyRef::Keychain(item.as_str().to_owned())),
                Err(why) => {
                    let sentence = format!(
                        "key names a keychain item; {} {}. Use letters, digits, - _ and ., or {{env: NAME}}.",
                        shown(text),
                        why.why
                    );
                    self.error(node.line, node.column, sentence);
                    None
                }
            };
        }
        let path = section.path_of("key");
        let section = self.section(node, &path, "providers.*.key", &Cover::All)?;
        let Some(name) = self.word(&section, "env") else {
            if section.get("env").is_none() {
                self.error(node.line, node.column, "key is a keychain item, or {env: NAME}.".to_owned());
            }
            return None;
        };
        let node = section.get("env").map_or(node, |entry| &entry.value);
        if is_key_not_name(name) {
            self.key_in_file(node.line, node.column);
            return None;
        }
        let shape = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(shape) || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.error(
                node.line,
                node.column,
                format!("env must name a variable such as OPENAI_API_KEY; it is {}.", shown(name)),
            );
            return None;
        }
        Some(KeyRef::Env(name.to_owned()))
    }

    fn key_in_file(&mut self, line: usize, column: usize) {
        // A marked key was already found in the text of its line.
        if !self.problems.iter().any(|problem| problem.line == line && problem.sentence == KEY_IN_FILE) {
            self.error(line, column, KEY_IN_FILE.to_owned());
        }
    }

    /// Finds the provider a class or model names.
    pub(super) fn known_provider(&mut self, name: &str, line: usize, column: usize, path: &str) -> Known {
        let id = match ProviderId::parse(name) {
            Ok(id) => id,
            Err(why) => {
                self.error(line, column, format!("The provider {} {}.", shown(name), why.why));
                return Known::No;
            }
        };
        if let Some(because) = self.benched_providers.get(&id) {
            return Known::Benched(id, because.clone());
        }
        if self.policy.providers.contains_key(&id) {
            return Known::Yes(id);
        }
        if let Some(meant) = catalog::alias(id.as_str()).filter(|meant| self.policy.providers.contains_key(meant)) {
            return Known::Yes(meant);
        }
        if catalog::unplaced(&id).is_some() {
            let sentence = self.no_address(&id);
            self.error(line, column, sentence);
            return Known::No;
        }
        if OTHER_PROVIDERS.contains(&id.as_str()) {
            return Known::Benched(id, Because { key: path.to_owned(), line });
        }
        let near = near(name, self.policy.providers.keys().map(ProviderId::as_str));
        let sentence = format!("There is no provider {}. Add it under providers with its base_url.{near}", shown(name));
        self.error(line, column, sentence);
        self.mended_by(near.word());
        Known::No
    }
}
