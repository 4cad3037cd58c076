//! The database engine: connections, threads, transactions, migrations. Only this folder knows
//! which database it talks to, and only its PostgreSQL connection is asynchronous.

pub(super) mod columns;
mod error;
pub(super) mod folded;
mod lock_order;
mod migrations;
mod postgres;
mod queue;
pub mod snapshot;
mod sqlite;
mod transaction;
mod value;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

pub use error::StoreError;
use queue::{QueuedWork, WorkQueue};
pub use transaction::Tx;
pub(crate) use value::params;
pub use value::{FromValue, Row, Value};

/// The database, SQLite or PostgreSQL. Cheap to clone; dropping the last clone closes the database.
#[derive(Clone)]
pub struct Store {
    threads: Arc<Threads>,
}

impl Store {
    /// Opens the embedded database, creates the file if it is missing, and migrates it.
    ///
    /// # Errors
    /// `Database` if the file cannot be opened, is not a database, or was made by a newer version.
    pub fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let mut threads = Threads::default();
        sqlite::start(path, &mut threads)?;
        Ok(Self {
            threads: Arc::new(threads),
        })
    }

    /// Connects to PostgreSQL. Does not migrate; see [`Store::migrate_postgres`].
    ///
    /// # Errors
    /// `Database` if the address cannot be read or the server refuses the connection; `Unavailable`
    /// if no server answers at the address.
    pub fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let mut threads = Threads::default();
        postgres::start(url, &mut threads)?;
        Ok(Self {
            threads: Arc::new(threads),
        })
    }

    /// Migrates a PostgreSQL database to this version's schema, and returns the names of the
    /// migrations that it applied.
    ///
    /// # Errors
    /// As [`Store::open_postgres`], and `Database` if an applied migration has changed since.
    pub fn migrate_postgres(url: &str) -> Result<Vec<String>, StoreError> {
        postgres::migrate(url)
    }

    /// Returns the migrations that this version needs and the database lacks, oldest first.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        if self.threads.migrates_itself {
            return Ok(Vec::new());
        }
        self.read(migrations::pending).await
    }

    /// Returns whether other servers may use the same database.
    pub fn is_shared(&self) -> bool {
        // The embedded database belongs to the one process that has it open, and migrates itself.
        !self.threads.migrates_itself
    }

    /// Runs `f` on one snapshot of the committed data. `f` cannot write.
    ///
    /// # Errors
    /// The error of `f`, or a database error.
    pub async fn read<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        ask(&self.threads.reads, f).await
    }

    /// Runs `f` as a transaction and returns once its writes are durable. An error undoes the
    /// writes of `f` and no others. `f` may run more than once, reads through its `Tx` what it
    /// decides on, and must not communicate with anything but its `Tx`. If the caller goes away
    /// while `f` is queued, `f` does not run.
    ///
    /// # Errors
    /// The error of `f`, or a database error.
    pub async fn write<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        ask(&self.threads.writes, f).await
    }

    /// Succeeds if the database can be read and could be written.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let alive = |tx: &mut Tx<'_>| tx.query("SELECT 1 AS alive", &[]).map(drop);
        self.read(alive).await?;
        self.write(alive).await
    }

    /// Returns how many reads, and how many writes, wait for the database now.
    pub fn waiting(&self) -> (usize, usize) {
        (self.threads.reads.len(), self.threads.writes.len())
    }

    /// Accepts no more work, finishes the queued work, and returns when the database is closed.
    /// Clones of this store return `Unavailable` from then on.
    pub fn close(&self) {
        self.threads.close();
    }
}

async fn ask<T, E>(
    queue: &WorkQueue,
    f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (work, answer) = QueuedWork::for_caller(f);
    queue.push(work)?;
    // The sender is dropped without a result only if the thread that held it died.
    answer
        .await
        .unwrap_or(Err(StoreError::Unavailable("its thread has stopped").into()))
}

/// The threads that own the connections, and the queues that they serve.
#[derive(Default)]
struct Threads {
    reads: Arc<WorkQueue>,
    writes: Arc<WorkQueue>,
    running: Mutex<Vec<JoinHandle<()>>>,
    migrates_itself: bool,
}

impl Threads {
    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| StoreError::Database(format!("cannot start a thread: {error}")))?;
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(thread);
        Ok(())
    }

    fn close(&self) {
        self.reads.close();
        self.writes.close();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in running.drain(..) {
            // A store dropped inside one of its own closures cannot wait for that closure.
            if thread.thread().id() != thread::current().id() {
                // The callers that waited for the thread have learned why it died.
                drop(thread.join());
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.close();
    }
}
