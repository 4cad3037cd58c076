//! Rules about the text of a file: its head, line length, function length and words.

use super::{Fault, Source};

const COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that exceed the limit and must not grow: file, name, lines.
const LONG_FUNCTIONS: [(&str, &str, usize); 0] = [];

/// Suffixes of type names that say nothing about the type.
const EMPTY_NAMES: [&str; 6] = ["Manager", "Service", "Helper", "Util", "Data", "Info"];

/// Types with such a suffix because the API's own names have it.
const WIRE_NAMES: [&str; 1] = ["SandboxInfo"];

/// Split into parts, so that this file does not contain these texts itself.
const MACHINE: [&str; 11] = [
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

/// Returns all faults in a file.
pub(super) fn faults(source: &Source) -> Vec<Fault> {
    let mut faults = head(source);
    faults.extend(lines(source));
    faults.extend(functions(source));
    faults.extend(names(source));
    faults
}

fn head(source: &Source) -> Vec<Fault> {
    if source.extension() != "rs" || source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![source.fault(
        1,
        "a file opens with `//!`: what lives here, and what does not",
    )]
}

fn lines(source: &Source) -> Vec<Fault> {
    let extension = source.extension();
    let bounded = matches!(extension, "rs" | "js" | "mjs" | "ts" | "css" | "sql");
    let mut faults = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let columns = columns(line);
        if bounded && columns > COLUMNS_MAX && !line.contains("https://") {
            let words = format!("{columns} columns; {COLUMNS_MAX} is the limit");
            faults.push(source.fault(index + 1, words));
        }
        for word in [
            concat!("dbg", "!("),
            concat!("FIX", "ME"),
            concat!("TO", "DO"),
        ] {
            if extension != "json" && holds_word(line, word) {
                faults.push(source.fault(index + 1, format!("`{word}` is for an unfinished file")));
            }
        }
        if source.path != "Cargo.lock" && MACHINE.iter().any(|place| holds_place(line, place)) {
            faults.push(source.fault(
                index + 1,
                "names a place of one machine, or a registry's host",
            ));
        }
    }
    faults
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

fn functions(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    // Tests in `tests/` tell one person's story in one function and may be longer.
    if source.extension() != "rs" || source.path.starts_with("tests/") {
        return faults;
    }
    let lines: Vec<&str> = source.text.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let long = |(path, long, _): &&(&str, &str, usize)| *path == source.path && *long == name;
        let limit = LONG_FUNCTIONS
            .iter()
            .find(long)
            .map_or(FUNCTION_LINES_MAX, |(_, _, n)| *n);
        let length = function_length(line, lines.iter().skip(start));
        if length > limit {
            let words = format!("`{name}` has {length} lines; {limit} is the limit");
            faults.push(source.fault(start + 1, words));
        }
    }
    faults
}

/// Returns the number of lines of a function. It ends at the first line that closes at its own
/// indentation, which rustfmt ensures, with its body or, if it has none, with its arguments.
fn function_length<'a>(first: &str, mut lines: impl Iterator<Item = &'a &'a str>) -> usize {
    let indent: String = first.chars().take_while(|c| *c == ' ').collect();
    let closes = |line: &&str| {
        let rest = line.strip_prefix(&indent).unwrap_or_default();
        rest == "}" || (rest.starts_with(')') && rest.ends_with(';'))
    };
    if first.ends_with([';', '}']) {
        return 1;
    }
    lines.position(closes).map_or(1, |last| last + 1)
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    for word in [
        "pub(crate) ",
        "pub(super) ",
        "pub ",
        "const ",
        "async ",
        "unsafe ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

fn names(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    if source.extension() != "rs" {
        return faults;
    }
    for (number, line) in source.code() {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let declares = words.any(|word| matches!(word, "struct" | "enum" | "trait" | "type"));
        let name = words.next().unwrap_or_default();
        // The names of associated types are chosen by the trait.
        let is_associated = line.starts_with(' ') && line.trim_start().starts_with("type ");
        let declares = declares && !is_associated && !WIRE_NAMES.contains(&name);
        if let Some(empty) = EMPTY_NAMES
            .iter()
            .find(|empty| declares && name.ends_with(*empty))
        {
            let words = format!("`{name}`: `{empty}` says nothing; use the domain's own word");
            faults.push(source.fault(number, words));
        }
    }
    faults
}

fn holds_word(line: &str, word: &str) -> bool {
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
fn holds_place(line: &str, place: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "._-}*)".contains(c);
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        !(place.starts_with('/') && before.is_some_and(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str, text: &str) -> String {
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        faults(&source)
            .into_iter()
            .map(|fault| fault.words)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn a_good_file_has_no_fault() {
        assert_eq!(words("a.rs", "//! Good.\n\nfn good() {\n}\n"), "");
    }

    #[test]
    fn a_file_without_a_head_is_refused() {
        assert!(words("a.rs", "fn good() {}\n").contains("opens with"));
    }

    #[test]
    fn a_long_line_is_refused_and_an_address_is_not() {
        assert!(words("a.css", &"x".repeat(101)).contains("101 columns"));
        assert_eq!(words("a.css", &format!("https://{}", "x".repeat(101))), "");
        assert_eq!(words("a.mjs", &format!("say(\"{}\")", "x".repeat(101))), "");
        assert!(words("a.mjs", &format!("// \"{}\"", "x".repeat(101))).contains("columns"));
    }

    #[test]
    fn a_long_function_is_refused_in_a_type_too() {
        let long = format!(
            "//! A.\nimpl A {{\n    fn b() {{\n{}    }}\n}}\n",
            "        b();\n".repeat(70)
        );
        assert!(words("a.rs", &long).contains("`b` has 72 lines"));
    }

    #[test]
    fn unfinished_words_places_and_empty_names_are_refused() {
        assert!(words("a.md", concat!("a FIX", "ME b")).contains("unfinished"));
        assert!(words("a.md", concat!("see /", "root/x")).contains("one machine"));
        assert_eq!(words("a.md", concat!("see src/", "work/x")), "");
        assert!(words("a.rs", "//! A.\npub struct TaskManager;\n").contains("says nothing"));
    }
}
