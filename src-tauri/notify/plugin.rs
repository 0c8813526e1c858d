//! Notifications on Windows and macOS, by Tauri's plugin. It hears no clicks: the system brings the app
//! to the front, and the tray leads on from there. Not run anywhere yet.

use pointsman_engine::Notice;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt;
use tokio::sync::mpsc::Receiver;

/// Shows what comes, until the app ends. That the system shows none is said once.
pub(super) async fn run(app: AppHandle, mut waiting: Receiver<Notice>) {
    let mut silent = false;
    while let Some(notice) = waiting.recv().await {
        match app.notification().builder().title(notice.title).body(notice.text).show() {
            Ok(()) => silent = false,
            Err(error) if !silent => {
                silent = true;
                tracing::warn!("the system shows no notification: {error}");
            }
            Err(_) => {}
        }
    }
}
