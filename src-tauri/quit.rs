//! Quitting: at once, or after one question where requests run. Requests of clients run in the
//! clients' own servers and go on either way; the question is for a person who would rather see
//! them end.

use pointsman_engine::view::{ActivityQuery, RequestState};
use tauri::{AppHandle, Manager};

use crate::desk::Desk;
use crate::dialogs::{Choice, choose};

/// Quits, after a question where requests run.
pub(crate) fn ask(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let running = running(&app).await;
        if running == 0 {
            return app.exit(0);
        }
        let text = match running {
            1 => "1 request is running.".to_owned(),
            more => format!("{more} requests are running."),
        };
        match choose(&app, "Quit Pointsman", text, ["Quit anyway", "When finished", "Stay"]).await {
            Choice::First => app.exit(0),
            Choice::Second => app.state::<Desk>().leave_when_done(),
            Choice::Neither => {}
        }
    });
}

/// How many requests run now, in any process. A ledger that cannot be read holds nobody back.
pub(crate) async fn running(app: &AppHandle) -> usize {
    let query = ActivityQuery { state: Some(RequestState::Running), ..ActivityQuery::default() };
    app.state::<Desk>().gateway.activity(query).await.map_or(0, |page| page.rows.len())
}
