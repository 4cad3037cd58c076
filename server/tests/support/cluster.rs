//! A real PostgreSQL for the lifetime of this process: it has its own folder, listens on a socket
//! in it, and is removed with it, however the process ends. The tests and the benchmark share this
//! file.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

/// A running PostgreSQL server.
pub(crate) struct Cluster {
    folder: PathBuf,
    answers: BufReader<ChildStdout>,
    // Only this process holds the keeper's standard input open; its end stops the server.
    keeper: Child,
}

/// A shell script that creates the server, starts it and reports that it runs. It stops and starts
/// the server on commands, one line each, and removes everything at the end of its input.
const KEEPER: &str = r#"
trap '' HUP INT TERM
start() {
    "$1/pg_ctl" -D data -l log -w -t 60 -o "-c max_connections=500 \
        -c listen_addresses='' -c unix_socket_directories='$2' $3" start >/dev/null 2>&1
}
stop() { "$1/pg_ctl" -D data -m "$2" -w stop >/dev/null 2>&1; }
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >log 2>&1 &&
start "$@" && echo done || tail -n 20 log
while read -r order; do
    case $order in start) start "$@" ;; stop) stop "$1" fast ;; esac
    echo done
done
stop "$1" immediate
cd / && rm -rf "$2"
"#;

impl Cluster {
    /// Starts a server with further options of `postgres`, such as `-c fsync=off`.
    pub(crate) fn start(options: &str) -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("humanops-pg-")
            .tempdir()?
            .keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "sh"])
            .arg(&programs)
            .arg(&folder)
            .arg(options)
            .current_dir(&folder);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        if fs::metadata(&folder)?.uid() == 0 {
            // PostgreSQL refuses to run as root, so it runs as another user, who owns the folder.
            let (uid, gid) = someone_else()?;
            chown(&folder, Some(uid), Some(gid))?;
            command.uid(uid).gid(gid);
        }
        let mut keeper = command.spawn()?;
        let answers = keeper.stdout.take().context("it has no output")?;
        let mut cluster = Self {
            folder,
            answers: BufReader::new(answers),
            keeper,
        };
        let said = cluster.answer()?;
        ensure!(
            said == "done",
            "PostgreSQL from {} did not start: {said}",
            programs.display()
        );
        Ok(cluster)
    }

    /// Stops the server, as for maintenance: it closes all connections.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.order("stop")
    }

    /// Starts the stopped server, and waits until it accepts connections.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.order("start")
    }

    fn order(&mut self, order: &str) -> Result<()> {
        let keeper = self.keeper.stdin.as_mut().context("it takes no orders")?;
        writeln!(keeper, "{order}")?;
        let said = self.answer()?;
        ensure!(said == "done", "PostgreSQL would not {order}: {said}");
        Ok(())
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Returns the URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        let host = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }
}

/// Returns the folder of PostgreSQL's programs: that of the `initdb` in `PATH`, or Debian's newest.
fn programs() -> Result<PathBuf> {
    let complete = |folder: &Path| {
        ["initdb", "pg_ctl"]
            .iter()
            .all(|it| folder.join(it).exists())
    };
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok())
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .find(|folder| complete(folder));
    on_path
        .or_else(newest_of_debian)
        .context("PostgreSQL 15 or newer is missing: sudo apt-get install postgresql")
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(number)?;
    Some(newest.join("bin"))
}

/// Returns the user and group ids of `postgres`, or of `nobody`.
fn someone_else() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let mut fields = users.lines().map(|line| line.split(':'));
        let mut fields =
            fields.find_map(|mut fields| (fields.next()? == name).then_some(fields))?;
        fields.next()?;
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .context("no user `postgres` or `nobody` exists")
}
