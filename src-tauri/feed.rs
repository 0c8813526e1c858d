//! The feed: looks four times a second for changes that any process of this home wrote, tells the
//! window what moved and keeps the tray true. Looking is microseconds while nothing moved. What
//! changes by the clock alone (a day begins, a pause ends) is found by looking at the status now and
//! then; on a desktop without a tray it also looks whether one has come.

use std::time::Duration;

use pointsman_engine::Topic;
use pointsman_engine::view::Status;
use tauri::{AppHandle, Emitter, Manager};

use crate::desk::Desk;
use crate::rpc::Changed;
use crate::tray::Tray;
use crate::windows::MAIN;
use crate::{quit, tray};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Looks between two of the clock's own turns: five seconds.
const BY_THE_CLOCK: u32 = 20;

/// Looks between two comparisons of the clients' files: a minute.
const WATCH: u32 = 240;

/// Looks between two tidyings: an hour.
const TIDY: u32 = 14_400;

/// Runs for the life of the app.
pub(crate) async fn run(app: AppHandle, mut tray: Option<Tray>) {
    let desk = app.state::<Desk>();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut cursor = 0;
    let mut shown = None;
    for count in 0u32.. {
        look.tick().await;
        let by_the_clock = count % BY_THE_CLOCK == 0;
        let topics = match desk.gateway.changes_after(cursor).await {
            Ok((newest, topics)) => {
                // The first look finds all of the past; the pages fetch that by themselves.
                let first = cursor == 0;
                cursor = newest;
                if first { Vec::new() } else { topics }
            }
            Err(denial) => {
                if by_the_clock {
                    tracing::warn!("the ledger cannot be read: {denial}");
                }
                Vec::new()
            }
        };
        if !topics.is_empty() || by_the_clock {
            if tray.is_none() {
                tray = tray::build(&app);
            }
            refresh(&app, tray.as_ref(), topics, &mut shown).await;
        }
        if count % WATCH == 0 {
            watch_clients(&app);
        }
        if count % TIDY == BY_THE_CLOCK
            && let Err(denial) = desk.gateway.tidy().await
        {
            tracing::warn!("the ledger could not be tidied: {denial}");
        }
        if desk.is_leaving() && quit::running(&app).await == 0 {
            app.exit(0);
        }
    }
}

/// Compares the clients' files with what was written into them; a wiped entry becomes a change.
pub(crate) fn watch_clients(app: &AppHandle) {
    let gateway = app.state::<Desk>().gateway.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(denial) = gateway.clients_watch_tick().await {
            tracing::warn!("the clients' files could not be compared: {denial}");
        }
    });
}

/// Tells the window what moved and the tray how things stand.
async fn refresh(app: &AppHandle, tray: Option<&Tray>, mut topics: Vec<Topic>, shown: &mut Option<Status>) {
    let status = match app.state::<Desk>().gateway.status().await {
        Ok(status) => app.state::<Desk>().with_own_problems(status),
        Err(denial) => return tracing::warn!("the status cannot be read: {denial}"),
    };
    if topics.is_empty() && shown.as_ref().is_some_and(|before| *before != status) {
        topics = vec![Topic::Money, Topic::Pause, Topic::Key, Topic::Client];
    }
    if let Some(tray) = tray {
        tray.show(&status);
    }
    *shown = Some(status);
    if !topics.is_empty()
        && let Err(error) = app.emit_to(MAIN, "changed", Changed { topics })
    {
        tracing::warn!("the window could not be told: {error}");
    }
}
