//! Destinations inside the network, which an operator names.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;

/// Networks and host names, separated by commas: `10.20.0.0/16, fd00::/8, hooks.internal`. Empty is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedDestinations(Arc<[Allowed]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    Network(IpNet),
    /// In small letters, without a dot at its end.
    Name(String),
}

impl AllowedDestinations {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the networks has an address.
    pub fn have(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|it| match it {
            Allowed::Network(network) => network.contains(&address),
            Allowed::Name(_) => false,
        })
    }

    /// Whether one of the names is this one, in any case.
    pub fn name(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|it| match it {
            Allowed::Network(_) => false,
            Allowed::Name(name) => name.eq_ignore_ascii_case(host),
        })
    }
}

impl FromStr for AllowedDestinations {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let each = text.split(',').map(|it| allowed(it.trim()));
        Ok(Self(each.collect::<Result<_, _>>()?))
    }
}

fn allowed(text: &str) -> Result<Allowed, String> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    if let Ok(address) = address.parse() {
        return network(text, address, length);
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if is_name(&name) {
        return Ok(Allowed::Name(name));
    }
    Err(format!(
        "\"{text}\" is neither an address, nor a network such as 10.20.0.0/16, nor a host name such as \
         hooks.internal, without scheme and port"
    ))
}

fn network(text: &str, address: IpAddr, length: Option<&str>) -> Result<Allowed, String> {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Ok(bits), str::parse);
    let network = length.ok().and_then(|it| IpNet::new(address, it).ok());
    let Some(network) = network else {
        return Err(format!(
            "\"{text}\" is not a network: its length is a whole number from 0 to {bits}"
        ));
    };
    if network.network() != address {
        let network = network.trunc();
        return Err(format!(
            "\"{text}\" is an address and not a network; write {network}, or the address alone"
        ));
    }
    Ok(Allowed::Network(network))
}

/// Whether text is a host name as URLs have it: not one whose last label is a number, which is an address there.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.split('.').all(is_label)
        && last.bytes().any(|it| !it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AllowedDestinations, String> {
        text.parse()
    }

    #[test]
    fn networks_and_names_are_read() {
        let allowed = read(" 10.20.0.0/16 ,fd00::/8,192.168.1.7, Hooks.Internal. ").unwrap();
        for address in [
            "10.20.0.0",
            "10.20.255.255",
            "fd12::1",
            "192.168.1.7",
            "::ffff:10.20.1.1",
        ] {
            assert!(allowed.have(address.parse().unwrap()), "{address}");
        }
        for address in [
            "10.21.0.0",
            "10.19.255.255",
            "fe80::1",
            "192.168.1.8",
            "::1",
            "127.0.0.1",
        ] {
            assert!(!allowed.have(address.parse().unwrap()), "{address}");
        }
        for (name, is_named) in [
            ("hooks.internal", true),
            ("HOOKS.internal.", true),
            ("a.hooks.internal", false),
            ("internal", false),
        ] {
            assert_eq!(allowed.name(name), is_named, "{name}");
        }
        let all = read("0.0.0.0/0").unwrap();
        assert!(all.have([127, 0, 0, 1].into()) && !all.have("::1".parse().unwrap()));
        assert!(read("").unwrap().is_empty() && read(" ").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_read_says_what_is_meant() {
        for (text, said) in [
            ("10.0.0.0/33", "from 0 to 32"),
            ("fd00::/129", "from 0 to 128"),
            ("10.0.0.0/", "from 0 to 32"),
            ("10.1.2.3/8", "write 10.0.0.0/8"),
            ("https://a.b", "without scheme and port"),
            ("a.b:80", "without scheme and port"),
            ("a.b/8", "neither an address"),
            ("10.0.0", "neither an address"),
            ("*.b", "neither an address"),
            ("a,,b", "\"\" is neither"),
            ("bücher.example", "neither an address"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(said), "{text}: {told}");
        }
    }
}
