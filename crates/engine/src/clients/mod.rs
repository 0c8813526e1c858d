//! Registration in MCP clients: locate, plan, apply, test, undo. What a file becomes is decided in
//! core; here it is found, locked, backed up, written and watched.
//!
//! A plan is named by a hash over everything it would do, so that what is applied is what was shown:
//! a file that changed in between is refused. No key is ever in an entry (I8).

use std::path::Path;

use pointsman_core::clients::{self as plans, Client, Replace};
use pointsman_core::code::{Code, Denial};

use crate::Gateway;
use crate::ledger::setting;
use crate::view::{ConnectOutcome, ConnectPlan, TestOutcome};

mod install;
mod page;
mod place;
mod probe;
mod process;
mod refusal;
mod steps;
mod write;

pub use probe::bare_environment;

use place::Environment;
use refusal::moved;
use steps::Ask;

/// The name of our entry where nothing else was asked for.
pub const NAME: &str = "pointsman";

/// What a client is called; `None` for one we have no row for.
pub(crate) fn title(id: &str) -> Option<&'static str> {
    plans::client(id).map(|client| client.title)
}

/// A path as it is shown: `~` for the person's folder.
pub(crate) fn shown_path(path: &Path) -> String {
    Environment::of_this_process().shown(path)
}

impl Gateway {
    /// Puts the headless program that stands beside the running one into the home, where it differs.
    ///
    /// # Errors
    /// Where it is not there or cannot be written.
    pub async fn install_binary(&self) -> Result<(), Denial> {
        let home = self.inner().home.clone();
        off_thread(move || install::install(&home)).await?
    }

    /// What Connect would write, under the usual name. Nothing is written.
    ///
    /// # Errors
    /// Where the client is not installed or its file cannot be read, with the place.
    pub async fn connect_plan(&self, client: &str, replace: bool) -> Result<ConnectPlan, Denial> {
        self.connect_plan_named(client, NAME, replace).await
    }

    /// What Connect would write, under a name of the person's choice.
    ///
    /// # Errors
    /// As [`Gateway::connect_plan`], and where the name has a character that is not allowed.
    pub async fn connect_plan_named(&self, client: &str, name: &str, replace: bool) -> Result<ConnectPlan, Denial> {
        let replace = if replace { Replace::Yes } else { Replace::No };
        self.plan_in(&Environment::of_this_process(), client, Ask::Connect { name, replace }).await
    }

    /// Writes our entry, as the plan with this hash showed it, and installs the program it starts. `name`
    /// is the one the plan was asked for.
    ///
    /// # Errors
    /// Where the file is no longer what the plan was made from, or cannot be written.
    pub async fn connect_apply(&self, client: &str, hash: &str, name: &str) -> Result<ConnectOutcome, Denial> {
        self.connect_in(&Environment::of_this_process(), client, hash, name).await
    }

    async fn connect_in(
        &self,
        environment: &Environment,
        client: &str,
        hash: &str,
        name: &str,
    ) -> Result<ConnectOutcome, Denial> {
        for replace in [Replace::No, Replace::Yes] {
            let steps = self.steps(environment, client, Ask::Connect { name, replace }).await?;
            if steps.hash() == hash {
                return self.apply_in(environment, steps).await;
            }
        }
        Err(moved(known(client)?))
    }

    /// What Disconnect would write. Nothing is written.
    ///
    /// # Errors
    /// As [`Gateway::connect_plan`].
    pub async fn disconnect_plan(&self, client: &str) -> Result<ConnectPlan, Denial> {
        self.plan_in(&Environment::of_this_process(), client, Ask::Disconnect).await
    }

    /// Takes our entry out, as the plan with this hash showed it.
    ///
    /// # Errors
    /// As [`Gateway::connect_apply`].
    pub async fn disconnect_apply(&self, client: &str, hash: &str) -> Result<ConnectOutcome, Denial> {
        let environment = Environment::of_this_process();
        let steps = self.steps(&environment, client, Ask::Disconnect).await?;
        if steps.hash() != hash {
            return Err(moved(steps.client));
        }
        self.apply_in(&environment, steps).await
    }

    /// Starts the command exactly as it is written in the client's file and asks it for its tools.
    ///
    /// # Errors
    /// Where the client is not known or its file cannot be read.
    pub async fn client_test(&self, client: &str) -> Result<TestOutcome, Denial> {
        let client = known(client)?;
        let Some(entry) = self.written_entry(&Environment::of_this_process(), client).await? else {
            let sentence = format!("{} has no entry of ours. Connect it first.", client.title);
            return Ok(TestOutcome { works: false, sentence, tools: Vec::new(), hello_ms: 0 });
        };
        Ok(match probe::run(&entry).await {
            Ok(answer) if answer.tools.is_empty() => {
                let sentence = "The command started but offers no tools. Run `pointsman doctor`.".into();
                TestOutcome { works: false, sentence, tools: Vec::new(), hello_ms: answer.hello_ms }
            }
            Ok(answer) => {
                let late = if answer.ended { "" } else { " It did not end when its input did." };
                let sentence = format!(
                    "The command started in {} ms and listed {} tools.{late}",
                    answer.hello_ms,
                    answer.tools.len()
                );
                TestOutcome { works: answer.ended, sentence, tools: answer.tools, hello_ms: answer.hello_ms }
            }
            Err(sentence) => TestOutcome { works: false, sentence, tools: Vec::new(), hello_ms: 0 },
        })
    }

    /// Asks the client's program to quit and waits up to 20 s until it has. Never kills it.
    ///
    /// # Errors
    /// Where the client is not known.
    pub async fn client_close(&self, client: &str) -> Result<ConnectOutcome, Denial> {
        self.close(known(client)?).await
    }

    /// Starts the client's program again, from where it was last seen running.
    ///
    /// # Errors
    /// Where the client is not known.
    pub async fn client_open(&self, client: &str) -> Result<ConnectOutcome, Denial> {
        self.reopen(known(client)?).await
    }

    async fn close(&self, client: &'static Client) -> Result<ConnectOutcome, Denial> {
        let Some(running) = off_thread(move || process::find(client)).await? else {
            return Ok(outcome(true, format!("{} is not running.", client.short)));
        };
        if let Ok(text) = serde_json::to_string(&running.start) {
            self.inner().ledger.write(move |tx| setting::set(tx, &start_setting(client), &text)).await?;
        }
        if off_thread(move || process::close(client)).await? {
            return Ok(outcome(true, format!("{} has closed.", client.short)));
        }
        Ok(outcome(
            false,
            format!("{} is still running. Quit it yourself, also from the tray, then go on.", client.short),
        ))
    }

    async fn reopen(&self, client: &'static Client) -> Result<ConnectOutcome, Denial> {
        let text = self.inner().ledger.read(move |c| setting::get(c, &start_setting(client))).await?;
        let remembered = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(match process::open(client, remembered.as_ref()) {
            Ok(()) => outcome(true, format!("{} is starting.", client.short)),
            Err(error) => {
                outcome(false, format!("{} could not be started ({error}). Start it yourself.", client.short))
            }
        })
    }
}

fn known(id: &str) -> Result<&'static Client, Denial> {
    plans::client(id).ok_or_else(|| {
        let names = plans::CLIENTS.iter().map(|client| client.id).collect::<Vec<_>>().join(", ");
        Denial::new(Code::NotFound, format!("There is no client `{id}`. Known: {names}."))
    })
}

fn outcome(done: bool, sentence: String) -> ConnectOutcome {
    ConnectOutcome { done, sentence, backup: None }
}

fn start_setting(client: &Client) -> String {
    format!("client_start:{}", client.id)
}

/// Files and process lists are read off the async threads.
async fn off_thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, Denial> {
    tokio::task::spawn_blocking(f).await.map_err(|_| Denial::new(Code::Internal, "The work was broken off. Try again."))
}

#[cfg(all(test, unix))]
mod tests;
