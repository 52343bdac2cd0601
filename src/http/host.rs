//! The `Host` header.

use axum::extract::Request;
use axum::http::Version;
use axum::http::header::HOST;
use axum::http::uri::Authority;

use super::Problem;
use crate::validation::{Code, Fault};

/// Checks that an HTTP/1.1 request has one `Host` with a host and an optional port (RFC 9112, section 3.2). Otherwise a
/// proxy and this server could disagree about the host. HTTP/1.0 has no such header.
///
/// # Errors
/// Returns [`Problem::InvalidHeader`] (400) if there is none, several, or an invalid one.
pub fn check_host(request: &Request) -> Result<(), Problem> {
    let refuse = |message: &str| Err(Problem::header("Host", Fault::new(Code::Format, message)));
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return refuse("A request must have one Host header; several were sent.");
    }
    match host {
        None if request.version() < Version::HTTP_11 => Ok(()),
        None => refuse("An HTTP/1.1 request must have a Host header with the host of the server."),
        Some(host) if is_valid(host.as_bytes()) => Ok(()),
        Some(_) => refuse(
            "This must be a host with an optional port, such as kyb.example.com or 127.0.0.1:8080.",
        ),
    }
}

/// Whether the value is `uri-host [ ":" port ]` (RFC 9110, section 7.2). The host of an `http` URI is not empty.
fn is_valid(host: &[u8]) -> bool {
    let authority = Authority::try_from(host);
    authority.is_ok_and(|it| {
        let has_user = it.as_str().contains('@');
        let port = it.as_str().strip_prefix(it.host()).unwrap_or_default();
        // The port can be empty.
        let is_port = port.is_empty() || port == ":" || it.port_u16().is_some();
        !has_user && !it.host().is_empty() && is_port
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validates_hosts() {
        for host in [
            "a",
            "kyb.example.com",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "a:",
            "a_b:1",
        ] {
            assert!(is_valid(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":80", "a b", "u@a", "a:x", "a:70000", "a/b", "a?b", "http://a", "a,b c", "[::1",
        ] {
            assert!(!is_valid(host.as_bytes()), "{host}");
        }
    }
}
