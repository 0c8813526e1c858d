//! Every key a routing.yaml may have: one row each, with what this version does about it and why.
//!
//! Guards the rule that nothing runs unguarded: a key that restrains and is not built makes what it
//! covers refuse, a key that only prefers is told. A documented key is a row here (tested against
//! the documentation); a key without a row is unknown.

/// What this version does about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Read and acted on.
    Built,
    /// Read and acted on, and it limits what may be spent or sent: a slip in its name is an error
    /// even where unknown keys are otherwise let through.
    Guard,
    /// Limits what may be spent, sent or trusted, and is not built: what it covers is refused.
    Refuses,
    /// Only prefers, and is not built: told, and not acted on.
    Ignored,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Where it stands: `*` is a name the person chose, `[]` an item of a list.
    pub path: &'static str,
    /// What this version does about it.
    pub standing: Standing,
    /// What it does, or why it stands so.
    pub why: &'static str,
}

use Standing::{Built, Guard, Ignored, Refuses};

macro_rules! settings {
    ($($path:literal $standing:ident $why:literal;)+) => {
        /// All keys, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[$(Setting { path: $path, standing: $standing, why: $why }),+];
    };
}

settings! {
    "version" Built "The version of the policy, in the person's own words.";
    "defaults" Built "The task classes.";
    "defaults.chat_default" Built "The class of chat_completion without a model.";
    "defaults.*" Built "One task class.";
    "defaults.*.provider" Built "Whose model answers.";
    "defaults.*.model" Built "Which model answers.";
    "defaults.*.max_tokens" Guard "The most output tokens of an answer.";
    "defaults.*.rationale" Built "What the class is for, told to the calling model.";
    "defaults.*.temperature" Built "Passed on where the caller says nothing.";
    "defaults.*.timeout_s" Built "The deadline of a call.";
    "defaults.*.members" Refuses "Asks for several models; one answer would pass for several.";
    "defaults.*.cost_cap_usd" Refuses "Limits the spend of one flow; nothing would hold it.";
    "defaults.*.synthesis" Refuses "Asks for one answer made from several; one would pass for it.";
    "defaults.*.tier" Guard "The dearest tier that may answer, L0 to L3.";
    "defaults.*.depth" Refuses "Asks for planning and verification; a single answer would be unverified.";
    "defaults.*.data_policy" Guard "Further rules for this class, written as under data_policy; names of rules change nothing.";
    "defaults.*.cache" Built "true keeps answers and gives them again for the very same call.";
    "defaults.*.prefix_cache" Built "5m or 1h (true is 5m): the provider keeps the beginning of conversations that long.";
    "defaults.*.split" Built "Shares of models in percent, in place of provider and model.";
    "defaults.*.split[].provider" Built "Whose model.";
    "defaults.*.split[].model" Built "Which model.";
    "defaults.*.split[].share" Built "Percent of conversations; all together 100.";
    "defaults.*.strategy" Built "fixed, cheapest or fastest; best_rated and cascade are told and go as fixed.";
    "defaults.*.too_long" Built "The class that answers where a conversation is too long for this one.";
    "defaults.*.truncate_oldest" Built "true leaves out the oldest turns of a conversation that is too long, and says so.";
    "cost_preflight" Guard "Warns and blocks by the likely cost of one call.";
    "cost_preflight.enabled" Guard "Switches both gates.";
    "cost_preflight.chars_per_token" Guard "For the likely cost.";
    "cost_preflight.warn_usd" Guard "A likely cost from here is said in warnings.";
    "cost_preflight.block_usd" Guard "A likely cost from here is denied.";
    "visibility" Guard "Names classes whose answers must be independent.";
    "visibility.*" Refuses "Promises independent answers; nothing would certify them.";
    "visibility.*.mode" Refuses "Part of visibility.";
    "visibility.*.members_see" Refuses "Part of visibility.";
    "visibility.*.enforce" Refuses "Part of visibility.";
    "fallback" Built "What is tried after the first model, by class.";
    "fallback.*" Built "The ordered list of one class.";
    "fallback.*[].provider" Built "Whose model.";
    "fallback.*[].model" Built "Which model.";
    "orchestration" Ignored "Only describes llm_orchestrate, which is not offered.";
    "orchestration.roles" Ignored "Part of orchestration.";
    "orchestration.roles.*" Ignored "Planner, worker or verifier.";
    "orchestration.roles.*.provider" Ignored "Part of orchestration.";
    "orchestration.roles.*.model" Ignored "Part of orchestration.";
    "orchestration.roles.*.max_tokens" Ignored "Part of orchestration.";
    "orchestration.instructions" Ignored "Part of orchestration.";
    "orchestration.instructions.*" Ignored "Part of orchestration.";
    "orchestration.depth" Ignored "Part of orchestration.";
    "orchestration.depth.*" Ignored "Part of orchestration.";
    "orchestration.depth.*.plan" Ignored "Part of orchestration.";
    "orchestration.depth.*.verify" Ignored "Part of orchestration.";
    "orchestration.depth.*.replan_on_fail" Ignored "Part of orchestration.";
    "orchestration.depth.*.max_replans" Ignored "Part of orchestration.";
    "providers" Built "Endpoints of one's own, and changes to built-in ones.";
    "providers.*" Built "One provider.";
    "providers.*.wire" Built "How it is spoken to.";
    "providers.*.base_url" Built "Where its API begins.";
    "providers.*.key" Built "A keychain item, or {env: NAME}.";
    "providers.*.key.env" Built "The environment variable that holds the key.";
    "providers.*.local" Built "It runs on this machine and costs nothing.";
    "providers.*.title" Built "Its name for people.";
    "providers.*.headers" Guard "Sent with every request; never one that carries a key.";
    "providers.*.proxy" Guard "http://host:port, used as a tunnel; none for the direct way. Without it the system's holds.";
    "providers.*.organization" Guard "Who is billed, where a company has several (OpenAI).";
    "providers.*.trust" Guard "How far you trust it, in a word that allow_trust of data_policy may name.";
    "providers.*.region" Guard "Where its machines stand, in a word that allow_regions of data_policy may name.";
    "providers.*.timeout_s" Built "The deadline of a call whose class says none.";
    "providers.*.api_version" Built "The version of its API, where it needs one.";
    "models" Built "What is known about models.";
    "models.*" Built "One model, as provider/model.";
    "models.*.description" Built "Told to the calling model.";
    "models.*.use_for" Built "Good for, told to the calling model.";
    "models.*.avoid_for" Built "Not good for, told to the calling model.";
    "models.*.tier" Guard "L0 to L3, how dear it is.";
    "models.*.context" Guard "Tokens of context.";
    "models.*.max_output" Guard "The most output tokens.";
    "models.*.images" Guard "false: no picture is sent to it.";
    "models.*.price" Guard "US dollars for a million tokens; without it, the list price holds.";
    "models.*.price.input" Guard "Tokens read.";
    "models.*.price.output" Guard "Tokens made.";
    "models.*.price.cached_input" Guard "Tokens read from the provider's cache.";
    "models.*.price.cache_write" Guard "Tokens written to the provider's cache.";
    "models.*.price.cache_write_1h" Guard "Tokens written to the provider's cache for an hour.";
    "models.*.price.image" Guard "Tokens of pictures.";
    "models.*.price.reasoning" Guard "Tokens of reasoning.";
    "models.*.price.request" Guard "US dollars for each call, whatever its size.";
    "models.*.price.steps" Guard "Other prices for the whole of a call beyond sizes of input, smallest first.";
    "models.*.price.steps[].above" Guard "Beyond so many tokens of input.";
    "models.*.price.steps[].input" Guard "Tokens read.";
    "models.*.price.steps[].output" Guard "Tokens made.";
    "models.*.price.steps[].cached_input" Guard "Tokens read from the provider's cache.";
    "models.*.price.steps[].cache_write" Guard "Tokens written to the provider's cache.";
    "models.*.price.steps[].cache_write_1h" Guard "Tokens written to the provider's cache for an hour.";
    "models.*.price.steps[].image" Guard "Tokens of pictures.";
    "models.*.price.steps[].reasoning" Guard "Tokens of reasoning.";
    "models.*.aliases" Built "Other names for chat_completion.";
    "models.*.enabled" Guard "false takes it out of use.";
    "prices" Guard "List prices of the day, beside those of this program; they only ever make a model dearer.";
    "prices.refresh" Guard "off (so without it) or daily: the app fetches the list once a day.";
    "prices.url" Guard "Where the list is; without it, where genai-prices publishes its own.";
    "caps" Guard "Spend limits.";
    "caps[].scope" Guard "Whose spend it counts: all, provider, model, client, task_class or project.";
    "caps[].name" Guard "Which one; without it, each has an account of its own.";
    "caps[].window" Guard "Over which span: call, flow, hour, day, week, month or total.";
    "caps[].limit_usd" Guard "Charged plus held never passes it.";
    "caps[].on_hit" Guard "What happens at it: block, warn, local_only or ask; ask refuses so far.";
    "caps[].alerts" Built "Percentages at which the person is told.";
    "escalation" Refuses "Limits how dear a model may answer and who is asked; nothing would ask.";
    "escalation.max_tier" Refuses "Part of escalation.";
    "escalation.confirm" Refuses "Part of escalation.";
    "escalation.timeout_s" Refuses "Part of escalation.";
    "profiles" Built "Choices that are laid over defaults while one of them is chosen.";
    "profiles.*" Built "One profile.";
    "profiles.*.defaults" Built "Classes as under defaults; what one leaves out stays as it is there.";
    "profiles.*.max_tier" Guard "The dearest tier that may answer, L0 to L3.";
    "profiles.*.local_only" Guard "true: only models of this machine answer.";
    "retry" Built "When the same target is tried again.";
    "retry.delays_s" Built "The waits; their number is the number of retries.";
    "retry.jitter" Built "The share by which waits vary.";
    "breaker" Built "Rests a model that keeps failing, for all programs at once; calls go to the next one meanwhile.";
    "breaker.failures" Built "Calls that fail in a row before a model rests.";
    "breaker.cooldown_s" Built "How long it rests before one call tries it again.";
    "timeouts" Built "How long is waited.";
    "timeouts.connect_s" Built "To connect.";
    "timeouts.first_token_s" Built "To the first token.";
    "timeouts.first_token_slow_s" Built "To the first token of a slow target.";
    "timeouts.idle_s" Built "Between two signs of life.";
    "timeouts.total_s" Built "The deadline of a call over all targets and retries.";
    "concurrency" Guard "How many calls one program has under way at once; others wait for their turn within their deadline.";
    "concurrency.global" Guard "At all providers together.";
    "concurrency.per_provider" Guard "At one provider.";
    "cache" Built "Answers that are kept, for classes with cache: true.";
    "cache.ttl_s" Built "How long an answer is kept.";
    "cache.max_mb" Built "How much room kept answers may take, in MB.";
    "data_policy" Guard "What may be sent where: rules that hold for every call.";
    "data_policy.*" Guard "One rule.";
    "data_policy.*.match" Guard "What it looks for.";
    "data_policy.*.match.keywords" Guard "Texts, whatever their case.";
    "data_policy.*.match.patterns" Guard "Regular expressions, without look-around and back-references.";
    "data_policy.*.match.detectors" Guard "provider_keys, cloud_keys, private_keys, tokens, email, iban, card.";
    "data_policy.*.then" Guard "block, local_only, redact (replaced, and put back into the answer) or ask (refuses so far).";
    "data_policy.*.allow_providers" Guard "Providers that may have it all the same.";
    "data_policy.*.allow_trust" Guard "Trust labels whose providers may have it all the same.";
    "data_policy.*.allow_regions" Guard "Region labels whose providers may have it all the same.";
}

/// Places where a file written for llm-gateway-mcp may have keys of its own: an unknown key is
/// told, not refused.
const SHARED: &[&str] = &[
    "",
    "defaults.*",
    "cost_preflight",
    "visibility.*",
    "fallback.*[]",
    "orchestration",
    "orchestration.roles",
    "orchestration.roles.*",
    "orchestration.depth.*",
];

/// The row of a key below `place`.
pub(super) fn setting(place: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| below(place, setting.path) == Some(key))
}

/// The keys that may stand below `place`, without those a person names.
pub(super) fn keys_of(place: &str) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| below(place, setting.path).is_some_and(|key| key != "*"))
}

/// The last part of `path` where the rest is `place`.
pub(super) fn below<'a>(place: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(place)?;
    let key = if place.is_empty() { rest } else { rest.strip_prefix('.')? };
    (!key.contains('.')).then_some(key)
}

/// Whether unknown keys at `place` are let through.
pub(super) fn is_shared(place: &str) -> bool {
    SHARED.contains(&place)
}
