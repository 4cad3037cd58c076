//! The server as used by hand: its build, and a `humanops serve` process for the demo, the edit
//! loop, the API tests and the benchmark.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::run::{Run, step, target};

const READY_SECONDS_MAX: u64 = 30;
/// Timeout of a request to the server. A round trip on loopback takes less than a second, unless
/// the server is busy.
const RESPONSE_SECONDS_MAX: u64 = 5;

/// Builds the server as used by hand: in the dev profile, with the app embedded, without the
/// features of its tests.
pub(crate) fn build() -> Result<PathBuf> {
    step("the server", || {
        Run::cargo("build --package server --bin humanops").run()
    })?;
    Ok(target().join("debug/humanops"))
}

/// A server process. It is ready when `start` or `resume` returns, and stopped on drop.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
    /// The data folder of the server.
    pub(crate) data: PathBuf,
    /// The file with the output of the server.
    pub(crate) log: PathBuf,
    child: Child,
}

impl ServerProcess {
    /// Starts `binary` on a new empty folder named `name` in the target folder.
    pub(crate) fn start(
        name: &str,
        binary: &Path,
        address: SocketAddr,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let folder = target().join("xtask").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        Self::resume(&folder, binary, address, settings)
    }

    /// Starts `binary` on an existing folder, with test payments and with the development header in
    /// addition to sign-in, and waits until it is ready.
    pub(crate) fn resume(
        folder: &Path,
        binary: &Path,
        address: SocketAddr,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let (data, log) = (folder.join("data"), folder.join("server.log"));
        std::fs::create_dir_all(&data)?;
        let run = Run::new(binary).arg("serve").env_remove(&["DATABASE_URL"]);
        let run = run
            .arg("--listen")
            .arg(address.to_string())
            .arg("--data")
            .arg(&data);
        let run = run.env("PAYMENTS", "test").env("KYC", "auto");
        let run = run.env("ALLOW_DEV_OPERATOR_ID_HEADER", "true");
        let run = settings
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value));
        let file = File::create(&log)?;
        let mut command = run.command();
        command.stdout(file.try_clone()?).stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {run}"))?;
        let mut server = Self {
            address,
            data,
            log,
            child,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while !is_ready(self.address) {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the server ended ({status}):\n{}",
                    std::fs::read_to_string(&self.log)?
                );
            }
            if start.elapsed().as_secs() > READY_SECONDS_MAX {
                bail!(
                    "the server is not ready after {READY_SECONDS_MAX} s; its log is {}",
                    self.log.display()
                );
            }
            // Nothing signals that the port is open, so this polls.
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // An interrupt, as from Ctrl-C, lets the server close the database properly.
        let interrupted = Run::new("kill")
            .arg("-INT")
            .arg(self.child.id().to_string())
            .succeeds();
        if !interrupted {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let request = || -> std::io::Result<String> {
        let limit = Duration::from_secs(RESPONSE_SECONDS_MAX);
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        Ok(response)
    };
    request().is_ok_and(|response| response.starts_with("HTTP/1.1 200"))
}
