//! `TestApp`: a real server on a free port, with a clock that tests advance and random bytes from a
//! fixed seed. Its callers are in `callers.rs`.
//!
//! Jobs run only when a test drains them. When a `TestApp` is dropped with due jobs, a failed job,
//! or an inconsistent ledger, its test fails.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use api_types::Timestamp;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use server::app::App;
use server::clock::{ManualClock, SeededEntropy};
use server::command_line::{Cli, Command};
use server::config::Config;
use server::http;
use server::jobs::runner;
use server::serve::connections::{self, ConnectionLimits};
use server::store::jobs::{ClaimCapacity, ClaimedJob};
use server::store::{Store, StoreError, Tx, jobs, ledger};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Ask};
use crate::support::FreshStore;

/// The time at which every test begins.
pub(crate) const BEGINNING: &str = "2026-02-05T12:00:00.000Z";

/// The host's key, for servers that need one.
pub(crate) const ADMIN_KEY: &str = "a-host-key-of-thirty-two-characters";

/// Maximum number of jobs that one drain runs, far more than any test needs. A clock whose moves
/// never end fails its test, instead of running forever.
const DRAINED_JOBS_MAX: usize = 10_000;

/// Timeout of a drain, for a job that never ends.
const DRAINED_WITHIN: Duration = Duration::from_secs(120);

/// A server under test.
pub(crate) struct TestApp {
    /// The application, for checks that HTTP does not allow.
    pub(crate) app: App,
    /// The URL of the server: `http://127.0.0.1:port`.
    pub(crate) origin: String,
    clock: Arc<ManualClock>,
    client: Client,
    /// Numbers callers and deposits, so that every e-mail address and transaction is new.
    pub(super) callers: AtomicU32,
    // The fields are dropped in this order: the files before the database that they belong to.
    folder: TempDir,
    store: FreshStore,
}

impl TestApp {
    /// Starts a server with the default settings of development on this store.
    pub(crate) async fn start(store: FreshStore) -> Self {
        Self::start_with(store, &[]).await
    }

    /// Starts a server with further arguments of `humanops serve`.
    pub(crate) async fn start_with(store: FreshStore, arguments: &[&str]) -> Self {
        serving(Self::bind(store, arguments).await)
    }

    /// Starts a server on the data of another one, with different ids and callers.
    pub(crate) async fn start_on(store: FreshStore, folder: TempDir) -> Self {
        let (mut app, listener) = Self::bind_in(store, folder, 8, &[]).await;
        app.callers = AtomicU32::new(1000);
        serving((app, listener))
    }

    /// Creates everything except the task that serves, which the caller starts.
    pub(crate) async fn bind(store: FreshStore, arguments: &[&str]) -> (Self, TcpListener) {
        let folder = tempfile::tempdir().unwrap();
        Self::bind_in(store, folder, 7, arguments).await
    }

    async fn bind_in(
        store: FreshStore,
        folder: TempDir,
        seed: u64,
        arguments: &[&str],
    ) -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let config = config(&folder, &origin, arguments);
        let clock = Arc::new(ManualClock::new(BEGINNING.parse().unwrap()));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let app = App::new(config, (*store).clone(), clock.clone(), entropy).unwrap();
        app.share_settings().await.unwrap();
        let app = Self {
            app,
            origin,
            clock,
            client: Client::new(),
            callers: AtomicU32::new(1),
            folder,
            store,
        };
        (app, listener)
    }

    /// Starts another server of the same database, and returns its URL. Its `PUBLIC_URL` is that of
    /// the first.
    pub(crate) async fn serve_again(&self) -> String {
        let mut app = self.app.clone();
        if let Some(url) = self.store.postgres_url() {
            app.store = Store::open_postgres(&url).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        serve(app, listener);
        url
    }

    /// Returns the server's current time.
    pub(crate) fn now(&self) -> Timestamp {
        server::clock::Clock::now(&*self.clock)
    }

    /// Advances the server's clock.
    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Runs all due jobs, including the ones that they schedule for now.
    pub(crate) async fn drain_jobs(&self) {
        let drained = runner::drain(&self.app, DRAINED_JOBS_MAX);
        let drained = tokio::time::timeout(DRAINED_WITHIN, drained).await;
        drained.expect("a job that ends").unwrap();
    }

    /// Claims all due jobs except mails, of which every registration schedules one.
    pub(crate) async fn claim_jobs(&self, lease: Duration) -> Vec<ClaimedJob> {
        let now = self.now();
        let mut all = ClaimCapacity::any(100);
        for of_pool in &mut all.pools {
            of_pool.full_kinds = vec!["send_verification"];
        }
        let claim = move |tx: &mut Tx<'_>| jobs::claim(tx, now, now.after(lease), &all);
        self.app.store.write(claim).await.unwrap()
    }

    /// Marks all due jobs as permanently failed.
    pub(crate) async fn fail_jobs(&self, error: &'static str) {
        let claimed = self.claim_jobs(Duration::ZERO).await;
        let fail = move |tx: &mut Tx<'_>| {
            claimed
                .iter()
                .try_for_each(|job| jobs::fail(tx, job, error))
        };
        self.app.store.write(fail).await.unwrap();
    }

    /// Opens a TCP connection, for requests that no HTTP client sends.
    pub(crate) async fn connect(&self) -> TcpStream {
        let address = self.origin.trim_start_matches("http://");
        TcpStream::connect(address).await.unwrap()
    }

    /// Creates a request without authentication. `path` may be a whole URL of this server.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = path.strip_prefix(&self.origin).unwrap_or(path);
        self.client
            .request(method, format!("{}{path}", self.origin))
    }

    /// Sends a GET without authentication.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).answer().await
    }

    /// Sends a POST without authentication.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).answer().await
    }

    /// Returns the content of all mails in the folder, oldest first.
    pub(crate) fn mails(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.mail_folder()).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let read = |path| std::fs::read_to_string(path).unwrap();
        files.into_iter().map(read).collect()
    }

    /// Returns the folder that mails are written to.
    pub(crate) fn mail_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("mails")
    }

    /// Returns the names of all files in the folder of uploads.
    pub(crate) fn stored_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("files")).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn serving((app, listener): (TestApp, TcpListener)) -> TestApp {
    serve(app.app.clone(), listener);
    app
}

fn serve(app: App, listener: TcpListener) {
    let router = http::router(app).unwrap();
    // The task ends with the runtime of its test.
    tokio::spawn(connections::serve(
        listener,
        router,
        ConnectionLimits::of(1024),
        CancellationToken::new(),
    ));
}

fn config(folder: &TempDir, origin: &str, arguments: &[&str]) -> Config {
    let folder = folder.path().to_str().unwrap();
    let ours = [
        "humanops",
        "serve",
        "--data",
        folder,
        "--public-url",
        origin,
    ];
    let line = ours
        .iter()
        .chain(&["--allow-dev-operator-id-header=true", "--rate-limit=off"])
        .chain(arguments);
    match Cli::read(line, &|_| None).unwrap().command {
        Command::Serve(config) => *config,
        other => panic!("{other:?}"),
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (store, now) = (self.app.store.clone(), self.now());
        let look = async move {
            // Every registration schedules a mail, which only tests about mails send.
            let mails = "DELETE FROM job WHERE kind = 'send_verification' AND state = 'waiting'";
            store.write(move |tx| tx.execute(mails, &[])).await?;
            let left = store
                .read(move |tx| jobs::count_unfinished(tx, now))
                .await?;
            Ok((left, store.read(ledger::check).await?))
        };
        let looked = std::thread::spawn(|| Runtime::new().unwrap().block_on(look));
        let ((due, failed), ledger) = match looked.join().unwrap() {
            Err(StoreError::Unavailable(_)) => return, // The test itself has closed it.
            looked => looked.unwrap(),
        };
        assert_eq!(
            (due, failed),
            (0, 0),
            "jobs that are due, and that failed: drain_jobs() first"
        );
        assert!(ledger.faults.is_empty(), "{:?}", ledger.faults);
    }
}
