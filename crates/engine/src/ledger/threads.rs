//! The two threads of a ledger: one reads, one writes what has to wait its turn and copies the log into the
//! file. What they do is given to them; nothing here knows a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// How long after a write a process copies the log into the file.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(1);

pub(super) type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// What the writing thread has to do.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Writes that wait for it: while there are any, nobody overtakes them.
    pub(super) waiting: AtomicUsize,
    /// Something was written since the log was last copied into the file.
    pub(super) dirty: AtomicBool,
}

/// One place in the queue, given up when dropped.
pub(super) struct Turn<'q>(pub(super) &'q AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A thread that owns a connection and does jobs in order until the last sender is gone.
pub(super) fn read_in_order(mut connection: Connection) -> mpsc::Sender<Job> {
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::spawn(move || {
        while let Ok(job) = jobs.recv() {
            job(&mut connection);
        }
    });
    sender
}

/// The same for writes. While anything is written it copies the log into the file once a second, beside
/// whoever writes; another process may be reading, and its own copying follows.
pub(super) fn write_in_order(mut connection: Connection, queue: Arc<Queue>) -> mpsc::Sender<Job> {
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::spawn(move || {
        let mut copied = Instant::now();
        loop {
            let job = if queue.dirty.load(Ordering::Acquire) {
                jobs.recv_timeout(CHECKPOINT_AFTER.saturating_sub(copied.elapsed()))
            } else {
                let job = jobs.recv().map_err(|_| RecvTimeoutError::Disconnected);
                copied = Instant::now();
                job
            };
            match job {
                Ok(job) => job(&mut connection),
                Err(RecvTimeoutError::Timeout) => {
                    queue.dirty.store(false, Ordering::Release);
                    drop(connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"));
                    copied = Instant::now();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    sender
}
