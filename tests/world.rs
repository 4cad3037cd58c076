//! A world for one story: the built server with a fresh data folder, a line to it, and room for
//! agents and people. It ends what it started and nothing else, and counts the money last.

use std::{env, path::PathBuf};

use anyhow::Result;
use rusqlite::Connection;
use serde_json::json;

use crate::{
    companion::Companion,
    host::{Host, free_address, fresh_folder, target},
    line::Line,
};

/// Everything one story needs. What it leaves lies in `target/tmp/STORY`.
pub(crate) struct World {
    /// What agents and browsers have in common with the story: logs, records, profiles.
    pub(crate) folder: PathBuf,
    /// The way from people to the server.
    pub(crate) line: Line,
    server: Host,
}

impl World {
    /// Starts the server, and returns once it says that it is ready.
    pub(crate) async fn start(story: &str) -> Result<Self> {
        Self::start_with(story, []).await
    }

    /// The same with further settings.
    pub(crate) async fn start_with<const N: usize>(
        story: &str,
        more: [(&'static str, String); N],
    ) -> Result<Self> {
        let folder = fresh_folder(story)?;
        let address = free_address()?;
        let line = Line::lay(address, folder.join("wire")).await?;
        let settings = [
            ("PUBLIC_URL", format!("http://{}", line.address)),
            // Everything that the server could say: a secret must not be in that either.
            ("LOG", "debug".to_owned()),
        ];
        let settings: Vec<_> = settings.into_iter().chain(more).collect();
        let server = Host::start(&folder, address, &settings).await?;
        Ok(Self {
            folder,
            line,
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
        let server = self.server.url("");
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
    pub(crate) async fn ends(self) -> Result<()> {
        self.server.ends().await
    }
}

/// The browser that people use.
pub(crate) fn chromium() -> String {
    env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}
