//! `cargo xtask tidy`: checks the rules of ARCHITECTURE.md and CONTRIBUTING.md that a text scan can
//! check. This file lists the repository's files; the rules are in `text.rs`, `arrows.rs` and
//! `manifests.rs`.

mod arrows;
mod manifests;
mod text;

use anyhow::{Result, ensure};

use crate::run::{Run, root};

/// Extensions of the files that people write and read.
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

/// A file of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path from the repository's folder, with forward slashes.
    pub(crate) path: String,
    /// The whole text of the file.
    pub(crate) text: String,
}

/// A violation of a rule, with its position and what to do.
#[derive(Debug)]
pub(crate) struct Fault {
    path: String,
    line: usize,
    words: String,
}

impl Source {
    /// Returns a fault in this file; lines count from 1.
    pub(crate) fn fault(&self, line: usize, words: impl Into<String>) -> Fault {
        Fault {
            path: self.path.clone(),
            line,
            words: words.into(),
        }
    }

    /// Returns the extension of the file name.
    pub(crate) fn extension(&self) -> &str {
        self.path
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// Returns the lines of code with their numbers: without comments, and without unit tests,
    /// which start at `#[cfg(test)]` or fill a whole file named `tests.rs`.
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

/// Checks every file that git tracks or would add, and prints all faults.
pub(crate) fn tidy() -> Result<()> {
    let listed = Run::new("git")
        .words("ls-files --cached --others --exclude-standard")
        .output()?;
    let mut files = 0;
    let mut faults = Vec::new();
    for path in listed.lines() {
        // A listed file that cannot be read as text was deleted or is binary.
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
