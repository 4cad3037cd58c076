//! Rules about dependencies between modules: the invariants of ARCHITECTURE.md that hold between
//! files. Scanning paths suffices, because the folders are named after their layers.

use super::{Fault, Source};

/// Words that the files in a folder must not contain, and the reason.
struct Arrow {
    folder: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    reason: &'static str,
}

const ARROWS: [Arrow; 13] = [
    Arrow {
        folder: "server/src/domain/",
        except: &[],
        words: &[
            "rusqlite::",
            "postgres::",
            "axum::",
            "tokio::",
            "reqwest::",
            "crate::store",
            "crate::http",
            "crate::jobs",
            "crate::outside",
            ".await",
            "async fn",
        ],
        reason: "domain decides on values alone: no input, no output, no waiting",
    },
    Arrow {
        folder: "server/src/store/",
        except: &[],
        words: &["crate::http", "crate::jobs", "crate::outside", "axum::"],
        reason: "store keeps facts and looks only down, to domain",
    },
    Arrow {
        folder: "server/src/store/",
        except: &["engine/"],
        words: &["rusqlite::", "postgres::", "async fn", ".await"],
        reason: "only engine knows the database; nothing waits",
    },
    Arrow {
        folder: "server/src/http/",
        except: &[],
        words: &["crate::jobs", "rusqlite::", "postgres::"],
        reason: "http extracts, calls and answers",
    },
    Arrow {
        folder: "server/src/jobs/",
        except: &[],
        words: &["crate::http", "rusqlite::", "postgres::"],
        reason: "jobs and http do not know each other",
    },
    Arrow {
        folder: "server/src/http/",
        except: &[],
        words: &SQL,
        reason: "SQL stands in store",
    },
    Arrow {
        folder: "server/src/jobs/",
        except: &[],
        words: &SQL,
        reason: "SQL stands in store",
    },
    Arrow {
        folder: "server/src/outside/",
        except: &[],
        words: &["crate::store", "crate::http", "crate::jobs"],
        reason: "a counterparty knows nothing of the house",
    },
    Arrow {
        folder: "server/src/",
        except: &["store/tasks.rs", "store/moves.rs"],
        words: &[
            "UPDATE task ",
            "UPDATE tasks ",
            "INSERT INTO task ",
            "INSERT INTO tasks ",
        ],
        reason: "a task's status is written through store/moves.rs",
    },
    Arrow {
        folder: "server/src/",
        except: &["store/ledger.rs"],
        words: &["SET balance_micros"],
        reason: "a balance is written by store/ledger.rs",
    },
    Arrow {
        folder: "server/src/",
        except: &["outside/"],
        words: &["reqwest::"],
        reason: "only outside makes requests",
    },
    Arrow {
        folder: "operator-app/src/",
        except: &["client.rs"],
        words: &["gloo_net::", "XmlHttpRequest", "fetch_with"],
        reason: "only client.rs makes requests",
    },
    Arrow {
        folder: "crypto-wasm/src/bindings.rs",
        except: &[],
        words: &["p256::", "aes_gcm::", "hkdf::", "sha2::"],
        reason: "bindings convert and hold no cryptography",
    },
];

const SQL: [&str; 4] = ["\"SELECT ", "INSERT INTO ", "\"UPDATE ", "DELETE FROM "];

/// Returns all violations of these rules in a file.
pub(super) fn faults(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for arrow in &ARROWS {
        let Some(rest) = source.path.strip_prefix(arrow.folder) else {
            continue;
        };
        if arrow.except.iter().any(|known| rest.starts_with(known)) {
            continue;
        }
        for (number, line) in spelled_out(source) {
            if let Some(word) = arrow.words.iter().find(|word| line.contains(*word)) {
                let word = word.trim_matches(['"', ' ', '.', ':']);
                faults.push(source.fault(number, format!("names `{word}`: {}", arrow.reason)));
            }
        }
    }
    if source.path.starts_with("pkg/") && source.extension() == "js" {
        faults.extend(package(source));
    }
    faults
}

/// Checks that the JavaScript of the package contains no cryptography; that is all in the wasm.
fn package(source: &Source) -> Vec<Fault> {
    let subtle = source.code().filter(|(_, line)| line.contains("subtle"));
    let words = "the package's JavaScript holds no cryptography";
    subtle
        .map(|(number, _)| source.fault(number, words))
        .collect()
}

/// Returns the lines of code, with `use crate::{a, b::c}` expanded to `crate::a crate::b::c`.
fn spelled_out(source: &Source) -> Vec<(usize, String)> {
    let mut inside = false;
    let spell = |(number, line): (usize, &str)| {
        let opens = line.contains("use crate::{");
        inside |= opens;
        let mut line = line.replace("use crate::{", "crate::");
        if inside {
            line = format!("crate::{}", line.trim_start().replace(", ", ", crate::"));
            inside = !line.contains("};");
        }
        (number, line)
    };
    source.code().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        faults(&Source {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .len()
    }

    #[test]
    fn domain_that_names_the_store_is_refused() {
        assert_eq!(
            count("server/src/domain/task.rs", "use crate::store::tasks;\n"),
            1
        );
        assert_eq!(
            count(
                "server/src/domain/task.rs",
                "use crate::{clock, store::tasks};\n"
            ),
            1
        );
        assert_eq!(
            count(
                "server/src/domain/task.rs",
                "use crate::{\n    store,\n};\n"
            ),
            1
        );
        assert_eq!(
            count("server/src/domain/task.rs", "// as crate::store does\n"),
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
    fn a_query_outside_the_store_is_refused() {
        assert_eq!(
            count("server/src/jobs/runner.rs", "tx.run(\"UPDATE job SET\")\n"),
            1
        );
        assert_eq!(
            count("server/src/store/agents.rs", "\"UPDATE task SET status\"\n"),
            1
        );
        assert_eq!(
            count("server/src/store/moves.rs", "\"UPDATE task SET status\"\n"),
            0
        );
    }

    #[test]
    fn only_the_client_makes_requests() {
        assert_eq!(
            count(
                "operator-app/src/pages/task.rs",
                "gloo_net::http::Request\n"
            ),
            1
        );
        assert_eq!(
            count("operator-app/src/client.rs", "gloo_net::http::Request\n"),
            0
        );
        assert_eq!(count("pkg/api.js", "await crypto.subtle.digest()\n"), 1);
    }
}
