//! `cargo xtask openapi`: compares or updates the committed API document with the one that the
//! server prints.

use anyhow::{Context as _, Result, ensure};

use crate::run::{Run, root};
use crate::server;

const COMMITTED: &str = "server/openapi.json";

/// Updates the committed file.
pub(crate) fn openapi() -> Result<()> {
    std::fs::write(root().join(COMMITTED), printed()?).context(COMMITTED)
}

/// Fails if the committed file differs from the output of the server.
pub(crate) fn check_fresh() -> Result<()> {
    let committed = std::fs::read_to_string(root().join(COMMITTED)).context(COMMITTED)?;
    ensure!(
        committed == printed()?,
        "{COMMITTED} is out of date: run `cargo xtask openapi`, then commit"
    );
    Ok(())
}

fn printed() -> Result<String> {
    Ok(Run::new(server::build()?).arg("openapi").output()? + "\n")
}
