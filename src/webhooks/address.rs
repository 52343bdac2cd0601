//! Which URLs are called, and how they are resolved.

use std::net::IpAddr;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::validation::{Code, Fault};
use crate::values::{Destinations, absolute_url};

/// Resolves names to addresses that may be connected to, and to nothing else. What is resolved is
/// what is connected to, so that a name cannot change in between.
#[derive(Debug, Clone)]
pub struct Resolver(pub Destinations);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let destinations = self.0.clone();
        Box::pin(async move {
            let is_allowed = destinations.allow_name(name.as_str());
            // Who names a URL learns nothing of the names inside the network.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| NOWHERE)?;
            let allowed: Vec<_> = found
                .filter(|it| is_allowed || destinations.take(it.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(NOWHERE.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What is said of a name that does not exist, and in the same words of one that leads to addresses that may not
/// be connected to.
pub const NOWHERE: &str = "the host name does not exist, or has no address that may be called";
/// What is said of an address that may not be connected to.
const FORBIDDEN: &str = "the address is not one of the public internet";

/// The URL of an endpoint.
///
/// # Errors
/// `length` or `format`; `forbidden_destination` for one that is never called.
pub fn endpoint(sent: &str, destinations: &Destinations) -> Result<String, Fault> {
    let text: &str = absolute_url(sent)?;
    let url = Url::parse(text).map_err(|_| forbidden("It cannot be read as a URL."))?;
    check(&url, destinations)
        .map_err(|why| forbidden(&format!("Deliveries cannot be sent here: {why}.")))?;
    Ok(text.to_owned())
}

/// Says why a URL is never called, if it is not. A name is looked at when it is resolved.
///
/// # Errors
/// What is wrong with it.
pub fn check(url: &Url, destinations: &Destinations) -> Result<(), &'static str> {
    let host = url.host_str().unwrap_or_default();
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_allowed = match literal {
        Some(address) => destinations.allow_address(address),
        None => destinations.allow_name(host),
    };
    if !Destinations::take_scheme(url.scheme(), is_allowed) {
        return Err("an endpoint is called over https alone");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an endpoint is called without user and password; check the signature there");
    }
    match literal {
        Some(address) if !destinations.take(address) => Err(FORBIDDEN),
        None if !is_allowed && is_local(host) => Err(NOWHERE),
        _ => Ok(()),
    }
}

/// Names that lead to the machine itself (RFC 6761, section 6.3).
fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn forbidden(message: &str) -> Fault {
    Fault::new(Code::ForbiddenDestination, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_public() {
        let take = |url| endpoint(url, &Destinations::Public);
        assert!(take("https://hooks.example.com:8443/a?b=c").is_ok());
        assert!(take("https://8.8.8.8/").is_ok());
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
            assert!(take(url).is_err(), "{url}");
        }
        assert!(endpoint("http://127.0.0.1:3000/", &Destinations::Anywhere).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let resolve = |it| Resolver(it).resolve("localhost".parse().unwrap());
        assert!(resolve(Destinations::Public).await.is_err());
        assert!(resolve(Destinations::Anywhere).await.is_ok());
    }
}
