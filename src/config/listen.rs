//! An address to listen on.

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;
use tokio::net::lookup_host;

/// An address to listen on: an IP address or a host name, and a port. Without a host, as in `:8080`, it means every
/// address of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// Empty for every address of the machine.
    host: String,
    port: u16,
}

/// Why a string is not an address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "write a host and a port, such as 127.0.0.1:8080, [::1]:8080, localhost:8080, or :8080 for every address of the \
     machine"
)]
pub struct ListenAddressError;

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let (host, port) = text.rsplit_once(':').ok_or(ListenAddressError)?;
        let is_port = !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_port);
        let host = match host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            Some(address) if address.parse::<Ipv6Addr>().is_ok() => address,
            None if host.chars().all(is_name_character) => host,
            _ => return Err(ListenAddressError),
        };
        Ok(Self {
            host: host.to_owned(),
            port: port.ok_or(ListenAddressError)?,
        })
    }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._".contains(character)
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl ListenAddress {
    /// Returns the addresses to try, in order. A host name is resolved, IPv4 addresses first. For every address, the
    /// order is `[::]`, which also accepts IPv4, then `0.0.0.0` for a machine without IPv6.
    ///
    /// # Errors
    /// Returns an [`io::Error`] if the host name cannot be resolved.
    pub async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        if self.host.is_empty() {
            let addresses = [[0; 8].into(), [0, 0, 0, 0].into()];
            return Ok(addresses.map(|it| SocketAddr::new(it, self.port)).to_vec());
        }
        let mut found: Vec<_> = lookup_host((&*self.host, self.port)).await?.collect();
        // Clients of a host name such as localhost mostly use IPv4.
        found.sort_by_key(|it| !it.is_ipv4());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_and_ports() {
        for text in [
            "127.0.0.1:8080",
            "[::1]:0",
            "localhost:80",
            ":8080",
            "my-host.internal:1",
        ] {
            let address: ListenAddress = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "here", "8080", "", ":", "host:", "::1:80", "h:+1", "h:70000", "[x]:1", "a b:1",
            "h/x:1",
        ] {
            assert_eq!(
                text.parse::<ListenAddress>(),
                Err(ListenAddressError),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn resolves_names_and_every_address() {
        let resolve = async |text: &str| text.parse::<ListenAddress>().expect(text).resolve().await;
        let every = resolve(":8080").await.expect("addresses");
        assert!(
            every
                .iter()
                .all(|it| it.ip().is_unspecified() && it.port() == 8080)
        );
        let named = resolve("localhost:81").await.expect("addresses");
        assert!(
            named
                .iter()
                .all(|it| it.ip().is_loopback() && it.port() == 81)
        );
    }
}
