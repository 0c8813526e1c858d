//! `pointsman estimate [PROMPT]`: what it would cost with each model, cheapest first. Nothing is sent.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::{Caller, Estimate, EstimateLine, EstimateQuery, Gateway, Home};

use crate::{print, route};

/// `pointsman estimate`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The prompt; `-` or nothing reads it from stdin.
    prompt: Option<String>,
    /// Models to compare; without them, all of routing.yaml.
    #[arg(long, value_name = "PROVIDER/MODEL", value_delimiter = ',')]
    models: Vec<String>,
    /// The longest answer, in tokens.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// Print the whole estimate as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let Args { prompt, models, max_tokens, json } = args;
    let Some(prompt) = route::whole_prompt(prompt)? else {
        print::note("There is no prompt. Write it behind the command, or pipe it in.");
        return Ok(ExitCode::from(2));
    };
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    let estimate = gateway.estimate(EstimateQuery { prompt, models, max_tokens }).await?;
    if json {
        print::json(&estimate)?;
    } else {
        print::line(&text(&estimate))?;
        if estimate.simulated {
            print::note("All amounts are simulated.");
        }
        print::note(&estimate.token_error);
        estimate.notices.iter().for_each(|notice| print::note(&format!("Notice: {notice}")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The estimate as a person reads it: a table, and below it what would keep calls from being sent.
fn text(estimate: &Estimate) -> String {
    let head = ["model", "likely", "at most", "tokens in", "tokens out", "price", "would be sent"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut reasons = print::Reasons::default();
    rows.extend(estimate.models.iter().map(|line| row(line, &mut reasons)));
    print::columns(&rows) + &reasons.text()
}

fn row(line: &EstimateLine, reasons: &mut print::Reasons) -> Vec<String> {
    let usd = |amount: &Option<serde_json::Number>| {
        amount.as_ref().map_or_else(|| "unknown".to_owned(), |amount| format!("${amount}"))
    };
    vec![
        line.model.clone(),
        usd(&line.likely_usd),
        usd(&line.worst_usd),
        format!("about {}", line.input_tokens),
        line.max_tokens.map_or_else(String::new, |tokens| format!("up to {tokens}")),
        line.price_source.clone().unwrap_or_default(),
        line.why_not.as_deref().map_or_else(|| "yes".to_owned(), |why| format!("no {}", reasons.mark(why))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_a_table_with_what_stops_a_call_below_it() {
        let estimate: Estimate = serde_json::from_value(serde_json::json!({
            "models": [
                { "model": "a/small", "likely_usd": 0.0005, "worst_usd": 0.0025, "input_tokens": 100, "max_tokens": 200,
                  "tier": "L1", "price_source": "routing.yaml line 8", "would_be_sent": true },
                { "model": "b/other", "input_tokens": 100, "tier": "L3", "would_be_sent": false,
                  "why_not": "No price is known." },
                { "model": "b/unknown", "input_tokens": 100, "tier": "L3", "would_be_sent": false,
                  "why_not": "No price is known." }
            ],
            "token_error": "about right", "notices": [], "simulated": false
        }))
        .unwrap();
        assert_eq!(
            text(&estimate),
            "\
model       likely  at most  tokens in  tokens out                price  would be sent
a/small    $0.0005  $0.0025  about 100   up to 200  routing.yaml line 8            yes
b/other    unknown  unknown  about 100                                          no [1]
b/unknown  unknown  unknown  about 100                                          no [1]
[1] No price is known."
        );
    }
}
