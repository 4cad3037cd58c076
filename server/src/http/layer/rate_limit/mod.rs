//! Fixed-window rate limiter: at most so many requests a minute of one client to one path template
//! (contract §8).
//!
//! Windows are the minutes of the clock, and each starts at zero. A single server counts in memory.
//! Where several servers share a database, they take the requests of a minute from one row of
//! `rate_window`, a few at a time: each takes as many as it has served already, and fewer towards
//! the limit, so that a busy client costs few writes and the sum over all servers never exceeds the
//! limit.
//!
//! Every path under `/api/` is limited; unknown paths count as one. Health checks, the documents
//! and the app are not limited. The response headers follow
//! draft-ietf-httpapi-ratelimit-headers-11.

mod counter;

use std::sync::{Arc, Once};

use api_types::paths;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::limits::RateLimit;
use crate::http::error;
use crate::http::extract::client;
use counter::{RateLimiter, WINDOW, seconds_left};

/// The state of the layer. Cheap to clone.
#[derive(Clone)]
pub struct RateLimits {
    app: App,
    limiter: Arc<RateLimiter>,
    /// Whether the log names the proxy that TRUSTED_PROXIES does not list.
    warned: Arc<Once>,
}

impl RateLimits {
    /// Creates the state with nothing counted.
    pub fn new(app: App) -> Self {
        Self {
            app,
            limiter: Arc::default(),
            warned: Arc::new(Once::new()),
        }
    }
}

/// A rate limit with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RatePolicy {
    name: &'static str,
    limit: u32,
}

/// Runs a request if its client has quota left in this window, and adds the rate limit headers.
pub async fn layer(
    State(RateLimits {
        app,
        limiter,
        warned,
    }): State<RateLimits>,
    request: Request,
    next: Next,
) -> Response {
    let Some((policy, template)) = policy(&app, &request) else {
        return next.run(request).await;
    };
    let limits = &app.config.limits;
    let (proxies, header) = (&limits.trusted_proxies, limits.forwarded_header);
    let (extensions, headers) = (request.extensions(), request.headers());
    let client = client::of(extensions, headers, proxies, header);
    if client::is_forgotten_proxy(extensions, headers, proxies, header) {
        warned.call_once(|| {
            tracing::warn!(
                "A proxy on this machine names its clients, and TRUSTED_PROXIES does not list it, \
                 so all of them share one rate limit. Set TRUSTED_PROXIES=127.0.0.1 (or ::1)."
            );
        });
    }
    let now = app.clock.now();
    let begins_at = limiter.begin(&app, now);
    let quota = limiter
        .count(&app, (client, template), policy.limit, begins_at)
        .await;
    let reset = seconds_left(begins_at, now);
    let mut response = if quota.admitted {
        next.run(request).await
    } else {
        error::rate_limited(policy.limit, reset).into_response()
    };
    add_headers(response.headers_mut(), policy, quota.remaining, reset);
    response
}

fn policy(app: &App, request: &Request) -> Option<(RatePolicy, String)> {
    if !request.uri().path().starts_with("/api/") {
        return None;
    }
    let matched = request.extensions().get::<MatchedPath>();
    let template = matched.map_or("(other)", MatchedPath::as_str);
    let is_upload = template == paths::UPLOAD && request.method() == Method::POST;
    let limits = &app.config.limits;
    let (name, limit) = if is_upload {
        ("upload", limits.rate_limit_upload)
    } else {
        ("default", limits.rate_limit)
    };
    // RATE_LIMIT=off switches off all limits.
    let (RateLimit::PerMinute(_), RateLimit::PerMinute(limit)) = (limits.rate_limit, limit) else {
        return None;
    };
    let template = if is_upload {
        format!("POST {template}")
    } else {
        template.to_owned()
    };
    Some((RatePolicy { name, limit }, template))
}

fn add_headers(headers: &mut HeaderMap, policy: RatePolicy, remaining: u32, reset: u32) {
    let RatePolicy { name, limit } = policy;
    let window = WINDOW.as_secs();
    let fields = [
        (
            "ratelimit-policy",
            format!("\"{name}\";q={limit};w={window}"),
        ),
        ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(field), value);
        }
    }
}
