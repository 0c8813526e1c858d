//! The tray app: the tray, the window, and the feed that keeps both true. Thin: what is decided or
//! stored is the gateway's; what a page may ask for is the list in `rpc`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod approval;
mod commands;
mod desk;
mod dialogs;
mod feed;
mod launch;
mod marks;
mod notify;
mod quit;
mod rpc;
mod tray;
mod windows;

use std::io::Write;
use std::process::ExitCode;

use pointsman_core::code::Denial;
use pointsman_engine::{Caller, Gateway, Home};
use tauri::{AppHandle, Manager, RunEvent};
use tracing_subscriber::EnvFilter;

use crate::desk::Desk;
use crate::launch::Launch;

fn main() -> ExitCode {
    let launch = match Launch::read(std::env::args_os().skip(1)) {
        Ok(launch) => launch,
        Err((text, mistake)) => return say(&text, mistake),
    };
    let filter = EnvFilter::try_from_env("POINTSMAN_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    launch::with_plain_graphics();
    let builder = tauri::Builder::default()
        // First: a second launch must end before it opens anything. Its arguments are not read.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| windows::show(app)))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_shell::init());
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(tauri_plugin_notification::init());
    let app = builder
        .invoke_handler(tauri::generate_handler![rpc::rpc])
        .setup(move |app| {
            start(app.handle(), &launch);
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => app.run(|app, event| {
            // The last window closed: the tray stays. Only Quit carries a code.
            if let RunEvent::ExitRequested { code: None, api, .. } = event
                && app.try_state::<Desk>().is_none_or(|desk| desk.has_tray())
            {
                api.prevent_exit();
            }
        }),
        Err(error) => return say(&format!("Pointsman could not start: {error}\n"), true),
    }
    ExitCode::SUCCESS
}

/// Before there is a window, a terminal is the only place for words.
fn say(text: &str, mistake: bool) -> ExitCode {
    let written = if mistake { write!(std::io::stderr(), "{text}") } else { write!(std::io::stdout(), "{text}") };
    if mistake || written.is_err() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

/// Opens the home and brings up the tray, the window and the feed; says in a dialog why it cannot.
fn start(app: &AppHandle, launch: &Launch) {
    let gateway = match Home::at(launch.home.clone()).and_then(|home| Gateway::open(home, Caller::app())) {
        Ok(gateway) => gateway,
        Err(denial) => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                dialogs::tell(&app, denial.sentence).await;
                app.exit(1);
            });
            return;
        }
    };
    app.manage(Desk::new(gateway, app.clone()));
    let tray = tray::build(app);
    if !launch.hidden || tray.is_none() {
        windows::show(app);
    }
    if launch.practice_approval
        && let Err(denial) = approval::show_practice(app)
    {
        tracing::error!("{denial}");
    }
    let (feeding, preparing) = (app.clone(), app.clone());
    tauri::async_runtime::spawn(feed::run(feeding, tray));
    tauri::async_runtime::spawn(async move { prepare(&preparing).await });
}

/// What other processes of this home rely on: the zone days are counted in, the bus of this desktop,
/// a first routing.yaml, and the headless binary in its lasting place. What fails is told and does not
/// keep the app from starting: each has its own problem row or sentence where it is missed.
async fn prepare(app: &AppHandle) {
    let gateway = &app.state::<Desk>().gateway;
    let told = |what: &str, result: Result<(), Denial>| {
        if let Err(denial) = result {
            tracing::warn!("{what}: {denial}");
        }
    };
    told("the time zone was not recorded", gateway.record_zone().await);
    told("the bus was not recorded", gateway.record_bus().await);
    told("no first routing.yaml", gateway.ensure_first_file().await);
    told("the binary for clients was not installed", gateway.install_binary().await);
}
