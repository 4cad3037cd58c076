//! `cargo xtask`: the build commands, written in Rust so that nothing must be installed by hand.
//! Each command is in the file of its name; this file only lists them.

mod api;
mod app;
mod audit;
mod bench;
mod ci;
mod clients;
#[expect(
    dead_code,
    reason = "the stories alone stop a server and start it again"
)]
#[path = "../../server/tests/support/cluster.rs"]
mod cluster;
mod codes;
mod compress;
mod demo;
mod dev;
mod docs;
mod files;
mod openapi;
mod pkg;
mod run;
mod server;
mod split;
mod test;
mod tidy;
mod toolchain;
mod tools;
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, tests and demonstrates HumanOps.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show a whole task: start a server, an agent with three open tasks, and print a URL for a
    /// phone
    Demo,
    /// Install what the tests need, and run all tests: Rust, both databases, Node, a browser
    Test {
        /// Run only this part
        #[arg(value_enum)]
        part: Option<test::Part>,
    },
    /// Run all checks that a commit must pass, those that fail fastest first
    Ci,
    /// Serve app and API, and rebuild both after each change
    Dev,
    /// Build the crypto package: fills pkg/wasm
    Pkg,
    /// Build everything that is embedded in the server: fills operator-app/dist and
    /// server/docs/dist
    App,
    /// Fetch the viewer of the API document: fills server/docs/dist
    Docs,
    /// Check the rules that a program can check: names, comments, lengths, imports, manifests
    Tidy,
    /// Update the committed server/openapi.json
    Openapi,
    /// Check licences, sources and known vulnerabilities of the dependencies
    Audit,
    /// Measure sealing in a browser, or the throughput of the server
    #[command(subcommand)]
    Bench(Bench),
    /// Find or build the wasm32 standard library, and print where it comes from
    Toolchain,
}

#[derive(Subcommand)]
enum Bench {
    /// Measure sealing in Chromium, compared with Web Crypto, noble and jose
    Crypto,
    /// Measure creates, claims, a race and lists on both databases and on PocketBase, then check
    /// the ledgers
    Server {
        /// Number of tasks in the largest table; lists are also measured at a tenth of it
        #[arg(long, default_value_t = 1_000_000)]
        tasks: usize,
        /// An earlier build of the server, measured alternately with this one
        #[arg(long, value_name = "BINARY")]
        baseline: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Demo => demo::demo(),
        Command::Test { part } => test::test(*part),
        Command::Ci => ci::ci(),
        Command::Dev => dev::dev(),
        Command::Pkg => pkg::pkg(),
        Command::App => app::app(),
        Command::Docs => docs::docs(),
        Command::Tidy => tidy::tidy(),
        Command::Openapi => openapi::openapi(),
        Command::Audit => audit::audit(),
        Command::Bench(Bench::Crypto) => bench::crypto(),
        Command::Bench(Bench::Server { tasks, baseline }) => {
            bench::server(*tasks, baseline.as_deref())
        }
        Command::Toolchain => {
            println!("{:?}", toolchain::WasmToolchain::find()?.std_source);
            Ok(())
        }
    }
}
