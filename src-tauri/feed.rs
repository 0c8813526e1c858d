//! The feed: looks four times a second for changes that any process of this home wrote, tells the
//! window what moved and keeps the tray true. Looking is microseconds while nothing moved. What
//! changes by the clock alone (a day begins, a pause ends) is found by looking at the status now and
//! then; on a desktop without a tray it also looks whether one has come. What is news to the person goes
//! to the system's notifications from here.

use std::time::Duration;

use pointsman_core::code::Denial;
use pointsman_engine::Topic;
use pointsman_engine::view::TrayView;
use tauri::{AppHandle, Emitter, Manager};

use crate::desk::Desk;
use crate::notify::Notifier;
use crate::rpc::Changed;
use crate::tray::{Checks, Tray};
use crate::windows::MAIN;
use crate::{quit, tray, windows};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Looks between two looks for jobs that nobody runs: half a second.
const JOBS: u32 = 2;

/// Looks between two of the clock's own turns: five seconds.
const BY_THE_CLOCK: u32 = 20;

/// Looks between two comparisons of the clients' files, and between two looks whether list prices are due: a
/// minute.
const WATCH: u32 = 240;

/// Looks between two tidyings: an hour.
const TIDY: u32 = 14_400;

/// All a page can be told of.
const EVERYTHING: [Topic; 6] = [Topic::Request, Topic::Money, Topic::Key, Topic::Policy, Topic::Pause, Topic::Client];

/// Runs for the life of the app.
pub(crate) async fn run(app: AppHandle, tray: Option<Tray>) {
    let notifier = Notifier::start(&app);
    let mut feed = Feed { app, tray, notifier, cursor: 0, shown: None };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for count in 0u32.. {
        look.tick().await;
        let by_the_clock = count % BY_THE_CLOCK == 0;
        if by_the_clock {
            feed.look_at_the_panel();
        }
        if count % JOBS == 0
            && let Err(denial) = feed.desk().gateway.take_over_jobs().await
        {
            tracing::debug!("jobs were not looked at: {denial}");
        }
        let topics = feed.news().await;
        let checks = if feed.desk().has_menu_moved() { Checks::Moved } else { Checks::Stand };
        if !topics.is_empty() || by_the_clock || checks == Checks::Moved {
            feed.refresh(topics, checks).await;
        }
        if count % WATCH == 0 {
            watch_clients(&feed.app);
            refresh_prices(&feed.app, LOOK * count);
        }
        if count % TIDY == BY_THE_CLOCK
            && let Err(denial) = feed.desk().gateway.tidy().await
        {
            tracing::warn!("the ledger could not be tidied: {denial}");
        }
        if feed.desk().is_leaving() && quit::running(&feed.app).await == 0 {
            feed.app.exit(0);
        }
    }
}

struct Feed {
    app: AppHandle,
    tray: Option<Tray>,
    notifier: Notifier,
    /// The newest change that was seen.
    cursor: i64,
    /// What was shown last, or why nothing is known.
    shown: Option<Result<TrayView, Denial>>,
}

impl Feed {
    fn desk(&self) -> tauri::State<'_, Desk> {
        self.app.state::<Desk>()
    }

    /// A panel may come after the app and go before it. With none the window is all there is.
    fn look_at_the_panel(&mut self) {
        let (had, has) = (self.desk().has_tray(), tray::is_watched());
        if has && self.tray.is_none() {
            self.tray = tray::build(&self.app);
            self.shown = None;
        } else if self.tray.is_some() {
            self.desk().set_tray(has);
        }
        match (had, self.desk().has_tray()) {
            (true, false) => {
                tracing::warn!("the tray is gone");
                windows::show(&self.app);
            }
            (false, true) => tracing::info!("a tray is here"),
            (true, true) | (false, false) => {}
        }
    }

    /// The topics of what changed since the last look. A ledger that cannot be read is told by the
    /// status, which reads it too.
    async fn news(&mut self) -> Vec<Topic> {
        match self.desk().gateway.changes_after(self.cursor).await {
            Ok((newest, topics)) => {
                self.cursor = newest;
                topics
            }
            Err(_) => Vec::new(),
        }
    }

    /// Tells the window what moved, the tray how things stand and the person what is news.
    async fn refresh(&mut self, mut topics: Vec<Topic>, checks: Checks) {
        let view = self
            .desk()
            .gateway
            .tray()
            .await
            .map(|view| TrayView { status: self.desk().with_own_problems(view.status), ..view });
        if self.shown.as_ref() != Some(&view) {
            match (&view, &self.shown) {
                // From broken to whole, or the reverse: nothing that was shown before counts.
                (Err(denial), _) => {
                    tracing::error!("the status cannot be read: {denial}");
                    topics = EVERYTHING.to_vec();
                }
                (Ok(_), Some(Err(_))) => topics = EVERYTHING.to_vec(),
                // What changes by the clock alone has no change row.
                (Ok(_), Some(Ok(_))) if topics.is_empty() => {
                    topics = vec![Topic::Money, Topic::Pause, Topic::Key, Topic::Client];
                }
                (Ok(_), Some(Ok(_)) | None) => {}
            }
        }
        if let Some(tray) = &self.tray {
            tray.show(view.as_ref(), checks);
        }
        if let Ok(view) = &view {
            self.tell(view).await;
        }
        self.shown = Some(view);
        if !topics.is_empty()
            && let Err(error) = self.app.emit_to(MAIN, "changed", Changed { topics })
        {
            tracing::warn!("the window could not be told: {error}");
        }
    }
}

impl Feed {
    /// Hands what is news to the system's notifications, and remembers it then: an app that ends in
    /// between tells it once more rather than never.
    async fn tell(&self, view: &TrayView) {
        let gateway = &self.desk().gateway;
        let news = match gateway.notices(&view.problems).await {
            Ok(news) => news,
            // The tray says what is wrong with the ledger.
            Err(denial) => return tracing::debug!("nothing is known to be news: {denial}"),
        };
        news.notices.iter().for_each(|notice| self.notifier.tell(notice.clone()));
        if news.moved()
            && let Err(denial) = gateway.note_told(&news).await
        {
            tracing::warn!("what was told could not be remembered: {denial}");
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

/// Fetches list prices where the file wants that and it is time. What fails is kept beside the models.
fn refresh_prices(app: &AppHandle, up: Duration) {
    let gateway = app.state::<Desk>().gateway.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(denial) = gateway.refresh_prices_when_due(up).await {
            tracing::warn!("list prices were not refreshed: {denial}");
        }
    });
}
