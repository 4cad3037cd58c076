//! Builds wasm files and their JavaScript from a crate: cargo for wasm32, wasm-bindgen as a library
//! in the version of Cargo.lock, then wasm-opt. Used by `pkg.rs` and `app.rs`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::files::files_under;
use crate::run::{Run, root, step, target};
use crate::toolchain::{TARGET, WasmToolchain};
use crate::{split, tools};

/// What to build, and the names of the output files.
#[derive(Debug)]
pub(crate) struct Wasm {
    /// The package, its target and its features, as arguments of cargo.
    pub(crate) cargo: &'static str,
    /// The name of the profile in the root manifest.
    pub(crate) profile: &'static str,
    /// The name of the file that cargo writes, without `.wasm`.
    pub(crate) artifact: &'static str,
    /// The base name of the output files `NAME.js` and `NAME_bg.wasm`.
    pub(crate) name: &'static str,
    /// The arguments of wasm-opt; `None` skips it. They must not contain `--all-features`, which
    /// writes imports that browsers refuse; without it, wasm-opt reads the features from the file
    /// itself.
    pub(crate) optimise: Option<&'static str>,
    /// Whether the wasm is split into a first and a later file.
    pub(crate) split: bool,
}

impl Wasm {
    /// Builds, and writes `NAME.js` and `NAME_bg.wasm` to the folder `out`, which is emptied
    /// before.
    pub(crate) fn build(&self, out: &Path) -> Result<()> {
        let toolchain = WasmToolchain::find()?;
        step(
            &format!(
                "{} for wasm32 ({:?} std)",
                self.artifact, toolchain.std_source
            ),
            || {
                let build = Run::cargo("rustc --target").arg(TARGET);
                let build = build.args(["--config", &neutral_paths()?]);
                let build = build.words(self.cargo).args(["--profile", self.profile]);
                let build = build.words(if self.split { split::LINKER } else { "" });
                toolchain.prepare(build).run()
            },
        )?;
        if out.exists() {
            std::fs::remove_dir_all(out)?;
        }
        std::fs::create_dir_all(out)?;
        let built = self.artifact_path();
        if self.split {
            let parts = split::create_folder()?;
            step(&format!("splitting: {}", self.name), || {
                split::split(&built, &parts)
            })?;
            step(&format!("wasm-bindgen: {}", self.name), || {
                self.bind(&parts.join(split::FIRST), out)?;
                split::join(&parts, out, self.name)
            })?;
        } else {
            step(&format!("wasm-bindgen: {}", self.name), || {
                self.bind(&built, out)
            })?;
        }
        let Some(optimise) = self.optimise else {
            return Ok(());
        };
        tools::npm_ci("xtask")?;
        step(&format!("wasm-opt: {}", self.name), || {
            let files = files_under(out)?.into_iter();
            let mut wasm = files.filter(|file| file.extension().is_some_and(|e| e == "wasm"));
            wasm.try_for_each(|file| shrink(&file, optimise))
        })
    }

    /// Returns the path of the file that cargo writes.
    fn artifact_path(&self) -> PathBuf {
        // Only the folder of the profile `dev` has another name than the profile.
        let folder = if self.profile == "dev" {
            "debug"
        } else {
            self.profile
        };
        let built = target().join(TARGET).join(folder).join(self.artifact);
        built.with_extension("wasm")
    }

    fn bind(&self, built: &Path, out: &Path) -> Result<()> {
        Bindgen::new()
            .input_path(built)
            .out_name(self.name)
            .web(true)?
            // The packages' types are written by hand, and callers pass the URL of the wasm file.
            .typescript(false)
            .omit_default_module_path(true)
            .remove_name_section(true)
            .remove_producers_section(true)
            // The lazy wasm file finds what it needs by the linker's names.
            .keep_lld_exports(self.split)
            .demangle(!self.split)
            .generate(out)
            .context("wasm-bindgen")
    }
}

/// Optimises a file in place with wasm-opt. This takes ten seconds for the app, so the result is
/// cached under the hash of the input.
fn shrink(file: &Path, optimise: &str) -> Result<()> {
    let mut digest = Sha256::new_with_prefix(optimise);
    digest.update(std::fs::read(root().join("xtask/package-lock.json"))?);
    digest.update(std::fs::read(file)?);
    let cached = cache_folder()?
        .join(hex(&digest.finalize(), 16))
        .with_extension("wasm");
    if !cached.exists() {
        let fresh = cached.with_extension("fresh");
        let wasm_opt = root().join("xtask/node_modules/binaryen/bin/wasm-opt");
        let run = Run::new(tools::node()?).arg(wasm_opt).words(optimise);
        run.arg(file).arg("-o").arg(&fresh).run()?;
        std::fs::rename(fresh, &cached)?;
    }
    std::fs::copy(&cached, file)
        .context("copying the result of wasm-opt")
        .map(drop)
}

/// Returns cargo arguments that remove machine-specific prefixes from source paths. Panic messages
/// contain these paths; without the prefixes every machine builds the same bytes, and none reveals
/// where its files are. The flags are passed with `--config`, because that adds to the flags of
/// `.cargo/config.toml` and of the toolchain, and allows spaces in paths.
fn neutral_paths() -> Result<String> {
    let home = std::env::home_dir().unwrap_or_default().join(".cargo");
    let home = std::env::var_os("CARGO_HOME").map_or(home, PathBuf::from);
    // There is one folder for each registry, named after its URL, and none if sources are vendored.
    let registries = home.join("registry/src").read_dir().into_iter().flatten();
    let mut flags = vec![format!("--remap-path-prefix={}=.", root().display())];
    for registry in registries {
        flags.push(format!(
            "--remap-path-prefix={}=crates",
            registry?.path().display()
        ));
    }
    Ok(format!("target.{TARGET}.rustflags={flags:?}"))
}

fn cache_folder() -> Result<PathBuf> {
    let folder = target().join("xtask/wasm-opt");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Returns the first `bytes` bytes of a digest in hexadecimal.
pub(crate) fn hex(digest: &[u8], bytes: usize) -> String {
    digest
        .iter()
        .take(bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
