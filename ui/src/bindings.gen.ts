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
export type ActionKind = "open_keys" | "open_clients" | "open_policy_file" | "resume" | "unlock_keychain";

/** The page: newest first. */
export type ActivityPage = {
/** At most 200 rows. */
rows: Array<RequestRow>,
/** Requests today. */
today_requests: number,
/** Charged today. */
today: Money, };

/** The payload of the event `changed`: what moved, so that a page fetches again what it shows. */
export type Changed = {
/** Each once. */
topics: Array<Topic>, };

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

/** For how long. */
export type PauseSpan = "hour" | "tomorrow" | "until_resumed";

/** A pause under way. */
export type PauseView = {
/** When it ends by itself (ms since 1970), or never. */
until_ms: number | null, };

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

/** What a page gets instead of a result. */
export type Refusal = {
/** For machines: one of the closed list of codes. */
code: string,
/** For people. */
sentence: string, };

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

/** The state of the whole, by the worst of its parts. */
export type Running = "running" | "attention" | "paused" | "stopped";

/** Whether something was done, in words. */
export type Said = {
/** Whether it was done. */
done: boolean,
/** What happened and what to do. */
sentence: string, };

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

/** What a window refetches. */
export type Topic = "request" | "money" | "key" | "policy" | "pause" | "client";

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
  /** The Activity page: `filter` matches text, `client` and `state` narrow. */
  activity: { args: { filter: string, client: string | null, state: RequestState | null }, result: ActivityPage },
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
  /** The page is drawn; ends the watch for a blank window. */
  page_ready: { args: Record<string, never>, result: null },
};
