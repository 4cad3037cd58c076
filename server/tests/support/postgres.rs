//! A real PostgreSQL that lives as long as this test process: made in a folder of its own, reached
//! by a socket in it, and gone with it, however the process ends. Each test gets a database.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, thread};

use postgres::{Client, NoTls};

/// A migrated database that nobody else uses; dropped with this value.
pub(crate) struct Database {
    name: String,
    /// Where to connect to it.
    pub(crate) url: String,
}

impl Database {
    /// A copy of the template, which `migrate` is called once a process to fill.
    pub(crate) fn fresh(migrate: fn(&str)) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        static TEMPLATE: OnceLock<()> = OnceLock::new();
        let cluster = cluster();
        TEMPLATE.get_or_init(|| {
            cluster
                .administer("CREATE DATABASE migrated".to_owned())
                .unwrap();
            migrate(&cluster.url("migrated"));
        });
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster
            .administer(format!("CREATE DATABASE {name} TEMPLATE migrated"))
            .unwrap();
        Self {
            url: cluster.url(&name),
            name,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What cannot be dropped goes with the folder.
        drop(cluster().administer(format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

struct Cluster {
    folder: PathBuf,
    // Its standard input is held open by this process alone; its end stops the server.
    _keeper: Child,
}

/// Started with the first test that needs it.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// Makes and starts the server, says so, waits for the end of its input, and removes everything.
const KEEPER: &str = r#"
trap '' HUP INT TERM
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >log 2>&1 &&
"$1/pg_ctl" -D data -l log -w -t 60 -o "-c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=500 -c listen_addresses='' \
    -c unix_socket_directories='$2'" start >/dev/null 2>&1 &&
echo ready || tail -n 20 log
exec 1>&-
cat >/dev/null
"$1/pg_ctl" -D data -m immediate -w stop >/dev/null 2>&1
cd / && rm -rf "$2"
"#;

impl Cluster {
    fn start() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new()
            .prefix("humanops-pg-")
            .tempdir()
            .unwrap()
            .keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "sh"])
            .arg(&programs)
            .arg(&folder)
            .current_dir(&folder);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        if fs::metadata(&folder).unwrap().uid() == 0 {
            // PostgreSQL refuses to run as root, so it runs as someone who owns the folder.
            let (uid, gid) = someone_else();
            chown(&folder, Some(uid), Some(gid)).unwrap();
            command.uid(uid).gid(gid);
        }
        let mut keeper = command.spawn().unwrap();
        let said: Vec<String> = BufReader::new(keeper.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            said,
            ["ready"],
            "PostgreSQL from {} did not start",
            programs.display()
        );
        Self {
            folder,
            _keeper: keeper,
        }
    }

    fn url(&self, database: &str) -> String {
        let host = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }

    /// On a thread of its own, because the client may not be used where a runtime runs.
    fn administer(&self, sql: String) -> Result<(), postgres::Error> {
        let url = self.url("postgres");
        let run = move || Client::connect(&url, NoTls)?.batch_execute(&sql);
        thread::spawn(run).join().unwrap()
    }
}

/// The folder of PostgreSQL's programs: that of the `initdb` on the PATH, or Debian's newest.
fn programs() -> PathBuf {
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
        .expect("the store's tests need PostgreSQL 15 or newer: sudo apt-get install postgresql")
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(number)?;
    Some(newest.join("bin"))
}

/// The user and group ids of `postgres`, or of `nobody`.
fn someone_else() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':').collect())
            .find(|of: &Vec<_>| of[0] == name)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .expect("no user `postgres` or `nobody` exists")
}
