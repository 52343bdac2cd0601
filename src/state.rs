//! What every handler shares.

use crate::db::Database;
use crate::values::IdSource;

/// The state of one server process; a clone of it shares everything.
#[derive(Debug, Clone)]
pub struct AppState {
    pub database: Database,
    pub ids: IdSource,
}
