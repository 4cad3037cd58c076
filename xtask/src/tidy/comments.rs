//! Rules about doc comments: how short one may be, and what a section `# Errors` says.

use super::rust::DocComment;
use super::source::{Source, Violation};

const WORDS_MIN: usize = 3;

/// Beginnings of a sentence that only says where the errors are described.
const POINTERS: [&str; 9] = [
    "Those of ",
    "As [",
    "As for ",
    "See ",
    "Like [",
    "The same as ",
    "Same as ",
    "The errors of ",
    "The variants of ",
];

/// Returns all violations in a file.
pub(super) fn violations(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for comment in &source.rust.doc_comments {
        if words(comment) < WORDS_MIN {
            let message = format!(
                "a doc comment of fewer than {WORDS_MIN} words: say in a sentence what this is or \
                 does"
            );
            violations.push(source.violation(comment.line, message));
        }
        if let Some(line) = pointing_errors(comment) {
            let message = "`# Errors` only points elsewhere: name the errors that a caller can \
                           act on, or remove the section";
            violations.push(source.violation(line, message));
        }
    }
    violations
}

/// Returns the number of words in the first paragraph.
fn words(comment: &DocComment) -> usize {
    let is_blank = |line: &&String| line.is_empty();
    let lines = comment.lines.iter().skip_while(is_blank);
    let paragraph = lines.take_while(|line| !is_blank(line));
    let words = paragraph.flat_map(|line| line.split_whitespace());
    words
        .filter(|word| word.contains(char::is_alphanumeric))
        .count()
}

/// Returns the line of a section `# Errors` that consists of one sentence, which points elsewhere.
fn pointing_errors(comment: &DocComment) -> Option<usize> {
    let start = comment.lines.iter().position(|line| line == "# Errors")?;
    let after = comment.lines.iter().skip(start + 1);
    let section = after.take_while(|line| !line.starts_with("# "));
    let text = section.map(String::as_str).collect::<Vec<_>>().join(" ");
    let text = text.trim();
    let says_more = text.contains(". ") || text.contains(';') || text.contains(" if ");
    let points = POINTERS.iter().any(|pointer| text.starts_with(pointer));
    (points && !says_more).then_some(comment.line + start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let source = Source::new("a/src/a.rs", text.to_owned());
        let violations = violations(&source);
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_doc_comment_needs_three_words() {
        let [short] =
            messages("//! What it is.\n\nstruct A {\n    /// When, – if.\n    b: u8,\n}\n")
                .try_into()
                .unwrap();
        assert!(
            short.starts_with("a/src/a.rs:4: a doc comment of fewer"),
            "{short}"
        );
        assert_eq!(
            messages("/// The UTC\n/// day.\n///\n/// More.\nfn a() {}\n"),
            [""; 0]
        );
        assert_eq!(
            messages("/// One.\n///\n/// A second paragraph of many words.\nfn a() {}\n").len(),
            1
        );
        assert_eq!(
            messages("// Why.\nconst A: &str = \"\\n/// x\";\n"),
            [""; 0]
        );
    }

    #[test]
    fn errors_that_only_point_elsewhere_are_refused() {
        let errors = |text: &str| {
            messages(&format!(
                "/// Reads one row.\n///\n/// # Errors\n/// {text}\nfn a() {{}}\n"
            ))
        };
        for bad in [
            "Those of [`Tx::execute`].",
            "As [`a`].",
            "See\n/// [`a`].",
            "The same as for `b`.",
        ] {
            let [only] = errors(bad).try_into().unwrap();
            assert!(
                only.starts_with("a/src/a.rs:3: `# Errors` only points"),
                "{only}"
            );
        }
        for good in [
            "`Busy` if the row is locked.",
            "Those of `f`; 422 if the key was used.",
            "Those of `f`.\n/// `Busy` if it is locked.",
            "As [`f`], and `Busy` if it is locked.",
        ] {
            assert_eq!(errors(good), [""; 0], "{good}");
        }
    }
}
