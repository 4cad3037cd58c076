//! A running server: what is accepted, what works beside it, and how both come to an end.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::connections::{self, Limits};
use crate::http;
use crate::jobs::runner;

/// How long the runner may take to hand back what it could not finish.
const HANDS_BACK_WITHIN: Duration = Duration::from_secs(2);

/// Serves until `stop`; then takes no more connections, finishes the requests and jobs that run,
/// within the limit of the settings, and closes the database.
///
/// # Errors
/// When the router cannot be built, or the shared settings cannot be written.
pub async fn serve(app: App, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let store = app.store.clone();
    let limits = Limits::of(app.config.limits.connections_max);
    let limit = Duration::from_secs(app.config.stop_seconds);
    app.share_settings().await?;
    let router = http::router(app.clone()).context("the API document cannot be printed")?;
    let stopping = app.stopping.clone();
    let stop_jobs = CancellationToken::new();
    let jobs = tokio::spawn(runner::run(app, stop_jobs.clone()));
    let serving = connections::serve(listener, router, limits, stop.clone());
    let late = async {
        stop.cancelled().await;
        stopping.cancel();
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        () = serving => {}
        () = late => tracing::warn!("requests were still running at the end of STOP_SECONDS"),
    }
    stop_jobs.cancel();
    if tokio::time::timeout(limit + HANDS_BACK_WITHIN, jobs)
        .await
        .is_err()
    {
        tracing::warn!("jobs were neither finished nor handed back; they run again");
    }
    // It waits for its threads, and so must not be waited for on one of ours.
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(())
}

/// How a listener is reached from this machine.
pub fn origin_of(listening: SocketAddr) -> String {
    if listening.ip().is_unspecified() {
        format!("http://localhost:{}", listening.port())
    } else {
        format!("http://{listening}")
    }
}

/// Waits for SIGINT or SIGTERM.
///
/// # Errors
/// When the process cannot listen for signals.
pub async fn signal_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        received = tokio::signal::ctrl_c() => received?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
