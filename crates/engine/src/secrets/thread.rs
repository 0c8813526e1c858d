//! The keychain's own thread: every use of it blocks, some for ever. Whoever asks waits for a limited
//! time; a thread that hangs is left behind and ends by itself once its question does.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::place::Place;
use super::store::Store;
use super::{SEEN_NAME, Trouble};

type Job = Box<dyn FnOnce(&mut Keychain) + Send>;

/// What the keychain's thread owns: a connection, once one was needed.
struct Keychain {
    place: Place,
    store: Option<Store>,
}

impl Keychain {
    /// Does something with an open keychain. A connection that broke since its last use, as after a
    /// restart of the bus, is opened anew once.
    fn with<T>(&mut self, job: &impl Fn(&Store) -> Result<T, Trouble>) -> Result<T, Trouble> {
        if let Some(store) = &self.store {
            match job(store) {
                Err(Trouble::Failed(_) | Trouble::Missing) => self.store = None,
                done @ (Ok(_) | Err(Trouble::Locked | Trouble::Slow)) => return done,
            }
        }
        let store = Store::open(&self.place)?;
        SEEN_NAME.get_or_init(|| store.name());
        let done = job(&store);
        self.store = Some(store);
        done
    }
}

/// A handle; the thread ends with the last one.
#[derive(Clone)]
pub(super) struct Thread(mpsc::Sender<Job>);

impl Thread {
    /// Starts a thread. It opens the keychain at the first question.
    pub(super) fn start(place: Place) -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        std::thread::spawn(move || {
            let mut keychain = Keychain { place, store: None };
            while let Ok(job) = jobs.recv() {
                job(&mut keychain);
            }
        });
        Self(sender)
    }

    /// Does something with the keychain and waits for the result.
    ///
    /// # Errors
    /// [`Trouble::Slow`] after `limit`; else what `job` or the opening says.
    pub(super) async fn ask<T, F>(&self, limit: Duration, job: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Fn(&Store) -> Result<T, Trouble> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move |keychain| {
            // Whoever stopped waiting no longer wants the result.
            drop(done.send(keychain.with(&job)));
        });
        self.0.send(job).map_err(|_| Trouble::Slow)?;
        match tokio::time::timeout(limit, result).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Err(Trouble::Slow),
        }
    }
}
