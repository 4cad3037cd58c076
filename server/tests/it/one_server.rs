//! A second server on a data folder refuses to start, and names the first one.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::process::{Server, WITHIN};

async fn start(folder: &Path) -> Server {
    Server::start_on(folder, Stdio::null(), &[]).await
}

/// Starts a server that must refuse to start, and returns its exit and output.
async fn refused(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_humanops"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .env_remove("DATABASE_URL")
        .kill_on_drop(true);
    let ended = tokio::time::timeout(WITHIN, command.output()).await;
    ended.expect("the second server serves").unwrap()
}

#[tokio::test]
async fn a_second_server_on_one_data_folder_says_who_has_it() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = start(folder.path()).await;
    let second = refused(folder.path()).await;
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    let holder = format!("by process {}, listening on {}.", first.id(), first.origin);
    assert!(said.contains(&holder), "{said}");
    let _third = start(other.path()).await;
    // However the first server ends, the folder is free afterwards.
    first.kill().await;
    let _again = start(folder.path()).await;
}
