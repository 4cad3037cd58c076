//! `GET /metrics` for Prometheus, on a listener of its own (METRICS_LISTEN): what it tells is for
//! the host alone, and the public listener does not have it. What is counted is `crate::metrics`.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::connections::{self, Limits};
use crate::metrics;
use crate::store::{StoreError, jobs};

/// Listens for Prometheus, and begins to count.
///
/// # Errors
/// When the address is taken, or something else counts in this process.
pub async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, PrometheusHandle)> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (METRICS_LISTEN)"))?;
    Ok((listener, metrics::count()?))
}

/// Connections that ask for measurements at one time.
const CONNECTIONS_MAX: u32 = 64;

/// Answers `GET /metrics` on this listener until `stop`.
pub async fn serve(
    app: App,
    (listener, handle): (TcpListener, PrometheusHandle),
    stop: CancellationToken,
) {
    let router = Router::new()
        .route("/metrics", get(tell))
        .with_state((app, handle));
    connections::serve(listener, router, Limits::of(CONNECTIONS_MAX), stop).await;
}

async fn tell(State((app, handle)): State<(App, PrometheusHandle)>) -> impl IntoResponse {
    if let Err(error) = measure(&app).await {
        // What was counted is told even when the database cannot be asked.
        tracing::warn!(%error, "the queue could not be measured");
    }
    handle.run_upkeep();
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, handle.render())
}

/// What is measured when it is asked for, rather than counted when it happens.
async fn measure(app: &App) -> Result<(), StoreError> {
    let (reads, writes) = app.store.waiting();
    metrics::store_waits(reads, writes);
    let now = app.clock.now();
    let queue = app.store.read(move |tx| jobs::queue(tx, now)).await?;
    metrics::jobs_are("waiting", queue.waiting);
    metrics::jobs_are("due", queue.due);
    metrics::jobs_are("failed", queue.failed);
    let since = queue.oldest_due_at.unwrap_or(now);
    metrics::oldest_job_waits(now.as_millis() - since.as_millis());
    Ok(())
}
