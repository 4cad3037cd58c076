//! Facts. SQL and nothing else; free functions on a [`Tx`].
//!
//! This file is the store's outside: a read or a write is a plain function of a transaction, and
//! where and when it runs is the store's affair. Only this file, `sqlite.rs`, `postgres/` and
//! `migrate.rs` know which database they talk to; no file in this folder decides anything.

pub mod accounts;
pub mod agents;
pub mod approvals;
pub mod audit;
pub mod callback_hosts;
mod check;
mod columns;
pub mod credentials;
pub mod deliveries;
pub mod disputes;
pub mod email_links;
pub mod entries;
mod error;
pub mod fiat;
mod folded;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod lists;
mod lock_order;
pub mod messages;
mod migrate;
pub mod moves;
pub mod near;
pub mod operators;
pub mod outbox;
pub mod payouts;
mod postgres;
pub mod proofs;
mod queue;
pub mod rate;
pub mod ratings;
mod search;
pub mod shared_settings;
pub mod snapshot;
mod sqlite;
#[cfg(test)]
#[path = "../../tests/support/mod.rs"]
pub(crate) mod support;
pub mod switches;
mod tally;
pub mod tasks;
#[cfg(test)]
mod tests;
pub mod uploads;
mod value;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

pub use error::StoreError;
pub(crate) use value::params;
pub use value::{FromValue, Row, Value};

use crate::metrics::Durable;
use lock_order::Locks;
use queue::{Asked, Queue};

/// What a transaction needs of a database; the rest of [`Tx`] is the same for both.
trait Engine {
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError>;
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// Runs a statement whose failure may be heard later, before the transaction is committed.
    fn send(&mut self, sql: &str, params: Vec<Value>) -> Result<(), StoreError>;
    /// Hears how everything went that was sent.
    fn settle(&mut self) -> Result<(), StoreError>;
    /// Runs BEGIN, SAVEPOINT and their kin, as `send` does.
    fn control(&mut self, sql: &'static str) -> Result<(), StoreError>;
    /// Lets the statements of this transaction take minutes, if they may not already.
    fn take_time(&mut self) -> Result<(), StoreError>;
    /// Has the statements of this transaction planned once, whatever their parameters.
    fn plan_once(&mut self) -> Result<(), StoreError>;
    /// Has what this transaction erases leave no copy that the database could be rid of.
    fn erase_traces(&mut self);
    /// Notes that another transaction was faster, so that this one must run again.
    fn lost_race(&mut self);
    /// How this database describes itself.
    fn catalogue(&self) -> snapshot::Catalogue;
}

/// A transaction. Statements are written once, in the subset of `migrations/README.md`, with
/// parameters `$1, $2, …` that may be used in any order and more than once.
pub struct Tx<'a> {
    engine: &'a mut dyn Engine,
    failed: bool,
    /// What is counted once the writes are durable.
    counted: Vec<Durable>,
    locks: Locks,
}

impl<'a> Tx<'a> {
    fn new(engine: &'a mut dyn Engine) -> Self {
        Self {
            engine,
            failed: false,
            counted: Vec::new(),
            locks: Locks::default(),
        }
    }

    /// Runs a statement and says how many rows it wrote.
    ///
    /// # Errors
    /// Every kind but `Changed`, `Inconsistent` and `Column`. After one, the transaction answers
    /// `Aborted` to everything until its savepoint, or itself, has ended: so it is on PostgreSQL.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        self.keep_lock_order(sql)?;
        self.unless_failed(|engine| engine.execute(sql, params))
    }

    /// Runs a statement of which nothing is asked: on PostgreSQL it goes together with the next
    /// one, so it costs no wait. That it failed is said by it, by a later statement or by the end
    /// of the transaction, so it is not for a violation that is expected.
    ///
    /// # Errors
    /// As `execute`, of this statement or of one that was sent before.
    pub fn send<P: Into<Vec<Value>>>(&mut self, sql: &str, params: P) -> Result<(), StoreError> {
        self.keep_lock_order(sql)?;
        self.unless_failed(|engine| engine.send(sql, params.into()))
    }

    /// Runs a query, or a statement with RETURNING, and answers all its rows.
    ///
    /// # Errors
    /// As `execute`.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.keep_lock_order(sql)?;
        self.unless_failed(|engine| engine.query(sql, params))
    }

    /// The first row of a query. Says nothing about there being more.
    ///
    /// # Errors
    /// As `execute`.
    pub fn first(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Lets the statements that follow take minutes each: for what reads every row there is. A
    /// server's own statements are cut off after seconds on PostgreSQL.
    ///
    /// # Errors
    /// As `execute`.
    pub fn take_time(&mut self) -> Result<(), StoreError> {
        self.unless_failed(|engine| engine.take_time())
    }

    /// Has the statements from here to the end planned once, whatever their parameters: for those
    /// whose plan is the same for all, which PostgreSQL would else make again each time.
    ///
    /// # Errors
    /// As `execute`.
    fn plan_once(&mut self) -> Result<(), StoreError> {
        self.unless_failed(|engine| engine.plan_once())
    }

    /// Runs `f` in a savepoint: its writes are undone when it answers an error, and the
    /// transaction goes on. A violation that is expected is met in here.
    ///
    /// # Errors
    /// Those of `f`, and of the database.
    pub fn savepoint<T, E: From<StoreError>>(
        &mut self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.unless_failed(|engine| {
            // What was sent before `f` and failed is no fault of `f`.
            engine.settle()?;
            engine.control("SAVEPOINT inner_writes")
        })?;
        let mut inner = Tx::new(&mut *self.engine);
        inner.locks = self.locks.clone();
        let mut answer = inner.settled(f);
        // And what `f` sent is no fault of what follows.
        if let (Ok(_), Err(error)) = (&answer, inner.engine.settle()) {
            answer = Err(error.into());
        }
        if answer.is_ok() {
            let counted = std::mem::take(&mut inner.counted);
            let locks = std::mem::take(&mut inner.locks);
            self.counted.extend(counted);
            self.locks = locks;
        }
        self.unless_failed(|engine| {
            if answer.is_err() {
                engine.control("ROLLBACK TO SAVEPOINT inner_writes")?;
            }
            engine.control("RELEASE SAVEPOINT inner_writes")
        })?;
        answer
    }

    /// Erases what this transaction overwrites or deletes from the database's files too, before its
    /// caller is answered: on SQLite, where deleted content is overwritten, by emptying the
    /// write-ahead log. PostgreSQL keeps old versions of rows until it vacuums, and its own log.
    pub fn erase_traces(&mut self) {
        self.engine.erase_traces();
    }

    /// Reports that another transaction has changed what this one was decided on. The whole
    /// transaction is undone and runs again, a bounded number of times, whatever the closure makes
    /// of the returned error; after the last time the caller gets `Changed`. So the closure must
    /// read what it decides on by itself. On SQLite, where writes take turns, there is no such
    /// race.
    pub fn lost_race(&mut self) -> StoreError {
        self.failed = true;
        self.engine.lost_race();
        StoreError::Changed
    }

    /// Counts something once the writes of this transaction are durable, and not at all if they
    /// are undone.
    pub(crate) fn count_once_durable(&mut self, what: Durable) {
        self.counted.push(what);
    }

    /// Runs `f`, and does not let it succeed over a failed statement whose error it swallowed:
    /// PostgreSQL would then answer COMMIT with a silent rollback.
    fn settled<T, E: From<StoreError>>(
        &mut self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let answer = f(self)?;
        if self.failed {
            Err(StoreError::Aborted.into())
        } else {
            Ok(answer)
        }
    }

    fn keep_lock_order(&mut self, sql: &str) -> Result<(), StoreError> {
        if cfg!(debug_assertions) {
            self.locks.take(sql).inspect_err(|_| self.failed = true)
        } else {
            Ok(())
        }
    }

    fn unless_failed<T>(
        &mut self,
        run: impl FnOnce(&mut dyn Engine) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        let answer = run(self.engine);
        self.failed = answer.is_err();
        answer
    }
}

/// The database, whichever it is. Cheap to clone; the last clone to go closes it.
#[derive(Clone)]
pub struct Store {
    threads: Arc<Threads>,
}

impl Store {
    /// Opens the embedded database, creates the file when it is missing, and migrates it.
    ///
    /// # Errors
    /// `Database` when the file cannot be opened, is no database, or was made by a newer version.
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
    /// `Database` when the address cannot be read or the server refuses us; `Unavailable` when
    /// nobody answers there.
    pub fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let mut threads = Threads::default();
        postgres::start(url, &mut threads)?;
        Ok(Self {
            threads: Arc::new(threads),
        })
    }

    /// Brings a PostgreSQL database to this version's schema, and names what was applied.
    ///
    /// # Errors
    /// As `open_postgres`, and `Database` when an applied migration has changed since.
    pub fn migrate_postgres(url: &str) -> Result<Vec<String>, StoreError> {
        postgres::migrate(url)
    }

    /// The migrations that this version needs and the database lacks, oldest first.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        if self.threads.migrates_itself {
            return Ok(Vec::new());
        }
        self.read(migrate::pending).await
    }

    /// Whether other servers may use the same database.
    pub fn is_shared(&self) -> bool {
        // The embedded database belongs to the one process that has it open, and migrates itself.
        !self.threads.migrates_itself
    }

    /// Runs `f` on one snapshot of what is committed. It cannot write.
    ///
    /// # Errors
    /// Those of `f`, and of the database.
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

    /// Runs `f` as a transaction and answers once its writes are durable. An error undoes the
    /// writes of `f` and of nobody else. `f` may run more than once, reads by its `Tx` what it
    /// decides on, and must not talk to anyone but its `Tx`; a caller who goes away before its turn
    /// is forgotten.
    ///
    /// # Errors
    /// Those of `f`, and of the database.
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

    /// Whether the database can be read and could be written.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        let alive = |tx: &mut Tx<'_>| tx.query("SELECT 1 AS alive", &[]).map(drop);
        self.read(alive).await?;
        self.write(alive).await
    }

    /// How many reads, and how many writes, wait for the database now.
    pub fn waiting(&self) -> (usize, usize) {
        (self.threads.reads.len(), self.threads.writes.len())
    }

    /// Takes no more work, finishes what waits, and returns when the database is closed. Clones
    /// of this store answer `Unavailable` from then on.
    pub fn close(&self) {
        self.threads.close();
    }
}

async fn ask<T, E>(
    queue: &Queue,
    f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (work, answer) = Asked::for_caller(f);
    queue.push(work)?;
    // The sender goes without a word only when the thread that held it died.
    answer
        .await
        .unwrap_or(Err(StoreError::Unavailable("its thread has stopped").into()))
}

/// The threads that own the connections, and the queues they serve.
#[derive(Default)]
struct Threads {
    reads: Arc<Queue>,
    writes: Arc<Queue>,
    running: Mutex<Vec<JoinHandle<()>>>,
    migrates_itself: bool,
}

impl Threads {
    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| StoreError::Database(format!("no thread for it: {error}")))?;
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
                // What a thread died of was told to whoever waited for it.
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
