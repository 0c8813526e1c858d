//! A plan for all files of a client: made, shown, named by its hash, and applied file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pointsman_core::clients::{
    self as plans, Client, Edit, Entry, FileTrouble, LineKind, Made, Ours, Replace, Undo, plan_connect, plan_disconnect,
};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ClientId;

use super::place::{self, Environment, Place};
use super::refusal::{not_installed, not_written, unreadable};
use super::write::{self, sha256_hex};
use super::{known, off_thread, process};
use crate::Gateway;
use crate::ledger::client as entries;
use crate::view::{ConnectOutcome, ConnectPlan, DiffKind, DiffLine};

/// One file of a plan.
pub(super) struct Step {
    place: Place,
    before: Option<Vec<u8>>,
    edit: Edit,
    record: Option<entries::Row>,
}

/// What a client's files would become.
pub(super) struct Steps {
    pub(super) client: &'static Client,
    /// `None`: our entry goes.
    entry: Option<Entry>,
    /// The name that was asked for.
    asked: String,
    steps: Vec<Step>,
}

impl Steps {
    /// Names everything that would be done.
    pub(super) fn hash(&self) -> String {
        let mut all = self.client.id.to_owned();
        for step in &self.steps {
            let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map_or("none".into(), sha256_hex);
            all += &format!(
                "\n{}\n{}\n{}\n{}",
                step.place.key(),
                step.edit.name,
                text(&step.before),
                text(&step.edit.after)
            );
        }
        sha256_hex(all.as_bytes())[..16].to_owned()
    }

    fn nothing_to_do(&self) -> bool {
        self.steps.iter().all(|step| step.edit.nothing_to_do)
    }

    /// The file whose name and entry are shown: one with a question to answer, else one that changes.
    fn told(&self) -> Option<&Step> {
        let asks = self.steps.iter().find(|step| step.edit.taken.is_some());
        let changes = || self.steps.iter().find(|step| !step.edit.nothing_to_do);
        asks.or_else(changes).or(self.steps.first())
    }

    /// The names of our entry in all files, each in its quotes.
    fn names(&self) -> String {
        let mut names = Vec::new();
        for name in self.steps.iter().map(|step| format!("`{}`", step.edit.name)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(" and ")
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask<'a> {
    Connect { name: &'a str, replace: Replace },
    Disconnect,
}

impl Gateway {
    pub(super) async fn plan_in(
        &self,
        environment: &Environment,
        client: &str,
        ask: Ask<'_>,
    ) -> Result<ConnectPlan, Denial> {
        let steps = self.steps(environment, client, ask).await?;
        let client = steps.client;
        let running = client.overwrites_while_running && off_thread(move || process::find(client)).await?.is_some();
        Ok(self.shown(environment, &steps, running))
    }

    fn shown(&self, environment: &Environment, steps: &Steps, running: bool) -> ConnectPlan {
        let mut diff = Vec::new();
        for (nth, step) in steps.steps.iter().enumerate() {
            if nth > 0 {
                diff.push(DiffLine { kind: DiffKind::Gap, number: 0, text: environment.shown(&step.place.path) });
            }
            let lines =
                plans::diff(steps.client, step.before.as_deref(), step.edit.after.as_deref(), steps.entry.as_ref());
            diff.extend(lines.into_iter().map(|line| DiffLine {
                kind: kind(line.kind),
                number: line.number,
                text: line.text,
            }));
        }
        let count = |kind| u32::try_from(diff.iter().filter(|line| line.kind == kind).count()).unwrap_or(u32::MAX);
        let told = steps.told();
        let mut written = steps.steps.iter().filter(|step| !step.edit.nothing_to_do);
        let backup =
            written.find_map(|step| Some(self.backup_of(steps.client, &step.place.path, step.before.as_deref()?)));
        ConnectPlan {
            hash: steps.hash(),
            client: steps.client.id.into(),
            path: told.map(|step| environment.shown(&step.place.path)).unwrap_or_default(),
            name: told.map(|step| step.edit.name.clone()).unwrap_or_default(),
            asked: steps.asked.clone(),
            added: count(DiffKind::Add),
            removed: count(DiffKind::Del),
            backup: backup.map(|path| environment.shown(&path)).unwrap_or_default(),
            running,
            nothing_to_do: steps.nothing_to_do(),
            taken: told.and_then(|step| step.edit.taken.clone()),
            keeps_secrets: steps.steps.iter().any(|step| step.edit.keeps_secrets),
            diff,
        }
    }

    pub(super) async fn steps(&self, environment: &Environment, client: &str, ask: Ask<'_>) -> Result<Steps, Denial> {
        let client = known(client)?;
        let located = place::locate(client, environment);
        if located.places.is_empty() {
            return Err(not_installed(client, environment, &located));
        }
        let records = self.records(client).await?;
        let entry = self.entry(client)?;
        let mut steps = Vec::new();
        for place in located.places {
            let record = records.get(&place.key()).cloned();
            let before = read(environment, &place)?;
            let recorded = record.as_ref().and_then(|row| serde_json::from_str::<Entry>(&row.entry_text).ok());
            let ours = Ours {
                command: &entry.command,
                name: record.as_ref().map(|row| row.name.as_str()),
                entry: recorded.as_ref(),
            };
            let edit = match ask {
                Ask::Connect { name, replace } => {
                    ClientId::parse(name)
                        .map_err(|bad| Denial::new(Code::InvalidRequest, format!("The name cannot be used: {bad}.")))?;
                    plan_connect(client, before.as_deref(), name, &entry, ours, replace)
                }
                Ask::Disconnect => {
                    let made = record.as_ref().map_or(Made::Entry, |row| Made::from_text(&row.made));
                    let earlier = record.as_ref().and_then(earlier_text);
                    let undo = record
                        .as_ref()
                        .zip(earlier.as_ref())
                        .map(|(row, earlier)| Undo { hash_after: &row.file_hash_after, before: earlier.as_deref() });
                    plan_disconnect(client, before.as_deref(), ours, made, undo)
                }
            };
            let edit = edit.map_err(|trouble| unreadable(environment, &place, &trouble))?;
            steps.push(Step { place, before, edit, record });
        }
        let (entry, asked) = match ask {
            Ask::Connect { name, .. } => (Some(entry), name.to_owned()),
            Ask::Disconnect => (None, String::new()),
        };
        Ok(Steps { client, entry, asked, steps })
    }

    pub(super) async fn apply_in(&self, environment: &Environment, steps: Steps) -> Result<ConnectOutcome, Denial> {
        let client = steps.client;
        if steps.entry.is_some() {
            self.install_binary().await?;
        }
        let nothing = steps.nothing_to_do();
        let mut backup = None;
        let names = steps.names();
        let noun = if names.contains(" and ") { "entries" } else { "entry" };
        for step in steps.steps {
            let made = self.apply_step(environment, client, steps.entry.as_ref(), step).await?;
            backup = backup.or(made);
        }
        let running = client.overwrites_while_running && off_thread(move || process::find(client)).await?.is_some();
        let next = if running {
            format!(" Restart {} to use it.", client.short)
        } else {
            format!(" Start {} to use it.", client.short)
        };
        let sentence = match (&steps.entry, nothing) {
            (Some(_), false) => format!("{} has the {noun} {names} now.{next}", client.title),
            (Some(_), true) => format!("{} already has the {noun} {names}. Nothing was changed.", client.title),
            (None, false) => format!("Our entry is out of {}'s settings; everything else is as it was.", client.title),
            (None, true) => format!("{} has no entry of ours. Nothing was changed.", client.title),
        };
        Ok(ConnectOutcome { done: true, sentence, backup: backup.map(|path| environment.shown(&path)) })
    }

    async fn apply_step(
        &self,
        environment: &Environment,
        client: &'static Client,
        entry: Option<&Entry>,
        step: Step,
    ) -> Result<Option<PathBuf>, Denial> {
        let Step { place, before, edit, record } = step;
        let after = edit.after.clone();
        let mut backup = None;
        if !edit.nothing_to_do {
            let (path, folder) = (place.path.clone(), self.backups(client));
            let keep = self
                .records(client)
                .await?
                .into_values()
                .filter_map(|row| row.backup.map(PathBuf::from))
                .collect::<Vec<_>>();
            let (old, new) = (before.clone(), after.clone());
            let written =
                off_thread(move || write::replace(&path, old.as_deref(), new.as_deref(), &folder, &keep)).await?;
            backup = written.map_err(|why| not_written(client, environment, &place, why))?;
        }
        let row = entry
            .and_then(|entry| next_record(client, &place, entry, &edit, before.as_deref(), record, backup.as_deref()));
        let (key, gone) = (place.key(), entry.is_none());
        self.inner()
            .ledger
            .write(move |tx| match (&row, gone) {
                (Some(row), _) => entries::put(tx, row),
                (None, true) => entries::remove(tx, client.id, &key),
                (None, false) => Ok(()),
            })
            .await?;
        Ok(backup)
    }

    /// Our entry as it is written in the client's file.
    pub(super) async fn written_entry(
        &self,
        environment: &Environment,
        client: &'static Client,
    ) -> Result<Option<Entry>, Denial> {
        let records = self.records(client).await?;
        for place in place::locate(client, environment).places {
            let text = read(environment, &place)?;
            let look = self.look_at(client, records.get(&place.key()), text.as_deref());
            if let Some((_, entry)) = look.map_err(|trouble| unreadable(environment, &place, &trouble))?.ours {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    pub(super) fn look_at(
        &self,
        client: &Client,
        record: Option<&entries::Row>,
        text: Option<&[u8]>,
    ) -> Result<plans::Look, FileTrouble> {
        let command = self.inner().home.bin_path().to_string_lossy().into_owned();
        let recorded = record.and_then(|row| serde_json::from_str::<Entry>(&row.entry_text).ok());
        let ours = Ours { command: &command, name: record.map(|row| row.name.as_str()), entry: recorded.as_ref() };
        plans::look(client, text, ours)
    }

    pub(super) async fn records(&self, client: &'static Client) -> Result<BTreeMap<String, entries::Row>, Denial> {
        let rows = self.inner().ledger.read(|c| entries::of(c, client.id)).await?;
        Ok(rows.into_iter().map(|row| (row.path.clone(), row)).collect())
    }

    /// What the client is told to start.
    pub(super) fn entry(&self, client: &Client) -> Result<Entry, Denial> {
        let home = &self.inner().home;
        let text = |path: &Path| path.to_str().map(str::to_owned);
        let (Some(command), Some(folder)) = (text(&home.bin_path()), text(home.path())) else {
            let sentence = "The home's path is not plain text, so it cannot be written into a settings file. Name another with --home.";
            return Err(Denial::new(Code::InvalidRequest, sentence));
        };
        let args = ["mcp".into(), "--home".into(), folder, "--client".into(), client.id.into()];
        Ok(Entry { command, args: args.to_vec() })
    }

    pub(super) fn backups(&self, client: &Client) -> PathBuf {
        self.inner().home.backups().join(client.id)
    }

    fn backup_of(&self, client: &Client, path: &Path, bytes: &[u8]) -> PathBuf {
        write::backup_path(&self.backups(client), path, bytes)
    }
}

/// What the ledger says about a file after our entry was written. `None`: what it says already holds.
pub(super) fn next_record(
    client: &Client,
    place: &Place,
    entry: &Entry,
    edit: &Edit,
    before: Option<&[u8]>,
    record: Option<entries::Row>,
    backup: Option<&Path>,
) -> Option<entries::Row> {
    let entry_text = serde_json::to_string(entry).unwrap_or_default();
    let now = Timestamp::now().as_millisecond();
    let fresh = entries::Row {
        client: client.id.into(),
        path: place.key(),
        name: edit.name.clone(),
        entry_text,
        made: edit.made.as_str().into(),
        file_hash_after: edit.after.as_deref().map(sha256_hex).unwrap_or_default(),
        file_hash_before: before.map(sha256_hex),
        backup: backup.map(|path| path.to_string_lossy().into_owned()),
        written_ms: now,
        trouble: String::new(),
    };
    match record {
        Some(row) if edit.nothing_to_do && row.entry_text == fresh.entry_text && row.name == fresh.name => None,
        // Known under another name now; nothing was written, so what was said and done before still holds.
        Some(row) if edit.nothing_to_do => {
            Some(entries::Row { name: fresh.name, entry_text: fresh.entry_text, trouble: String::new(), ..row })
        }
        // Ours over ours, and nobody else wrote in between: Disconnect still goes back to the first text.
        Some(row) if before.is_some_and(|bytes| sha256_hex(bytes) == row.file_hash_after) => {
            Some(entries::Row { made: row.made, file_hash_before: row.file_hash_before, backup: row.backup, ..fresh })
        }
        // What was there before holds an entry of ours or is not known: Disconnect takes out the entry only.
        Some(row) => Some(entries::Row { made: row.made, file_hash_after: String::new(), ..fresh }),
        None if edit.nothing_to_do => Some(entries::Row { file_hash_after: String::new(), written_ms: 0, ..fresh }),
        None => Some(fresh),
    }
}

/// What a file held before our entry, from the backup, as far as it is still what was recorded. The
/// inner `None`: there was no file.
fn earlier_text(row: &entries::Row) -> Option<Option<Vec<u8>>> {
    match (&row.backup, &row.file_hash_before) {
        (None, None) => Some(None),
        (Some(backup), Some(hash)) => {
            let bytes = place::read(Path::new(backup)).ok().flatten()?;
            (sha256_hex(&bytes) == *hash).then_some(Some(bytes))
        }
        (Some(_), None) | (None, Some(_)) => None,
    }
}

fn read(environment: &Environment, place: &Place) -> Result<Option<Vec<u8>>, Denial> {
    place.read().map_err(|error| {
        Denial::new(
            Code::InvalidRequest,
            format!("{} cannot be read: {error}. It was not changed.", environment.shown(&place.path)),
        )
    })
}

const fn kind(kind: LineKind) -> DiffKind {
    match kind {
        LineKind::Same => DiffKind::Same,
        LineKind::Add => DiffKind::Add,
        LineKind::Del => DiffKind::Del,
        LineKind::Gap => DiffKind::Gap,
    }
}
