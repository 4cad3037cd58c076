//! `TestApp`: a real server on a free port, with a clock that tests advance, random bytes from a
//! fixed seed, and callers of each kind.
//!
//! Jobs run only when a test drains them. When a `TestApp` is dropped with due jobs, a failed job,
//! or an inconsistent ledger, its test fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api_types::{AgentId, KeyId, OperatorId, TaskId, Timestamp, paths};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
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
    callers: AtomicU32,
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

    /// Registers an agent and deposits 1 000 dollars, so that it is in the STANDARD tier.
    pub(crate) async fn agent(&self) -> Caller<'_, AgentId> {
        let agent = self.poor_agent().await;
        agent.deposit(1000).await;
        agent
    }

    /// Registers an agent without money.
    pub(crate) async fn poor_agent(&self) -> Caller<'_, AgentId> {
        let number = self.callers.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": "agent", "email": format!("agent{number}@example.com")});
        let registered = self.post(paths::REGISTER_AGENT, &body).await.created();
        Caller {
            app: self,
            id: registered.id("agent_id"),
            header: "x-api-key",
            key: registered.text("api_key"),
        }
    }

    /// Registers an operator, who is approved if the settings approve operators automatically.
    pub(crate) async fn operator(&self) -> Caller<'_, OperatorId> {
        let number = self.callers.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": "Jane Doe", "email": format!("operator{number}@example.com")});
        let registered = self.post(paths::REGISTER_OPERATOR, &body).await.created();
        Caller {
            app: self,
            id: registered.id("operator_id"),
            header: "x-operator-id",
            key: registered.text("operator_id"),
        }
    }

    /// Returns the caller for an operator whom a test has registered itself.
    pub(crate) fn operator_with_id(&self, id: &str) -> Caller<'_, OperatorId> {
        Caller {
            app: self,
            id: id.parse().unwrap(),
            header: "x-operator-id",
            key: id.to_owned(),
        }
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

/// An agent or an operator.
pub(crate) struct Caller<'a, Id> {
    /// The server that it calls.
    pub(crate) app: &'a TestApp,
    /// The id of its account.
    pub(crate) id: Id,
    /// Its API key or operator id, for authentication.
    pub(crate) key: String,
    header: &'static str,
}

/// An agent, as the caller of its requests.
pub(crate) type Agent<'a> = Caller<'a, AgentId>;

impl<Id> Caller<'_, Id> {
    /// Creates an authenticated request.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app
            .request(method, path)
            .header(self.header, &self.key)
    }

    /// Sends an authenticated GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).answer().await
    }

    /// Sends an authenticated POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).answer().await
    }

    /// Sends an authenticated POST with an idempotency key.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("idempotency-key", key);
        request.json(body).answer().await
    }

    /// Sends an authenticated PATCH.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path).json(body).answer().await
    }

    /// Sends an authenticated DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).answer().await
    }
}

impl Caller<'_, AgentId> {
    /// Deposits USDC, which test mode credits at once.
    pub(crate) async fn deposit(&self, usd: u32) {
        let number = self.app.callers.fetch_add(1, Ordering::Relaxed);
        let body = json!({"tx_hash": format!("0x{number:064x}"), "amount_usdc": usd});
        self.post(paths::DEPOSIT_USDC, &body).await.created();
    }

    /// Creates a key with this policy, and returns the same agent with that key.
    pub(crate) async fn with_policy(&self, policy: Value) -> Self {
        let body = json!({"name": "limited", "policy": policy});
        let made = self.post(paths::KEYS, &body).await.created();
        Self {
            key: made.text("api_key"),
            ..*self
        }
    }

    /// Returns the id of this caller's key.
    pub(crate) async fn key_id(&self) -> KeyId {
        let me = self.get(paths::ME).await.ok();
        me.body["key"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// Returns the agent's deposit and escrow balances, as printed.
    pub(crate) async fn balance(&self) -> (String, String) {
        let balance = self.get(paths::BALANCE).await.ok();
        let printed = |field: &str| balance.body[field].to_string();
        (printed("deposit_balance"), printed("escrow_balance"))
    }

    /// Posts a task that requires a confirmation.
    pub(crate) async fn post_confirmation_task(&self) -> TaskId {
        let task = confirmation_task(self.app);
        self.post(paths::TASKS, &task).await.created().id("task_id")
    }

    /// Posts a task that requires photos.
    pub(crate) async fn post_photo_task(&self) -> TaskId {
        self.post(paths::TASKS, &photo_task(self.app))
            .await
            .created()
            .id("task_id")
    }
}

impl Caller<'_, OperatorId> {
    /// Submits a confirmation as proof.
    pub(crate) async fn confirm(&self, task: TaskId) {
        let body = json!({"confirmation_text": "It is open from nine to five, as the door says."});
        self.post(&paths::submit_proof(task), &body).await.ok();
    }

    /// Accepts a task without an estimate.
    pub(crate) async fn accept(&self, task: TaskId) {
        self.post(&paths::accept_task(task), &json!({})).await.ok();
    }
}

/// Returns a valid task with every field, which requires photos.
pub(crate) fn photo_task(app: &TestApp) -> Value {
    json!({
        "title": "Photograph a menu",
        "description": "Take a photo of the menu at the door.",
        "location": {"lat": 52.52, "lng": 13.405, "address": "1 Main Street"},
        "reward_usd": 25,
        "deadline": app.now().after(Duration::from_secs(24 * 60 * 60)),
        "proof_requirements": ["The prices can be read"],
        "task_type": "PHOTO",
    })
}

/// Returns a valid task that requires a confirmation.
pub(crate) fn confirmation_task(app: &TestApp) -> Value {
    let mut task = photo_task(app);
    task["proof_type"] = json!("CONFIRMATION");
    task["task_type"] = json!("VERIFICATION");
    task
}

/// A response whose body was read completely.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status code.
    pub(crate) status: u16,
    /// The headers of the response.
    pub(crate) headers: HeaderMap,
    /// The body if it is JSON, else null.
    pub(crate) body: Value,
    /// The bytes of the body.
    pub(crate) bytes: Vec<u8>,
}

/// Sends a request and reads the whole response.
pub(crate) trait Ask {
    /// Returns the response, whatever its status.
    async fn answer(self) -> Answer;
}

impl Ask for RequestBuilder {
    async fn answer(self) -> Answer {
        let response = self.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer {
            status,
            headers,
            body,
            bytes,
        }
    }
}

impl Answer {
    /// Returns the response, which must be 201.
    pub(crate) fn created(self) -> Self {
        assert_eq!(self.status, 201, "{}", self.body);
        self
    }

    /// Returns the response, which must be 200.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Returns the message of a refusal, which must have this status and code, be in the default
    /// dialect and contain the id of its request.
    pub(crate) fn refused(&self, status: u16, code: &str) -> &str {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        self.body["error"].as_str().unwrap()
    }

    /// Returns the fields that a refusal names, in its order.
    pub(crate) fn faulty_fields(&self) -> Vec<&str> {
        let details = self.body["details"].as_array().unwrap();
        details
            .iter()
            .map(|fault| fault["field"].as_str().unwrap())
            .collect()
    }

    /// Returns a header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Returns a text field of the body.
    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} in {}", self.body))
            .to_owned()
    }

    /// Returns a field of the body as an id.
    pub(crate) fn id<Id: std::str::FromStr<Err: std::fmt::Debug>>(&self, field: &str) -> Id {
        self.text(field).parse().unwrap()
    }
}
