//! Rules about which part of the code may use what: the invariants of ARCHITECTURE.md that hold
//! between layers. A folder is named after its layer, so its path says which rules it is under.

use super::modules::Crate;
use super::rust::Item;
use super::source::{Source, Violation};

/// What the files in a folder must not use, and the reason.
struct Boundary {
    /// The folder, or one file.
    folder: &'static str,
    /// The beginnings of paths in the folder that are exempt.
    except: &'static [&'static str],
    /// Modules of the crate as `crate::a`, and names of other crates.
    imports: &'static [&'static str],
    /// Texts that must not be in the code.
    texts: &'static [&'static str],
    reason: &'static str,
}

const DATABASES: [&str; 3] = ["rusqlite", "postgres", "tokio_postgres"];
const SQL: [&str; 4] = ["\"SELECT ", "INSERT INTO ", "\"UPDATE ", "DELETE FROM "];

const BOUNDARIES: [Boundary; 13] = [
    Boundary {
        folder: "server/src/domain/",
        except: &[],
        imports: &[
            "crate::store",
            "crate::http",
            "crate::jobs",
            "crate::outside",
            "rusqlite",
            "postgres",
            "tokio_postgres",
            "axum",
            "tokio",
            "reqwest",
        ],
        texts: &[".await", "async fn"],
        reason: "the domain decides on values, without input, output or waiting",
    },
    Boundary {
        folder: "server/src/store/",
        except: &[],
        imports: &["crate::http", "crate::jobs", "crate::outside", "axum"],
        texts: &[],
        reason: "the store uses no other layer than the domain",
    },
    Boundary {
        folder: "server/src/store/",
        except: &["engine/"],
        imports: &DATABASES,
        texts: &["async fn", ".await"],
        reason: "only engine/ knows which database it is, and nothing else waits",
    },
    Boundary {
        folder: "server/src/http/",
        except: &[],
        imports: &["crate::jobs"],
        texts: &[],
        reason: "http and jobs do not use each other",
    },
    Boundary {
        folder: "server/src/jobs/",
        except: &[],
        imports: &["crate::http"],
        texts: &[],
        reason: "http and jobs do not use each other",
    },
    Boundary {
        folder: "server/src/http/",
        except: &[],
        imports: &DATABASES,
        texts: &SQL,
        reason: "SQL is in the store only",
    },
    Boundary {
        folder: "server/src/jobs/",
        except: &[],
        imports: &DATABASES,
        texts: &SQL,
        reason: "SQL is in the store only",
    },
    Boundary {
        folder: "server/src/outside/",
        except: &[],
        imports: &["crate::store", "crate::http", "crate::jobs"],
        texts: &[],
        reason: "outside talks to other services, and neither decides nor stores",
    },
    Boundary {
        folder: "server/src/",
        except: &["store/tasks.rs", "store/moves.rs"],
        imports: &[],
        texts: &[
            "UPDATE task ",
            "UPDATE tasks ",
            "INSERT INTO task ",
            "INSERT INTO tasks ",
        ],
        reason: "the status of a task is written by store/moves.rs",
    },
    Boundary {
        folder: "server/src/",
        except: &["store/ledger.rs"],
        imports: &[],
        texts: &["SET balance_micros"],
        reason: "a balance is written by store/ledger.rs",
    },
    Boundary {
        folder: "server/src/",
        except: &["outside/"],
        imports: &["reqwest"],
        texts: &[],
        reason: "only outside makes requests",
    },
    Boundary {
        folder: "operator-app/src/",
        except: &["client/"],
        imports: &["gloo_net"],
        texts: &["XmlHttpRequest", "fetch_with"],
        reason: "only client makes requests",
    },
    Boundary {
        folder: "crypto-wasm/src/bindings.rs",
        except: &[],
        imports: &["p256", "aes_gcm", "hkdf", "sha2"],
        texts: &[],
        reason: "the bindings convert, and contain no cryptography",
    },
];

/// Returns a violation for each item of a crate that uses a module or crate beyond a boundary.
pub(super) fn imports(krate: &Crate<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (module, source, item) in krate.items() {
        let boundaries: Vec<_> = boundaries(source).collect();
        if boundaries.is_empty() {
            continue;
        }
        for (path, line) in &item.paths {
            let used = used(krate, module, item, path);
            for boundary in &boundaries {
                let is_used = |import: &&&str| used.iter().any(|used| used == *import);
                if let Some(import) = boundary.imports.iter().find(is_used) {
                    violations.push(boundary.violation(source, *line, import));
                }
            }
        }
    }
    violations
}

/// Returns a violation for each line of a file with a text that does not belong there.
pub(super) fn texts(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for boundary in boundaries(source) {
        for (number, line) in source.code() {
            if let Some(text) = boundary.texts.iter().find(|text| line.contains(*text)) {
                let text = text.trim_matches(['"', ' ', '.']);
                violations.push(boundary.violation(source, number, text));
            }
        }
    }
    if source.path.starts_with("pkg/") && source.extension() == "js" {
        let message = "uses `subtle`: the JavaScript of the package contains no cryptography";
        let lines = source.code().filter(|(_, line)| line.contains("subtle"));
        violations.extend(lines.map(|(number, _)| source.violation(number, message)));
    }
    violations
}

fn boundaries(source: &Source) -> impl Iterator<Item = &'static Boundary> {
    BOUNDARIES.iter().filter(|boundary| {
        let rest = source.path.strip_prefix(boundary.folder);
        rest.is_some_and(|rest| !boundary.except.iter().any(|start| rest.starts_with(start)))
    })
}

/// Returns what a path in an item uses: a module of this crate as `crate::a`, and every word of the
/// path, because it may be the name of another crate.
fn used(krate: &Crate<'_>, module: &[String], item: &Item, path: &[String]) -> Vec<String> {
    // A single word is a variable, or it stands for an import, which is a path itself.
    if path.len() == 1 && !item.imports.iter().any(|import| import.path == path) {
        return Vec::new();
    }
    let target = krate.find(module, path);
    let first = target.and_then(|target| target.module.into_iter().next().or(target.item));
    let own = first.map(|first| format!("crate::{first}"));
    path.iter().cloned().chain(own).collect()
}

impl Boundary {
    fn violation(&self, source: &Source, line: usize, used: &str) -> Violation {
        source.violation(line, format!("uses `{used}`: {}", self.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        let sources = [Source::new(path, text.to_owned())];
        let crates = Crate::all(&sources);
        let imports = crates.iter().flat_map(imports);
        imports.count() + texts(sources.first().unwrap()).len()
    }

    #[test]
    fn a_domain_that_uses_the_store_is_refused() {
        let domain = |text: &str| count("server/src/domain/task.rs", text);
        assert_eq!(domain("use crate::store::tasks;\n"), 1);
        assert_eq!(domain("use crate::{clock, store::tasks};\n"), 1);
        assert_eq!(domain("use crate::{\n    store,\n};\n"), 1);
        assert_eq!(domain("use super::super::store::tasks;\n"), 1);
        assert_eq!(
            domain("fn f() {\n    log!(crate::store::Tx::new());\n}\n"),
            1
        );
        assert_eq!(domain("// as crate::store does\n"), 0);
        assert_eq!(domain("use crate::clock;\n"), 0);
        assert_eq!(
            domain("#[cfg(test)]\nmod tests {\n    use crate::store::tasks;\n}\n"),
            0
        );
        assert_eq!(
            count(
                "server/src/http/agent/tasks.rs",
                "use crate::store::tasks;\n"
            ),
            0
        );
    }

    #[test]
    fn a_domain_that_uses_a_runtime_is_refused() {
        let domain = |text: &str| count("server/src/domain/task.rs", text);
        assert_eq!(domain("use tokio;\n"), 1);
        assert_eq!(domain("use {std::fmt, tokio::time};\n"), 1);
        assert_eq!(domain("fn f() {\n    tokio::spawn(a);\n}\n"), 1);
        assert_eq!(domain("async fn f() {}\n"), 1);
        assert_eq!(domain("fn f(tokio: u8) -> u8 {\n    tokio\n}\n"), 0);
    }

    #[test]
    fn code_after_a_unit_test_is_checked() {
        let text = "#[cfg(test)]\nmod tests {}\n\nfn f() {\n    a.await;\n}\n";
        assert_eq!(count("server/src/domain/task.rs", text), 1);
    }

    #[test]
    fn a_query_outside_the_store_is_refused() {
        let jobs = |text: &str| count("server/src/jobs/runner.rs", text);
        let update = "fn f() {\n    tx.run(\"UPDATE task SET status\")\n}\n";
        assert_eq!(jobs("fn f() {\n    tx.run(\"UPDATE job SET\")\n}\n"), 1);
        assert_eq!(count("server/src/store/agents.rs", update), 1);
        assert_eq!(count("server/src/store/moves.rs", update), 0);
        assert_eq!(
            count("server/src/store/moves.rs", "use rusqlite::Row;\n"),
            1
        );
        assert_eq!(
            count("server/src/store/engine/sqlite.rs", "use rusqlite::Row;\n"),
            0
        );
    }

    #[test]
    fn only_the_client_makes_requests() {
        let request = "use gloo_net::http::Request;\n";
        assert_eq!(count("operator-app/src/pages/task.rs", request), 1);
        assert_eq!(count("operator-app/src/client/mod.rs", request), 0);
        assert_eq!(count("pkg/api.js", "await crypto.subtle.digest()\n"), 1);
    }
}
