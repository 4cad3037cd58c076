//! PostgreSQL: plain threads with a connection each. A connection has a runtime of its own, so it
//! is never touched on an async worker. A write runs again if the server aborted it in favour of
//! another, if another write changed the data on which it decided, and if its connection was lost
//! before COMMIT was sent.
//!
//! A transaction waits only for statements whose result decides something. A statement that was
//! only sent goes with the next of these, or with COMMIT; the BEGIN of a read goes with its first
//! statement.

mod catalogue;
mod connection;
mod tls;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::{Future, ready};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use super::transaction::Engine;
use super::{Row, StoreError, Threads, Tx, Value};
use crate::metrics;
use crate::store::engine::queue::{AbandonOnPanic, Work, WorkQueue};
use crate::store::engine::transaction::Catalogue;
use crate::store::engine::{folded, migrations};
use catalogue::CATALOGUE;
use connection::{Connection, NotConnected};
use tls::ConnectTarget;
use words::{LOST, bind, is_for_another, read, refused, type_of};

/// Connections that write, and connections that read, in each server process.
const WRITERS: usize = 12;
const READERS: usize = 4;
/// Maximum number of attempts at a piece of work before its caller gets an error and may try again.
const ATTEMPTS_MAX: usize = 8;
/// Maximum number of prepared statements that a connection caches. If it is exceeded, some SQL is
/// composed anew each time; the cache is then emptied.
const STATEMENTS_MAX: usize = 512;
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// After this long without an acknowledgement of what was sent, a connection counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// The settings of a connection. The lock timeout is a little longer than the second after which
/// the server looks for a deadlock, so that a deadlock is distinguished from a transaction that is
/// merely slow. No statement may take ten seconds, except after [`Tx::take_time`].
const SETTINGS: &str = "SET lock_timeout = 1500; SET statement_timeout = 10000;
    SET idle_in_transaction_session_timeout = 30000; SET client_min_messages = warning";

/// The role of a thread: it serves reads or writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reads,
    Writes,
}

impl Role {
    const fn begin(self) -> &'static str {
        match self {
            Self::Reads => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Writes => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }
}

/// Checks that the server answers, and starts the threads; each connects when it first has work.
pub(in crate::store) fn start(url: &str, threads: &mut Threads) -> Result<(), StoreError> {
    let target = parse(url)?;
    let probe = target.clone();
    off_runtime(move || connect(&probe).map(drop))?;
    for _ in 0..WRITERS {
        let (session, queue) = (
            PostgresSession::new(target.clone()),
            Arc::clone(&threads.writes),
        );
        threads.spawn("postgres-write", move || {
            serve(session, &queue, Role::Writes);
        })?;
    }
    for _ in 0..READERS {
        let (session, queue) = (
            PostgresSession::new(target.clone()),
            Arc::clone(&threads.reads),
        );
        threads.spawn("postgres-read", move || serve(session, &queue, Role::Reads))?;
    }
    Ok(())
}

/// Applies the missing migrations. They may lock and take longer than requests may.
pub(in crate::store) fn migrate(url: &str) -> Result<Vec<String>, StoreError> {
    let target = parse(url)?;
    off_runtime(move || {
        let mut client = postgres::Config::from(target.config.clone())
            .connect(target.tls.clone())
            .map_err(|error| not_connected(&target, &error))?;
        let unbounded = "SET lock_timeout = 0; SET statement_timeout = 0";
        client
            .batch_execute(unbounded)
            .map_err(|error| refused(&error))?;
        let applied = migrations::run(&mut client)?;
        drop(client);
        let mut session = PostgresSession::new(target);
        folded::fold_all_names(|work| session.finish(Role::Writes, work))?;
        Ok(applied)
    })
}

fn parse(url: &str) -> Result<ConnectTarget, StoreError> {
    let mut target = ConnectTarget::parse(url)?;
    (target.config)
        .connect_timeout(CONNECT_WAIT)
        .tcp_user_timeout(SILENCE_MAX)
        .application_name("humanops");
    Ok(target)
}

fn connect(target: &ConnectTarget) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(target).map_err(|error| match error {
        NotConnected::Runtime(error) => {
            StoreError::Database(format!("cannot start a runtime: {error}"))
        }
        NotConnected::Refused(error) => not_connected(target, &error),
    })?;
    let client = connection.client();
    connection
        .wait_for(client.batch_execute(SETTINGS))
        .map_err(|error| refused(&error))?;
    Ok(connection)
}

/// Returns the reason why there is no connection. One that was never established was not lost.
fn not_connected(target: &ConnectTarget, error: &tokio_postgres::Error) -> StoreError {
    let refused = || match refused(error) {
        StoreError::Unavailable(_) => StoreError::Unavailable("PostgreSQL does not answer"),
        other => other,
    };
    target.untrusted(error).unwrap_or_else(refused)
}

/// Runs `run` on a thread of its own: the client panics on a thread that drives a runtime, even if
/// it is only dropped there.
fn off_runtime<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let stopped = StoreError::Unavailable("its thread has stopped");
    thread::spawn(run).join().unwrap_or(Err(stopped))
}

fn serve(mut session: PostgresSession, queue: &WorkQueue, role: Role) {
    let _serving = AbandonOnPanic(queue);
    while let Some(batch) = queue.take(1) {
        for work in batch {
            session.finish(role, work);
        }
    }
}

/// The result of running a piece of work once.
enum Attempt {
    Done,
    Again(StoreError),
    /// A key was taken, perhaps by another write since this one looked for it. The work runs again,
    /// and the closure's own result stands if the key is still taken.
    KeyTaken,
    Failed(StoreError),
}

/// A connection, its prepared statements, and whether its current transaction must run again.
struct PostgresSession {
    target: ConnectTarget,
    connection: Option<Connection>,
    statements: HashMap<String, Statement>,
    again: Option<StoreError>,
    /// Whether a statement of the current transaction met a key that exists.
    key_taken: bool,
}

impl PostgresSession {
    fn new(target: ConnectTarget) -> Self {
        Self {
            target,
            connection: None,
            statements: HashMap::new(),
            again: None,
            key_taken: false,
        }
    }

    fn finish(&mut self, role: Role, mut work: Box<dyn Work>) {
        for left in (0..ATTEMPTS_MAX).rev() {
            match self.attempt(role, &mut *work) {
                Attempt::Again(_) | Attempt::KeyTaken if left > 0 => {}
                Attempt::Done | Attempt::KeyTaken => return work.answer(),
                Attempt::Again(error) | Attempt::Failed(error) => return work.fail(error),
            }
        }
    }

    fn attempt(&mut self, role: Role, work: &mut dyn Work) -> Attempt {
        self.again = None;
        self.key_taken = false;
        if let Err(error) = self.begin(role) {
            return self
                .again
                .take()
                .map_or(Attempt::Failed(error), Attempt::Again);
        }
        let keep = work.run(&mut Tx::new(self));
        // The closure may have converted the database's error to its own, so its result does not
        // decide.
        let again = self.again.take();
        if keep && again.is_none() && role == Role::Writes {
            return self.commit();
        }
        self.leave();
        match again {
            Some(error) => Attempt::Again(error),
            None if !keep && self.key_taken => Attempt::KeyTaken,
            None => Attempt::Done,
        }
    }

    fn begin(&mut self, role: Role) -> Result<(), StoreError> {
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            self.statements.clear();
            self.connection = Some(connect(&self.target)?);
        }
        self.control(role.begin())?;
        match role {
            Role::Reads => Ok(()),
            // If BEGIN were refused, statements sent along with it would be committed on their own.
            Role::Writes => self.settle(),
        }
    }

    /// Ends a transaction that has nothing to commit, without waiting. If the ROLLBACK does not
    /// arrive, the next transaction on this connection finds out.
    fn leave(&mut self) {
        let Some(connection) = self.connection.as_mut() else {
            return;
        };
        connection.forget();
        let client = connection.client();
        connection.send(async move { client.batch_execute("ROLLBACK").await });
        connection.flush();
    }

    /// Commits the transaction with the statements that were sent and not awaited yet: if any of
    /// them failed, nothing is kept. Once COMMIT is sent, a lost connection leaves its outcome
    /// unknown, and another run could write twice.
    fn commit(&mut self) -> Attempt {
        let Some(connection) = self.open_connection() else {
            return Attempt::Again(LOST);
        };
        let started = Instant::now();
        let client = connection.client();
        let Err(error) = connection.wait_for(client.batch_execute("COMMIT")) else {
            metrics::committed(started.elapsed());
            return Attempt::Done;
        };
        match refused(&error) {
            StoreError::Unavailable(_) => Attempt::Failed(StoreError::Unavailable(
                "the connection was lost during COMMIT; the same request may be sent again",
            )),
            other @ StoreError::Unique => Attempt::Again(other),
            other if self.is_curable(&error) => Attempt::Again(other),
            other => Attempt::Failed(other),
        }
    }

    fn open_connection(&mut self) -> Option<&mut Connection> {
        (self.connection.as_mut()).filter(|connection| !connection.is_closed())
    }

    /// Returns whether the transaction may succeed if it runs again.
    fn is_curable(&mut self, error: &tokio_postgres::Error) -> bool {
        // A cached plan becomes stale when a migration runs at the same time.
        let stale = error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED);
        if stale {
            self.statements.clear();
        }
        stale || is_for_another(error)
    }

    /// Sends a request to the server, awaits what was sent before, and records whether a failure is
    /// one that another run cures.
    fn ask<T, F: Future<Output = Result<T, tokio_postgres::Error>>>(
        &mut self,
        call: impl FnOnce(Arc<Client>) -> F,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_mut().ok_or(LOST)?;
        let client = connection.client();
        connection.wait_for(call(client)).map_err(|error| {
            let kind = refused(&error);
            if self.is_curable(&error) || matches!(kind, StoreError::Unavailable(_)) {
                self.again = Some(kind.clone());
            }
            self.key_taken |= kind == StoreError::Unique;
            kind
        })
    }

    fn prepared(&mut self, sql: &str, params: &[Value]) -> Result<Statement, StoreError> {
        let types: Vec<Type> = params.iter().map(type_of).collect();
        let kept = self
            .statements
            .get(sql)
            .filter(|kept| kept.params() == types);
        if let Some(statement) = kept {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let statement =
            self.ask(|client| async move { client.prepare_typed(sql, &types).await })?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Engine for PostgresSession {
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepared(sql, params)?;
        self.ask(|client| async move {
            client
                .execute_raw(&statement, params.iter().map(bind))
                .await
        })
    }

    fn send(&mut self, sql: &str, params: Vec<Value>) -> Result<(), StoreError> {
        let statement = self.prepared(sql, &params)?;
        let connection = self.connection.as_mut().ok_or(LOST)?;
        let client = connection.client();
        connection.send(async move {
            let bound = params.iter().map(bind);
            client.execute_raw(&statement, bound).await.map(drop)
        });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.ask(|_| ready(Ok(())))
    }

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql, params)?;
        let columns: Arc<[String]> = statement
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        let bound: Vec<_> = params.iter().map(bind).collect();
        let rows = self.ask(|client| async move { client.query(&statement, &bound).await })?;
        let read_row = |row: &tokio_postgres::Row| {
            let values = (0..columns.len())
                .map(|at| read(row, at))
                .collect::<Result<_, _>>()?;
            Ok(Row::new(Arc::clone(&columns), values))
        };
        rows.iter().map(read_row).collect()
    }

    fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let connection = self.connection.as_mut().ok_or(LOST)?;
        let client = connection.client();
        connection.send(async move { client.batch_execute(sql).await });
        Ok(())
    }

    fn take_time(&mut self) -> Result<(), StoreError> {
        self.control("SET LOCAL statement_timeout = '30min'")
    }

    fn plan_once(&mut self) -> Result<(), StoreError> {
        self.control("SET LOCAL plan_cache_mode = force_generic_plan")
    }

    fn erase_traces(&mut self) {}

    fn lost_race(&mut self) {
        self.again = Some(StoreError::Changed);
    }

    fn catalogue(&self) -> Catalogue {
        CATALOGUE
    }
}
