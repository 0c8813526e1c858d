//! `pointsman doctor`: looks at everything a call needs and says for each what is wrong and what to
//! do. With `--as-client` it looks through the installed program in the environment a client gives its
//! servers: what works in a terminal often does not work there.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use pointsman_core::policy::Severity;
use pointsman_engine::clients::bare_environment;
use pointsman_engine::view::{ClientCard, ClientState, KeyRow, KeySource, KeyState, KeyStoreState, KeysPage};
use pointsman_engine::{Caller, Gateway, Home};
use serde::{Deserialize, Serialize};

use crate::print;

/// How long the installed program may take: a keychain has 5 s for each key.
const LIMIT: Duration = Duration::from_secs(60);

/// `pointsman doctor`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Look through the installed program with the environment a client gives it.
    #[arg(long)]
    as_client: bool,
    /// Print the list as JSON.
    #[arg(long)]
    json: bool,
    /// This process is the one that was started as a client would.
    #[arg(long, hide = true, requires = "as_client")]
    bare: bool,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Finding {
    /// As it should be, or not in use.
    Ok,
    /// Works; look at it.
    Look,
    /// Does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Check {
    /// What.
    check: String,
    finding: Finding,
    /// What was found.
    sentence: String,
    /// What to do; empty where nothing is.
    fix: String,
}

impl Check {
    fn ok(check: &str, sentence: impl Into<String>) -> Self {
        Self { check: check.into(), finding: Finding::Ok, sentence: sentence.into(), fix: String::new() }
    }

    fn look(check: &str, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check: check.into(), finding: Finding::Look, sentence: sentence.into(), fix: fix.into() }
    }

    fn broken(check: &str, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check: check.into(), finding: Finding::Broken, sentence: sentence.into(), fix: fix.into() }
    }
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let checks = match Home::at(home) {
        Err(denial) => vec![Check::broken("Home", denial.sentence, "")],
        Ok(home) if args.bare => keys_here(&home).await,
        Ok(home) if args.as_client => as_client(&home).await,
        Ok(home) => all(home).await,
    };
    if args.json {
        print::json(&checks)?;
    } else {
        show(&checks)?;
    }
    let broken = checks.iter().any(|check| check.finding == Finding::Broken);
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Tells after Connect whether a server started by the client reaches the keys. A question of the
/// keychain to the person appears now, while they are looking.
pub(crate) async fn keys_as_client(home: &Home) -> anyhow::Result<()> {
    show(&as_client(home).await)
}

fn show(checks: &[Check]) -> anyhow::Result<()> {
    for Check { check, finding, sentence, fix } in checks {
        let mark = match finding {
            Finding::Ok => "ok    ",
            Finding::Look => "look  ",
            Finding::Broken => "broken",
        };
        print::line(format!("{mark}  {check}: {sentence} {fix}").trim_end())?;
    }
    Ok(())
}

async fn all(home: Home) -> Vec<Check> {
    let kind = if home.is_practice() { " Money in it is simulated." } else { "" };
    let mut checks = vec![Check::ok("Home", format!("{} is private and can be written.{kind}", home.path().display()))];
    checks.push(policy(&home));
    let gateway = match Gateway::open(home.clone(), Caller::cli()) {
        Ok(gateway) => gateway,
        Err(denial) => {
            checks.push(Check::broken("Ledger", denial.sentence, ""));
            return checks;
        }
    };
    checks.push(ledger(&gateway).await);
    checks.extend(keys(&gateway.keys_page().await));
    let mut registered = false;
    match gateway.clients_page().await {
        Ok(page) => {
            registered = page.clients.iter().any(|card| card.entry.is_some());
            checks.extend(page.clients.iter().map(client));
        }
        Err(denial) => checks.push(Check::broken("Clients", denial.sentence, "")),
    }
    checks.push(installed(&home, registered).await);
    if home.bin_path().is_file() {
        checks.extend(as_client(&home).await);
    }
    checks
}

/// Opening it has already found out that it is in write-ahead mode.
async fn ledger(gateway: &Gateway) -> Check {
    if let Err(denial) = gateway.tidy().await {
        return Check::broken("Ledger", denial.sentence, "");
    }
    match gateway.audit().await {
        Err(denial) => Check::broken("Ledger", denial.sentence, ""),
        Ok(problems) => match problems.first() {
            None => Check::ok("Ledger", "It can be written by several programs at once, and the books agree."),
            Some(first) => {
                Check::look("Ledger", format!("The books do not agree: {first}"), "Run `pointsman audit` for all.")
            }
        },
    }
}

fn policy(home: &Home) -> Check {
    let path = home.policy_path();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Check::look(
                "routing.yaml",
                "There is none yet, so no call can be routed.",
                "Start the app or connect a client: a first one is written.",
            );
        }
        Err(error) => return Check::broken("routing.yaml", format!("{} cannot be read: {error}.", path.display()), ""),
    };
    let reading = Gateway::policy_check(&text);
    let errors = reading.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    match reading.problems.iter().find(|problem| problem.severity == Severity::Error || errors == 0) {
        None => Check::ok("routing.yaml", "It can be read."),
        Some(first) if errors > 0 => {
            let sentence = format!("It has {errors} errors, first at {first}");
            Check::broken("routing.yaml", sentence, "Mend it; meanwhile the last good version is active.")
        }
        Some(first) => Check::look("routing.yaml", format!("It can be read. See {first}"), ""),
    }
}

fn keys(page: &KeysPage) -> Vec<Check> {
    let store = match page.store.state {
        KeyStoreState::Ready => Check::ok("Keychain", format!("{} is unlocked.", page.store.name)),
        KeyStoreState::Locked | KeyStoreState::Missing => Check::broken("Keychain", page.store.sentence.clone(), ""),
    };
    let mut checks = vec![store];
    if page.rows.is_empty() {
        checks.push(Check::look("Keys", "There is none yet.", "Add one with `pointsman keys set openai`."));
    }
    // Of keys that cannot be looked at nothing is known; the line above says why.
    let ready = page.store.state == KeyStoreState::Ready;
    let seen: Vec<_> = page.rows.iter().filter(|row| ready || row.source != KeySource::Keychain).collect();
    checks.extend(seen.iter().map(|row| key(row)));
    let usable = |row: &&KeyRow| {
        matches!(row.state, KeyState::Valid | KeyState::NotChecked | KeyState::RateLimited | KeyState::Unreachable)
    };
    if ready && !page.rows.is_empty() && !seen.iter().any(usable) {
        checks.push(Check::broken(
            "Keys",
            "None of them can be used, so no call can be answered.",
            "Add one with `pointsman keys set openai`.",
        ));
    }
    checks
}

fn key(row: &KeyRow) -> Check {
    let name = format!("Key for {}", row.title);
    let set = format!("Run `pointsman keys set {}`.", row.provider);
    let said = row.message.clone();
    let says = |usual: &str| said.clone().unwrap_or_else(|| usual.to_owned());
    match (row.state, row.source) {
        (KeyState::Valid, _) => Check::ok(&name, "It works."),
        (KeyState::NotChecked, KeySource::None) => Check::ok(&name, "None is needed."),
        (KeyState::NotChecked, _) => Check::ok(&name, "It is there; the provider was not asked yet."),
        (KeyState::RateLimited, _) => Check::look(&name, says("The provider asks to slow down."), ""),
        (KeyState::Unreachable, _) => Check::look(&name, says("The provider could not be reached."), ""),
        (KeyState::Refused, _) => Check::broken(&name, says("The provider refused it."), set),
        (KeyState::NoCredit, _) => Check::broken(&name, says("The account has no credit."), ""),
        (KeyState::Missing, KeySource::Env) => {
            let variable = row.env.as_deref().unwrap_or("its variable");
            Check::broken(&name, says(&format!("{variable} is not set here.")), "")
        }
        (KeyState::Missing, _) => Check::look(&name, says("There is none."), set),
        (KeyState::Locked, _) => Check::broken(&name, says("The keychain is locked."), "Unlock it."),
        (KeyState::OtherOrigin, _) => {
            Check::broken(&name, says("It was entered for another place and is not sent."), set)
        }
    }
}

fn client(card: &ClientCard) -> Check {
    let connect = format!("Run `pointsman connect {}`.", card.id);
    let title = &card.title;
    match card.state {
        ClientState::Connected => Check::ok(title, "It is connected and has said hello."),
        ClientState::Waiting => {
            Check::look(title, "Our entry is there; it has not said hello since.", format!("Restart {title}."))
        }
        ClientState::NotConnected => Check::look(title, format!("It is not connected. File: {}", card.path), connect),
        ClientState::Drifted if card.entry.is_some() => {
            let sentence = format!("Our entry in {} was changed and no longer starts this Pointsman.", card.path);
            Check::broken(title, sentence, connect)
        }
        ClientState::Drifted => Check::broken(title, format!("Our entry in {} is gone.", card.path), connect),
        ClientState::Unreadable => {
            let why = card.error.as_ref().map_or("", |error| &error.sentence);
            Check::broken(title, format!("{} cannot be read. {why}", card.path), "Mend the file; we did not change it.")
        }
        ClientState::ReadOnly => {
            Check::look(title, format!("{} may not be written.", card.path), "Allow writing, then connect.")
        }
        ClientState::NotInstalled => {
            Check::ok(title, format!("It was not found. Looked in: {}.", card.looked_in.join(", ")))
        }
    }
}

/// The program clients start, and whether it is this version.
async fn installed(home: &Home, registered: bool) -> Check {
    let path = home.bin_path();
    if !path.is_file() && registered {
        let sentence = format!("{} is gone, and a client has our entry.", path.display());
        return Check::broken("Installed program", sentence, "Connect again to install it anew.");
    }
    if !path.is_file() {
        return Check::ok("Installed program", "Not installed yet; Connect does it.");
    }
    let shown = path.display();
    match output(&path, &["--version".into()]).await {
        Err(why) => Check::broken("Installed program", format!("{shown}: {why}"), "Connect again to install it anew."),
        Ok(text) if text.trim().ends_with(env!("CARGO_PKG_VERSION")) => {
            Check::ok("Installed program", format!("{shown} is version {}.", env!("CARGO_PKG_VERSION")))
        }
        Ok(text) => Check::look(
            "Installed program",
            format!("{shown} is {}, this is {}.", text.trim(), env!("CARGO_PKG_VERSION")),
            "Connect again to renew it.",
        ),
    }
}

/// What a server started by a client finds of the keychain and the keys.
async fn as_client(home: &Home) -> Vec<Check> {
    let path = home.bin_path();
    let title = "As a client starts it";
    if !path.is_file() {
        let sentence = format!("{} is not installed yet.", path.display());
        return vec![Check::broken(title, sentence, "Connect a client first.")];
    }
    let args = ["--home".into(), home.path().to_string_lossy().into_owned(), "doctor".into()];
    let more = ["--as-client", "--bare", "--json"].map(String::from);
    match output(&path, &[args.as_slice(), &more].concat()).await {
        Err(why) => vec![Check::broken(title, format!("{}: {why}", path.display()), "")],
        Ok(text) => serde_json::from_str(&text).unwrap_or_else(|_| {
            vec![Check::broken(title, "The installed program gave no list.", "Connect again to install it anew.")]
        }),
    }
}

/// In the process that was started so: reads each key once.
async fn keys_here(home: &Home) -> Vec<Check> {
    match Gateway::open(home.clone(), Caller::cli()) {
        Err(denial) => vec![Check::broken("As a client: ledger", denial.sentence, "")],
        Ok(gateway) => keys(&gateway.keys_page().await)
            .into_iter()
            .map(|check| Check { check: format!("As a client: {}", check.check), ..check })
            .collect(),
    }
}

/// What a program prints in the environment a client gives its servers.
async fn output(program: &Path, args: &[String]) -> Result<String, String> {
    let mut command = tokio::process::Command::new(program);
    command.args(args).env_clear().envs(bare_environment()).current_dir(if cfg!(windows) { "C:\\" } else { "/" });
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let run = tokio::time::timeout(LIMIT, command.output()).await;
    let output = run
        .map_err(|_| "it did not end in 60 s.".to_owned())?
        .map_err(|error| format!("it cannot be started: {error}."))?;
    if output.stdout.is_empty() {
        return Err(format!("it printed nothing. {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
