//! `cargo xtask bench`: sealing in a browser compared with other libraries, and the server compared
//! with PocketBase. Results are meaningful only on an idle machine; only figures of the same run
//! should be compared.

pub(crate) mod load;
mod marketplace;
mod pocketbase;
mod server;

use anyhow::Result;

use crate::run::{Run, root};
use crate::{pkg, tools};

pub(crate) use server::server;

/// Measures sealing in Chromium, in one page load.
pub(crate) fn crypto() -> Result<()> {
    tools::npm_ci("xtask/bench")?;
    pkg::pkg()?;
    let run = Run::new(tools::node()?).arg(root().join("xtask/bench/crypto.mjs"));
    run.env("CHROMIUM", tools::chromium()?).run()
}
