//! Whether the database responds at all, for a statement that takes long.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// Maximum time to open a connection and get a response on it.
const PROBE_TIMEOUT: Duration = Duration::from_millis(300);
/// How long a result is used.
const RESULT_TTL: Duration = Duration::from_millis(200);

/// The last result, which concurrent callers share.
#[derive(Debug, Clone, Default)]
pub struct Liveness(Arc<Mutex<Option<(Instant, bool)>>>);

impl Liveness {
    /// Whether the database responds on a new connection. It does not use the pool, which may have no free connection.
    pub async fn check(&self, options: &PgConnectOptions) -> bool {
        let check = async {
            let mut found = self.0.lock().await;
            match *found {
                Some((at, is_alive)) if at.elapsed() < RESULT_TTL => is_alive,
                _ => {
                    let is_alive =
                        matches!(timeout(PROBE_TIMEOUT, probe(options)).await, Ok(Ok(())));
                    *found = Some((Instant::now(), is_alive));
                    is_alive
                }
            }
        };
        timeout(PROBE_TIMEOUT, check).await.unwrap_or(false)
    }
}

async fn probe(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.ping().await?;
    connection.close().await
}
