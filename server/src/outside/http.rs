//! HTTP client for URLs that users gave, with an SSRF guard: it connects to no private network,
//! follows no redirect, uses no proxy, and has timeouts. Services that the host has configured are
//! trusted, and have a client without the guard ([`service_client`]).
//!
//! `domain/target.rs` decides which addresses are private. The check runs twice: on the URL as it
//! is written, because a client does not resolve an IP literal, and on the addresses that a name
//! resolves to. The client connects to exactly the addresses that were checked, so a name that
//! resolves to another address a moment later changes nothing.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, redirect};

use crate::domain::target::{TargetRefusal, TargetRules};

/// Timeout of a request, from connecting to the end of the response.
pub const WITHIN: Duration = Duration::from_secs(10);

/// Timeout of connecting, which is part of it.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// Maximum number of bytes that are read of a response: 64 KiB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Timeout of resolving the name, which must end before connecting times out.
const RESOLVES_WITHIN: Duration = Duration::from_secs(4);

/// Time for which an idle connection is kept for the next request.
const IDLE_FOR: Duration = Duration::from_secs(30);

/// Creates a client for a service that the host has configured, which may be on a private network.
/// Like [`UserTargets`] it follows no redirect and uses no proxy.
///
/// # Errors
/// Fails if this machine has no root certificates.
pub fn service_client(within: Duration, connects_within: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(within)
        .connect_timeout(connects_within)
        .user_agent(concat!("HumanOps/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// A client for URLs that users gave. Cheap to clone.
#[derive(Clone)]
pub struct UserTargets {
    client: Client,
    rules: TargetRules,
}

/// The response of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetResponse {
    /// The HTTP status code.
    pub status: u16,
    /// The `Retry-After` header, unparsed.
    pub retry_after: Option<String>,
    /// The first 64 KiB of the body; less if the rest did not arrive in time.
    pub body: Vec<u8>,
}

/// The reason why there was no response.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The rules do not allow this URL.
    #[error("the address {0}")]
    Refused(#[from] TargetRefusal),
    /// The name resolves to no address that may be called. The error does not say whether the name
    /// is unknown, or known and on a private network of the host, because strangers could otherwise
    /// list the names of that network.
    #[error(transparent)]
    NoAddress(#[from] NoAddress),
    /// The request failed or timed out.
    #[error("{0}")]
    Failed(String),
}

/// The name resolves to no address that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its name resolves to no address on the public internet")]
pub struct NoAddress;

impl UserTargets {
    /// Creates a client that applies these rules.
    ///
    /// # Errors
    /// Fails if this machine has no root certificates.
    pub fn new(rules: TargetRules) -> anyhow::Result<Self> {
        let client = Client::builder()
            .dns_resolver(GuardedResolver(rules.clone()))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(!rules.http)
            .referer(false)
            .timeout(WITHIN)
            .connect_timeout(CONNECTS_WITHIN)
            .pool_idle_timeout(IDLE_FOR)
            .pool_max_idle_per_host(2)
            .user_agent(concat!("HumanOps/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot create the HTTP client for callbacks")?;
        Ok(Self { client, rules })
    }

    /// Sends a POST to `address`. It is checked again, because the rules may have changed since it
    /// was stored.
    ///
    /// # Errors
    /// [`RequestError`] says whether the URL was refused or the request failed.
    pub async fn post(
        &self,
        address: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<TargetResponse, RequestError> {
        let url = self.rules.parse(address)?;
        let request = self.client.post(url).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let retry_after = response.headers().get(RETRY_AFTER);
        let mut answered = TargetResponse {
            status: response.status().as_u16(),
            retry_after: retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned())),
            body: Vec::new(),
        };
        // The status alone decides. If the body breaks off, only the log entry is shorter.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = ANSWER_BYTES_MAX - answered.body.len();
            answered.body.extend(chunk.iter().take(room));
            if chunk.len() >= room {
                break;
            }
        }
        Ok(answered)
    }
}

/// A resolver that uses the system's and returns only addresses that may be called.
struct GuardedResolver(TargetRules);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0.clone();
        Box::pin(async move {
            let lookup = tokio::net::lookup_host((name.as_str(), 0));
            let found = tokio::time::timeout(RESOLVES_WITHIN, lookup).await;
            let found = found.map_err(|_| NoAddress)?.map_err(|_| NoAddress)?;
            let allowed: Vec<SocketAddr> = found.filter(|at| rules.allows(at.ip())).collect();
            if allowed.is_empty() {
                return Err(NoAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Returns the innermost cause; the outer ones only say that the request failed.
fn failed(error: &reqwest::Error) -> RequestError {
    if error.is_timeout() {
        let seconds = WITHIN.as_secs();
        return RequestError::Failed(format!("it did not answer within {seconds} seconds"));
    }
    let mut deepest: &dyn Error = error;
    while let Some(cause) = deepest.source() {
        if cause.is::<NoAddress>() {
            return NoAddress.into();
        }
        deepest = cause;
    }
    RequestError::Failed(deepest.to_string())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn rules(private: &str) -> TargetRules {
        TargetRules {
            private: vec![private.parse().unwrap()],
            http: true,
            ports: vec!["1-65535".parse().unwrap()],
        }
    }

    async fn answering(answer: &'static str) -> (u16, tokio::task::JoinHandle<u32>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 4096];
            let _ = stream.read(&mut read).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            1
        });
        (port, served)
    }

    async fn post(rules: TargetRules, address: &str) -> Result<TargetResponse, RequestError> {
        let targets = UserTargets::new(rules).unwrap();
        targets
            .post(address, HeaderMap::new(), b"{}".to_vec())
            .await
    }

    #[tokio::test]
    async fn a_name_that_stands_for_a_private_address_is_not_connected_to() {
        let (port, served) = answering("HTTP/1.1 204 No Content\r\n\r\n").await;
        let name = hostname_of_loopback();
        let refused = post(rules("10.0.0.0/8"), &format!("http://{name}:{port}/")).await;
        assert!(refused.is_err(), "{refused:?}");
        assert!(!served.is_finished());
        let allowed = post(rules("127.0.0.0/8"), &format!("http://{name}:{port}/")).await;
        assert_eq!(allowed.unwrap().status, 204);
        assert_eq!(served.await.unwrap(), 1);
    }

    /// Returns a name, if there is one, that this machine resolves to its loopback address.
    /// `localhost` does not count, because it is refused before it is resolved.
    fn hostname_of_loopback() -> String {
        let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
        let loopback = |line: &&str| line.starts_with("127.") || line.starts_with("::1");
        let names = hosts.lines().filter(loopback);
        let mut names = names.flat_map(|line| line.split_whitespace().skip(1));
        let other = names.find(|name| !name.starts_with('#') && *name != "localhost");
        other.unwrap_or("localhost").to_owned()
    }

    #[tokio::test]
    async fn a_name_on_a_private_network_is_told_as_one_that_nobody_has() {
        let unknown = post(rules("10.0.0.0/8"), "http://no-such-name.invalid:9/").await;
        let unknown = unknown.unwrap_err();
        assert!(matches!(unknown, RequestError::NoAddress(_)), "{unknown:?}");
        let name = hostname_of_loopback();
        if name != "localhost" {
            let private = post(rules("10.0.0.0/8"), &format!("http://{name}:9/")).await;
            assert_eq!(private.unwrap_err().to_string(), unknown.to_string());
        }
    }

    #[tokio::test]
    async fn a_literal_of_a_private_address_is_refused_without_a_connection() {
        let (port, served) = answering("").await;
        let refused = post(rules("10.0.0.0/8"), &format!("http://127.0.0.1:{port}/")).await;
        assert!(
            matches!(refused, Err(RequestError::Refused(_))),
            "{refused:?}"
        );
        assert!(!served.is_finished());
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nRetry-After: 7\r\n\
                     Content-Length: 2\r\n\r\nno";
        let (port, _served) = answering(moved).await;
        let answered = post(rules("127.0.0.1/32"), &format!("http://127.0.0.1:{port}/")).await;
        let answered = answered.unwrap();
        assert_eq!(
            (answered.status, answered.body.as_slice()),
            (302, &b"no"[..])
        );
        assert_eq!(answered.retry_after.as_deref(), Some("7"));
    }

    #[tokio::test]
    async fn the_first_64_kib_of_an_answer_are_read() {
        let long = "x".repeat(70_000);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}",
            long.len()
        );
        let (port, _served) = answering(String::leak(head)).await;
        let answered = post(rules("127.0.0.1/32"), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(answered.unwrap().body.len(), ANSWER_BYTES_MAX);
    }
}
