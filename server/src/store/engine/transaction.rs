//! `Tx`: a transaction, the same for both databases, on top of what differs between them.

use super::error::StoreError;
use super::lock_order::Locks;
use super::value::{Row, Value};
use crate::metrics::Durable;

/// The operations that a transaction needs of a database. The rest of [`Tx`] is the same for both
/// databases.
pub(super) trait Engine {
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError>;
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// Runs a statement whose result is not needed. Its failure may be reported later, but before
    /// the transaction is committed.
    fn send(&mut self, sql: &str, params: Vec<Value>) -> Result<(), StoreError>;
    /// Waits for the results of all statements that were sent, and fails if one of them failed.
    fn settle(&mut self) -> Result<(), StoreError>;
    /// Runs BEGIN, SAVEPOINT and similar statements, as `send` does.
    fn control(&mut self, sql: &'static str) -> Result<(), StoreError>;
    /// Lets each statement of this transaction run for minutes, if the database would cancel it
    /// earlier.
    fn take_time(&mut self) -> Result<(), StoreError>;
    /// Makes the database plan each statement of this transaction once, whatever its parameters.
    fn plan_once(&mut self) -> Result<(), StoreError>;
    /// Requests that no copy stays of what this transaction erases, as far as the database can
    /// remove it.
    fn erase_traces(&mut self);
    /// Records that another transaction was faster, so that this one must run again.
    fn lost_race(&mut self);
    /// Returns the queries with which this database describes its schema.
    fn catalogue(&self) -> Catalogue;
}

/// The queries that describe a database's schema; each engine has its own.
pub(in crate::store) struct Catalogue {
    /// Yields `table_name, column_name, kind, key_position`, in order; `key_position` is 0 outside
    /// of the primary key.
    pub(in crate::store) columns: &'static str,
    /// Yields `child, parent`: a row of `child` may refer to one of `parent`.
    pub(in crate::store) references: &'static str,
}

/// A transaction. Statements are written once for both databases, in the subset of
/// `migrations/README.md`, with parameters `$1, $2, …` that may be used in any order and more than
/// once. Methods that run a statement return the errors of [`Tx::execute`].
pub struct Tx<'a> {
    pub(super) engine: &'a mut dyn Engine,
    failed: bool,
    /// Metrics to count once the writes are durable.
    pub(super) counted: Vec<Durable>,
    locks: Locks,
}

impl<'a> Tx<'a> {
    pub(super) fn new(engine: &'a mut dyn Engine) -> Self {
        Self {
            engine,
            failed: false,
            counted: Vec::new(),
            locks: Locks::default(),
        }
    }

    /// Runs a statement and returns the number of rows that it wrote.
    ///
    /// # Errors
    /// Every variant but `Changed`, `Inconsistent` and `Column`. After an error every further
    /// statement fails with `Aborted` until the savepoint, or the transaction itself, has ended,
    /// because PostgreSQL behaves so.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        self.keep_lock_order(sql)?;
        self.unless_failed(|engine| engine.execute(sql, params))
    }

    /// Runs a statement whose result is not needed. On PostgreSQL it is sent together with the next
    /// one, so it costs no round trip. Its failure is returned by this call, by a later statement
    /// or by the end of the transaction, so a statement whose violation is expected needs
    /// `execute`.
    pub fn send<P: Into<Vec<Value>>>(&mut self, sql: &str, params: P) -> Result<(), StoreError> {
        self.keep_lock_order(sql)?;
        self.unless_failed(|engine| engine.send(sql, params.into()))
    }

    /// Runs a query, or a statement with RETURNING, and returns all its rows.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.keep_lock_order(sql)?;
        self.unless_failed(|engine| engine.query(sql, params))
    }

    /// Returns the first row of a query, or `None` if there is no row. Ignores further rows.
    pub fn first(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Lets each of the statements that follow run for minutes, for work that reads every row. On
    /// PostgreSQL a server's statements are otherwise cancelled after seconds.
    pub fn take_time(&mut self) -> Result<(), StoreError> {
        self.unless_failed(|engine| engine.take_time())
    }

    /// Makes PostgreSQL plan each statement once, from here to the end of the transaction. It is
    /// for statements whose plan is the same for all parameters, which PostgreSQL would otherwise
    /// plan again each time.
    pub(in crate::store) fn plan_once(&mut self) -> Result<(), StoreError> {
        self.unless_failed(|engine| engine.plan_once())
    }

    /// Runs `f` in a savepoint: if `f` returns an error, its writes are undone and the transaction
    /// continues. A statement whose violation is expected belongs in a savepoint.
    ///
    /// # Errors
    /// The error of `f`, or a database error.
    pub fn savepoint<T, E: From<StoreError>>(
        &mut self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.unless_failed(|engine| {
            // A statement that was sent before `f` and failed is not a failure of `f`.
            engine.settle()?;
            engine.control("SAVEPOINT inner_writes")
        })?;
        let mut inner = Tx::new(&mut *self.engine);
        inner.locks = self.locks.clone();
        let mut answer = inner.settled(f);
        // A statement that `f` sent and that failed is not a failure of what follows.
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

    /// Erases what this transaction overwrites or deletes from the database's files too, before the
    /// caller gets its result. On SQLite, where deleted content is overwritten, this empties the
    /// write-ahead log. PostgreSQL keeps old row versions until it vacuums, and it keeps its own
    /// write-ahead log.
    pub fn erase_traces(&mut self) {
        self.engine.erase_traces();
    }

    /// Reports that another transaction has changed the data on which this one decided. The whole
    /// transaction is undone and runs again, a bounded number of times, whatever the closure does
    /// with the returned error; after the last attempt the caller gets `Changed`. The closure must
    /// therefore read by itself what it decides on. On SQLite writes run one after the other, so
    /// there is no such race.
    pub fn lost_race(&mut self) -> StoreError {
        self.failed = true;
        self.engine.lost_race();
        StoreError::Changed
    }

    /// Counts a metric once the writes of this transaction are durable. If they are undone, the
    /// metric is not counted.
    pub(crate) fn count_once_durable(&mut self, what: Durable) {
        self.counted.push(what);
    }

    /// Runs `f`, and fails with `Aborted` if `f` succeeds although one of its statements failed:
    /// PostgreSQL would answer the COMMIT of such a transaction with a silent rollback.
    pub(super) fn settled<T, E: From<StoreError>>(
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
