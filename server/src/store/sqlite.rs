//! The embedded database: one writer thread that commits many writes with one fsync, and a few
//! reader threads. Nobody is answered before the commit that made the answer true.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};

use super::queue::{Queue, Serving, Work};
use super::snapshot::Catalogue;
use super::{Engine, Row, StoreError, Threads, Tx, Value, folded, migrate};
use crate::metrics;

/// Writes that share one commit at most; more only makes the first of them wait longer.
const BATCH_MAX: usize = 512;
/// Reads are short and never wait for the writer, so a few threads are plenty.
const READERS: usize = 4;
/// Prepared statements kept by each connection: more than this crate has statements.
const STATEMENTS_KEPT: usize = 512;
/// How long another process (`humanops admin`, a restore) may hold the file's lock, and how often
/// it is asked for meanwhile. SQLite's own waiting asks ever more seldom, and a server that writes
/// all the time leaves the lock for microseconds only.
const LOCK_WAIT: Duration = Duration::from_secs(10);
const LOCK_ASKED_EVERY: Duration = Duration::from_millis(1);
/// How long an erasure waits for reads on earlier snapshots, and every other write with it.
const ERASE_WAIT: Duration = Duration::from_millis(500);

thread_local! {
    /// How long this thread waits for a lock now.
    static PATIENCE: Cell<Duration> = const { Cell::new(LOCK_WAIT) };
}

/// Opens and migrates the file, and starts the threads.
pub(super) fn start(path: &Path, threads: &mut Threads) -> Result<(), StoreError> {
    threads.migrates_itself = true;
    let mut writer = Connection::open(path).map_err(|error| refused(&error))?;
    prepare(&mut writer).map_err(|error| refused(&error))?;
    migrate::run(&mut writer)?;
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

/// The settings a commit's promise rests on, and those that make SQLite as strict as PostgreSQL:
/// references are checked, `"x"` is never a string, LIKE minds its case.
///
/// What is deleted is overwritten with zeros, so that what was purged is nowhere in the file.
///
/// The log is folded into the file every 64 MiB: the pages that most writes touch, a leaf for each
/// agent, are then copied once for many of them.
fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait_for_the_lock))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // A plan does not depend on what is bound, so a kept statement is never prepared again for it.
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

/// Called when another process holds the lock: waits a moment, and says whether to ask again.
fn wait_for_the_lock(asked: i32) -> bool {
    let waited = LOCK_ASKED_EVERY * asked.unsigned_abs();
    #[expect(
        clippy::disallowed_methods,
        reason = "SQLite tells nobody when another process lets go of the file"
    )]
    std::thread::sleep(LOCK_ASKED_EVERY);
    waited < PATIENCE.get()
}

/// How SQLite describes itself.
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

fn serve_writes(connection: &Connection, queue: &Queue) {
    let _serving = Serving(queue);
    while let Some(batch) = queue.take(BATCH_MAX) {
        commit_together(connection, batch);
    }
    // The last one out folds the log into the file; if it cannot, the next start will.
    drop(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
}

/// Runs the writes, each as if alone, commits them with one fsync, then answers them all.
fn commit_together(connection: &Connection, mut batch: Vec<Box<dyn Work>>) {
    let committed = run_batch(connection, &mut batch);
    if committed.is_err() && !connection.is_autocommit() {
        // If even this fails, the next BEGIN does too, and its callers are told.
        drop(connection.execute_batch("ROLLBACK"));
    }
    for work in batch {
        match &committed {
            Ok(()) => work.answer(),
            // A refusal may have read what a neighbour wrote, so it is no more true than the rest.
            Err(error) => work.fail(error.clone()),
        }
    }
}

/// Reads go on, and so do writes once there is room again.
const DISK_FULL: StoreError =
    StoreError::Unavailable("the disk is full; nothing was written, and reading goes on");

fn run_batch(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
    let mut session = Session::new(connection);
    session.control("BEGIN IMMEDIATE")?;
    if !run_bare(&mut session, batch)? {
        session.control("ROLLBACK")?;
        session.control("BEGIN IMMEDIATE")?;
        run_undoable(&mut session, batch)?;
    }
    let begun = Instant::now();
    session.control("COMMIT")?;
    metrics::committed(begun.elapsed());
    if session.erases {
        empty_log(connection);
    }
    Ok(())
}

/// Folds the log into the file and cuts it to nothing, so that it keeps no earlier copy of a page.
/// Reads on earlier snapshots are waited for: they take milliseconds, but for a back-up, which
/// makes the log last until the next erasure, or until the server stops.
fn empty_log(connection: &Connection) {
    PATIENCE.set(ERASE_WAIT);
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0).map(|busy| busy == 0)
    });
    PATIENCE.set(LOCK_WAIT);
    if !matches!(emptied, Ok(true)) {
        tracing::warn!("the log of the database could not be emptied yet after an erasure");
    }
}

/// Runs every write as it is: a savepoint would cost each of them a copy of every page that it
/// changes, and those that are refused have mostly written nothing yet. False when one of them had,
/// so that all must be undone and run once more.
fn run_bare(session: &mut Session<'_>, batch: &mut [Box<dyn Work>]) -> Result<bool, StoreError> {
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

/// Runs each write in a savepoint of its own, so that a refused one is undone by itself.
fn run_undoable(session: &mut Session<'_>, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
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

fn serve_reads(connection: &Connection, queue: &Queue) {
    let _serving = Serving(queue);
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
    let mut session = Session::new(connection);
    session.control("BEGIN DEFERRED")?;
    work.run(&mut Tx::new(&mut session));
    if connection.is_autocommit() {
        Ok(())
    } else {
        session.control("ROLLBACK")
    }
}

/// A connection inside a transaction.
struct Session<'a> {
    connection: &'a Connection,
    /// Whether something was erased of which no copy may stay in the log.
    erases: bool,
}

impl<'a> Session<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            erases: false,
        }
    }
}

impl Session<'_> {
    /// A full disk makes SQLite end the whole transaction by itself.
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

impl Engine for Session<'_> {
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

/// Binds `$n` to the n-th parameter. To SQLite `$n` is a name, numbered by its first appearance,
/// so the number is read from the name.
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

/// SQLite's error by its kind. Its messages name tables and columns, never values.
fn refused(error: &rusqlite::Error) -> StoreError {
    let Some(cause) = error.sqlite_error() else {
        return StoreError::Database(error.to_string());
    };
    match (cause.code, cause.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            StoreError::Unique
        }
        (_, ffi::SQLITE_CONSTRAINT_CHECK) => StoreError::Check,
        // ON DELETE RESTRICT is reported as a trigger's refusal, and there are no triggers.
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER) => {
            StoreError::ForeignKey
        }
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Busy,
        (ErrorCode::DiskFull, _) => DISK_FULL,
        _ => StoreError::Database(error.to_string()),
    }
}
