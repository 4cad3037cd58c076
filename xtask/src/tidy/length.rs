//! Rules about length: of the functions and of the files.

use super::exceptions::Exceptions;
use super::rust::Function;
use super::source::{Source, Violation};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 400;

/// Extensions of the files with a limit.
const LIMITED: [&str; 6] = ["rs", "js", "mjs", "ts", "css", "sql"];

/// Returns all functions of a file that are too long.
pub(super) fn functions(source: &Source) -> Vec<Violation> {
    // A story in `tests/` is told in one function, which may be longer.
    if source.path.starts_with("tests/") {
        return Vec::new();
    }
    let functions = source.rust.functions.iter();
    let long = functions.filter(|function| function.length > FUNCTION_LINES_MAX);
    let violation = |function: &Function| {
        let Function { name, line, length } = function;
        let message = format!(
            "`{name}` has {length} lines, and {FUNCTION_LINES_MAX} is the limit: give a part of it \
             a name of its own"
        );
        source.violation(*line, message)
    };
    long.map(violation).collect()
}

/// Returns a violation if a file is too long.
pub(super) fn file(source: &Source, exceptions: &mut Exceptions<'_>) -> Option<Violation> {
    let length = source.text.lines().count();
    if length <= FILE_LINES_MAX || !LIMITED.contains(&source.extension()) {
        return None;
    }
    let (folder, name) = source.path.split_once('/').unwrap_or(("", &source.path));
    if exceptions.allow(folder, name) {
        return None;
    }
    let message = format!(
        "the file has {length} lines, and {FILE_LINES_MAX} is the limit: move one idea to a file \
         of its own"
    );
    Some(source.violation(FILE_LINES_MAX + 1, message))
}

#[cfg(test)]
mod tests {
    use super::super::exceptions::{Exception, exception};
    use super::*;

    fn messages(path: &str, text: &str, listed: &[Exception]) -> Vec<String> {
        let source = Source::new(path, text.to_owned());
        let mut exceptions = Exceptions::new(listed);
        let mut all = functions(&source);
        all.extend(file(&source, &mut exceptions));
        all.extend(exceptions.needless());
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_long_function_is_refused_in_a_type_too() {
        let body = |lines| {
            format!(
                "impl A {{\n    fn b() {{\n{}    }}\n}}\n",
                "        b();\n".repeat(lines)
            )
        };
        let [only] = messages("a/src/a.rs", &body(69), &[]).try_into().unwrap();
        assert!(only.starts_with("a/src/a.rs:2: `b` has 71 lines"), "{only}");
        assert_eq!(messages("a/src/a.rs", &body(68), &[]), [""; 0]);
        assert_eq!(messages("tests/a.rs", &body(69), &[]), [""; 0]);
    }

    #[test]
    fn a_long_file_is_refused_unless_it_is_listed() {
        let long = "// a\n".repeat(401);
        let [only] = messages("a/src/a.rs", &long, &[]).try_into().unwrap();
        assert!(
            only.starts_with("a/src/a.rs:401: the file has 401 lines"),
            "{only}"
        );
        assert_eq!(messages("a/style.css", &long, &[]).len(), 1);
        assert_eq!(messages("a/README.md", &long, &[]), [""; 0]);
        let listed = [exception("a", "src/a.rs", "why")];
        assert_eq!(messages("a/src/a.rs", &long, &listed), [""; 0]);
        let [only] = messages("a/src/a.rs", "// a\n", &listed)
            .try_into()
            .unwrap();
        assert!(
            only.contains("a needs no exception for `src/a.rs`"),
            "{only}"
        );
    }
}
