//! The addresses that the server may connect to for a URL that a client chose, and their DNS resolution.

mod allowlist;
mod policy;
mod resolver;

pub use allowlist::AllowedDestinations;
pub use policy::Destinations;
pub use resolver::{Resolver, UNREACHABLE};
