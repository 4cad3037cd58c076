//! The HumanOps service.
//!
//! - [`domain`] decides: values in, values out; the table of moves is `domain/moves.rs`.
//! - [`store`] keeps: SQL and nothing else, on SQLite or PostgreSQL.
//! - [`outside`] reaches the world: one file per counterparty.
//! - [`admin`] is what the host decides, for its routes and its command line alike.
//! - [`http`] is the surface: every route on one screen, extract, call and answer.
//! - [`jobs`] is work that waits.
//! - [`log`] is what is logged, [`output`] the only way to standard output and standard error.
//! - [`data_lock`] keeps a second server out of a data folder.
//! - [`app`] is all that a request or a job may touch, [`config`] every setting, [`clock`] time
//!   and chance, [`serve`] the running of it, [`seats`] the streams that are open.
//!
//! Imports point one way: `http` and `jobs` to `store`, `outside` and `domain`; those three to
//! `api-types`; `domain` to nothing else.

// `output` alone writes to standard output and standard error, because it never panics or waits.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

pub mod admin;
pub mod app;
pub mod backup;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod connections;
pub mod data_lock;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod output;
pub mod outside;
pub mod seats;
pub mod serve;
pub mod store;
