//! SQLite, the embedded database: one writer thread that commits many writes with one fsync (group
//! commit), and a few reader threads. No caller gets a result before the commit that made it true.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};

use super::transaction::Engine;
use super::{Row, StoreError, Threads, Tx, Value};
use crate::metrics;
use crate::store::engine::queue::{AbandonOnPanic, Work, WorkQueue};
use crate::store::engine::transaction::Catalogue;
use crate::store::engine::{folded, migrations};

/// Maximum number of writes that share one commit; more would only make the first of them wait
/// longer.
const BATCH_MAX: usize = 512;
/// Number of reader threads. Reads are short and never wait for the writer, so a few are enough.
const READERS: usize = 4;
/// Prepared statements that each connection caches: more than this crate has statements.
const STATEMENTS_KEPT: usize = 512;
/// How long to wait while another process (`humanops admin`, a restore) holds the file's lock, and
/// how often to retry meanwhile. SQLite's own waiting retries at growing intervals, and a server
/// that writes all the time releases the lock for microseconds only.
const LOCK_WAIT: Duration = Duration::from_secs(10);
const LOCK_ASKED_EVERY: Duration = Duration::from_millis(1);
/// How long an erasure waits for reads on earlier snapshots; every other write waits with it.
const ERASE_WAIT: Duration = Duration::from_millis(500);

thread_local! {
    /// How long this thread waits for a lock now.
    static PATIENCE: Cell<Duration> = const { Cell::new(LOCK_WAIT) };
}

/// Opens and migrates the file, and starts the threads.
pub(in crate::store) fn start(path: &Path, threads: &mut Threads) -> Result<(), StoreError> {
    threads.migrates_itself = true;
    let mut writer = Connection::open(path).map_err(|error| refused(&error))?;
    prepare(&mut writer).map_err(|error| refused(&error))?;
    migrations::run(&mut writer)?;
    folded::fold_all_names(|work| commit_together(&writer, vec![work]))?;
    for _ in 0..READERS {
        let only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut reader =
            Connection::open_with_flags(path, only).map_err(|error| refused(&error))?;
        prepare(&mut reader).map_err(|error| refused(&error))?;
        let queue = Arc::clone(&threads.reads);
        threads.spawn("sqlite-read", move || serve_reads(&reader, &queue))?;
    }
    let queue = Arc::clone(&threads.writes);
    threads.spawn("sqlite-write", move || serve_writes(&writer, &queue))
}

/// Applies the settings on which the durability of a commit rests, and those that make SQLite as
/// strict as PostgreSQL: foreign keys are checked, `"x"` is never a string, LIKE is case-sensitive.
///
/// Deleted content is overwritten with zeros, so that what was purged is nowhere in the file.
///
/// The write-ahead log is copied into the file (checkpointed) every 64 MiB: the pages that most
/// writes touch, a leaf page for each agent, are then copied once for many writes.
fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait_for_the_lock))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // A plan does not depend on the parameters, so a cached statement is never prepared again for
    // them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    if !connection.is_readonly("main")? {
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON;
         PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768;
         PRAGMA wal_autocheckpoint = 16000;
         PRAGMA journal_size_limit = 67108864;",
    )
}

/// Waits a moment while another process holds the lock, and returns whether to try again. SQLite
/// calls this function as its busy handler.
fn wait_for_the_lock(attempts: i32) -> bool {
    let waited = LOCK_ASKED_EVERY * attempts.unsigned_abs();
    #[expect(
        clippy::disallowed_methods,
        reason = "SQLite tells nobody when another process lets go of the file"
    )]
    std::thread::sleep(LOCK_ASKED_EVERY);
    waited < PATIENCE.get()
}

/// The queries with which SQLite describes its schema.
const CATALOGUE: Catalogue = Catalogue {
    columns: "SELECT tables.name AS table_name, columns.name AS column_name,
            columns.type AS kind, columns.pk AS key_position
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%'
           AND tables.name <> 'refinery_schema_history'
         ORDER BY tables.name, columns.cid",
    references: "SELECT tables.name AS child, referred.\"table\" AS parent
         FROM sqlite_schema AS tables JOIN pragma_foreign_key_list(tables.name) AS referred
         WHERE tables.type = 'table'",
};

fn serve_writes(connection: &Connection, queue: &WorkQueue) {
    let _serving = AbandonOnPanic(queue);
    while let Some(batch) = queue.take(BATCH_MAX) {
        commit_together(connection, batch);
    }
    // At the end the log is checkpointed into the file; if that fails, the next start does it.
    drop(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
}

/// Runs the writes, each as if alone, commits them with one fsync, and then sends all results.
fn commit_together(connection: &Connection, mut batch: Vec<Box<dyn Work>>) {
    let committed = run_batch(connection, &mut batch);
    if committed.is_err() && !connection.is_autocommit() {
        // If even this fails, the next BEGIN fails too, and its callers get the error.
        drop(connection.execute_batch("ROLLBACK"));
    }
    for work in batch {
        match &committed {
            Ok(()) => work.answer(),
            // A refusal may have read what another write of the batch wrote, so it does not hold
            // either.
            Err(error) => work.fail(error.clone()),
        }
    }
}

/// The error of a full disk. Reads continue, and so do writes once there is space again.
const DISK_FULL: StoreError =
    StoreError::Unavailable("the disk is full; nothing was written, and reads continue");

fn run_batch(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
    let mut session = SqliteSession::new(connection);
    session.control("BEGIN IMMEDIATE")?;
    if !run_bare(&mut session, batch)? {
        session.control("ROLLBACK")?;
        session.control("BEGIN IMMEDIATE")?;
        run_undoable(&mut session, batch)?;
    }
    let started = Instant::now();
    session.control("COMMIT")?;
    metrics::committed(started.elapsed());
    if session.erases {
        empty_log(connection);
    }
    Ok(())
}

/// Checkpoints the write-ahead log into the file and truncates it, so that it keeps no earlier copy
/// of a page. Waits for reads on earlier snapshots, which take milliseconds. A backup takes longer:
/// the log then stays until the next erasure, or until the server stops.
fn empty_log(connection: &Connection) {
    PATIENCE.set(ERASE_WAIT);
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0).map(|busy| busy == 0)
    });
    PATIENCE.set(LOCK_WAIT);
    if !matches!(emptied, Ok(true)) {
        tracing::warn!("the write-ahead log could not be truncated yet after a purge");
    }
}

/// Runs every write without a savepoint, which would cost each write a copy of every page that it
/// changes; writes that are refused have mostly written nothing yet. Returns false if a refused one
/// had written, so that all must be undone and run again.
fn run_bare(
    session: &mut SqliteSession<'_>,
    batch: &mut [Box<dyn Work>],
) -> Result<bool, StoreError> {
    for work in batch {
        let before = session.connection.total_changes();
        let keep = work.run(&mut Tx::new(session));
        session.still_open()?;
        if !keep && session.connection.total_changes() != before {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs each write in its own savepoint, so that a refused one is undone alone.
fn run_undoable(
    session: &mut SqliteSession<'_>,
    batch: &mut [Box<dyn Work>],
) -> Result<(), StoreError> {
    for work in batch {
        session.control("SAVEPOINT one_write")?;
        let keep = work.run(&mut Tx::new(session));
        session.still_open()?;
        if !keep {
            session.control("ROLLBACK TO SAVEPOINT one_write")?;
        }
        session.control("RELEASE SAVEPOINT one_write")?;
    }
    Ok(())
}

fn serve_reads(connection: &Connection, queue: &WorkQueue) {
    let _serving = AbandonOnPanic(queue);
    while let Some(batch) = queue.take(1) {
        for mut work in batch {
            match run_read(connection, &mut *work) {
                Ok(()) => work.answer(),
                Err(error) => work.fail(error),
            }
        }
    }
}

fn run_read(connection: &Connection, work: &mut dyn Work) -> Result<(), StoreError> {
    let mut session = SqliteSession::new(connection);
    session.control("BEGIN DEFERRED")?;
    work.run(&mut Tx::new(&mut session));
    if connection.is_autocommit() {
        Ok(())
    } else {
        session.control("ROLLBACK")
    }
}

/// A connection inside a transaction.
struct SqliteSession<'a> {
    connection: &'a Connection,
    /// Whether the transaction erased something that must leave no copy in the write-ahead log.
    erases: bool,
}

impl<'a> SqliteSession<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            erases: false,
        }
    }
}

impl SqliteSession<'_> {
    /// Fails if the transaction is no longer open: a full disk makes SQLite end it by itself.
    fn still_open(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Err(DISK_FULL);
        }
        Ok(())
    }

    fn bound(&self, sql: &str, params: &[Value]) -> Result<CachedStatement<'_>, StoreError> {
        let statement = self
            .connection
            .prepare_cached(sql)
            .map_err(|error| refused(&error))?;
        bind(statement, params)
    }
}

impl Engine for SqliteSession<'_> {
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let written = self
            .bound(sql, params)?
            .raw_execute()
            .map_err(|error| refused(&error))?;
        Ok(written as u64)
    }

    fn send(&mut self, sql: &str, params: Vec<Value>) -> Result<(), StoreError> {
        self.execute(sql, &params).map(drop)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.bound(sql, params)?;
        let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next().map_err(|error| refused(&error))? {
            let values = (0..columns.len())
                .map(|at| {
                    read(
                        row.get_ref(at).map_err(|error| refused(&error))?,
                        at,
                        &columns,
                    )
                })
                .collect::<Result<_, _>>()?;
            answer.push(Row::new(Arc::clone(&columns), values));
        }
        Ok(answer)
    }

    fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.execute(sql, &[]).map(drop)
    }

    fn take_time(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn plan_once(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn erase_traces(&mut self) {
        self.erases = true;
    }

    fn lost_race(&mut self) {}

    fn catalogue(&self) -> Catalogue {
        CATALOGUE
    }
}

/// Binds `$n` to the n-th parameter. To SQLite `$n` is a name, numbered by its first appearance, so
/// the number is read from the name.
fn bind<'a>(
    mut statement: CachedStatement<'a>,
    params: &[Value],
) -> Result<CachedStatement<'a>, StoreError> {
    let mut used = 0;
    for at in 1..=statement.parameter_count() {
        let number = (statement.parameter_name(at))
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok())
            .unwrap_or(0);
        let value = number.checked_sub(1).and_then(|index| params.get(index));
        let bound = match value {
            Some(Value::Text(value)) => statement.raw_bind_parameter(at, value),
            Some(Value::Int(value)) => statement.raw_bind_parameter(at, value),
            Some(Value::Bytes(value)) => statement.raw_bind_parameter(at, value),
            None => return Err(StoreError::Database("a parameter is missing".to_owned())),
        };
        bound.map_err(|error| refused(&error))?;
        used = used.max(number);
    }
    if used < params.len() {
        return Err(StoreError::Database(
            "more parameters than the statement names".to_owned(),
        ));
    }
    Ok(statement)
}

fn read(value: ValueRef<'_>, at: usize, columns: &[String]) -> Result<Value, StoreError> {
    let unread = |problem| StoreError::Column {
        column: columns.get(at).cloned().unwrap_or_default(),
        problem,
    };
    Ok(match value {
        ValueRef::Null => Value::Text(None),
        ValueRef::Integer(value) => Value::Int(Some(value)),
        ValueRef::Blob(value) => Value::Bytes(Some(value.to_vec())),
        ValueRef::Text(value) => {
            let text = std::str::from_utf8(value).map_err(|_| unread("holds text not in UTF-8"))?;
            Value::Text(Some(text.to_owned()))
        }
        ValueRef::Real(_) => return Err(unread("holds a floating-point number")),
    })
}

/// Converts SQLite's error to the store's. SQLite's messages name tables and columns, never values.
fn refused(error: &rusqlite::Error) -> StoreError {
    let Some(cause) = error.sqlite_error() else {
        return StoreError::Database(error.to_string());
    };
    match (cause.code, cause.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            StoreError::Unique
        }
        (_, ffi::SQLITE_CONSTRAINT_CHECK) => StoreError::Check,
        // SQLite reports ON DELETE RESTRICT as a trigger's refusal, and the schema has no triggers.
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER) => {
            StoreError::ForeignKey
        }
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Busy,
        (ErrorCode::DiskFull, _) => DISK_FULL,
        _ => StoreError::Database(error.to_string()),
    }
}
