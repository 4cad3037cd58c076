//! `GET /metrics` for Prometheus, on a listener of its own (METRICS_LISTEN): the metrics are for
//! the host only, and the public listener does not serve them. The metrics are defined in
//! `crate::metrics`.

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
use crate::metrics;
use crate::serve::connections::{self, ConnectionLimits};
use crate::store::{StoreError, jobs};

/// Binds the listener for Prometheus and installs the metrics recorder.
///
/// # Errors
/// Fails if the address is taken, or if this process already has a recorder.
pub async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, PrometheusHandle)> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (METRICS_LISTEN)"))?;
    Ok((listener, metrics::count()?))
}

/// Maximum number of open connections to the metrics listener.
const CONNECTIONS_MAX: u32 = 64;

/// Serves `GET /metrics` on this listener until `stop` is cancelled.
pub async fn serve(
    app: App,
    (listener, handle): (TcpListener, PrometheusHandle),
    stop: CancellationToken,
) {
    let router = Router::new()
        .route("/metrics", get(tell))
        .with_state((app, handle));
    connections::serve(
        listener,
        router,
        ConnectionLimits::of(CONNECTIONS_MAX),
        stop,
    )
    .await;
}

async fn tell(State((app, handle)): State<(App, PrometheusHandle)>) -> impl IntoResponse {
    if let Err(error) = measure(&app).await {
        // The counters are served even if the database cannot be queried.
        tracing::warn!(%error, "the queue could not be measured");
    }
    handle.run_upkeep();
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, handle.render())
}

/// Updates the metrics that are measured on request, rather than counted as events happen.
async fn measure(app: &App) -> Result<(), StoreError> {
    let (reads, writes) = app.store.waiting();
    metrics::store_waits(reads, writes);
    let now = app.clock.now();
    let queue = app.store.read(move |tx| jobs::queue_stats(tx, now)).await?;
    metrics::jobs_are("waiting", queue.waiting);
    metrics::jobs_are("due", queue.due);
    metrics::jobs_are("failed", queue.failed);
    let since = queue.oldest_due_at.unwrap_or(now);
    metrics::oldest_job_waits(now.as_millis() - since.as_millis());
    Ok(())
}
