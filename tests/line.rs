//! The connection between a phone and the server: a proxy that records everything, and that can
//! fail at the worst moment. It understands just enough HTTP to recognise that moment.

use std::{
    fs::{self, File},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    time::timeout,
};

const UPLOAD: &[u8] = b"POST /api/v1/operator/upload";
const SUBMIT: &[u8] = b"/submit HTTP/1.1";

/// The service's response when it is overloaded.
const OVERLOADED: &str = r#"{"error":"Too many requests wait.","code":"unavailable",
    "retryable":true,"request_id":"req_00000000000000000000000000"}"#;

/// Timeout for a failure that was requested.
const FAILURE_TIME_MAX: Duration = Duration::from_secs(60);

/// The state of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    /// Goes down after this number of bytes of an upload.
    CutUpload {
        after_bytes: usize,
    },
    /// Goes down when the response to a submission arrives: the server has the proof, and the phone
    /// cannot know.
    LoseReceipt,
    /// Answers the next submission itself, with a retry after one second.
    Refuse,
    /// Keeps every submission back until it is mended.
    Hold,
    /// Answers every request that contains a phrase itself, as a captive portal does.
    Intercept {
        phrase: &'static str,
        answer: &'static str,
    },
    /// Transfers nothing in either direction.
    Down,
}

/// A running proxy. Phones connect to `address`.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

/// The state that all connections of a proxy share.
struct State {
    /// The address of the server.
    server: watch::Sender<SocketAddr>,
    mode: watch::Sender<Mode>,
    /// Number of intercepted requests.
    intercepted: watch::Sender<u32>,
    /// Number of submissions that were kept back.
    held: watch::Sender<usize>,
    /// Number of submissions that reached the server.
    submissions: AtomicUsize,
}

impl Line {
    /// Starts a proxy to `server`. The bytes of connection n are recorded in `records/n-up` and
    /// `n-down`.
    pub(crate) async fn start(server: SocketAddr, records: PathBuf) -> Result<Self> {
        fs::create_dir_all(&records)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            server: watch::Sender::new(server),
            mode: watch::Sender::new(Mode::Normal),
            intercepted: watch::Sender::new(0),
            held: watch::Sender::new(0),
            submissions: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            for number in 0.. {
                let Ok((phone, _)) = listener.accept().await else {
                    return;
                };
                let (records, shared) = (records.clone(), Arc::clone(&shared));
                tokio::spawn(async move { transfer(phone, &shared, &records, number).await });
            }
        });
        Ok(Self { address, state })
    }

    /// Returns the address of the server.
    pub(crate) fn server(&self) -> SocketAddr {
        *self.state.server.borrow()
    }

    /// Connects phones to another server from now on. Connections that are open are closed.
    pub(crate) fn switch_to(&self, server: SocketAddr) {
        self.state.server.send_replace(server);
    }

    /// Returns the number of submissions that have reached the server.
    pub(crate) fn submissions(&self) -> usize {
        self.state.submissions.load(Ordering::SeqCst)
    }

    /// Fails in the middle of the next upload, until it is mended.
    pub(crate) fn cut_upload_after(&self, after_bytes: usize) {
        self.state
            .mode
            .send_replace(Mode::CutUpload { after_bytes });
    }

    /// Fails after the server has received the next submission, before the phone gets the response.
    pub(crate) fn lose_receipt(&self) {
        self.state.mode.send_replace(Mode::LoseReceipt);
    }

    /// Answers the next submission with a retry after one second, and does not forward it.
    pub(crate) fn refuse_once(&self) {
        self.state.mode.send_replace(Mode::Refuse);
    }

    /// Waits until a submission was refused.
    pub(crate) async fn wait_until_refused(&self) -> Result<()> {
        let mut mode = self.state.mode.subscribe();
        let normal = mode.wait_for(|mode| *mode == Mode::Normal);
        timeout(FAILURE_TIME_MAX, normal)
            .await
            .context("nothing was submitted")??;
        Ok(())
    }

    /// Keeps every submission back, until it is mended.
    pub(crate) fn hold_submissions(&self) {
        self.state.mode.send_replace(Mode::Hold);
    }

    /// Waits until a submission was kept back.
    pub(crate) async fn wait_until_held(&self) -> Result<()> {
        let mut held = self.state.held.subscribe();
        timeout(FAILURE_TIME_MAX, held.wait_for(|count| *count > 0))
            .await
            .context("nothing was submitted")??;
        Ok(())
    }

    /// Answers every request that contains `phrase` with `answer`, until it is mended.
    pub(crate) fn intercept(&self, phrase: &'static str, answer: &'static str) {
        self.state.intercepted.send_replace(0);
        self.state
            .mode
            .send_replace(Mode::Intercept { phrase, answer });
    }

    /// Waits until a request was intercepted.
    pub(crate) async fn wait_until_intercepted(&self) -> Result<()> {
        let mut intercepted = self.state.intercepted.subscribe();
        timeout(FAILURE_TIME_MAX, intercepted.wait_for(|count| *count > 0))
            .await
            .context("nothing was intercepted")??;
        Ok(())
    }

    /// Waits until the requested failure has happened.
    pub(crate) async fn wait_until_broken(&self) -> Result<()> {
        let mut mode = self.state.mode.subscribe();
        timeout(FAILURE_TIME_MAX, wait_until_down(&mut mode))
            .await
            .context("the connection never failed")
    }

    /// Ends the failure, so that the connection works again.
    pub(crate) fn mend(&self) {
        self.state.mode.send_replace(Mode::Normal);
    }
}

async fn wait_until_down(mode: &mut watch::Receiver<Mode>) {
    // The sender lives as long as the proxy; without a proxy nothing is transferred either.
    let _ = mode.wait_for(|mode| *mode == Mode::Down).await;
}

/// Transfers the bytes of one connection until either end or a failure closes it.
async fn transfer(mut phone: TcpStream, state: &State, records: &Path, number: u32) -> Result<()> {
    let mode = &state.mode;
    let mut address = state.server.subscribe();
    let connected_to = *address.borrow_and_update();
    let mut server = TcpStream::connect(connected_to).await?;
    let mut record_up = File::create(records.join(format!("{number}-up")))?;
    let mut record_down = File::create(records.join(format!("{number}-down")))?;
    let mut now = mode.subscribe();
    let mut passed = Passed::default();
    let (mut upward, mut downward) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        select! {
            // The order matters: bytes that arrive when the connection is already down must not
            // pass.
            biased;
            () = wait_until_down(&mut now) => return Ok(()),
            _ = address.changed() => return Ok(()),
            read = phone.read(&mut upward) => {
                let Some(chunk @ [_, ..]) = upward.get(..read?) else { return Ok(()) };
                record_up.write_all(chunk)?;
                passed.observe(chunk);
                if let Mode::CutUpload { after_bytes } = *mode.borrow()
                    && passed.upload_bytes.is_some_and(|bytes| bytes > after_bytes)
                {
                    break;
                }
                if passed.submitted && *mode.borrow() == Mode::Refuse {
                    mode.send_replace(Mode::Normal);
                    let head = format!(
                        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
                         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        OVERLOADED.len()
                    );
                    phone.write_all(head.as_bytes()).await?;
                    phone.write_all(OVERLOADED.as_bytes()).await?;
                    return Ok(());
                }
                let now = *mode.borrow();
                if let Mode::Intercept { phrase, answer } = now
                    && contains(chunk, phrase.as_bytes())
                {
                    phone.write_all(answer.as_bytes()).await?;
                    state.intercepted.send_modify(|count| *count += 1);
                    // Closing the connection before the whole request was read would discard the
                    // response.
                    while phone.read(&mut upward).await? > 0 {}
                    return Ok(());
                }
                let submitted = usize::from(contains(chunk, SUBMIT));
                if submitted > 0 && *mode.borrow() == Mode::Hold {
                    state.held.send_modify(|count| *count += 1);
                    mode.subscribe().wait_for(|mode| *mode != Mode::Hold).await?;
                }
                state.submissions.fetch_add(submitted, Ordering::SeqCst);
                server.write_all(chunk).await?;
            }
            read = server.read(&mut downward) => {
                let Some(chunk @ [_, ..]) = downward.get(..read?) else { return Ok(()) };
                if passed.submitted && *mode.borrow() == Mode::LoseReceipt {
                    break;
                }
                record_down.write_all(chunk)?;
                phone.write_all(chunk).await?;
            }
        }
    }
    mode.send_replace(Mode::Down);
    Ok(())
}

/// The bytes that a connection has sent upwards so far.
#[derive(Default)]
struct Passed {
    upload_bytes: Option<usize>,
    submitted: bool,
}

impl Passed {
    // A browser writes the head of a request at once, so it is always complete in one read.
    fn observe(&mut self, chunk: &[u8]) {
        if let Some(bytes) = &mut self.upload_bytes {
            *bytes += chunk.len();
        } else if contains(chunk, UPLOAD) {
            self.upload_bytes = Some(chunk.len());
        }
        self.submitted |= contains(chunk, SUBMIT);
    }
}

fn contains(chunk: &[u8], phrase: &[u8]) -> bool {
    chunk.windows(phrase.len()).any(|window| window == phrase)
}
