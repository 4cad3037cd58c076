//! `cargo xtask tidy`: checks the rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can
//! check. This file lists the repository's files and applies the rules; each rule is in the file of
//! its subject.

mod comments;
mod cycles;
mod exceptions;
mod layers;
mod length;
mod manifests;
mod modules;
mod rust;
mod source;
mod text;
mod tokens;
mod types;

use anyhow::{Result, ensure};

use crate::run::{Run, root};
use exceptions::{Exceptions, IMPORT_CYCLES, LONG_FILES, REPEATED_TYPES, VAGUE_TYPES};
use modules::Crate;
use source::{Source, Violation};

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

/// Checks every file that git tracks or would add, and prints all violations.
pub(crate) fn tidy() -> Result<()> {
    let sources = sources()?;
    let violations = violations(&sources);
    for violation in &violations {
        println!("{violation}");
    }
    let (files, count) = (sources.len(), violations.len());
    ensure!(count == 0, "{count} violations in {files} files");
    println!("tidy: {files} files follow the rules");
    Ok(())
}

fn sources() -> Result<Vec<Source>> {
    let listed = Run::new("git")
        .words("ls-files --cached --others --exclude-standard")
        .output()?;
    let mut sources = Vec::new();
    for path in listed.lines() {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        if !WRITTEN.contains(&extension) && path != ".ci/run" {
            continue;
        }
        // A listed file that cannot be read as text was deleted or is binary.
        if let Ok(text) = std::fs::read_to_string(root().join(path)) {
            sources.push(Source::new(path, text));
        }
    }
    Ok(sources)
}

fn violations(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut long_files = Exceptions::new(LONG_FILES);
    for source in sources {
        violations.extend(text::violations(source));
        violations.extend(comments::violations(source));
        violations.extend(length::functions(source));
        violations.extend(length::file(source, &mut long_files));
        violations.extend(layers::texts(source));
        violations.extend(manifests::violations(source));
    }
    let mut repeated_types = Exceptions::new(REPEATED_TYPES);
    let mut vague_types = Exceptions::new(VAGUE_TYPES);
    let mut import_cycles = Exceptions::new(IMPORT_CYCLES);
    for krate in &Crate::all(sources) {
        violations.extend(types::repeated(krate, &mut repeated_types));
        violations.extend(types::vague(krate, &mut vague_types));
        violations.extend(layers::imports(krate));
        violations.extend(cycles::violations(krate, &mut import_cycles));
    }
    let exceptions = [long_files, repeated_types, vague_types, import_cycles];
    violations.extend(exceptions.into_iter().flat_map(Exceptions::needless));
    violations
}
