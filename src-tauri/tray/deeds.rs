//! What the rows of the tray's menu do. What cannot be done is said in a dialog: the tray has no other
//! place for a sentence. What lets more be spent is asked in one first.

use pointsman_core::code::{Code, Denial};
use pointsman_engine::PauseSpan;
use pointsman_engine::view::{PageName, Place};
use tauri::menu::MenuEvent;
use tauri::{AppHandle, Manager};

use super::words::{CLIENT, PROFILE, question};
use crate::desk::Desk;
use crate::dialogs::{Question, ask, tell};
use crate::{quit, windows};

/// What takes longer than a click may.
enum Deed {
    /// Shows where the worst problem is put right.
    FirstProblem,
    /// Pauses spending.
    Pause(PauseSpan),
    /// Ends the pause.
    Resume,
    /// Lets today's cap have more, once.
    Raise,
    /// Lays a profile over the file, or none.
    Profile(Option<String>),
}

/// A row was chosen.
pub(super) fn chosen(app: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        "money" => windows::show_at(app, Place::page(PageName::Spend)),
        "problems" => begin(app, Deed::FirstProblem),
        "open" => windows::show(app),
        "pause-hour" => begin(app, Deed::Pause(PauseSpan::Hour)),
        "pause-tomorrow" => begin(app, Deed::Pause(PauseSpan::Tomorrow)),
        "pause-until" => begin(app, Deed::Pause(PauseSpan::UntilResumed)),
        "resume" => begin(app, Deed::Resume),
        "raise" => begin(app, Deed::Raise),
        "quit" => quit::ask(app),
        other => match (other.strip_prefix(PROFILE), other.strip_prefix(CLIENT)) {
            (Some(name), _) => begin(app, Deed::Profile(Some(name.to_owned()).filter(|name| !name.is_empty()))),
            (None, Some(client)) => windows::show_at(app, Place::at(PageName::Clients, client)),
            (None, None) => tracing::warn!("the tray menu has no row {other}"),
        },
    }
}

fn begin(app: &AppHandle, deed: Deed) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(denial) = done(&app, deed).await {
            tell(&app, denial.sentence).await;
        }
    });
}

async fn done(app: &AppHandle, deed: Deed) -> Result<(), Denial> {
    let desk = app.state::<Desk>();
    let gateway = &desk.gateway;
    match deed {
        Deed::FirstProblem => {
            windows::show_at(app, gateway.tray().await?.first_problem());
            Ok(())
        }
        Deed::Pause(span) => gateway.pause_with_a_way_back(span).await,
        Deed::Resume => gateway.resume().await,
        Deed::Raise => raise(app).await,
        Deed::Profile(name) => {
            let chosen = gateway.set_profile(name.as_deref()).await;
            // The row that was clicked has checked itself, whatever came of it.
            desk.menu_moved();
            chosen.map(drop)
        }
    }
}

/// The question says the amounts of this moment, and exactly what it says is done.
async fn raise(app: &AppHandle) -> Result<(), Denial> {
    let gateway = &app.state::<Desk>().gateway;
    let Some(offer) = gateway.tray().await?.raise else {
        return Err(Denial::new(Code::NotFound, "Today's cap has room again, so it was not raised."));
    };
    let asked = Question { title: "Raise a cap once", text: question(&offer), yes: "Raise once", no: "Do not raise" };
    if ask(app, asked).await {
        gateway.raise_once(&offer.cap, "", offer.amount).await?;
    }
    Ok(())
}
