//! Settings of limits: requests a minute, trusted proxies, connections. They are applied by
//! `http/layer/rate_limit/`, `http/extract/client.rs` and `connections/`.

use std::net::IpAddr;
use std::str::FromStr;

use clap::{Args, ValueEnum, value_parser};
use ipnet::IpNet;

/// The limits of each client and of the server (contract §8).
#[derive(Clone, Debug, Args)]
pub struct LimitSettings {
    /// Requests a minute of one client (an IPv4 address, or a /64 of IPv6) at one path, or `off`.
    #[arg(
        long,
        env = "RATE_LIMIT",
        default_value = "100",
        value_name = "NUMBER|off"
    )]
    pub rate_limit: RateLimit,

    /// The same for POST /operator/upload.
    #[arg(
        long,
        env = "RATE_LIMIT_UPLOAD",
        default_value = "10",
        value_name = "NUMBER|off"
    )]
    pub rate_limit_upload: RateLimit,

    /// Networks of trusted proxies, such as `10.0.0.0/8`. The client addresses that they send are
    /// believed.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true,
        value_name = "CIDR,…"
    )]
    pub trusted_proxies: TrustedProxies,

    /// Header in which the proxies send the client address. They must write it themselves.
    #[arg(
        long,
        env = "FORWARDED_HEADER",
        value_enum,
        ignore_case = true,
        default_value = "x-forwarded-for"
    )]
    pub forwarded_header: ForwardedHeader,

    /// Maximum number of open connections.
    #[arg(
        long,
        env = "CONNECTIONS_MAX",
        default_value_t = 8192,
        value_parser = value_parser!(u32).range(1..),
        value_name = "NUMBER"
    )]
    pub connections_max: u32,
}

/// An invalid limit, described in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongLimit(&'static str);

/// The maximum number of requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimit {
    /// There is no limit.
    Off,
    /// At most this number of requests a minute.
    PerMinute(u32),
}

impl FromStr for RateLimit {
    type Err = WrongLimit;

    fn from_str(text: &str) -> Result<Self, WrongLimit> {
        match text.parse() {
            Ok(number @ 1..) => Ok(Self::PerMinute(number)),
            _ if text == "off" => Ok(Self::Off),
            _ => Err(WrongLimit("must be off, or a whole number of at least 1")),
        }
    }
}

/// The header in which a proxy names the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForwardedHeader {
    /// The header `X-Forwarded-For: client, proxy`.
    #[value(name = "x-forwarded-for")]
    XForwardedFor,
    /// The header `Forwarded: for=client` (RFC 7239).
    #[value(name = "forwarded")]
    Forwarded,
}

/// The networks of the host's own proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Returns whether no proxy is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the address belongs to a trusted proxy.
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = WrongLimit;

    fn from_str(text: &str) -> Result<Self, WrongLimit> {
        let texts = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let networks: Result<_, _> = texts.map(network).collect();
        networks.map(Self)
    }
}

/// Parses a network, or an address as a network of one.
///
/// # Errors
/// Fails for a text that is neither, and for two kinds of networks that would not do what they say:
/// an address inside a network with the network's prefix length, and IPv4 written as IPv6, because
/// a peer's address is compared as IPv4.
pub fn network(text: &str) -> Result<IpNet, WrongLimit> {
    let text = text.trim();
    let alone = text.parse::<IpAddr>().map(IpNet::from);
    let network: IpNet = (alone.or_else(|_| text.parse())).map_err(|_| {
        WrongLimit("must be addresses or networks such as 10.0.0.0/8, separated by commas")
    })?;
    if network.addr() != network.network() {
        return Err(WrongLimit(
            "the bits of a network after its prefix must be zero: 10.0.0.0/8 and not 10.1.2.3/8",
        ));
    }
    if matches!(network, IpNet::V6(it) if it.addr().to_ipv4_mapped().is_some()) {
        return Err(WrongLimit(
            "IPv4 networks must be written in IPv4 notation, such as 10.0.0.0/8",
        ));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        limits: LimitSettings,
    }

    #[test]
    fn defaults_are_what_the_contract_gives() {
        let Line { limits } = Line::parse_from(["humanops"]);
        assert_eq!(limits.rate_limit, RateLimit::PerMinute(100));
        assert_eq!(limits.rate_limit_upload, RateLimit::PerMinute(10));
        assert_eq!(limits.trusted_proxies, TrustedProxies::default());
    }

    #[test]
    fn a_limit_is_a_number_or_off_and_a_proxy_an_address_or_a_network() {
        for (line, taken) in [
            ("--rate-limit=off", true),
            ("--rate-limit=0", false),
            ("--rate-limit=many", false),
            (
                "--trusted-proxies=10.0.0.0/8, 192.0.2.1,2001:db8::/32",
                true,
            ),
            ("--trusted-proxies=proxy.example.com", false),
            ("--trusted-proxies=10.1.2.3/8", false),
            ("--trusted-proxies=::ffff:10.0.0.0/104", false),
            ("--trusted-proxies=10.0.0.0/33", false),
            ("--forwarded-header=Forwarded", true),
            ("--forwarded-header=x-real-ip", false),
            ("--connections-max=0", false),
        ] {
            assert_eq!(
                Line::try_parse_from(["humanops", line]).is_ok(),
                taken,
                "{line}"
            );
        }
    }
}
