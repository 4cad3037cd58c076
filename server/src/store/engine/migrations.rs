//! Migrations: one embedded folder of SQL for both databases. Each file is applied once, in order.

use refinery::{Migration, Runner};

use crate::store::{StoreError, Tx};

/// Every migration, oldest first: its name in the history, and its SQL.
const MIGRATIONS: &[(&str, &str)] = &[
    (
        "V1__accounts",
        include_str!("../../../migrations/0001_accounts.sql"),
    ),
    (
        "V2__ledger",
        include_str!("../../../migrations/0002_ledger.sql"),
    ),
    (
        "V3__tasks",
        include_str!("../../../migrations/0003_tasks.sql"),
    ),
    (
        "V4__proofs",
        include_str!("../../../migrations/0004_proofs.sql"),
    ),
    (
        "V5__outbox",
        include_str!("../../../migrations/0005_outbox.sql"),
    ),
    (
        "V6__requests",
        include_str!("../../../migrations/0006_requests.sql"),
    ),
    (
        "V7__moves",
        include_str!("../../../migrations/0007_moves.sql"),
    ),
    (
        "V8__money",
        include_str!("../../../migrations/0008_money.sql"),
    ),
    (
        "V9__agents",
        include_str!("../../../migrations/0009_agents.sql"),
    ),
    (
        "V10__posting",
        include_str!("../../../migrations/0010_posting.sql"),
    ),
    (
        "V11__webhooks",
        include_str!("../../../migrations/0011_webhooks.sql"),
    ),
    (
        "V12__rate",
        include_str!("../../../migrations/0012_rate.sql"),
    ),
    (
        "V13__host",
        include_str!("../../../migrations/0013_host.sql"),
    ),
    (
        "V14__search",
        include_str!("../../../migrations/0014_search.sql"),
    ),
    (
        "V15__job_owners",
        include_str!("../../../migrations/0015_job_owners.sql"),
    ),
    (
        "V16__folded",
        include_str!("../../../migrations/0016_folded.sql"),
    ),
    (
        "V17__job_leases",
        include_str!("../../../migrations/0017_job_leases.sql"),
    ),
    (
        "V18__callback_hosts",
        include_str!("../../../migrations/0018_callback_hosts.sql"),
    ),
    (
        "V19__shared_settings",
        include_str!("../../../migrations/0019_shared_settings.sql"),
    ),
    (
        "V20__sign_in",
        include_str!("../../../migrations/0020_sign_in.sql"),
    ),
    (
        "V21__passkeys",
        include_str!("../../../migrations/0021_passkeys.sql"),
    ),
    (
        "V22__unconfirmed_email",
        include_str!("../../../migrations/0022_unconfirmed_email.sql"),
    ),
    (
        "V23__mails",
        include_str!("../../../migrations/0023_mails.sql"),
    ),
];

/// Applies the missing migrations and returns their names. Fails before it applies anything if an
/// applied migration has changed since or is unknown to this version.
pub(in crate::store) fn run<C: refinery::Migrate>(
    connection: &mut C,
) -> Result<Vec<String>, StoreError> {
    run_first(connection, MIGRATIONS.len())
}

/// Applies the oldest `count` migrations, as far as they are missing.
fn run_first<C: refinery::Migrate>(
    connection: &mut C,
    count: usize,
) -> Result<Vec<String>, StoreError> {
    let mut first = all()?;
    first.truncate(count);
    let report = Runner::new(&first)
        .run(connection)
        .map_err(|error| refused(&error))?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(ToString::to_string)
        .collect())
}

/// Returns the migrations that a PostgreSQL database lacks. SQLite migrates itself and is not
/// checked.
pub(in crate::store) fn pending(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let history = "SELECT to_regclass('refinery_schema_history')::TEXT AS name";
    let has_history = match tx.first(history, &[])? {
        Some(row) => row.get::<Option<String>>("name")?.is_some(),
        None => false,
    };
    let mut applied = Vec::new();
    if has_history {
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::store::{Store, accounts, search::PageWindow, support};

    /// The number of migrations before names were folded.
    const UNFOLDED: usize = 15;

    /// Rows as the version before that wrote them.
    const ROWS: &str = "
        INSERT INTO agent (id, name, email, tier, created_at_ms)
        VALUES ('ag_00000000000000000000000001', 'ÉLODIE', 'e@example.com', 'SANDBOX', 1);
        INSERT INTO operator (id, name, email, skills, kyc_status, created_at_ms)
        VALUES ('op_00000000000000000000000001', 'Юлия', 'j@example.com', '[]', 'APPROVED', 1);";

    async fn assert_names_are_found(store: &Store) {
        let agents = |tx: &mut Tx<'_>| accounts::agents(tx, Some("élod"), PageWindow::first(10));
        assert_eq!(store.read(agents).await.unwrap().total, 1);
        let operators =
            |tx: &mut Tx<'_>| accounts::operators(tx, None, Some("ЮЛИ"), PageWindow::first(10));
        assert_eq!(store.read(operators).await.unwrap().total, 1);
    }

    #[tokio::test]
    async fn names_of_earlier_rows_are_folded_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("humanops.sqlite");
        let mut earlier = rusqlite::Connection::open(&file).unwrap();
        run_first(&mut earlier, UNFOLDED).unwrap();
        earlier.execute_batch(ROWS).unwrap();
        drop(earlier);
        assert_names_are_found(&Store::open_sqlite(&file).unwrap()).await;
    }

    #[tokio::test]
    async fn names_of_earlier_rows_are_folded_on_postgres() {
        let store = support::on_postgres();
        let url = store.postgres_url().unwrap();
        let migrate = move || {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
            let emptied = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
            client.batch_execute(emptied).unwrap();
            run_first(&mut client, UNFOLDED).unwrap();
            client.batch_execute(ROWS).unwrap();
            Store::migrate_postgres(&url).unwrap()
        };
        let applied = thread::spawn(migrate).join().unwrap();
        assert_eq!(applied.first().map(String::as_str), Some("V16__folded"));
        assert_names_are_found(&store).await;
    }
}
