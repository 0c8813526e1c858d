//! Providers as data: one TOML file each under `providers/`. A provider is data; a wire format is code.
//! What their models cost is data too ([`prices`]), and what they list themselves ([`live`]).

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use crate::id::{ModelName, ProviderId};
use crate::wire::{Dialect, KeyHeader, Wire};

mod ability;
mod address;
pub mod live;
pub mod prices;
pub mod published;

pub use ability::Abilities;
pub use address::{BadUrl, BaseUrl, Origin, ProxyUrl, Route};

/// Where the key of a provider comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// An item in the OS keychain, under service `app.pointsman`.
    Keychain(String),
    /// An environment variable by name.
    Env(String),
    /// None is needed.
    None,
}

/// One provider: a built-in one, or one of routing.yaml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name for people.
    pub title: String,
    /// How it is spoken to.
    pub wire: Wire,
    /// And what it takes otherwise than others who speak so.
    pub dialect: Dialect,
    /// Where.
    pub base_url: BaseUrl,
    /// In which header the key goes.
    pub key_header: KeyHeader,
    /// With which key. A built-in provider's is the keychain item of its own id.
    pub key: KeyRef,
    /// Environment variables its own documentation names for the key.
    pub env: Vec<String>,
    /// Its answers cost nothing because they are made on this machine. Only true together with a
    /// loopback address.
    pub local: bool,
    /// How its keys begin, for telling where a pasted key belongs. Empty where they have no mark.
    pub key_prefixes: Vec<String>,
    /// Where a person makes and revokes keys.
    pub keys_page: Option<String>,
    /// Below the base URL: what answers 200 to a good key and 401 to a bad one. `models` unless the
    /// provider gives its list of models to everybody.
    pub check_path: String,
    /// What it says itself that a call cost is what is charged.
    pub reports_cost: bool,
    /// Headers the person adds to every request, in lower case; never one that carries a key.
    pub headers: Vec<(String, String)>,
    /// Added to every URL, such as `api-version=2026-01-01`.
    pub query: Option<String>,
    /// How calls leave this machine.
    pub route: Route,
    /// The deadline of a call whose class says none.
    pub timeout: Option<Duration>,
    /// Below the base URL: its list of models.
    pub models_path: String,
    /// How far the person trusts it, in a word of theirs that rules of data_policy may name.
    pub trust: Option<String>,
    /// Where its machines stand, in a word of the person's.
    pub region: Option<String>,
    /// Whose list prices hold for its models. `None` where only the person can say what they cost.
    pub price_list: Option<ProviderId>,
}

impl Provider {
    /// The URL of an endpoint below the base.
    pub fn url(&self, path: &str) -> String {
        let url = self.base_url.join(path);
        match &self.query {
            None => url,
            Some(query) => format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderToml {
    title: String,
    wire: String,
    base_url: Option<String>,
    /// Where each person has an address of their own: what it looks like.
    base_url_example: Option<String>,
    key_header: Option<String>,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    key_prefixes: Vec<String>,
    keys_page: Option<String>,
    #[serde(default = "check_path")]
    check_path: String,
    #[serde(default)]
    reports_cost: bool,
    #[serde(default = "models_path")]
    models_path: String,
    /// The price table has a section of its id.
    #[serde(default)]
    priced: bool,
    /// What it takes otherwise than OpenAI: the table `[dialect]`, each fact with its public source beside it.
    #[serde(default)]
    dialect: Dialect,
}

fn check_path() -> String {
    "models".to_owned()
}

fn models_path() -> String {
    "models".to_owned()
}

macro_rules! built_in {
    ($($id:literal)+) => {
        const BUILT_IN: &[(&str, &str)] = &[$(($id, include_str!(concat!("../providers/", $id, ".toml")))),+];
    };
}

built_in! {
    "anthropic" "azure-openai" "deepseek" "gemini" "groq" "lmstudio" "mistral" "ollama" "openai" "openrouter"
    "together" "vllm" "xai"
}

/// Other names by which a file may mean a built-in provider; files of llm-gateway-mcp have some.
const ALIASES: &[(&str, &str)] =
    &[("azure", "azure-openai"), ("google", "gemini"), ("grok", "xai"), ("lm-studio", "lmstudio"), ("x-ai", "xai")];

/// The built-in providers by id, without those that have no address before the person gives one. A
/// file that does not parse is left out; a test holds that none is.
pub fn built_in() -> &'static BTreeMap<ProviderId, Provider> {
    static ALL: LazyLock<BTreeMap<ProviderId, Provider>> = LazyLock::new(|| {
        BUILT_IN
            .iter()
            .filter_map(|(id, text)| read(id, text, None))
            .map(|provider| (provider.id.clone(), provider))
            .collect()
    });
    &ALL
}

/// The built-in provider that another name means.
pub fn alias(name: &str) -> Option<ProviderId> {
    let (_, id) = ALIASES.iter().find(|(alias, _)| *alias == name)?;
    ProviderId::parse(id).ok()
}

/// A built-in provider at the address the person gave it, where it has none of its own.
pub fn placed(id: &ProviderId, base_url: &BaseUrl) -> Option<Provider> {
    unplaced(id)?;
    let (id, text) = BUILT_IN.iter().find(|(other, _)| *other == id.as_str())?;
    read(id, text, Some(base_url.clone()))
}

/// For a built-in provider where each person has an address of their own: what one looks like.
pub fn unplaced(id: &ProviderId) -> Option<String> {
    let (_, text) = BUILT_IN.iter().find(|(other, _)| *other == id.as_str())?;
    let raw: ProviderToml = toml::from_str(text).ok()?;
    raw.base_url_example.filter(|_| raw.base_url.is_none())
}

/// A built-in provider that has no address before the person gives it theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// Its id.
    pub id: ProviderId,
    /// Its name for people.
    pub title: String,
    /// What an address looks like.
    pub example: String,
    /// Where a person makes and revokes keys.
    pub keys_page: Option<String>,
}

/// The built-in providers without an address, by id.
pub fn all_unplaced() -> impl Iterator<Item = Unplaced> {
    BUILT_IN.iter().filter_map(|(id, text)| {
        let id = ProviderId::parse(id).ok()?;
        let example = unplaced(&id)?;
        let raw: ProviderToml = toml::from_str(text).ok()?;
        Some(Unplaced { id, title: raw.title, example, keys_page: raw.keys_page })
    })
}

/// Whose list prices hold at an address: those of the built-in provider that is there, and of nobody
/// else, since another address is another company.
pub fn price_list(base_url: &BaseUrl) -> Option<ProviderId> {
    there(base_url)?.price_list.clone()
}

/// The dialect at an address: that of the built-in provider that is there, under whatever id. `None` where
/// nobody known is.
pub fn dialect(base_url: &BaseUrl) -> Option<Dialect> {
    Some(there(base_url)?.dialect)
}

fn there(base_url: &BaseUrl) -> Option<&'static Provider> {
    let at = base_url.origin();
    built_in().values().find(|provider| provider.base_url.origin() == at)
}

fn read(id: &str, text: &str, placed: Option<BaseUrl>) -> Option<Provider> {
    let raw: ProviderToml = toml::from_str(text).ok()?;
    let base_url = match raw.base_url {
        Some(own) => BaseUrl::parse(&own).ok()?,
        None => placed?,
    };
    let local = raw.local && base_url.is_loopback();
    let wire = Wire::from_name(&raw.wire)?;
    let key_header = match raw.key_header.as_deref() {
        None => wire.key_header(),
        Some(name) => KeyHeader::from_name(name)?,
    };
    let id = ProviderId::parse(id).ok()?;
    Some(Provider {
        title: raw.title,
        wire,
        dialect: raw.dialect,
        base_url,
        key_header,
        key: if local { KeyRef::None } else { KeyRef::Keychain(id.as_str().to_owned()) },
        env: raw.env,
        local,
        key_prefixes: raw.key_prefixes,
        keys_page: raw.keys_page,
        check_path: raw.check_path,
        reports_cost: raw.reports_cost,
        headers: Vec::new(),
        query: None,
        route: Route::System,
        timeout: None,
        models_path: raw.models_path,
        trust: None,
        region: None,
        price_list: raw.priced.then(|| id.clone()),
        id,
    })
}

/// Whether a model reasons before it answers, by its name: OpenAI's o-series and gpt-5 family,
/// DeepSeek's reasoner. Such a model takes longer to its first token and spends output on thought.
pub fn is_reasoning(model: &ModelName) -> bool {
    let name = model.as_str().rsplit('/').next().unwrap_or_default();
    let o_series = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let gpt = name
        .strip_prefix("gpt-")
        .and_then(|rest| rest.split(['-', '.']).next())
        .and_then(|major| major.parse::<u32>().ok())
        .is_some_and(|major| major >= 5);
    let chat_variant = name.contains("-chat");
    o_series || (gpt && !chat_variant) || name.contains("reasoner") || name.contains("-r1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Json, Limit, Setting, StreamUsage};

    #[test]
    fn every_built_in_provider_reads() {
        for (id, _) in BUILT_IN {
            let id = ProviderId::parse(id).expect("an id");
            let at_home = BaseUrl::parse("https://mine.openai.azure.com/openai/v1").expect("a URL");
            let provider = built_in().get(&id).cloned().or_else(|| placed(&id, &at_home));
            let provider = provider.unwrap_or_else(|| panic!("{id} reads"));
            assert_eq!(provider.local, provider.key == KeyRef::None, "{id}");
            assert_eq!(provider.local, provider.env.is_empty(), "{id}: where its key may come from");
            assert_eq!(provider.local, provider.keys_page.is_none(), "{id}: where a key is made");
            if let Some(list) = &provider.price_list {
                assert!(prices::all(list, prices::source().date).next().is_some(), "{id} has prices");
            }
        }
        assert_eq!(built_in().len() + 1, BUILT_IN.len(), "one has no address of its own");
    }

    #[test]
    fn a_provider_without_an_address_waits_for_the_persons_own() {
        let azure = ProviderId::parse("azure-openai").expect("an id");
        assert!(!built_in().contains_key(&azure));
        let waiting: Vec<_> = all_unplaced().collect();
        assert_eq!(waiting.iter().map(|one| &one.id).collect::<Vec<_>>(), [&azure]);
        assert!(waiting[0].example.contains("RESOURCE"), "it says what is needed");
        let url = BaseUrl::parse("https://mine.openai.azure.com/openai/v1").expect("a URL");
        let placed = placed(&azure, &url).expect("placed");
        assert_eq!((placed.key_header, placed.price_list), (KeyHeader::ApiKey, None));
        assert_eq!(placed.dialect.limit, Limit::MaxCompletionTokens, "a deployment's name says nothing");
        assert_eq!(placed.base_url, url);
    }

    #[test]
    fn a_file_says_what_a_provider_takes_otherwise() {
        let of = |id: &str| built_in()[&ProviderId::parse(id).expect("an id")].dialect;
        assert_eq!(of("openai"), Dialect::default());
        assert_eq!(of("mistral").stream_usage, StreamUsage::Always);
        assert_eq!((of("deepseek").json, of("lmstudio").json), (Json::Object, Json::Schema));
        let settings = [Setting::FrequencyPenalty, Setting::PresencePenalty, Setting::Stop, Setting::Temperature];
        assert_eq!(settings.map(|setting| of("xai").refuses.contains(setting)), [true, true, true, false]);
        for wrong in ["json = 'xml'", "refuses = ['n']", "jsn = 'any'"] {
            assert!(toml::from_str::<Dialect>(wrong).is_err(), "{wrong} is no fact");
        }
    }

    #[test]
    fn an_address_has_the_price_list_of_who_is_there() {
        let list = |url: &str| price_list(&BaseUrl::parse(url).expect("a URL")).map(|id| id.to_string());
        assert_eq!(list("https://API.openai.com/v1").as_deref(), Some("openai"));
        assert_eq!(list("https://api.openai.com.example.com/v1"), None);
        assert_eq!(list("https://mine.openai.azure.com/openai/v1"), None);
        assert_eq!(list("http://127.0.0.1:11434/v1"), None);
    }
}
