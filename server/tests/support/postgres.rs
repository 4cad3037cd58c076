//! A database for each test, in a PostgreSQL that all tests of the process share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use postgres::{Client, NoTls};

use super::cluster::Cluster;

/// What a test leaves behind need not outlive a power cut.
const OPTIONS: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off";

/// A migrated database that nobody else uses; dropped with this value.
pub(crate) struct Database {
    name: String,
    /// Where to connect to it.
    pub(crate) url: String,
}

impl Database {
    /// A copy of the template, which `migrate` is called once a process to fill.
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
        // What cannot be dropped goes with the folder.
        drop(administer(format!(
            "DROP DATABASE {} WITH (FORCE)",
            self.name
        )));
    }
}

/// Started with the first test that needs it.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(OPTIONS).unwrap())
}

/// On a thread of its own, because the client may not be used where a runtime runs.
fn administer(sql: String) -> Result<(), postgres::Error> {
    let url = cluster().url("postgres");
    let run = move || Client::connect(&url, NoTls)?.batch_execute(&sql);
    thread::spawn(run).join().unwrap()
}
