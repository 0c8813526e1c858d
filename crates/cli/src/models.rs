//! `pointsman models`: which models there are, what they cost and who says so, and which can be used.
//! Without `--live` and `--refresh-prices` nobody is asked and no key is needed.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::models::{ModelLine, Models, ModelsQuery};
use pointsman_engine::{Caller, Gateway, Home};
use serde_json::Number;

use crate::print;

/// `pointsman models`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the models of this provider, also without a key for it.
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,
    /// Ask the providers which models they have now.
    #[arg(long)]
    live: bool,
    /// Fetch the list prices of the day first, where routing.yaml has prices: { refresh: daily }.
    #[arg(long)]
    refresh_prices: bool,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let Args { provider, live, refresh_prices, json } = args;
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    if refresh_prices {
        print::note(&gateway.refresh_prices().await?);
    }
    let models = gateway.models(ModelsQuery { provider, live }).await?;
    if json {
        print::json(&models)?;
    } else {
        print::line(&text(&models))?;
        models.notices.iter().for_each(|notice| print::note(&format!("Notice: {notice}")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The models as a person reads them.
fn text(models: &Models) -> String {
    let head = ["model", "tier", "context", "in", "cached", "out", "price", "use"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut reasons = print::Reasons::default();
    rows.extend(models.models.iter().map(|line| row(line, &mut reasons)));
    let mut text = if models.models.is_empty() { "There is no model.".to_owned() } else { columns(&rows) };
    text.push_str(&reasons.text());
    for line in &models.models {
        let beyond = line.steps.iter().map(|step| {
            format!(
                "beyond {} tokens of input {} in, {} out",
                tokens(step.above),
                usd(&step.input_usd),
                usd(&step.output_usd)
            )
        });
        let notes: Vec<_> = beyond.chain(line.other_price.clone()).collect();
        // Only of models that are in use: the list of a provider is long.
        if !notes.is_empty() && (line.usable || !line.classes.is_empty()) {
            text.push_str(&format!("\n{}: {}", line.model, notes.join("; ")));
        }
    }
    text.push_str(&format!(
        "\nPrices are US dollars for a million tokens. List prices are those of {}.\nTiers: by the label in routing.yaml, else by the price of output: free L0, below $2 L1, below $12 L2, else L3.",
        models.prices_from
    ));
    text
}

fn row(line: &ModelLine, reasons: &mut print::Reasons) -> Vec<String> {
    let price = |amount: &Option<Number>| amount.as_ref().map(usd).unwrap_or_default();
    let source = match (&line.price_date, &line.price_source) {
        (Some(date), _) => format!("listed {date}"),
        (None, Some(source)) => source.clone(),
        (None, None) => "unknown".to_owned(),
    };
    let usage = match (&line.why_not, line.classes.as_slice()) {
        (Some(why), _) => format!("no {}", reasons.mark(why)),
        (None, []) => "yes".to_owned(),
        (None, classes) => format!("yes, for {}", classes.join(", ")),
    };
    let retired = if line.deprecated { " (being retired)" } else { "" };
    vec![
        format!("{}{retired}", line.model),
        line.tier.clone(),
        line.context.map(tokens).unwrap_or_default(),
        price(&line.input_usd),
        price(&line.cached_input_usd),
        price(&line.output_usd),
        source,
        usage,
    ]
}

/// The last column to the left: it is words.
fn columns(rows: &[Vec<String>]) -> String {
    let front: Vec<Vec<String>> = rows.iter().map(|row| row[..row.len() - 1].to_vec()).collect();
    let table = print::columns(&front);
    let widest = table.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    let lines = table.lines().zip(rows).map(|(line, row)| {
        let last = row.last().map_or("", String::as_str);
        format!("{line:widest$}  {last}").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `1.05M`, `272k`, `8192`: whole thousands where they are.
fn tokens(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(10_000) => {
            let decimals = format!("{}.{:02}", count / 1_000_000, count % 1_000_000 / 10_000);
            format!("{}M", decimals.trim_end_matches('0').trim_end_matches('.'))
        }
        1_000.. if count.is_multiple_of(1_000) => format!("{}k", count / 1_000),
        _ => count.to_string(),
    }
}

fn usd(amount: &Number) -> String {
    format!("${amount}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_a_table_with_the_source_of_each_price() {
        let line = |value: serde_json::Value| -> ModelLine {
            let mut whole = serde_json::to_value(ModelLine::default()).unwrap();
            whole.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
            serde_json::from_value(whole).unwrap()
        };
        let models = Models {
            models: vec![
                line(
                    serde_json::json!({ "model": "here/qwen3:8b", "usable": true, "tier": "L0", "input_usd": 0, "output_usd": 0,
                    "price_source": "runs on this machine" }),
                ),
                line(
                    serde_json::json!({ "model": "openai/gpt-6-sol", "usable": true, "tier": "L2", "context": 1_050_000,
                    "input_usd": 2, "output_usd": 10, "cached_input_usd": 0.2, "price_source": "genai-prices",
                    "price_date": "2026-10-30", "classes": ["review"], "deprecated": true,
                    "steps": [{ "above": 272_000, "input_usd": 4, "output_usd": 15 }] }),
                ),
                line(serde_json::json!({ "model": "x/y", "tier": "L3", "why_not": "No price is known." })),
            ],
            prices_from: "genai-prices 0.2.1 of 2026-10-30".into(),
            notices: Vec::new(),
        };
        assert_eq!(
            text(&models),
            "\
model                             tier  context  in  cached  out                 price  use
here/qwen3:8b                       L0           $0           $0  runs on this machine  yes
openai/gpt-6-sol (being retired)    L2    1.05M  $2    $0.2  $10     listed 2026-10-30  yes, for review
x/y                                 L3                                         unknown  no [1]
[1] No price is known.
openai/gpt-6-sol: beyond 272k tokens of input $4 in, $15 out
Prices are US dollars for a million tokens. List prices are those of genai-prices 0.2.1 of 2026-10-30.
Tiers: by the label in routing.yaml, else by the price of output: free L0, below $2 L1, below $12 L2, else L3."
        );
    }

    #[test]
    fn tokens_are_short_where_nothing_is_lost() {
        for (count, shown) in [
            (272_000, "272k"),
            (1_050_000, "1.05M"),
            (1_000_000, "1M"),
            (1_048_576, "1048576"),
            (8_192, "8192"),
            (64, "64"),
        ] {
            assert_eq!(tokens(count), shown);
        }
    }
}
