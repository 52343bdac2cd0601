//! The database: connections, units of work, migrations, the private cluster. No tables.

pub mod cluster;
mod database;
mod in_flight;
pub mod listing;
mod liveness;
mod session;
mod transaction;

pub use database::{Database, DatabaseError, Deadline};
pub use in_flight::InFlight;
pub use session::Session;
pub use transaction::Retry;
