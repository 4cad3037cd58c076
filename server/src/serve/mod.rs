//! The life cycle of a server: the listener, the job runner, and graceful shutdown.

pub mod connections;
pub mod metrics;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::http;
use crate::jobs::runner;
use connections::ConnectionLimits;

/// Time for the job runner to release the jobs that it could not finish.
const HANDS_BACK_WITHIN: Duration = Duration::from_secs(2);

/// Serves until `stop` is cancelled. Then accepts no more connections, finishes current requests
/// and jobs within the configured time limit, and closes the database.
///
/// # Errors
/// Fails if the router cannot be built, or if the shared settings cannot be written.
pub async fn serve(app: App, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let store = app.store.clone();
    let limits = ConnectionLimits::of(app.config.limits.connections_max);
    let limit = Duration::from_secs(app.config.stop_seconds);
    app.share_settings().await?;
    let router = http::router(app.clone()).context("the API document cannot be serialised")?;
    let stopping = app.stopping.clone();
    let stop_jobs = CancellationToken::new();
    if let Some(issuer) = app.oidc.clone() {
        let warm_up = issuer.warm_up(app.clock.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(warm_up));
    }
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
        tracing::warn!("jobs were neither finished nor released; they run again");
    }
    // Closing waits for the store's threads, and must not block a thread of the runtime.
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(())
}

/// Returns the URL by which this machine reaches a listener.
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
/// Fails if the process cannot listen for signals.
pub async fn signal_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        received = tokio::signal::ctrl_c() => received?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
