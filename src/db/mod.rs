//! The database: connections, units of work, migrations, the private cluster. No tables.

mod access;
pub mod cluster;
mod database;
mod error;
mod hosts;
mod in_flight;
mod lease;
pub mod listing;
mod liveness;
mod lock;
mod migrations;
mod search;
mod session;
mod timeouts;
mod transaction;
mod url;
mod usable;

pub use database::{Database, Deadline};
pub use error::DatabaseError;
pub use hosts::{ConnectError, Hosts};
pub use in_flight::InFlight;
pub use lock::lock_workspace;
pub use migrations::MigrationError;
pub use session::Session;
pub use timeouts::Timeouts;
pub use transaction::Retry;
pub use url::{Target, UrlError};
pub use usable::{UnusableError, is_of_pooler};
