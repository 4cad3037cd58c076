//! `cargo xtask test`: all tests, from installing what a fresh machine needs to the stories in a
//! browser. The tests themselves choose the databases that they run on.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::run::{Run, root, step};
use crate::{api, app, pkg, server, tools};

/// The PyPI package that the client in one of the reference documents uses.
const REQUESTS: &str = "requests==2.34.2";

/// The PyPI package that simulates the bucket for proof files.
const MOTO: &str = "moto[server]==5.2.5";

/// Paths of the external tools that the tests use.
#[derive(Debug)]
struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    python: PathBuf,
    moto_server: PathBuf,
}

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The Rust crates, the server on both databases
    Rust,
    /// The crypto package in Node
    Pkg,
    /// The API against its own document
    Api,
    /// People in a browser, agents in Node and Python
    Stories,
}

/// Installs missing tools, then builds and runs one part of the tests, or all parts.
pub(crate) fn test(part: Option<Part>) -> Result<()> {
    let tools = tools()?;
    let wanted = |one| part.is_none_or(|part| part == one);
    if wanted(Part::Pkg) || wanted(Part::Stories) {
        pkg::pkg()?;
    }
    if wanted(Part::Rust) || wanted(Part::Stories) {
        app::app()?;
    }
    if wanted(Part::Rust) {
        rust(&tools)?;
    }
    if wanted(Part::Pkg) {
        package(&tools)?;
    }
    if wanted(Part::Api) {
        api::api(&tools.node)?;
    }
    if wanted(Part::Stories) {
        stories(&tools)?;
    }
    Ok(())
}

/// Finds or installs all tools first, so that a missing one fails at once and not after an hour of
/// building.
fn tools() -> Result<Tools> {
    step("tools for the tests", || {
        tools::postgres()?;
        tools::npm_ci("tests")?;
        Ok(Tools {
            node: tools::node()?,
            chromium: tools::chromium()?,
            python: tools::pypi([REQUESTS])?.join("python"),
            moto_server: tools::pypi([MOTO])?.join("moto_server"),
        })
    })
}

/// Runs the Rust tests. Of the operator app, only the logic that needs no browser is tested here;
/// the stories test the rest. It is tested on its own, because its features would cause rebuilds of
/// the other crates.
fn rust(tools: &Tools) -> Result<()> {
    step("Rust tests, on SQLite and on PostgreSQL", || {
        let words = "test --workspace --exclude operator-app --exclude stories";
        tools.set_env(Run::cargo(words)).run()
    })?;
    step("unit tests of the operators' app", || {
        Run::cargo("test --package operator-app").run()
    })
}

/// Tests the crypto package. The test files are listed explicitly, because Node would otherwise run
/// every file that looks like a test.
fn package(tools: &Tools) -> Result<()> {
    let folder = root().join("pkg/test");
    let entries = folder
        .read_dir()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "pkg/test contains no test");
    step("types of the crypto package", || {
        let tsc = root().join("tests/node_modules/typescript/bin/tsc");
        let run = Run::new(&tools.node).arg(tsc);
        run.words("-p test").dir(root().join("pkg")).run()
    })?;
    let vectors = pkg::vectors()?;
    step("the crypto package in Node", || {
        tools
            .set_env(Run::new(&tools.node))
            .env("VECTORS_WASM", vectors)
            .arg("--test")
            .args(&files)
            .dir(root().join("pkg"))
            .run()
    })
}

fn stories(tools: &Tools) -> Result<()> {
    let server = server::build()?;
    step("stories in a browser", || {
        // The same packages as above, so that cargo does not rebuild their dependencies.
        let run = Run::cargo("test --workspace --exclude operator-app --test stories");
        let run = run.env("HUMANOPS_BIN", &server);
        tools.set_env(run).run()
    })
}

impl Tools {
    fn set_env(&self, run: Run) -> Run {
        run.env("NODE", &self.node)
            .env("CHROMIUM", &self.chromium)
            .env("PYTHON", &self.python)
            .env("MOTO_SERVER", &self.moto_server)
    }
}
