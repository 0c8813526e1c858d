// Made from the command list in src-tauri/rpc.rs; do not edit.
// To renew: UPDATE_BINDINGS=1 cargo test --bin pointsman-app bindings

/** A button of a problem. */
export type Action = {
/** What it does. */
kind: ActionKind,
/** What it says. */
label: string,
/** Which provider or client it is about. */
target: string | null, };

/** What a problem's button does in the window. */
export type ActionKind = "open_keys" | "open_clients" | "open_spend" | "open_policy_file" | "resume" | "unlock_keychain";

/** The page: newest first. */
export type ActivityPage = {
/** At most 200 rows. */
rows: Array<RequestRow>,
/** Requests today. */
today_requests: number,
/** Charged today. */
today: Money,
/** What [`ActivityQuery::before`] takes for the rows that follow; `None` where there are none. */
older: string | null, };

/** A share at which the person is told. */
export type AlertMark = {
/** Percent of the limit in the file. */
percent: number,
/** Whether the charge has reached it. */
passed: boolean, };

/** What the person says. */
export type ApprovalAnswer = "allow_once" | "allow_always" | "deny";

/** What the window shows. */
export type ApprovalAsk = {
/** Its name. */
id: string,
/** Goes back with the answer, and is good for one. */
nonce: string,
/** `Claude Desktop`. */
client: string,
/** The task class. */
class: string,
/** Why a dearer model, in a sentence. */
why: string,
/** The model that would answer without asking. */
from: ApprovalModel,
/** The one that is asked for. */
to: ApprovalModel,
/** What it probably costs. */
likely: Money,
/** What it costs at most. */
worst: Money,
/** What is left of the tightest cap; `None` where none counts it. */
left: ApprovalRoom | null,
/** What would be sent, byte for byte; empty where nothing but the call itself would. */
handoff: string,
/** What happens on a no. */
otherwise: string,
/** When no answer becomes a no, in ms since 1970. */
expires_ms: number,
/** "Always", where that is offered. */
grant: ApprovalGrant | null,
/** How many more questions wait behind this one. */
waiting: number, };

/** What "always" would mean. */
export type ApprovalGrant = {
/** Up to this tier. */
tier: string,
/** For so many days. */
days: number, };

/** A model with its tier. */
export type ApprovalModel = {
/** Without its provider. */
model: string,
/** `openai`. */
provider: string,
/** `L1`. */
tier: string, };

/** What is left of a cap. */
export type ApprovalRoom = {
/** `day`. */
window: string,
/** How much. */
left: Money, };

/** What came of asking the providers for their lists. */
export type AskedLists = {
/** When they were last asked, in ms since 1970. */
asked_ms: number,
/** Titles of those whose list is known. */
known: Array<string>,
/** Why the last one of a provider could not be had, a sentence each. Its list of before is shown. */
failed: Array<string>,
/** What was left out of a list. */
notes: Array<string>, };

/** How an attempt ended. */
export type AttemptEnd = "running" | "answered" | "failed" | "cancelled" | "lost";

/** Why an attempt was made. */
export type AttemptWhy = "first" | "local" | "retry" | "mend" | "fallback";

/** Who wrote a version. */
export type Author = "first" | "form" | "text" | "external" | "tournament";

/** One bar. */
export type Bucket = {
/** When it begins, in ms since 1970. */
start_ms: number,
/** All that was charged in it. */
total: Money,
/** Whether it has not begun yet. */
to_come: boolean, };

/** What one bar stands for. */
export type BucketUnit = "hour" | "day" | "week" | "month";

/** What answers that were kept would have cost again. */
export type CacheSaving = {
/** How many were given again. */
answers: number,
/** What their tokens would have cost at the price of the day they were given again. */
saved: Money, };

/** One account of one cap. */
export type CapCard = {
/** [`Cap::identity`]: what an edit or a raise names. */
identity: string,
/** The account; empty for a cap over all, for calls without a client or project, and where a cap on each has no account yet. */
account: string,
/** The account as shown: `Claude Desktop`. */
account_title: string,
/** What it counts. */
scope: CapScope,
/** The name in the file; `None` for all and for each. */
name: string | null,
/** Over which span. */
window: CapWindow,
/** What happens at it. */
on_hit: CapOnHit,
/** The limit, with what it was raised by once. */
limit: Money,
/** The limit in the file, digits only, as a field takes it. */
written: string,
/** What it was raised by once for this window. */
raised: Money | null,
/** Charged in the window; `None` where there is no account to show: call, flow, and each without one. */
used: Money | null,
/** Held in the window. */
held: Money,
/** Limit − used − held. */
left: Money,
/** Used, in basis points of the limit. */
used_bp: number,
/** Held, in basis points of the limit. */
held_bp: number,
/** When the window begins, in ms since 1970. */
since_ms: number | null,
/** When it ends; `None` for call, flow and total. */
resets_ms: number | null,
/** Its alerts. */
alerts: Array<AlertMark>,
/** Its line in routing.yaml, from 1. */
line: number,
/** Calls it refused in this window. */
refused: number,
/** What Raise once offers, where the cap can be raised: a cap that only warns or has no window cannot. */
raise: RaiseOffer | null, };

/** A cap as a hold found it. */
export type CapChecked = {
/** `Day cap of $5.00`. */
title: string,
/** What was left of it. */
left: Money,
/** What the call may need there. */
needed: Money,
/** `None` where there was room, else what it does: `block`, `ask`, `local_only` or `warn`. */
hit: string | null, };

/** Names a cap can have, by what it counts. */
export type CapChoices = {
/** Providers the policy uses. */
providers: Array<NamedChoice>,
/** Models that may be named. */
models: Array<NamedChoice>,
/** Clients that can be connected or were seen. */
clients: Array<NamedChoice>,
/** Task classes. */
classes: Array<NamedChoice>,
/** Projects that were seen. */
projects: Array<NamedChoice>,
/** Whether a class has a model of this machine: then a cap can leave those. */
local: boolean, };

/** What became of an edit: faults, and then nothing was written, or what saving did. */
export type CapEdited = {
/** What is wrong with the fields. */
faults: Array<CapFault>,
/** What saving did; `None` with faults. */
saved: SaveOutcome | null, };

/** What is wrong with a field, and what to write instead. */
export type CapFault = {
/** Which field. */
field: CapField,
/** The sentence. */
sentence: string, };

/** A field of the form. */
export type CapField = "name" | "limit" | "alerts";

/** A cap as a form has it: amounts as typed. */
export type CapForm = {
/** What it counts. */
scope: CapScope,
/** Which one; empty for each, and for all. */
name: string,
/** Over which span. */
window: CapWindow,
/** The limit in US dollars, as typed. */
limit: string,
/** What happens at it. */
on_hit: CapOnHit,
/** Percentages, as typed: `50, 80, 100`; empty for none. */
alerts: string, };

/** What happens at a cap, as a word. */
export type CapOnHit = "block" | "warn" | "local_only" | "ask";

/** One cap that would count the call. */
export type CapRoom = {
/** "the day cap of $2.00". */
title: string,
/** Where it stands in routing.yaml. */
line: number,
/** The limit. */
limit: Money,
/** Charged in its window. */
used: Money,
/** Held by calls under way. */
held: Money,
/** Limit − used − held. */
left: Money,
/** What this call would hold. */
needed: Money,
/** Whether that fits. */
fits: boolean,
/** Whether the call would be stopped by it; a cap that only warns stops none. */
stops: boolean,
/** When its window ends, in ms since 1970; `None` for call and flow. */
resets_ms: number | null, };

/** What a cap counts, as a word. */
export type CapScope = "all" | "provider" | "model" | "client" | "task_class" | "project";

/** Over which span a cap counts, as a word. */
export type CapWindow = "call" | "flow" | "hour" | "day" | "week" | "month" | "total";

/** The payload of the event `changed`: what moved, so that a page fetches again what it shows. */
export type Changed = {
/** Each once. */
topics: Array<Topic>, };

/** How a saved prompt came out. */
export type CheckResult = {
/** Whether the model is the expected one. */
passed: boolean,
/** The model that would answer; `None` where the call would be refused. */
answers: string | null,
/** Why. */
reason: string, };

/** One class as a card. */
export type ClassForm = {
/** Its name. */
name: string,
/** Its line, from 1. */
line: number,
/** Whether the form can edit it: a class with a single answer. A panel is edited as text. */
single: boolean,
/** What the class is for. */
rationale: string | null,
/** `provider/model` of the first choice. */
model: string,
/** Tried next, in order. */
fallback: Array<string>,
/** Shares in place of the first choice. */
split: Array<ShareForm>,
/** `fixed`, `cheapest`, `fastest`. */
strategy: string | null,
/** The most output tokens. */
max_tokens: string | null,
/** No model above it answers. */
tier: string | null,
/** Passed on. */
temperature: string | null,
/** The deadline of a call. */
timeout_s: string | null,
/** Whether answers may be kept. */
cache: boolean,
/** The class for what is too long here. */
too_long: string | null,
/** Whether the oldest turns may be left out. */
truncate_oldest: boolean,
/** Why calls of the class are refused; `None` where they are not. */
refused: string | null, };

/** A task class that uses a model. */
export type ClassPart = {
/** The class. */
class: string,
/** As what. */
part: UsedAs, };

/** One client on this computer. */
export type ClientCard = {
/** `claude-desktop`. */
id: string,
/** `Claude Desktop`. */
title: string,
/** How it stands. */
state: ClientState,
/** The settings file, resolved, `~` for the person's folder. The first of `paths`. */
path: string,
/** All settings files found (the Windows packages keep two). */
paths: Array<string>,
/** Whether its program runs now. */
running: boolean,
/** The last call, in ms since 1970. */
last_call_ms: number | null,
/** When it last said hello, in ms since 1970. */
hello_ms: number | null,
/** Charged today. */
today: Money,
/** Calls today. */
calls_today: number,
/** Backups we keep of its file. */
backups: number,
/** Our entry as it is written, one line of JSON, secrets masked. */
entry: string | null,
/** The other servers in the file, by name. */
others: Array<string>,
/** Why the file cannot be read. */
error: FileError | null,
/** Where we looked, for "not installed". */
looked_in: Array<string>, };

/** A client in one line. */
export type ClientLine = {
/** `claude-desktop`. */
id: string,
/** `Claude Desktop`. */
title: string,
/** Its state. */
state: ClientState,
/** Its last call, in ms since 1970. */
last_call_ms: number | null, };

/** How a client stands. */
export type ClientState = "connected" | "waiting" | "not_connected" | "drifted" | "unreadable" | "read_only" | "not_installed";

/** The page. */
export type ClientsPage = {
/** One card each. */
clients: Array<ClientCard>, };

/** What the tokens of a period would have cost at one model. */
export type Comparison = {
/** Whose price. */
model: string,
/** Where that price comes from. */
price_source: string,
/** What those tokens would have cost. */
would: Money,
/** What the same calls were charged. */
was: Money,
/** The difference, without a sign. */
difference: Money,
/** Whether they would have cost more. */
dearer: boolean,
/** Calls whose tokens are known. */
counted: number,
/** Calls that are left out because nobody counted their tokens. */
uncounted: number,
/** How it is made. */
method: string, };

/** What Connect or Disconnect did. */
export type ConnectOutcome = {
/** Whether the file is as wanted now. */
done: boolean,
/** What happened and what to do next. */
sentence: string,
/** The backup that was made. */
backup: string | null, };

/** What Connect or Disconnect would write. Nothing has been written yet. */
export type ConnectPlan = {
/** Names this plan; the file must still be what it was when it is applied. */
hash: string,
/** The client. */
client: string,
/** The file. */
path: string,
/** The name of our entry; where the client has two files, in the one that this is about. */
name: string,
/** The name that was asked for: what Connect is told with the hash. The files may hold others. */
asked: string,
/** Line by line with three lines around each change, secrets masked. */
diff: Array<DiffLine>,
/** Lines added. */
added: number,
/** Lines removed. */
removed: number,
/** Where the backup will be. */
backup: string,
/** Whether the client runs and would overwrite the change. */
running: boolean,
/** The file is already as wanted. */
nothing_to_do: boolean,
/** An entry of this name exists that is not ours: its text. `name` is then a free one, and Replace is the other choice. */
taken: string | null,
/** The person added something to our entry that stays and may hold a key. */
keeps_secrets: boolean, };

/** What a line of a diff is. */
export type DiffKind = "same" | "add" | "del" | "gap";

/** One line of a diff. */
export type DiffLine = {
/** What it is. */
kind: DiffKind,
/** Its number in the old file for `del`, else in the new one. */
number: number,
/** The text without its line end. */
text: string, };

/** An edit that waits. */
export type Draft = {
/** Of its text; Activate and Discard name it, so that they act on what was shown. */
hash: string,
/** When it was first seen, in ms since 1970. */
seen_ms: number,
/** What it would widen, a plain sentence each. */
widens: Array<string>,
/** Against the active version. */
diff: Array<DiffLine>, };

/** A prompt of the dry run. */
export type DryRun = {
/** The class; `None` with a model, or for `chat_default`. */
class: string | null,
/** A model asked for by name. */
model: string | null,
/** The prompt. */
prompt: string,
/** As which client; `None` is the app itself. */
client: string | null,
/** How many pictures of a megapixel go with it, at most 20. */
images: number,
/** The text to decide by; `None` is the version that rules. */
text: string | null, };

/** One entry of a map that is to be written. */
export type EditEntry = {
/** Its key. */
key: string,
/** Its value. */
value: EditValue, };

/** A value as it is to be written. */
export type EditValue = { "kind": "text",
/** The text. */
text: string, } | { "kind": "plain",
/** Digits with at most one point, or a word of YAML. */
text: string, } | { "kind": "list",
/** Its items. */
items: Array<EditValue>, } | { "kind": "map",
/** Its entries in their order. */
entries: Array<EditEntry>, };

/** Which model would answer and why, or why none would. */
export type Explanation = {
/** The model that would be asked first; `None` where the call would be refused. */
answers: string | null,
/** Why that model, or why none. */
reason: string,
/** The code a refused call would get. */
code: string | null,
/** The class it would be recorded under. */
class: string,
/** `defaults.summarize`, or `model` for a named one. */
rule: string,
/** The line of the rule in routing.yaml. */
line: number | null,
/** The version of the policy, in the person's own words. */
policy_version: string,
/** The profile that is chosen. */
profile: string | null,
/** Every candidate: those that would be tried in their order, then those that would not. */
models: Array<ModelStanding>,
/** The caps that would count the call. */
caps: Array<CapRoom>,
/** The most tokens the prompt can be. */
most_input_tokens: number,
/** What the data policy says. */
data_policy: string,
/** Whether a kept answer may be given. */
cache: string,
/** What the caller would be told besides. */
warnings: Array<string>, };

/** How a file is written. */
export type ExportFormat = "csv" | "json";

/** What is wrong with a field. */
export type FieldProblem = {
/** The name of the field in the form. */
field: string,
/** What is wrong, and what to write. */
sentence: string, };

/** Why a file cannot be read, with its place. */
export type FileError = {
/** From 1; 0 where there is no place. */
line: number,
/** From 1; 0 where there is no place. */
column: number,
/** What is wrong. */
sentence: string,
/** The number of the first of `lines`. */
first_line: number,
/** A few lines around the place, secrets masked. */
lines: Array<string>, };

/** A range, rounded outwards. */
export type ForecastRange = {
/** `$29 to $36`. */
text: string,
/** The cheaper end of a day to come. */
day_low: Money,
/** The dearer end of a day to come. */
day_high: Money,
/** How many whole days it is from. */
from_days: number, };

/** A text that was being edited. */
export type KeptText = {
/** The text. */
text: string,
/** The hash of the text it was made from. */
base: string,
/** When it was kept, in ms since 1970. */
at_ms: number, };

/** What became of a key that was given. */
export type KeyOutcome = {
/** Whether it is in the keychain now. */
stored: boolean,
/** What the check found. */
state: KeyState,
/** A sentence: what happened and what to do. */
sentence: string, };

/** One provider's key. */
export type KeyRow = {
/** `openai`. */
provider: string,
/** `OpenAI`. */
title: string,
/** Where the key is sent and nowhere else: `api.openai.com`. */
origin: string,
/** Where it comes from. */
source: KeySource,
/** The variable, for `env`. */
env: string | null,
/** Its last four characters. */
last4: string | null,
/** The first 8 hex digits of its SHA-256, in two groups. */
fingerprint: string | null,
/** Whether it works. */
state: KeyState,
/** When that was found out, in ms since 1970. */
checked_ms: number | null,
/** How many models it can reach. */
models: number | null,
/** Charged this month. */
month: Money,
/** The provider's own words, or what to do. */
message: string | null,
/** Task classes whose first choice is with this provider. */
classes: Array<string>, };

/** Where a key comes from. */
export type KeySource = "keychain" | "env" | "none";

/** Whether a key works. */
export type KeyState = "valid" | "refused" | "no_credit" | "rate_limited" | "unreachable" | "not_checked" | "missing" | "locked" | "other_origin";

/** The OS keychain. */
export type KeyStore = {
/** Whether it can be used. */
state: KeyStoreState,
/** Its name: "GNOME Keyring", "macOS Keychain", "Windows Credential Manager". */
name: string,
/** What is wrong and what to do; empty while ready. */
sentence: string, };

/** Whether the keychain can be used. */
export type KeyStoreState = "ready" | "locked" | "missing";

/** The page. */
export type KeysPage = {
/** The OS keychain. */
store: KeyStore,
/** Providers that have a key, need none, or are used by the policy. */
rows: Array<KeyRow>,
/** Providers a key can be added for. */
providers: Array<ProviderChoice>, };

/** How bad something is; drawn as a shape. */
export type Lamp = "stop" | "caution" | "clear" | "off";

/** Which rows. */
export type LedgerFilter = {
/** Of which days. */
period: SpendPeriod,
/** A part of class, model, client, project or request id; empty for all. */
text: string,
/** Only this client; empty is calls without one. */
client: string | null,
/** Only this `provider/model`. */
model: string | null,
/** Only this class. */
class: string | null,
/** Only rows of this kind. */
mark: LedgerMark | null, };

/** A kind of rows. */
export type LedgerMark = "running" | "measured" | "reported" | "assumed" | "free" | "adjusted" | "over_hold";

/** One page of rows, newest first. */
export type LedgerPage = {
/** At most 200. */
rows: Array<LedgerRow>,
/** Where the next page begins; `None` at the end. */
next: string | null,
/** Of all rows that fit, not only of this page. */
sums: LedgerSums,
/** Clients that have rows in the period. */
clients: Array<NamedChoice>,
/** Models that have rows in the period. */
models: Array<string>,
/** Classes that have rows in the period. */
classes: Array<string>, };

/** One attempt. */
export type LedgerRow = {
/** Its number in the ledger. */
id: number,
/** The request it belongs to. */
request: string,
/** Which attempt of it, from 1. */
nth: number,
/** When it was sent, in ms since 1970. */
at_ms: number,
/** `claude-desktop`; empty for the app and the command line. */
client: string,
/** `Claude Desktop`, `Command line`. */
client_title: string,
/** The project; empty for none. */
project: string,
/** The task class. */
class: string,
/** The provider. */
provider: string,
/** The model. */
model: string,
/** Tokens read; `None` where nobody counted. */
input: number | null,
/** Of those, from the provider's cache. */
cached: number | null,
/** Tokens made. */
output: number | null,
/** Of those, reasoning. */
reasoning: number | null,
/** What was held for it: its worst case. */
held: Money,
/** Charged, with what was corrected; `None` while it is under way. */
charged: Money | null,
/** What was added or taken back later. */
adjusted: Money | null,
/** Who says what it cost. */
settled_by: SettledBy,
/** Whether it was charged more than was held. */
over_hold: boolean,
/** Whose price; empty in rows of old versions. */
price_source: string,
/** The code of its failure, where it failed. */
failure: string | null, };

/** Sums of all rows that fit. */
export type LedgerSums = {
/** How many. */
rows: number,
/** Tokens read. */
input: number,
/** Of those, from the provider's cache. */
cached: number,
/** Tokens made. */
output: number,
/** Of those, reasoning. */
reasoning: number,
/** Charged, with what was corrected. */
charged: Money,
/** Held by those under way. */
held: Money, };

/** One problem with its place. Lines and columns count from 1; a column counts UTF-16 units, as an editor in a web view does. */
export type LintProblem = {
/** Whether the text can become active in spite of it. */
severity: LintSeverity,
/** Its line. */
line: number,
/** Its first column. */
column: number,
/** The column behind its last one. */
end_column: number,
/** What is wrong and what to do. */
sentence: string,
/** What could be written instead. */
fixes: Array<QuickFix>, };

/** How bad a problem is. */
export type LintSeverity = "error" | "warning";

/** Two edits of one text put together. */
export type MergedText = {
/** The text; where both changed the same lines, both stand between marks. */
text: string,
/** How many places need the person. */
conflicts: number, };

/** All about one model. */
export type ModelCard = {
/** `provider/model`. */
id: string,
/** The provider's name for people. */
provider: string,
/** Whether it can be called. */
standing: ModelUse,
/** Why not, and what to do. */
why_not: string | null,
/** What routing.yaml says of it. */
form: ModelForm,
/** The label that holds. */
tier: string,
/** Why it has that label. */
tier_reason: string,
/** Tokens of context that hold. */
context: number | null,
/** The most output tokens, where somebody says. */
max_output: number | null,
/** What it costs and who says so. */
price: ModelPrice | null,
/** What another source says, where that is something else. */
other: OtherPrice | null,
/** Facts. */
marks: Array<ModelMark>,
/** Which task classes use it, and as what. */
classes: Array<ClassPart>,
/** How it answered one's own calls. */
speed: OwnSpeed | null,
/** Charged this month. */
month: Money,
/** In how many calls. */
month_calls: number,
/** When this month ends, in ms since 1970. */
month_ends_ms: number,
/** Caps that count this model alone: `$5.00 a month`. */
caps: Array<string>,
/** Calls of this month that were reckoned at another price than the one that holds. */
reckoned_otherwise: number, };

/** What routing.yaml says of a model, as it is typed. Empty is not written. */
export type ModelForm = {
/** What it is. */
description: string,
/** What it is good for. */
use_for: string,
/** What it is not good for. */
avoid_for: string,
/** Other names, with commas between. */
aliases: string,
/** `L0` to `L3`. */
tier: string,
/** Tokens of context. */
context: string,
/** The most output tokens. */
max_output: string,
/** US dollars for a million tokens read. */
input: string,
/** And made. */
output: string,
/** And read from the provider's cache. */
cached_input: string,
/** And written to it. */
cache_write: string,
/** Whether it may be used. */
enabled: boolean, };

/** What a form that is being typed comes to, without writing it. */
export type ModelLook = {
/** The very text of `chat_completion` that a caller would read. */
text: string,
/** Tokens that all models' words together would take. */
tokens: number,
/** The most that are sent. */
budget: number,
/** Models that would not fit. */
left_out: number,
/** Whether this model's words are in the text. */
shown: boolean,
/** Whether they are cut at the most characters of one model; then that many, else `None`. */
cut_at: number | null,
/** What is wrong with a field. */
problems: Array<FieldProblem>,
/** The edits of routing.yaml that write the form; none where it is written already. */
edits: Array<PolicyEdit>, };

/** One fact about a model. What nobody says is absent. */
export type ModelMark = "images" | "tools" | "reasoning" | "schema" | "local" | "listed" | "own_price" | "two_prices" | "deprecated";

/** What a model costs and who says so. */
export type ModelPrice = {
/** What holds below every step, then the steps. */
steps: Array<PriceStep>,
/** For each call whatever its size; `None` where nothing. */
request: Money | null,
/** Who says so. */
source: string,
/** Whether that is routing.yaml. */
own: boolean, };

/** Who answers for models. */
export type ModelProvider = {
/** Its id, with which the ids of its models begin. */
id: string,
/** Its name for people. */
title: string,
/** Whether it is on this machine. */
local: boolean,
/** Why it cannot be asked; `None` where it can. */
why_not: string | null, };

/** One model as the list shows it. */
export type ModelRow = {
/** `provider/model`. */
id: string,
/** Whether it can be called, and if not, what is in the way. */
standing: ModelUse,
/** How dear it is, as a label: `L0` to `L3`. */
tier: string,
/** Tokens of context, where somebody says. */
context: number | null,
/** For a million tokens; `None` where nobody says. */
price: RowPrice | null,
/** How it answered one's own calls; `None` where it was not called in 30 days. */
speed: OwnSpeed | null,
/** Facts. */
marks: Array<ModelMark>, };

/** One candidate. */
export type ModelStanding = {
/** `provider/model`. */
model: string,
/** Its place in the order, from 1; `None` where it would not be tried. */
place: number | null,
/** L0 to L3. */
tier: string,
/** Why: "as routing.yaml labels it", "$4.00 for a million tokens of output". */
tier_reason: string,
/** What a call would probably cost. */
likely: Money | null,
/** What one attempt can cost at most. */
worst: Money | null,
/** The most output tokens, as sent. */
max_tokens: number | null,
/** Where its price comes from. */
price_source: string,
/** Why it would not be tried. */
why_not: string | null, };

/** Whether a model can be called, and if not, what is in the way. */
export type ModelUse = "ready" | "addable" | "unpriced" | "keyless" | "off" | "unlisted";

/** The list. */
export type ModelsPage = {
/** By id; those of routing.yaml first. */
rows: Array<ModelRow>,
/** Their providers, by id. */
providers: Array<ModelProvider>,
/** Where list prices are from: `genai-prices 0.2.1`. */
prices_from: string,
/** The day of the list, as `2026-10-30`. */
prices_date: string,
/** What came of asking the providers for their lists; `None` where nobody asked yet. */
lists: AskedLists | null,
/** What the person should know: a policy that has errors. */
notices: Array<string>, };

/** An amount with the text that shows it. */
export type Money = {
/** Millionths of a dollar, for sorting and drawing. */
micros: number,
/** As shown: `$1.42`. */
text: string, };

/** Money of one window against the cap for all calls. */
export type MoneyBar = {
/** Settled. */
used: Money,
/** Reserved by calls under way. */
held: Money,
/** Cap − used − held. */
left: Money | null,
/** The cap, where one is set, with what it was raised by once. */
limit: Money | null,
/** Of that, raised once for this window. */
raised: Money | null,
/** Where no cap stops calls: the lowest one at which they go on with a warning. */
warns_at: Money | null,
/** Used, in basis points of the cap. */
used_bp: number,
/** Held, in basis points of the cap. */
held_bp: number,
/** When the window ends, in ms since 1970. */
resets_ms: number, };

/** What this month may come to, or why that cannot be said yet. */
export type MonthForecast = {
/** `None` while there are too few days. */
range: ForecastRange | null,
/** How it is made, or what is missing. */
method: string,
/** When the month ends, in ms since 1970. */
ends_ms: number, };

/** Something to choose: what is written, and what is shown. */
export type NamedChoice = {
/** As written. */
id: string,
/** As shown. */
title: string, };

/** What another source says. */
export type OtherPrice = {
/** Who: "OpenRouter's list of today". */
who: string,
/** Read. */
input: Money,
/** Made. */
output: Money,
/** How it stands to the price that is reserved. */
stands: OtherStands,
/** The dearer of both, as it would be typed: read. */
input_typed: string,
/** The dearer of both: made. */
output_typed: string, };

/** How another price stands to the one that is reserved. */
export type OtherStands = "dearer" | "cheaper" | "alone";

/** The first page. */
export type Overview = {
/** Whether the ledger can be read. Where not, no amount is known and no request is listed. */
readable: boolean,
/** Today's money. */
today: MoneyBar,
/** This month's money. */
month: MoneyBar,
/** Requests of the last 24 hours, by hour, oldest first; 24 numbers, or none while not readable. */
hours: Array<number>,
/** Their sum. */
requests_24h: number,
/** What should be looked at, worst first. */
problems: Array<ProblemRow>,
/** The last five requests. */
recent: Array<RequestRow>,
/** Known clients. */
clients: Array<ClientLine>,
/** An edit of routing.yaml from outside that widens and waits for an answer. */
draft: Draft | null,
/** Where routing.yaml is. */
policy_path: string, };

/** How a model answered one's own calls, by the median. */
export type OwnSpeed = {
/** To the first token, in ms. */
first_ms: number,
/** Output tokens in a second after it; `None` where no answer was long enough to tell. */
tokens_per_s: number | null,
/** From how many calls. */
calls: number, };

/** A page of the window, by the name in its address. */
export type PageName = "overview" | "keys" | "models" | "policy" | "spend" | "clients" | "activity";

/** One step into the document. */
export type PathStep = string | number;

/** For how long. */
export type PauseSpan = "hour" | "tomorrow" | "until_resumed";

/** A pause under way. */
export type PauseView = {
/** When it ends by itself (ms since 1970), or never. */
until_ms: number | null, };

/** A place in the window: a page, and what on it is meant. */
export type Place = {
/** The page. */
page: PageName,
/** The row or card, as the page names it: a provider on Keys, a client on Clients, a cap's row id on Spend. */
anchor: string | null, };

/** A model of the plan. */
export type PlannedModel = {
/** `provider/model`. */
model: string,
/** `L1`. */
tier: string, };

/** One change of the document. Only the lines it names change; comments, order, line ends and the way a map is written stay. */
export type PolicyEdit = { "kind": "set",
/** Where. */
path: Array<PathStep>,
/** What. */
value: EditValue, } | { "kind": "remove",
/** Where. */
path: Array<PathStep>, } | { "kind": "insert",
/** The list. */
path: Array<PathStep>,
/** From 0; past the end is the end. */
at: number,
/** What. */
value: EditValue, } | { "kind": "move",
/** The list or map. */
path: Array<PathStep>,
/** From 0. */
from: number,
/** Its place afterwards, from 0. */
to: number, } | { "kind": "rename",
/** The entry. */
path: Array<PathStep>,
/** The new key. */
key: string, };

/** How the file on disk stands to the version that rules. */
export type PolicyFileState = "rules" | "waits" | "broken" | "gone" | "unreadable";

/** The document as a form. Values are as written; what is not written is `None`, and the default holds. */
export type PolicyForm = {
/** `defaults.chat_default`. */
chat_default: string | null,
/** The classes in the order of the file. */
classes: Array<ClassForm>,
/** `cost_preflight.warn_usd`, as written. */
warn_usd: string | null,
/** `cost_preflight.block_usd`, as written. */
block_usd: string | null,
/** Names of profiles. */
profiles: Array<string>,
/** Custom providers by id. */
providers: Array<string>, };

/** What a text means, without saving it. */
export type PolicyLook = {
/** Every problem, in the order of the text. */
problems: Array<LintProblem>,
/** The form; `None` where the text is not YAML that could be shown as one. */
form: PolicyForm | null,
/** What saving would do. */
outlook: SaveState,
/** What it would allow more than before. */
widens: Array<string>,
/** Against the text on disk. */
diff: Array<DiffLine>, };

/** The document and how it stands. */
export type PolicyPage = {
/** Where the file is. */
path: string,
/** The version that rules; `None` where none does. */
running: RunningVersion | null,
/** How the file on disk stands to it. */
file: PolicyFileState,
/** What is wrong with the file, and what to do; empty where nothing is. */
sentence: string,
/** The text on disk; where there is none, the text of the version that rules. */
text: string,
/** SHA-256 of the text on disk in hex; empty where there is none. An edit is made on this. */
hash: string,
/** A text that was being edited when the window closed; never active. */
kept: KeptText | null,
/** An edit that would allow more and waits for the person. */
waiting: WaitingEdit | null,
/** `provider/model` of every model that may be named, for lists to choose from. */
models: Array<string>,
/** Clients that may be named, for the dry run: id and title. */
clients: Array<NamedChoice>, };

/** A version of routing.yaml. */
export type PolicyRuled = {
/** Its place among all activations, from 1. */
number: number,
/** Its hash. */
hash: string,
/** Since when it ruled, in ms since 1970. */
since_ms: number, };

/** One version. */
export type PolicyVersion = {
/** SHA-256 of its text, in hex: its name. */
hash: string,
/** Who wrote it. */
author: Author,
/** When it was first seen, in ms since 1970. */
seen_ms: number,
/** What became of it. */
state: VersionState,
/** How many lines it has. */
lines: number, };

/** A price for a million tokens, and who says so. */
export type PriceLine = {
/** Of tokens read. */
input: Money,
/** Of tokens made. */
output: Money,
/** `routing.yaml`, or the list with its date. */
source: string,
/** The provider itself said what the call cost, and that was charged. */
reported: boolean, };

/** Prices of a million tokens in a call of more than so many tokens of input. */
export type PriceStep = {
/** More than so many; 0 for all calls below the first step. */
above: number,
/** Read. */
input: Money,
/** Made. */
output: Money,
/** Read from the provider's cache. */
cached_input: Money | null,
/** Written to it. */
cache_write: Money | null, };

/** One row of Problems. */
export type ProblemRow = {
/** Stable while the problem lasts. */
id: string,
/** How bad. */
lamp: Lamp,
/** What happened. */
title: string,
/** What it means. */
detail: string,
/** The one thing to do. */
action: Action | null, };

/** A saved prompt with the model it should go to. Kept in the ledger because the person saved it. */
export type PromptCheck = {
/** Its id; empty for a new one. */
id: string,
/** What is asked. */
ask: DryRun,
/** `provider/model` that should answer. */
expects: string,
/** How it came out, where it was run. */
result: CheckResult | null, };

/** A provider a key can be added for. */
export type ProviderChoice = {
/** `openai`. */
id: string,
/** `OpenAI`. */
title: string,
/** `api.openai.com`; empty while it has no address. */
origin: string,
/** What is to be done before a key can be added: where each person has an address of their own, how to write it down. */
first: string | null,
/** How its keys begin; empty where they have no mark. */
prefixes: Array<string>,
/** Where keys are made and revoked. */
keys_page: string | null, };

/** One way to mend a problem. */
export type QuickFix = {
/** A button: "Write `gpt-6-mini`". */
title: string,
/** The line it changes. */
line: number,
/** The first column it replaces. */
column: number,
/** The column behind the last one it replaces. */
end_column: number,
/** What is written there. */
text: string, };

/** By how much a cap is offered to be raised: its limit in the file once more. */
export type RaiseOffer = {
/** As shown: `$5.00`. */
text: string,
/** As a field takes it: `5`. */
digits: string, };

/** What a page gets instead of a result. */
export type Refusal = {
/** For machines: one of the closed list of codes. */
code: string,
/** For people. */
sentence: string, };

/** One request with all that is known of it. */
export type RequestDetail = {
/** As in the list. */
row: RequestRow,
/** `defaults.summarize`, or `model` where the caller named one; empty where none was found. */
rule: string,
/** The tier of the model in the row; empty where none is known. */
tier: string,
/** The version of routing.yaml that ruled. */
policy: PolicyRuled | null,
/** What was held at first: the dearest attempt that may follow. `None` where nothing was. */
held_at_most: Money | null,
/** The part of the cost that nobody counted. */
assumed: Money | null,
/** What corrections came to, with their sign. */
adjusted: Money | null,
/** By how much attempts cost more than was held for them. */
over_hold: Money | null,
/** What the last attempt was charged by. */
price: PriceLine | null,
/** What providers counted, of all attempts. */
tokens: TokenCounts | null,
/** To the first word of the answer, in ms from when the answering attempt was sent. */
first_ms: number | null,
/** The way it went, in order. */
steps: Array<RequestStep>, };

/** One request. */
export type RequestRow = {
/** Its id. */
id: string,
/** When it began, in ms since 1970. */
at_ms: number,
/** `claude-desktop`; empty for the app and the command line. */
client: string,
/** `Claude Desktop`, `Command line`. */
client_title: string,
/** `llm_route`. */
tool: string,
/** The task class. */
class: string,
/** The model that answered or was tried last; empty where none was. */
model: string,
/** Its provider. */
provider: string,
/** Tokens read and made; `None` where nobody counted. */
tokens: number | null,
/** From start to end, in ms; `None` while running. */
took_ms: number | null,
/** How it stands. */
state: RequestState,
/** Charged so far. */
cost: Money,
/** Held while running. */
held: Money | null,
/** Whether a part of the cost is assumed. */
assumed: boolean,
/** The code of a denial or failure. */
code: string | null,
/** Why this model, or why not. */
reason: string,
/** The same for one line beside class and model. */
brief: string, };

/** How a request stands. */
export type RequestState = "running" | "answered" | "kept" | "fallback" | "denied" | "failed" | "cancelled" | "interrupted";

/** One step. `at_ms` is in ms since 1970. */
export type RequestStep = { "kind": "planned",
/** When. */
at_ms: number,
/** Why the first one, for one line beside its name. */
brief: string,
/** In their order; at least one. */
models: Array<PlannedModel>,
/** What was left aside, and why. */
notes: Array<string>, } | { "kind": "not_kept",
/** When. */
at_ms: number, } | { "kind": "kept",
/** When. */
at_ms: number,
/** Of when it is. */
since_ms: number | null, } | { "kind": "held",
/** When. */
at_ms: number,
/** The dearest attempt that may follow. */
amount: Money,
/** The caps it was checked against. */
caps: Array<CapChecked>, } | { "kind": "denied",
/** When. */
at_ms: number,
/** For machines. */
code: string,
/** For people. */
sentence: string,
/** The caps it was checked against. */
caps: Array<CapChecked>, } | { "kind": "attempt",
/** When it was sent. */
at_ms: number,
/** Of all attempts, from 1. */
nth: number,
/** `provider/model`. */
model: string,
/** Its tier, where that is known. */
tier: string,
/** Why it was made. */
why: AttemptWhy,
/** 0 for the first choice, then one more for each model in place of it. */
lane: number,
/** What was waited since the one before, in ms. */
waited_ms: number | null,
/** To its first word, in ms. */
first_ms: number | null,
/** How long it took, in ms; `None` while it is under way. */
took_ms: number | null,
/** How it ended. */
end: AttemptEnd,
/** The code of its failure. */
code: string | null,
/** The HTTP status of its failure. */
status: number | null,
/** Its failure in a sentence, with what the provider said. */
words: string | null,
/** What the provider asked to wait, in ms. */
retry_after_ms: number | null,
/** What it was charged; `None` while it is under way. */
charged: Money | null,
/** Nobody counted, so the most it can have cost is charged. */
assumed: boolean,
/** It cost more than was held for it. */
over_hold: boolean, } | { "kind": "ended",
/** When. */
at_ms: number,
/** How. */
state: RequestState,
/** For machines, where there was no answer. */
code: string | null,
/** Why, where somebody said why there was no answer. */
sentence: string,
/** What its attempts were charged. */
charged: Money, } | { "kind": "adjusted",
/** When. */
at_ms: number,
/** Of which attempt. */
nth: number | null,
/** By how much, with its sign. */
amount: Money,
/** Why. */
reason: string, };

/** What a million tokens cost. */
export type RowPrice = {
/** Read. */
input: Money,
/** Made. */
output: Money, };

/** The state of the whole, by the worst of its parts. */
export type Running = "running" | "attention" | "paused" | "stopped";

/** The version that rules. */
export type RunningVersion = {
/** Its place among all activations, from 1. */
number: number,
/** Its hash. */
hash: string,
/** Who wrote it, where that is known. */
author: Author | null,
/** Since when it rules, in ms since 1970. */
since_ms: number, };

/** Whether something was done, in words. */
export type Said = {
/** Whether it was done. */
done: boolean,
/** What happened and what to do. */
sentence: string, };

/** What became of a save. */
export type SaveOutcome = {
/** What happened. */
state: SaveState,
/** The same in words, and what to do. */
sentence: string,
/** The hash of the text on disk now. */
hash: string,
/** The text on disk now, where another program changed it. */
theirs: string | null,
/** The saved prompts, run on the text that was saved. */
checks: Array<PromptCheck>, };

/** What saving a text does, or did. */
export type SaveState = "same" | "acts" | "waits" | "invalid" | "moved";

/** Who says what an attempt cost. */
export type SettledBy = "running" | "measured" | "reported" | "assumed" | "free";

/** One share of a split. */
export type ShareForm = {
/** `provider/model`. */
model: string,
/** Percent, as written. */
percent: string, };

/** By what bars are divided. */
export type SpendBy = "model" | "provider" | "client" | "class" | "project";

/** The page for one period. */
export type SpendPage = {
/** First day. */
from: string,
/** Last day, included. */
to: string,
/** The day it is now, in the ledger's zone. */
today: string,
/** The zone in which days are cut, such as `Europe/Berlin`. */
zone: string,
/** Whether anything was ever sent. */
ever: boolean,
/** Charged in the period. */
total: Money,
/** Of that, assumed because nobody counted; `None` where nothing is. */
assumed: Money | null,
/** The limit for all calls in just this period, where it is a day or a month that has one. */
limit: Money | null,
/** Held now by calls under way. */
held: Money,
/** Requests that were sent in the period. */
requests: number,
/** By what the series are grouped. */
by: SpendBy,
/** What a bar stands for. */
unit: BucketUnit,
/** The bars in their order, those to come too. */
buckets: Array<Bucket>,
/** What the bars are made of, the dearest first: at most five and what is left. */
series: Array<SpendSeries>,
/** Where the grid lines are, zero first: at most four. */
ticks: Array<Money>,
/** What this month may come to. */
forecast: MonthForecast,
/** What the cache saved in the period. */
cache: CacheSaving,
/** The caps of the active policy, each account one card, in the order of the file. */
caps: Array<CapCard>,
/** Why no cap can be shown, where that is so. */
caps_trouble: string | null,
/** What a cap can be set on. */
choices: CapChoices, };

/** A period as it is chosen. */
export type SpendPeriod = { "kind": "today" } | { "kind": "week" } | { "kind": "month" } | { "kind": "last_month" } | { "kind": "days30" } | { "kind": "between",
/** First day, as `2026-11-01`. */
from: string,
/** Last day, included. */
to: string, };

/** One colour of the bars. */
export type SpendSeries = {
/** As the ledger has it: `openai/gpt-6`; `None` for all that have no colour of their own. */
name: string | null,
/** As shown. */
title: string,
/** Over all bars. */
total: Money,
/** Requests that were sent. */
requests: number,
/** One for each bar. */
amounts: Array<Money>, };

/** What the header chip, the pause button, the sidebar counts and the tray show. */
export type Status = {
/** The one word. */
running: Running,
/** How many problems Overview lists. */
problems: number,
/** Of these, on Keys. */
key_problems: number,
/** Of these, on Clients. */
client_problems: number,
/** While spending is paused. */
paused: PauseView | null,
/** A practice home: every amount is simulated. */
practice: boolean,
/** Charged today. */
today: Money,
/** The day cap, where one is set for all. */
day_limit: Money | null,
/** How full the day cap is, in basis points. */
day_used_bp: number,
/** The profiles of routing.yaml, by name; empty where it has none. */
profiles: Array<string>,
/** The one of them that is laid over the file; `None`: the file applies as it is written. */
profile: string | null,
/** Where keys are kept, for sentences: "GNOME Keyring", "macOS Keychain". */
store_name: string,
/** `0.1.0`. */
version: string, };

/** What starting the registered command gave. */
export type TestOutcome = {
/** Whether it said hello and listed its tools. */
works: boolean,
/** What happened and what to do. */
sentence: string,
/** The tools it listed. */
tools: Array<string>,
/** From start to hello, in ms. */
hello_ms: number, };

/** Tokens by kind. Cached and written ones are among those read, reasoning is among those made. */
export type TokenCounts = {
/** Read. */
input: number,
/** Of these from the provider's cache. */
cached: number,
/** Of these written to it. */
cache_write: number,
/** Of these for pictures. */
image: number,
/** Made. */
output: number,
/** Of these reasoning. */
reasoning: number, };

/** What a window refetches. */
export type Topic = "request" | "money" | "key" | "policy" | "pause" | "client";

/** What came of one prompt. */
export type TryAnswer = {
/** The answer. */
text: string | null,
/** Why there is none. */
sentence: string | null,
/** The same for machines. */
code: string | null,
/** Charged, failed attempts included. */
cost: Money,
/** Whether a part of that is assumed because nobody counted. */
assumed: boolean,
/** To the first token, in ms. */
first_ms: number | null,
/** To the end, in ms. */
took_ms: number,
/** Tokens read and made. */
tokens: number | null,
/** What the person should know. */
warnings: Array<string>, };

/** What one prompt would cost. */
export type TryOutlook = {
/** What it probably costs. */
likely: Money | null,
/** The most it can cost: what would be held. */
worst: Money | null,
/** Why it would not be sent. */
why_not: string | null, };

/** As what a class uses a model. */
export type UsedAs = "first" | "fallback";

/** What became of a version. */
export type VersionState = "active" | "earlier" | "waits" | "unused";

/** An edit that waits. */
export type WaitingEdit = {
/** The hash of its text. */
hash: string,
/** When it was first seen, in ms since 1970. */
seen_ms: number,
/** What it would allow, one sentence each, in plain words. */
widens: Array<string>,
/** Against the version that rules. */
diff: Array<DiffLine>, };

/** Every command of the app: what it takes and what it gives. Errors are a `Refusal`. */
export type Commands = {
  /** What the header, the sidebar and the tray show. */
  status: { args: Record<string, never>, result: Status },
  /** The first page. */
  overview: { args: Record<string, never>, result: Overview },
  /** The Keys page. Never a key. */
  keys: { args: Record<string, never>, result: KeysPage },
  /** Checks a pasted key with its provider and stores it; the old one stays until the new one works. */
  key_add: { args: { provider: string, secret: string }, result: KeyOutcome },
  /** Asks the provider whether the stored key works. */
  key_check: { args: { provider: string }, result: KeyOutcome },
  /** Removes the stored key from the keychain. */
  key_delete: { args: { provider: string }, result: KeyOutcome },
  /** Asks the keychain to unlock, once. */
  keychain_unlock: { args: Record<string, never>, result: KeyStore },
  /** The Clients page. */
  clients: { args: Record<string, never>, result: ClientsPage },
  /** What Connect would write; `replace` takes over an entry of our name that is not ours. */
  connect_plan: { args: { client: string, replace: boolean }, result: ConnectPlan },
  /** Writes the plan with this hash under this name, if the file is still what it was. */
  connect_apply: { args: { client: string, hash: string, name: string }, result: ConnectOutcome },
  /** What Disconnect would write. */
  disconnect_plan: { args: { client: string }, result: ConnectPlan },
  /** Writes the plan with this hash, if the file is still what it was. */
  disconnect_apply: { args: { client: string, hash: string }, result: ConnectOutcome },
  /** Starts the written command as the client would and says hello to it. */
  client_test: { args: { client: string }, result: TestOutcome },
  /** Asks the client's program to quit. */
  client_close: { args: { client: string }, result: ConnectOutcome },
  /** Starts the client's program. */
  client_open: { args: { client: string }, result: ConnectOutcome },
  /** The Activity page: `filter` matches text, `client` and `state` narrow, `before` goes on after a page. */
  activity: { args: { filter: string, client: string | null, state: RequestState | null, before: string | null }, result: ActivityPage },
  /** One request in depth. */
  request: { args: { id: string }, result: RequestDetail },
  /** Pauses spending in every process of this home. */
  pause: { args: { span: PauseSpan }, result: Status },
  /** Ends the pause. */
  resume: { args: Record<string, never>, result: Status },
  /** Activates the waiting edit of routing.yaml with this hash, after a native dialog. */
  draft_activate: { args: { hash: string }, result: Said },
  /** Puts routing.yaml back to the active version; the edit is kept beside it. */
  draft_discard: { args: { hash: string }, result: Said },
  /** Opens routing.yaml in the editor of the system. */
  policy_open: { args: Record<string, never>, result: Said },
  /** The Policy page. */
  policy: { args: Record<string, never>, result: PolicyPage },
  /** What a text means, without saving it. */
  policy_look: { args: { text: string }, result: PolicyLook },
  /** A text after edits; only the lines they name change. */
  policy_edit: { args: { text: string, edits: Array<PolicyEdit> }, result: string },
  /** Saves a text made from the file with this hash; what allows more is asked by a native dialog. */
  policy_save: { args: { text: string, base: string, author: Author }, result: SaveOutcome },
  /** Edits the file and saves it; what allows more is asked by a native dialog. */
  policy_apply: { args: { edits: Array<PolicyEdit> }, result: SaveOutcome },
  /** Keeps a text that is being edited over a restart; `null` forgets it. */
  policy_keep: { args: { text: string | null, base: string }, result: null },
  /** Puts the person's edit and another program's together; `base` is the hash both were made from. */
  policy_merge: { args: { base: string, mine: string, theirs: string }, result: MergedText },
  /** Every kept version, newest first. */
  policy_versions: { args: Record<string, never>, result: Array<PolicyVersion> },
  /** What changes from one version to another; `null` is the active one. */
  policy_diff: { args: { from: string, to: string | null }, result: Array<DiffLine> },
  /** Writes a version back as an edit of the person; what allows more is asked by a native dialog. */
  policy_restore: { args: { hash: string }, result: SaveOutcome },
  /** Which model would answer, and why, without sending anything. */
  dry_run: { args: { ask: DryRun }, result: Explanation },
  /** The saved prompts, run on a text, or on the version that rules. */
  prompt_checks: { args: { text: string | null }, result: Array<PromptCheck> },
  /** Saves a prompt with the model it should go to. */
  prompt_check_put: { args: { check: PromptCheck }, result: Array<PromptCheck> },
  /** Deletes a saved prompt. */
  prompt_check_delete: { args: { id: string }, result: Array<PromptCheck> },
  /** The list of the Models page. */
  models: { args: Record<string, never>, result: ModelsPage },
  /** The same, after asking the providers for their lists. */
  models_refresh: { args: Record<string, never>, result: ModelsPage },
  /** All about one model. */
  model: { args: { id: string }, result: ModelCard },
  /** What a form of a model comes to: what a caller would read, and the edits that write it. */
  model_look: { args: { id: string, form: ModelForm }, result: ModelLook },
  /** What one prompt to a model would cost. */
  model_try_outlook: { args: { id: string, prompt: string }, result: TryOutlook },
  /** Sends one prompt to a model, under the caps. */
  model_try: { args: { id: string, prompt: string }, result: TryAnswer },
  /** Stops that. */
  model_try_stop: { args: Record<string, never>, result: null },
  /** Reckons this month's calls of a model anew at the price that holds, after a native dialog. */
  model_reprice: { args: { id: string }, result: Said },
  /** The Spend page for a period. */
  spend: { args: { period: SpendPeriod, by: SpendBy }, result: SpendPage },
  /** Rows of the ledger, newest first; `after` is where the last page ended. */
  ledger: { args: { filter: LedgerFilter, after: string | null }, result: LedgerPage },
  /** What the tokens of a period would have cost at another model. */
  spend_compare: { args: { period: SpendPeriod, model: string }, result: Comparison },
  /** Writes a cap into routing.yaml, in place of the one with this identity or as a new one; what allows more is asked by a native dialog. */
  cap_put: { args: { identity: string | null, cap: CapForm }, result: CapEdited },
  /** Takes a cap out of routing.yaml; what allows more is asked by a native dialog. */
  cap_remove: { args: { identity: string }, result: CapEdited },
  /** Lets one account of a cap have more in its window, after a native dialog. */
  cap_raise: { args: { identity: string, account: string, amount: string }, result: Said },
  /** Writes the rows that fit to a file that the person names in a native dialog. */
  ledger_export: { args: { filter: LedgerFilter, format: ExportFormat }, result: Said },
  /** The question before the person; `null` where none is. */
  approval: { args: Record<string, never>, result: ApprovalAsk | null },
  /** This question is painted now: its buttons live 700 ms later. */
  approval_shown: { args: { id: string }, result: null },
  /** The person's answer, with the nonce that came with the question. */
  approval_answer: { args: { id: string, nonce: string, answer: ApprovalAnswer }, result: Said },
  /** Lays a profile over routing.yaml for every process of this home, or none. */
  profile_set: { args: { name: string | null }, result: Status },
  /** The page is drawn; ends the watch for a blank window. Gives the place it is to open at. */
  page_ready: { args: Record<string, never>, result: Place | null },
};
