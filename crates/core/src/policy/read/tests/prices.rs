//! Prices in all their parts, the lists they come from, and the names of providers.

use super::{check, good};
use crate::catalog::prices;
use crate::id::ModelId;
use crate::money::MicroUsd;
use crate::plan::{tier, tier_with_reason};
use crate::policy::{PriceSource, Tier};

fn id(text: &str) -> ModelId {
    ModelId::parse(text).expect("a model")
}

#[test]
fn a_price_is_read_in_all_its_parts() {
    let policy = good(
        r"defaults:
  a: { provider: openai, model: m }
models:
  openai/m:
    price:
      input: 1
      output: 2
      cache_write_1h: 3
      image: 4
      reasoning: 5
      request: 0.005
      steps: [{ above: 200_000, input: 6, output: 7, cached_input: 0.5 }]
",
    );
    let usd = |dollars: i64| MicroUsd::from_micros(dollars * 1_000_000);
    let priced = policy.priced(&id("openai/m")).expect("a price");
    assert_eq!(priced.source, PriceSource::File(5));
    let (base, step) = (priced.price.base, priced.price.steps[0]);
    assert_eq!((base.cache_write_1h, base.image, base.reasoning), (Some(usd(3)), Some(usd(4)), Some(usd(5))));
    assert_eq!(priced.price.request, MicroUsd::from_micros(5_000));
    assert_eq!((step.above, step.rates.input, step.rates.output), (200_000, usd(6), usd(7)));
    assert_eq!(step.rates.cached_input, Some(MicroUsd::from_micros(500_000)));
}

#[test]
fn a_step_is_a_whole_price_and_steps_ascend() {
    let file = |steps: &str| {
        format!(
            "defaults:\n  a: {{ provider: openai, model: m }}\nmodels:\n  openai/m: {{ price: {{ input: 1, output: 2, steps: {steps} }} }}\n"
        )
    };
    check(
        &file("[{ above: 5, input: 1 }]"),
        &[
            "warning line 2, column 33: openai/m has no price under models, so calls to it are refused.",
            "error line 4, column 53: models.openai/m.price.steps[0] needs output.",
        ],
    );
    check(
        &file("[{ above: 5, input: 1, output: 1 }, { above: 5, input: 1, output: 1 }]"),
        &[
            "error line 4, column 88: models.openai/m.price.steps[1].above must be more than that of the step before it.",
        ],
    );
    check(
        &file("[{ above: 5, input: 1, output: 1, cashed_input: 1 }]"),
        &["error line 4, column 86: \"cashed_input\" is not a key of this place. The nearest is cached_input."],
    );
}

#[test]
fn a_model_without_a_price_of_the_persons_has_its_list_price_with_its_source_and_day() {
    let policy = good(
        "defaults:\n  a: { provider: openai, model: gpt-6-sol }\nmodels:\n  openai/gpt-6-sol: { description: x }\n",
    );
    let priced = policy.priced(&id("openai/gpt-6-sol")).expect("a price");
    assert_eq!(priced.price.base.output, MicroUsd::from_micros(10_000_000));
    assert_eq!(priced.source.to_string(), "genai-prices 0.2.1 of 2026-10-30");
    assert_eq!(
        tier_with_reason(&policy, &id("openai/gpt-6-sol")),
        (Tier::L2, "$10.00 for a million tokens of output".to_owned())
    );
    assert_eq!(policy.context(&id("openai/gpt-6-sol")), Some(1_050_000));
    let mut later = policy.clone();
    later.day = "2027-01-05".parse().expect("a day");
    let output = |policy: &crate::policy::Policy| policy.price(&id("gemini/gemini-3.8-flash"));
    assert_eq!(policy.day, prices::source().date);
    assert_eq!(output(&policy).is_some(), policy.providers.keys().any(|id| id.as_str() == "gemini"));
    assert_eq!(later.price(&id("openai/gpt-6-sol")), policy.price(&id("openai/gpt-6-sol")));
}

#[test]
fn i7_the_list_price_is_only_that_of_who_is_at_the_address() {
    let at = |providers: &str, model: &str| {
        let text = format!(
            "providers: {{ {providers} }}\ndefaults:\n  a: {{ provider: ollama, model: any }}\nmodels:\n  ollama/any: {{}}\n"
        );
        good(&text).price(&id(model)).map(|price| price.base.input.decimal())
    };
    assert_eq!(at("", "openai/gpt-4o").as_deref(), Some("2.5"));
    assert_eq!(at("openai: { base_url: https://proxy.example/v1 }", "openai/gpt-4o"), None, "another company");
    assert_eq!(at("work: { base_url: https://api.openai.com/v1 }", "work/gpt-4o").as_deref(), Some("2.5"));
    assert_eq!(at("mine: { base_url: https://mine.example/v1 }", "mine/gpt-4o"), None);
    assert_eq!(at("", "ollama/gpt-4o").as_deref(), Some("0"), "free, since it runs here");
    assert_eq!(at("", "openai/no-such-model"), None);
    let azure = "azure-openai: { base_url: https://mine.openai.azure.com/openai/v1 }";
    assert_eq!(at(azure, "azure-openai/gpt-4o"), None, "the name of a deployment says nothing");
    let unknown = good("defaults: {}\n");
    assert_eq!(tier(&unknown, &id("openai/no-such-model")), Tier::L3);
}

#[test]
fn a_provider_goes_by_the_names_other_files_have_for_it() {
    let policy = good(
        "defaults:\n  a: { provider: grok, model: grok-4.6 }\nmodels:\n  x-ai/grok-4.6: { description: x }\n  grok/grok-4.7: {}\n",
    );
    let callable: Vec<_> = policy.callable().iter().map(ToString::to_string).collect();
    assert_eq!(callable, ["xai/grok-4.6", "xai/grok-4.7"]);
    let own = good(
        "providers:\n  grok: { base_url: https://my.example/v1 }\ndefaults:\n  a: { provider: grok, model: m }\nmodels:\n  grok/m: { price: { input: 1, output: 1 } }\n",
    );
    assert_eq!(own.classes[0].primary.to_string(), "grok/m", "a provider of one's own keeps its name");
}

#[test]
fn a_list_is_fetched_only_where_the_file_says_so_and_only_safely() {
    use crate::policy::{Prices, Refresh};
    let prices = |text: &str| good(&format!("{text}\ndefaults: {{}}\n")).prices;
    assert_eq!(prices(""), Prices { refresh: Refresh::Off, url: None });
    assert_eq!(prices("prices: { refresh: off }").refresh, Refresh::Off);
    let daily = prices("prices: { refresh: daily }");
    assert_eq!(daily.refresh, Refresh::Daily);
    let address = daily.address().expect("the published list has an address");
    assert_eq!(address.as_str(), crate::catalog::published::ADDRESS);
    let own = prices("prices: { refresh: daily, url: http://127.0.0.1:9/list.json }");
    assert_eq!(own.address().map(|url| url.as_str().to_owned()).as_deref(), Some("http://127.0.0.1:9/list.json"));
    let error = |prices: &str, said: &str| {
        let warning = "warning line 1, column 1: There are no task classes. Write at least one under defaults.";
        check(&format!("prices: {prices}\n"), &[warning, said]);
    };
    check(
        "defaults:\n  a: { provider: openai, model: newer }\nprices: { refresh: daily }\n",
        &[
            "warning line 2, column 33: openai/newer has no price under models, so calls to it are refused unless the refreshed list has one.",
        ],
    );
    error("{ refresh: weekly }", "error line 1, column 20: refresh must be one of off, daily; it is \"weekly\".");
    error("{ url: http://a.example/l }", "error line 1, column 16: url is http:// to another machine; use https://.");
    error(
        "{ url: https://me:secret@a.example/l }",
        "error line 1, column 16: url must not contain a user name, a ? or a #.",
    );
}

#[test]
fn azure_asks_for_the_address_of_the_persons_own_resource() {
    check(
        "defaults:\n  a: { provider: azure-openai, model: m }\n",
        &[
            "error line 2, column 18: providers.azure-openai needs the base_url of your own resource, such as https://RESOURCE.openai.azure.com/openai/v1.",
        ],
    );
    check(
        "providers: { azure-openai: { title: Ours } }\n",
        &[
            "warning line 1, column 1: There are no task classes. Write at least one under defaults.",
            "error line 1, column 14: providers.azure-openai needs the base_url of your own resource, such as https://RESOURCE.openai.azure.com/openai/v1.",
        ],
    );
    let policy = good(
        "providers: { azure-openai: { base_url: https://ours.openai.azure.com/openai/v1 } }\ndefaults:\n  a: { provider: azure, model: m }\nmodels:\n  azure/m: { price: { input: 1, output: 1 } }\n",
    );
    assert_eq!(policy.classes[0].primary.to_string(), "azure-openai/m");
    let provider = &policy.providers[&policy.classes[0].primary.provider];
    assert_eq!((provider.title.as_str(), provider.key_header.name()), ("Azure OpenAI", "api-key"));
}

/// A name that is built in must not be called unknown.
#[test]
fn no_company_that_is_built_in_is_listed_as_one_that_is_not() {
    for name in crate::policy::read::providers::OTHER_PROVIDERS {
        let built_in = crate::catalog::built_in().keys().any(|id| id.as_str() == *name);
        assert!(!built_in, "{name} is built in: take it off the list");
    }
}
