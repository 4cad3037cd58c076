//! `cargo xtask docs`: fills `server/docs/dist`, the folder that the server serves at `/docs`, with
//! our page and the viewer from npm in the version of the lock file.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::compress::write_compressed;
use crate::run::{root, step};
use crate::tools;

const FOLDER: &str = "server/docs";
const PAGE_FILES: [&str; 3] = ["index.html", "docs.js", "docs.css"];
const VIEWER_FILES: [&str; 5] = [
    "swagger-ui-bundle.js",
    "swagger-ui.css",
    "favicon-32x32.png",
    "LICENSE",
    "NOTICE",
];

/// Fetches the viewer and copies it and our page to the folder.
pub(crate) fn docs() -> Result<()> {
    tools::npm_ci(FOLDER)?;
    step("the viewer of the API document", || {
        let folder = root().join(FOLDER);
        let dist = folder.join("dist");
        let viewer = folder.join("node_modules/swagger-ui-dist");
        let viewer_files = VIEWER_FILES.iter().map(|name| viewer.join(name));
        let page_files = PAGE_FILES.iter().map(|name| folder.join(name));
        let mut files = Vec::new();
        for from in viewer_files.chain(page_files) {
            let bytes = std::fs::read(&from).with_context(|| from.display().to_string())?;
            files.push((dist.join(from.file_name().unwrap_or_default()), bytes));
        }
        // Compression takes seconds, and usually nothing has changed.
        let holds = |to: &Path, bytes: &[u8]| std::fs::read(to).is_ok_and(|held| held == bytes);
        if files.iter().all(|(to, bytes)| holds(to, bytes)) {
            return Ok(());
        }
        std::fs::create_dir_all(&dist)?;
        for (to, bytes) in files {
            std::fs::write(&to, bytes)?;
            write_compressed(&to)?;
        }
        Ok(())
    })
}
