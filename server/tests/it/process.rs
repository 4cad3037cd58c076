//! The built binary, as a host runs it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a debug build on a busy machine may take to start, to answer or to stop.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

/// A running `humanops serve`.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`.
    pub(crate) origin: String,
    // Dropped in this order: the process ends before its data.
    child: Child,
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts a server that logs to `stderr`, on a folder of its own, and returns when it answers.
    pub(crate) async fn start(stderr: Stdio, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_on(folder.path(), stderr, arguments).await;
        server._folder = Some(folder);
        server
    }

    /// The same on a folder that may hold what another server left.
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

    /// The process's own number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Ends the process as the system does when it has no memory left: without notice.
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

    /// Stops it as an operating system would.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.unwrap().success());
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await;
        ended.expect("the server does not stop").unwrap()
    }
}

/// An HTTP client that gives up on an answer that does not come.
pub(crate) fn client() -> Client {
    Client::builder().timeout(WITHIN).build().unwrap()
}

/// An address on this machine that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
