//! `cargo xtask dev`: the edit loop. Builds app and server unoptimised, serves them on a persistent
//! folder, and repeats this whenever a source file changes. Ctrl-C ends it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::app;
use crate::files::files_under;
use crate::run::{root, target};
use crate::server::{self, ServerProcess};

const PORT: u16 = 8787;
const LOOK_EVERY: Duration = Duration::from_millis(300);
const WATCHED: [&str; 7] = [
    "api-types/src",
    "crypto-wasm/src",
    "operator-app/src",
    "operator-app/public",
    "operator-app/style.css",
    "operator-app/index.html",
    "server",
];

/// Builds and serves, and repeats this after every change.
pub(crate) fn dev() -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    loop {
        let before = sources();
        let serving = app::quick()
            .and_then(|()| server::build())
            .and_then(|binary| {
                ServerProcess::resume(&target().join("xtask/dev"), &binary, address, &[])
            });
        match &serving {
            Ok(server) => println!("http://{address}; its log is {}", server.log.display()),
            Err(error) => eprintln!("{error:#}\nIt is tried again when a file changes."),
        }
        while sources() == before {
            std::thread::park_timeout(LOOK_EVERY);
        }
    }
}

/// Returns when each source file was last modified.
fn sources() -> BTreeMap<PathBuf, Option<SystemTime>> {
    let files = WATCHED
        .iter()
        .map(|name| root().join(name))
        .flat_map(|path| {
            if path.is_dir() {
                files_under(&path).unwrap_or_default()
            } else {
                vec![path]
            }
        });
    let written = |file: &PathBuf| file.metadata().and_then(|of| of.modified()).ok();
    files.map(|file| (file.clone(), written(&file))).collect()
}
