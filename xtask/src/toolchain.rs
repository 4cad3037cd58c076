//! The standard library for wasm32: from the current compiler, from rustup, or built once from
//! Debian's compiler and source. The first source that works is used; the variable
//! `HUMANOPS_WASM_TOOLCHAIN` forces one. `wasm.rs` then builds the wasm.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::run::{Run, step, which};
use crate::tools;

/// The wasm target that every browser supports.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const SOURCE_VARIABLE: &str = "HUMANOPS_WASM_TOOLCHAIN";
const RUSTUP_SECONDS_MAX: u64 = 180;

/// A source of the standard library for wasm32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StdSource {
    /// The current compiler has it.
    Present,
    /// `rustup target add` installs it.
    Rustup,
    /// It is built once from Debian's compiler and source.
    Debian,
}

/// A compiler that can build for wasm32, as environment variables for cargo.
#[derive(Debug)]
pub(crate) struct WasmToolchain {
    /// Where the standard library comes from.
    pub(crate) std_source: StdSource,
    env: Vec<(&'static str, String)>,
}

impl WasmToolchain {
    /// Finds a toolchain, or builds one.
    ///
    /// # Errors
    /// Fails if no source works; the error gives the reason for each and what to install.
    pub(crate) fn find() -> Result<Self> {
        match std::env::var(SOURCE_VARIABLE).ok().as_deref() {
            None | Some("") => Self::first_that_works(),
            Some("present") => present(),
            Some("rustup") => rustup(),
            Some("debian") => debian(),
            Some(other) => bail!("{SOURCE_VARIABLE}={other}: must be present, rustup or debian"),
        }
    }

    /// Sets up a cargo command to build with this toolchain.
    pub(crate) fn prepare(&self, run: Run) -> Run {
        // Each of these variables would replace the flags for the target, including the private
        // sysroot.
        let run = run.env_remove(&[
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
        ]);
        self.env
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value))
    }

    fn first_that_works() -> Result<Self> {
        let mut reasons = Vec::new();
        for find in [present, rustup, debian] {
            match find() {
                Ok(toolchain) => return Ok(toolchain),
                Err(reason) => reasons.push(format!("- {reason:#}")),
            }
        }
        bail!("no standard library for {TARGET}:\n{}", reasons.join("\n"))
    }
}

fn present() -> Result<WasmToolchain> {
    ensure!(
        has_std()?,
        "the current compiler has none; try `rustup target add {TARGET}`"
    );
    Ok(WasmToolchain {
        std_source: StdSource::Present,
        env: Vec::new(),
    })
}

fn rustup() -> Result<WasmToolchain> {
    let rustup = which("rustup").context("rustup was not found")?;
    step("rustup target add", || {
        let add = Run::new(rustup).words("target add").arg(TARGET);
        add.run_within(Duration::from_secs(RUSTUP_SECONDS_MAX))
    })?;
    ensure!(
        has_std()?,
        "rustup added the target, but the current compiler still has no {TARGET}"
    );
    Ok(WasmToolchain {
        std_source: StdSource::Rustup,
        env: Vec::new(),
    })
}

/// Uses Debian's compiler and its source, which always match because they come from one source
/// package.
fn debian() -> Result<WasmToolchain> {
    if debian_rustc().is_none_or(|rustc| !std_source(&rustc).exists()) {
        tools::apt_install(&["rustc-web", "rust-web-src"], "Debian's compiler for wasm")?;
    }
    let rustc = debian_rustc().context("the package rustc-web contains no compiler")?;
    ensure!(
        std_source(&rustc).exists(),
        "the package rust-web-src contains no standard library"
    );
    let version = Run::new(&rustc).arg("-vV").output()?;
    let linker = linker(&version)?;
    let sysroot = cache()?.join(hash(&version));
    if !has_core(&library_folder(&sysroot)) {
        step("the standard library for wasm32, only once", || {
            build_std(&rustc, &sysroot)
        })?;
    }
    Ok(WasmToolchain {
        std_source: StdSource::Debian,
        env: vec![
            ("RUSTC", text(&rustc)?),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker),
            (
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                format!("--sysroot={}", text(&sysroot)?),
            ),
        ],
    })
}

fn debian_rustc() -> Option<PathBuf> {
    let files = Run::new("dpkg").words("-L rustc-web").output().ok()?;
    files
        .lines()
        .find(|line| line.ends_with("/bin/rustc"))
        .map(PathBuf::from)
}

fn std_source(rustc: &Path) -> PathBuf {
    let sysroot = Run::new(rustc)
        .words("--print sysroot")
        .output()
        .unwrap_or_default();
    Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml")
}

/// Returns the linker of the compiler's LLVM version, or rustup's linker, which can also link these
/// objects.
fn linker(version: &str) -> Result<String> {
    let llvm = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "));
    let major = llvm
        .and_then(|llvm| llvm.split('.').next())
        .context("rustc does not name its LLVM version")?;
    let name = format!("wasm-ld-{major}");
    if which(&name).is_some() {
        return Ok(name);
    }
    let refused = match tools::apt_install(&[&format!("lld-{major}")], "the linker for wasm") {
        Ok(()) => return Ok(name),
        Err(refused) => refused,
    };
    let target = Run::new(compiler())
        .words("--print target-libdir")
        .output()?;
    let own = Path::new(&target).with_file_name("bin").join("rust-lld");
    if own.exists() {
        text(&own)
    } else {
        Err(refused)
    }
}

/// Builds std outside of the workspace and keeps its libraries as a separate sysroot, so that all
/// later builds are plain stable builds.
fn build_std(rustc: &Path, sysroot: &Path) -> Result<()> {
    let work = std::env::temp_dir().join(format!("humanops-std-{}", std::process::id()));
    std::fs::create_dir_all(work.join("src"))?;
    std::fs::write(work.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"stdshim\"\nedition = \"2021\"\n[workspace]\n";
    std::fs::write(work.join("Cargo.toml"), manifest)?;
    let build =
        Run::cargo("build --release -Zbuild-std=std,panic_abort,panic_unwind,test --target")
            .arg(TARGET)
            .dir(&work)
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", work.join("target"))
            // Fat LTO needs the bitcode of std.
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                "-Cembed-bitcode=yes",
            )
            .env_remove(&["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"]);
    let built = build.run().and_then(|()| store_libraries(&work, sysroot));
    std::fs::remove_dir_all(&work)?;
    built
}

/// Copies the libraries to a temporary folder and renames it, so that an incomplete sysroot is
/// never used.
fn store_libraries(work: &Path, sysroot: &Path) -> Result<()> {
    let fresh = sysroot.with_extension(std::process::id().to_string());
    let libraries = library_folder(&fresh);
    std::fs::create_dir_all(&libraries)?;
    for entry in work
        .join("target")
        .join(TARGET)
        .join("release/deps")
        .read_dir()?
    {
        let file = entry?.path();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libstdshim") {
            std::fs::copy(&file, libraries.join(name))?;
        }
    }
    ensure!(has_core(&libraries), "the build of std wrote no libcore");
    if sysroot.exists() {
        std::fs::remove_dir_all(sysroot)?;
    }
    std::fs::rename(&fresh, sysroot).context("storing the standard library")
}

fn has_std() -> Result<bool> {
    let print = Run::new(compiler())
        .words("--print target-libdir --target")
        .arg(TARGET);
    Ok(has_core(Path::new(&print.output()?)))
}

fn has_core(folder: &Path) -> bool {
    let core = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.map(|entry| entry.file_name().to_string_lossy().into_owned());
        name.is_ok_and(|name| name.starts_with("libcore-") && name.ends_with(".rlib"))
    };
    folder.read_dir().is_ok_and(|mut entries| entries.any(core))
}

fn library_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

fn compiler() -> String {
    std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())
}

/// Returns the cache folder. It is outside of the repository, so that other clones can use it too.
fn cache() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home);
    Ok(cache
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join("humanops/wasm-sysroot"))
}

fn hash(version: &str) -> String {
    Sha256::digest(version)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a path is not UTF-8")?.to_owned())
}
