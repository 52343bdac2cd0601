//! Which URLs and addresses the server may call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::{AllowedDestinations, UNREACHABLE};

/// The permitted destinations of webhooks. A client that sets a webhook's URL must not be able to reach, through the
/// server, hosts that only the server can reach (SSRF).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destinations {
    /// Public addresses over https.
    Public,
    /// Public addresses over https, and the operator's list of destinations over http or https.
    PublicAnd(AllowedDestinations),
    /// Any address over http or https: for a sandbox on a developer's machine.
    Anywhere,
}

impl Destinations {
    /// Public addresses and the operator's list.
    pub fn public_and(allowed: AllowedDestinations) -> Self {
        if allowed.is_empty() {
            Self::Public
        } else {
            Self::PublicAnd(allowed)
        }
    }

    /// Checks the scheme, the credentials and the host of a URL. The addresses of a host name are checked when it is
    /// resolved.
    ///
    /// # Errors
    /// Returns the reason if the URL is never called.
    pub fn check(&self, url: &Url) -> Result<(), &'static str> {
        let host = url.host_str().unwrap_or_default();
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let is_exempt = match literal {
            Some(address) => self.exempts_address(address),
            None => self.exempts_host(host),
        };
        if !(url.scheme() == "https" || is_exempt && url.scheme() == "http") {
            return Err("an endpoint must use https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "an endpoint's URL must not contain credentials; the receiver checks the signature instead",
            );
        }
        match literal {
            Some(address) if !self.permits(address) => Err("the address is not public"),
            None if !is_exempt && is_local(host) => Err(UNREACHABLE),
            _ => Ok(()),
        }
    }

    /// Whether the server may connect to an address.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.exempts_address(address)
            || match address {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            }
    }

    /// Whether an address may be private, and called over http.
    fn exempts_address(&self, address: IpAddr) -> bool {
        match self {
            Self::Public => false,
            Self::PublicAnd(allowed) => allowed.contains_address(address),
            Self::Anywhere => true,
        }
    }

    /// Whether a host name may resolve to private addresses, and be called over http.
    pub fn exempts_host(&self, host: &str) -> bool {
        match self {
            Self::Public => false,
            Self::PublicAnd(allowed) => allowed.contains_host(host),
            Self::Anywhere => true,
        }
    }
}

/// Whether a name is the machine itself (RFC 6761, section 6.3).
fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Networks outside the public internet (RFC 6890 and the IANA registry of special-purpose addresses).
const SPECIAL_V4: [(Ipv4Addr, u32); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carrier-grade NAT (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; includes the metadata services of clouds.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    SPECIAL_V4
        .iter()
        .all(|(network, length)| (bits ^ network.to_bits()) >> (32 - length) != 0)
}

/// Networks in 2000::/3 that are not global unicast, or that contain an IPv4 address that is not checked: Teredo and
/// other protocols, documentation, 6to4.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let is_global = bits >> 125 == 1;
    is_global
        && SPECIAL_V6
            .iter()
            .all(|(network, length)| (bits ^ network.to_bits()) >> (128 - length) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_permits_public_addresses_only() {
        let forbidden = [
            "127.0.0.1",
            "127.8.8.8",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "203.0.113.9",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "fec0::1",
        ];
        for address in forbidden {
            assert!(
                !Destinations::Public.permits(address.parse().unwrap()),
                "{address}"
            );
        }
        for address in [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(
                Destinations::Public.permits(address.parse().unwrap()),
                "{address}"
            );
        }
        assert!(Destinations::Anywhere.permits("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn the_operators_list_is_permitted() {
        let destinations = Destinations::public_and("10.0.0.0/8, hooks.internal".parse().unwrap());
        for (address, is_permitted) in [
            ("10.1.2.3", true),
            ("192.168.1.1", false),
            ("8.8.8.8", true),
        ] {
            assert_eq!(destinations.permits(address.parse().unwrap()), is_permitted);
        }
        assert!(
            destinations.exempts_host("hooks.internal") && !destinations.exempts_host("internal")
        );
        let none = Destinations::public_and("".parse().unwrap());
        assert_eq!(none, Destinations::Public);
    }

    #[test]
    fn http_requires_an_exempt_host() {
        let destinations = Destinations::public_and("10.0.0.0/8, hooks.internal".parse().unwrap());
        for (url, is_permitted) in [
            ("https://hooks.example.com", true),
            ("http://hooks.example.com", false),
            ("http://hooks.internal", true),
            ("http://10.1.2.3", true),
            ("ftp://hooks.internal", false),
        ] {
            let checked = destinations.check(&url.parse().unwrap());
            assert_eq!(checked.is_ok(), is_permitted, "{url}");
        }
    }

    #[test]
    fn an_endpoint_is_public() {
        let check = |url: &str| Destinations::Public.check(&url.parse().unwrap());
        assert!(check("https://hooks.example.com:8443/a?b=c").is_ok());
        assert!(check("https://8.8.8.8/").is_ok());
        for url in [
            "http://hooks.example.com",
            "https://localhost/",
            "https://a.localhost./",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest",
            "https://user:pass@example.com/",
            "ftp://example.com/",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
        let local = "http://127.0.0.1:3000/".parse().unwrap();
        assert!(Destinations::Anywhere.check(&local).is_ok());
    }
}
