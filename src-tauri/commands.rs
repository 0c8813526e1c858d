//! What each command of the list in `rpc` does: ask the gateway, and where a person must agree, ask
//! them first in a native dialog. Nothing is decided here that the gateway could decide.

use std::time::Duration;

use pointsman_core::code::{Code, Denial};
use pointsman_engine::PauseSpan;
use pointsman_engine::keys::Rebind;
use pointsman_engine::view::activity::ActivityQuery;
use pointsman_engine::view::{
    ActivityPage, ClientsPage, ConnectOutcome, ConnectPlan, KeyOutcome, KeyStore, KeysPage, Overview, Place,
    RequestDetail, RequestState, Status, TestOutcome,
};
use tauri_plugin_shell::ShellExt;
use tauri_plugin_shell::process::CommandEvent;

use crate::desk::Desk;
use crate::dialogs::{Question, ask};
use crate::rpc::{Pasted, Said};

mod approval;
mod models;
mod policy;
mod profile;
mod spend;

pub(crate) use approval::*;
pub(crate) use models::*;
pub(crate) use policy::*;
pub(crate) use profile::*;
pub(crate) use spend::*;

pub(crate) async fn status(desk: &Desk) -> Result<Status, Denial> {
    Ok(desk.with_own_problems(desk.gateway.status().await?))
}

pub(crate) async fn overview(desk: &Desk) -> Result<Overview, Denial> {
    Ok(desk.with_own_problem_rows(desk.gateway.overview().await?))
}

pub(crate) async fn keys(desk: &Desk) -> Result<KeysPage, Denial> {
    Ok(desk.gateway.keys_page().await)
}

/// A key for a place that Pointsman does not know by itself is sent there only after the person saw
/// the place's name in a dialog that no page can answer. The answer names that place, so an edit of
/// routing.yaml between question and answer cannot swap it.
pub(crate) async fn key_add(desk: &Desk, provider: String, secret: Pasted) -> Result<KeyOutcome, Denial> {
    let Pasted(secret) = secret;
    match desk.gateway.key_add(&provider, secret.clone(), Rebind::Ask).await {
        Err(denial) if denial.code == Code::NeedsApproval => {
            let origin = desk.gateway.key_origin(&provider).await?;
            let question = Question {
                title: "Send a key to another host",
                text: format!(
                    "Store this key for {origin}?\n\nrouting.yaml names {origin} as the place of \"{provider}\". \
                     Pointsman sends the key there and nowhere else. Do this only where you know the host."
                ),
                yes: "Store for this host",
                no: "Do not store",
            };
            if ask(&desk.app, question).await {
                desk.gateway.key_add(&provider, secret, Rebind::Confirmed(origin)).await
            } else {
                Err(Denial::new(Code::DeniedByUser, "Nothing was stored. The key is not bound to that host."))
            }
        }
        answered => answered,
    }
}

pub(crate) async fn key_check(desk: &Desk, provider: String) -> Result<KeyOutcome, Denial> {
    desk.gateway.key_check(&provider).await
}

pub(crate) async fn key_delete(desk: &Desk, provider: String) -> Result<KeyOutcome, Denial> {
    desk.gateway.key_delete(&provider).await
}

pub(crate) async fn keychain_unlock(desk: &Desk) -> Result<KeyStore, Denial> {
    Ok(desk.gateway.keychain_unlock().await)
}

pub(crate) async fn clients(desk: &Desk) -> Result<ClientsPage, Denial> {
    desk.gateway.clients_page().await
}

pub(crate) async fn connect_plan(desk: &Desk, client: String, replace: bool) -> Result<ConnectPlan, Denial> {
    desk.gateway.connect_plan(&client, replace).await
}

pub(crate) async fn connect_apply(
    desk: &Desk,
    client: String,
    hash: String,
    name: String,
) -> Result<ConnectOutcome, Denial> {
    desk.gateway.connect_apply(&client, &hash, &name).await
}

pub(crate) async fn disconnect_plan(desk: &Desk, client: String) -> Result<ConnectPlan, Denial> {
    desk.gateway.disconnect_plan(&client).await
}

pub(crate) async fn disconnect_apply(desk: &Desk, client: String, hash: String) -> Result<ConnectOutcome, Denial> {
    desk.gateway.disconnect_apply(&client, &hash).await
}

pub(crate) async fn client_test(desk: &Desk, client: String) -> Result<TestOutcome, Denial> {
    desk.gateway.client_test(&client).await
}

pub(crate) async fn client_close(desk: &Desk, client: String) -> Result<ConnectOutcome, Denial> {
    desk.gateway.client_close(&client).await
}

pub(crate) async fn client_open(desk: &Desk, client: String) -> Result<ConnectOutcome, Denial> {
    desk.gateway.client_open(&client).await
}

pub(crate) async fn activity(
    desk: &Desk,
    filter: String,
    client: Option<String>,
    state: Option<RequestState>,
    before: Option<String>,
) -> Result<ActivityPage, Denial> {
    desk.gateway.activity(ActivityQuery { filter, client, state, before, ..ActivityQuery::default() }).await
}

pub(crate) async fn request(desk: &Desk, id: String) -> Result<RequestDetail, Denial> {
    desk.gateway.request(&id).await
}

pub(crate) async fn pause(desk: &Desk, span: PauseSpan) -> Result<Status, Denial> {
    desk.gateway.pause_with_a_way_back(span).await?;
    status(desk).await
}

pub(crate) async fn resume(desk: &Desk) -> Result<Status, Denial> {
    desk.gateway.resume().await?;
    status(desk).await
}

/// The dialog says what the waiting edit would widen; the hash makes sure that just that edit acts.
pub(crate) async fn draft_activate(desk: &Desk, hash: String) -> Result<Said, Denial> {
    let Some(draft) = desk.gateway.draft().await.filter(|draft| draft.hash == hash) else {
        return Ok(Said { done: false, sentence: "The edit changed meanwhile. Look at it again.".to_owned() });
    };
    let question = Question {
        title: "Activate this edit of routing.yaml",
        text: format!("It allows more than before:\n\n{}", draft.widens.join("\n")),
        yes: "Activate",
        no: "Not now",
    };
    if !ask(&desk.app, question).await {
        return Ok(Said { done: false, sentence: "Nothing changed. The edit still waits.".to_owned() });
    }
    Ok(Said { done: true, sentence: desk.gateway.draft_activate(&hash).await? })
}

pub(crate) async fn draft_discard(desk: &Desk, hash: String) -> Result<Said, Denial> {
    Ok(Said { done: true, sentence: desk.gateway.draft_discard(&hash).await? })
}

/// How long the system may take to say that it has no editor.
const OPENED_WITHIN: Duration = Duration::from_secs(2);

pub(crate) async fn policy_open(desk: &Desk) -> Result<Said, Denial> {
    let path = desk.gateway.home().policy_path();
    let shown = path.display();
    let command = if cfg!(windows) {
        desk.app.shell().command("explorer")
    } else if cfg!(target_os = "macos") {
        desk.app.shell().command("open").arg("-t")
    } else {
        desk.app.shell().command("xdg-open")
    };
    let opened = match command.arg(&path).spawn() {
        // Whoever is still there after two seconds is an editor, or something that waits for one.
        Ok((mut events, _child)) => tokio::time::timeout(OPENED_WITHIN, async {
            while let Some(event) = events.recv().await {
                if let CommandEvent::Terminated(end) = event {
                    return cfg!(windows) || end.code == Some(0);
                }
            }
            true
        })
        .await
        .unwrap_or(true),
        Err(_) => false,
    };
    Ok(if opened {
        Said { done: true, sentence: format!("Opened {shown}.") }
    } else {
        Said { done: false, sentence: format!("No program opened the file. It is {shown}.") }
    })
}

pub(crate) async fn page_ready(desk: &Desk) -> Result<Option<Place>, Denial> {
    desk.page_drawn();
    Ok(desk.wanted())
}
