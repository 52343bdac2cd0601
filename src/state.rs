//! What every handler shares.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;

use crate::auth::Keys;
use crate::db::Database;
use crate::events::Events;
use crate::http::{Limits, Stopping};
use crate::idempotency::Running;
use crate::metrics::Metrics;
use crate::values::{Destinations, IdSource};

/// The state of one server process; a clone of it is the same state. Each request has several.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

/// What there is one of in a server process.
#[derive(Debug, Clone)]
pub struct Shared {
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
        Self(Arc::new(Shared {
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
        }))
    }

    /// The same state, of a server whose sandbox has a key that everybody knows.
    #[must_use]
    pub fn with_known_key(mut self, key: &'static str) -> Self {
        Arc::make_mut(&mut self.0).known_key = Some(key);
        self
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Lets handlers ask for a part of the state by its type.
macro_rules! parts {
    ($($part:ident: $type:ty,)*) => {
        $(impl FromRef<AppState> for $type {
            fn from_ref(state: &AppState) -> Self {
                state.$part.clone()
            }
        })*
    };
}

parts! {
    database: Database,
    keys: Keys,
    limits: Limits,
    stopping: Stopping,
}
