//! What Pointsman does: the policy file, the keychain, the ledger, HTTP out, the journey of a request.
//!
//! One public type, [`Gateway`]. It knows nothing of Tauri, MCP, HTTP servers or terminals: those
//! parse, call it and render. Many processes hold a gateway on the same home at once; the ledger is
//! the only thing they share.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::sync::Arc;

use pointsman_core::chat::Chat;
use pointsman_core::code::Denial;
use pointsman_core::id::{ClientId, ProjectName};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

mod cache;
pub mod caps;
mod chat;
pub mod clients;
mod decide;
mod dispatch;
mod dry_run;
mod estimate;
mod explain;
pub mod home;
mod instance;
pub mod jobs;
pub mod keys;
mod lanes;
pub mod ledger;
pub mod models;
mod notices;
mod pause;
pub mod policy_file;
mod prices;
pub mod reply;
pub mod report;
pub mod secrets;
mod transport;
mod trial;
pub mod view;

pub use estimate::{Estimate, EstimateLine, EstimateQuery};
pub use explain::ExplainCall;
pub use home::Home;
pub use jobs::{Answered, Ask, JobLine, JobProgress, JobStatus};
pub use lanes::Priority;
pub use ledger::change::Topic;
pub use notices::{News, Notice};
pub use pause::PauseSpan;
pub use reply::Envelope;

use lanes::Lanes;
use ledger::Ledger;
use policy_file::PolicyFile;
use secrets::Secrets;
use transport::Transport;

/// Where a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// An MCP client over stdio.
    Mcp,
    /// The command line.
    Cli,
    /// The tray app.
    App,
}

impl Surface {
    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Cli => "cli",
            Self::App => "app",
        }
    }
}

/// Who uses this gateway, as our own entry or command line says; never what a client says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The surface.
    pub surface: Surface,
    /// `--client`.
    pub client: Option<ClientId>,
    /// `--project`.
    pub project: Option<ProjectName>,
    /// Started only to see whether it starts.
    pub probe: bool,
}

impl Caller {
    /// A person at a terminal.
    pub const fn cli() -> Self {
        Self { surface: Surface::Cli, client: None, project: None, probe: false }
    }

    /// The tray app itself.
    pub const fn app() -> Self {
        Self { surface: Surface::App, client: None, project: None, probe: false }
    }
}

/// What goes with one call.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The tool or command by name, for Activity.
    pub tool: &'static str,
    /// Ends the call when cancelled.
    pub cancel: CancellationToken,
    /// Hears what happens.
    pub progress: Option<UnboundedSender<Progress>>,
    /// Counts how far it is, for a call that may become a job.
    pub so_far: Option<Arc<jobs::SoFar>>,
    /// What the caller sees of an answer that is not whole yet.
    pub delivery: Delivery,
    /// Who waits for it: decides who goes first where calls wait for their turn.
    pub priority: Priority,
}

impl CallContext {
    /// A call nobody cancels or watches.
    pub fn quiet(tool: &'static str) -> Self {
        let delivery = Delivery::Whole;
        let priority = Priority::Interactive;
        Self { tool, cancel: CancellationToken::new(), progress: None, so_far: None, delivery, priority }
    }

    /// Tells whoever listens; a listener that is gone does not end the call.
    fn tell(&self, progress: Progress) {
        if let Some(so_far) = &self.so_far {
            match &progress {
                Progress::Trying { model, nth } => so_far.trying(model, *nth),
                Progress::Text(piece) => so_far.text(piece),
                Progress::Waiting { .. } => {}
            }
        }
        if let Some(listener) = &self.progress {
            drop(listener.send(progress));
        }
    }
}

/// What the caller sees of an answer that is not whole yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: an answer that breaks off is thrown away, and another model may give one.
    #[default]
    Whole,
    /// Every piece as it comes. What was seen cannot be taken back, so an answer that breaks off is an error.
    Pieces,
}

/// What happens during a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A target is asked for the `nth` time of the call, from 1.
    Trying {
        /// Which.
        model: String,
        /// Counting all attempts.
        nth: u32,
    },
    /// As many calls are under way at a provider, or in all, as may be; this one waits for its turn.
    Waiting {
        /// Where.
        provider: String,
    },
    /// The next piece of the answer.
    Text(String),
}

/// A prompt by task class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteCall {
    /// The class.
    pub task_class: String,
    /// The prompt.
    pub prompt: String,
    /// Instructions.
    pub system: Option<String>,
    /// The most output tokens.
    pub max_tokens: Option<u64>,
    /// Another model in place of the first choice.
    pub override_model: Option<String>,
}

/// A conversation, with or without a named model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatCall {
    /// The conversation.
    pub chat: Chat,
    /// The model; without one, the class of `chat_default`.
    pub model: Option<String>,
}

/// The gateway on one home. Clones share it.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) home: Home,
    pub(crate) caller: Caller,
    pub(crate) ledger: Ledger,
    pub(crate) secrets: Secrets,
    pub(crate) policy: PolicyFile,
    pub(crate) transport: Transport,
    pub(crate) lanes: Lanes,
    pub(crate) instance: String,
    pub(crate) jobs: jobs::Keepers,
    /// What providers listed as their models when somebody last asked.
    pub(crate) lists: models::Kept,
}

impl Gateway {
    /// Opens a home. Cheap: the ledger only; no keychain, no TLS, no policy before they are needed.
    ///
    /// # Errors
    /// Where the ledger cannot be used.
    pub fn open(home: Home, caller: Caller) -> Result<Self, Denial> {
        let ledger = Ledger::open(&home.ledger_path())?;
        let secrets = Secrets::new(&home);
        let policy = PolicyFile::new(&home);
        let instance = fresh_id("i");
        let (transport, lanes, jobs) = (Transport::default(), Lanes::default(), jobs::Keepers::default());
        let lists = models::Kept::default();
        Ok(Self(Arc::new(Inner { home, caller, ledger, secrets, policy, transport, lanes, instance, jobs, lists })))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The home it is open on.
    pub fn home(&self) -> &Home {
        &self.0.home
    }

    /// The topics that changed after `cursor`, and the new cursor. Microseconds when nothing did.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn changes_after(&self, cursor: i64) -> Result<(i64, Vec<Topic>), Denial> {
        Ok(self.0.ledger.read(move |c| ledger::change::after(c, cursor)).await?)
    }

    /// Checks the books: a sentence for each broken rule.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn audit(&self) -> Result<Vec<String>, Denial> {
        Ok(self.0.ledger.read(ledger::audit::audit).await?)
    }

    /// Records the zone this desktop counts days in. The tray calls it at its start.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub async fn record_zone(&self) -> Result<(), Denial> {
        let Ok(zone) = iana_time_zone::get_timezone() else { return Ok(()) };
        Ok(self.0.ledger.write(move |tx| ledger::setting::set(tx, ledger::setting::ZONE, &zone)).await?)
    }

    /// Tidies: ends lapsed holds, forgets old change rows and answers that are too old to be given again. The
    /// tray calls it when idle.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub async fn tidy(&self) -> Result<(), Denial> {
        let now = jiff::Timestamp::now();
        // Without a valid policy nothing says how long answers are kept, so the usual time holds.
        let kept = self.0.policy.snapshot(&self.0).await.map(|active| active.policy.cache).unwrap_or_default();
        Ok(self
            .0
            .ledger
            .write(move |tx| {
                cache::prune(tx, &kept, now.as_millisecond())?;
                ledger::job::prune(tx, now.as_millisecond())?;
                ledger::reservation::sweep(tx, now, &[])?;
                ledger::account::prune(tx, now)?;
                ledger::breaker::prune(tx, now)?;
                ledger::change::prune(tx)
            })
            .await?)
    }
}

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// An id nobody can guess that sorts by when it was made: the millisecond in 9 letters and digits, then 120
/// random bits in 24, behind a mark of its kind. Rows of one time lie together in the ledger, so that a
/// commit and a copy of the log touch few pages.
pub(crate) fn fresh_id(kind: &str) -> String {
    let mut bytes = [0u8; 24];
    if getrandom::fill(&mut bytes).is_err() {
        // Without a source of randomness the clock and the process still make it unique.
        let now = jiff::Timestamp::now().as_nanosecond().to_le_bytes();
        bytes[..16].copy_from_slice(&now);
        bytes[16..20].copy_from_slice(&std::process::id().to_le_bytes());
    }
    let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default();
    let time = (0..9).rev().map(|place| ((now >> (5 * place)) & 31) as u8);
    let text: String = time.chain(bytes).map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    format!("{kind}-{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_sorts_by_its_time_and_is_never_made_twice() {
        let earlier = fresh_id("r");
        assert_ne!(earlier, fresh_id("r"));
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(earlier < fresh_id("r"));
        assert_eq!(earlier.len(), 2 + 9 + 24);
    }
}
