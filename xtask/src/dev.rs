//! `cargo xtask dev`: the edit loop. Builds app and server unoptimised, serves them on a persistent
//! folder, and repeats this whenever a source file changes. Ctrl-C ends it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::files::files_under;
use crate::run::{root, target};
use crate::server::{self, ServerProcess};
use crate::{app, codes};

const PORT: u16 = 8787;
const POLL_INTERVAL: Duration = Duration::from_millis(300);
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
    let folder = target().join("xtask/dev");
    codes::print_new(folder.join("data/mails"));
    loop {
        let before = modification_times();
        let server = app::build_quick()
            .and_then(|()| server::build())
            .and_then(|binary| ServerProcess::resume(&folder, &binary, address, &[]));
        match &server {
            Ok(server) => println!("http://{address}; its log is {}", server.log.display()),
            Err(error) => eprintln!("{error:#}\nChange a file to try again."),
        }
        while modification_times() == before {
            std::thread::park_timeout(POLL_INTERVAL);
        }
    }
}

/// Returns when each source file was last modified.
fn modification_times() -> BTreeMap<PathBuf, Option<SystemTime>> {
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
    let modified = |file: &PathBuf| file.metadata().and_then(|of| of.modified()).ok();
    files.map(|file| (file.clone(), modified(&file))).collect()
}
