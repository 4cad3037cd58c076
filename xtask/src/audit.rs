//! Audit of the dependencies. Licences, sources and versions from `cargo metadata` are checked
//! against `deny.toml`, which works on every machine. Known vulnerabilities need a database from
//! the network; where it cannot be fetched, the audit prints that they were not checked.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::run::{Run, root, step};

const ADVISORY_SECONDS_MAX: u64 = 120;
const LOCKED_BY_NPM: [&str; 4] = ["xtask", "xtask/bench", "tests", "server/docs"];

/// Checks every package in Cargo.lock, and known vulnerabilities as far as the network allows.
pub(crate) fn audit() -> Result<()> {
    step("licences, sources and versions", packages)?;
    step("known vulnerabilities in Rust", rust_advisories)?;
    step("known vulnerabilities in npm packages", npm_advisories)
}

fn packages() -> Result<()> {
    let deny = std::fs::read_to_string(root().join("deny.toml")).context("deny.toml")?;
    let metadata: Value =
        serde_json::from_str(&Run::cargo("metadata --format-version 1 --locked").output()?)?;
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for package in metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let word = |key| package.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = word("name");
        *versions.entry(name).or_default() += 1;
        if !is_allowed(word("license"), &listed(&deny, "allow")) {
            faults.push(format!(
                "{name}: the licence `{}` is not allowed",
                word("license")
            ));
        }
        let source = word("source");
        if !source.is_empty() && !source.starts_with("registry+") {
            faults.push(format!(
                "{name}: comes from {source}, not from the registry"
            ));
        }
        if listed(&deny, "deny").contains(&name) {
            faults.push(format!("{name}: is banned in deny.toml"));
        }
    }
    let twice: Vec<_> = versions
        .iter()
        .filter(|(_, count)| **count > 1)
        .map(|(n, _)| *n)
        .collect();
    println!(
        "{} packages; more than one version of {}",
        versions.len(),
        twice.join(", ")
    );
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// Returns whether all licences in one alternative of a licence expression are allowed.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let words = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let every = |part: &str| {
        part.split(" AND ")
            .all(|licence| allowed.contains(&licence.trim()))
    };
    // In practice, brackets only hold alternatives, next to licences that must also hold.
    if expression.contains('(') {
        return words.split(" AND ").all(|part| {
            part.split(" OR ")
                .any(|licence| allowed.contains(&licence.trim()))
        });
    }
    words.split(" OR ").any(every)
}

/// Returns the strings of a list in `deny.toml`.
fn listed<'a>(deny: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!("\n{key} = [");
    let list = deny
        .split_once(&start)
        .and_then(|(_, rest)| rest.split_once("\n]"));
    let lines = list.map(|(list, _)| list).unwrap_or_default().lines();
    lines.filter_map(|line| line.split('"').nth(1)).collect()
}

/// Runs cargo-deny if it is installed and can fetch its database.
fn rust_advisories() -> Result<()> {
    if !Run::cargo("deny --version").succeeds() {
        println!("NOT CHECKED: cargo-deny is not installed; run `cargo install cargo-deny`");
        return Ok(());
    }
    let fetch = Run::cargo("deny fetch db").run_within(Duration::from_secs(ADVISORY_SECONDS_MAX));
    if let Err(error) = fetch {
        println!("NOT CHECKED: the advisory database cannot be fetched: {error:#}");
        return Ok(());
    }
    Run::cargo("deny check").run()
}

/// Queries the npm registry. Output that is not a report means that the vulnerabilities could not
/// be checked.
fn npm_advisories() -> Result<()> {
    for folder in LOCKED_BY_NPM {
        let dir = root().join(folder);
        if !dir.join("package-lock.json").exists() {
            continue;
        }
        let audit = Run::new("npm")
            .words("audit --json --package-lock-only")
            .dir(&dir);
        let printed = audit.command().output().context("npm audit")?.stdout;
        let report: Value = serde_json::from_slice(&printed).unwrap_or_default();
        let Some(found) = report.pointer("/metadata/vulnerabilities") else {
            println!("NOT CHECKED: {folder}: the npm registry gave no report");
            continue;
        };
        let count = |level: &str| found.get(level).and_then(Value::as_u64).unwrap_or_default();
        let severe = count("high") + count("critical");
        println!(
            "{folder}: {severe} high or critical of {} vulnerabilities",
            count("total")
        );
        ensure!(
            severe == 0,
            "{folder} has {severe} high or critical vulnerabilities; to list them:\n  {audit}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_holds_when_one_alternative_is_allowed() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR X) AND Unicode-3.0",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR X) AND MIT"] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn a_list_of_the_file_is_read() {
        let deny = "[licenses]\nallow = [\n  \"MIT\",\n  # why\n  \"ISC\", # because\n]\n";
        assert_eq!(listed(deny, "allow"), ["MIT", "ISC"]);
        assert!(listed(deny, "deny").is_empty());
    }
}
