//! A file of the repository as the rules see it, and the violations that they find in it.

use std::fmt;

use super::rust::RustFile;

/// A file of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path from the repository's folder, with forward slashes.
    pub(crate) path: String,
    /// The whole text of the file.
    pub(crate) text: String,
    /// The declarations, comments and paths of a Rust file; empty for other files.
    pub(crate) rust: RustFile,
    /// The line and the reason, if a Rust file cannot be split into tokens.
    pub(crate) unreadable: Option<(usize, String)>,
}

/// A violation of a rule: its position, what is wrong and what to do.
#[derive(Debug)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    message: String,
}

impl Source {
    /// Reads the tokens of the text if it is a Rust file.
    pub(crate) fn new(path: &str, text: String) -> Self {
        let read = if path.ends_with(".rs") {
            RustFile::read(&text)
        } else {
            Ok(RustFile::default())
        };
        let (rust, unreadable) = match read {
            Ok(rust) => (rust, None),
            Err(error) => {
                let line = error.span().start().line;
                (RustFile::default(), Some((line, error.to_string())))
            }
        };
        Self {
            path: path.to_owned(),
            text,
            rust,
            unreadable,
        }
    }

    /// Returns a violation in this file; lines count from 1.
    pub(crate) fn violation(&self, line: usize, message: impl Into<String>) -> Violation {
        Violation::new(&self.path, line, message)
    }

    /// Returns the extension of the file name.
    pub(crate) fn extension(&self) -> &str {
        self.path
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// Returns whether the file holds unit tests only, as its name `tests.rs` says.
    pub(crate) fn is_unit_tests(&self) -> bool {
        self.path.contains("/src/") && self.path.ends_with("/tests.rs")
    }

    /// Returns the lines of code with their numbers: without comments and without unit tests.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        let numbered = lines.map(|(index, line)| (index + 1, line));
        let tested = |number: usize| {
            self.is_unit_tests() || self.rust.test_lines.iter().any(|r| r.contains(&number))
        };
        let code = numbered.filter(move |(number, _)| !tested(*number));
        code.map(|(number, line)| (number, line.split("//").next().unwrap_or(line)))
    }
}

impl Violation {
    /// Returns a violation at a line of a file; lines count from 1.
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}
