//! An address to listen on, given as an IP address or as a name.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::Context;

use super::error::ConfigError;

/// A host, by address or by name, and a port: `127.0.0.1:8787`, `[::1]:8787`, `localhost:8787`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen(String);

impl FromStr for Listen {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let named = text.rsplit_once(':').is_some_and(|(host, port)| {
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(letters) && port.parse::<u16>().is_ok()
        });
        if named || text.parse::<SocketAddr>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err(ConfigError(
            "must be an address or a name with a port, such as 127.0.0.1:8787, [::1]:8787 or \
             localhost:8787",
        ))
    }
}

impl Listen {
    /// Returns all addresses of the name, IPv4 first. The server listens on the first one.
    ///
    /// # Errors
    /// Fails if the name cannot be resolved.
    pub async fn resolve(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host(&self.0)
            .await
            .with_context(|| format!("cannot resolve {self}"))?;
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(SocketAddr::is_ipv6);
        anyhow::ensure!(!found.is_empty(), "{self} resolves to no address");
        Ok(found)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_an_address_or_a_name_with_a_port() {
        for good in [
            "127.0.0.1:0",
            "[::1]:8787",
            "localhost:8787",
            "a-b.example:1",
        ] {
            assert!(good.parse::<Listen>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "8787",
            ":8787",
            "localhost",
            "::1:8787",
            "http://a:1",
            "a:65536",
            "a b:1",
        ] {
            assert!(bad.parse::<Listen>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn localhost_is_this_machine_with_ipv4_first() {
        let listen: Listen = "localhost:8787".parse().unwrap();
        let found = listen.resolve().await.unwrap();
        assert!(
            found
                .iter()
                .all(|it| it.ip().is_loopback() && it.port() == 8787),
            "{found:?}"
        );
        assert_eq!(found[0].to_string(), "127.0.0.1:8787");
    }
}
