//! The store: the SQL of the service and nothing else, as free functions on a [`Tx`], one file for
//! each noun.
//!
//! A read or a write is a plain, synchronous function of a transaction; [`engine`] decides when it
//! runs, on which thread and how often, and alone knows which database it talks to. No file in this
//! folder decides anything; decisions are in `domain`.
//!
//! Functions return database errors as [`StoreError`]. An `# Errors` section names only what a
//! caller can act on.

pub mod accounts;
pub mod agents;
pub mod approvals;
pub mod audit;
pub mod callback_hosts;
mod check;
pub mod credentials;
pub mod deliveries;
pub mod disputes;
pub mod email_links;
pub mod engine;
pub mod entries;
pub mod fiat;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod messages;
pub mod moves;
pub mod near;
pub mod oidc_subjects;
pub mod operators;
pub mod outbox;
pub mod passkeys;
pub mod payouts;
pub mod proofs;
pub mod rate;
pub mod ratings;
pub mod search;
pub mod sessions;
pub mod shared_settings;
pub mod signing_keys;
pub mod subjects;
#[cfg(test)]
#[path = "../../tests/support/mod.rs"]
pub(crate) mod support;
pub mod switches;
mod tally;
pub mod task_filter;
pub mod tasks;
#[cfg(test)]
mod tests;
pub mod uploads;

pub(crate) use engine::params;
pub use engine::{FromValue, Row, Store, StoreError, Tx, Value};
