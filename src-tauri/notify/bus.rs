//! Notifications on Linux: the desktop's own server, asked over D-Bus by its specification
//! (specifications.freedesktop.org/notification-spec 1.2). Spoken here with `zbus`, which the keychain
//! brings along, because the usual plugin shows a notification and never hears that it was clicked.
//! Where no server listens, that is said once in the log, and nothing else happens.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures_util::StreamExt;
use pointsman_engine::Notice;
use pointsman_engine::view::Place;
use tauri::AppHandle;
use tokio::sync::mpsc::Receiver;
use zbus::proxy::SignalStream;
use zbus::zvariant::Value;
use zbus::{Connection, Proxy};

use crate::windows;

/// Name of the server and of its interface.
const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The action of a click on the notification itself, by the specification.
const CLICK: &str = "default";

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// So many notifications can be clicked; older ones have left the screen.
const CLICKABLE: usize = 64;

/// Shows what comes, and follows clicks, until the app ends.
pub(super) async fn run(app: AppHandle, mut waiting: Receiver<Notice>) {
    let mut server: Option<Server> = None;
    let mut places = Places::default();
    let mut silent = false;
    loop {
        tokio::select! {
            notice = waiting.recv() => {
                let Some(notice) = notice else { return };
                match shown(&mut server, &notice).await {
                    Ok(id) => {
                        silent = false;
                        places.keep(id, notice.place);
                    }
                    Err(error) if !silent => {
                        silent = true;
                        tracing::warn!("no notification server shows anything: {error}");
                    }
                    Err(_) => {}
                }
            }
            Some(id) = clicked(server.as_mut()) => {
                if let Some(place) = places.take(id) {
                    windows::show_at(&app, place);
                }
            }
        }
    }
}

/// Shows a notice and gives its number. A connection that has ended since is made once more.
async fn shown(server: &mut Option<Server>, notice: &Notice) -> zbus::Result<u32> {
    if let Some(known) = server
        && let Ok(id) = known.notify(notice).await
    {
        return Ok(id);
    }
    let new = Server::find().await?;
    let id = new.notify(notice).await?;
    *server = Some(new);
    Ok(id)
}

/// The number of the notification that was clicked. Nothing where the connection has ended.
async fn clicked(server: Option<&mut Server>) -> Option<u32> {
    let Some(server) = server else { return std::future::pending().await };
    loop {
        let signal = server.clicks.next().await?;
        match signal.body().deserialize::<(u32, String)>() {
            Ok((id, action)) if action == CLICK => return Some(id),
            Ok(_) => {}
            Err(error) => tracing::debug!("a signal that is none of the specification: {error}"),
        }
    }
}

/// The desktop's notification server.
struct Server {
    proxy: Proxy<'static>,
    clicks: SignalStream<'static>,
    /// Whether it reads `<b>` as bold, so that a `<` must be written as text.
    reads_markup: bool,
}

impl Server {
    /// Listens for clicks before anything is shown.
    async fn find() -> zbus::Result<Self> {
        let connection: Connection = zbus::connection::Builder::session()?.method_timeout(ANSWER).build().await?;
        let proxy = Proxy::new(&connection, NAME, PATH, NAME).await?;
        let can: Vec<String> = proxy.call("GetCapabilities", &()).await?;
        let clicks = proxy.receive_signal("ActionInvoked").await?;
        Ok(Self { proxy, clicks, reads_markup: can.iter().any(|can| can == "body-markup") })
    }

    /// `Notify(app_name, replaces_id, app_icon, summary, body, actions, hints, expire_timeout)`.
    async fn notify(&self, notice: &Notice) -> zbus::Result<u32> {
        let text = if self.reads_markup { as_text(&notice.text) } else { notice.text.clone() };
        let hints = HashMap::from([("desktop-entry", Value::from("Pointsman")), ("urgency", Value::from(1u8))]);
        let actions = [CLICK, "Open"].as_slice();
        // The server decides how long it stays.
        let body = ("Pointsman", 0u32, "", notice.title.as_str(), text.as_str(), actions, hints, -1i32);
        self.proxy.call("Notify", &body).await
    }
}

/// The text for a server that reads markup.
fn as_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Where a click on each notification leads, oldest first.
#[derive(Default)]
struct Places(VecDeque<(u32, Place)>);

impl Places {
    fn keep(&mut self, id: u32, place: Place) {
        // A server that was started again counts from the beginning.
        self.0.retain(|(known, _)| *known != id);
        self.0.push_back((id, place));
        if self.0.len() > CLICKABLE {
            self.0.pop_front();
        }
    }

    /// A click takes the notification away.
    fn take(&mut self, id: u32) -> Option<Place> {
        let at = self.0.iter().position(|(known, _)| *known == id)?;
        self.0.remove(at).map(|(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use pointsman_engine::view::PageName;

    use super::*;

    #[test]
    fn a_providers_words_are_text_and_no_markup() {
        assert_eq!(as_text("a <b> & c"), "a &lt;b&gt; &amp; c");
    }

    #[test]
    fn a_click_leads_to_its_own_place_once_and_old_ones_are_forgotten() {
        let mut places = Places::default();
        places.keep(1, Place::page(PageName::Keys));
        places.keep(2, Place::page(PageName::Spend));
        places.keep(1, Place::page(PageName::Clients));
        assert_eq!(places.take(1), Some(Place::page(PageName::Clients)), "the newest of that number");
        assert_eq!((places.take(1), places.take(7)), (None, None));
        for id in 3..=66 {
            places.keep(id, Place::page(PageName::Activity));
        }
        assert_eq!(places.take(2), None, "64 later ones came");
        assert!(places.take(3).is_some());
    }
}
