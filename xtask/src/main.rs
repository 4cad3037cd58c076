//! `cargo xtask`: the build, in Rust, so that nothing has to be installed by hand. Each command
//! lives in the file of its name; this one only lists them.

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
mod compress;
mod demo;
mod dev;
mod docs;
mod needs;
mod openapi;
mod pkg;
mod run;
mod served;
mod split;
mod test;
mod tidy;
mod toolchain;
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, tests and shows HumanOps.
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
    /// Show the whole job: a server, an agent with three open tasks, and a URL for a phone
    Demo,
    /// Install what tests need, and run everything: Rust, both databases, Node, a browser
    Test {
        /// Only this part
        #[arg(value_enum)]
        part: Option<test::Part>,
    },
    /// Everything that a commit has to pass, in the order in which it fails fastest
    Ci,
    /// The edit loop: serves app and API, and builds both again after each change
    Dev,
    /// Build the crypto package: fills pkg/wasm
    Pkg,
    /// Build all that the server carries: fills operator-app/dist and server/docs/dist
    App,
    /// Fetch the viewer of the API document: fills server/docs/dist
    Docs,
    /// Check the rules that a scan of the text can check
    Tidy,
    /// Write server/openapi.json anew
    Openapi,
    /// Check licences, sources and known vulnerabilities of what we depend on
    Audit,
    /// Measure sealing in a browser, or what the server does a second
    #[command(subcommand)]
    Bench(Bench),
    /// Find or make the wasm32 standard library, and say which way it was had
    Toolchain,
}

#[derive(Subcommand)]
enum Bench {
    /// Sealing in Chromium, beside Web Crypto, noble and jose
    Crypto,
    /// Creates, claims, a race and lists on both databases beside PocketBase, then the ledgers
    Server {
        /// Tasks in the largest table; lists are measured at a tenth of them too
        #[arg(long, default_value_t = 1_000_000)]
        tasks: usize,
        /// An earlier build of the server, measured in turns with this one
        #[arg(long, value_name = "BINARY")]
        beside: Option<PathBuf>,
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
        Command::Bench(Bench::Server { tasks, beside }) => bench::server(*tasks, beside.as_deref()),
        Command::Toolchain => {
            println!("{:?}", toolchain::WasmToolchain::find()?.way);
            Ok(())
        }
    }
}
