//! The operator's list of destinations inside the network.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;

/// Networks and host names, separated by commas: `10.20.0.0/16, fd00::/8, hooks.internal`. May be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedDestinations(Arc<[Allowed]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    Network(IpNet),
    /// In lower case, without a trailing dot.
    Name(String),
}

impl AllowedDestinations {
    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the networks contains an address.
    pub fn contains_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|it| match it {
            Allowed::Network(network) => network.contains(&address),
            Allowed::Name(_) => false,
        })
    }

    /// Whether one of the names is this host, ignoring case.
    pub fn contains_host(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|it| match it {
            Allowed::Network(_) => false,
            Allowed::Name(name) => name.eq_ignore_ascii_case(host),
        })
    }
}

impl FromStr for AllowedDestinations {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        if list.trim().is_empty() {
            return Ok(Self::default());
        }
        let entries = list.split(',').map(|it| allowed(it.trim()));
        Ok(Self(entries.collect::<Result<_, _>>()?))
    }
}

fn allowed(entry: &str) -> Result<Allowed, String> {
    let (address, length) = match entry.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (entry, None),
    };
    if let Ok(address) = address.parse() {
        return network(entry, address, length);
    }
    let name = entry
        .strip_suffix('.')
        .unwrap_or(entry)
        .to_ascii_lowercase();
    if is_name(&name) {
        return Ok(Allowed::Name(name));
    }
    Err(format!(
        "\"{entry}\" is not an address, a network (10.20.0.0/16) or a host name without scheme and port (a.internal)"
    ))
}

fn network(entry: &str, address: IpAddr, length: Option<&str>) -> Result<Allowed, String> {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Ok(bits), str::parse);
    let network = length.ok().and_then(|it| IpNet::new(address, it).ok());
    let Some(network) = network else {
        return Err(format!(
            "\"{entry}\" is not a network: its length must be an integer from 0 to {bits}"
        ));
    };
    if network.network() != address {
        let network = network.trunc();
        return Err(format!(
            "\"{entry}\" is an address with a length; write {network} for the network, or the address without a length"
        ));
    }
    Ok(Allowed::Network(network))
}

/// Whether a string is a host name. In a URL, a host whose last label is a number is an IPv4 address (WHATWG URL).
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.split('.').all(is_label)
        && last.bytes().any(|it| !it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &str) -> Result<AllowedDestinations, String> {
        list.parse()
    }

    #[test]
    fn parses_networks_and_names() {
        let allowed = parse(" 10.20.0.0/16 ,fd00::/8,192.168.1.7, Hooks.Internal. ").unwrap();
        for address in [
            "10.20.0.0",
            "10.20.255.255",
            "fd12::1",
            "192.168.1.7",
            "::ffff:10.20.1.1",
        ] {
            assert!(
                allowed.contains_address(address.parse().unwrap()),
                "{address}"
            );
        }
        for address in [
            "10.21.0.0",
            "10.19.255.255",
            "fe80::1",
            "192.168.1.8",
            "::1",
            "127.0.0.1",
        ] {
            assert!(
                !allowed.contains_address(address.parse().unwrap()),
                "{address}"
            );
        }
        for (name, is_named) in [
            ("hooks.internal", true),
            ("HOOKS.internal.", true),
            ("a.hooks.internal", false),
            ("internal", false),
        ] {
            assert_eq!(allowed.contains_host(name), is_named, "{name}");
        }
        let all = parse("0.0.0.0/0").unwrap();
        assert!(
            all.contains_address([127, 0, 0, 1].into())
                && !all.contains_address("::1".parse().unwrap())
        );
        assert!(parse("").unwrap().is_empty() && parse(" ").unwrap().is_empty());
    }

    #[test]
    fn an_invalid_entry_returns_a_message_with_the_valid_form() {
        for (list, expected) in [
            ("10.0.0.0/33", "from 0 to 32"),
            ("fd00::/129", "from 0 to 128"),
            ("10.0.0.0/", "from 0 to 32"),
            ("10.1.2.3/8", "write 10.0.0.0/8"),
            ("https://a.b", "without scheme and port"),
            ("a.b:80", "without scheme and port"),
            ("a.b/8", "not an address"),
            ("10.0.0", "not an address"),
            ("*.b", "not an address"),
            ("a,,b", "\"\" is not an address"),
            ("bücher.example", "not an address"),
        ] {
            let message = parse(list).unwrap_err();
            assert!(message.contains(expected), "{list}: {message}");
        }
    }
}
