//! A fresh store on either database, for the tests of the store and of the HTTP layer.
//!
//! A file that includes this one has `Store` in scope, uses `#[cfg(test)]`, and writes each test
//! once, as an `async fn` of a [`FreshStore`], which derefs to a `Store`:
//!
//! ```ignore
//! use server::store::Store;                       // tests/it/main.rs
//! #[cfg(test)]
//! #[path = "../support/mod.rs"]
//! mod support;
//!
//! use crate::support::{self, on_both_databases};  // tests/it/tasks.rs
//! on_both_databases! {
//!     async fn create_task_holds_the_reward(store) {
//!         let app = TestApp::start(store.clone()).await;
//!         // …
//!     }
//! }
//! ```
//!
//! This defines `create_task_holds_the_reward::sqlite` and
//! `create_task_holds_the_reward::postgres`.

#[expect(
    dead_code,
    reason = "the stories alone stop a server and start it again"
)]
pub(crate) mod cluster;
mod postgres;

use std::ops::Deref;

use super::Store;

/// An empty, migrated store, with what must live as long as it does.
pub(crate) struct FreshStore {
    // The fields are dropped in this order: the store closes its files and connections first.
    store: Store,
    location: StoreLocation,
}

enum StoreLocation {
    Folder { _folder: tempfile::TempDir },
    Database { database: postgres::Database },
}

impl FreshStore {
    /// Returns the URL of the database, if it is on PostgreSQL.
    pub(crate) fn postgres_url(&self) -> Option<String> {
        match &self.location {
            StoreLocation::Folder { .. } => None,
            StoreLocation::Database { database } => Some(database.url.clone()),
        }
    }
}

impl Deref for FreshStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Creates an SQLite store in its own folder, with the same settings as in production.
pub(crate) fn on_sqlite() -> FreshStore {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("humanops.db")).unwrap();
    FreshStore {
        store,
        location: StoreLocation::Folder { _folder: folder },
    }
}

/// Creates a store on its own database in this process's PostgreSQL.
pub(crate) fn on_postgres() -> FreshStore {
    let migrate = |url: &str| Store::migrate_postgres(url).map(drop).unwrap();
    let database = postgres::Database::fresh(migrate);
    let store = Store::open_postgres(&database.url).unwrap();
    FreshStore {
        store,
        location: StoreLocation::Database { database },
    }
}

/// Defines the tests `name::sqlite` and `name::postgres` for each `async fn name(store) { … }`.
macro_rules! on_both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($store:ident) $story:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn story($store: support::FreshStore) $story

            #[tokio::test]
            async fn sqlite() {
                story(support::on_sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                story(support::on_postgres()).await;
            }
        }
    )+};
}
pub(crate) use on_both_databases;
