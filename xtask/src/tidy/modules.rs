//! The modules of a crate and what a path in one of them refers to. A module is a file or a folder
//! below `src`; a module in braces belongs to its file. Unit tests are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::rust::{Import, Item};
use super::source::Source;

/// How many imports may lead from a path to what it refers to.
const IMPORTS_MAX: usize = 16;

/// The files that are compiled together, and the modules that they form.
#[derive(Debug)]
pub(crate) struct Crate<'a> {
    /// The folder of the package, or the folder or file of an integration test.
    pub(crate) name: String,
    /// All files of the crate, those with unit tests included.
    pub(crate) sources: Vec<&'a Source>,
    /// The modules by their path from the root, which itself is the empty path.
    modules: BTreeMap<Vec<String>, Module<'a>>,
    /// The paths of the modules that have child modules.
    parents: BTreeSet<Vec<String>>,
}

/// A file, or the `mod.rs` of a folder. The crate's root is `lib.rs` together with `main.rs`.
#[derive(Debug, Default)]
struct Module<'a> {
    /// The items with the file that each is in.
    items: Vec<(&'a Source, &'a Item)>,
    imports: BTreeMap<&'a str, &'a Import>,
    glob_imports: Vec<&'a Import>,
    names: BTreeSet<&'a str>,
}

/// The module or item that a path refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path of the module.
    pub(crate) module: Vec<String>,
    /// The item in the module; `None` if the path is that of the module.
    pub(crate) item: Option<String>,
}

impl<'a> Crate<'a> {
    /// Sorts the Rust files by crate.
    pub(crate) fn all(sources: &'a [Source]) -> Vec<Self> {
        let mut crates: BTreeMap<(&str, &str), Vec<&Source>> = BTreeMap::new();
        for source in sources.iter().filter(|source| source.extension() == "rs") {
            let name = crate_name(&source.path);
            crates.entry(name).or_default().push(source);
        }
        let krate = |((name, folder), sources)| Self::new(name, folder, sources);
        crates.into_iter().map(krate).collect()
    }

    fn new(name: &str, folder: &str, sources: Vec<&'a Source>) -> Self {
        let mut modules: BTreeMap<_, Module<'a>> = BTreeMap::new();
        for source in &sources {
            let file = source.path.strip_prefix(folder).unwrap_or(&source.path);
            if !source.is_unit_tests() {
                modules.entry(module_path(file)).or_default().add(source);
            }
        }
        let parent = |path: &Vec<String>| Some(path.split_last()?.1.to_vec());
        let parents = modules.keys().filter_map(parent).collect();
        Self {
            name: name.to_owned(),
            sources,
            modules,
            parents,
        }
    }

    /// Returns every item with the path of its module and its file.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&[String], &'a Source, &'a Item)> {
        self.modules.iter().flat_map(|(path, module)| {
            let items = module.items.iter();
            items.map(|(source, item)| (path.as_slice(), *source, *item))
        })
    }

    /// Returns whether a module has child modules.
    pub(crate) fn has_children(&self, module: &[String]) -> bool {
        self.parents.contains(module)
    }

    /// Returns what a path in the module `from` refers to; `None` if it is outside of the crate.
    pub(crate) fn find(&self, from: &[String], path: &[String]) -> Option<Target> {
        self.find_within(from, path, IMPORTS_MAX)
    }

    fn find_within(&self, from: &[String], path: &[String], imports: usize) -> Option<Target> {
        let imports = imports.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.descend(&[], rest, imports),
            "self" => self.descend(from, rest, imports),
            "super" => {
                let (_, parent) = from.split_last()?;
                match rest.first() {
                    Some(next) if next == "super" => self.find_within(parent, rest, imports),
                    _ => self.descend(parent, rest, imports),
                }
            }
            _ if self.knows(from, path) => self.descend(from, path, imports),
            _ => self.find_by_globs(from, path, imports),
        }
    }

    /// Returns whether a module declares or imports the first word of a path by its name.
    fn knows(&self, from: &[String], path: &[String]) -> bool {
        let (Some(first), Some(module)) = (path.first(), self.modules.get(from)) else {
            return false;
        };
        self.modules.contains_key(&child(from, first)) || module.has_name(first)
    }

    /// Follows a path from a module downwards.
    fn descend(&self, from: &[String], path: &[String], imports: usize) -> Option<Target> {
        let mut module = from.to_vec();
        let mut rest = path;
        while let Some((first, after)) = rest.split_first() {
            let child = child(&module, first);
            if !self.modules.contains_key(&child) {
                break;
            }
            module = child;
            rest = after;
        }
        let Some((name, after)) = rest.split_first() else {
            return Some(Target { module, item: None });
        };
        let holder = self.modules.get(&module);
        if holder.is_none_or(|holder| !holder.names.contains(name.as_str())) {
            let import = holder.and_then(|holder| holder.imports.get(name.as_str()));
            if let Some(import) = import {
                let path = [import.path.as_slice(), after].concat();
                return self.find_within(&module, &path, imports);
            }
            if let Some(target) = self.find_by_globs(&module, rest, imports) {
                return Some(target);
            }
        }
        Some(Target {
            module,
            item: Some(name.clone()),
        })
    }

    /// Looks a path up in the modules of this crate from which all names are imported.
    fn find_by_globs(&self, from: &[String], path: &[String], imports: usize) -> Option<Target> {
        let name = path.first()?;
        let globs = self.modules.get(from)?.glob_imports.iter();
        let own = globs.filter(|import| {
            let first = import.path.first().map_or("", String::as_str);
            matches!(first, "crate" | "self" | "super") || self.knows(from, &import.path)
        });
        let mut modules = own.filter_map(|import| {
            let target = self.find_within(from, &import.path, imports)?;
            target.item.is_none().then_some(target.module)
        });
        let module = modules.find(|path| self.modules.get(path).is_some_and(|m| m.has_name(name)));
        self.descend(&module?, path, imports)
    }
}

impl<'a> Module<'a> {
    /// Returns whether an item is declared or imported under this name.
    fn has_name(&self, name: &str) -> bool {
        self.names.contains(name) || self.imports.contains_key(name)
    }

    fn add(&mut self, source: &'a Source) {
        for item in &source.rust.items {
            self.items.push((source, item));
            self.names.extend(item.name.as_deref());
            for import in &item.imports {
                if import.alias == "*" {
                    self.glob_imports.push(import);
                } else {
                    self.imports.insert(&import.alias, import);
                }
            }
        }
    }
}

/// Returns the name of the crate of a file, and the folder of its root with a slash at the end.
fn crate_name(path: &str) -> (&str, &str) {
    let folder = |marker: &str| {
        let end = path.find(marker)? + marker.len();
        path.get(..end)
    };
    let root = folder("/src/").or_else(|| {
        let tests = folder("/tests/")?;
        let length = path.get(tests.len()..)?.find('/')?;
        path.get(..=tests.len() + length)
    });
    let root = root.or_else(|| path.starts_with("tests/").then_some("tests/"));
    let root = root.unwrap_or(path);
    let name = root.strip_suffix("/src/").unwrap_or(root);
    (name.strip_suffix('/').unwrap_or(name), root)
}

/// Returns the path of the module in a file below the folder of the crate's root.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut path: Vec<String> = stem.split('/').map(ToOwned::to_owned).collect();
    let is_root = matches!(stem, "lib" | "main");
    if is_root || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

fn child(path: &[String], name: &str) -> Vec<String> {
    [path, &[name.to_owned()]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(files: &[(&str, &str)], from: &str, path: &str) -> String {
        let source = |(path, text): &(&str, &str)| Source::new(path, (*text).to_owned());
        let sources: Vec<Source> = files.iter().map(source).collect();
        let words = |path: &str| -> Vec<String> {
            let words = path.split("::").filter(|word| !word.is_empty());
            words.map(ToOwned::to_owned).collect()
        };
        let target = Crate::all(&sources)
            .remove(0)
            .find(&words(from), &words(path));
        let Some(Target { module, item }) = target else {
            return "another crate".to_owned();
        };
        let item = item.map(|item| format!("{item} in ")).unwrap_or_default();
        format!("{item}{}", module.join("::"))
    }

    #[test]
    fn a_file_belongs_to_the_crate_of_its_root() {
        for (path, name, folder) in [
            ("server/src/store/mod.rs", "server", "server/src/"),
            (
                "server/tests/it/main.rs",
                "server/tests/it",
                "server/tests/it/",
            ),
            ("tests/line.rs", "tests", "tests/"),
            ("server/build.rs", "server/build.rs", "server/build.rs"),
            (
                "crypto-wasm/tests/keys.rs",
                "crypto-wasm/tests/keys.rs",
                "crypto-wasm/tests/keys.rs",
            ),
        ] {
            assert_eq!(crate_name(path), (name, folder));
        }
    }

    #[test]
    fn a_path_is_followed_through_modules_and_imports() {
        let files = [
            ("a/src/lib.rs", "mod b; mod c; pub struct Root;"),
            (
                "a/src/b/mod.rs",
                "mod d; mod e; pub use d::Deep; pub use e::*; struct Own;",
            ),
            ("a/src/b/d.rs", "pub struct Deep;"),
            ("a/src/b/e.rs", "pub struct Starred;"),
            (
                "a/src/c.rs",
                "use crate::b as other; use std::fmt; use serde::*;",
            ),
        ];
        for (from, path, target) in [
            ("c", "crate::Root", "Root in "),
            ("c", "super::b::Own", "Own in b"),
            ("c", "other::Deep::new", "Deep in b::d"),
            ("c", "crate::b::Starred", "Starred in b::e"),
            ("b::d", "super::super::c", "c"),
            ("b::d", "super::Own", "Own in b"),
            ("b", "d::Deep", "Deep in b::d"),
            ("b", "self::Starred", "Starred in b::e"),
            ("c", "fmt::Write", "another crate"),
            ("c", "Serialize", "another crate"),
        ] {
            assert_eq!(find(&files, from, path), target, "{path} in {from}");
        }
    }

    #[test]
    fn imports_in_a_circle_end() {
        let files = [
            ("a/src/lib.rs", "pub use b::*; mod b; mod c;"),
            (
                "a/src/b.rs",
                "pub use crate::c::*; pub use crate::*; pub use crate::c::X;",
            ),
            (
                "a/src/c.rs",
                "pub use crate::b::*; pub use crate::*; pub use crate::b::X;",
            ),
        ];
        assert_eq!(find(&files, "b", "crate::b::X"), "another crate");
        assert_eq!(find(&files, "b", "crate::Y"), "Y in ");
    }
}
