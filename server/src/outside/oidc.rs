//! Client of the OpenID Connect issuer that the host configures: its metadata and its public
//! keys, which are cached.
//!
//! Keys are fetched again when they are older than the issuer allows, and for a token whose key is
//! not known, at most once a minute; requests that wait at the same time share one fetch. While the
//! issuer cannot be reached, the keys of the last fetch stay in use. Until a first fetch succeeds
//! no token can be verified, and a fetch is tried every five seconds.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use api_types::Timestamp;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use reqwest::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use reqwest::{Client, StatusCode};

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::jwt::UnverifiedToken;
use crate::domain::oidc_issuer::{IssuerKeys, IssuerMetadata};
use crate::outside::http;

/// Timeout of a request, from connecting to the end of the response.
const WITHIN: Duration = Duration::from_secs(5);

/// Timeout of connecting, which is part of it.
const CONNECTS_WITHIN: Duration = Duration::from_secs(3);

/// Maximum size of a document in bytes: 512 KiB.
const DOCUMENT_BYTES_MAX: usize = 512 * 1024;

/// Minimum time between two fetches while keys are cached.
const REFETCHES_AFTER: Duration = Duration::from_secs(60);

/// Minimum time between two fetches while nothing is cached.
pub const RETRIES_AFTER: Duration = Duration::from_secs(5);

/// How long a request waits for keys that it can do without.
const WAITS: Duration = Duration::from_secs(1);

/// The time for which keys are used without another fetch: what the issuer says, within these
/// limits.
const FRESH_MIN: Duration = Duration::from_secs(5 * 60);
const FRESH_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The same for an issuer that says nothing.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);

/// The issuer cannot be reached, and its keys are not cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the OpenID Connect issuer cannot be reached")]
pub struct IssuerUnreachable;

/// A client of the issuer. Cheap to clone.
#[derive(Clone)]
pub struct OidcIssuer(Arc<Inner>);

struct Inner {
    issuer: String,
    client_id: String,
    client: Client,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    published: Option<Published>,
    tried_at: Option<Timestamp>,
    has_failed: bool,
    fetch: Option<Shared<BoxFuture<'static, ()>>>,
}

/// What the issuer publishes, as of the last fetch that succeeded.
#[derive(Clone)]
struct Published {
    metadata: Arc<IssuerMetadata>,
    keys: Arc<IssuerKeys>,
    fresh_until: Timestamp,
}

impl OidcIssuer {
    /// Creates a client from the settings, or returns `None` if they name no issuer.
    ///
    /// # Errors
    /// Fails if this machine has no root certificates.
    pub fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let settings = &config.oidc;
        let Some((issuer, client_id)) =
            (settings.oidc_issuer.clone()).zip(settings.oidc_client_id.clone())
        else {
            return Ok(None);
        };
        let client = http::service_client(WITHIN, CONNECTS_WITHIN)
            .context("cannot create the HTTP client for the OpenID Connect issuer")?;
        Ok(Some(Self(Arc::new(Inner {
            issuer,
            client_id,
            client,
            cache: Mutex::default(),
        }))))
    }

    /// Returns the issuer as its tokens name it.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Returns the id of our client at the issuer.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// Verifies the signature of a token. Returns false if none of the issuer's keys has signed it.
    ///
    /// # Errors
    /// [`IssuerUnreachable`] if that cannot be known now.
    pub async fn verify(
        &self,
        token: &UnverifiedToken,
        now: Timestamp,
    ) -> Result<bool, IssuerUnreachable> {
        let has_key = |published: &Published| published.keys.has_key_for(token);
        let published = self
            .published(now, has_key)
            .await
            .ok_or(IssuerUnreachable)?;
        // The key may be a new one, if the last fetch failed.
        if !has_key(&published) && self.0.cache().has_failed {
            return Err(IssuerUnreachable);
        }
        Ok(published.keys.verify(token))
    }

    /// Returns the metadata of the issuer.
    ///
    /// # Errors
    /// [`IssuerUnreachable`] if it was never read.
    pub async fn metadata(&self, now: Timestamp) -> Result<Arc<IssuerMetadata>, IssuerUnreachable> {
        let published = self
            .published(now, |_| true)
            .await
            .ok_or(IssuerUnreachable)?;
        Ok(published.metadata)
    }

    /// Returns the metadata of the issuer, if it was read already.
    pub fn cached_metadata(&self) -> Option<Arc<IssuerMetadata>> {
        let published = self.0.cache().published.clone();
        published.map(|published| published.metadata)
    }

    /// Fetches the keys until they are there.
    pub async fn warm_up(self, clock: Arc<dyn Clock>) {
        while self.metadata(clock.now()).await.is_err() {
            tokio::time::sleep(RETRIES_AFTER).await;
        }
    }

    /// Returns what the issuer publishes, after a fetch if that is needed and allowed now.
    async fn published(
        &self,
        now: Timestamp,
        is_enough: impl Fn(&Published) -> bool,
    ) -> Option<Published> {
        let cached = self.0.cache().published.clone();
        let enough = cached.as_ref().is_some_and(&is_enough);
        if enough && cached.as_ref().is_some_and(|it| now < it.fresh_until) {
            return cached;
        }
        if let Some(fetch) = self.fetch(now) {
            // The fetch itself has a timeout too, and goes on when nobody waits for it.
            let waits = if enough { WAITS } else { Duration::MAX };
            drop(tokio::time::timeout(waits, fetch).await);
        }
        self.0.cache().published.clone()
    }

    /// Returns the running fetch, or a new one if the last one was long enough ago.
    fn fetch(&self, now: Timestamp) -> Option<Shared<BoxFuture<'static, ()>>> {
        let mut cache = self.0.cache();
        if cache.fetch.is_some() {
            return cache.fetch.clone();
        }
        let pause = match cache.published {
            Some(_) => REFETCHES_AFTER,
            None => RETRIES_AFTER,
        };
        if cache.tried_at.is_some_and(|at| now < at.after(pause)) {
            return None;
        }
        cache.tried_at = Some(now);
        let inner = Arc::clone(&self.0);
        let fetch = async move { inner.renew(now).await }.boxed().shared();
        cache.fetch = Some(fetch.clone());
        // A task of its own, so that a client that hangs up does not end the fetch of the others.
        tokio::spawn(fetch.clone());
        Some(fetch)
    }
}

impl Inner {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self, now: Timestamp) {
        let read = self.read(now).await;
        let mut cache = self.cache();
        let issuer = &self.issuer;
        match (&read, cache.has_failed) {
            (Err(problem), false) => tracing::warn!(issuer, "OpenID Connect issuer: {problem}"),
            (Err(problem), true) => tracing::debug!(issuer, "OpenID Connect issuer: {problem}"),
            (Ok(_), true) => tracing::info!(issuer, "the OpenID Connect issuer answers again"),
            (Ok(_), false) => {}
        }
        cache.has_failed = read.is_err();
        cache.published = read.ok().or(cache.published.take());
        cache.fetch = None;
    }

    /// Reads the metadata, and then the keys.
    async fn read(&self, now: Timestamp) -> Result<Published, String> {
        let base = self.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let (document, _) = self.get(&url).await?;
        let metadata = IssuerMetadata::parse(&document, &self.issuer)
            .map_err(|problem| format!("{url} {problem}"))?;
        let url = &metadata.jwks_uri;
        let (document, headers) = self.get(url).await?;
        let keys = IssuerKeys::parse(&document);
        let keys = keys.ok_or_else(|| format!("{url} has no key that can verify a token"))?;
        Ok(Published {
            metadata: Arc::new(metadata),
            keys: Arc::new(keys),
            fresh_until: now.after(fresh_for(&headers)),
        })
    }

    async fn get(&self, url: &str) -> Result<(Vec<u8>, HeaderMap), String> {
        let request = self.client.get(url).header(ACCEPT, "application/json");
        let failed = |error: reqwest::Error| format!("{url}: {}", cause(&error));
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(format!("{url} answers {}", response.status()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            document.extend_from_slice(&chunk);
            if document.len() > DOCUMENT_BYTES_MAX {
                return Err(format!(
                    "{url} answers more than {DOCUMENT_BYTES_MAX} bytes"
                ));
            }
        }
        Ok((document, response.headers().clone()))
    }
}

/// Returns the innermost cause; the outer ones only say that the request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

/// Returns for how long keys that came with these headers are used.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let directives = headers.get_all(CACHE_CONTROL).into_iter();
    let mut directives = directives
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let stated = directives.find_map(|directive| match directive.split_once('=') {
        Some(("max-age", age)) => Some(age.trim_matches('"').parse().unwrap_or(u64::MAX)),
        None if directive == "no-store" || directive == "no-cache" => Some(0),
        _ => None,
    });
    let stated = stated.map_or(FRESH_FOR, Duration::from_secs);
    stated.clamp(FRESH_MIN, FRESH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fresh_for_what_the_issuer_says_within_limits() {
        let of = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.extend(value.map(|value| (CACHE_CONTROL, value.parse().unwrap())));
            fresh_for(&headers).as_secs()
        };
        assert_eq!(of(None), 60 * 60);
        assert_eq!(of(Some("public, max-age=900")), 900);
        assert_eq!(of(Some("Max-Age=\"900\"")), 900);
        for short in ["max-age=0", "max-age=299", "no-store", "private, no-cache"] {
            assert_eq!(of(Some(short)), 300, "{short}");
        }
        for long in ["max-age=86401", "max-age=99999999999999999999999"] {
            assert_eq!(of(Some(long)), 86_400, "{long}");
        }
        assert_eq!(of(Some("public")), 60 * 60);
    }
}
