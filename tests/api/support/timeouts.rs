//! Timeouts of the tests and of their servers.

use std::time::Duration;

use dossier::db::{Deadline, Timeouts};
use dossier::http::Limits;

/// Upper bound of every wait in a test, even on a busy machine. A test that waits this long fails.
pub const LONG: Duration = Duration::from_secs(120);
/// Timeout of every wait of a test's server, longer than any test.
const ENDLESS: Duration = Duration::from_secs(600);

/// Limits under which a server never times out a request because the machine is busy.
pub fn limits() -> Limits {
    Limits {
        request: ENDLESS,
        ..Limits::default()
    }
}

/// Database timeouts that no test reaches.
pub fn timeouts() -> Timeouts {
    Timeouts {
        statement: ENDLESS,
        connection: ENDLESS,
        read: ENDLESS,
        lock: ENDLESS,
    }
}

/// Creates an HTTP client.
pub fn client() -> reqwest::Client {
    // Fails if a provider is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(LONG);
    client.build().expect("a client")
}

/// A deadline that no unit of work reaches.
pub fn deadline() -> Deadline {
    Deadline::after(LONG)
}
