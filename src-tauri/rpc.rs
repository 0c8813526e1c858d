//! The one Tauri command, `rpc(cmd, payload)`, and the one list of what it can do. A line of the list
//! names a command's arguments, its result and the windows that may call it; it makes the dispatch
//! here (to the function of the same name in `commands`) and the TypeScript in
//! `ui/src/bindings.gen.ts` (see `bindings`). What no window of its own label may call is refused in
//! Rust, before the payload is read: a page cannot talk itself into another window's rights.

use pointsman_core::code::{Code, Denial};
use pointsman_engine::policy_file::{Author, PolicyVersion};
use pointsman_engine::secrets::Secret;
use pointsman_engine::view::{
    ActivityPage, ApprovalAnswer, ApprovalAsk, CapEdited, CapForm, ClientsPage, Comparison, ConnectOutcome,
    ConnectPlan, DiffLine, DryRun, Explanation, ExportFormat, KeyOutcome, KeyStore, KeysPage, LedgerFilter, LedgerPage,
    MergedText, ModelCard, ModelForm, ModelLook, ModelsPage, Overview, Place, PolicyEdit, PolicyLook, PolicyPage,
    PromptCheck, RequestDetail, RequestState, SaveOutcome, SpendBy, SpendPage, SpendPeriod, Status, TestOutcome,
    TryAnswer, TryOutlook,
};
use pointsman_engine::{PauseSpan, Topic};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::commands;
use crate::desk::Desk;
use crate::windows::{APPROVAL, MAIN};

macro_rules! command_list {
    ($with:ident) => {
        $with! {
            /// What the header, the sidebar and the tray show.
            status() -> Status, [MAIN];
            /// The first page.
            overview() -> Overview, [MAIN];
            /// The Keys page. Never a key.
            keys() -> KeysPage, [MAIN];
            /// Checks a pasted key with its provider and stores it; the old one stays until the new one works.
            key_add(provider: String, secret: Pasted) -> KeyOutcome, [MAIN];
            /// Asks the provider whether the stored key works.
            key_check(provider: String) -> KeyOutcome, [MAIN];
            /// Removes the stored key from the keychain.
            key_delete(provider: String) -> KeyOutcome, [MAIN];
            /// Asks the keychain to unlock, once.
            keychain_unlock() -> KeyStore, [MAIN];
            /// The Clients page.
            clients() -> ClientsPage, [MAIN];
            /// What Connect would write; `replace` takes over an entry of our name that is not ours.
            connect_plan(client: String, replace: bool) -> ConnectPlan, [MAIN];
            /// Writes the plan with this hash under this name, if the file is still what it was.
            connect_apply(client: String, hash: String, name: String) -> ConnectOutcome, [MAIN];
            /// What Disconnect would write.
            disconnect_plan(client: String) -> ConnectPlan, [MAIN];
            /// Writes the plan with this hash, if the file is still what it was.
            disconnect_apply(client: String, hash: String) -> ConnectOutcome, [MAIN];
            /// Starts the written command as the client would and says hello to it.
            client_test(client: String) -> TestOutcome, [MAIN];
            /// Asks the client's program to quit.
            client_close(client: String) -> ConnectOutcome, [MAIN];
            /// Starts the client's program.
            client_open(client: String) -> ConnectOutcome, [MAIN];
            /// The Activity page: `filter` matches text, `client` and `state` narrow, `before` goes on after a page.
            activity(filter: String, client: Option<String>, state: Option<RequestState>, before: Option<String>) -> ActivityPage, [MAIN];
            /// One request in depth.
            request(id: String) -> RequestDetail, [MAIN];
            /// Pauses spending in every process of this home.
            pause(span: PauseSpan) -> Status, [MAIN];
            /// Ends the pause.
            resume() -> Status, [MAIN];
            /// Activates the waiting edit of routing.yaml with this hash, after a native dialog.
            draft_activate(hash: String) -> Said, [MAIN];
            /// Puts routing.yaml back to the active version; the edit is kept beside it.
            draft_discard(hash: String) -> Said, [MAIN];
            /// Opens routing.yaml in the editor of the system.
            policy_open() -> Said, [MAIN];
            /// The Policy page.
            policy() -> PolicyPage, [MAIN];
            /// What a text means, without saving it.
            policy_look(text: String) -> PolicyLook, [MAIN];
            /// A text after edits; only the lines they name change.
            policy_edit(text: String, edits: Vec<PolicyEdit>) -> String, [MAIN];
            /// Saves a text made from the file with this hash; what allows more is asked by a native dialog.
            policy_save(text: String, base: String, author: Author) -> SaveOutcome, [MAIN];
            /// Edits the file and saves it; what allows more is asked by a native dialog.
            policy_apply(edits: Vec<PolicyEdit>) -> SaveOutcome, [MAIN];
            /// Keeps a text that is being edited over a restart; `null` forgets it.
            policy_keep(text: Option<String>, base: String) -> (), [MAIN];
            /// Puts the person's edit and another program's together; `base` is the hash both were made from.
            policy_merge(base: String, mine: String, theirs: String) -> MergedText, [MAIN];
            /// Every kept version, newest first.
            policy_versions() -> Vec<PolicyVersion>, [MAIN];
            /// What changes from one version to another; `null` is the active one.
            policy_diff(from: String, to: Option<String>) -> Vec<DiffLine>, [MAIN];
            /// Writes a version back as an edit of the person; what allows more is asked by a native dialog.
            policy_restore(hash: String) -> SaveOutcome, [MAIN];
            /// Which model would answer, and why, without sending anything.
            dry_run(ask: DryRun) -> Explanation, [MAIN];
            /// The saved prompts, run on a text, or on the version that rules.
            prompt_checks(text: Option<String>) -> Vec<PromptCheck>, [MAIN];
            /// Saves a prompt with the model it should go to.
            prompt_check_put(check: PromptCheck) -> Vec<PromptCheck>, [MAIN];
            /// Deletes a saved prompt.
            prompt_check_delete(id: String) -> Vec<PromptCheck>, [MAIN];
            /// The list of the Models page.
            models() -> ModelsPage, [MAIN];
            /// The same, after asking the providers for their lists.
            models_refresh() -> ModelsPage, [MAIN];
            /// All about one model.
            model(id: String) -> ModelCard, [MAIN];
            /// What a form of a model comes to: what a caller would read, and the edits that write it.
            model_look(id: String, form: ModelForm) -> ModelLook, [MAIN];
            /// What one prompt to a model would cost.
            model_try_outlook(id: String, prompt: String) -> TryOutlook, [MAIN];
            /// Sends one prompt to a model, under the caps.
            model_try(id: String, prompt: String) -> TryAnswer, [MAIN];
            /// Stops that.
            model_try_stop() -> (), [MAIN];
            /// Reckons this month's calls of a model anew at the price that holds, after a native dialog.
            model_reprice(id: String) -> Said, [MAIN];
            /// The Spend page for a period.
            spend(period: SpendPeriod, by: SpendBy) -> SpendPage, [MAIN];
            /// Rows of the ledger, newest first; `after` is where the last page ended.
            ledger(filter: LedgerFilter, after: Option<String>) -> LedgerPage, [MAIN];
            /// What the tokens of a period would have cost at another model.
            spend_compare(period: SpendPeriod, model: String) -> Comparison, [MAIN];
            /// Writes a cap into routing.yaml, in place of the one with this identity or as a new one; what allows
            /// more is asked by a native dialog.
            cap_put(identity: Option<String>, cap: CapForm) -> CapEdited, [MAIN];
            /// Takes a cap out of routing.yaml; what allows more is asked by a native dialog.
            cap_remove(identity: String) -> CapEdited, [MAIN];
            /// Lets one account of a cap have more in its window, after a native dialog.
            cap_raise(identity: String, account: String, amount: String) -> Said, [MAIN];
            /// Writes the rows that fit to a file that the person names in a native dialog.
            ledger_export(filter: LedgerFilter, format: ExportFormat) -> Said, [MAIN];
            /// The question before the person; `null` where none is.
            approval() -> Option<ApprovalAsk>, [APPROVAL];
            /// This question is painted now: its buttons live 700 ms later.
            approval_shown(id: String) -> (), [APPROVAL];
            /// The person's answer, with the nonce that came with the question.
            approval_answer(id: String, nonce: String, answer: ApprovalAnswer) -> Said, [APPROVAL];
            /// Lays a profile over routing.yaml for every process of this home, or none.
            profile_set(name: Option<String>) -> Status, [MAIN];
            /// The page is drawn; ends the watch for a blank window. Gives the place it is to open at.
            page_ready() -> Option<Place>, [MAIN];
        }
    };
}

/// One line of the list, as far as admission needs it.
pub(crate) struct Entry {
    /// The command.
    pub(crate) name: &'static str,
    /// The labels of the windows that may call it.
    pub(crate) windows: &'static [&'static str],
}

/// A command that this caller may run. Only [`admit`] makes one.
pub(crate) struct Admitted(&'static str);

/// What a page gets instead of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct Refusal {
    /// For machines: one of the closed list of codes.
    code: String,
    /// For people.
    sentence: String,
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self { code: denial.code.as_str().to_owned(), sentence: denial.sentence }
    }
}

/// Whether something was done, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct Said {
    /// Whether it was done.
    pub(crate) done: bool,
    /// What happened and what to do.
    pub(crate) sentence: String,
}

/// The payload of the event `changed`: what moved, so that a page fetches again what it shows.
#[derive(Clone, Debug, Serialize, TS)]
pub(crate) struct Changed {
    /// Each once.
    pub(crate) topics: Vec<Topic>,
}

/// A key on its way from the page to the keychain: the text moves, it is not copied.
pub(crate) struct Pasted(pub(crate) Secret);

impl TS for Pasted {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &ts_rs::Config) -> String {
        "string".to_owned()
    }

    fn inline(config: &ts_rs::Config) -> String {
        Self::name(config)
    }
}

impl<'de> Deserialize<'de> for Pasted {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Secret::new(text)))
    }
}

/// The one command. `webview` is the caller as Tauri knows it; a page cannot choose it.
#[tauri::command]
pub(crate) async fn rpc(
    webview: tauri::Webview,
    desk: tauri::State<'_, Desk>,
    cmd: String,
    payload: Option<Value>,
) -> Result<Value, Refusal> {
    let admitted = admit(&cmd, webview.label())?;
    run(&desk, admitted, payload.unwrap_or(Value::Null)).await.inspect_err(|refusal| {
        tracing::info!(cmd, code = refusal.code, "refused");
    })
}

/// Whether the window with this label may call this command.
pub(crate) fn admit(cmd: &str, label: &str) -> Result<Admitted, Refusal> {
    match COMMANDS.iter().find(|entry| entry.name == cmd) {
        Some(entry) if entry.windows.contains(&label) => Ok(Admitted(entry.name)),
        Some(_) => Err(Denial::new(Code::InvalidRequest, "This window may not do that.").into()),
        None => Err(Denial::new(Code::NotFound, "The app does not know this command.").into()),
    }
}

/// The arguments of a command, from its payload. The message names the field, never a value: a value
/// may be a key.
fn read<T: DeserializeOwned>(cmd: &str, payload: Value) -> Result<T, Refusal> {
    let named = match payload {
        Value::Null => Some(Value::Object(serde_json::Map::new())),
        object @ Value::Object(_) => Some(object),
        // A list would be read as arguments by position.
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    named.and_then(|named| serde_json::from_value(named).ok()).ok_or_else(|| {
        Denial::new(Code::InvalidRequest, format!("The window sent arguments that {cmd} does not take.")).into()
    })
}

fn write<T: Serialize>(result: &T) -> Result<Value, Refusal> {
    serde_json::to_value(result)
        .map_err(|error| Denial::new(Code::Internal, format!("An answer could not be written: {error}.")).into())
}

macro_rules! dispatch {
    ($($(#[doc = $doc:literal])+ $name:ident($($arg:ident: $ty:ty),*) -> $out:ty, [$($window:ident),+];)+) => {
        /// Every command, in the order of the list.
        pub(crate) const COMMANDS: &[Entry] =
            &[$(Entry { name: stringify!($name), windows: &[$($window),+] }),+];

        async fn run(desk: &Desk, admitted: Admitted, payload: Value) -> Result<Value, Refusal> {
            match admitted.0 {
                $(stringify!($name) => {
                    #[derive(Deserialize)]
                    #[serde(deny_unknown_fields)]
                    struct Arguments { $($arg: $ty),* }
                    let Arguments { $($arg),* } = read(stringify!($name), payload)?;
                    let result: $out = commands::$name(desk, $($arg),*).await?;
                    write(&result)
                })+
                other => Err(Denial::new(Code::NotFound, format!("The app does not know {other}.")).into()),
            }
        }
    };
}
command_list!(dispatch);

#[cfg(test)]
mod bindings;

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels a web view could have: ours, ones to come, and near misses.
    const LABELS: &[&str] = &[MAIN, APPROVAL, "tournament", "approval2", "Approval", "", "Main", "main ", "main2"];

    #[test]
    fn every_command_is_refused_to_every_window_that_the_list_does_not_name() {
        for entry in COMMANDS {
            for label in LABELS {
                let answer = admit(entry.name, label);
                if entry.windows.contains(label) {
                    assert_eq!(answer.map(|a| a.0).ok(), Some(entry.name), "{} from {label:?}", entry.name);
                } else {
                    let refusal = answer.map(|a| a.0).expect_err("a window that the list does not name");
                    assert_eq!(refusal.code, "invalid_request", "{} from {label:?}", entry.name);
                }
            }
        }
    }

    #[test]
    fn an_approval_is_answered_in_its_own_window_only_and_that_window_does_nothing_else() {
        let own = COMMANDS.iter().filter(|entry| entry.windows.contains(&APPROVAL));
        let own: Vec<_> = own.map(|entry| (entry.name, entry.windows)).collect();
        let alone: &[&str] = &[APPROVAL];
        assert_eq!(own, [("approval", alone), ("approval_shown", alone), ("approval_answer", alone)]);
    }

    #[test]
    fn an_unknown_command_is_refused_to_all() {
        for label in LABELS {
            assert_eq!(admit("secret_read", label).map(|a| a.0).expect_err("unknown").code, "not_found");
        }
    }

    #[test]
    fn no_command_is_listed_twice_and_each_has_a_window() {
        for (at, entry) in COMMANDS.iter().enumerate() {
            assert!(!entry.windows.is_empty(), "{} can be called by nobody", entry.name);
            assert!(COMMANDS[..at].iter().all(|other| other.name != entry.name), "{} twice", entry.name);
        }
    }

    #[test]
    fn a_payload_that_does_not_fit_is_refused_without_repeating_it() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Arguments {
            #[expect(dead_code, reason = "only read for its shape")]
            provider: String,
        }
        for payload in [serde_json::json!({"provider": 7, "secret": "sk-canary"}), serde_json::json!(["sk-canary"])] {
            let refusal = read::<Arguments>("key_add", payload).expect_err("does not fit");
            assert_eq!(refusal.code, "invalid_request");
            assert!(!refusal.sentence.contains("canary"), "{}", refusal.sentence);
        }
    }
}
