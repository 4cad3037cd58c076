//! A running server: what is accepted, what works beside it, and how both come to an end.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::http;
use crate::jobs::runner;

/// How long the runner may take to hand back what it could not finish.
const HANDS_BACK_WITHIN: Duration = Duration::from_secs(2);

/// Serves until `stop`; then takes no more connections, finishes the requests and jobs that run,
/// within the limit of the settings, and closes the database.
///
/// # Errors
/// When the router cannot be built or the listener fails.
pub async fn serve(app: App, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let store = app.store.clone();
    let limit = Duration::from_secs(app.config.stop_seconds);
    let router = http::router(app.clone()).context("the API document cannot be printed")?;
    let stopping = app.stopping.clone();
    let stop_jobs = CancellationToken::new();
    let jobs = tokio::spawn(runner::run(app, stop_jobs.clone()));
    // A small answer must not wait for the next one to fill its packet.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let late = async {
        stop.cancelled().await;
        stopping.cancel();
        tokio::time::sleep(limit).await;
    };
    let served = tokio::select! {
        served = serving => served.context("the listener failed"),
        () = late => {
            tracing::warn!("requests were still running at the end of STOP_SECONDS");
            Ok(())
        }
    };
    stop_jobs.cancel();
    if tokio::time::timeout(limit + HANDS_BACK_WITHIN, jobs)
        .await
        .is_err()
    {
        tracing::warn!("jobs were neither finished nor handed back; they run again");
    }
    // It waits for its threads, and so must not be waited for on one of ours.
    tokio::task::spawn_blocking(move || store.close()).await?;
    served
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
