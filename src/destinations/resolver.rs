//! DNS resolution that is limited to permitted addresses.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Destinations;

/// The error for a name that does not exist and for a name without a permitted address. It is the same for both, so
/// that the author of a URL cannot find out which names exist inside the network.
pub const UNREACHABLE: &str = "the host name does not exist, or has no address that may be called";

/// Resolves names to permitted addresses only. The client connects to the addresses returned here, so the name cannot
/// resolve to another address between the check and the connection (DNS rebinding).
#[derive(Debug, Clone)]
pub struct Resolver(pub Destinations);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let destinations = self.0.clone();
        Box::pin(async move {
            let is_exempt = destinations.exempts_host(name.as_str());
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| UNREACHABLE)?;
            let permitted: Vec<_> = found
                .filter(|it| is_exempt || destinations.permits(it.ip()))
                .collect();
            if permitted.is_empty() {
                return Err(UNREACHABLE.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_of_a_private_address_is_not_resolved() {
        let resolve = |it| Resolver(it).resolve("localhost".parse().unwrap());
        assert!(resolve(Destinations::Public).await.is_err());
        assert!(resolve(Destinations::Anywhere).await.is_ok());
    }
}
