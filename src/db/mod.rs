//! The database: connections, units of work, migrations, the private cluster. No tables.

pub mod cluster;
mod database;
pub mod listing;
mod transaction;

pub use database::{Database, DatabaseError, Deadline, Session};
pub use transaction::Retry;
