//! The built binary as a host runs it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Timeout for a debug build on a busy machine to start, to respond or to stop.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

/// A running `humanops serve`.
pub(crate) struct Server {
    /// The URL of the server: `http://127.0.0.1:port`.
    pub(crate) origin: String,
    // The fields are dropped in this order: the process ends before its data is deleted.
    child: Child,
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts a server with its own folder that logs to `stderr`, and waits until it responds.
    pub(crate) async fn start(stderr: Stdio, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_on(folder.path(), stderr, arguments).await;
        server._folder = Some(folder);
        server
    }

    /// Starts a server on a folder that may contain the data of another one.
    pub(crate) async fn start_on(folder: &Path, stderr: Stdio, arguments: &[&str]) -> Self {
        let address = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_humanops"));
        command
            .args(["serve", "--listen", &address, "--data"])
            .arg(folder)
            .args(["--allow-dev-operator-id-header", "--rate-limit=off"])
            .args(arguments)
            .env_remove("DATABASE_URL")
            .stderr(stderr)
            .kill_on_drop(true);
        let server = Self {
            origin: format!("http://{address}"),
            child: command.spawn().unwrap(),
            _folder: None,
        };
        server.answers().await;
        server
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Kills the process without notice, as the system does when it runs out of memory.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    async fn answers(&self) {
        let (client, begun) = (client(), Instant::now());
        let health = format!("{}/healthz", self.origin);
        while client.get(&health).send().await.is_err() {
            assert!(begun.elapsed() < WITHIN, "the server never answers");
            tokio::task::yield_now().await;
        }
    }

    /// Stops the server gracefully, as an operating system does.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.unwrap().success());
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await;
        ended.expect("the server does not stop").unwrap()
    }
}

/// Returns an HTTP client with a timeout.
pub(crate) fn client() -> Client {
    Client::builder().timeout(WITHIN).build().unwrap()
}

/// Returns an address on this machine that no server listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
