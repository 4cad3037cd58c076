//! The line between a phone and the server: everything that passes is written down, and it can
//! break at the worst moment. It knows HTTP just well enough to recognise that moment.

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

/// What the service says when it has no time, in its own words.
const OVERLOADED: &str = r#"{"error":"Too many requests wait.","code":"unavailable",
    "retryable":true,"request_id":"req_00000000000000000000000000"}"#;

/// A line that was told to break does so within this time, or the story is wrong.
const BREAK_TIME_MAX: Duration = Duration::from_secs(60);

/// What the line does to those who use it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fine,
    /// Goes down once so many bytes of an upload have passed.
    CutsUpload {
        after_bytes: usize,
    },
    /// Goes down when the answer to a submission comes: the server has it, the phone cannot know.
    LosesReceipt,
    /// Answers the next submission itself: come back in a second.
    Refuses,
    /// Answers every request that contains a phrase itself, as a captive portal does.
    Intercepts {
        phrase: &'static str,
        answer: &'static str,
    },
    /// Nothing passes.
    Down,
}

/// A running line. Phones call `address`.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

/// What is common to all connections of a line.
struct State {
    weather: watch::Sender<Weather>,
    /// Requests that were intercepted.
    intercepted: watch::Sender<u32>,
    /// Submissions that passed to the server.
    submissions: AtomicUsize,
}

impl Line {
    /// Lays a line to `server`; what passes over connection n is in `records/n-up` and `n-down`.
    pub(crate) async fn lay(server: SocketAddr, records: PathBuf) -> Result<Self> {
        fs::create_dir_all(&records)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            weather: watch::Sender::new(Weather::Fine),
            intercepted: watch::Sender::new(0),
            submissions: AtomicUsize::new(0),
        });
        let over_us = Arc::clone(&state);
        tokio::spawn(async move {
            for number in 0.. {
                let Ok((phone, _)) = listener.accept().await else {
                    return;
                };
                let (records, over_us) = (records.clone(), Arc::clone(&over_us));
                tokio::spawn(async move { carry(phone, server, &over_us, &records, number).await });
            }
        });
        Ok(Self { address, state })
    }

    /// How many submissions have passed to the server so far.
    pub(crate) fn submissions(&self) -> usize {
        self.state.submissions.load(Ordering::SeqCst)
    }

    /// Breaks in the middle of the next upload and stays broken until it is mended.
    pub(crate) fn cuts_upload_after(&self, after_bytes: usize) {
        self.state
            .weather
            .send_replace(Weather::CutsUpload { after_bytes });
    }

    /// Breaks after the server got the next submission and before the phone hears of it.
    pub(crate) fn loses_receipt(&self) {
        self.state.weather.send_replace(Weather::LosesReceipt);
    }

    /// Keeps the next submission from the server, and asks the phone to come back in a second.
    pub(crate) fn refuses_once(&self) {
        self.state.weather.send_replace(Weather::Refuses);
    }

    /// Waits until it did.
    pub(crate) async fn refused(&self) -> Result<()> {
        let mut weather = self.state.weather.subscribe();
        let fine = weather.wait_for(|weather| *weather == Weather::Fine);
        timeout(BREAK_TIME_MAX, fine)
            .await
            .context("nothing was submitted")??;
        Ok(())
    }

    /// Answers every request that contains `phrase` with `answer`, until it is mended.
    pub(crate) fn intercepts(&self, phrase: &'static str, answer: &'static str) {
        self.state.intercepted.send_replace(0);
        self.state
            .weather
            .send_replace(Weather::Intercepts { phrase, answer });
    }

    /// Waits until it did so once.
    pub(crate) async fn intercepted(&self) -> Result<()> {
        let mut intercepted = self.state.intercepted.subscribe();
        timeout(BREAK_TIME_MAX, intercepted.wait_for(|count| *count > 0))
            .await
            .context("nothing was intercepted")??;
        Ok(())
    }

    /// Waits until it broke as it was told to.
    pub(crate) async fn broke(&self) -> Result<()> {
        let mut weather = self.state.weather.subscribe();
        timeout(BREAK_TIME_MAX, down(&mut weather))
            .await
            .context("the line never broke")
    }

    /// Works again.
    pub(crate) fn mend(&self) {
        self.state.weather.send_replace(Weather::Fine);
    }
}

async fn down(weather: &mut watch::Receiver<Weather>) {
    // The sender lives as long as the line; without a line nothing passes either.
    let _ = weather.wait_for(|weather| *weather == Weather::Down).await;
}

/// Carries one connection until either end closes it or the weather does.
async fn carry(
    mut phone: TcpStream,
    server: SocketAddr,
    state: &State,
    records: &Path,
    number: u32,
) -> Result<()> {
    let weather = &state.weather;
    let mut server = TcpStream::connect(server).await?;
    let mut record_up = File::create(records.join(format!("{number}-up")))?;
    let mut record_down = File::create(records.join(format!("{number}-down")))?;
    let mut now = weather.subscribe();
    let mut passed = Passed::default();
    let (mut upward, mut downward) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        select! {
            // In this order: what comes when the line is down already does not pass.
            biased;
            () = down(&mut now) => return Ok(()),
            read = phone.read(&mut upward) => {
                let Some(chunk @ [_, ..]) = upward.get(..read?) else { return Ok(()) };
                record_up.write_all(chunk)?;
                passed.note(chunk);
                if let Weather::CutsUpload { after_bytes } = *weather.borrow()
                    && passed.upload_bytes.is_some_and(|bytes| bytes > after_bytes)
                {
                    break;
                }
                if passed.submitted && *weather.borrow() == Weather::Refuses {
                    weather.send_replace(Weather::Fine);
                    let head = format!(
                        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
                         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        OVERLOADED.len()
                    );
                    phone.write_all(head.as_bytes()).await?;
                    phone.write_all(OVERLOADED.as_bytes()).await?;
                    return Ok(());
                }
                let now = *weather.borrow();
                if let Weather::Intercepts { phrase, answer } = now
                    && contains(chunk, phrase.as_bytes())
                {
                    phone.write_all(answer.as_bytes()).await?;
                    state.intercepted.send_modify(|count| *count += 1);
                    // Closing before the whole request was read would take the answer back.
                    while phone.read(&mut upward).await? > 0 {}
                    return Ok(());
                }
                let submitted = usize::from(contains(chunk, SUBMIT));
                state.submissions.fetch_add(submitted, Ordering::SeqCst);
                server.write_all(chunk).await?;
            }
            read = server.read(&mut downward) => {
                let Some(chunk @ [_, ..]) = downward.get(..read?) else { return Ok(()) };
                if passed.submitted && *weather.borrow() == Weather::LosesReceipt {
                    break;
                }
                record_down.write_all(chunk)?;
                phone.write_all(chunk).await?;
            }
        }
    }
    weather.send_replace(Weather::Down);
    Ok(())
}

/// What has passed upwards over a connection so far.
#[derive(Default)]
struct Passed {
    upload_bytes: Option<usize>,
    submitted: bool,
}

impl Passed {
    // A browser writes a request's head at once, so it is never torn between two reads.
    fn note(&mut self, chunk: &[u8]) {
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
