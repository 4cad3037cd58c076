//! Rules about manifests: every dependency has a reason and is declared once; server and app are
//! built without opening credentials; `api-types` depends on none of our crates.

use super::source::{Source, Violation};

const OURS: [&str; 5] = ["crypto-wasm", "server", "operator-app", "stories", "xtask"];

/// Returns all violations in a manifest; other files have none.
pub(super) fn violations(source: &Source) -> Vec<Violation> {
    match source.path.as_str() {
        "Cargo.toml" => reasons(source),
        "api-types/Cargo.toml" => below_everything(source),
        "server/Cargo.toml" | "operator-app/Cargo.toml" => never_opens(source),
        _ => Vec::new(),
    }
    .into_iter()
    .chain(inherited(source))
    .collect()
}

fn reasons(source: &Source) -> Vec<Violation> {
    let bare = |line: &str| !line.contains(" # ") && !line.contains("path = ");
    let lines = section(source, "[workspace.dependencies]").filter(|(_, line)| bare(line));
    lines
        .map(|(number, _)| source.violation(number, "a dependency has its reason beside it"))
        .collect()
}

fn below_everything(source: &Source) -> Vec<Violation> {
    let lines = section(source, "[dependencies]");
    let ours = lines.filter(|(_, line)| OURS.iter().any(|name| name_of(line) == *name));
    ours.map(|(n, _)| source.violation(n, "api-types depends on nothing of ours"))
        .collect()
}

fn never_opens(source: &Source) -> Vec<Violation> {
    let lines =
        section(source, "[dependencies]").filter(|(_, line)| name_of(line) == "crypto-wasm");
    let opens = lines.filter(|(_, line)| line.contains("open") || line.contains("bindings"));
    let words = "built without `open`: nothing here could open a credential";
    opens
        .map(|(number, _)| source.violation(number, words))
        .collect()
}

/// Checks that versions are only in the root manifest.
fn inherited(source: &Source) -> Vec<Violation> {
    let member = source.path.ends_with("/Cargo.toml");
    let kinds = [
        "[dependencies]",
        "[dev-dependencies]",
        "[build-dependencies]",
    ];
    let lines = kinds.into_iter().flat_map(|kind| section(source, kind));
    let own = lines.filter(|(_, line)| {
        member && !line.contains("workspace") && !line.contains("path = \".\"")
    });
    own.map(|(n, _)| source.violation(n, "take it from the root manifest: `workspace = true`"))
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
