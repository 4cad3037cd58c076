//! The schema: one embedded folder of SQL for both databases, applied in order, each file once.

use refinery::{Migration, Runner};

use super::{StoreError, Tx};

/// Every migration, oldest first: its name in the history, and its text.
const MIGRATIONS: &[(&str, &str)] = &[
    (
        "V1__accounts",
        include_str!("../../migrations/0001_accounts.sql"),
    ),
    (
        "V2__ledger",
        include_str!("../../migrations/0002_ledger.sql"),
    ),
    ("V3__tasks", include_str!("../../migrations/0003_tasks.sql")),
    (
        "V4__proofs",
        include_str!("../../migrations/0004_proofs.sql"),
    ),
    (
        "V5__outbox",
        include_str!("../../migrations/0005_outbox.sql"),
    ),
    (
        "V6__requests",
        include_str!("../../migrations/0006_requests.sql"),
    ),
    ("V7__moves", include_str!("../../migrations/0007_moves.sql")),
    ("V8__money", include_str!("../../migrations/0008_money.sql")),
    (
        "V9__agents",
        include_str!("../../migrations/0009_agents.sql"),
    ),
    (
        "V10__posting",
        include_str!("../../migrations/0010_posting.sql"),
    ),
    (
        "V11__webhooks",
        include_str!("../../migrations/0011_webhooks.sql"),
    ),
    ("V12__rate", include_str!("../../migrations/0012_rate.sql")),
    ("V13__host", include_str!("../../migrations/0013_host.sql")),
    (
        "V14__search",
        include_str!("../../migrations/0014_search.sql"),
    ),
    (
        "V15__job_owners",
        include_str!("../../migrations/0015_job_owners.sql"),
    ),
    (
        "V17__job_leases",
        include_str!("../../migrations/0017_job_leases.sql"),
    ),
    (
        "V18__callback_hosts",
        include_str!("../../migrations/0018_callback_hosts.sql"),
    ),
    (
        "V21__shared_settings",
        include_str!("../../migrations/0021_shared_settings.sql"),
    ),
];

/// Applies what is missing and names it. A migration that was applied and has changed since, or
/// that this version does not know, stops it before anything is done.
pub(super) fn run<C: refinery::Migrate>(connection: &mut C) -> Result<Vec<String>, StoreError> {
    let report = Runner::new(&all()?)
        .run(connection)
        .map_err(|error| refused(&error))?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(ToString::to_string)
        .collect())
}

/// What a PostgreSQL database lacks. (SQLite migrates itself, and is not asked.)
pub(super) fn pending(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let history = "SELECT to_regclass('refinery_schema_history')::TEXT AS name";
    let begun = match tx.first(history, &[])? {
        Some(row) => row.get::<Option<String>>("name")?.is_some(),
        None => false,
    };
    let mut applied = Vec::new();
    if begun {
        for row in tx.query("SELECT version FROM refinery_schema_history", &[])? {
            applied.push(row.get::<i64>("version")?);
        }
    }
    let mut missing = all()?;
    missing.retain(|migration| !applied.contains(&i64::from(migration.version())));
    Ok(missing.iter().map(ToString::to_string).collect())
}

fn all() -> Result<Vec<Migration>, StoreError> {
    MIGRATIONS
        .iter()
        .map(|(name, sql)| Migration::unapplied(name, sql).map_err(|error| refused(&error)))
        .collect()
}

fn refused(error: &refinery::Error) -> StoreError {
    StoreError::Database(format!("migration: {error}"))
}
