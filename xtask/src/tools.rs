//! External tools that the build and the tests need: Node, npm packages, Chromium, PostgreSQL. A
//! missing tool is installed if this needs no password; otherwise the command fails and names the
//! command that installs it. Nothing is skipped silently.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::run::{Run, step, which};

const NODE_VERSION_MIN: (u32, u32) = (20, 19);
const POSTGRES_VERSION_MIN: u32 = 15;
const CHROMIUM_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Returns the path of Node. Fails if its version is too old for the test packages.
pub(crate) fn node() -> Result<PathBuf> {
    let (major, minor) = NODE_VERSION_MIN;
    let hint = format!("install Node {major}.{minor} or newer, with npm, and put it into PATH");
    let node = which("node").with_context(|| format!("Node was not found: {hint}"))?;
    let version = Run::new(&node).arg("--version").output()?;
    let mut parts = version.trim_start_matches('v').split('.').map(str::parse);
    let (Some(Ok(a)), Some(Ok(b))) = (parts.next(), parts.next()) else {
        bail!("cannot read the version of Node, `{version}`: {hint}");
    };
    ensure!(
        (a, b) >= NODE_VERSION_MIN,
        "the version of Node is {version}: {hint}"
    );
    Ok(node)
}

/// Installs the npm packages of a folder's lock file, once for each state of that file.
pub(crate) fn npm_ci(folder: &str) -> Result<()> {
    node()?;
    let dir = crate::run::root().join(folder);
    let lock = std::fs::read(dir.join("package-lock.json"))
        .with_context(|| format!("{folder}/package-lock.json cannot be read"))?;
    let stamp = dir.join("node_modules/.installed-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step(&format!("npm ci in {folder}"), || {
        Run::new("npm")
            .words("ci --ignore-scripts --no-audit --no-fund")
            .dir(&dir)
            .run()
    })?;
    std::fs::create_dir_all(dir.join("node_modules"))?;
    std::fs::write(stamp, lock).context("recording what npm installed")
}

/// Installs packages from PyPI, each pinned as `name==version`, into a virtual environment named
/// after the first one. Returns the folder with their programs and with the `python` that can
/// import them.
pub(crate) fn pypi<const N: usize>(packages: [&str; N]) -> Result<PathBuf> {
    let name = packages.first().context("the list of packages is empty")?;
    let folder = crate::run::target().join("xtask/python").join(name);
    let stamp = folder.join(".installed");
    let wanted = packages.join(" ");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted.as_bytes()) {
        return Ok(folder.join("bin"));
    }
    if which("python3").is_none() {
        apt_install(&["python3", "python3-venv"], "Python")?;
    }
    let create = || Run::new("python3").words("-m venv --clear").arg(&folder);
    // Debian ships the venv module without the pip that it installs into an environment.
    if !create().succeeds() {
        apt_install(&["python3-venv"], "Python's venv")?;
        create().run()?;
    }
    step(&format!("pip install {wanted}"), || {
        Run::new(folder.join("bin/python"))
            .words("-m pip install --quiet --disable-pip-version-check")
            .args(packages)
            .run()
    })?;
    std::fs::write(&stamp, wanted).context("recording what pip installed")?;
    Ok(folder.join("bin"))
}

/// Returns the path of Chromium: from the variable `CHROMIUM`, from `PATH`, or from the system's
/// package.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM").map(PathBuf::from) {
        ensure!(
            named.is_file(),
            "CHROMIUM={} is not a file",
            named.display()
        );
        return Ok(named);
    }
    let find = || CHROMIUM_NAMES.iter().find_map(|name| which(name));
    if let Some(found) = find() {
        return Ok(found);
    }
    apt_install(&["chromium"], "Chromium")?;
    find().context("the package chromium is installed, but no `chromium` is in PATH")
}

/// Checks for PostgreSQL's server programs in `PATH` or Debian's folder, and installs them if they
/// are missing. The tests start their own clusters with them.
pub(crate) fn postgres() -> Result<()> {
    if has_postgres() {
        return Ok(());
    }
    apt_install(&["postgresql"], "PostgreSQL")?;
    let hint = "install a newer one, with its `initdb` in PATH";
    ensure!(
        has_postgres(),
        "the installed PostgreSQL is older than {POSTGRES_VERSION_MIN}: {hint}"
    );
    Ok(())
}

fn has_postgres() -> bool {
    let versions = Path::new("/usr/lib/postgresql")
        .read_dir()
        .into_iter()
        .flatten();
    let in_debian_folder = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin/initdb")));
    let new_enough = |initdb: PathBuf| {
        let words = Run::new(initdb)
            .arg("--version")
            .output()
            .unwrap_or_default();
        let version = words
            .split(' ')
            .next_back()
            .and_then(|v| v.split('.').next()?.parse().ok());
        version.is_some_and(|version: u32| version >= POSTGRES_VERSION_MIN)
    };
    which("initdb")
        .into_iter()
        .chain(in_debian_folder)
        .any(new_enough)
}

/// Installs Debian packages, as root or with a `sudo` that needs no password.
///
/// # Errors
/// Fails if neither is possible; the error names `what` and the command that installs it.
pub(crate) fn apt_install(packages: &[&str], what: &str) -> Result<()> {
    let hint = format!(
        "{what} is missing: sudo apt-get install {}",
        packages.join(" ")
    );
    ensure!(
        which("apt-get").is_some(),
        "{hint} (or the same package of your system)"
    );
    let root = Run::new("id").arg("-u").output().is_ok_and(|id| id == "0");
    ensure!(
        root || Run::new("sudo").words("-n true").succeeds(),
        "{hint}"
    );
    let apt = |words: &str| {
        let run = if root {
            Run::new("env")
        } else {
            Run::new("sudo").arg("-n").arg("env")
        };
        run.words("DEBIAN_FRONTEND=noninteractive apt-get -q")
            .words(words)
    };
    step(&format!("apt-get install {}", packages.join(" ")), || {
        // The package lists of an earlier day often suffice, so a failed update is not an error
        // yet.
        let updated = apt("update").run();
        let installed = apt("install -y --no-install-recommends")
            .args(packages)
            .run();
        installed.or_else(|error| updated.and(Err(error)))
    })
    .context(hint)
}
