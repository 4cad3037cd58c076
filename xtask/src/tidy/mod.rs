//! `cargo xtask tidy`: the rules of ARCHITECTURE.md and CONTRIBUTING.md that a scan of the text
//! can check. This file walks the tree; the rules stand in `text.rs`, `arrows.rs`, `manifests.rs`.

mod arrows;
mod manifests;
mod text;

use anyhow::{Result, ensure};

use crate::run::{Run, root};

/// Endings of the files that people write and read.
const WRITTEN: [&str; 13] = [
    "rs",
    "toml",
    "md",
    "sql",
    "js",
    "mjs",
    "ts",
    "css",
    "html",
    "json",
    "yml",
    "svg",
    "webmanifest",
];

/// One file of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the repository's folder, with forward slashes.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// A rule that is broken, where, and what to do.
#[derive(Debug)]
pub(crate) struct Fault {
    path: String,
    line: usize,
    words: String,
}

impl Source {
    /// A fault in this file; lines count from 1.
    pub(crate) fn fault(&self, line: usize, words: impl Into<String>) -> Fault {
        Fault {
            path: self.path.clone(),
            line,
            words: words.into(),
        }
    }

    /// The ending of its name.
    pub(crate) fn extension(&self) -> &str {
        self.path
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// Its lines of code with their numbers: no comments, and nothing from the unit tests on,
    /// which fill a whole file where it is called `tests.rs`.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.path.contains("/src/") && self.path.ends_with("/tests.rs");
        let numbered = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        let code = numbered
            .take_while(move |(_, line)| !tests && !line.trim_start().starts_with("#[cfg(test)]"));
        code.map(|(number, line)| (number, line.split("//").next().unwrap_or(line)))
    }
}

/// Reads every file that git knows or would add, and prints every fault.
pub(crate) fn tidy() -> Result<()> {
    let listed = Run::new("git")
        .words("ls-files --cached --others --exclude-standard")
        .output()?;
    let mut files = 0;
    let mut faults = Vec::new();
    for path in listed.lines() {
        // A file that is listed and cannot be read as text was deleted or is a picture.
        let Ok(text) = std::fs::read_to_string(root().join(path)) else {
            continue;
        };
        let source = Source {
            path: path.to_owned(),
            text,
        };
        if WRITTEN.contains(&source.extension()) || path == ".ci/run" {
            files += 1;
            faults.extend(text::faults(&source));
            faults.extend(arrows::faults(&source));
            faults.extend(manifests::faults(&source));
        }
    }
    for Fault { path, line, words } in &faults {
        println!("{path}:{line}: {words}");
    }
    ensure!(
        faults.is_empty(),
        "{} faults in {files} files",
        faults.len()
    );
    println!("tidy: {files} files follow the rules");
    Ok(())
}
