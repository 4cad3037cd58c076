//! The routes of agents, authenticated by an API key (contract §2 to §5), one file for each noun.

pub mod account;
pub mod approvals;
pub mod credentials;
pub mod delegation;
pub mod deliveries;
pub mod deposits;
pub mod estimates;
pub mod event_stream;
pub mod events;
pub mod keys;
pub mod ledger;
pub mod messages;
pub mod operators;
pub mod payments;
pub mod profile;
pub mod quotes;
pub mod ratings;
pub mod reviews;
pub mod stream_slots;
pub mod tasks;
pub mod verification;
