//! Rules about the names of types: a crate declares each name once, and no name ends in a word
//! that says nothing. Associated types are exempt, because the trait names them, and so are the
//! types of unit tests.

use std::collections::BTreeMap;

use super::exceptions::Exceptions;
use super::modules::Crate;
use super::source::{Source, Violation};

/// Suffixes of type names that say nothing about the type.
const VAGUE_SUFFIXES: [&str; 6] = ["Manager", "Service", "Helper", "Util", "Data", "Info"];

/// Returns a violation for each declaration but the first of a name in a crate.
pub(super) fn repeated(krate: &Crate<'_>, exceptions: &mut Exceptions<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut first: BTreeMap<&str, (&Source, usize)> = BTreeMap::new();
    for (source, name, line) in declarations(krate) {
        let Some((other, other_line)) = first.get(name) else {
            first.insert(name, (source, line));
            continue;
        };
        if !exceptions.allow(&krate.name, name) {
            let message = format!(
                "the type `{name}` is also declared in {}:{other_line}: give each its own name",
                other.path
            );
            violations.push(source.violation(line, message));
        }
    }
    violations
}

/// Returns a violation for each type whose name ends in a word that says nothing.
pub(super) fn vague(krate: &Crate<'_>, exceptions: &mut Exceptions<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (source, name, line) in declarations(krate) {
        let suffix = VAGUE_SUFFIXES.iter().find(|suffix| name.ends_with(*suffix));
        if let Some(suffix) = suffix
            && !exceptions.allow(&krate.name, name)
        {
            let message = format!("`{name}`: `{suffix}` says nothing; use the domain's own word");
            violations.push(source.violation(line, message));
        }
    }
    violations
}

/// Returns the name and the line of every type that a crate declares.
fn declarations<'a>(krate: &Crate<'a>) -> impl Iterator<Item = (&'a Source, &'a str, usize)> {
    let sources = krate.sources.iter().copied();
    let code = sources.filter(|source| !source.is_unit_tests());
    code.flat_map(|source| {
        let types = source.rust.types.iter();
        types.map(move |one| (source, one.name.as_str(), one.line))
    })
}

#[cfg(test)]
mod tests {
    use super::super::exceptions::{Exception, exception};
    use super::*;

    fn messages(files: &[(&str, &str)], listed: &[Exception]) -> Vec<String> {
        let source = |(path, text): &(&str, &str)| Source::new(path, (*text).to_owned());
        let sources: Vec<Source> = files.iter().map(source).collect();
        let mut exceptions = Exceptions::new(listed);
        let crates = Crate::all(&sources);
        let mut all: Vec<_> = crates
            .iter()
            .flat_map(|a| repeated(a, &mut exceptions))
            .collect();
        all.extend(
            crates
                .iter()
                .flat_map(|a| vague(a, &mut Exceptions::new(&[]))),
        );
        all.extend(exceptions.needless());
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_type_declared_twice_in_a_crate_is_refused() {
        let [only] = messages(
            &[("a/src/b.rs", "struct A;"), ("a/src/c.rs", "\nenum A {}")],
            &[],
        )
        .try_into()
        .unwrap();
        assert_eq!(
            only,
            "a/src/c.rs:2: the type `A` is also declared in a/src/b.rs:1: give each its own name"
        );
    }

    #[test]
    fn a_type_declared_once_in_each_crate_is_accepted() {
        let files = [
            ("a/src/b.rs", "struct A; impl I for A { type Item = u8; }"),
            (
                "b/src/b.rs",
                "struct A; impl I for A { type Item = u8; } impl I for B { type Item = u8; }",
            ),
            ("b/src/tests.rs", "struct A;"),
            ("b/src/c.rs", "#[cfg(test)]\nmod tests { struct A; }"),
            ("b/tests/it/main.rs", "struct A;"),
        ];
        assert_eq!(messages(&files, &[]), [""; 0]);
    }

    #[test]
    fn an_exception_is_accepted_while_it_is_needed() {
        let listed = [exception("a", "A", "why")];
        let twice = [("a/src/b.rs", "struct A;"), ("a/src/c.rs", "struct A;")];
        assert_eq!(messages(&twice, &listed), [""; 0]);
        let [only] = messages(&twice[..1], &listed).try_into().unwrap();
        assert!(
            only.contains("a needs no exception for `A` (why): remove it"),
            "{only}"
        );
    }

    #[test]
    fn a_name_that_says_nothing_is_refused() {
        let [only] = messages(&[("a/src/b.rs", "pub struct TaskManager;")], &[])
            .try_into()
            .unwrap();
        assert!(only.contains("`Manager` says nothing"), "{only}");
    }
}
