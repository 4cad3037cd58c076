//! The command line of the binary: its commands and their arguments. The settings of `serve` are in
//! `config`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::Admin;
use crate::config::{Config, DataLocation};

/// The marketplace where software agents hire people.
#[derive(Debug, Parser)]
#[command(name = "humanops", version, args_override_self = true)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the binary.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API, the operators' app and the background jobs.
    Serve(Box<Config>),
    /// Migrate the database to this version's schema.
    Migrate(DataLocation),
    /// Recompute every balance from its transfers, and check that all agree and sum to zero.
    CheckLedger(DataLocation),
    /// Print the OpenAPI document.
    Openapi,
    /// Run the host's commands on the database, with or without a running server.
    Admin(Box<Admin>),
    /// Save a snapshot of the database, the proof files and the keys in a new file. The server may
    /// run meanwhile.
    Backup(Archive),
    /// Restore such a file into an empty folder or database, and check the ledger.
    Restore(Archive),
}

/// The arguments of a backup or restore.
#[derive(Clone, Debug, Args)]
pub struct Archive {
    /// The archive, a gzipped tar.
    pub file: PathBuf,
    /// The location of the database and the files.
    #[command(flatten)]
    pub place: DataLocation,
}
