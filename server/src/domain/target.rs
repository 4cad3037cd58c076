//! SSRF guard: decides which URLs from users the server may call, such as callbacks and push
//! endpoints.
//!
//! A URL is checked twice: as text, here by [`TargetRules::parse`], and after its name is resolved,
//! by `outside/http.rs`, which calls [`TargetRules::allows`] for every address that it would
//! connect to. URLs that the host configures are not checked.

use api_types::strings::URL_CHARS_MAX;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::Value;
use url::{Host, Url};

use super::fields::{Parsed, text, wrong};

/// IPv4 blocks outside the public internet: this network, private, shared, loopback, link-local,
/// protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
const PRIVATE_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// All IPv6 addresses that have been assigned as public; `::`, `::1`, `fc00::/7`, `fe80::/10`,
/// `ff00::/8`, `100::/64` and all future blocks are outside.
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// IPv6 blocks within the public range that are not the public internet: protocol assignments
/// (including Teredo), and documentation.
const PRIVATE_V6: [Ipv6Net; 3] = [
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x3fff, 0, 0], 20),
];

/// IPv6 blocks with an IPv4 address in the last 32 bits: mapped, and translated (NAT64).
const V4_AT_THE_END: [Ipv6Net; 2] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    v6([0x64, 0xff9b, 0], 96),
];

/// IPv6 block with an IPv4 address after the first 16 bits: 6to4.
const V4_AFTER_THE_START: Ipv6Net = v6([0x2002, 0, 0], 16);

const fn v4(octets: [u8; 4], bits: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(start: [u16; 3], bits: u8) -> Ipv6Net {
    let [a, b, c] = start;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

/// What the host allows in addition to https to the public internet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetRules {
    /// Private networks that may be called.
    pub private: Vec<IpNet>,
    /// Whether http is allowed. For development only, because the data can be read in transit.
    pub http: bool,
    /// Allowed ports in addition to the default port of the scheme.
    pub ports: Vec<Ports>,
}

/// A port or a range of ports: `8443`, `3000-3999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    first: u16,
    last: u16,
}

/// The text is neither a port nor a range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a port or a range of ports, such as 8443 or 3000-3999")]
pub struct PortsError;

impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let read = |port: &str| port.trim().parse::<u16>().ok().filter(|port| *port > 0);
        match (read(first), read(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(PortsError),
        }
    }
}

/// Why a URL may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetRefusal {
    /// The text is not an absolute URL of an allowed scheme.
    #[error("must be an absolute {} address", if *.http { "https or http" } else { "https" })]
    Scheme {
        /// Whether http is allowed.
        http: bool,
    },
    /// The URL holds a user name or a password.
    #[error("must not hold a user name or a password")]
    UserInfo,
    /// The host does not allow this port.
    #[error("must not use port {0}, which this server does not call")]
    Port(u16),
    /// The address is not on the public internet.
    #[error("must be on the public internet, and {0} is not")]
    Private(IpAddr),
}

impl TargetRules {
    /// Parses a URL and checks it as text. The addresses of its name are checked when it is called.
    ///
    /// # Errors
    /// [`TargetRefusal`] states the rule that the URL breaks.
    pub fn parse(&self, text: &str) -> Result<Url, TargetRefusal> {
        let scheme = TargetRefusal::Scheme { http: self.http };
        let url = Url::parse(text).map_err(|_| scheme)?;
        if url.scheme() != "https" && !(self.http && url.scheme() == "http") {
            return Err(scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetRefusal::UserInfo);
        }
        let port = url.port().filter(|port| {
            let covers = |ports: &Ports| (ports.first..=ports.last).contains(port);
            !self.ports.iter().any(covers)
        });
        if let Some(port) = port {
            return Err(TargetRefusal::Port(port));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(name)) => {
                is_this_machine(name).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
            }
            None => return Err(scheme),
        };
        match literal.filter(|ip| !self.allows(*ip)) {
            Some(ip) => Err(TargetRefusal::Private(ip)),
            None => Ok(url),
        }
    }

    /// Returns a reader of a body's field, which keeps the text as it was sent.
    pub fn field(&self) -> impl Fn(&Value) -> Parsed<String> {
        move |value| {
            let read = text(1..=URL_CHARS_MAX)(value)?;
            match self.parse(&read) {
                Ok(_) => Ok(read),
                Err(refusal) => wrong(refusal.to_string()),
            }
        }
    }

    /// Returns whether a connection to `ip` is allowed.
    pub fn allows(&self, ip: IpAddr) -> bool {
        let plain = match ip {
            IpAddr::V6(ip) => v4_inside(ip).map_or(IpAddr::V6(ip), IpAddr::V4),
            v4 => v4,
        };
        let allowed = |block: &IpNet| block.contains(&ip) || block.contains(&plain);
        is_public(plain) || self.private.iter().any(allowed)
    }
}

/// Returns whether a name means this machine. Such names are loopback, whatever a resolver answers
/// (RFC 6761 §6.3).
fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !PRIVATE_V4.iter().any(|block| block.contains(&ip)),
        IpAddr::V6(ip) => {
            PUBLIC_V6.contains(&ip) && !PRIVATE_V6.iter().any(|block| block.contains(&ip))
        }
    }
}

/// Returns the IPv4 address that a connection to `ip` would reach.
fn v4_inside(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, _, a, b, c, d, .., w, x, y, z] = ip.octets();
    if V4_AT_THE_END.iter().any(|block| block.contains(&ip)) {
        Some(Ipv4Addr::new(w, x, y, z))
    } else {
        V4_AFTER_THE_START
            .contains(&ip)
            .then_some(Ipv4Addr::new(a, b, c, d))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strict() -> TargetRules {
        TargetRules::default()
    }

    fn allowing(block: &str) -> TargetRules {
        TargetRules {
            private: vec![block.parse().unwrap()],
            ..TargetRules::default()
        }
    }

    /// The table as dependencies and RFC 6890 print it, read from text rather than from the
    /// constants above.
    const REFUSED: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16
        172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15
        198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/128 ::1/128 fc00::/7 fe80::/10
        ff00::/8 2001:db8::/32 100::/64 2001::/32 fec0::/10 ::127.0.0.1/128 64:ff9b:1::/48
        ::ffff:0:10.0.0.1/128 5f00::/16 3fff::/20";

    fn refused_blocks() -> Vec<IpNet> {
        let blocks = REFUSED.split_whitespace();
        blocks.map(|block| block.parse().unwrap()).collect()
    }

    fn carriers(ip: Ipv4Addr) -> [Ipv6Addr; 3] {
        let [a, b, c, d] = ip.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        [
            ip.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 1, 2, 3, 4, 5),
        ]
    }

    proptest! {
        #[test]
        fn no_address_of_a_refused_block_is_called(bits in any::<u128>()) {
            for block in refused_blocks() {
                let ip = match block {
                    IpNet::V4(net) => {
                        let host = u32::from(net.hostmask()) & (bits as u32);
                        IpAddr::V4((u32::from(net.network()) | host).into())
                    }
                    IpNet::V6(net) => {
                        let host = u128::from(net.hostmask()) & bits;
                        IpAddr::V6((u128::from(net.network()) | host).into())
                    }
                };
                prop_assert!(!strict().allows(ip), "{ip} of {block}");
                if let IpAddr::V4(inner) = ip {
                    for carrier in carriers(inner) {
                        prop_assert!(!strict().allows(carrier.into()), "{carrier} holds {ip}");
                    }
                }
            }
        }

        #[test]
        fn what_the_standard_library_calls_private_is_refused(bits in any::<u32>()) {
            let ip = Ipv4Addr::from(bits);
            let private = ip.is_private() || ip.is_loopback() || ip.is_link_local()
                || ip.is_multicast() || ip.is_broadcast() || ip.is_documentation()
                || ip.is_unspecified();
            prop_assert!(!private || !strict().allows(ip.into()));
        }

        #[test]
        fn an_ipv4_is_judged_alike_in_every_form(bits in any::<u32>()) {
            let ip = Ipv4Addr::from(bits);
            let listed = refused_blocks().iter().any(|block| block.contains(&IpAddr::V4(ip)));
            prop_assert_eq!(strict().allows(ip.into()), !listed, "{}", ip);
            for carrier in carriers(ip) {
                prop_assert_eq!(strict().allows(carrier.into()), !listed, "{}", carrier);
            }
        }

        #[test]
        fn an_allowed_network_opens_itself_and_no_more(bits in any::<u32>(), host in any::<u32>()) {
            let rules = allowing("10.20.0.0/16");
            let inside = Ipv4Addr::from(0x0a14_0000 | (host & 0xffff));
            prop_assert!(rules.allows(inside.into()));
            prop_assert!(carriers(inside).into_iter().all(|ip| rules.allows(ip.into())));
            let ip = IpAddr::V4(bits.into());
            let opened = "10.20.0.0/16".parse::<IpNet>().unwrap().contains(&ip);
            prop_assert_eq!(rules.allows(ip), strict().allows(ip) || opened);
        }
    }

    #[test]
    fn the_neighbours_of_a_refused_block_are_called() {
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::",
            "2606:4700::1",
            "2a00::1",
            "2001:db7:ffff::1",
            "2001:db9::",
            "3ffe::1",
        ] {
            assert!(strict().allows(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_address_is_judged_as_browsers_read_it() {
        for bad in [
            "http://example.com/",
            "https://user@example.com/",
            "https://:p@example.com/",
            "https://example.com:22/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "https://a.LOCALHOST./",
            "https://１２７.0.0.1/",
            "https://169.254.169.254/latest/",
            "ftp://example.com/",
            "https:///",
            "/hook",
            "",
            "https://example.com:0/",
        ] {
            assert!(strict().parse(bad).is_err(), "{bad}");
        }
        for good in [
            "https://example.com/hook?x=1",
            "https://example.com:443/",
            "https://8.8.8.8",
        ] {
            assert!(strict().parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_host_can_open_ports_http_and_networks() {
        let rules = TargetRules {
            http: true,
            ports: vec!["3000-3999".parse().unwrap(), "8443".parse().unwrap()],
            ..allowing("127.0.0.0/8")
        };
        for good in [
            "http://example.com",
            "https://a.example:3500",
            "http://localhost:8443/x",
        ] {
            assert!(rules.parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com:4000",
            "http://10.0.0.1",
            "ws://example.com",
        ] {
            assert!(rules.parse(bad).is_err(), "{bad}");
        }
        for bad in ["0", "9-1", "x", "1-", "70000", ""] {
            assert_eq!(bad.parse::<Ports>(), Err(PortsError), "{bad}");
        }
    }
}
