//! What the parts of the app share: the gateway on this home, the handle of the app, and the few
//! facts about this desktop that are not in the ledger because they end with this process.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use pointsman_engine::Gateway;
use pointsman_engine::view::{Lamp, Overview, Place, ProblemRow, Running, Status};
use tauri::AppHandle;
use tokio_util::sync::CancellationToken;

use crate::approval::Asks;

/// The app's own state; one for the life of the process.
pub(crate) struct Desk {
    /// Everything that is decided or stored.
    pub(crate) gateway: Gateway,
    /// The app, for windows and dialogs.
    pub(crate) app: AppHandle,
    /// What waits for the person in the approval window.
    pub(crate) asks: Asks,
    /// Whether an icon stands in a tray now.
    tray: AtomicBool,
    /// Counts how often the window was shown or hidden, so that a timer knows whether it is still meant.
    moves: AtomicU64,
    /// Counts the web views that were made.
    made: AtomicU64,
    /// The newest of them that said it is drawn.
    drawn: AtomicU64,
    /// Where the page is to go and has not been told.
    wanted: Mutex<Option<Place>>,
    /// A row of the tray's menu has checked itself.
    menu_moved: AtomicBool,
    /// The person chose to quit when no request runs any more.
    leaving: AtomicBool,
    /// Ends the prompt that a person tries on the Models page.
    trial: Mutex<CancellationToken>,
}

impl Desk {
    /// A desk with no tray and no window yet.
    pub(crate) fn new(gateway: Gateway, app: AppHandle) -> Self {
        Self {
            gateway,
            app,
            asks: Asks::new(),
            tray: AtomicBool::new(false),
            moves: AtomicU64::new(0),
            made: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
            wanted: Mutex::default(),
            menu_moved: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            trial: Mutex::default(),
        }
    }

    /// Whether an icon stands in a tray.
    pub(crate) fn has_tray(&self) -> bool {
        self.tray.load(Ordering::Acquire)
    }

    /// An icon stands in a tray, or no more.
    pub(crate) fn set_tray(&self, stands: bool) {
        self.tray.store(stands, Ordering::Release);
    }

    /// The window was shown or hidden; the number names this move.
    pub(crate) fn moved(&self) -> u64 {
        self.moves.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether the window was neither shown nor hidden since that move.
    pub(crate) fn still_at(&self, at: u64) -> bool {
        self.moves.load(Ordering::Acquire) == at
    }

    /// A web view is made; the number names it.
    pub(crate) fn page_made(&self) -> u64 {
        self.made.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The page of the newest web view is drawn.
    pub(crate) fn page_drawn(&self) {
        self.drawn.store(self.made.load(Ordering::Acquire), Ordering::Release);
    }

    /// Whether that web view is the newest and has not said that it is drawn.
    pub(crate) fn is_blank(&self, page: u64) -> bool {
        self.made.load(Ordering::Acquire) == page && self.drawn.load(Ordering::Acquire) < page
    }

    /// Whether the page of the newest web view is drawn, and so hears what it is told.
    pub(crate) fn is_drawn(&self) -> bool {
        self.drawn.load(Ordering::Acquire) == self.made.load(Ordering::Acquire)
    }

    /// The page is to go there; the newest wish counts.
    pub(crate) fn want(&self, place: Place) {
        if let Ok(mut wanted) = self.wanted.lock() {
            *wanted = Some(place);
        }
    }

    /// Where the page is to go, once.
    pub(crate) fn wanted(&self) -> Option<Place> {
        self.wanted.lock().ok()?.take()
    }

    /// A row of the tray's menu has checked itself.
    pub(crate) fn menu_moved(&self) {
        self.menu_moved.store(true, Ordering::Release);
    }

    /// Whether one has, since this was asked last.
    pub(crate) fn has_menu_moved(&self) -> bool {
        self.menu_moved.swap(false, Ordering::AcqRel)
    }

    /// Quit as soon as no request runs.
    pub(crate) fn leave_when_done(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Whether the person chose that.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// A trial begins; the one before it ends.
    pub(crate) fn new_trial(&self) -> CancellationToken {
        let mut trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
        trial.cancel();
        *trial = CancellationToken::new();
        trial.clone()
    }

    /// The trial under way ends.
    pub(crate) fn stop_trial(&self) {
        self.trial.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    /// The status with what only this process knows.
    pub(crate) fn with_own_problems(&self, mut status: Status) -> Status {
        if !self.has_tray() {
            status.problems += 1;
            if status.running == Running::Running {
                status.running = Running::Attention;
            }
        }
        status
    }

    /// The first page with what only this process knows.
    pub(crate) fn with_own_problem_rows(&self, mut overview: Overview) -> Overview {
        if !self.has_tray() {
            overview.problems.push(ProblemRow {
                id: "no-tray".to_owned(),
                lamp: Lamp::Caution,
                title: "Your desktop shows no tray icons; Pointsman stays as a normal window.".to_owned(),
                detail: "Closing the window quits Pointsman. Connected clients keep working. \
                         A tray extension of your desktop brings the icon back."
                    .to_owned(),
                action: None,
            });
        }
        overview
    }
}
