//! Rules about the text of a file: its head, the width of its lines, and its words.

use super::source::{Source, Violation};

const COLUMNS_MAX: usize = 100;

/// Folders of a machine and hosts of registries. They are split into parts, so that this file does
/// not contain them itself.
const PRIVATE_PLACES: [&str; 11] = [
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "work/"),
    concat!("/", "shared/"),
    concat!(".lib", "rary"),
    concat!("crates.io", "/api"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("deb.", "debian.org"),
    concat!("static.", "rust-lang.org"),
];

/// Returns all violations in a file.
pub(super) fn violations(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    if let Some((line, error)) = &source.unreadable {
        violations.push(source.violation(*line, format!("cannot be read as Rust: {error}")));
    }
    if source.extension() == "rs" && !source.text.starts_with("//! ") {
        let message = "a file begins with `//!`: say what it holds, and what it does not";
        violations.push(source.violation(1, message));
    }
    violations.extend(lines(source));
    violations
}

fn lines(source: &Source) -> Vec<Violation> {
    let extension = source.extension();
    let bounded = matches!(extension, "rs" | "js" | "mjs" | "ts" | "css" | "sql");
    let mut violations = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let columns = columns(line);
        if bounded && columns > COLUMNS_MAX && !line.contains("https://") {
            let message = format!("{columns} columns, and {COLUMNS_MAX} is the limit");
            violations.push(source.violation(index + 1, message));
        }
        for word in [
            concat!("dbg", "!("),
            concat!("FIX", "ME"),
            concat!("TO", "DO"),
        ] {
            if extension != "json" && contains_word(line, word) {
                let message = format!("`{word}` marks unfinished work: finish it, then remove it");
                violations.push(source.violation(index + 1, message));
            }
        }
        let place = PRIVATE_PLACES
            .iter()
            .find(|place| contains_place(line, place));
        if let Some(place) = place
            && source.path != "Cargo.lock"
        {
            let message = format!("`{place}` is a place of one machine, or a host of a registry");
            violations.push(source.violation(index + 1, message));
        }
    }
    violations
}

/// Returns the width of a line, not counting text in quotes, because a sentence for people stays on
/// one line so that a search finds it.
fn columns(line: &str) -> usize {
    if line.trim_start().starts_with("//") {
        return line.chars().count();
    }
    let parts = line.replace("\\\"", "");
    parts
        .split('"')
        .step_by(2)
        .map(|code| code.chars().count() + 1)
        .sum::<usize>()
        - 1
}

fn contains_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        let open = word.ends_with('(') || !after.is_some_and(inside);
        !before.is_some_and(inside) && open
    })
}

/// Returns whether a line contains this path at the path's beginning, so that `a/work/b` does not
/// match.
fn contains_place(line: &str, place: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "._-}*)".contains(c);
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        !(place.starts_with('/') && before.is_some_and(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> String {
        let violations = violations(&Source::new(path, text.to_owned()));
        let messages: Vec<_> = violations.iter().map(ToString::to_string).collect();
        messages.join("; ")
    }

    #[test]
    fn a_good_file_has_no_violation() {
        assert_eq!(messages("a.rs", "//! Good.\n\nfn good() {\n}\n"), "");
    }

    #[test]
    fn a_file_without_a_head_is_refused() {
        assert!(messages("a.rs", "fn good() {}\n").contains("a.rs:1: a file begins with"));
    }

    #[test]
    fn a_file_that_is_not_rust_is_refused() {
        let message = messages("a.rs", "//! A.\nfn a( {}\n");
        assert!(
            message.starts_with("a.rs:2: cannot be read as Rust"),
            "{message}"
        );
    }

    #[test]
    fn a_long_line_is_refused_and_a_url_is_not() {
        assert!(messages("a.css", &"x".repeat(101)).contains("101 columns"));
        assert_eq!(
            messages("a.css", &format!("https://{}", "x".repeat(101))),
            ""
        );
        assert_eq!(
            messages("a.mjs", &format!("say(\"{}\")", "x".repeat(101))),
            ""
        );
        assert!(messages("a.mjs", &format!("// \"{}\"", "x".repeat(101))).contains("columns"));
    }

    #[test]
    fn unfinished_words_and_machines_are_refused() {
        assert!(messages("a.md", concat!("a FIX", "ME b")).contains("marks unfinished work"));
        assert!(messages("a.md", concat!("see /", "root/x")).contains("a place of one machine"));
        assert_eq!(messages("a.md", concat!("see src/", "work/x")), "");
    }
}
