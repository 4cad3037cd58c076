//! A database for each test, on a PostgreSQL that all tests of the process share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use postgres::{Client, NoTls};

use super::cluster::Cluster;

/// Options that give up durability, because the data of a test need not survive a power failure.
const OPTIONS: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off";

/// A migrated database for one test. It is dropped with this value.
pub(crate) struct Database {
    name: String,
    /// The URL of the database.
    pub(crate) url: String,
}

impl Database {
    /// Creates a copy of a template database. `migrate` fills the template once per process.
    pub(crate) fn fresh(migrate: fn(&str)) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        static TEMPLATE: OnceLock<()> = OnceLock::new();
        let cluster = cluster();
        TEMPLATE.get_or_init(|| {
            administer("CREATE DATABASE migrated".to_owned()).unwrap();
            migrate(&cluster.url("migrated"));
        });
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        administer(format!("CREATE DATABASE {name} TEMPLATE migrated")).unwrap();
        Self {
            url: cluster.url(&name),
            name,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A database that cannot be dropped is removed with the folder.
        drop(administer(format!(
            "DROP DATABASE {} WITH (FORCE)",
            self.name
        )));
    }
}

/// Returns the server, which the first test that needs it starts.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(OPTIONS).unwrap())
}

/// Runs a statement on a thread of its own, because the blocking client cannot run inside an async
/// runtime.
fn administer(sql: String) -> Result<(), postgres::Error> {
    let url = cluster().url("postgres");
    let run = move || Client::connect(&url, NoTls)?.batch_execute(&sql);
    thread::spawn(run).join().unwrap()
}
