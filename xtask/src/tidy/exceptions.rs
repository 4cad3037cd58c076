//! The exceptions from the rules, each with its reason. An exception without need is a violation
//! itself, so these lists only become shorter.

use std::panic::Location;

use super::source::Violation;

/// Types whose name ends in a word that says nothing: the crate, and the type.
pub(super) const VAGUE_TYPES: &[Exception] = &[exception(
    "api-types",
    "SandboxInfo",
    "the API promises an object of this name",
)];

/// Types that a crate declares more than once: the crate, and the type.
pub(super) const REPEATED_TYPES: &[Exception] = &[];

/// Files that are longer than the limit: the crate, and the path of the file.
pub(super) const LONG_FILES: &[Exception] = &[exception(
    "operator-app",
    "style.css",
    "the app loads one style sheet, in one request",
)];

/// Imports that close a cycle: the crate, and the import as `from -> to`.
pub(super) const IMPORT_CYCLES: &[Exception] = &[
    exception(
        "server",
        "domain::moves -> domain::task",
        "a task asks the table for its moves, and the table decides by the state of a task",
    ),
    exception(
        "server",
        "domain::sandbox -> domain::task",
        "a task asks the sandbox for its next step, which depends on the state of the task",
    ),
];

/// An exception for one name in one crate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exception {
    krate: &'static str,
    name: &'static str,
    reason: &'static str,
    /// The line of this file that lists it.
    line: u32,
}

/// Creates an exception that knows its line in this file.
#[track_caller]
pub(super) const fn exception(
    krate: &'static str,
    name: &'static str,
    reason: &'static str,
) -> Exception {
    Exception {
        krate,
        name,
        reason,
        line: Location::caller().line(),
    }
}

/// The exceptions from one rule, and which of them were needed.
#[derive(Debug)]
pub(super) struct Exceptions<'a> {
    all: Vec<(&'a Exception, bool)>,
}

impl<'a> Exceptions<'a> {
    /// Starts with none of them needed.
    pub(super) fn new(all: &'a [Exception]) -> Self {
        Self {
            all: all.iter().map(|exception| (exception, false)).collect(),
        }
    }

    /// Returns the names that are listed for a crate.
    pub(super) fn names(&self, krate: &str) -> Vec<&'a str> {
        let of_crate = self.all.iter().filter(|(one, _)| one.krate == krate);
        of_crate.map(|(exception, _)| exception.name).collect()
    }

    /// Returns whether a name is listed, and records that this was needed.
    pub(super) fn allow(&mut self, krate: &str, name: &str) -> bool {
        let is_meant = |one: &Exception| one.krate == krate && one.name == name;
        let meant = self.all.iter_mut().find(|(one, _)| is_meant(one));
        meant.map(|(_, needed)| *needed = true).is_some()
    }

    /// Returns a violation for each exception that was not needed.
    pub(super) fn needless(self) -> impl Iterator<Item = Violation> {
        let needless = self.all.into_iter().filter(|(_, needed)| !needed);
        needless.map(|(exception, _)| {
            let Exception {
                krate,
                name,
                reason,
                line,
            } = exception;
            let message = format!("{krate} needs no exception for `{name}` ({reason}): remove it");
            Violation::new("xtask/src/tidy/exceptions.rs", *line as usize, message)
        })
    }
}
