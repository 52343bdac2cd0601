//! Parsing `DATABASE_URL`, with one or several hosts, as libpq does.

use std::str::FromStr;

use form_urlencoded::{Serializer, parse};
use sqlx::postgres::PgConnectOptions;

use super::Hosts;
use super::target::Target;
use super::url_error::{UrlError, refuse_unescaped};

impl FromStr for Hosts {
    type Err = UrlError;

    /// Parses `postgres://user:password@host1:5432,host2:5433/database?target_session_attrs=read-write`. As in libpq,
    /// the parameters `host` and `port` may be lists and replace the hosts and ports before the path, an IPv6 address
    /// is in brackets, and the folder of a Unix socket is percent-encoded. All other parameters apply to every host.
    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Malformed)?;
        if !["postgres", "postgresql"].contains(&scheme) {
            return Err(UrlError::Malformed);
        }
        refuse_unescaped(rest)?;
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match before.find('/') {
            Some(at) => before.split_at(at),
            None => (before, ""),
        };
        let (user, hosts) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        let parameters = Parameters::read(query)?;
        let entries = parameters.entries(hosts)?;
        let hosts = entries.iter().map(|entry| {
            let (host, query) = (&entry.authority, parameters.query_for(entry));
            let url = format!("{scheme}://{user}{host}{path}?{query}");
            let options = PgConnectOptions::from_str(&url).map_err(|_| UrlError::Malformed)?;
            // A connection needs the address of IPv6 without its brackets.
            let host = options.get_host();
            let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
            Ok(match address.map(str::to_owned) {
                Some(address) => options.host(&address),
                None => options,
            })
        });
        let hosts = hosts.collect::<Result<_, _>>()?;
        Ok(Self::new(hosts, parameters.target))
    }
}

/// The parameters of a URL: those that select hosts and sessions, and all others.
#[derive(Debug, Default)]
struct Parameters {
    target: Target,
    hosts: Vec<String>,
    ports: Vec<String>,
    others: Vec<(String, String)>,
}

/// One host of a URL.
#[derive(Debug)]
struct HostEntry {
    /// The host and optional port before the path.
    authority: String,
    /// The host of the parameters, which replaces the one of the authority.
    host: Option<String>,
    /// The port of the parameters.
    port: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, UrlError> {
        let mut read = Self::default();
        let mut addresses = Vec::new();
        for (name, value) in parse(query.as_bytes()) {
            match &*name {
                "target_session_attrs" => read.target = value.parse()?,
                "host" => read.hosts = list(&value)?,
                "hostaddr" => addresses = list(&value)?,
                "port" => read.ports = list(&value)?,
                _ => read.others.push((name.into_owned(), value.into_owned())),
            }
        }
        // With an address, the name need not be resolved.
        if !addresses.is_empty() {
            read.hosts = addresses;
        }
        Ok(read)
    }

    /// Returns the hosts of the parameters, or else those before the path.
    fn entries(&self, before_path: &str) -> Result<Vec<HostEntry>, UrlError> {
        // Without any host, libpq uses its default.
        let authorities = match before_path {
            "" => vec![String::new()],
            text => list(text)?,
        };
        let count = match self.hosts.len() {
            0 => authorities.len(),
            count => count,
        };
        let ports = self.ports.len();
        if ports > 1 && ports != count {
            return Err(UrlError::Ports {
                hosts: count,
                ports,
            });
        }
        // A single port applies to every host.
        let ports = self.ports.iter().cycle().cloned().map(Some);
        let ports = ports.chain(std::iter::repeat(None)).take(count);
        if self.hosts.is_empty() {
            let entries = authorities.into_iter().zip(ports);
            let entries = entries.map(|(authority, port)| HostEntry {
                authority,
                host: None,
                port,
            });
            return Ok(entries.collect());
        }
        let hosts = self.hosts.iter().cloned().zip(ports);
        let entries = hosts.map(|(host, port)| HostEntry {
            // The parser accepts a user only before a host.
            authority: "localhost".to_owned(),
            host: Some(host),
            port,
        });
        Ok(entries.collect())
    }

    fn query_for(&self, entry: &HostEntry) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.others);
        query.extend_pairs(entry.host.iter().map(|it| ("host", it)));
        query.extend_pairs(entry.port.iter().map(|it| ("port", it)));
        query.finish()
    }
}

/// Splits a list at its commas. No entry may be empty.
fn list(text: &str) -> Result<Vec<String>, UrlError> {
    let entries: Vec<_> = text.split(',').map(str::to_owned).collect();
    if entries.iter().any(String::is_empty) {
        return Err(UrlError::Malformed);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::ConnectOptions;

    use super::*;

    fn addresses(url: &str) -> Vec<(String, u16)> {
        let hosts: Hosts = url.parse().unwrap();
        let hosts = hosts.list().iter();
        hosts
            .map(|it| (it.get_host().to_owned(), it.get_port()))
            .collect()
    }

    fn named(names: &[(&str, u16)]) -> Vec<(String, u16)> {
        names
            .iter()
            .map(|(host, port)| ((*host).to_owned(), *port))
            .collect()
    }

    #[test]
    fn reads_one_host() {
        let hosts: Hosts = "postgres://u:p%40,w@db.internal/name?sslmode=disable"
            .parse()
            .unwrap();
        let [one] = hosts.list() else {
            panic!("one host")
        };
        assert_eq!((one.get_host(), one.get_port()), ("db.internal", 5432));
        assert_eq!(
            (one.get_username(), one.get_database()),
            ("u", Some("name"))
        );
        assert!(one.to_url_lossy().as_str().contains("p%40%2Cw"));
        assert_eq!(hosts.target(), Target::Any);
        assert_eq!(
            addresses("postgresql:///name?host=h&port=5433"),
            named(&[("h", 5433)])
        );
        assert_eq!(addresses("postgres://u@h:5433/name"), named(&[("h", 5433)]));
    }

    #[test]
    fn reads_several_hosts_with_their_ports() {
        let url =
            "postgres://u:p@h1:5433,h2,[2001:db8::1]:5434/name?target_session_attrs=read-write";
        assert_eq!(
            addresses(url),
            named(&[("h1", 5433), ("h2", 5432), ("2001:db8::1", 5434)])
        );
        let hosts: Hosts = url.parse().unwrap();
        assert_eq!(hosts.target(), Target::ReadWrite);
        for one in hosts.list() {
            assert_eq!(
                (one.get_username(), one.get_database()),
                ("u", Some("name"))
            );
        }
        assert_eq!(
            addresses("postgres://h1,h2/d?port=6000"),
            named(&[("h1", 6000), ("h2", 6000)])
        );
    }

    #[test]
    fn reads_hosts_from_parameters() {
        let url =
            "postgres://u:p@ignored:1/name?host=h1,h2&port=5433,5434&target_session_attrs=primary";
        assert_eq!(addresses(url), named(&[("h1", 5433), ("h2", 5434)]));
        assert_eq!(url.parse::<Hosts>().unwrap().target(), Target::Primary);
        let url = "postgres:///name?host=h1,h2&hostaddr=10.0.0.1,10.0.0.2";
        assert_eq!(
            addresses(url),
            named(&[("10.0.0.1", 5432), ("10.0.0.2", 5432)])
        );
    }

    #[test]
    fn reads_folders_of_unix_sockets() {
        for url in [
            "postgres://u@%2Frun%2Fone,%2Frun%2Ftwo:5433/name",
            "postgres://u@/name?host=/run/one,/run/two&port=5432,5433",
        ] {
            let hosts: Hosts = url.parse().unwrap();
            let sockets = hosts
                .list()
                .iter()
                .map(|it| (it.get_socket().cloned(), it.get_port()));
            let expected = [("/run/one", 5432), ("/run/two", 5433)];
            let expected = expected.map(|(path, port)| (Some(Path::new(path).to_owned()), port));
            assert_eq!(sockets.collect::<Vec<_>>(), expected, "{url}");
        }
    }

    #[test]
    fn reads_addresses_of_ipv6() {
        for (url, host) in [
            ("postgres://u@[::1]/db", "::1"),
            ("postgres://u:p@[2001:db8::7]:6000/db", "2001:db8::7"),
            ("postgres:///db?host=::1", "::1"),
            ("postgres:///db?host=[::1]", "::1"),
        ] {
            let port = if url.contains("6000") { 6000 } else { 5432 };
            assert_eq!(addresses(url), named(&[(host, port)]), "{url}");
        }
    }

    #[test]
    fn refuses_invalid_urls_without_repeating_the_password() {
        let refused = |url: &str| url.parse::<Hosts>().unwrap_err().to_string();
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@h1,,h2/d",
            "postgres://u:secret@h:x/d",
        ] {
            let message = refused(url);
            assert!(
                message.starts_with("DATABASE_URL is not a URL"),
                "{message}"
            );
            assert!(!message.contains("secret"), "{message}");
        }
        let message = refused("postgres://u:secret@h1,h2,h3/d?port=1,2");
        assert!(message.contains("3 hosts and 2 ports"), "{message}");
        for other in ["standby", "read-only", "prefer-standby", "", "Read-Write"] {
            let message = refused(&format!(
                "postgres://u:secret@h/d?target_session_attrs={other}"
            ));
            assert!(
                message.contains("must be read-write, primary or any"),
                "{message}"
            );
        }
    }
}
