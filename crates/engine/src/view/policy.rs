//! The Policy page: one document, edited as a form or as text. The window holds the text while it is
//! edited and asks after each change what it means ([`PolicyLook`]); it decides nothing itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::DiffLine;
use crate::policy_file::Author;

/// The document and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PolicyPage {
    /// Where the file is.
    pub path: String,
    /// The version that rules; `None` where none does.
    pub running: Option<RunningVersion>,
    /// How the file on disk stands to it.
    pub file: PolicyFileState,
    /// What is wrong with the file, and what to do; empty where nothing is.
    pub sentence: String,
    /// The text on disk; where there is none, the text of the version that rules.
    pub text: String,
    /// SHA-256 of the text on disk in hex; empty where there is none. An edit is made on this.
    pub hash: String,
    /// A text that was being edited when the window closed; never active.
    pub kept: Option<KeptText>,
    /// An edit that would allow more and waits for the person.
    pub waiting: Option<WaitingEdit>,
    /// `provider/model` of every model that may be named, for lists to choose from.
    pub models: Vec<String>,
    /// Clients that may be named, for the dry run: id and title.
    pub clients: Vec<NamedChoice>,
}

/// Something to choose: what is written, and what is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NamedChoice {
    /// As written.
    pub id: String,
    /// As shown.
    pub title: String,
}

/// The version that rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunningVersion {
    /// Its place among all activations, from 1.
    pub number: u32,
    /// Its hash.
    pub hash: String,
    /// Who wrote it, where that is known.
    pub author: Option<Author>,
    /// Since when it rules, in ms since 1970.
    #[ts(type = "number")]
    pub since_ms: i64,
}

/// How the file on disk stands to the version that rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PolicyFileState {
    /// They are the same.
    Rules,
    /// It would allow more, and waits.
    Waits,
    /// It has errors; the last good version rules.
    Broken,
    /// There is no file; the last good version rules.
    Gone,
    /// It cannot be read.
    Unreadable,
}

/// A text that was being edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeptText {
    /// The text.
    pub text: String,
    /// The hash of the text it was made from.
    pub base: String,
    /// When it was kept, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// An edit that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WaitingEdit {
    /// The hash of its text.
    pub hash: String,
    /// When it was first seen, in ms since 1970.
    #[ts(type = "number")]
    pub seen_ms: i64,
    /// What it would allow, one sentence each, in plain words.
    pub widens: Vec<String>,
    /// Against the version that rules.
    pub diff: Vec<DiffLine>,
}

/// What a text means, without saving it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PolicyLook {
    /// Every problem, in the order of the text.
    pub problems: Vec<LintProblem>,
    /// The form; `None` where the text is not YAML that could be shown as one.
    pub form: Option<PolicyForm>,
    /// What saving would do.
    pub outlook: SaveState,
    /// What it would allow more than before.
    pub widens: Vec<String>,
    /// Against the text on disk.
    pub diff: Vec<DiffLine>,
}

/// One problem with its place. Lines and columns count from 1; a column counts UTF-16 units, as an
/// editor in a web view does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LintProblem {
    /// Whether the text can become active in spite of it.
    pub severity: LintSeverity,
    /// Its line.
    pub line: u32,
    /// Its first column.
    pub column: u32,
    /// The column behind its last one.
    pub end_column: u32,
    /// What is wrong and what to do.
    pub sentence: String,
    /// What could be written instead.
    pub fixes: Vec<QuickFix>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LintSeverity {
    /// The text cannot become active.
    Error,
    /// It can.
    Warning,
}

/// One way to mend a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuickFix {
    /// A button: "Write `gpt-6-mini`".
    pub title: String,
    /// The line it changes.
    pub line: u32,
    /// The first column it replaces.
    pub column: u32,
    /// The column behind the last one it replaces.
    pub end_column: u32,
    /// What is written there.
    pub text: String,
}

/// The document as a form. Values are as written; what is not written is `None`, and the default holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PolicyForm {
    /// `defaults.chat_default`.
    pub chat_default: Option<String>,
    /// The classes in the order of the file.
    pub classes: Vec<ClassForm>,
    /// `cost_preflight.warn_usd`, as written.
    pub warn_usd: Option<String>,
    /// `cost_preflight.block_usd`, as written.
    pub block_usd: Option<String>,
    /// Names of profiles.
    pub profiles: Vec<String>,
    /// Custom providers by id.
    pub providers: Vec<String>,
}

/// One class as a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClassForm {
    /// Its name.
    pub name: String,
    /// Its line, from 1.
    pub line: u32,
    /// Whether the form can edit it: a class with a single answer. A panel is edited as text.
    pub single: bool,
    /// What the class is for.
    pub rationale: Option<String>,
    /// `provider/model` of the first choice.
    pub model: String,
    /// Tried next, in order.
    pub fallback: Vec<String>,
    /// Shares in place of the first choice.
    pub split: Vec<ShareForm>,
    /// `fixed`, `cheapest`, `fastest`.
    pub strategy: Option<String>,
    /// The most output tokens.
    pub max_tokens: Option<String>,
    /// No model above it answers.
    pub tier: Option<String>,
    /// Passed on.
    pub temperature: Option<String>,
    /// The deadline of a call.
    pub timeout_s: Option<String>,
    /// Whether answers may be kept.
    pub cache: bool,
    /// The class for what is too long here.
    pub too_long: Option<String>,
    /// Whether the oldest turns may be left out.
    pub truncate_oldest: bool,
    /// Why calls of the class are refused; `None` where they are not.
    pub refused: Option<String>,
}

/// One share of a split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShareForm {
    /// `provider/model`.
    pub model: String,
    /// Percent, as written.
    pub percent: String,
}

/// One change of the document. Only the lines it names change; comments, order, line ends and the way a
/// map is written stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PolicyEdit {
    /// Writes a value; parents that are not there are made.
    Set {
        /// Where.
        path: Vec<PathStep>,
        /// What.
        value: EditValue,
    },
    /// Takes a value out, with its own comment lines; a map that becomes empty goes too.
    Remove {
        /// Where.
        path: Vec<PathStep>,
    },
    /// Puts an item into a list (made where it is not there), before the one at this place.
    Insert {
        /// The list.
        path: Vec<PathStep>,
        /// From 0; past the end is the end.
        at: u32,
        /// What.
        value: EditValue,
    },
    /// Moves an item of a list or an entry of a map, with its comments.
    Move {
        /// The list or map.
        path: Vec<PathStep>,
        /// From 0.
        from: u32,
        /// Its place afterwards, from 0.
        to: u32,
    },
    /// Gives an entry of a map another key. For a class, whatever names it is renamed with it.
    Rename {
        /// The entry.
        path: Vec<PathStep>,
        /// The new key.
        key: String,
    },
}

/// One step into the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum PathStep {
    /// An entry of a map.
    Key(String),
    /// An item of a list, from 0.
    Index(u32),
}

/// A value as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EditValue {
    /// A text; quoted where YAML needs it.
    Text {
        /// The text.
        text: String,
    },
    /// A number, `true` or `false`, written as it is.
    Plain {
        /// Digits with at most one point, or a word of YAML.
        text: String,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<EditValue>,
    },
    /// A map.
    Map {
        /// Its entries in their order.
        entries: Vec<EditEntry>,
    },
}

/// One entry of a map that is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EditEntry {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: EditValue,
}

/// What saving a text does, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SaveState {
    /// It is the version that rules.
    Same,
    /// It acts at once.
    Acts,
    /// It allows more, and waits for the person's yes.
    Waits,
    /// It has errors and is not written.
    Invalid,
    /// The file was changed by another program meanwhile; nothing was written.
    Moved,
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveOutcome {
    /// What happened.
    pub state: SaveState,
    /// The same in words, and what to do.
    pub sentence: String,
    /// The hash of the text on disk now.
    pub hash: String,
    /// The text on disk now, where another program changed it.
    pub theirs: Option<String>,
    /// The saved prompts, run on the text that was saved.
    pub checks: Vec<PromptCheck>,
}

/// Two edits of one text put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MergedText {
    /// The text; where both changed the same lines, both stand between marks.
    pub text: String,
    /// How many places need the person.
    pub conflicts: u32,
}

/// A prompt of the dry run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DryRun {
    /// The class; `None` with a model, or for `chat_default`.
    pub class: Option<String>,
    /// A model asked for by name.
    pub model: Option<String>,
    /// The prompt.
    pub prompt: String,
    /// As which client; `None` is the app itself.
    pub client: Option<String>,
    /// How many pictures of a megapixel go with it, at most 20.
    pub images: u32,
    /// The text to decide by; `None` is the version that rules.
    pub text: Option<String>,
}

/// A saved prompt with the model it should go to. Kept in the ledger because the person saved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PromptCheck {
    /// Its id; empty for a new one.
    pub id: String,
    /// What is asked.
    pub ask: DryRun,
    /// `provider/model` that should answer.
    pub expects: String,
    /// How it came out, where it was run.
    pub result: Option<CheckResult>,
}

/// How a saved prompt came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CheckResult {
    /// Whether the model is the expected one.
    pub passed: bool,
    /// The model that would answer; `None` where the call would be refused.
    pub answers: Option<String>,
    /// Why.
    pub reason: String,
}
