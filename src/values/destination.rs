//! Where the server may connect to in somebody else's name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::AllowedDestinations;

/// The destinations of webhooks. Who may name a URL must not reach, through the server, what only
/// the server can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destinations {
    /// Public addresses over https.
    Public,
    /// These too, and what the operator names, over http too.
    PublicAnd(AllowedDestinations),
    /// Any address, over http too: for a sandbox on a machine of one's own.
    Anywhere,
}

impl Destinations {
    /// Public addresses, and what the operator names.
    pub fn public_and(allowed: AllowedDestinations) -> Self {
        if allowed.is_empty() {
            Self::Public
        } else {
            Self::PublicAnd(allowed)
        }
    }

    /// Whether a URL with this scheme may be called. Over plain http only where what it names is allowed by name
    /// or address, whoever else can be reached.
    pub fn take_scheme(scheme: &str, is_allowed: bool) -> bool {
        scheme == "https" || (is_allowed && scheme == "http")
    }

    /// Whether any address and any name may be called, or the operator has named this address.
    pub fn allow_address(&self, address: IpAddr) -> bool {
        match self {
            Self::Public => false,
            Self::PublicAnd(allowed) => allowed.have(address),
            Self::Anywhere => true,
        }
    }

    /// Whether any address and any name may be called, or the operator has named this host.
    pub fn allow_name(&self, host: &str) -> bool {
        match self {
            Self::Public => false,
            Self::PublicAnd(allowed) => allowed.name(host),
            Self::Anywhere => true,
        }
    }

    /// Whether an address may be connected to.
    pub fn take(&self, address: IpAddr) -> bool {
        self.allow_address(address)
            || match address {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            }
    }
}

/// Networks that are not of the public internet (RFC 6890 and the registry that it began).
const SPECIAL_V4: [(Ipv4Addr, u32); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by the customers of a carrier (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; the metadata services of clouds are here.
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

/// Of what is globally unicast (2000::/3), those networks that are not, or that lead to an IPv4
/// address that nobody has checked: Teredo and other protocols, documentation, 6to4.
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
    fn only_the_public_internet_is_reached() {
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
                !Destinations::Public.take(address.parse().unwrap()),
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
                Destinations::Public.take(address.parse().unwrap()),
                "{address}"
            );
        }
        assert!(Destinations::Anywhere.take("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_the_operator_names_is_reached_too() {
        let destinations = Destinations::public_and("10.0.0.0/8, hooks.internal".parse().unwrap());
        for (address, is_taken) in [
            ("10.1.2.3", true),
            ("192.168.1.1", false),
            ("8.8.8.8", true),
        ] {
            assert_eq!(destinations.take(address.parse().unwrap()), is_taken);
        }
        assert!(destinations.allow_name("hooks.internal") && !destinations.allow_name("internal"));
        let none = Destinations::public_and("".parse().unwrap());
        assert_eq!(none, Destinations::Public);
    }

    #[test]
    fn plain_http_is_for_what_is_allowed() {
        for (scheme, is_allowed, is_taken) in [
            ("https", false, true),
            ("http", false, false),
            ("http", true, true),
            ("file", true, false),
        ] {
            let taken = Destinations::take_scheme(scheme, is_allowed);
            assert_eq!(taken, is_taken, "{scheme}");
        }
    }
}
