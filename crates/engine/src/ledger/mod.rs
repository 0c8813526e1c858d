//! The ledger: one SQLite file that all processes share and that is the truth about money.
//!
//! Every write is one IMMEDIATE transaction through [`Ledger::write`], with no await inside (I9). Reads
//! have a connection and thread of their own. Guards I2, I3, I5, I6.
//! Never open, copy or close the file with `std::fs` while a process has it open: closing any
//! descriptor of it drops SQLite's POSIX locks.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pointsman_core::code::{Code, Denial};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use threads::{Job, Queue, Turn, read_in_order, write_in_order};

pub mod account;
pub mod adjustment;
pub(crate) mod alert;
pub mod attempt;
pub mod audit;
pub(crate) mod breaker;
pub(crate) mod cache;
pub mod change;
pub mod client;
mod counts;
pub(crate) mod exception;
pub mod instance;
pub(crate) mod job;
pub(crate) mod key_check;
pub mod pause;
pub mod policy;
pub(crate) mod price_list;
pub(crate) mod prompt_check;
pub mod request;
pub mod reservation;
mod schema;
pub mod setting;
pub(crate) mod speed;
pub(crate) mod standing;
mod threads;
pub(crate) mod trace;

/// How long a write waits for another process before it fails.
const BUSY: Duration = Duration::from_secs(10);
/// Pages of the log at which a commit copies it by itself, waiting for the disk: 24 MB. The thread copies once a
/// second, but the log begins anew only where nothing was written meanwhile, so under a steady load this is what
/// keeps it short. A call writes 18 pages; one in three hundred then waits, and for little, since most is copied
/// by then.
const LONGEST_LOG_PAGES: i64 = 6_000;
/// How long after a write failed it is tried again for the status alone.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Why the ledger did not do something.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite said no.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A newer program has changed the ledger so that this one cannot honour it.
    #[error("Pointsman was updated. Restart Claude to continue.")]
    Updated,
    /// The ledger's thread has ended.
    #[error("the ledger is closed")]
    Closed,
    /// SQLite could not switch to write-ahead logging, without which processes cannot share the file.
    #[error("the folder does not support write-ahead logging; move the home to a local disk")]
    NoWal,
    /// A rule of the ledger itself was broken; nothing was written.
    #[error("{0}")]
    Broken(String),
}

impl LedgerError {
    /// The cause in a few words, without the statement it happened in.
    fn cause(&self) -> String {
        match self {
            Self::Sqlite(rusqlite::Error::SqlInputError { msg, .. }) => msg.clone(),
            Self::Sqlite(rusqlite::Error::SqliteFailure(code, None)) => code.to_string(),
            Self::Sqlite(rusqlite::Error::SqliteFailure(_, Some(message))) => message.clone(),
            other => other.to_string(),
        }
    }
}

impl LedgerError {
    /// Whether the next write would most likely fail too, whatever it is.
    fn is_of_the_file(&self) -> bool {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => {
                failure.code != rusqlite::ErrorCode::ConstraintViolation
            }
            Self::Sqlite(error) => matches!(error, rusqlite::Error::SqlInputError { .. }),
            Self::Updated | Self::Closed | Self::NoWal => true,
            Self::Broken(_) => false,
        }
    }

    /// Whether somebody else has the file just now.
    fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
            if matches!(failure.code, rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
    }

    /// What happened and what to do.
    fn sentence(&self) -> String {
        match self {
            Self::Updated => self.to_string(),
            Self::Sqlite(_) | Self::Closed | Self::NoWal | Self::Broken(_) => format!(
                "The ledger cannot be used ({}), and without it no cap can hold, so the call is refused. Check that the disk has room and the home folder can be written, or run `pointsman doctor`.",
                self.cause()
            ),
        }
    }
}

impl From<LedgerError> for Denial {
    fn from(error: LedgerError) -> Self {
        Self::new(Code::LedgerUnavailable, error.sentence())
    }
}

/// A handle; clones share the connections and the two threads, which end with the last handle.
///
/// A write or a look that can be done at once is done where it is asked for: handing it to a thread and
/// back costs more than the work. One that would have to wait, for another process or behind another
/// write, goes to a thread, in order; so no caller's thread ever waits for a lock.
#[derive(Clone, Debug)]
pub struct Ledger {
    at_once: Arc<Mutex<Connection>>,
    writer: mpsc::Sender<Job>,
    reader: mpsc::Sender<Job>,
    queue: Arc<Queue>,
    unwritable: Unwritable,
}

/// The sentence of the last write that the file refused, and when; gone with the next that it took.
#[derive(Clone, Debug, Default)]
struct Unwritable(Arc<Mutex<Option<(String, Instant)>>>);

impl Unwritable {
    fn lock(&self) -> MutexGuard<'_, Option<(String, Instant)>> {
        // Every change is one assignment, so a holder that panicked left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard<T>(&self, done: Result<T, LedgerError>) -> Result<T, LedgerError> {
        match &done {
            Ok(_) => *self.lock() = None,
            Err(error) if error.is_of_the_file() => *self.lock() = Some((error.sentence(), Instant::now())),
            // It reached the file and broke a rule of its own.
            Err(_) => {}
        }
        done
    }
}

impl Ledger {
    /// Opens the file, creating or migrating it.
    ///
    /// # Errors
    /// Where it is not a ledger, not writable, or on a file system without write-ahead logging.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        make_private(path).map_err(|error| LedgerError::Broken(error.to_string()))?;
        let mut writing = connect(path)?;
        schema::migrate(&mut writing, path)?;
        let reading = connect(path)?;
        reading.pragma_update(None, "query_only", true)?;
        // Nearly all is done at once; what waits its turn is rare and need not keep pages.
        writing.pragma_update(None, "cache_size", -512)?;
        reading.pragma_update(None, "cache_size", -512)?;
        let at_once = connect(path)?;
        at_once.busy_timeout(Duration::ZERO)?;
        at_once.pragma_update(None, "wal_autocheckpoint", LONGEST_LOG_PAGES)?;
        let queue = Arc::new(Queue::default());
        Ok(Self {
            at_once: Arc::new(Mutex::new(at_once)),
            writer: write_in_order(writing, Arc::clone(&queue)),
            reader: read_in_order(reading),
            queue,
            unwritable: Unwritable::default(),
        })
    }

    /// Runs one IMMEDIATE transaction. Committed when `f` returns `Ok`, undone otherwise.
    ///
    /// # Errors
    /// What `f` returns, or SQLite's own. After 10 s of another writer: busy.
    pub async fn write<T, F>(&self, f: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let f = match self.write_at_once(f) {
            Ok(done) => return self.unwritable.heard(done),
            Err(f) => f,
        };
        let unwritable = self.unwritable.clone();
        let (done, result) = oneshot::channel();
        self.queued(move |connection| drop(done.send(unwritable.heard(in_transaction(connection, f)))))?;
        result.await.map_err(|_| LedgerError::Closed)?
    }

    /// Does the write here and now, or gives it back where it would have to wait.
    fn write_at_once<T, F>(&self, f: F) -> Result<Result<T, LedgerError>, F>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
    {
        if self.queue.waiting.load(Ordering::Acquire) > 0 {
            return Err(f);
        }
        let Ok(mut connection) = self.at_once.try_lock() else { return Err(f) };
        let Ok(tx) = connection.transaction_with_behavior(TransactionBehavior::Immediate) else { return Err(f) };
        let done = checked(tx, f);
        drop(connection);
        if !self.queue.dirty.swap(true, Ordering::AcqRel) {
            // Wakes the thread, which copies the log into the file a second later.
            drop(self.writer.send(Box::new(|_| {})));
        }
        Ok(done)
    }

    fn queued(&self, job: impl FnOnce(&mut Connection) + Send + 'static) -> Result<(), LedgerError> {
        self.queue.waiting.fetch_add(1, Ordering::AcqRel);
        let queue = Arc::clone(&self.queue);
        let job: Job = Box::new(move |connection| {
            // Counted down also where the job panics.
            let _turn = Turn(&queue.waiting);
            queue.dirty.store(true, Ordering::Release);
            job(connection);
        });
        self.writer.send(job).map_err(|_| LedgerError::Closed)
    }

    /// Why the ledger cannot be written, as the last write found; tried anew where that was 30 s ago.
    pub(crate) async fn unwritable(&self) -> Option<String> {
        let (sentence, at) = self.unwritable.lock().clone()?;
        if at.elapsed() < TRY_AGAIN {
            return Some(sentence);
        }
        self.try_write().await
    }

    /// Writes something tiny; says why that cannot be done.
    async fn try_write(&self) -> Option<String> {
        let tried = self.write(|tx| setting::set(tx, setting::TRIED, &jiff::Timestamp::now().to_string())).await;
        tried.err().map(|error| error.sentence())
    }

    /// The same without waiting for the result: for a guard that is dropped. Errors are logged; the
    /// lease is what holds then.
    pub fn post<F>(&self, f: F)
    where
        F: FnOnce(&Transaction<'_>) -> Result<(), LedgerError> + Send + 'static,
    {
        let unwritable = self.unwritable.clone();
        let posted = self.queued(move |connection| {
            if let Err(error) = unwritable.heard(in_transaction(connection, f)) {
                tracing::warn!(%error, "a posted ledger write failed");
            }
        });
        if posted.is_err() {
            tracing::warn!("the ledger is closed; a posted write is lost and its lease will end it");
        }
    }

    /// Looks something up here and now: for the few rows every call needs. Goes to the reading thread
    /// where the connection is in use, or where SQLite is busy: it mends the log after a process was killed.
    ///
    /// # Errors
    /// What `f` returns.
    pub(crate) async fn glance<T, F>(&self, f: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let looked = self.at_once.try_lock().ok().map(|connection| f(&connection));
        match looked {
            Some(Err(error)) if error.is_busy() => {}
            Some(looked) => return looked,
            None => {}
        }
        self.read(f).await
    }

    /// Reads outside any transaction of ours.
    ///
    /// # Errors
    /// What `f` returns.
    pub async fn read<T, F>(&self, f: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        on(&self.reader, |connection| f(connection)).await
    }
}

async fn on<T, F>(thread: &mpsc::Sender<Job>, f: F) -> Result<T, LedgerError>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, LedgerError> + Send + 'static,
{
    let (done, result) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        // A caller that was dropped no longer wants the result; the work is done all the same.
        drop(done.send(f(connection)));
    });
    thread.send(job).map_err(|_| LedgerError::Closed)?;
    result.await.map_err(|_| LedgerError::Closed)?
}

fn in_transaction<T>(
    connection: &mut Connection,
    f: impl FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    checked(connection.transaction_with_behavior(TransactionBehavior::Immediate)?, f)
}

/// Runs `f` in a transaction that has begun, unless a newer program has made the ledger its own.
fn checked<T>(
    tx: Transaction<'_>,
    f: impl FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let min_reader: i64 = tx.prepare_cached("SELECT min_reader FROM schema")?.query_row([], |row| row.get(0))?;
    if min_reader > schema::VERSION {
        return Err(LedgerError::Updated);
    }
    let value = f(&tx)?;
    tx.commit()?;
    Ok(value)
}

/// Makes the file readable by its owner only; SQLite gives its own files beside it the same mode.
/// An existing file is not opened here: closing a descriptor of it would drop SQLite's locks.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let private = std::fs::Permissions::from_mode(0o600);
            if path.metadata()?.permissions() == private { Ok(()) } else { std::fs::set_permissions(path, private) }
        }
        Err(error) => Err(error),
    }
}

/// Windows gives the files of a person's own folder to that person only.
#[cfg(not(unix))]
fn make_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(LedgerError::NoWal);
    }
    connection.execute_batch(
        "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without this a cached statement with a range is planned anew for each value bound to it: eight times a call.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

#[cfg(test)]
pub(crate) mod tests;
