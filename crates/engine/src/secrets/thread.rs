//! The keychain's own thread: every use of it blocks, some for ever. Whoever asks waits for a limited
//! time; a thread that hangs is left behind and ends by itself once its question does. A change that
//! was not begun by then is never made ([`Turn`]); one that was begun is told as unsure, not as failed.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use pointsman_core::code::Denial;
use tokio::sync::oneshot;

use super::place::Place;
use super::store::Store;
use super::{SEEN_NAME, Trouble, lock};

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
                done @ (Ok(_) | Err(Trouble::Locked | Trouble::Slow | Trouble::Unsure)) => return done,
            }
        }
        let store = Store::open(&self.place)?;
        SEEN_NAME.get_or_init(|| store.name());
        let done = job(&store);
        self.store = Some(store);
        done
    }
}

/// One question: whether its change has begun, and whether somebody still waits for the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<Mutex<Progress>>);

#[derive(Debug, Default)]
struct Progress {
    begun: bool,
    left: bool,
}

impl Turn {
    /// Makes a change, unless whoever asked for it has left: they were told that it was not made. After
    /// it every process's cached keys are stale, also where nobody waits any more or it failed halfway.
    ///
    /// # Errors
    /// [`Trouble::Slow`] where they left; else what `change` says, as [`Trouble::Unsure`] where the
    /// keychain did not say whether it was done. Inside: where the home cannot be written.
    pub(super) fn change<T>(
        &self,
        place: &Place,
        address: Option<String>,
        change: impl FnOnce() -> Result<T, Trouble>,
    ) -> Result<(T, Result<(), Denial>), Trouble> {
        {
            let mut progress = lock(&self.0);
            if progress.left {
                return Err(Trouble::Slow);
            }
            progress.begun = true;
        }
        let done = change();
        let remembered = place.remember(address);
        match done {
            Ok(value) => Ok((value, remembered)),
            Err(Trouble::Slow) => Err(Trouble::Unsure),
            Err(trouble) => Err(trouble),
        }
    }

    /// Nobody waits from here on; says what is known of the change.
    fn leave(&self) -> Trouble {
        let mut progress = lock(&self.0);
        progress.left = true;
        if progress.begun { Trouble::Unsure } else { Trouble::Slow }
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
    /// [`Trouble::Slow`] after `limit`, or [`Trouble::Unsure`] where a change had begun by then; else
    /// what `job` or the opening says.
    pub(super) async fn ask<T, F>(&self, limit: Duration, job: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Fn(&Store, &Turn) -> Result<T, Trouble> + Send + 'static,
    {
        self.take(limit, move |keychain, turn| keychain.with(&|store| job(store, turn))).await
    }

    async fn take<T, F>(&self, limit: Duration, job: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: FnOnce(&mut Keychain, &Turn) -> Result<T, Trouble> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let turn = Turn::default();
        let jobs = turn.clone();
        let job: Job = Box::new(move |keychain| {
            // Whoever stopped waiting no longer wants the result.
            drop(done.send(job(keychain, &jobs)));
        });
        self.0.send(job).map_err(|_| Trouble::Slow)?;
        match tokio::time::timeout(limit, result).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Err(turn.leave()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_change_that_was_told_as_not_made_is_never_made() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::new(home.path(), true);
        let thread = Thread::start(place.clone());
        let (free, busy) = channel::<()>();
        // The keychain hangs in a question of somebody else.
        let hung = thread.take(SHORT, move |_, _| Ok(busy.recv().is_ok())).await;
        assert_eq!(hung, Err(Trouble::Slow));
        let (wrote, written) = channel();
        let at = place.clone();
        let told =
            thread.take(SHORT, move |_, turn| turn.change(&at, None, || Ok(wrote.send(()).is_ok())).map(|_| ())).await;
        assert_eq!(told, Err(Trouble::Slow));
        free.send(()).unwrap();
        thread.take(LONG, |_, _| Ok(())).await.expect("both questions before it have ended");
        assert!(written.try_recv().is_err(), "it was stored although the person was told that it was not");
        assert!(!place.is_written(), "and nothing changed for others");
    }

    #[tokio::test]
    async fn a_change_under_way_is_told_as_unsure_and_others_learn_of_it() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::new(home.path(), true);
        let (thread, before) = (Thread::start(place.clone()), place.stamp());
        let (free, busy) = channel::<()>();
        let (began, begun) = channel();
        let at = place.clone();
        let change = move |_: &mut Keychain, turn: &Turn| {
            let slow = || {
                began.send(()).map_err(|_| Trouble::Missing)?;
                Ok(busy.recv().is_ok())
            };
            turn.change(&at, None, slow).map(|_| ())
        };
        let told = thread.take(Duration::from_secs(2), change).await;
        assert!(begun.try_recv().is_ok(), "the machine took 2 s to start a thread");
        assert_eq!(told, Err(Trouble::Unsure));
        assert_eq!(place.stamp(), before, "not yet");
        free.send(()).unwrap();
        thread.take(LONG, |_, _| Ok(())).await.unwrap();
        assert_ne!(place.stamp(), before, "a server would go on with the key before");
    }

    #[test]
    fn a_keychain_that_took_the_change_and_gave_no_answer_is_unsure() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::new(home.path(), true);
        let unanswered = Turn::default().change(&place, None, || Err::<(), _>(Trouble::Slow));
        assert_eq!(unanswered.map(|_| ()), Err(Trouble::Unsure));
        assert!(place.is_written());
    }
}
