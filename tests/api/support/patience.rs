//! How long a test waits, and its server.

use std::time::Duration;

use dossier::db::{Deadline, Timeouts};
use dossier::http::Limits;

/// More than anything that a test waits for takes on a machine that is busy with other things. A test that
/// waits as long has failed.
pub const LONG: Duration = Duration::from_secs(120);
/// What the server of a test has for each wait: so much that no test meets the end of it.
const ENDLESS: Duration = Duration::from_secs(600);

/// The limits of a server that gives no request up because the machine is busy.
pub fn limits() -> Limits {
    Limits {
        request: ENDLESS,
        ..Limits::default()
    }
}

/// The same of its waits for the database.
pub fn timeouts() -> Timeouts {
    Timeouts {
        statement: ENDLESS,
        connection: ENDLESS,
        read: ENDLESS,
        lock: ENDLESS,
    }
}

/// A client of the server.
pub fn client() -> reqwest::Client {
    // It fails where one is installed already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(LONG);
    client.build().expect("a client")
}

/// More than any unit of work of a test needs.
pub fn deadline() -> Deadline {
    Deadline::after(LONG)
}
