//! The rule that imports between the modules of a crate form no cycle. It holds on each level:
//! between the modules at the top of a crate, and between the files of a folder. Naming a path into
//! another module counts as an import of it.
//!
//! In a `mod.rs`, and at the root of a crate, each item counts separately: a child may use an item
//! of its parent as long as this item does not need the child. So a `mod.rs` may declare what its
//! children share, and may call them, but no child may call what calls it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::exceptions::Exceptions;
use super::modules::{Crate, Target};
use super::source::{Source, Violation};

/// A line of the code that imports something.
#[derive(Clone, Copy, Debug)]
struct Site<'a> {
    source: &'a Source,
    line: usize,
}

/// A child module, or an item of the parent's `mod.rs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Child { path: String },
    Item { name: String, module: String },
}

/// The imports on one level, with the lines that need each.
#[derive(Debug, Default)]
struct Graph<'a>(BTreeMap<Node, BTreeMap<Node, Vec<Site<'a>>>>);

/// Returns a violation for each import cycle of a crate.
pub(super) fn violations(krate: &Crate<'_>, exceptions: &mut Exceptions<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for mut graph in levels(krate) {
        let excepted: Vec<_> = exceptions
            .names(&krate.name)
            .into_iter()
            .filter_map(|name| Some((name, graph.remove_named(name)?)))
            .collect();
        while let Some(cycle) = graph.shortest_cycle() {
            violations.extend(graph.violation(&cycle));
            let (from, to) = (cycle.first(), cycle.get(1));
            if from
                .zip(to)
                .and_then(|(from, to)| graph.remove(from, to))
                .is_none()
            {
                break;
            }
        }
        for (name, (from, to)) in excepted {
            if graph.way(&to, &from).is_some() {
                exceptions.allow(&krate.name, name);
            } else {
                graph.0.entry(from).or_default().entry(to).or_default();
            }
        }
    }
    violations
}

/// Returns the imports on each level of a crate.
fn levels<'a>(krate: &Crate<'a>) -> impl Iterator<Item = Graph<'a>> {
    let mut levels: BTreeMap<Vec<String>, Graph<'a>> = BTreeMap::new();
    for (module, source, item) in krate.items() {
        let from = Target {
            module: module.to_vec(),
            item: item.name.clone(),
        };
        for (path, line) in &item.paths {
            // In a file without children, a word stands for an import, which is a path itself.
            let is_word = path.len() == 1;
            if is_word && !krate.has_children(module) {
                continue;
            }
            let Some(to) = krate.find(module, path) else {
                continue;
            };
            // A word that is the name of a module is a variable.
            if is_word && to.item.is_none() {
                continue;
            }
            if let Some((level, from, to)) = import(krate, &from, &to) {
                let imports = levels.entry(level).or_default().0.entry(from).or_default();
                let site = Site {
                    source,
                    line: *line,
                };
                imports.entry(to).or_default().push(site);
            }
        }
    }
    levels.into_values()
}

/// Returns the level on which `from` imports `to`, and the nodes of this level that they are in.
fn import(krate: &Crate<'_>, from: &Target, to: &Target) -> Option<(Vec<String>, Node, Node)> {
    let pairs = from.module.iter().zip(&to.module);
    let depth = pairs.take_while(|(one, other)| one == other).count();
    let level = from.module.get(..depth)?;
    let node = |target: &Target| match target.module.get(..=depth) {
        Some(path) => Some(Node::Child {
            path: path.join("::"),
        }),
        None if krate.has_children(level) => Some(Node::Item {
            name: target.item.clone()?,
            module: level.join("/"),
        }),
        None => None,
    };
    let (from, to) = (node(from)?, node(to)?);
    (from != to).then(|| (level.to_vec(), from, to))
}

impl<'a> Graph<'a> {
    fn remove(&mut self, from: &Node, to: &Node) -> Option<Vec<Site<'a>>> {
        self.0.get_mut(from)?.remove(to)
    }

    /// Removes the import with this name, which is `from -> to`, and returns its nodes.
    fn remove_named(&mut self, name: &str) -> Option<(Node, Node)> {
        let (from_name, to_name) = name.split_once(" -> ")?;
        let mut imports = self
            .0
            .iter()
            .flat_map(|(from, all)| all.keys().map(move |to| (from, to)));
        let is_meant = |(from, to): &(&Node, &Node)| {
            from.to_string() == from_name && to.to_string() == to_name
        };
        let (from, to) = imports
            .find(is_meant)
            .map(|(from, to)| (from.clone(), to.clone()))?;
        self.remove(&from, &to).map(|_| (from, to))
    }

    /// Returns one of the shortest cycles through a child module. It begins with the import that
    /// the fewest lines need.
    fn shortest_cycle(&self) -> Option<Vec<Node>> {
        let mut shortest: Option<Vec<Node>> = None;
        let imports = self
            .0
            .iter()
            .flat_map(|(from, all)| all.keys().map(move |to| (from, to)));
        for (from, to) in imports.filter(|(from, to)| from.is_child() || to.is_child()) {
            let Some(cycle) = self.way(to, from) else {
                continue;
            };
            if shortest
                .as_ref()
                .is_none_or(|shortest| cycle.len() < shortest.len())
            {
                shortest = Some(cycle);
            }
        }
        let mut cycle = shortest?;
        let next = cycle.iter().cycle().skip(1);
        let imports = cycle.iter().zip(next).enumerate();
        let imports = imports.filter(|(_, (from, to))| from.is_child() || to.is_child());
        // Among equals, it is rather the child that need not import its parent.
        let weakest = imports.min_by_key(|(_, (from, to))| {
            (
                self.sites(from, to).len(),
                from.is_child() == to.is_child(),
                !from.is_child(),
            )
        });
        let start = weakest.map_or(0, |(index, _)| index);
        cycle.rotate_left(start);
        Some(cycle)
    }

    /// Returns the nodes of the shortest way between two nodes, both included.
    fn way(&self, start: &Node, end: &Node) -> Option<Vec<Node>> {
        let mut before: BTreeMap<&Node, &Node> = BTreeMap::new();
        let mut seen = BTreeSet::from([start]);
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            if node == end {
                let back = std::iter::successors(Some(node), |node| before.get(node).copied());
                let mut way: Vec<Node> = back.cloned().collect();
                way.reverse();
                return Some(way);
            }
            for next in self.0.get(node).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next) {
                    before.insert(next, node);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn sites(&self, from: &Node, to: &Node) -> &[Site<'a>] {
        let sites = self.0.get(from).and_then(|all| all.get(to));
        sites.map_or(&[], Vec::as_slice)
    }

    /// Returns the violation at the first import of a cycle.
    fn violation(&self, cycle: &[Node]) -> Option<Violation> {
        let next = cycle.iter().cycle().skip(1);
        let imports: Vec<_> = cycle.iter().zip(next).collect();
        let site = |(from, to): &(&Node, &Node)| self.sites(from, to).first().copied();
        let first = imports.first().and_then(site)?;
        let steps: Vec<String> = imports
            .iter()
            .map(|(from, to)| match site(&(from, to)) {
                Some(Site { source, line }) => format!("{from} -> {to} ({}:{line})", source.path),
                None => format!("{from} -> {to}"),
            })
            .collect();
        let message = format!(
            "import cycle: {}; move what they share to a module that needs neither",
            steps.join(", ")
        );
        Some(first.source.violation(first.line, message))
    }
}

impl Node {
    fn is_child(&self) -> bool {
        matches!(self, Self::Child { .. })
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Child { path } => f.write_str(path),
            Self::Item { name, module } if module.is_empty() => write!(f, "{name} in the root"),
            Self::Item { name, module } => write!(f, "{name} in {module}/mod.rs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::exceptions::{Exception, exception};
    use super::*;

    const MOVE: &str = "; move what they share to a module that needs neither";

    fn messages(files: &[(&str, &str)], listed: &[Exception]) -> Vec<String> {
        let source = |(path, text): &(&str, &str)| {
            Source::new(&format!("a/src/{path}.rs"), (*text).to_owned())
        };
        let sources: Vec<Source> = files.iter().map(source).collect();
        let mut exceptions = Exceptions::new(listed);
        let crates = Crate::all(&sources);
        let mut all: Vec<_> = crates
            .iter()
            .flat_map(|a| violations(a, &mut exceptions))
            .collect();
        all.extend(exceptions.needless());
        all.iter()
            .map(|violation| violation.to_string().replace(MOVE, ""))
            .collect()
    }

    #[test]
    fn imports_one_way_are_accepted() {
        let files = [
            ("lib", "mod b; mod c; mod d;"),
            ("b", "use crate::{c, d}; mod tests {}"),
            ("c", "use super::d::D;"),
            (
                "d",
                "pub struct D; #[cfg(test)]\nmod tests { use crate::b; }",
            ),
        ];
        assert_eq!(messages(&files, &[]), [""; 0]);
    }

    #[test]
    fn a_cycle_between_modules_is_refused_at_its_weakest_import() {
        let files = [
            ("lib", "mod b; mod c; mod d;"),
            ("b/mod", "mod e;"),
            ("b/e", "use crate::c::{X, Y};"),
            (
                "c",
                "struct X; struct Y;\nfn f() { g!(super::d::Z) }\nfn h() { super::d::Z }",
            ),
            ("d", "struct Z;\n\nuse crate::b;"),
        ];
        let [only] = messages(&files, &[]).try_into().unwrap();
        let cycle = "a/src/d.rs:3: import cycle: d -> b (a/src/d.rs:3), b -> c (a/src/b/e.rs:1), \
             c -> d (a/src/c.rs:2)";
        assert_eq!(only, cycle);
    }

    #[test]
    fn a_cycle_between_files_of_a_folder_is_refused() {
        let files = [
            ("lib", "mod b;"),
            ("b/mod", "mod c; mod d; pub use c::C;"),
            ("b/c", "pub struct C; use crate::b::d::{D, E};"),
            ("b/d", "use super::C; struct D; struct E;"),
        ];
        let [only] = messages(&files, &[]).try_into().unwrap();
        assert!(
            only.contains("b::d -> b::c (a/src/b/d.rs:1), b::c -> b::d"),
            "{only}"
        );
    }

    #[test]
    fn a_parent_may_call_its_children_and_declare_what_they_share() {
        let files = [
            (
                "lib",
                "mod b; mod c; pub struct Root; fn start() { b::run(); c::run(Root) }",
            ),
            (
                "b/mod",
                "mod d; pub struct B; impl B { fn f(self) {} } fn run() { d::run(B) }",
            ),
            ("b/d", "use super::B; use crate::Root; fn run(b: B) {}"),
            ("c", "use crate::Root; fn run(root: Root) {}"),
        ];
        assert_eq!(messages(&files, &[]), [""; 0]);
    }

    #[test]
    fn a_child_that_calls_its_caller_is_refused() {
        let files = [
            ("lib", "mod b;"),
            (
                "b/mod",
                "mod c; struct B; impl B { fn f(&self) { c::run(self) } }",
            ),
            ("b/c", "use super::B; fn run(b: &B) {}"),
        ];
        let [only] = messages(&files, &[]).try_into().unwrap();
        let cycle = "import cycle: b::c -> B in b/mod.rs (a/src/b/c.rs:1), B in b/mod.rs -> b::c";
        assert!(only.contains(cycle), "{only}");
    }

    #[test]
    fn an_exception_is_accepted_while_it_is_needed() {
        let files = [
            ("lib", "mod b; mod c;"),
            ("b", "use crate::c;"),
            ("c", "use crate::b;"),
        ];
        assert_eq!(
            messages(&files, &[exception("a", "b -> c", "why")]),
            [""; 0]
        );
        let both = [
            exception("a", "b -> c", "why"),
            exception("a", "c -> b", "why"),
        ];
        assert_eq!(messages(&files, &both).len(), 1);
        assert_eq!(messages(&files[..2], &both).len(), 2);
    }
}
