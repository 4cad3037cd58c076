//! Two servers on one data folder: the second does not start, and says who has it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn humanops(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_humanops"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .stderr(Stdio::piped());
    command
}

/// A server that is ready, and where it listens.
fn start(folder: &Path) -> (Child, String) {
    let mut server = humanops(folder).spawn().unwrap();
    let log = BufReader::new(server.stderr.take().unwrap());
    let listening = log.lines().find_map(|line| {
        let line = line.unwrap();
        Some(line.split_once("listening on ")?.1.trim().to_owned())
    });
    (server, listening.unwrap())
}

#[test]
fn a_second_server_on_one_data_folder_says_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, listening) = start(folder.path());
    let second = humanops(folder.path()).output().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    let holder = format!("by process {}, listening on {listening}.", first.id());
    assert!(said.contains(&holder), "{said}");
    let other = tempfile::tempdir().unwrap();
    let (mut third, _) = start(other.path());
    // However the first ends, the folder is free.
    first.kill().unwrap();
    first.wait().unwrap();
    let (mut again, _) = start(folder.path());
    for server in [&mut third, &mut again] {
        server.kill().unwrap();
        server.wait().unwrap();
    }
}
