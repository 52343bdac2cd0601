//! A connection of the pool while a session has it.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::sync::OwnedSemaphorePermit;

/// A connection that goes back to the pool when it is dropped, unless it cannot write: such a one is closed,
/// so that the next request gets a new one, which may lead to another server.
#[derive(Debug)]
pub struct Lease {
    connection: PoolConnection<Postgres>,
    can_write: bool,
    /// Of the pool; its connection is given back first.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn new(mut connection: PoolConnection<Postgres>, can_write: bool) -> Self {
        if !can_write {
            connection.close_on_drop();
        }
        Self {
            connection,
            can_write,
            _permit: None,
        }
    }

    /// The same, with the permit of the pool for as long.
    pub(super) fn holding(self, permit: OwnedSemaphorePermit) -> Self {
        Self {
            _permit: Some(permit),
            ..self
        }
    }

    /// Whether its session could write when it was last tested.
    pub(super) fn can_write(&self) -> bool {
        self.can_write
    }

    /// Closes the connection at once, without waiting for its server.
    pub(super) fn close(self) {
        drop(self.connection.detach());
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
