//! `cargo xtask openapi`: the API's description as the server prints it, beside the committed one.

use anyhow::{Context as _, Result, ensure};

use crate::run::{Run, root};
use crate::test::server;

const COMMITTED: &str = "server/openapi.json";

/// Writes the committed file anew.
pub(crate) fn openapi() -> Result<()> {
    std::fs::write(root().join(COMMITTED), printed()?).context(COMMITTED)
}

/// Refuses a committed file that is not what the server prints.
pub(crate) fn is_fresh() -> Result<()> {
    let committed = std::fs::read_to_string(root().join(COMMITTED)).context(COMMITTED)?;
    ensure!(
        committed == printed()?,
        "{COMMITTED} is stale: run `cargo xtask openapi`, then commit"
    );
    Ok(())
}

fn printed() -> Result<String> {
    Ok(Run::new(server()?).arg("openapi").output()? + "\n")
}
