//! `pointsman policy explain PROMPT`: which model would answer, why, the others in order and why not
//! those that would not, what it could cost, and which caps would count it. Nothing is sent.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_core::chat::{Chat, Message, Params, Role};
use pointsman_core::id::{ClientId, ProjectName};
use pointsman_core::plan::Wanted;
use pointsman_engine::view::{CapRoom, Explanation, ModelStanding};
use pointsman_engine::{Caller, ExplainCall, Gateway, Home};

use crate::{print, route};

/// `pointsman policy explain`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The prompt; `-` or nothing reads it from stdin.
    prompt: Option<String>,
    /// The task class; without one, that of chat_default.
    #[arg(long)]
    class: Option<String>,
    /// A model by name, without a class.
    #[arg(long, value_name = "PROVIDER/MODEL", conflicts_with = "class")]
    model: Option<String>,
    /// As which client it would be asked.
    #[arg(long, value_name = "ID", value_parser = ClientId::parse)]
    client: Option<ClientId>,
    /// For which project it would be asked.
    #[arg(long, value_name = "NAME", value_parser = ProjectName::parse)]
    project: Option<ProjectName>,
    /// The longest answer, in tokens.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let Args { prompt, class, model, client, project, max_tokens, json } = args;
    let Some(prompt) = route::whole_prompt(prompt)? else {
        print::note("There is no prompt. Write it behind the command, or pipe it in.");
        return Ok(ExitCode::from(2));
    };
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    gateway.ensure_first_file().await?;
    let wanted = match (class, model) {
        (Some(class), _) => Wanted::Class { class, override_model: None },
        (None, Some(model)) => Wanted::Model(model),
        (None, None) => Wanted::Default,
    };
    let params = Params { max_tokens, ..Params::default() };
    let chat = Chat { messages: vec![Message::text(Role::User, prompt)], params };
    let said = gateway.explain(ExplainCall { wanted, chat, client, project }).await?;
    if json {
        print::json(&said)?;
    } else {
        print::line(&text(&said))?;
    }
    Ok(if said.answers.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(said: &Explanation) -> String {
    let verdict = match (&said.answers, said.code) {
        (Some(model), _) => format!("{model} would answer."),
        (None, Some(code)) => format!("The call would be refused ({}).", code.as_str()),
        (None, None) => "The call would be refused.".to_owned(),
    };
    let mut lines = vec![verdict, said.reason.clone()];
    let line = said.line.map_or_else(String::new, |line| format!(", line {line} of routing.yaml"));
    let profile = said.profile.as_ref().map_or_else(String::new, |name| format!(", with the profile {name}"));
    lines.push(format!("Rule: {}{line}{profile}", said.rule));
    if !said.models.is_empty() {
        lines.push(format!("Models, for a prompt of at most {} tokens:", said.most_input_tokens));
        lines.extend(said.models.iter().map(model));
    }
    if !said.caps.is_empty() {
        lines.push("Caps:".to_owned());
        lines.extend(said.caps.iter().map(cap));
    }
    lines.push(format!("Data policy: {}", said.data_policy));
    lines.push(format!("Cache: {}", said.cache));
    lines.extend(said.warnings.iter().map(|warning| format!("Warning: {warning}")));
    lines.push("Nothing was sent and nothing is held.".to_owned());
    lines.join("\n")
}

fn model(one: &ModelStanding) -> String {
    let place = one.place.map_or_else(|| "-".to_owned(), |place| place.to_string());
    let cost = match (&one.likely, &one.worst) {
        (Some(likely), Some(worst)) => format!("likely {}, at most {}", likely.text, worst.text),
        (Some(_) | None, _) => "its cost is not known".to_owned(),
    };
    let why_not = one.why_not.as_ref().map_or_else(String::new, |why| format!("\n     not asked: {why}"));
    let ModelStanding { model, tier, tier_reason, price_source, .. } = one;
    format!("  {place} {model}: {cost} ({tier}: {tier_reason}; price: {price_source}){why_not}")
}

fn cap(cap: &CapRoom) -> String {
    let CapRoom { title, line, used, held, left, needed, fits, .. } = cap;
    let title = title.strip_prefix("the ").unwrap_or(title);
    let fits = if *fits { "fits" } else { "does not fit" };
    format!(
        "  {title} (line {line}): {} used, {} held, {} left; this call may need {}, which {fits}",
        used.text, held.text, left.text, needed.text
    )
}
