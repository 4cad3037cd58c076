//! Splits a wasm file in two: the code for the first screen, and the code marked with
//! `#[wasm_split(lazy)]`. A library does the splitting; this module turns its output into one
//! script and two wasm files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use wasm_split_cli_support::{Options, transform};

use crate::run::target;

/// The linker option that keeps the relocations, which the splitting reads.
pub(crate) const LINKER: &str = "-- -Clink-arg=--emit-relocs";

/// The first wasm file, before wasm-bindgen.
pub(crate) const FIRST: &str = "first.wasm";

/// The lazy wasm file, as the library names it.
const LAZY: &str = "split_lazy.wasm";

/// The script that fetches the lazy wasm file.
const LINK: &str = "link.js";

/// The function in that script that `#[wasm_split(lazy)]` calls.
const LOADER: &str = "__wasm_split_load_lazy";

/// Creates an empty folder for the output of the splitting.
pub(crate) fn create_folder() -> Result<PathBuf> {
    let parts = target().join("xtask/split");
    if parts.exists() {
        std::fs::remove_dir_all(&parts)?;
    }
    std::fs::create_dir_all(&parts)?;
    Ok(parts)
}

/// Splits the wasm that cargo built; writes both wasm files and the script to the folder `parts`.
pub(crate) fn split(built: &Path, parts: &Path) -> Result<()> {
    let wasm = std::fs::read(built).with_context(|| built.display().to_string())?;
    let first = parts.join(FIRST);
    let mut options = Options::new(&wasm);
    options.output_dir = parts;
    options.main_out_path = &first;
    options.link_name = "./link.js";
    let split = transform(options).map_err(|error| anyhow!("{error:#}"))?;
    ensure!(
        split.split_modules == [parts.join(LAZY)],
        "one lazy file was expected, not {:?}",
        split.split_modules
    );
    Ok(())
}

/// Copies the lazy wasm file to the output folder, and merges its script into the bound one. As
/// two scripts they would import each other, and neither name could contain the other's hash.
pub(crate) fn join(parts: &Path, out: &Path, name: &str) -> Result<()> {
    let lazy = format!("{name}_lazy.wasm");
    std::fs::copy(parts.join(LAZY), out.join(&lazy))?;
    let bound = out.join(format!("{name}.js"));
    let link = std::fs::read_to_string(parts.join(LINK))?;
    let joined = joined(&std::fs::read_to_string(&bound)?, &link, &lazy)?;
    std::fs::write(bound, joined).context("writing the script")
}

fn joined(bound: &str, link: &str, lazy: &str) -> Result<String> {
    let imports = |line: &&str| line.starts_with("import * as ") && line.contains(LINK);
    let import = bound
        .lines()
        .find(imports)
        .context("the script of wasm-bindgen does not import that of the library")?;
    let name = import
        .split_whitespace()
        .nth(3)
        .context("the import of the library's script has no name")?;
    let own = link.lines().filter(|line| !line.starts_with("import "));
    let own = own.collect::<Vec<_>>().join("\n");
    let own = own.replace("export const", "const");
    let own = own.replace(&format!("\"./{LAZY}\""), &format!("\"/{lazy}\""));
    ensure!(
        own.contains(&format!("\"/{lazy}\"")) && own.contains(LOADER),
        "the library's script does not fetch {LAZY} by {LOADER} any more"
    );
    let bound = bound.replacen(import, "", 1);
    Ok(format!("{bound}\n{own}\nconst {name} = {{ {LOADER} }};\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scripts_that_import_each_other_become_one() {
        let bound = "import * as import1 from \"./link.js\"\nlet imports = () => import1;";
        let link = "import { initSync } from \"./main.js\";\n\
            export const __wasm_split_load_lazy = () => fetch(\"./split_lazy.wasm\");";
        let joined = joined(bound, link, "app_lazy.wasm").unwrap();
        assert!(
            !joined.contains("import {") && !joined.contains("from"),
            "{joined}"
        );
        assert!(joined.contains("fetch(\"/app_lazy.wasm\")"), "{joined}");
        assert!(joined.ends_with("const import1 = { __wasm_split_load_lazy };\n"));
        assert!(super::joined(bound, "export const other = 1;", "app_lazy.wasm").is_err());
    }
}
