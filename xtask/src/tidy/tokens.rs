//! Questions about sequences of Rust tokens: where an item ends, what its name is, which path
//! begins here, and what surrounds a token.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenTree};

/// What surrounds a token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope {
    /// Whether this is code for unit tests only.
    pub(super) in_test: bool,
    /// Whether this is the body of an `impl` or `trait`, where `type` names an associated type.
    pub(super) in_impl: bool,
    /// The number of modules in braces around the token.
    pub(super) inline_modules: usize,
}

impl Scope {
    /// Returns the scope in the next braces after this word.
    pub(super) fn after(self, word: &str, before: &[TokenTree]) -> Self {
        // In a type, `impl Trait` follows punctuation.
        let begins = !matches!(before.last(), Some(TokenTree::Punct(p)) if p.as_char() != ';');
        match word {
            "trait" | "impl" if begins => Self {
                in_impl: true,
                ..self
            },
            "fn" => Self {
                in_impl: false,
                ..self
            },
            "mod" => Self {
                inline_modules: self.inline_modules + 1,
                ..self
            },
            _ => self,
        }
    }

    /// Converts a path in a module in braces to a path in the module of the file. Returns `None` if
    /// it stays in the braces.
    pub(super) fn seen_from_file(self, mut path: Vec<String>) -> Option<Vec<String>> {
        if self.inline_modules == 0 {
            return Some(path);
        }
        let up = path.iter().take_while(|word| *word == "super").count();
        match path.first().map(String::as_str) {
            Some("super") => {
                path.drain(..up.min(self.inline_modules));
                if up <= self.inline_modules {
                    path.insert(0, "self".to_owned());
                }
                (up >= self.inline_modules).then_some(path)
            }
            Some("self") => None,
            _ => Some(path),
        }
    }
}

/// Returns the number of tokens of the first item: up to its braces, or up to a semicolon.
pub(super) fn item_length(tokens: &[TokenTree]) -> usize {
    let (keyword, _) = keyword(tokens);
    let ends_at_braces = !matches!(keyword.as_str(), "use" | "const" | "static" | "type");
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => ends_at_braces && group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    tokens
        .iter()
        .position(is_end)
        .map_or(tokens.len(), |end| end + 1)
}

/// Returns the keyword that says what an item is, and the tokens after it.
fn keyword(tokens: &[TokenTree]) -> (String, &[TokenTree]) {
    let mut words = tokens.iter().enumerate().filter_map(|(index, token)| {
        let TokenTree::Ident(word) = token else {
            return None;
        };
        Some((word.to_string(), tokens.get(index + 1..)?))
    });
    let qualifiers = ["pub", "async", "unsafe", "extern"];
    let is_keyword = |(word, after): &(String, &[TokenTree])| {
        let is_const_fn = word == "const"
            && matches!(after.first(), Some(TokenTree::Ident(next)) if next == "fn");
        !is_const_fn && !qualifiers.contains(&word.as_str())
    };
    words.find(is_keyword).unwrap_or_default()
}

/// Returns the name of an item. An `impl` block has the name of its type; `use` and `mod` have
/// none.
pub(super) fn item_name(tokens: &[TokenTree]) -> Option<String> {
    let (keyword, after) = keyword(tokens);
    let ident = |token: &TokenTree| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    };
    match keyword.as_str() {
        "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "macro_rules" => {
            after.iter().find_map(ident)
        }
        "impl" => {
            let body = after.iter().position(
                |token| matches!(token, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace),
            );
            let head = after.get(..body?)?;
            let generics = generics_length(head);
            let head = head.get(generics..)?;
            let of = head
                .iter()
                .position(|t| matches!(t, TokenTree::Ident(w) if w == "for"));
            let type_name = head.get(of.map_or(0, |of| of + 1)..)?;
            let start = type_name
                .iter()
                .position(|t| matches!(t, TokenTree::Ident(_)))?;
            path(type_name.get(start..)?).pop()
        }
        _ => None,
    }
}

/// Returns the number of tokens of the generic parameters in angle brackets, if they begin so.
fn generics_length(tokens: &[TokenTree]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Punct(p) if p.as_char() == '<' => depth += 1,
            TokenTree::Punct(p) if p.as_char() == '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if index == 0 { 0 } else { index + 1 };
        }
    }
    0
}

/// Returns the segments of the path that begins with the first token.
pub(super) fn path(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let Some(TokenTree::Ident(word)) = rest.first() {
        path.push(word.to_string());
        if !is_punct(rest.get(1), ':') || !is_punct(rest.get(2), ':') {
            break;
        }
        rest = rest.get(3..).unwrap_or_default();
    }
    path
}

/// Returns whether the next word is a field, a method, a lifetime, or belongs to a path that began
/// with a type.
pub(super) fn is_continued(before: &[TokenTree]) -> bool {
    let mut back = before.iter().rev();
    let (last, last_but_one) = (back.next(), back.next());
    let is_range = is_joint(last_but_one, '.');
    let is_path = is_punct(last, ':') && is_joint(last_but_one, ':');
    (is_punct(last, '.') && !is_range) || is_path || is_punct(last, '\'')
}

/// Returns whether an attribute `cfg` is that of code for unit tests only.
pub(super) fn is_test(cfg: &Ident, when: &Group) -> bool {
    let when = when.stream().to_string();
    let all = when.strip_prefix("all").unwrap_or_default();
    cfg == "cfg" && (when == "test" || all.trim_start_matches([' ', '(']).starts_with("test"))
}

/// Returns whether a token is this punctuation character.
pub(super) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_joint(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct))
        if punct.as_char() == character && punct.spacing() == Spacing::Joint)
}
