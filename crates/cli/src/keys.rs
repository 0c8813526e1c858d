//! `pointsman keys`: set, list, test, delete. A key comes from stdin, on a terminal without echo; it is
//! never an argument, which any program on the machine could read, and it is never printed.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_core::catalog::Origin;
use pointsman_core::code::{Code, Denial};
use pointsman_engine::keys::Rebind;
use pointsman_engine::secrets::Secret;
use pointsman_engine::view::{KeyOutcome, KeyRow, KeySource, KeyState, KeyStoreState, KeysPage};
use pointsman_engine::{Caller, Gateway, Home};

use crate::print;

/// The most that is read from stdin: enough to see that it is no key.
const MOST: u64 = 64 * 1024;

/// `pointsman keys`
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Keep a provider's key in the keychain. The key is read from stdin; on a terminal it is asked for.
    Set {
        /// Such as openai.
        provider: String,
        /// Agree that the key may be sent to this place, where it is not the provider's built-in one.
        #[arg(long, value_name = "ORIGIN")]
        yes_bind: Option<String>,
        /// Print what happened as JSON.
        #[arg(long)]
        json: bool,
        /// Only so that a key given here is not echoed in an error.
        #[arg(hide = true, allow_hyphen_values = true, num_args = 0..)]
        never_here: Vec<String>,
    },
    /// Show which keys there are: last four characters, state, this month's spend.
    List {
        /// Print the list as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask a provider whether its key works.
    Test {
        /// Such as openai.
        provider: String,
        /// Print what was found as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete a provider's key from the keychain.
    Delete {
        /// Such as openai.
        provider: String,
        /// Print what happened as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    if let Command::Set { never_here, .. } = &args.command
        && !never_here.is_empty()
    {
        print::note(
            "A key is not given as an argument: other programs could read it. Run the command without it and paste the key when asked, or pipe it in. If a key was just typed here, delete it from the shell's history.",
        );
        return Ok(ExitCode::from(2));
    }
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    match args.command {
        Command::Set { provider, yes_bind, json, .. } => set(&gateway, &provider, yes_bind.as_deref(), json).await,
        Command::List { json } => list(&gateway.keys_page().await, json),
        Command::Test { provider, json } => {
            let outcome = gateway.key_check(&provider).await?;
            let good = outcome.state == KeyState::Valid;
            told(&outcome, good, json)
        }
        Command::Delete { provider, json } => {
            let there =
                gateway.keys_page().await.rows.iter().any(|row| row.provider == provider && row.last4.is_some());
            let outcome = gateway.key_delete(&provider).await?;
            told(&outcome, there, json)
        }
    }
}

async fn set(gateway: &Gateway, provider: &str, yes_bind: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    // Asked before the key is: a wrong name costs no paste.
    let origin = gateway.key_origin(provider).await?;
    let mut rebind = match yes_bind {
        Some(named) if names(named, &origin) => Rebind::Confirmed(origin.clone()),
        Some(named) => {
            print::note(&format!(
                "--yes-bind names {named}, but the key would be sent to {origin}. Nothing was sent or stored."
            ));
            return Ok(ExitCode::FAILURE);
        }
        None => Rebind::Ask,
    };
    let Some(secret) = read_key(provider)? else {
        print::note("What was piped in is no text. Copy the key again and paste it.");
        return Ok(ExitCode::from(2));
    };
    loop {
        match gateway.key_add(provider, secret.clone(), rebind).await {
            Ok(outcome) => return told(&outcome, outcome.stored, json),
            Err(Denial { code: Code::NeedsApproval, sentence }) if std::io::stdin().is_terminal() => {
                print::note(&sentence);
                if !agreed(&format!("Send the key to {origin}? [y/N] "))? {
                    print::note("Nothing was sent or stored.");
                    return Ok(ExitCode::FAILURE);
                }
                rebind = Rebind::Confirmed(origin.clone());
            }
            Err(Denial { code: Code::NeedsApproval, sentence }) => {
                print::note(&format!(
                    "{sentence} To agree, run the command again with --yes-bind {}. Nothing was sent or stored.",
                    origin.as_str()
                ));
                return Ok(ExitCode::FAILURE);
            }
            Err(denial) => return Err(denial.into()),
        }
    }
}

/// Whether a text names an origin, with or without what goes without saying.
fn names(text: &str, origin: &Origin) -> bool {
    let text = text.trim_end_matches('/');
    text == origin.to_string() || Origin::parse(text).as_ref() == Ok(origin)
}

/// The key from a terminal without echo, or all of stdin. `None` where it is no text.
fn read_key(provider: &str) -> anyhow::Result<Option<Secret>> {
    if std::io::stdin().is_terminal() {
        return Ok(Some(Secret::new(rpassword::prompt_password(format!("Key for {provider} (not shown): "))?)));
    }
    // Large enough at once: a buffer that grows leaves pieces of the key behind.
    let mut bytes = Vec::with_capacity(MOST as usize + 1);
    std::io::stdin().lock().take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok().map(Secret::new))
}

fn agreed(question: &str) -> std::io::Result<bool> {
    let mut terminal = std::io::stderr().lock();
    terminal.write_all(question.as_bytes())?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn told(outcome: &KeyOutcome, good: bool, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(outcome)?;
    } else if good {
        print::line(&outcome.sentence)?;
    } else {
        print::note(&outcome.sentence);
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(page: &KeysPage, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(page)?;
        return Ok(ExitCode::SUCCESS);
    }
    match page.store.state {
        KeyStoreState::Ready => print::line(&format!("Keys are kept in {}.", page.store.name))?,
        KeyStoreState::Locked | KeyStoreState::Missing => print::note(&page.store.sentence),
    }
    if page.rows.is_empty() {
        print::line("There is no key yet. Add one with `pointsman keys set openai`.")?;
    }
    let rows: Vec<_> = page.rows.iter().map(cells).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    for (row, about) in rows.iter().zip(&page.rows) {
        let [provider, key, state, rest] = row;
        print::line(
            format!("{provider:<0$}  {key:<1$}  {state:<2$}  {rest}", widths[0], widths[1], widths[2]).trim_end(),
        )?;
        if let Some(message) = &about.message {
            print::line(&format!("  {message}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(row: &KeyRow) -> [String; 4] {
    let key = match (&row.source, &row.last4, &row.env) {
        (KeySource::None, _, _) => "no key needed".to_owned(),
        (KeySource::Env, Some(last4), Some(name)) => format!("…{last4} from {name}"),
        (KeySource::Env, _, name) => format!("from {}", name.as_deref().unwrap_or_default()),
        (KeySource::Keychain, Some(last4), _) => format!("…{last4}"),
        (KeySource::Keychain, None, _) => "no key".to_owned(),
    };
    let models = match row.models {
        Some(1) => "1 model, ".to_owned(),
        Some(count) => format!("{count} models, "),
        None => String::new(),
    };
    [
        row.provider.clone(),
        key,
        state(row.state).to_owned(),
        format!("{models}{} this month, sent to {}", row.month.text, row.origin),
    ]
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Valid => "valid",
        KeyState::Refused => "refused",
        KeyState::NoCredit => "no credit",
        KeyState::RateLimited => "asked to slow down",
        KeyState::Unreachable => "not reached",
        KeyState::NotChecked => "not checked",
        KeyState::Missing => "missing",
        KeyState::Locked => "keychain locked",
        KeyState::OtherOrigin => "entered for another place",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_may_be_named_short_or_long_but_never_nearly() {
        let origin = Origin::parse("http://127.0.0.1:4000").unwrap();
        for text in ["127.0.0.1:4000", "http://127.0.0.1:4000", "http://127.0.0.1:4000/"] {
            assert!(names(text, &origin), "{text}");
        }
        for text in ["", "127.0.0.1", "127.0.0.1:40000", "https://127.0.0.1:4000", "http://127.0.0.1.evil.example:4000"]
        {
            assert!(!names(text, &origin), "{text}");
        }
        assert!(names("api.openai.com", &Origin::parse("https://api.openai.com").unwrap()));
    }
}
