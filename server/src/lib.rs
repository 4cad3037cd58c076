//! The HumanOps service.
//!
//! - [`domain`] makes the decisions: values in, values out; the table of moves is
//!   `domain/moves.rs`.
//! - [`store`] contains the SQL and nothing else, on SQLite or PostgreSQL.
//! - [`outside`] has the clients of external services, with one file for each counterparty.
//! - [`admin`] has the host's operations, for its routes and its command line alike.
//! - [`http`] is the HTTP layer: every route on one screen; handlers extract, call and answer.
//! - [`jobs`] runs background jobs.
//! - [`log`] configures logging; [`output`] is the only way to standard output and standard error.
//! - [`data_lock`] keeps a second server out of a data folder.
//! - [`app`] is the state that requests and jobs share, [`config`] has every setting, [`clock`]
//!   time and randomness, [`serve`] the server's life cycle and its connections.
//!
//! Imports point in one direction: `http` and `jobs` import `store`, `outside` and `domain`; those
//! three import `api-types`; `domain` imports nothing else.

// Only `output` writes to standard output and standard error, because it never panics or waits.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

pub mod admin;
pub mod app;
pub mod backup;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod data_lock;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod log;
pub mod metrics;
pub mod output;
pub mod outside;
pub mod serve;
pub mod store;
