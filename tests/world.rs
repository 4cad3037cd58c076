//! A world for one story: the built server with a fresh data folder, a line to it, and room for
//! agents and people. It ends what it started and nothing else, and counts the money last.

use std::{
    env,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{self, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use serde_json::json;
use tokio::{
    process::{Child, Command},
    time::{interval, timeout},
};

use crate::{companion::Companion, line::Line};

/// A debug build on a busy machine is ready well within this time.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// A graceful stop takes no longer than this.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// Everything one story needs. What it leaves lies in `target/tmp/STORY`.
pub(crate) struct World {
    /// What agents and browsers have in common with the story: logs, records, profiles.
    pub(crate) folder: PathBuf,
    /// The way from people to the server.
    pub(crate) line: Line,
    address: SocketAddr,
    server: Child,
}

impl World {
    /// Starts the server, and returns once it says that it is ready.
    pub(crate) async fn start(story: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(story);
        clear(&folder)?;
        fs::create_dir_all(folder.join("logs"))?;
        let address = free_address()?;
        let line = Line::lay(address, folder.join("wire")).await?;
        let mut server = serve(address, line.address, &folder)?;
        ready(&mut server, address, &folder).await?;
        Ok(Self {
            folder,
            line,
            address,
            server,
        })
    }

    /// The folder that the server keeps everything in.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The folder of the server's, the agents' and the people's logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The server's database, as whoever steals the file would open it.
    pub(crate) fn database(&self) -> Result<Connection> {
        Ok(Connection::open(self.data().join("humanops.sqlite"))?)
    }

    /// A funded agent with a key pair of its own.
    pub(crate) async fn agent(&self, name: &str) -> Result<Companion> {
        let server = format!("http://{}", self.address);
        let mut agent = Companion::start("agent", "agent.mjs", &[&server], &self.logs())?;
        agent.does("register", json!({ "name": name })).await?;
        agent.does("deposit", json!({ "usdc": "500" })).await?;
        agent.does("newKeys", ()).await?;
        Ok(agent)
    }

    /// The folder that a person's browser keeps everything in.
    pub(crate) fn profile(&self, name: &str) -> PathBuf {
        self.folder.join(format!("profile of {name}"))
    }

    /// A person with a phone: Chromium at 390×844, a profile of its own, at the end of the line.
    pub(crate) async fn person(&self, name: &str) -> Result<Companion> {
        let mut person = Companion::start(name, "browser.mjs", &[], &self.logs())?;
        let screenshots =
            env::var_os("SCREENSHOTS").map_or_else(|| target().join("screenshots"), PathBuf::from);
        let args = json!({
            "url": format!("http://{}", self.line.address),
            "chromium": chromium(),
            "profile": self.profile(name),
            "screenshots": screenshots,
            "keepsake": self.folder.join(format!("where {name} was stuck.png")),
        });
        person.does("start", args).await?;
        Ok(person)
    }

    /// Stops the server as an operating system would, and counts the money.
    pub(crate) async fn ends(mut self) -> Result<()> {
        let id = self
            .server
            .id()
            .context("the server ended before the story did")?;
        let signal = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await?;
        ensure!(signal.success(), "the server could not be told to stop");
        let end = timeout(STOP_TIME_MAX, self.server.wait())
            .await
            .context("no graceful stop")??;
        ensure!(
            end.success(),
            "the server stopped with {end}; see {:?}",
            self.logs()
        );
        let count = Command::new(binary())
            .args(["check-ledger", "--data"])
            .arg(self.data())
            .output()
            .await?;
        ensure!(count.status.success(), "the ledger is wrong: {count:?}");
        Ok(())
    }
}

/// The browser that people use.
pub(crate) fn chromium() -> String {
    env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}

/// The folder that cargo builds into; the tests' own is a folder in it.
fn target() -> PathBuf {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR"));
    own.parent().unwrap_or(own).to_owned()
}

fn binary() -> PathBuf {
    env::var_os("HUMANOPS_BIN").map_or_else(|| target().join("debug/humanops"), PathBuf::from)
}

/// Takes away what the last run left. A browser that was killed may still write to it, so it is
/// moved out of the way first.
fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        let last = folder.with_extension(format!("before-{}", process::id()));
        fs::rename(folder, &last)?;
        let _ = fs::remove_dir_all(last);
    }
    Ok(())
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn serve(address: SocketAddr, public: SocketAddr, folder: &Path) -> Result<Child> {
    let log = File::create(folder.join("logs/server.log"))?;
    Command::new(binary())
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(folder.join("data"))
        .env("PUBLIC_URL", format!("http://{public}"))
        .env("ALLOW_DEV_OPERATOR_ID_HEADER", "true")
        .env("PAYMENTS", "test")
        .env("KYC", "auto")
        // Everything that the server could say: a secret must not be in that either.
        .env("LOG", "debug")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{:?}: build it by `cargo build -p server`", binary()))
}

/// Asks until the server says that it is ready.
async fn ready(server: &mut Child, address: SocketAddr, folder: &Path) -> Result<()> {
    let url = format!("http://{address}/readyz");
    let asking = async {
        let mut again = interval(Duration::from_millis(50));
        loop {
            again.tick().await;
            if let Some(end) = server.try_wait()? {
                bail!("the server ended at once with {end}; see {folder:?}");
            }
            if reqwest::get(&url)
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(());
            }
        }
    };
    timeout(START_TIME_MAX, asking)
        .await
        .context("the server was never ready")?
}
