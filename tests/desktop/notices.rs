//! A notification server on the desktop's bus: it owns the real name, shows what it is given to the test,
//! and clicks as a person would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::screen::{Screen, wait};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notification as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: u32,
    pub(crate) app: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) actions: Vec<String>,
}

/// The server.
pub(crate) struct Notices {
    connection: zbus::Connection,
    shown: Arc<Mutex<Vec<Shown>>>,
}

struct Server {
    shown: Arc<Mutex<Vec<Shown>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"].map(str::to_owned).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("walk".into(), "walk".into(), "1".into(), "1.2".into())
    }

    #[allow(clippy::too_many_arguments, reason = "the specification's")]
    fn notify(
        &self,
        app_name: String,
        _replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap();
        let id = u32::try_from(shown.len()).unwrap() + 1;
        shown.push(Shown { id, app: app_name, title: summary, text: body, actions });
        id
    }

    fn close_notification(&self, _id: u32) {}

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}

impl Notices {
    /// Begins to serve.
    pub(crate) async fn serve(screen: &Screen) -> Self {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let builder = zbus::connection::Builder::address(screen.bus().as_str()).unwrap();
        let server = Server { shown: shown.clone() };
        let connection = builder.serve_at(PATH, server).unwrap().name(NAME).unwrap().build().await.unwrap();
        Self { connection, shown }
    }

    /// All that was shown so far.
    pub(crate) fn all(&self) -> Vec<Shown> {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for the notification with this title.
    pub(crate) fn titled(&self, title: &str) -> Shown {
        wait(&format!("the notification {title}"), || self.all().into_iter().find(|shown| shown.title == title))
    }

    /// A person clicks it.
    pub(crate) async fn click(&self, shown: &Shown) {
        let emitter = SignalEmitter::new(&self.connection, PATH).unwrap();
        Server::action_invoked(&emitter, shown.id, "default").await.unwrap();
    }
}
