//! The built server as a host runs it: started on a folder or a database, killed, started again,
//! stopped, and its ledger checked.

use std::{
    env,
    fs::{self, OpenOptions},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::LazyLock,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    process::{Child, Command},
    time::{interval, timeout},
};

/// Timeout of the start of a debug build on a busy machine.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// Timeout of a graceful stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// A server with the parameters of its start.
pub(crate) struct Host {
    program: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    settings: Vec<(&'static str, String)>,
    server: Child,
}

impl Host {
    /// Starts a server that keeps its data in `folder`, and waits until it is ready.
    pub(crate) async fn start(
        folder: &Path,
        address: SocketAddr,
        settings: &[(&'static str, String)],
    ) -> Result<Self> {
        Self::start_by(binary(), folder, address, settings).await
    }

    /// Starts a server by a program that runs the command in its arguments.
    pub(crate) async fn start_by(
        program: PathBuf,
        folder: &Path,
        address: SocketAddr,
        settings: &[(&'static str, String)],
    ) -> Result<Self> {
        let settings = settings.to_vec();
        let mut host = Self {
            folder: folder.to_owned(),
            address,
            server: serve(&program, address, folder, &settings)?,
            program,
            settings,
        };
        host.wait_until_ready().await?;
        Ok(host)
    }

    /// Returns the address that the server listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the id of the process.
    pub(crate) fn id(&self) -> Result<u32> {
        self.server
            .id()
            .context("the server ended before the story did")
    }

    /// Returns the folder of the mails, as the process sees it, which may have a disk of its own.
    pub(crate) fn mails(&self) -> Result<PathBuf> {
        let root = PathBuf::from(format!("/proc/{}/root", self.id()?));
        Ok(root
            .join(data(&self.folder).strip_prefix("/")?)
            .join("mails"))
    }

    /// Runs another command of the program on the same data; its last argument is the data folder.
    pub(crate) async fn command(&self, args: &[&str]) -> Result<()> {
        command(args, &data(&self.folder), &self.settings).await
    }

    /// Kills the server during whatever it does.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.server.kill().await?)
    }

    /// Starts the server again on the same data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.server = serve(&self.program, self.address, &self.folder, &self.settings)?;
        self.wait_until_ready().await
    }

    /// Stops the server gracefully, and checks the ledger.
    pub(crate) async fn ends(self) -> Result<()> {
        let (data, settings) = (data(&self.folder), self.settings.clone());
        self.stop().await?;
        check_ledger(&data, &settings).await
    }

    /// Stops the server gracefully, as an operating system does.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.id()?;
        let signal = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await?;
        ensure!(signal.success(), "the server could not be told to stop");
        let end = timeout(STOP_TIME_MAX, self.server.wait())
            .await
            .context("no graceful stop")??;
        let folder = &self.folder;
        ensure!(
            end.success(),
            "the server stopped with {end}; see {folder:?}"
        );
        Ok(())
    }

    /// Requests the health check until the server is ready.
    async fn wait_until_ready(&mut self) -> Result<()> {
        let url = self.url("/readyz");
        let asking = async {
            let mut again = interval(Duration::from_millis(20));
            loop {
                again.tick().await;
                if let Some(end) = self.server.try_wait()? {
                    bail!("the server ended at once with {end}; see {:?}", self.folder);
                }
                let answer = reqwest::get(&url).await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
            }
        };
        timeout(START_TIME_MAX, asking)
            .await
            .context("the server was never ready")?
    }
}

/// Creates the tables of a PostgreSQL database.
pub(crate) fn migrate(url: &str) -> Result<()> {
    let migrated = process::Command::new(binary())
        .args(["migrate", "--database-url", url])
        .output()?;
    ensure!(migrated.status.success(), "{migrated:?}");
    Ok(())
}

/// Recomputes every balance with `humanops check-ledger`.
pub(crate) async fn check_ledger(data: &Path, settings: &[(&'static str, String)]) -> Result<()> {
    command(&["check-ledger", "--data"], data, settings).await
}

/// Runs another command of the program, whose last argument is the data folder.
async fn command(args: &[&str], data: &Path, settings: &[(&'static str, String)]) -> Result<()> {
    let mut command = Command::new(binary());
    command.args(args).arg(data);
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    let done = command.output().await?;
    ensure!(done.status.success(), "{args:?} failed: {done:?}");
    Ok(())
}

fn serve(
    program: &Path,
    address: SocketAddr,
    folder: &Path,
    settings: &[(&'static str, String)],
) -> Result<Child> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("logs/server.log"))?;
    Command::new(program)
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(data(folder))
        .env("PAYMENTS", "test")
        .env("KYC", "auto")
        // An agent's callback is a process on this machine.
        .env("ALLOW_HTTP_TARGETS", "true")
        .env("ALLOW_PRIVATE_TARGETS", "127.0.0.0/8")
        .env("TARGET_PORTS", "1-65535")
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{:?}: build it by `cargo build -p server`", binary()))
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Returns the path of the built server.
pub(crate) fn binary() -> PathBuf {
    env::var_os("HUMANOPS_BIN").map_or_else(|| target().join("debug/humanops"), PathBuf::from)
}

/// Returns cargo's target folder, which contains the folder of the tests.
pub(crate) fn target() -> PathBuf {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Creates an empty folder for one story, with a folder for logs. It stays in `target/tmp/STORY`.
pub(crate) fn fresh_folder(story: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(story);
    clear(&folder)?;
    fs::create_dir_all(folder.join("logs"))?;
    Ok(folder)
}

/// Deletes the folder of the last run. A browser that was killed may still write to it, so it is
/// renamed first.
fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        let last = folder.with_extension(format!("before-{}", process::id()));
        fs::rename(folder, &last)?;
        let _ = fs::remove_dir_all(last);
    }
    Ok(())
}

/// Returns a deadline that is the same during the whole run, so that a repeated request has the
/// same body.
pub(crate) fn in_two_days() -> &'static str {
    static DEADLINE: LazyLock<String> = LazyLock::new(|| {
        let calendar = rusqlite::Connection::open_in_memory();
        let later = "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+2 days')";
        let asked = calendar.and_then(|it| it.query_row(later, [], |row| row.get(0)));
        asked.unwrap_or_default()
    });
    &DEADLINE
}

pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
