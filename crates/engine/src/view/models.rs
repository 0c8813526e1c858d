//! The Models page: a long list of which each row is small, and all about one model in a card. The list is
//! sent whole, so that filters and scrolling ask nobody: 2,000 rows are about 500 KB.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Money, PolicyEdit};

/// The list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelsPage {
    /// By id; those of routing.yaml first.
    pub rows: Vec<ModelRow>,
    /// Their providers, by id.
    pub providers: Vec<ModelProvider>,
    /// Where list prices are from: `genai-prices 0.2.1`.
    pub prices_from: String,
    /// The day of the list, as `2026-10-30`.
    pub prices_date: String,
    /// What came of asking the providers for their lists; `None` where nobody asked yet.
    pub lists: Option<AskedLists>,
    /// What the person should know: a policy that has errors.
    pub notices: Vec<String>,
}

/// What came of asking the providers for their lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AskedLists {
    /// When they were last asked, in ms since 1970.
    #[ts(type = "number")]
    pub asked_ms: i64,
    /// Titles of those whose list is known.
    pub known: Vec<String>,
    /// Why the last one of a provider could not be had, a sentence each. Its list of before is shown.
    pub failed: Vec<String>,
    /// What was left out of a list.
    pub notes: Vec<String>,
}

/// Who answers for models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelProvider {
    /// Its id, with which the ids of its models begin.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Whether it is on this machine.
    pub local: bool,
    /// Why it cannot be asked; `None` where it can.
    pub why_not: Option<String>,
}

/// One model as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelRow {
    /// `provider/model`.
    pub id: String,
    /// Whether it can be called, and if not, what is in the way.
    pub standing: ModelUse,
    /// How dear it is, as a label: `L0` to `L3`.
    pub tier: String,
    /// Tokens of context, where somebody says.
    #[ts(type = "number | null")]
    pub context: Option<u64>,
    /// For a million tokens; `None` where nobody says.
    pub price: Option<RowPrice>,
    /// How it answered one's own calls; `None` where it was not called in 30 days.
    pub speed: Option<OwnSpeed>,
    /// Facts.
    pub marks: Vec<ModelMark>,
}

/// Whether a model can be called, and if not, what is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ModelUse {
    /// It can.
    Ready,
    /// It could, but routing.yaml does not name it.
    Addable,
    /// Nobody says what it costs.
    Unpriced,
    /// Its provider has no key that can be used.
    Keyless,
    /// routing.yaml switches it off.
    Off,
    /// Its provider does not list it.
    Unlisted,
}

/// What a million tokens cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RowPrice {
    /// Read.
    pub input: Money,
    /// Made.
    pub output: Money,
}

/// How a model answered one's own calls, by the median.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OwnSpeed {
    /// To the first token, in ms.
    pub first_ms: u32,
    /// Output tokens in a second after it; `None` where no answer was long enough to tell.
    pub tokens_per_s: Option<u32>,
    /// From how many calls.
    pub calls: u32,
}

/// One fact about a model. What nobody says is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ModelMark {
    /// It reads pictures.
    Images,
    /// It calls tools.
    Tools,
    /// It reasons before it answers.
    Reasoning,
    /// It takes a JSON Schema for its answer.
    Schema,
    /// It runs on this machine.
    Local,
    /// routing.yaml names it.
    Listed,
    /// routing.yaml gives its price.
    OwnPrice,
    /// Another source says another price.
    TwoPrices,
    /// Its company is about to retire it, or has.
    Deprecated,
}

/// All about one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelCard {
    /// `provider/model`.
    pub id: String,
    /// The provider's name for people.
    pub provider: String,
    /// Whether it can be called.
    pub standing: ModelUse,
    /// Why not, and what to do.
    pub why_not: Option<String>,
    /// What routing.yaml says of it.
    pub form: ModelForm,
    /// The label that holds.
    pub tier: String,
    /// Why it has that label.
    pub tier_reason: String,
    /// Tokens of context that hold.
    #[ts(type = "number | null")]
    pub context: Option<u64>,
    /// The most output tokens, where somebody says.
    #[ts(type = "number | null")]
    pub max_output: Option<u64>,
    /// What it costs and who says so.
    pub price: Option<ModelPrice>,
    /// What another source says, where that is something else.
    pub other: Option<OtherPrice>,
    /// Facts.
    pub marks: Vec<ModelMark>,
    /// Which task classes use it, and as what.
    pub classes: Vec<ClassPart>,
    /// How it answered one's own calls.
    pub speed: Option<OwnSpeed>,
    /// Charged this month.
    pub month: Money,
    /// In how many calls.
    pub month_calls: u32,
    /// When this month ends, in ms since 1970.
    #[ts(type = "number")]
    pub month_ends_ms: i64,
    /// Caps that count this model alone: `$5.00 a month`.
    pub caps: Vec<String>,
    /// Calls of this month that were reckoned at another price than the one that holds.
    pub reckoned_otherwise: u32,
}

/// What routing.yaml says of a model, as it is typed. Empty is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelForm {
    /// What it is.
    pub description: String,
    /// What it is good for.
    pub use_for: String,
    /// What it is not good for.
    pub avoid_for: String,
    /// Other names, with commas between.
    pub aliases: String,
    /// `L0` to `L3`.
    pub tier: String,
    /// Tokens of context.
    pub context: String,
    /// The most output tokens.
    pub max_output: String,
    /// US dollars for a million tokens read.
    pub input: String,
    /// And made.
    pub output: String,
    /// And read from the provider's cache.
    pub cached_input: String,
    /// And written to it.
    pub cache_write: String,
    /// Whether it may be used.
    pub enabled: bool,
}

/// What a model costs and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelPrice {
    /// What holds below every step, then the steps.
    pub steps: Vec<PriceStep>,
    /// For each call whatever its size; `None` where nothing.
    pub request: Option<Money>,
    /// Who says so.
    pub source: String,
    /// Whether that is routing.yaml.
    pub own: bool,
}

/// Prices of a million tokens in a call of more than so many tokens of input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceStep {
    /// More than so many; 0 for all calls below the first step.
    #[ts(type = "number")]
    pub above: u64,
    /// Read.
    pub input: Money,
    /// Made.
    pub output: Money,
    /// Read from the provider's cache.
    pub cached_input: Option<Money>,
    /// Written to it.
    pub cache_write: Option<Money>,
}

/// What another source says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OtherPrice {
    /// Who: "OpenRouter's list of today".
    pub who: String,
    /// Read.
    pub input: Money,
    /// Made.
    pub output: Money,
    /// How it stands to the price that is reserved.
    pub stands: OtherStands,
    /// The dearer of both, as it would be typed: read.
    pub input_typed: String,
    /// The dearer of both: made.
    pub output_typed: String,
}

/// How another price stands to the one that is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OtherStands {
    /// Some part of it is dearer.
    Dearer,
    /// No part of it is.
    Cheaper,
    /// Nothing is reserved: nobody else says a price.
    Alone,
}

/// A task class that uses a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClassPart {
    /// The class.
    pub class: String,
    /// As what.
    pub part: UsedAs,
}

/// As what a class uses a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum UsedAs {
    /// It answers first, or a share of the calls.
    First,
    /// It answers where the first does not.
    Fallback,
}

/// What a form that is being typed comes to, without writing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelLook {
    /// The very text of `chat_completion` that a caller would read.
    pub text: String,
    /// Tokens that all models' words together would take.
    pub tokens: u32,
    /// The most that are sent.
    pub budget: u32,
    /// Models that would not fit.
    pub left_out: u32,
    /// Whether this model's words are in the text.
    pub shown: bool,
    /// Whether they are cut at the most characters of one model; then that many, else `None`.
    pub cut_at: Option<u32>,
    /// What is wrong with a field.
    pub problems: Vec<FieldProblem>,
    /// The edits of routing.yaml that write the form; none where it is written already.
    pub edits: Vec<PolicyEdit>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldProblem {
    /// The name of the field in the form.
    pub field: String,
    /// What is wrong, and what to write.
    pub sentence: String,
}

/// What one prompt would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TryOutlook {
    /// What it probably costs.
    pub likely: Option<Money>,
    /// The most it can cost: what would be held.
    pub worst: Option<Money>,
    /// Why it would not be sent.
    pub why_not: Option<String>,
}

/// What came of one prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TryAnswer {
    /// The answer.
    pub text: Option<String>,
    /// Why there is none.
    pub sentence: Option<String>,
    /// The same for machines.
    pub code: Option<String>,
    /// Charged, failed attempts included.
    pub cost: Money,
    /// Whether a part of that is assumed because nobody counted.
    pub assumed: bool,
    /// To the first token, in ms.
    #[ts(type = "number | null")]
    pub first_ms: Option<u64>,
    /// To the end, in ms.
    #[ts(type = "number")]
    pub took_ms: u64,
    /// Tokens read and made.
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    /// What the person should know.
    pub warnings: Vec<String>,
}
