//! Models with their prices, the lists providers give, and what a prompt would cost: against a
//! practice server, without a key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pointsman_core::code::Code;
use pointsman_engine::models::{ModelLine, Models, ModelsQuery};
use pointsman_engine::view::ActivityQuery;
use pointsman_engine::{CallContext, Caller, EstimateQuery, Gateway, Home, PauseSpan, RouteCall};
use pointsman_practice::{Endpoint, Options, Practice, Script};

struct Room {
    _folder: tempfile::TempDir,
    server: Practice,
    gateway: Gateway,
}

/// A home with a provider on a practice server and some of OpenAI's, whose key is in a variable that
/// is not set.
async fn room(more: &str) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let server = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let base_url = server.base_url();
    let text = format!(
        r#"version: "1"
defaults:
  ask: {{ provider: here, model: practice-small, max_tokens: 100 }}
providers:
  here: {{ base_url: "{base_url}", local: true }}
  openai: {{ key: {{ env: POINTSMAN_TEST_NOT_SET }} }}
models:
  here/practice-small: {{ price: {{ input: 1, output: 2 }}, aliases: [small] }}
  here/practice-large: {{ price: {{ input: 10, output: 20 }} }}
  here/gone: {{ price: {{ input: 3, output: 3 }}, enabled: false }}
  openai/gpt-6-sol: {{ description: strong }}
  openai/no-such-model: {{ description: unpriced }}
{more}"#
    );
    std::fs::write(home.path().join("routing.yaml"), text).unwrap();
    Room { _folder: folder, server, gateway: Gateway::open(home, Caller::cli()).unwrap() }
}

fn of<'a>(models: &'a Models, id: &str) -> &'a ModelLine {
    models.models.iter().find(|line| line.model == id).unwrap_or_else(|| panic!("{id} in {models:#?}"))
}

async fn here(room: &Room, live: bool) -> Models {
    room.gateway.models(ModelsQuery { provider: Some("here".into()), live }).await.unwrap()
}

#[tokio::test]
async fn every_model_has_its_price_where_it_is_from_and_why_it_cannot_be_used() {
    let room = room("").await;
    let models = room.gateway.models(ModelsQuery { provider: Some("openai".into()), live: false }).await.unwrap();
    assert_eq!(models.prices_from, "genai-prices 0.2.1 of 2026-10-30");
    assert!(models.models.len() > 50, "the list of a provider is shown without a key: {}", models.models.len());
    let sol = of(&models, "openai/gpt-6-sol");
    assert_eq!(sol.output_usd.as_ref().map(ToString::to_string).as_deref(), Some("10"));
    assert_eq!((sol.tier.as_str(), sol.tier_reason.as_str()), ("L2", "$10.00 for a million tokens of output"));
    assert_eq!(
        (sol.price_source.as_deref(), sol.price_date.as_deref()),
        (Some("genai-prices 0.2.1 of 2026-10-30"), Some("2026-10-30"))
    );
    assert_eq!((sol.context, sol.steps.len(), sol.steps[0].above), (Some(1_050_000), 1, 272_000));
    assert!(sol.why_not.as_ref().is_some_and(|why| why.contains("POINTSMAN_TEST_NOT_SET")), "{sol:?}");
    let here = here(&room, false).await;
    let small = of(&here, "here/practice-small");
    assert_eq!((small.usable, small.price_source.as_deref()), (true, Some("routing.yaml line 8")));
    assert_eq!(small.classes, ["ask"]);
    assert_eq!(of(&here, "here/gone").why_not.as_deref(), Some("Switched off with enabled: false in routing.yaml."));
    assert!(room.server.received().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn a_provider_is_asked_for_its_list_and_what_it_lists_is_joined_with_what_is_known() {
    let room = room("").await;
    let body = r#"{"object": "list", "data": [{"id": "practice-small", "context_length": 4096}, {"id": "new\u001b[31m"}, {"id": "new-one"}]}"#;
    room.server.script(Script { body: Some(body.into()), ..Script::default() }.on(Endpoint::Models));
    let models = here(&room, true).await;
    let ids: Vec<_> = models.models.iter().map(|line| line.model.as_str()).collect();
    assert_eq!(ids, ["here/gone", "here/new-one", "here/practice-large", "here/practice-small"]);
    assert_eq!(
        (of(&models, "here/practice-small").context, of(&models, "here/practice-small").usable),
        (Some(4096), true)
    );
    assert_eq!(of(&models, "here/practice-large").why_not.as_deref(), Some("here does not list it."));
    assert_eq!(
        of(&models, "here/new-one").why_not.as_deref(),
        Some("Not in routing.yaml. List it under models to use it.")
    );
    assert_eq!(models.notices, ["here: 1 entries of its list were left out."]);
    assert_eq!(room.server.received()[0].path, "/v1/models");
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_told_and_the_rest_is_shown() {
    let room = room("").await;
    for script in [
        Script::status(500),
        Script::html(200),
        Script::invalid_json(),
        Script::hang_up(),
        Script::redirect("http://127.0.0.1:1/"),
    ] {
        room.server.script(script.clone().on(Endpoint::Models));
        let models = here(&room, true).await;
        assert_eq!(of(&models, "here/practice-small").listed, None, "{script:?}");
        assert!(
            models.notices.len() == 1 && models.notices[0].starts_with("The list of here could not be had."),
            "{:?}",
            models.notices
        );
    }
    let azure = room.gateway.models(ModelsQuery { provider: Some("azure".into()), live: false }).await.unwrap_err();
    assert_eq!(
        azure.sentence,
        "azure-openai has no address yet. Write providers.azure-openai.base_url in routing.yaml, such as https://RESOURCE.openai.azure.com/openai/v1."
    );
    let grok = room.gateway.models(ModelsQuery { provider: Some("grok".into()), live: false }).await.unwrap();
    assert!(grok.models.iter().all(|line| line.model.starts_with("xai/")) && !grok.models.is_empty());
    let unknown = room.gateway.models(ModelsQuery { provider: Some("opnai".into()), live: false }).await.unwrap_err();
    assert_eq!(
        (unknown.code, unknown.sentence.as_str()),
        (Code::NotFound, "There is no provider \"opnai\". Did you mean openai?")
    );
}

#[tokio::test]
async fn a_prompt_is_estimated_for_each_model_cheapest_first_and_nothing_is_sent_or_written() {
    let room = room("caps: [{ scope: all, window: call, limit_usd: 0.005 }]\n").await;
    let query = EstimateQuery { prompt: "four".repeat(100), max_tokens: Some(200), ..EstimateQuery::default() };
    let estimate = room.gateway.estimate(query).await.unwrap();
    let lines: Vec<_> = estimate
        .models
        .iter()
        .map(|line| (line.model.as_str(), line.likely_usd.as_ref().map(ToString::to_string), line.would_be_sent))
        .collect();
    // 100 tokens by characters and 200 of the answer, at 1 + 2, 10 + 20 and 2 + 10 USD per million.
    assert_eq!(
        lines,
        [
            ("here/practice-small", Some("0.0005".to_owned()), true),
            ("openai/gpt-6-sol", Some("0.0022".to_owned()), false),
            ("here/practice-large", Some("0.005".to_owned()), false),
            ("openai/no-such-model", None, false),
        ]
    );
    let large = &estimate.models[2];
    // 400 bytes, 1 for the part, 32 for message and request, at 10; 200 at 20.
    assert_eq!(large.worst_usd.as_ref().map(ToString::to_string).as_deref(), Some("0.00833"));
    let why = large.why_not.as_deref().unwrap();
    assert!(why.starts_with("The call cap") && why.contains("has no room"), "{why}");
    assert_eq!(estimate.models[1].price_date.as_deref(), Some("2026-10-30"));
    assert!(estimate.models[3].why_not.as_ref().is_some_and(|why| why.contains("No price is known")));
    assert!(estimate.token_error.contains("characters"));

    assert!(room.server.received().is_empty(), "nothing was sent");
    assert!(room.gateway.activity(ActivityQuery::default()).await.unwrap().rows.is_empty(), "nothing was written");
    assert_eq!(room.gateway.audit().await.unwrap(), Vec::<String>::new());
    // The figure is the one the call is planned with.
    let call = RouteCall {
        task_class: "ask".into(),
        prompt: "four".repeat(100),
        max_tokens: Some(100),
        ..RouteCall::default()
    };
    let answer = room.gateway.route(call, CallContext::quiet("llm_route")).await;
    assert!(answer.data.is_some(), "{answer:?}");
}

#[tokio::test]
async fn an_estimate_names_models_as_calls_do_and_says_what_stops_them() {
    let room = room("cost_preflight: { block_usd: 0.001 }\n").await;
    let query = |models: &[&str]| EstimateQuery {
        prompt: "hello".into(),
        models: models.iter().map(ToString::to_string).collect(),
        max_tokens: Some(100),
    };
    let estimate =
        room.gateway.estimate(query(&["small", "here/practice-small", "openai/o1-pro", "nobody/x"])).await.unwrap();
    let why = |id: &str| {
        let line =
            estimate.models.iter().find(|line| line.model == id).unwrap_or_else(|| panic!("{id}: {estimate:#?}"));
        line.why_not.clone().unwrap_or_default()
    };
    assert_eq!(estimate.models.len(), 3, "an alias is the same model");
    assert_eq!(why("here/practice-small"), "");
    assert!(why("openai/o1-pro").contains("POINTSMAN_TEST_NOT_SET"));
    assert!(why("nobody/x").contains("no usable model"));
    let large = room.gateway.estimate(query(&["here/practice-large"])).await.unwrap();
    assert_eq!(
        large.models[0].why_not.as_deref(),
        Some("The likely cost passes cost_preflight.block_usd of $0.00."),
        "and it has figures all the same: {large:?}"
    );
    assert!(large.models[0].likely_usd.is_some());
    room.gateway.pause(PauseSpan::Hour).await.unwrap();
    let paused = room.gateway.estimate(query(&["small"])).await.unwrap();
    assert!(paused.models[0].why_not.as_ref().is_some_and(|why| why.starts_with("Spending is paused")), "{paused:?}");
    assert!(paused.models[0].likely_usd.is_some(), "{paused:?}");
    let empty = EstimateQuery { prompt: String::new(), ..EstimateQuery::default() };
    assert_eq!(room.gateway.estimate(empty).await.unwrap_err().code, Code::InvalidRequest);
}
