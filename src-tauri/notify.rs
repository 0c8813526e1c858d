//! Notifications of the system. What is told, and that each thing is told once, is the gateway's; here is
//! only how this system shows it. None takes the focus; a click opens the place it is about.

use pointsman_engine::Notice;
use tauri::AppHandle;
use tokio::sync::mpsc;

#[cfg(target_os = "linux")]
#[path = "notify/bus.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "notify/plugin.rs"]
mod system;

/// More than this are never waiting: what a look finds at once is bundled before.
const WAITING: usize = 64;

/// The way to the system's notifications.
pub(crate) struct Notifier {
    queue: mpsc::Sender<Notice>,
}

impl Notifier {
    /// Shows for the life of the app what it is given, in order, without holding anybody up.
    pub(crate) fn start(app: &AppHandle) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        tauri::async_runtime::spawn(system::run(app.clone(), waiting));
        Self { queue }
    }

    /// Hands a notice over.
    pub(crate) fn tell(&self, notice: Notice) {
        if let Err(error) = self.queue.try_send(notice) {
            tracing::warn!("a notification was not shown: {error}");
        }
    }
}
