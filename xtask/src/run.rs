//! Runs commands as named steps: prints the name at the start, the seconds at the end and, on
//! failure, the command line to run by hand. The steps themselves are in the other modules.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Returns the folder of the repository in which cargo runs this program. It is not fixed at build
/// time, because clones may share a target folder and thus this program.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let xtask = xtask.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        xtask.parent().map_or_else(|| xtask.clone(), Path::to_owned)
    });
    &ROOT
}

/// Returns cargo's target folder, which all builds of this repository share.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Runs a named step and prints how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("▸ {name}");
    let start = Instant::now();
    let outcome = work();
    let seconds = start.elapsed().as_secs_f64();
    match &outcome {
        Ok(_) => eprintln!("✓ {name} ({seconds:.1} s)"),
        Err(_) => eprintln!("✗ {name} ({seconds:.1} s)"),
    }
    outcome.with_context(|| format!("the step `{name}` failed"))
}

/// Returns the first file with this name in the folders of `PATH`.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// A command that can be printed as the line to type by hand.
#[derive(Debug)]
pub(crate) struct Run {
    program: OsString,
    args: Vec<OsString>,
    set: Vec<(OsString, OsString)>,
    unset: Vec<&'static str>,
    dir: PathBuf,
}

impl Run {
    /// Creates a command that runs in the folder of the repository.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            set: Vec::new(),
            // `cargo run` sets this to its own libraries, which another compiler must not load.
            unset: vec!["LD_LIBRARY_PATH"],
            dir: root().to_owned(),
        }
    }

    /// Creates a command for the cargo that runs this program.
    pub(crate) fn cargo(words: &str) -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).words(words)
    }

    /// Adds arguments from one line, separated by spaces.
    pub(crate) fn words(self, words: &str) -> Self {
        self.args(words.split_whitespace())
    }

    /// Adds arguments unchanged, spaces included.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds one argument unchanged, spaces included.
    pub(crate) fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.set
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Removes environment variables.
    pub(crate) fn env_remove(mut self, names: &[&'static str]) -> Self {
        self.unset.extend(names);
        self
    }

    /// Sets the working directory.
    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = dir.as_ref().to_owned();
        self
    }

    /// Runs the command on this terminal. Fails if its exit code is not 0.
    pub(crate) fn run(&self) -> Result<()> {
        let status = self
            .command()
            .status()
            .with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("{status}; to run it by hand:\n  {self}");
        }
        Ok(())
    }

    /// Runs the command and returns its standard output, trimmed.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self
            .command()
            .output()
            .with_context(|| self.cannot_start())?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!(
                "{}; to run it by hand:\n  {self}\n{}",
                output.status,
                words.trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs the command without showing its output, and returns whether it succeeds.
    pub(crate) fn succeeds(&self) -> bool {
        let quiet = self
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        quiet.is_ok_and(|status| status.success())
    }

    /// Runs the command, and kills it if it takes longer than `limit`.
    pub(crate) fn run_within(&self, limit: Duration) -> Result<()> {
        let mut child = self.spawn()?;
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                anyhow::ensure!(status.success(), "{status}; to run it by hand:\n  {self}");
                return Ok(());
            }
            if start.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                bail!(
                    "not finished after {} s; to run it by hand:\n  {self}",
                    limit.as_secs()
                );
            }
            // The standard library cannot wait for a child with a timeout, so this polls.
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Starts the command without waiting for it.
    pub(crate) fn spawn(&self) -> Result<Child> {
        self.command()
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| self.cannot_start())
    }

    /// Returns the underlying command, for callers that need its pipes.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir);
        for name in &self.unset {
            command.env_remove(name);
        }
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        command
    }

    fn cannot_start(&self) -> String {
        format!("cannot start `{}`", Path::new(&self.program).display())
    }
}

/// Prints the command line to run by hand.
impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut line = String::new();
        if self.dir != root() {
            write!(line, "cd {} && ", self.dir.display())?;
        }
        for (name, value) in &self.set {
            write!(line, "{}={} ", name.display(), quoted(value))?;
        }
        let program = Path::new(&self.program);
        line.push_str(&quoted(program.file_name().unwrap_or(&self.program)));
        for arg in &self.args {
            write!(line, " {}", quoted(arg))?;
        }
        f.write_str(&line)
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{word}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_names_the_line_to_type() {
        let error = Run::new("false")
            .words("a b")
            .arg("c d")
            .env("X", "1")
            .run()
            .unwrap_err();
        assert!(error.to_string().contains("X=1 false a b 'c d'"), "{error}");
    }

    #[test]
    fn a_command_past_its_limit_is_ended() {
        let error = Run::new("sleep")
            .arg("60")
            .run_within(Duration::from_millis(60))
            .unwrap_err();
        assert!(error.to_string().contains("not finished after"), "{error}");
    }
}
