//! What the pages of the window show: one file per page. Plain values for the GUI contract: every
//! amount carries its text, made from the integer in Rust, so the web view computes no money.

use pointsman_core::money::MicroUsd;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub mod activity;
pub mod approval;
pub mod clients;
pub mod explain;
pub mod keys;
pub mod models;
mod money;
pub(crate) mod near;
pub mod overview;
pub mod policy;
pub mod request;
mod rests;
pub mod spend;
pub mod tray;
mod unreadable;

pub use activity::{ActivityPage, ActivityQuery, RequestRow, RequestState};
pub use approval::{ApprovalAnswer, ApprovalAsk, ApprovalGrant, ApprovalModel, ApprovalRoom};
pub use clients::{
    ClientCard, ClientState, ClientsPage, ConnectOutcome, ConnectPlan, DiffKind, DiffLine, FileError, TestOutcome,
};
pub use explain::{CapRoom, Explanation, ModelStanding};
pub use keys::{KeyOutcome, KeyRow, KeySource, KeyState, KeyStore, KeyStoreState, KeysPage, ProviderChoice};
pub use models::{
    AskedLists, ClassPart, FieldProblem, ModelCard, ModelForm, ModelLook, ModelMark, ModelPrice, ModelProvider,
    ModelRow, ModelUse, ModelsPage, OtherPrice, OtherStands, OwnSpeed, PriceStep, RowPrice, TryAnswer, TryOutlook,
    UsedAs,
};
pub use overview::{
    Action, ActionKind, ClientLine, Draft, Lamp, MoneyBar, Overview, PauseView, ProblemRow, Running, Status,
};

pub use policy::{
    CheckResult, ClassForm, DryRun, EditEntry, EditValue, KeptText, LintProblem, LintSeverity, MergedText, NamedChoice,
    PathStep, PolicyEdit, PolicyFileState, PolicyForm, PolicyLook, PolicyPage, PromptCheck, QuickFix, RunningVersion,
    SaveOutcome, SaveState, ShareForm, WaitingEdit,
};
pub use request::{
    AttemptEnd, AttemptWhy, CapChecked, PlannedModel, PolicyRuled, PriceLine, RequestDetail, RequestStep, TokenCounts,
};
pub use spend::{
    CapEdited, CapForm, Comparison, ExportFormat, LedgerFilter, LedgerPage, SpendBy, SpendPage, SpendPeriod,
};
pub use tray::{ModelSpend, PageName, Place, RaiseOffer, TrayView};

/// An amount with the text that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Money {
    /// Millionths of a dollar, for sorting and drawing.
    #[ts(type = "number")]
    pub micros: i64,
    /// As shown: `$1.42`.
    pub text: String,
}

impl Money {
    /// An amount as a row shows it.
    pub fn row(amount: MicroUsd) -> Self {
        Self { micros: amount.micros(), text: amount.to_string() }
    }

    /// An amount as a total or a cap shows it.
    pub fn total(amount: MicroUsd) -> Self {
        Self { micros: amount.micros(), text: amount.total() }
    }
}
