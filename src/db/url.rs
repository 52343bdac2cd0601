//! `DATABASE_URL`: one host or several, as libpq reads them.

use std::str::FromStr;

use form_urlencoded::{Serializer, parse};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use super::Hosts;
use super::access::Access;

/// Why `DATABASE_URL` names no database. What it says is not repeated: it has a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    #[error(
        "DATABASE_URL is not a URL of PostgreSQL, such as postgres://user:password@host/database or, with \
         several hosts, postgres://user:password@host1:5432,host2:5432/database?target_session_attrs=read-write"
    )]
    Malformed,
    #[error(
        "the {part} in DATABASE_URL has an unescaped {character}: write %{code:02X} instead",
        code = u32::from(*character)
    )]
    Unescaped { part: &'static str, character: char },
    #[error(
        "DATABASE_URL names {hosts} hosts and {ports} ports: name one port, or one for each host"
    )]
    Ports { hosts: usize, ports: usize },
    #[error(
        "target_session_attrs in DATABASE_URL must be read-write, primary or any, since Dossier writes; it is {0}"
    )]
    Target(String),
}

/// Which sessions are used (`target_session_attrs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// All of them; one that cannot write is used for reads alone.
    #[default]
    Any,
    /// Those that can write.
    ReadWrite,
    /// Those of a server that is not in recovery.
    Primary,
}

impl Target {
    /// Whether sessions with this access are used at all.
    pub(super) fn admits(self, access: Access) -> bool {
        match self {
            Self::Any => true,
            Self::ReadWrite => access.can_write(),
            Self::Primary => access != Access::Standby,
        }
    }
}

impl FromStr for Target {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        match text {
            "any" => Ok(Self::Any),
            "read-write" => Ok(Self::ReadWrite),
            "primary" => Ok(Self::Primary),
            _ => {
                let text: String = text.chars().filter(|it| !it.is_control()).collect();
                Err(UrlError::Target(text.chars().take(40).collect()))
            }
        }
    }
}

impl UrlError {
    fn unescaped(part: &'static str, character: char) -> Self {
        Self::Unescaped { part, character }
    }
}

impl FromStr for Hosts {
    type Err = UrlError;

    /// The hosts of a URL: `postgres://user:password@host1:5432,host2:5433/database?target_session_attrs=read-write`.
    /// As in libpq, the parameters `host` and `port` replace those before the path and may be lists, an IPv6 address
    /// is in brackets, and the folder of a Unix socket is percent-encoded. All other parameters hold for each host.
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
        let (user, places) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        let parameters = Parameters::read(query)?;
        let places = parameters.places(places)?;
        let hosts = places.iter().map(|place| {
            let (host, query) = (&place.authority, parameters.query_for(place));
            let url = format!("{scheme}://{user}{host}{path}?{query}");
            let options = PgConnectOptions::from_str(&url).map_err(|_| UrlError::Malformed)?;
            // It is connected to by its address, which has no brackets.
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

/// Refuses a URL whose user or password has a character that ends it. `rest` is what follows the scheme; the last @
/// stands before the hosts.
fn refuse_unescaped(rest: &str) -> Result<(), UrlError> {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let name = query.split('=').next().unwrap_or_default();
    let credentials = match rest.rfind('@') {
        // The name of a parameter has no @, and a value may have one.
        Some(at) if at < before.len() || name.contains('@') => rest.get(..at).unwrap_or_default(),
        _ => "",
    };
    let Some(at) = credentials.find(['#', '?', '/']) else {
        // Nothing of a URL of PostgreSQL is a fragment.
        let is_unescaped = rest.contains('#');
        return if is_unescaped {
            Err(UrlError::unescaped("name or value", '#'))
        } else {
            Ok(())
        };
    };
    let (read, rest) = credentials.split_at(at);
    let part = if read.contains(':') {
        "password"
    } else {
        "user"
    };
    Err(UrlError::unescaped(
        part,
        rest.chars().next().unwrap_or('#'),
    ))
}

/// The parameters of a URL: those that say which server is called, and all others.
#[derive(Debug, Default)]
struct Parameters {
    target: Target,
    hosts: Vec<String>,
    ports: Vec<String>,
    others: Vec<(String, String)>,
}

/// Where one server listens.
#[derive(Debug)]
struct Place {
    /// The host, perhaps with its port, as written before the path.
    authority: String,
    /// What parameters say instead.
    host: Option<String>,
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
        // An address saves the look-up of the name.
        if !addresses.is_empty() {
            read.hosts = addresses;
        }
        Ok(read)
    }

    /// The places that the parameters name, or those that stand before the path.
    fn places(&self, before_path: &str) -> Result<Vec<Place>, UrlError> {
        // Without any host libpq takes its default.
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
        // One port is that of every host.
        let ports = self.ports.iter().cycle().cloned().map(Some);
        let ports = ports.chain(std::iter::repeat(None)).take(count);
        if self.hosts.is_empty() {
            let places = authorities.into_iter().zip(ports);
            let places = places.map(|(authority, port)| Place {
                authority,
                host: None,
                port,
            });
            return Ok(places.collect());
        }
        let hosts = self.hosts.iter().cloned().zip(ports);
        let places = hosts.map(|(host, port)| Place {
            // The parser takes a user only in front of a host.
            authority: "localhost".to_owned(),
            host: Some(host),
            port,
        });
        Ok(places.collect())
    }

    fn query_for(&self, place: &Place) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.others);
        query.extend_pairs(place.host.iter().map(|it| ("host", it)));
        query.extend_pairs(place.port.iter().map(|it| ("port", it)));
        query.finish()
    }
}

/// The entries of a list, none of which is empty.
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

    fn places(url: &str) -> Vec<(String, u16)> {
        let hosts: Hosts = url.parse().unwrap();
        let places = hosts.list().iter();
        places
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
    fn reads_one_host_as_before() {
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
            places("postgresql:///name?host=h&port=5433"),
            named(&[("h", 5433)])
        );
        assert_eq!(places("postgres://u@h:5433/name"), named(&[("h", 5433)]));
    }

    #[test]
    fn reads_several_hosts_with_their_ports() {
        let url =
            "postgres://u:p@h1:5433,h2,[2001:db8::1]:5434/name?target_session_attrs=read-write";
        assert_eq!(
            places(url),
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
            places("postgres://h1,h2/d?port=6000"),
            named(&[("h1", 6000), ("h2", 6000)])
        );
    }

    #[test]
    fn reads_hosts_from_parameters() {
        let url =
            "postgres://u:p@ignored:1/name?host=h1,h2&port=5433,5434&target_session_attrs=primary";
        assert_eq!(places(url), named(&[("h1", 5433), ("h2", 5434)]));
        assert_eq!(url.parse::<Hosts>().unwrap().target(), Target::Primary);
        let url = "postgres:///name?host=h1,h2&hostaddr=10.0.0.1,10.0.0.2";
        assert_eq!(
            places(url),
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
            assert_eq!(places(url), named(&[(host, port)]), "{url}");
        }
    }

    #[test]
    fn names_the_part_with_an_unescaped_character() {
        for (url, words) in [
            (
                "postgres://u:se#cret@h/d",
                "the password in DATABASE_URL has an unescaped #: write %23",
            ),
            (
                "postgres://u:se?cret@h/d",
                "the password in DATABASE_URL has an unescaped ?: write %3F",
            ),
            (
                "postgres://u:se/cret@h/d",
                "the password in DATABASE_URL has an unescaped /: write %2F",
            ),
            (
                "postgres://u:12?secret@h:1/d?sslmode=disable",
                "the password in DATABASE_URL has an unescaped ?",
            ),
            (
                "postgres://us#er:secret@h/d",
                "the user in DATABASE_URL has an unescaped #",
            ),
            (
                "postgres://u:secret@h/d#x",
                "the name or value in DATABASE_URL has an unescaped #",
            ),
        ] {
            let told = url.parse::<Hosts>().expect_err(url).to_string();
            assert!(told.contains(words), "{told}");
            assert!(!told.contains("cret"), "{told}");
        }
        for url in [
            "postgres://u:s%23%3F%2F@h/d",
            "postgres://h/d?application_name=a@b",
            "postgres://u:p@h/d?options=-c%20x=a@b",
        ] {
            assert!(url.parse::<Hosts>().is_ok(), "{url}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_read_without_the_password() {
        let refused = |url: &str| url.parse::<Hosts>().unwrap_err().to_string();
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@h1,,h2/d",
            "postgres://u:secret@h:x/d",
        ] {
            let told = refused(url);
            assert!(told.starts_with("DATABASE_URL is not a URL"), "{told}");
            assert!(!told.contains("secret"), "{told}");
        }
        let told = refused("postgres://u:secret@h1,h2,h3/d?port=1,2");
        assert!(told.contains("3 hosts and 2 ports"), "{told}");
        for other in ["standby", "read-only", "prefer-standby", "", "Read-Write"] {
            let told = refused(&format!(
                "postgres://u:secret@h/d?target_session_attrs={other}"
            ));
            assert!(
                told.contains("must be read-write, primary or any"),
                "{told}"
            );
        }
    }
}
