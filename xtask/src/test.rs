//! `cargo xtask test`: everything that can fail, from what a fresh machine needs to the stories in
//! a browser. Which database a test runs on is the tests' own affair.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::run::{Run, root, step, target};
use crate::{api, app, needs, pkg};

/// The package of PyPI that one of the references writes its client with.
const REQUESTS: &str = "requests==2.34.2";

/// The package of PyPI that plays the bucket of proof files.
const MOTO: &str = "moto[server]==5.2.5";

/// What the tests were given by this machine.
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

/// Installs what is missing, builds what a part needs, and runs it; without a part, everything.
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
        native(&tools)?;
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

/// All of it first: a machine that lacks something says so before an hour of building.
fn tools() -> Result<Tools> {
    step("what the tests need", || {
        needs::postgres()?;
        needs::npm_ci("tests")?;
        Ok(Tools {
            node: needs::node()?,
            chromium: needs::chromium()?,
            python: needs::pypi([REQUESTS])?.join("python"),
            moto_server: needs::pypi([MOTO])?.join("moto_server"),
        })
    })
}

/// The operators' app runs in a browser, where the stories use it; here only what it decides
/// without one is tested. By itself, as its features would have the other crates built anew.
fn native(tools: &Tools) -> Result<()> {
    step("Rust tests, on SQLite and on PostgreSQL", || {
        let words = "test --workspace --exclude operator-app --exclude stories";
        tools.hand_to(Run::cargo(words)).run()
    })?;
    step("what the operators' app decides without a browser", || {
        Run::cargo("test --package operator-app").run()
    })
}

/// Without the list of files node would also run whatever else looks like a test.
fn package(tools: &Tools) -> Result<()> {
    let folder = root().join("pkg/test");
    let entries = folder
        .read_dir()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "pkg/test holds no test");
    step("what TypeScript makes of the crypto package", || {
        let tsc = root().join("tests/node_modules/typescript/bin/tsc");
        let run = Run::new(&tools.node).arg(tsc);
        run.words("-p test").dir(root().join("pkg")).run()
    })?;
    let vectors = pkg::vectors()?;
    step("the crypto package in Node", || {
        tools
            .hand_to(Run::new(&tools.node))
            .env("VECTORS_WASM", vectors)
            .arg("--test")
            .args(&files)
            .dir(root().join("pkg"))
            .run()
    })
}

fn stories(tools: &Tools) -> Result<()> {
    let server = server()?;
    step("stories in a browser", || {
        // The same packages as above, so that cargo does not build their dependencies anew.
        let run = Run::cargo("test --workspace --exclude operator-app --test stories");
        let run = run.env("HUMANOPS_BIN", &server);
        tools.hand_to(run).run()
    })
}

/// The server as it is used by hand: dev profile, the built app inside, without the features
/// that its tests add.
pub(crate) fn server() -> Result<PathBuf> {
    step("the server", || {
        Run::cargo("build --package server --bin humanops").run()
    })?;
    Ok(target().join("debug/humanops"))
}

impl Tools {
    fn hand_to(&self, run: Run) -> Run {
        run.env("NODE", &self.node)
            .env("CHROMIUM", &self.chromium)
            .env("PYTHON", &self.python)
            .env("MOTO_SERVER", &self.moto_server)
    }
}
