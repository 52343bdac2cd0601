//! What every handler shares.

use axum::extract::FromRef;

use crate::auth::Keys;
use crate::db::Database;
use crate::events::Events;
use crate::http::{Limits, Stopping};
use crate::idempotency::Running;
use crate::metrics::Metrics;
use crate::values::{Destinations, IdSource};

/// The state of one server process; a clone of it shares everything.
#[derive(Debug, Clone, FromRef)]
pub struct AppState {
    pub database: Database,
    pub events: Events,
    pub running: Running,
    pub keys: Keys,
    pub ids: IdSource,
    pub limits: Limits,
    pub destinations: Destinations,
    pub stopping: Stopping,
    pub metrics: Metrics,
    /// The key of the sandbox, while it is the one that everybody knows: the reference fills it in.
    pub known_key: Option<&'static str>,
}

impl AppState {
    /// The state of a server over a database.
    pub fn new(
        database: Database,
        limits: Limits,
        events: Events,
        destinations: Destinations,
        metrics: Metrics,
    ) -> Self {
        Self {
            events,
            running: Running::default(),
            keys: Keys::new(database.clone()),
            ids: IdSource::default(),
            database,
            limits,
            destinations,
            stopping: Stopping::default(),
            metrics,
            known_key: None,
        }
    }
}
