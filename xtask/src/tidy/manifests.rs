//! Rules about manifests: every dependency has a reason, and its version is declared once; server
//! and app are built without the feature that opens credentials; `api-types` depends on no other
//! crate of the workspace.

use super::source::{Source, Violation};

const WORKSPACE_CRATES: [&str; 5] = ["crypto-wasm", "server", "operator-app", "stories", "xtask"];

/// Returns all violations in a manifest; other files have none.
pub(super) fn violations(source: &Source) -> Vec<Violation> {
    let mut violations = match source.path.as_str() {
        "Cargo.toml" => dependencies_without_reason(source),
        "api-types/Cargo.toml" => dependencies_of_api_types(source),
        "server/Cargo.toml" | "operator-app/Cargo.toml" => dependencies_that_open(source),
        _ => Vec::new(),
    };
    if source.path.ends_with("/Cargo.toml") {
        violations.extend(own_versions(source));
    }
    violations
}

fn dependencies_without_reason(source: &Source) -> Vec<Violation> {
    let has_none = |line: &str| !line.contains(" # ") && !line.contains("path = ");
    let lines = section(source, "[workspace.dependencies]").filter(|(_, line)| has_none(line));
    let message = "a dependency without its reason: add it as a comment to this line";
    lines
        .map(|(number, _)| source.violation(number, message))
        .collect()
}

fn dependencies_of_api_types(source: &Source) -> Vec<Violation> {
    let lines = section(source, "[dependencies]");
    let ours = lines.filter(|(_, line)| WORKSPACE_CRATES.contains(&name_of(line)));
    let message = "api-types depends on no other crate of this workspace: remove it";
    ours.map(|(number, _)| source.violation(number, message))
        .collect()
}

fn dependencies_that_open(source: &Source) -> Vec<Violation> {
    let lines =
        section(source, "[dependencies]").filter(|(_, line)| name_of(line) == "crypto-wasm");
    let opens = lines.filter(|(_, line)| line.contains("open") || line.contains("bindings"));
    let message = "this crate must not be able to open a credential: remove the feature";
    opens
        .map(|(number, _)| source.violation(number, message))
        .collect()
}

/// Checks that versions are only in the root manifest.
fn own_versions(source: &Source) -> Vec<Violation> {
    let kinds = [
        "[dependencies]",
        "[dev-dependencies]",
        "[build-dependencies]",
    ];
    let lines = kinds.into_iter().flat_map(|kind| section(source, kind));
    let own =
        lines.filter(|(_, line)| !line.contains("workspace") && !line.contains("path = \".\""));
    let message = "a version outside of the root manifest: write `workspace = true` instead";
    own.map(|(number, _)| source.violation(number, message))
        .collect()
}

fn section<'a>(source: &'a Source, head: &'static str) -> impl Iterator<Item = (usize, &'a str)> {
    let lines = source
        .text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line));
    let after = lines.skip_while(move |(_, line)| *line != head).skip(1);
    let inside = after.take_while(|(_, line)| !line.starts_with('['));
    inside.filter(|(_, line)| !line.starts_with('#') && line.contains(" = "))
}

fn name_of(line: &str) -> &str {
    line.split([' ', '.', '=']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        violations(&Source::new(path, text.to_owned())).len()
    }

    #[test]
    fn a_dependency_without_a_reason_is_refused() {
        let text = "[workspace.dependencies]\na = \"1\" # why\nb = \"1\"\n[profile.dev]\nc = 1\n";
        assert_eq!(count("Cargo.toml", text), 1);
    }

    #[test]
    fn a_server_that_could_open_is_refused() {
        let text = "[dependencies]\ncrypto-wasm = { workspace = true, features = [\"open\"] }\n";
        assert_eq!(count("server/Cargo.toml", text), 1);
        let tests = text.replace("[dep", "[dev-dep");
        assert_eq!(count("server/Cargo.toml", &tests), 0);
    }

    #[test]
    fn a_version_beside_the_root_manifest_is_refused() {
        assert_eq!(
            count("server/Cargo.toml", "[dependencies]\nserde = \"1\"\n"),
            1
        );
        assert_eq!(
            count(
                "api-types/Cargo.toml",
                "[dependencies]\nserver.workspace = true\n"
            ),
            1
        );
    }
}
