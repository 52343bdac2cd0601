//! The database: connections, units of work, migrations. No tables.

mod access;
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
mod target;
mod timeouts;
mod transaction;
mod url;
mod url_error;
mod usable;

pub use database::{Database, Deadline};
pub use error::DatabaseError;
pub use hosts::{ConnectError, Hosts};
pub use in_flight::InFlight;
pub use lock::lock_workspace;
pub use migrations::MigrationError;
pub use session::Session;
pub use target::Target;
pub use timeouts::Timeouts;
pub use transaction::Retry;
pub use url_error::UrlError;
pub use usable::{UnusableError, is_pooler_error};
