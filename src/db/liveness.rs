//! Whether the database answers anybody, when one statement takes long.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long the database may take to accept a connection and answer on it.
const PROBE: Duration = Duration::from_millis(300);
/// How long what was found is taken to be so.
const FRESH: Duration = Duration::from_millis(200);

/// What was found the last time, for all who ask at the same time.
#[derive(Debug, Clone, Default)]
pub struct Liveness(Arc<Mutex<Option<(Instant, bool)>>>);

impl Liveness {
    /// Whether the database answers on a new connection now. It is not one of the pool, which may
    /// have none to give.
    pub async fn check(&self, options: &PgConnectOptions) -> bool {
        let check = async {
            let mut found = self.0.lock().await;
            match *found {
                Some((at, is_alive)) if at.elapsed() < FRESH => is_alive,
                _ => {
                    let is_alive = matches!(timeout(PROBE, probe(options)).await, Ok(Ok(())));
                    *found = Some((Instant::now(), is_alive));
                    is_alive
                }
            }
        };
        timeout(PROBE, check).await.unwrap_or(false)
    }
}

async fn probe(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.ping().await?;
    connection.close().await
}
