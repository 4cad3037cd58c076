//! The client address that requests are counted for: the peer of the connection, or the address
//! that a trusted proxy forwards. Authentication is in `auth.rs`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap, HeaderName};

use crate::config::limits::{ForwardedHeader, TrustedProxies};

/// The remote address of the connection. The listener adds it to each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Returns the address that a request is counted for. Only what a trusted proxy wrote is believed:
/// in its header the rightmost address that is not a trusted proxy's own. Everything further left
/// was written by somebody else.
pub fn of(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &TrustedProxies,
    header: ForwardedHeader,
) -> IpAddr {
    let mut hop = peer(extensions);
    if !proxies.contain(hop) {
        return network(hop);
    }
    for stated in forwarded(headers, header).into_iter().rev() {
        let Some(address) = address(&stated) else {
            break;
        };
        hop = address;
        if !proxies.contain(hop) {
            break;
        }
    }
    network(hop)
}

/// Returns whether a program on this machine that is not a trusted proxy names the client. It is
/// almost certainly a proxy that the host forgot to list.
pub fn is_forgotten_proxy(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &TrustedProxies,
    header: ForwardedHeader,
) -> bool {
    let peer = peer(extensions);
    peer.is_loopback() && !proxies.contain(peer) && headers.contains_key(name_of(header))
}

fn peer(extensions: &Extensions) -> IpAddr {
    let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let peer = extensions.get::<Peer>();
    peer.map_or(unknown, |Peer(peer)| peer.ip().to_canonical())
}

fn name_of(header: ForwardedHeader) -> HeaderName {
    match header {
        ForwardedHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
        ForwardedHeader::Forwarded => HeaderName::from_static("forwarded"),
    }
}

/// Returns the addresses in the header that the proxies write, in their order.
fn forwarded(headers: &HeaderMap, header: ForwardedHeader) -> Vec<String> {
    let lines = headers.get_all(name_of(header)).into_iter();
    lines
        .map(|line| line.to_str().unwrap_or_default())
        .flat_map(|line| line.split(','))
        .map(|element| match header {
            ForwardedHeader::XForwardedFor => element.trim().to_owned(),
            ForwardedHeader::Forwarded => speaks_for(element).to_owned(),
        })
        .collect()
}

/// Returns the `for` of one element of `Forwarded` (RFC 7239 §4).
fn speaks_for(element: &str) -> &str {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
        .map_or("", |(_, value)| value.trim().trim_matches('"'))
}

/// Parses an address, with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = alone.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

/// Reduces an IPv6 address to its /64 network. A household or a machine usually has a whole /64,
/// and so counts as one client.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let subnet = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(subnet))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn counted(peer: &str, proxies: &str, name: &'static str, stated: &'static str) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static(name),
            HeaderValue::from_static(stated),
        )]);
        let header = match name {
            "forwarded" => ForwardedHeader::Forwarded,
            _ => ForwardedHeader::XForwardedFor,
        };
        of(&extensions, &headers, &proxies.parse().unwrap(), header).to_string()
    }

    #[test]
    fn a_header_is_believed_from_a_trusted_proxy_alone() {
        let stated = |proxies| counted("10.0.0.1:80", proxies, "x-forwarded-for", "203.0.113.9");
        assert_eq!(stated(""), "10.0.0.1");
        assert_eq!(stated("192.168.0.0/16"), "10.0.0.1");
        assert_eq!(stated("192.168.0.0/16,10.0.0.0/8"), "203.0.113.9");
        assert_eq!(stated("10.0.0.1"), "203.0.113.9");
    }

    #[test]
    fn of_many_hops_the_rightmost_that_is_not_trusted_counts() {
        for (stated, counts) in [
            // A caller who writes the header itself gains nothing by it.
            ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
            ("6.6.6.6, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
            ("10.0.0.9, 10.0.0.7", "10.0.0.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("6.6.6.6, nonsense", "10.0.0.1"),
            ("6.6.6.6, nonsense, 10.0.0.7", "10.0.0.7"),
            ("", "10.0.0.1"),
        ] {
            let counted = counted("10.0.0.1:80", "10.0.0.0/8", "x-forwarded-for", stated);
            assert_eq!(counted, counts, "{stated}");
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        for (stated, counts) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::"),
            ("for=6.6.6.6, for=\"192.0.2.43:80\"", "192.0.2.43"),
            ("for=6.6.6.6, for=unknown", "10.0.0.1"),
        ] {
            let counted = counted("10.0.0.1:80", "10.0.0.0/8", "forwarded", stated);
            assert_eq!(counted, counts, "{stated}");
        }
    }

    #[test]
    fn ipv6_counts_by_its_first_64_bits_and_ipv4_inside_it_as_ipv4() {
        let alone = |peer| counted(peer, "", "x-forwarded-for", "");
        assert_eq!(alone("[2001:db8:1:2:3:4:5:6]:9"), "2001:db8:1:2::");
        assert_eq!(alone("[::ffff:192.0.2.1]:9"), "192.0.2.1");
    }
}
