//! The facts about a Rust file that the rules need: its doc comments, the types that it declares,
//! and the paths that its items name. They are read from tokens, not from a syntax tree, because
//! the bodies of macros such as `view!` and `select!` are only tokens. What a path refers to is
//! decided in `modules.rs`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

use super::tokens::{Scope, is_continued, is_punct, is_test, item_length, item_name, path};

/// The facts about one file.
#[derive(Debug, Default)]
pub(crate) struct RustFile {
    /// Every doc comment, those of unit tests included.
    pub(crate) doc_comments: Vec<DocComment>,
    /// Every declared type, except associated types and the types of unit tests.
    pub(crate) types: Vec<Declaration>,
    /// Every function and method with a body, those of unit tests included.
    pub(crate) functions: Vec<Function>,
    /// The items at the top of the file. Those that are unit tests name no path.
    pub(crate) items: Vec<Item>,
    /// The lines that are compiled for unit tests only.
    pub(crate) test_lines: Vec<RangeInclusive<usize>>,
}

/// Consecutive lines of `///` or `//!`.
#[derive(Debug)]
pub(crate) struct DocComment {
    /// The number of the first line.
    pub(crate) line: usize,
    /// The lines without their slashes.
    pub(crate) lines: Vec<String>,
}

/// The declaration of a struct, an enum, a trait or a type alias.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// The name of the type.
    pub(crate) name: String,
    /// The number of the line with the name.
    pub(crate) line: usize,
}

/// A function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    /// The name of the function.
    pub(crate) name: String,
    /// The number of the line with the name.
    pub(crate) line: usize,
    /// The number of lines up to the end of the body.
    pub(crate) length: usize,
}

/// A function, type, constant or other item at the top of a file.
#[derive(Debug, Default)]
pub(crate) struct Item {
    /// Its name. An `impl` block has the name of its type; `use` and `mod` have none.
    pub(crate) name: Option<String>,
    /// The names that `use` declarations bring into scope.
    pub(crate) imports: Vec<Import>,
    /// Every path that the item names, with the first line where it does. A single word is a path
    /// too.
    pub(crate) paths: BTreeMap<Vec<String>, usize>,
}

/// A name that a `use` declaration brings into scope.
#[derive(Debug)]
pub(crate) struct Import {
    /// The name in this file; `*` stands for all names in the module at the path.
    pub(crate) alias: String,
    /// The path as it is written.
    pub(crate) path: Vec<String>,
}

impl RustFile {
    /// Reads the text of a file.
    pub(crate) fn read(text: &str) -> Result<Self, LexError> {
        let tokens: Vec<TokenTree> = text.parse::<TokenStream>()?.into_iter().collect();
        let mut file = Self::default();
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            let (tokens, after) = rest.split_at(item_length(rest));
            let mut item = Item {
                name: item_name(tokens),
                ..Item::default()
            };
            file.read_tokens(&mut item, tokens, Scope::default());
            file.items.push(item);
            rest = after;
        }
        Ok(file)
    }

    fn read_tokens(&mut self, item: &mut Item, tokens: &[TokenTree], scope: Scope) {
        let mut next_braces = scope;
        let mut index = 0;
        while let (Some(token), Some(rest)) = (tokens.get(index), tokens.get(index..)) {
            let mut length = 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    length = self.read_attribute(item, rest, scope);
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => next_braces = scope,
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                TokenTree::Ident(word) => {
                    let before = tokens.get(..index).unwrap_or_default();
                    next_braces = next_braces.after(&word.to_string(), before);
                    if !is_continued(before) {
                        length = self.read_word(item, rest, scope);
                    }
                }
                TokenTree::Group(group) => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    if group.delimiter() == Delimiter::Brace {
                        self.read_tokens(item, &inside, next_braces);
                        next_braces = scope;
                    } else {
                        self.read_tokens(item, &inside, scope);
                    }
                }
            }
            index += length;
        }
    }

    /// Reads an attribute, and if it is `#[cfg(test)]`, its item too. Returns the number of tokens.
    fn read_attribute(&mut self, item: &mut Item, rest: &[TokenTree], scope: Scope) -> usize {
        let is_inner = is_punct(rest.get(1), '!');
        let length = if is_inner { 3 } else { 2 };
        let Some(TokenTree::Group(group)) = rest.get(length - 1) else {
            return 1;
        };
        let line = group.span_open().start().line;
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        match inside.as_slice() {
            [TokenTree::Ident(doc), _, TokenTree::Literal(text)] if doc == "doc" => {
                self.add_doc_line(line, &text.to_string());
            }
            [TokenTree::Ident(cfg), TokenTree::Group(when)] if is_test(cfg, when) => {
                let length = item_length(rest);
                let tested = rest.get(2..length).unwrap_or_default();
                let last = tested.last().map_or(line, |last| last.span().end().line);
                self.test_lines.push(line..=last);
                let in_test = Scope {
                    in_test: true,
                    ..scope
                };
                self.read_tokens(item, tested, in_test);
                return length;
            }
            inside => self.read_tokens(item, inside, scope),
        }
        length
    }

    /// Reads a keyword with what belongs to it, or a path. Returns the number of tokens.
    fn read_word(&mut self, item: &mut Item, rest: &[TokenTree], scope: Scope) -> usize {
        let Some(TokenTree::Ident(word)) = rest.first() else {
            return 1;
        };
        let line = word.span().start().line;
        match (word.to_string().as_str(), rest.get(1)) {
            // What is in the parentheses of `pub(in crate::a)` is not used.
            ("pub", Some(TokenTree::Group(_))) => 2,
            ("use", next) if !is_punct(next, '<') => {
                let length = rest.iter().position(|token| is_punct(Some(token), ';'));
                let length = length.unwrap_or(rest.len());
                if !scope.in_test {
                    let tree = rest.get(1..length).unwrap_or_default();
                    item.add_imports(tree, &[], scope);
                }
                length
            }
            (keyword @ ("struct" | "enum" | "trait" | "type"), Some(TokenTree::Ident(name))) => {
                let is_associated = keyword == "type" && scope.in_impl;
                if !scope.in_test && !is_associated {
                    let name = name.to_string();
                    self.types.push(Declaration { name, line });
                }
                2
            }
            ("fn", Some(TokenTree::Ident(name))) => {
                self.add_function(name.to_string(), line, rest);
                2
            }
            _ => {
                let path = path(rest);
                // Every segment but the first comes after two colons.
                let length = path.len() * 3 - 2;
                if !scope.in_test {
                    item.add_path(path, line, scope);
                }
                length
            }
        }
    }

    fn add_function(&mut self, name: String, line: usize, tokens: &[TokenTree]) {
        let function = tokens.get(..item_length(tokens)).unwrap_or_default();
        if let Some(TokenTree::Group(body)) = function.last() {
            let length = body.span_close().end().line + 1 - line;
            self.functions.push(Function { name, line, length });
        }
    }

    fn add_doc_line(&mut self, line: usize, literal: &str) {
        let literal = literal.trim_start_matches('r').trim_matches('#');
        let text = literal.strip_prefix('"').unwrap_or(literal);
        let text = text.strip_suffix('"').unwrap_or(text).trim().to_owned();
        match self.doc_comments.last_mut() {
            Some(comment) if comment.line + comment.lines.len() == line => comment.lines.push(text),
            _ => self.doc_comments.push(DocComment {
                line,
                lines: vec![text],
            }),
        }
    }
}

impl Item {
    /// Adds the imports of a `use` tree. `parent` is the path in front of it.
    fn add_imports(&mut self, tree: &[TokenTree], parent: &[String], scope: Scope) {
        for branch in tree.split(|token| is_punct(Some(token), ',')) {
            let mut path = parent.to_vec();
            let mut alias = None;
            let mut line = 0;
            let mut words = branch.iter();
            while let Some(token) = words.next() {
                line = token.span().start().line;
                match token {
                    TokenTree::Group(group) => {
                        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                        self.add_imports(&inside, &path, scope);
                        path.clear();
                    }
                    TokenTree::Ident(word) if word == "as" => {
                        alias = words.next().map(ToString::to_string);
                    }
                    // `a::{self}` is `a`.
                    TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                    TokenTree::Ident(word) => path.push(word.to_string()),
                    TokenTree::Punct(star) if star.as_char() == '*' => alias = Some("*".to_owned()),
                    TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                }
            }
            let Some(path) = scope.seen_from_file(path) else {
                continue;
            };
            if let Some(alias) = alias.or_else(|| path.last().cloned()) {
                self.imports.push(Import {
                    alias,
                    path: path.clone(),
                });
                self.add_path(path, line, Scope::default());
            }
        }
    }

    fn add_path(&mut self, path: Vec<String>, line: usize, scope: Scope) {
        if let Some(path) = scope.seen_from_file(path) {
            self.paths.entry(path).or_insert(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RustFile {
        RustFile::read(text).unwrap()
    }

    /// Returns the paths of more than one word, and the imports.
    fn paths(text: &str) -> Vec<String> {
        let items = read(text).items;
        let paths = items.iter().flat_map(|item| item.paths.keys());
        let paths = paths.filter(|path| path.len() > 1);
        paths.map(|path| path.join("::")).collect()
    }

    #[test]
    fn doc_comments_have_their_lines() {
        let comments =
            read("//! A.\n\n/// B\n/// c.\nfn f() {}\n\n// D.\n/// E.\nfn g() {}").doc_comments;
        let lines: Vec<_> = comments
            .iter()
            .map(|c| (c.line, c.lines.join(" ")))
            .collect();
        assert_eq!(
            lines,
            [
                (1, "A.".to_owned()),
                (3, "B c.".to_owned()),
                (8, "E.".to_owned())
            ]
        );
    }

    #[test]
    fn types_are_found_in_functions_and_macros_but_not_in_tests() {
        let text = "struct A; enum B {} pub(crate) trait C { type D; }\n\
            impl C for A { type D = u8; fn f() -> impl Iterator { type E = u8; } }\n\
            ids! { struct F; }\n#[cfg(test)] mod tests { struct G; }\ntype H = u8;\n\
            #[cfg(all(test, unix))] mod more { struct I; }";
        let names: Vec<_> = read(text).types.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["A", "B", "C", "E", "F", "H"]);
    }

    #[test]
    fn functions_are_measured_with_their_bodies() {
        let functions = read("fn a() {\n}\nimpl B {\n    async fn c(\n        d: u8,\n    ) {\n    }\n}\ntrait E { fn f(); }\n").functions;
        let lengths: Vec<_> = functions
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.length))
            .collect();
        assert_eq!(lengths, [("a", 1, 2), ("c", 4, 4)]);
    }

    #[test]
    fn imports_are_spelled_out() {
        let text = "use crate::{a, b::{self, C as D}, e::*};";
        assert_eq!(
            paths(text),
            ["crate::a", "crate::b", "crate::b::C", "crate::e"]
        );
        let item = read(text).items.remove(0);
        let aliases: Vec<_> = item
            .imports
            .iter()
            .map(|import| import.alias.as_str())
            .collect();
        assert_eq!(aliases, ["a", "b", "D", "*"]);
    }

    #[test]
    fn paths_are_found_in_code_and_macros() {
        assert_eq!(
            paths("fn f(a: b::C) { d!(\"{}\", e::f(..g::h)); i.j::<k::L>(); }"),
            ["b::C", "e::f", "g::h", "k::L"]
        );
        assert_eq!(paths("pub(in crate::a) fn f() {}"), [""; 0]);
        assert_eq!(
            paths("fn f() {}\n#[cfg(test)]\nmod tests { use super::a; }"),
            [""; 0]
        );
    }

    #[test]
    fn a_path_in_a_module_in_braces_is_that_of_the_file() {
        assert_eq!(
            paths("mod a { use super::b; use super::super::c; use crate::d; use self::e; }"),
            ["crate::d", "self::b", "super::c"]
        );
    }

    #[test]
    fn items_are_named() {
        let text = "use a::B; mod c; pub const fn d() {} const E: [u8; 2] = { 1; 2 };\n\
            impl<T: F<T>> G<T> for h::I<T> {} impl J {} macro_rules! k { () => {} } l! {}";
        let names: Vec<_> = read(text)
            .items
            .into_iter()
            .filter_map(|item| item.name)
            .collect();
        assert_eq!(names, ["d", "E", "I", "J", "k"]);
    }
}
