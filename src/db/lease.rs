//! A connection that a session has acquired.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::sync::OwnedSemaphorePermit;

/// A connection that returns to the pool when it is dropped. A connection that cannot write is closed instead, because
/// a new one may reach another server.
#[derive(Debug)]
pub struct Lease {
    connection: PoolConnection<Postgres>,
    can_write: bool,
    /// The permit of the pool. Dropped after the connection.
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

    /// Adds the permit of the pool.
    pub(super) fn with_permit(self, permit: OwnedSemaphorePermit) -> Self {
        Self {
            _permit: Some(permit),
            ..self
        }
    }

    /// Whether the session could write at its last test.
    pub(super) fn can_write(&self) -> bool {
        self.can_write
    }

    /// Closes the connection at once, without waiting for the server.
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
