//! `cargo xtask ci`: runs all checks, those that fail fastest first. `.ci/run` calls this command,
//! so a local pass means a pass there.

use anyhow::Result;

use crate::run::{Run, root, step};
use crate::toolchain::{StdSource, TARGET, WasmToolchain};
use crate::{audit, openapi, pkg, test, tidy};

/// The browser crates with the features of their release builds. They are linted separately,
/// because together cargo would unify their features.
const BROWSER: [&str; 2] = [
    "-p operator-app",
    "-p crypto-wasm --lib --features bindings",
];

/// Runs all checks in order.
pub(crate) fn ci() -> Result<()> {
    step("ci", || {
        step("tidy", tidy::tidy)?;
        step("formatting", || Run::cargo("fmt --all --check").run())?;
        lint()?;
        test::test(None)?;
        documents()?;
        step("the server library without `open`", || {
            Run::cargo("check --package server --lib --no-default-features").run()
        })?;
        step("the size of the crypto package", pkg::check_size)?;
        step("generated files are up to date", openapi::check_fresh)?;
        audit::audit()
    })
}

/// Lints the code for this machine, then the code for browsers.
fn lint() -> Result<()> {
    // The server embeds these folders; they may be empty until they are filled.
    for folder in ["operator-app/dist", "server/docs/dist"] {
        std::fs::create_dir_all(root().join(folder))?;
    }
    let deny = |run: Run| run.words("-- -D warnings").run();
    step("clippy", || {
        deny(Run::cargo(
            "clippy --workspace --exclude operator-app --all-targets",
        ))
    })?;
    let toolchain = WasmToolchain::find()?;
    for crate_and_features in BROWSER {
        // Clippy can only read a library of its own compiler, and Debian's compiler is a different
        // one.
        let (at, run) = if toolchain.std_source == StdSource::Debian {
            (
                "this machine, without a wasm32 library",
                Run::cargo("clippy"),
            )
        } else {
            (
                "wasm32",
                toolchain.prepare(Run::cargo("clippy --target").arg(TARGET)),
            )
        };
        step(&format!("clippy {crate_and_features} on {at}"), || {
            deny(run.words(crate_and_features))
        })?;
    }
    Ok(())
}

fn documents() -> Result<()> {
    step("documentation", || {
        let words = "doc --no-deps --workspace --exclude operator-app --exclude stories";
        Run::cargo(words).env("RUSTDOCFLAGS", "-D warnings").run()
    })
}
