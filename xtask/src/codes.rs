//! The sign-in codes that a server on this machine mails to files, printed in the terminal for
//! those who try the app.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A mail with a code has it at the beginning of its subject, in every language.
const CODE_DIGITS: usize = 6;

const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Prints the code of each mail that is written to the folder from now on, until the process ends.
pub(crate) fn print_new(folder: PathBuf) {
    let mut known = mails(&folder);
    std::thread::spawn(move || {
        loop {
            std::thread::park_timeout(POLL_INTERVAL);
            let all = mails(&folder);
            for path in all.difference(&known) {
                print_code(path);
            }
            known = all;
        }
    });
}

/// Returns the mails of a folder, which exists once the first one is written to it.
fn mails(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .collect()
}

fn print_code(path: &Path) {
    let mail = fs::read_to_string(path).unwrap_or_default();
    let header = |name: &str| mail.lines().find_map(|line| line.strip_prefix(name));
    if let (Some(to), Some(subject)) = (header("To: "), header("Subject: "))
        && let Some((code, _)) = subject.split_once(' ')
        && code.len() == CODE_DIGITS
        && code.bytes().all(|digit| digit.is_ascii_digit())
    {
        println!("Mail to {to}: the sign-in code is {code}");
    }
}
