//! The world of one story: the built server with a fresh data folder, a connection to it, and a
//! folder for agents and people. It ends only what it has started, and checks the ledger last.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Result;
use rusqlite::Connection;
use serde_json::json;

use crate::{
    cluster::Cluster,
    companion::Companion,
    host::{Host, free_address, fresh_folder, migrate, target},
    line::Line,
};

/// Everything that one story needs. Its files stay in `target/tmp/STORY`.
pub(crate) struct World {
    /// The folder that agents, browsers and the story share: logs, records, profiles.
    pub(crate) folder: PathBuf,
    /// The connection from people to the server.
    pub(crate) line: Line,
    server: Host,
    second: Option<SecondServer>,
}

/// A second server of the same database.
struct SecondServer {
    server: Host,
    // Stopped last.
    _database: Cluster,
}

impl World {
    /// Starts the server, and waits until it is ready.
    pub(crate) async fn start(story: &str) -> Result<Self> {
        Self::start_with(story, []).await
    }

    /// Starts the server with further settings.
    pub(crate) async fn start_with<const N: usize>(
        story: &str,
        more: [(&'static str, String); N],
    ) -> Result<Self> {
        let folder = fresh_folder(story)?;
        let line = Self::line(&folder).await?;
        Self::start_on(folder, line, more).await
    }

    /// Starts the connection to a server that is not started yet.
    pub(crate) async fn line(folder: &Path) -> Result<Line> {
        Line::start(free_address()?, folder.join("wire")).await
    }

    /// Starts the server at the end of a connection.
    pub(crate) async fn start_on<const N: usize>(
        folder: PathBuf,
        line: Line,
        more: [(&'static str, String); N],
    ) -> Result<Self> {
        let settings = settings(&line, more);
        let server = Host::start(&folder, line.server(), &settings).await?;
        Ok(Self {
            folder,
            line,
            server,
            second: None,
        })
    }

    /// Starts two servers of one PostgreSQL database. People are connected to the first.
    pub(crate) async fn start_two_on<const N: usize>(
        folder: PathBuf,
        line: Line,
        more: [(&'static str, String); N],
    ) -> Result<Self> {
        let database = Cluster::start("-c fsync=off")?;
        let url = database.url("postgres");
        migrate(&url)?;
        let mut settings = settings(&line, more);
        settings.push(("DATABASE_URL", url));
        let server = Host::start(&folder, line.server(), &settings).await?;
        let second = Host::start(&folder, free_address()?, &settings).await?;
        Ok(Self {
            folder,
            line,
            server,
            second: Some(SecondServer {
                server: second,
                _database: database,
            }),
        })
    }

    /// Connects people to the other server, if there are two.
    pub(crate) fn switch_servers(&self) {
        if let Some(second) = &self.second {
            let (first, second) = (self.server.address(), second.server.address());
            let next = if self.line.server() == first {
                second
            } else {
                first
            };
            self.line.switch_to(next);
        }
    }

    /// Returns the URL by which people reach the server. It has a name, because passkeys need one.
    pub(crate) fn url_of(line: &Line) -> String {
        format!("http://localhost:{}", line.address.port())
    }

    /// Returns the texts in a column of the embedded database.
    pub(crate) fn stored(&self, table: &str, column: &str) -> Result<Vec<String>> {
        let database = self.database()?;
        let mut rows = database.prepare(&format!("SELECT {column} FROM {table}"))?;
        let texts = rows.query_map([], |row| row.get(0))?;
        Ok(texts.collect::<Result<_, _>>()?)
    }

    /// Returns the server.
    pub(crate) fn server(&self) -> &Host {
        &self.server
    }

    /// Returns the data folder of the server.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Returns the folder with the logs of the server, the agents and the people.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Opens the server's database file, as somebody who has stolen it would.
    pub(crate) fn database(&self) -> Result<Connection> {
        Ok(Connection::open(self.data().join("humanops.sqlite"))?)
    }

    /// Creates an agent with a balance and its own key pair.
    pub(crate) async fn agent(&self, name: &str) -> Result<Companion> {
        let server = self.server.url("");
        let mut agent = Companion::start("agent", "agent.mjs", &[&server], &self.logs())?;
        agent.does("register", json!({ "name": name })).await?;
        agent.does("deposit", json!({ "usdc": "500" })).await?;
        agent.does("newKeys", ()).await?;
        Ok(agent)
    }

    /// Ends every session of every operator, as if each had been ended from another device.
    pub(crate) fn end_sessions(&self) -> Result<()> {
        let end = "UPDATE session SET ended_at_ms = 1 WHERE ended_at_ms IS NULL";
        self.database()?.execute(end, [])?;
        Ok(())
    }

    /// Approves the identity of an operator, as the host does at a terminal.
    pub(crate) async fn approve(&self, operator: &str) -> Result<()> {
        let admin = ["admin", "operators", "approve", operator, "--data"];
        self.server.command(&admin).await
    }

    /// Returns the profile folder of a person's browser.
    pub(crate) fn profile(&self, name: &str) -> PathBuf {
        self.folder.join(format!("profile of {name}"))
    }

    /// Starts a person with a phone: Chromium at 390×844 with its own profile, connected through
    /// the proxy.
    pub(crate) async fn person(&self, name: &str) -> Result<Companion> {
        let mut person = Companion::start(name, "browser/main.mjs", &[], &self.logs())?;
        let screenshots =
            env::var_os("SCREENSHOTS").map_or_else(|| target().join("screenshots"), PathBuf::from);
        let args = json!({
            "url": Self::url_of(&self.line),
            "chromium": chromium(),
            "profile": self.profile(name),
            "screenshots": screenshots,
            "mails": [self.data().join("mails")],
            "keepsake": self.folder.join(format!("where {name} was stuck.png")),
        });
        person.does("start", args).await?;
        Ok(person)
    }

    /// Stops the server gracefully, and checks the ledger.
    pub(crate) async fn ends(self) -> Result<()> {
        let Some(second) = self.second else {
            return self.server.ends().await;
        };
        second.server.stop().await?;
        self.server.ends().await
    }
}

/// Returns the settings of a server at the end of a connection.
fn settings<const N: usize>(
    line: &Line,
    more: [(&'static str, String); N],
) -> Vec<(&'static str, String)> {
    let usual = [
        ("PUBLIC_URL", World::url_of(line)),
        // The log contains everything that the server can log, because a secret must not be in it
        // either.
        ("LOG", "debug".to_owned()),
    ];
    usual.into_iter().chain(more).collect()
}

/// Returns the path of the browser.
pub(crate) fn chromium() -> String {
    env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}
