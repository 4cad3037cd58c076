//! `cargo xtask bench`: sealing in a browser beside its rivals, and the server beside its peer.
//! Numbers mean something on a quiet machine alone; what should be compared is measured in one run.

pub(crate) mod load;
mod marketplace;
mod pocketbase;
mod server;

use anyhow::Result;

use crate::run::{Run, root};
use crate::{needs, pkg};

pub(crate) use server::server;

/// Measures sealing in Chromium, in one page load.
pub(crate) fn crypto() -> Result<()> {
    needs::npm_ci("xtask/bench")?;
    pkg::pkg()?;
    let run = Run::new(needs::node()?).arg(root().join("xtask/bench/crypto.mjs"));
    run.env("CHROMIUM", needs::chromium()?).run()
}
