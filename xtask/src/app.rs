//! `cargo xtask app`: fills `operator-app/dist`, the folder that is embedded in the server.
//! Scripts, styles and wasm have their hash in their names and can be cached forever; the page, the
//! service worker and the manifest keep their names. The server's `assets.rs` serves them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::compress::write_compressed;
use crate::docs;
use crate::files::files_under;
use crate::run::{root, step, target};
use crate::wasm::{Wasm, hex};

/// Maximum size of the first load in bytes: page, scripts, styles, wasm, manifest and the files
/// that the page names, but not the wasm that is fetched after the first screen.
const FIRST_LOAD_BYTES_MAX: usize = 200_000;
/// The prefix of the wasm file that is fetched after the first screen.
const LAZY: &str = "assets/app_lazy-";
const PRECACHE_MARK: &str = "/*PRECACHE*/{}";
const VERSION_MARK: &str = "/*VERSION*/\"\"";

const APP: Wasm = Wasm {
    cargo: "-p operator-app --bin operator-app",
    profile: "wasm-app",
    artifact: "operator-app",
    name: "app",
    // Flattening and rebuilding the control flow makes the code one per cent smaller than -Oz
    // alone.
    optimise: Some("--flatten --rereloop -Oz -Oz"),
    split: true,
};

/// The same build in the profile that compiles fastest, for the edit loop.
const QUICK: Wasm = Wasm {
    profile: "dev",
    optimise: None,
    ..APP
};

/// Builds the release version of the app, and fails if its first load is too large. Also fetches
/// the viewer of the API document, so that the next build of the server embeds both.
pub(crate) fn app() -> Result<()> {
    docs::docs()?;
    let first_load = build_release()?;
    ensure!(
        first_load <= FIRST_LOAD_BYTES_MAX,
        "the first load of the app has {first_load} bytes, and {FIRST_LOAD_BYTES_MAX} is the limit"
    );
    Ok(())
}

/// Builds the release version of the app, and returns the size of its first load in bytes.
pub(crate) fn build_release() -> Result<usize> {
    let files = build(&APP)?;
    let dist = root().join("operator-app/dist");
    let first_load = step("compression", || compress(&dist, &files.first_load()))?;
    println!(
        "the first load of the app: {first_load} bytes after brotli, at most {FIRST_LOAD_BYTES_MAX}"
    );
    Ok(first_load)
}

/// Builds the app for a browser on this machine: compiles fast, loads slowly.
pub(crate) fn build_quick() -> Result<()> {
    build(&QUICK).map(drop)
}

fn build(wasm: &Wasm) -> Result<AppFiles> {
    let bindings = target().join("xtask/app");
    wasm.build(&bindings)?;
    ensure!(
        !bindings.join("snippets").exists(),
        "wasm-bindgen wrote JavaScript snippets, whose names get no hash: extend `AppFiles`"
    );
    let mut files = AppFiles::read(&root().join("operator-app"), &bindings)?;
    files.hash_names()?;
    files.fill_service_worker()?;
    files.write(&root().join("operator-app/dist"))?;
    Ok(files)
}

/// The files of the app, by their path on the server without the leading slash.
struct AppFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl AppFiles {
    fn read(app: &Path, bindings: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for (name, file) in [
            ("index.html", app.join("index.html")),
            ("style.css", app.join("style.css")),
            ("app.js", bindings.join("app.js")),
            ("app_bg.wasm", bindings.join("app_bg.wasm")),
            ("app_lazy.wasm", bindings.join("app_lazy.wasm")),
        ] {
            files.insert(name.to_owned(), read(&file)?);
        }
        let public = app.join("public");
        for file in files_under(&public)? {
            let name = file
                .strip_prefix(&public)?
                .to_string_lossy()
                .replace('\\', "/");
            files.insert(name, read(&file)?);
        }
        Ok(Self { files })
    }

    /// Renames files to names with their hash. A file is renamed after the files that it names, so
    /// that its hash covers theirs.
    fn hash_names(&mut self) -> Result<()> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter(|n| is_hashed(n))
            .cloned()
            .collect();
        names.sort_by_key(|name| (hashing_order(name), name.clone()));
        for name in names {
            let bytes = self
                .files
                .remove(&name)
                .context("a file was renamed twice")?;
            let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
            let stem = stem.rsplit('/').next().unwrap_or(stem);
            let hash = hex(&Sha256::digest(&bytes), 6);
            let hashed = format!("assets/{stem}-{hash}.{extension}");
            for text in self
                .files
                .iter_mut()
                .filter(|(name, _)| is_text(name))
                .map(|(_, b)| b)
            {
                rename(text, &name, &hashed)?;
            }
            self.files.insert(hashed, bytes);
        }
        Ok(())
    }

    fn fill_service_worker(&mut self) -> Result<()> {
        let mut version = Sha256::new();
        for (name, bytes) in &self.files {
            version.update(name);
            version.update(Sha256::digest(bytes));
        }
        let version = hex(&version.finalize(), 8);
        let list = serde_json::to_string(&self.digests()?)?;
        let worker = self
            .files
            .get_mut("sw.js")
            .context("public/sw.js is missing")?;
        let text = std::str::from_utf8(worker).context("sw.js is not UTF-8")?;
        for mark in [PRECACHE_MARK, VERSION_MARK] {
            ensure!(
                text.matches(mark).count() == 1,
                "public/sw.js must say {mark} exactly once"
            );
        }
        let text = text.replace(PRECACHE_MARK, &list);
        *worker = text
            .replace(VERSION_MARK, &format!("\"{version}\""))
            .into_bytes();
        Ok(())
    }

    /// Returns the digest of each precached file in the format of `Request.integrity`.
    fn digests(&self) -> Result<BTreeMap<String, String>> {
        let digest = |url: String| {
            let bytes = self
                .files
                .get(file_of(&url))
                .context("a precached file is missing")?;
            let digest = STANDARD.encode(Sha256::digest(bytes));
            Ok((url, format!("sha256-{digest}")))
        };
        self.precache().into_iter().map(digest).collect()
    }

    /// Returns the URLs that the app needs to start without a network.
    fn precache(&self) -> Vec<String> {
        let page = self
            .files
            .get("index.html")
            .map(|b| String::from_utf8_lossy(b));
        let page = page.unwrap_or_default();
        let needed = |name: &&String| {
            name.starts_with("assets/")
                || *name == "manifest.webmanifest"
                || page.contains(&format!("\"/{name}\""))
        };
        let files = self
            .files
            .keys()
            .filter(needed)
            .map(|name| format!("/{name}"));
        std::iter::once("/".to_owned()).chain(files).collect()
    }

    /// Returns the files that the first screen needs.
    fn first_load(&self) -> Vec<String> {
        let files = self
            .precache()
            .into_iter()
            .map(|url| file_of(&url).to_owned());
        let files = files.filter(|name| !name.starts_with(LAZY));
        files.chain(["sw.js".to_owned()]).collect()
    }

    fn write(&self, dist: &Path) -> Result<()> {
        if dist.exists() {
            std::fs::remove_dir_all(dist)?;
        }
        for (name, bytes) in &self.files {
            let file = dist.join(name);
            std::fs::create_dir_all(file.parent().unwrap_or(dist))?;
            std::fs::write(file, bytes)?;
        }
        Ok(())
    }
}

/// Returns the file that is served at a path.
fn file_of(url: &str) -> &str {
    match url.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    }
}

/// Compresses all files and returns the size of the first load; prints the sizes of its files and
/// of the lazy wasm.
fn compress(dist: &Path, first_load: &[String]) -> Result<usize> {
    let mut total = 0;
    for file in files_under(dist)? {
        let small = write_compressed(&file)?;
        let name = file.strip_prefix(dist)?.to_string_lossy().into_owned();
        if first_load.contains(&name) {
            println!("  {small:>7}  /{name}");
            total += small;
        } else if name.starts_with(LAZY) {
            println!("  {small:>7}  /{name}, after the first screen");
        }
    }
    Ok(total)
}

/// Replaces `/name` by `/hashed` in quotes and in `url(…)`.
fn rename(text: &mut Vec<u8>, name: &str, hashed: &str) -> Result<()> {
    let mut new = std::str::from_utf8(text)
        .context("a text file of the app is not UTF-8")?
        .to_owned();
    for (open, close) in [('"', '"'), ('\'', '\''), ('(', ')')] {
        new = new.replace(
            &format!("{open}/{name}{close}"),
            &format!("{open}/{hashed}{close}"),
        );
    }
    *text = new.into_bytes();
    Ok(())
}

/// Returns whether a file gets a hash in its name. Icons keep their names, because an installed
/// manifest must still find them.
fn is_hashed(name: &str) -> bool {
    name != "sw.js" && matches!(extension(name), "js" | "css" | "wasm")
}

fn is_text(name: &str) -> bool {
    matches!(extension(name), "js" | "css" | "html" | "webmanifest")
}

fn hashing_order(name: &str) -> usize {
    match name {
        _ if extension(name) == "wasm" => 0,
        "app.js" => 1,
        _ if extension(name) == "css" => 2,
        // This script names the other scripts, so it is renamed after them.
        "boot.js" => 4,
        _ => 3,
    }
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} is missing", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app_files(files: &[(&str, &str)]) -> AppFiles {
        let file = |(name, text): &(&str, &str)| (name.to_string(), text.as_bytes().to_vec());
        AppFiles {
            files: files.iter().map(file).collect(),
        }
    }

    fn text(app: &AppFiles, start: &str) -> String {
        let found = app
            .files
            .iter()
            .find(|(name, _)| name.starts_with(start))
            .unwrap();
        String::from_utf8(found.1.clone()).unwrap()
    }

    const BOOT: &str = "import '/script.js'; import '/app.js'; init('/app_bg.wasm')";
    const PAGE: &str = r#"<link href="/style.css"><link href="/icon.svg"><script src="/boot.js">"#;
    const WORKER: &str = "const LIST = /*PRECACHE*/{}, NAME = /*VERSION*/\"\";";

    fn hashed(wasm: &str) -> AppFiles {
        let mut app = app_files(&[
            ("app.js", "fetch(\"/app_lazy.wasm\")"),
            ("app_bg.wasm", wasm),
            ("app_lazy.wasm", "lazy"),
            ("boot.js", BOOT),
            ("script.js", "1"),
            ("icon.svg", "<svg/>"),
            ("other.svg", "<svg/>"),
            ("index.html", PAGE),
            ("style.css", "a{}"),
            ("sw.js", WORKER),
        ]);
        app.hash_names().unwrap();
        app.fill_service_worker().unwrap();
        app
    }

    #[test]
    fn every_reference_is_to_a_file_that_exists() {
        let app = hashed("wasm");
        for (of, count) in [("assets/app-", 1), ("assets/boot-", 3), ("index.html", 3)] {
            let text = text(&app, of);
            let names: Vec<_> = text
                .split(['"', '\''])
                .filter_map(|w| w.strip_prefix('/'))
                .collect();
            assert_eq!(names.len(), count, "{text}");
            assert!(
                names.iter().all(|name| app.files.contains_key(*name)),
                "{text}"
            );
        }
    }

    #[test]
    fn another_wasm_is_another_page_and_another_version() {
        let (one, two) = (hashed("wasm 1"), hashed("wasm 2"));
        assert_ne!(text(&one, "index.html"), text(&two, "index.html"));
        assert_ne!(text(&one, "sw.js"), text(&two, "sw.js"));
        assert_eq!(text(&one, "assets/app-"), text(&two, "assets/app-"));
    }

    #[test]
    fn a_file_is_named_by_the_digest_of_what_is_served() {
        for (name, bytes) in hashed("wasm").files {
            if let Some((_, hash)) = name.split('.').next().and_then(|n| n.rsplit_once('-')) {
                assert_eq!(hash, hex(&Sha256::digest(&bytes), 6), "{name}");
            }
        }
    }

    #[test]
    fn what_comes_later_is_kept_for_later_and_no_part_of_the_first_load() {
        let app = hashed("wasm");
        let lazy = |names: Vec<String>| names.iter().any(|name| name.contains("app_lazy-"));
        assert!(lazy(app.precache()) && !lazy(app.first_load()));
    }

    #[test]
    fn the_worker_lists_what_the_page_needs_and_no_more() {
        let worker = text(&hashed("wasm"), "sw.js");
        assert!(worker.contains("{\"/\":\"sha256-"), "{worker}");
        assert!(
            worker.contains("\"/icon.svg\"") && !worker.contains("other.svg"),
            "{worker}"
        );
        assert!(!worker.contains("/*"), "{worker}");
    }

    #[test]
    fn the_worker_has_the_digest_of_each_file_as_it_is_served() {
        let app = hashed("wasm");
        let digest = STANDARD.encode(Sha256::digest(text(&app, "index.html")));
        let worker = text(&app, "sw.js");
        let entry = format!("\"/\":\"sha256-{digest}\"");
        assert!(worker.contains(&entry), "{worker}");
    }
}
